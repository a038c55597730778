"""Whom a fault stops: the hosts that it is on, their environment, all or none."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import gate

PROD, DEV = "http://tempo-prod:3200", "http://tempo-dev:3200"


def host(*tempos: str, tenant: str = "") -> dict[str, Any]:
    """A host with an application for each of these Tempos."""
    return {
        "settings": {"tempo_url": tempos[0], "tenant": tenant},
        "applications": {f"app{n}": {"settings": {"tempo_url": url}} for n, url in enumerate(tempos)},
    }


HOSTS = {"prod1": host(PROD), "prod2": host(PROD), "dev1": host(DEV), "own": host("http://localhost:3200")}
BACKENDS = {"prod cart": {"hosts": ["prod1"]}, "prod": {"hosts": ["prod2"]}, "dev": {"hosts": ["dev1"]}}


def report(*causes: dict[str, Any], hosts: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "verdict": {"root_causes": [{"hosts": [], "backend": None, **cause} for cause in causes]},
        "evidence": {"hosts": hosts or HOSTS, "backends": BACKENDS},
    }


ON_PROD1 = {"id": "network.otlp.refused", "hosts": ["prod1"]}
OF_DEV = {"id": "grafana.server.unreachable", "backend": "dev"}
OF_ALL = {"id": "run.x.y"}


@pytest.mark.parametrize(
    ("reach", "causes", "stopped"),
    [
        ("host", [ON_PROD1], ["prod1"]),
        ("host", [OF_DEV], ["dev1"]),
        ("host", [ON_PROD1, OF_DEV], ["prod1", "dev1"]),
        ("host", [OF_ALL], ["prod1", "prod2", "dev1", "own"]),
        ("environment", [ON_PROD1], ["prod1", "prod2"]),
        ("environment", [OF_DEV], ["dev1"]),
        ("environment", [{"id": "clock.host.off", "hosts": ["own"]}], ["own"]),
        ("all", [ON_PROD1], ["prod1", "prod2", "dev1", "own"]),
        ("none", [ON_PROD1], []),
        *((reach, [], []) for reach in gate.GATES),
    ],
)
def test_a_fault_stops(reach: str, causes: list[dict[str, Any]], stopped: list[str]) -> None:
    assert list(gate.stopped(report(*causes), reach)) == stopped


def test_each_host_is_told_the_causes_that_stop_it() -> None:
    told = gate.stopped(report(ON_PROD1, {"id": "clock.host.off", "hosts": ["prod2", "own"]}, ON_PROD1), "environment")
    both = ["network.otlp.refused", "clock.host.off"]
    assert told == {"prod1": both, "prod2": both, "own": ["clock.host.off"]}


def test_a_host_with_applications_of_two_environments_makes_them_one() -> None:
    shared = {**HOSTS, "bridge": host(DEV, PROD)}
    assert list(gate.stopped(report(ON_PROD1, hosts=shared), "environment")) == ["prod1", "prod2", "dev1", "bridge"]


def test_tenants_of_one_tempo_are_environments() -> None:
    tenants = {"prod1": host(PROD, tenant="a"), "b": host(PROD, tenant="b")}
    assert list(gate.stopped(report(ON_PROD1, hosts=tenants), "environment")) == ["prod1"]


def test_the_local_tempos_of_two_hosts_are_two() -> None:
    hosts = {"prod1": host("http://127.0.0.1:3200"), "other": host("http://127.0.0.1:3200"), "none": {}}
    assert list(gate.stopped(report(ON_PROD1, hosts=hosts), "environment")) == ["prod1"]
