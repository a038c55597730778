"""Fixtures that integration tests share."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.tests.integration.docker_engine import (
    base_image,
    docker_engine,
    run_container,
    systemd_host,
    systemd_image,
)

__all__ = ["base_image", "docker_engine", "run_container", "systemd_host", "systemd_image"]


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file on one worker; those of the Docker Engine share one, since they look for containers."""
    with_engine = {item.path for item in items if "docker_engine" in getattr(item, "fixturenames", ())}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("engine" if item.path in with_engine else str(item.path)))
