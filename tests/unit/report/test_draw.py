"""The path that was found, in words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import topology
from ansible_collections.traceops.tracing.plugins.module_utils._report import console, draw
from ansible_collections.traceops.tracing.tests.unit.topology import samples

HOSTILE = '<script>alert(1)</script>"\x1b[31m\u202e{{ 7*7 }}'


def path(**hosts: dict[str, Any]) -> topology.Topology:
    return topology.topology(hosts)


def sentences(found: topology.Topology, several: bool = False) -> list[str]:
    return [draw.sentence(edge, several) for each in found["edges"].values() for edge in each]


def report(**hosts: dict[str, Any]) -> dict[str, Any]:
    """A report of hosts that were only looked at."""
    evidence = {
        "hosts": {name: {"applications": {}, "discover": found} for name, found in hosts.items()},
        "backends": {},
    }
    return {"evidence": evidence, "findings": [], "run": {}, "path": path(**hosts)}


def test_an_edge_says_who_leads_where_who_says_so_and_whom_it_reaches() -> None:
    connected = samples.application(connections=[{"address": "127.0.0.1", "port": 4318, "state": "established"}])
    assert sentences(path(a=samples.shop(application=connected))) == [
        "checkout -> http://localhost:4318 (/proc/108/environ): otelcol, connected",
        "otelcol, exporter otlp/tempo -> localhost:14317 (/etc/otelcol/b.yaml:12): tempo",
        "grafana, data source Tempo -> http://localhost:13200 (/etc/grafana/provisioning/datasources/t.yaml:4): tempo",
    ]


@pytest.mark.parametrize(
    ("application", "words"),
    [
        (samples.application(endpoint=""), "(assumed, nothing sets it): otelcol"),
        (samples.application(endpoint="http://localhost:4399"), ": nobody listens there"),
        (samples.application(endpoint="http://tempo.example.com:4318"), ": it leads to a place that was not looked at"),
        (
            samples.application(endpoint="http://10.0.0.1:8888"),
            ": otelcol, only its own host reaches who listens there",
        ),
    ],
)
def test_what_is_assumed_or_wrong_is_said(application: dict[str, Any], words: str) -> None:
    assert words in sentences(path(a=samples.shop(application=application)))[0]


def test_what_programs_call_themselves_is_harmless() -> None:
    hostile = samples.shop(application=samples.application(HOSTILE, endpoint=HOSTILE))
    assert not {"\x1b", "\u202e"} & set(console.found(report(a=hostile)))


def test_the_page_of_a_look_around_has_the_path_and_what_was_not_seen() -> None:
    seen = {**samples.shop(), "unseen": ["the variables of 3 processes cannot be read: become root"]}
    lines = console.found(report(app01=seen)).splitlines()
    assert lines[1] == "path"
    assert lines[2].startswith("  checkout -> http://localhost:4318")
    assert "not seen: app01: the variables of 3 processes cannot be read: become root" in lines
    assert "nothing of a span's path was found" in console.found(report(a=samples.host()))


def test_of_a_large_fleet_the_page_shows_a_few_and_says_how_many_more() -> None:
    fleet = {f"h{n:02}": samples.host(samples.application(endpoint="http://tempo.example.com:4318")) for n in range(20)}
    lines = console._found(report(**fleet), console.MAX_EDGES)
    assert lines[-1] == "  and 8 more in the report"
