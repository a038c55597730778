"""Fixtures that integration tests share."""

from __future__ import annotations

from ansible_collections.traceops.tracing.tests.integration.docker_engine import (
    base_image,
    docker_engine,
    run_container,
    systemd_host,
    systemd_image,
)

__all__ = ["base_image", "docker_engine", "run_container", "systemd_host", "systemd_image"]
