"""Fixtures that integration tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration.docker_engine import (
    base_image,
    docker_engine,
    run_container,
    systemd_host,
    systemd_image,
)

__all__ = ["base_image", "docker_engine", "run_container", "systemd_host", "systemd_image"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file on one worker; the stack's containers have fixed names, so its files share one."""
    for item in items:
        folder = Path(item.path).parent.name
        item.add_marker(pytest.mark.xdist_group("stack" if folder == "stack" else str(item.path)))
