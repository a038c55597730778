"""A host with several applications: each has its own findings, its own backend, and its own root causes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._report import console, junit, markdown, prometheus
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import gate, judge, library, views
from ansible_collections.traceops.tracing.tests.unit.checks import cases
from ansible_collections.traceops.tracing.tests.unit.verdict.checks import check, load, run

ACCEPTED = {"ok": True, "cause": "ok", "endpoint": "http://tempo:4318", "trace_ids": ["1"]}
REFUSED = {"ok": False, "cause": "refused", "message": "refused", "endpoint": "http://tempo:9", "trace_ids": []}


def checks(directory: Path) -> library.Library:
    return load(
        directory,
        check(scope="application", explains=["tempo-query.service.absent"]),
        check(id="clock.host.off", needs=["clock.off"], fails_when="clock.off", title="off", explains=["app.log.late"]),
        check(id="app.log.late", scope="application", needs=["logs.late"], fails_when="logs.late", title="late"),
        check(
            id="tempo-query.service.absent",
            scope="backend",
            needs=["found"],
            fails_when="found == `0`",
            title="no trace of {settings.service}",
        ),
    )


def judged(
    directory: Path, applications: dict[str, Any], clock: Any = None, found: Any = None, **keys: Any
) -> judge.Report:
    """The report on one host; each application is a service of its own, with the backend of its name."""
    hosts = {"app02": {"clock": clock or {"off": False}, "applications": applications}}
    backends = {
        name: {
            "hosts": ["app02"],
            "applications": [{"host": "app02", "name": name}],
            "settings": {"service": name},
            "found": (found or {}).get(name, 3),
        }
        for name in applications
    }
    return judge.report(evidence.build(hosts, backends, run(**keys)), checks(directory))


def states(report: judge.Report, check_id: str) -> dict[Any, str]:
    return {f["application"] or f["backend"]: f["state"] for f in report["findings"] if f["id"] == check_id}


def test_the_root_cause_names_the_application(tmp_path: Path) -> None:
    found = judged(tmp_path, {"cart": {"otlp": ACCEPTED}, "checkout": {"otlp": REFUSED}}, found={"checkout": 0})
    (cause,) = found["verdict"]["root_causes"]
    assert (cause["id"], cause["hosts"]) == ("network.otlp.refused", ["app02"])
    assert cause["applications"] == [{"host": "app02", "name": "checkout"}]
    assert cause["consequences"] == ["tempo-query.service.absent"]
    assert found["verdict"]["sentence"] == "nothing listens at http://tempo:9 (on app02: checkout)"
    assert states(found, "network.otlp.refused") == {"cart": "ok", "checkout": "failed"}


def test_what_fails_in_one_application_explains_nothing_of_another(tmp_path: Path) -> None:
    found = judged(tmp_path, {"cart": {"otlp": ACCEPTED}, "checkout": {"otlp": REFUSED}}, found={"cart": 0})
    assert [cause["title"] for cause in found["verdict"]["root_causes"]] == [
        "nothing listens at http://tempo:9",
        "no trace of cart",
    ]


def test_what_fails_on_a_host_explains_what_fails_in_its_applications(tmp_path: Path) -> None:
    late = {"logs": {"late": True}}
    found = judged(tmp_path, {"cart": late, "checkout": late}, clock={"off": True})
    (cause,) = found["verdict"]["root_causes"]
    assert (cause["id"], cause["applications"], cause["consequences"]) == ("clock.host.off", [], ["app.log.late"])
    assert found["verdict"]["sentence"] == "off (on app02)"


def test_a_play_stops_where_the_root_cause_is(tmp_path: Path) -> None:
    hosts = {name: {"applications": {"shop": {"otlp": told}}} for name, told in (("a", ACCEPTED), ("b", REFUSED))}
    backends = {f"of {name}": {"hosts": [name], "found": 3} for name in ("a", "b")}
    report = judge.report(evidence.build(hosts, backends, run()), checks(tmp_path))
    assert list(gate.stopped(report, "host")) == ["b"]
    backends["of a"]["found"] = 0
    report = judge.report(evidence.build(hosts, backends, run()), checks(tmp_path))
    assert list(gate.stopped(report, "host")) == ["a", "b"]


def test_many_applications_are_a_number(tmp_path: Path) -> None:
    found = judged(tmp_path, {f"a{n}": {"otlp": REFUSED} for n in range(5)})
    assert found["verdict"]["sentence"].endswith("(on 5 applications)")


def test_a_suppression_may_be_about_one_application(tmp_path: Path) -> None:
    known = {"id": "*", "application": "check*", "reason": "being rebuilt"}
    refused = {"cart": {"otlp": REFUSED}, "checkout": {"otlp": REFUSED}}
    found = judged(tmp_path, refused, found={"checkout": 0}, suppress=[known])
    assert states(found, "network.otlp.refused") == {"cart": "failed", "checkout": "suppressed"}
    assert states(found, "tempo-query.service.absent")["checkout"] == "failed", "a backend is no application"


def test_a_host_that_was_not_reached_says_so_for_each_application(tmp_path: Path) -> None:
    host = {"unreachable": True, "reason": "no Python runs there", "applications": {"cart": {}, "checkout": {}}}
    document = evidence.build({"app02": host}, {}, run())
    report = judge.report(document, checks(tmp_path))
    reasons = {(f["application"], f["reason"]) for f in report["findings"]}
    why = "the host could not be looked at: no Python runs there"
    assert reasons == {(None, why), ("cart", why), ("checkout", why)}


def test_reports_name_the_application(tmp_path: Path) -> None:
    found = judged(tmp_path, {"cart": {"otlp": ACCEPTED}, "checkout": {"otlp": REFUSED}})
    page = console.page(found)
    assert "1 host, 2 applications, 2 backends" in page
    assert "× app02: checkout  nothing listens" in page
    assert "root cause: network, app02: checkout: network.otlp.refused" in page
    assert 'name="app02: checkout"><failure' in junit.page(found)
    assert "on app02: checkout" in markdown.page(found)
    assert 'severity="critical",application="checkout"} 1' in prometheus.page(found)


def test_a_users_check_of_a_host_that_looks_at_an_application_is_the_applications(tmp_path: Path) -> None:
    of_the_host = check(id="clock.host.off", needs=["clock.off"], fails_when="clock.off", title="the clock is off")
    loaded = load(tmp_path, check(scope="host"), of_the_host)
    assert [(each.id, each.scope) for each in loaded.checks] == [
        ("network.otlp.refused", "application"),
        ("clock.host.off", "host"),
    ]


def canaries(**found: Any) -> dict[str, Any]:
    traces = {name: hops["otlp"] for name, hops in found.items() if "otlp" in hops}
    return {"ok": True, "traces": traces, "hops": found}


def test_an_application_sees_its_own_canaries() -> None:
    seen = {"a/cart": {"otlp": {"found": True}}, "a/checkout": {"otlp": {"found": False}}}
    document = evidence.build(
        {"a": {"applications": {"cart": {"otlp": ACCEPTED}, "checkout": {"otlp": ACCEPTED}}}},
        {"main": {"hosts": ["a"], "canaries": canaries(**seen)}},
        run(),
    )
    assert views.application_view(document, "a", "cart")["canary"] == {"found": True}
    assert views.application_view(document, "a", "checkout")["hops"] == {"otlp": {"found": False}}


def test_an_application_that_shares_an_endpoint_sees_the_canary_of_the_one_that_asked() -> None:
    own = {"otlp": {**ACCEPTED, "shared_with": "cart"}, "otlp_tempo": ACCEPTED}
    seen = {
        "a/cart": {"otlp": {"found": True}, "otlp_tempo": {"found": False}},
        "a/checkout": {"otlp_tempo": {"found": True}},
    }
    document = evidence.build(
        {"a": {"applications": {"cart": {"otlp": ACCEPTED}, "checkout": own}}},
        {"main": {"hosts": ["a"], "canaries": canaries(**seen)}},
        run(),
    )
    view = views.application_view(document, "a", "checkout")
    assert view["canary"] == {"found": True}
    assert view["hops"] == {"otlp": {"found": True}, "otlp_tempo": {"found": True}}


def flat(document: evidence.Document) -> evidence.Document:
    """A document of one application per host as schema 1 had it."""
    hosts = {}
    for name, labels in document["hosts"].items():
        (own,) = labels["applications"].values()
        hosts[name] = {**{key: value for key, value in labels.items() if key != "applications"}, **own}
    backends = {
        name: {key: value for key, value in labels.items() if key != "applications"}
        for name, labels in document["backends"].items()
    }
    return {**document, "schema": 1, "hosts": hosts, "backends": backends}


def test_evidence_of_schema_1_is_read_as_that_of_today() -> None:
    for fault in ("network.otlp.connection-refused", "clock.host.offset"):
        document = cases.document(cases.cases()[fault]["fails"])
        assert evidence.check_document(json.loads(json.dumps(flat(document)))) == document


@pytest.mark.parametrize(("host", "name"), [("a", "stock"), ("b", "cart")])
def test_a_backend_names_only_applications_that_are_there(host: str, name: str) -> None:
    backend = {"hosts": ["a"], "applications": [{"host": host, "name": name}]}
    with pytest.raises(evidence.BadEvidence) as refused:
        evidence.build({"a": {"applications": {"cart": {}}}}, {"m": backend}, run())
    assert str(refused.value) == f"backends: 'm' names an application that '{host}' does not have"
