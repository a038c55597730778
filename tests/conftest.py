"""What all tests share: `require` for things that a machine may lack."""

from __future__ import annotations

import os

import pytest

from ansible_collections.traceops.tracing.tests import shapes

held_to_their_shapes = shapes.held_to_their_shapes  # the fixture that all sessions have


def require(available: object, what: str) -> None:
    """Skip a test that needs `what`; fail it where REQUIRE_ALL=1 says that nothing may be skipped."""
    if not available:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(f"REQUIRE_ALL=1, but {what} is not there")
        pytest.skip(f"needs {what}")
