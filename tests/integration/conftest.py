"""Fixtures that integration tests share, and the order in which lanes take their files."""

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

HERE = Path(__file__).parent
# Files that take minutes. Lanes take whole files, so these come first, or one lane would end long after the other.
LONG = [
    "faults/test_matrix.py",
    "stack/test_life.py",
    "stack/test_trouble.py",
    "stack/test_variants.py",
    "stack/test_running.py",
    "stack/test_killed.py",
    "reports/test_reports.py",
    "watch/test_watch.py",
    "discover/test_host.py",
    "sampling/test_systemd.py",
    "sampling/test_files.py",
    "faults/test_healthy.py",
    "faults/test_containers.py",
    "sampling/test_container.py",
    "diagnose/test_canaries.py",
    "logs/test_supervised.py",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of LONG first, in that order; the others as they were collected."""
    places = {HERE / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
