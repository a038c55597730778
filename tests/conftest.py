"""What all tests share: `require` for things that a machine may lack."""

from __future__ import annotations

import os

import pytest

from ansible_collections.traceops.tracing.tests.shapes import held_to_their_shapes as held_to_their_shapes


def require(available: object, what: str) -> None:
    """Skip a test that needs `what`; fail it where REQUIRE_ALL=1 says that nothing may be skipped."""
    if not available:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(f"REQUIRE_ALL=1, but {what} is not there")
        pytest.skip(f"needs {what}")
