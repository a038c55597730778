"""How far spans get: every number was counted by somebody, and a loss shows where it is first seen."""

from __future__ import annotations

from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._report import markdown
from ansible_collections.traceops.tracing.plugins.module_utils._report import steps as shown
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import funnel
from ansible_collections.traceops.tracing.tests.unit.report import reports

LOGS = "the applications' traces, by their logs"


def document(hosts: dict[str, Any], backend: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """Evidence of hosts with one application each; without evidence a host was not reached."""
    seen = {name: {"unreachable": not own, "applications": {"shop": own} if own else {}} for name, own in hosts.items()}
    return {"run": run, "hosts": seen, "backends": {"main": backend or {}}}


def sent(ids: int, canaries: int = 2) -> dict[str, Any]:
    otlp = {"ok": ids > 0, "trace_ids": ["00"] * ids}
    return {"otlp": otlp, "settings": {"canaries": canaries}}


def steps(evidence: dict[str, Any], whose: str = "canaries") -> list[tuple[str, int, int | None]]:
    return [(cell["step"], cell["number"], cell["of"]) for cell in funnel.columns(evidence)[whose]]


def test_canaries_are_followed_from_hop_to_hop() -> None:
    # given three hosts with two canaries each: one host is refused, and Tempo has one canary less than it accepted
    hosts = {"a": sent(2), "b": sent(2), "c": sent(0), "gone": {}}
    hops = {"a": {"otlp": {"arrived": 2}}, "b": {"otlp": {"arrived": 1}}}
    search = {"found": 1, "wanted": 3}
    backend = {"canaries": {"hops": hops, "search": search}, "grafana": {"trace": {"found": False}}}
    # then each step counts what it could have had
    evidence = document(hosts, backend)
    assert steps(evidence) == [
        ("created", 6, None),
        ("accepted", 4, 6),
        ("stored", 3, 4),
        ("searchable", 1, 1),
        ("visible in Grafana", 0, 1),
    ]
    lost = [cell["step"] for cell in funnel.columns(evidence)["canaries"] if cell["lost"]]
    assert lost == ["accepted", "stored", "visible in Grafana"]


def test_a_canary_to_an_endpoint_that_is_shared_counts_once() -> None:
    # given two applications behind one endpoint, each with a backend of its own, which both look for the canary
    first, second = sent(1, canaries=1), sent(1, canaries=1)
    second["otlp"]["shared_with"] = "shop"
    hosts = {"a": {"unreachable": False, "applications": {"shop": first, "stock": second}}}
    hops = {"a/shop": {"otlp": {"arrived": 1}}}
    backends = {name: {"canaries": {"hops": hops}} for name in ("of shop", "of stock")}
    # then it was created, accepted and stored once
    evidence = {"run": {}, "hosts": hosts, "backends": backends}
    assert steps(evidence) == [("created", 1, None), ("accepted", 1, 1), ("stored", 1, 1)]


def test_what_nobody_counted_is_no_step() -> None:
    assert steps(
        document({"a": sent(2)}, {"canaries": {"hops": {"a": None}}, "grafana": {"trace": {"found": None}}})
    ) == [
        ("created", 2, None),
        ("accepted", 2, 2),
        ("stored", 0, 2),
    ]
    assert funnel.columns(document({"a": {}})) == {}
    assert funnel.columns(document({"a": sent(2)}, check_mode=True)) == {}


def test_logs_tell_what_was_created_and_sampled() -> None:
    flags = {"00": 30, "01": 10, "03": 2}
    log = {"patterns": {"traceparent": {"count": 42, "captures": {"flags": {"values": flags}}}}}
    evidence = document({"a": {"logs": log}, "b": {"logs": {"patterns": {}}}}, check_mode=True)
    assert steps(evidence, LOGS) == [("created", 42, None), ("sampled", 12, None)]


def test_counters_of_all_servers_add_up() -> None:
    change = {
        "app": {"ended": 10, "exported": 8},
        "collector": {"offered": 9, "accepted": 8, "sent": 8},
        "tempo": {"offered": 8, "received": 8, "stored": 5},
    }
    evidence = document({}, {"balance": {"change": change}})
    assert steps(evidence, "all spans while the canaries were sent") == [
        ("created", 10, None),
        ("exported", 8, 10),
        ("accepted", 8, 9),
        ("passed on", 8, 8),
        ("accepted", 8, 8),
        ("stored", 5, 8),
    ]


def test_evidence_of_another_shape_counts_nothing() -> None:
    strange = {"canaries": {"hops": []}, "balance": {"change": 3}, "grafana": {"trace": {"found": "yes"}}}
    hosts = {"a": {"otlp": {"ok": True, "trace_ids": 7}, "settings": 1, "logs": {"patterns": {"traceparent": 1}}}}
    assert steps(document(hosts, strange)) == [("created", 1, None), ("accepted", 0, 1)]
    flags = {"01": "many", "00": 1, "": 1}
    log = {"patterns": {"traceparent": {"count": 2, "captures": {"flags": {"values": flags}}}}}
    assert steps(document({"a": {"logs": log}}), LOGS) == [("created", 2, None), ("sampled", 0, None)]


def test_the_page_marks_the_loss_and_says_who_counted() -> None:
    ((whose, bars), *_others) = shown.funnel(reports.of_case("network.otlp.connection-refused"))
    assert whose == "canaries"
    (lost,) = [each for each in bars if each.lost]
    assert (lost.step, lost.number, lost.length, lost.of) == ("accepted", 0, 0, 100)
    assert lost.words == "1 of 1 lost before this; the answers of the OTLP endpoints"


def test_markdown_names_losses_only() -> None:
    text = markdown.page(reports.of_case("network.otlp.connection-refused"))
    assert "- canaries: 0 of 1 accepted (the answers of the OTLP endpoints)" in text
    assert "How far spans get" not in markdown.page(reports.healthy())
