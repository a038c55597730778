"""The made-up host of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.unit.discover.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)
