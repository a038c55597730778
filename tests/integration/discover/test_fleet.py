"""A fleet: the application, the Collector, Tempo with Grafana on a host each; their discoveries are one path."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import topology
from ansible_collections.traceops.tracing.tests.integration.discover import programs
from ansible_collections.traceops.tracing.tests.integration.discover.conftest import Boot
from ansible_collections.traceops.tracing.tests.integration.discover.host import Host, diagnosed


@pytest.fixture(scope="module")
def fleet(boot: Boot) -> t.List[Host]:
    """app01 -> col01 -> mon01, which know each other by name."""
    mounts = {
        "app01": programs.python(),
        "col01": programs.collector(),
        "mon01": {**programs.collection(), **programs.backends()},
    }
    hosts = [boot(name, volumes=volumes) for name, volumes in mounts.items()]
    application, collector, monitoring = hosts
    for host in hosts:
        names = "".join(f"{other.address} {other.name}\n" for other in hosts if other is not host)
        host.run(f"printf '{names}' >> /etc/hosts")
    programs.run_tempo(monitoring, 3200, 4317, 4318)
    programs.run_grafana(monitoring, 3000, "http://localhost:3200")
    monitoring.listens(4317)
    programs.run_collector(collector, "mon01:4317")
    collector.listens(4318)
    programs.run_checkout(application, programs.exporting("checkout", "http://col01:4318"))
    monitoring.arrives("checkout", 3200)
    monitoring.listens(3000)
    return hosts


def test_three_hops_across_hosts_are_one_path(fleet: t.List[Host], tmp_path: Path) -> None:
    run = diagnosed(tmp_path, fleet, diagnose_grafana_username="admin", diagnose_grafana_password=programs.PASSWORD)
    assert (run.verdict["status"], run.root_causes) == ("ok", []), run.output
    assert run.report is not None
    found = {name: host["discover"] for name, host in run.report["evidence"]["hosts"].items()}
    edges = [edge for each in topology(found)["edges"].values() for edge in each]
    assert [(edge["origin"], edge["address"], edge["to"], edge["problem"]) for edge in edges] == [
        ("app01/checkout", "http://col01:4318", "col01/otelcol", ""),
        ("col01/otelcol", "mon01:4317", "mon01/tempo", ""),
        ("mon01/grafana-server", "http://localhost:3200", "mon01/tempo", ""),
    ]
    assert [edge["connected"] for edge in edges[:2]] == [True, True]
