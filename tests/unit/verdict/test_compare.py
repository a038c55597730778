"""What is new, gone, changed or not checked since an earlier report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import gate, judge
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.compare import compare
from ansible_collections.traceops.tracing.tests.unit.report import reports

APP = "velo-sql-app.sql"


def finding(state: str, check: str = "network.own.fault", host: str | None = "app01", **more: Any) -> dict[str, Any]:
    application = APP if host else None
    given = {"id": check, "host": host, "application": application, "backend": "main", "state": state}
    return {"severity": "critical", "title": "it is broken", "cause": "somebody", "reason": "", **given, **more}


def report(*findings: dict[str, Any], causes: dict[str, list[str]] | None = None, schema: int = 2) -> dict[str, Any]:
    """A report of these findings; `causes` are the root causes, with what follows from each."""
    hosts = {each["host"]: {"applications": {APP: {}}} for each in findings if each["host"]}
    spread = sorted(hosts)
    roots = [{"id": root, "hosts": spread, "consequences": after} for root, after in (causes or {}).items()]
    return {
        "schema": schema,
        "run": {"finished": "2026-11-27T06:00:00+00:00"},
        "verdict": {"root_causes": roots},
        "findings": list(findings),
        "evidence": {"hosts": hosts, "backends": {"main": {}}},
    }


def outcome(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Which list of the comparison has an entry; "unchanged" or "nothing" without one."""
    found: Any = compare(before, after)
    named = [name for name in ("new", "gone", "changed", "not_checked") if found[name]]
    return " ".join(named) or ("unchanged" if found["unchanged"] else "nothing")


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("ok", "failed", "new"),
        ("skipped", "failed", "new"),
        ("blocked", "warning", "new"),
        (None, "failed", "new"),
        ("failed", "ok", "gone"),
        ("suppressed", "ok", "gone"),
        ("failed", "failed", "unchanged"),
        ("failed", "suppressed", "changed"),
        ("suppressed", "failed", "changed"),
        ("failed", "warning", "changed"),
        ("failed", "skipped", "not_checked"),
        ("failed", "blocked", "not_checked"),
        ("failed", "unknown", "not_checked"),
        ("failed", "pending", "not_checked"),
        ("failed", None, "not_checked"),
        ("ok", "skipped", "nothing"),
        ("ok", "ok", "nothing"),
        ("ok", "suppressed", "nothing"),
    ],
)
def test_what_a_change_of_state_is(before: str | None, after: str | None, wanted: str) -> None:
    then, now = (report(finding(state)) if state else report(finding("ok", "app.other")) for state in (before, after))
    assert outcome(then, now) == wanted


def test_a_host_that_was_not_looked_at_has_lost_nothing() -> None:
    found = compare(report(finding("failed"), finding("failed", host="app02")), report(finding("ok")))
    assert [entry["host"] for entry in found["gone"]] == ["app01"]
    assert [(e["host"], e["why"]) for e in found["not_checked"]] == [("app02", "the host was not part of this run")]


def test_why_something_was_not_checked_is_said() -> None:
    then = report(finding("failed"))
    for state, more, why in (
        ("blocked", {"blocked_by": "network.dns.failed"}, "blocked by network.dns.failed"),
        ("skipped", {"reason": "no log was named"}, "no log was named"),
        ("pending", {}, "pending"),
    ):
        (entry,) = compare(then, report(finding(state, **more)))["not_checked"]
        assert entry["why"] == why
        assert entry["state"] == state
    (entry,) = compare(then, report(finding("ok", "app.other")))["not_checked"]
    assert entry["why"] == "there is no such check any more"


def test_one_fault_is_one_finding_with_what_follows_from_it() -> None:
    root, after = finding("failed"), finding("failed", "network.own.lost")
    other = finding("warning", "app.own.remark", severity="warning")
    healthy = report(finding("ok"), finding("ok", "network.own.lost"), finding("ok", "app.own.remark"))
    broken = report(root, after, other, causes={root["id"]: [after["id"]]})
    found = compare(healthy, broken)
    assert [(e["id"], e["consequences"]) for e in found["new"]] == [
        ("network.own.fault", ["network.own.lost"]),
        ("app.own.remark", []),
    ]
    back = compare(broken, healthy)
    assert [(e["id"], e["consequences"]) for e in back["gone"]] == [
        ("network.own.fault", ["network.own.lost"]),
        ("app.own.remark", []),
    ]


def test_a_new_consequence_of_something_known_is_new() -> None:
    known, after = finding("warning", severity="warning"), finding("failed", "network.own.lost")
    then = report(known, finding("ok", "network.own.lost"))
    now = report(known, after, causes={known["id"]: [after["id"]]})
    assert [entry["id"] for entry in compare(then, now)["new"]] == ["network.own.lost"]


def test_a_new_warning_counts_as_much_as_what_it_brings_about() -> None:
    root, after = finding("warning", severity="warning"), finding("failed", "network.own.lost")
    then = report(finding("ok"), finding("ok", "network.own.lost"))
    found = compare(then, report(root, after, causes={root["id"]: [after["id"]]}))
    assert [entry["severity"] for entry in found["new"]] == ["critical"]


def test_what_one_host_breaks_on_another_is_its_own() -> None:
    root, elsewhere = finding("failed"), finding("failed", "network.own.lost", host="app02")
    now = report(root, elsewhere, causes={root["id"]: [elsewhere["id"]]})
    then = report(finding("ok"), finding("ok", "network.own.lost", host="app02"))
    assert [entry["host"] for entry in compare(then, now)["new"]] == ["app01", "app02"]
    backend = finding("failed", "tempo-ingest.own.none", host=None)
    now = report(root, backend, causes={root["id"]: [backend["id"]]})
    assert [entry["id"] for entry in compare(report(finding("ok")), now)["new"]] == ["network.own.fault"]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("5 of 20 spans are lost", "7 of 22 spans are lost", True),
        ("it took 12ms", "it took 140ms", True),
        ("accepted in 12 ms", "accepted in 140 ms", True),
        ("the log is 3.5 h old", "the log is 27.5 h old", True),
        ("last at 2026-11-27T06:00:00Z", "last at 2026-11-28T06:01:00.123+00:00", True),
        ("trace 0af7651916cd43dd8448eb211c80319c is lost", "trace 00000000000000008448eb211c80319c is lost", True),
        ("a ratio of 0.5", "a ratio of 0.25", True),
        ("nothing listens at tempo:4317", "nothing listens at tempo:4318", False),
        ("port 4317 is closed", "port 4318 is closed", False),
        ("10.0.0.1 refuses it", "10.0.0.2 refuses it", False),
        ("Tempo 2.3.1 runs", "Tempo 2.4.0 runs", False),
        ("app-1 sends nothing", "app-2 sends nothing", False),
    ],
)
def test_numbers_that_are_measured_anew_are_no_change(before: str, after: str, same: bool) -> None:
    then, now = report(finding("failed", title=before)), report(finding("failed", title=after))
    assert outcome(then, now) == ("unchanged" if same else "changed")


def test_another_cause_is_a_change_and_says_so() -> None:
    (entry,) = compare(report(finding("failed")), report(finding("failed", cause="the network")))["changed"]
    assert entry["why"] == "it has another cause"
    (entry,) = compare(report(finding("suppressed")), report(finding("failed")))["changed"]
    assert entry["why"] == "suppressed then, failed now"


def test_findings_of_schema_1_name_no_application() -> None:
    old = {key: value for key, value in finding("failed").items() if key != "application"}
    assert outcome(report(old, schema=1), report(finding("failed"))) == "unchanged"
    assert outcome(report(old, schema=1), report(finding("ok"))) == "gone"


def test_a_real_fault_and_its_repair_are_one_new_and_one_gone_finding() -> None:
    healthy, broken = reports.healthy(), reports.of_case("network.otlp.connection-refused")
    new = compare(healthy, broken)
    assert [(e["id"], e["consequences"], e["severity"]) for e in new["new"]] == [
        ("network.otlp.connection-refused", ["network.otlp.not-accepted"], "critical")
    ]
    assert not new["gone"]
    gone = compare(broken, healthy)
    assert [entry["id"] for entry in gone["gone"]] == ["network.otlp.connection-refused"]
    assert not gone["new"]
    assert outcome(broken, broken) == "unchanged"


def test_every_host_of_a_fleet_counts() -> None:
    found = compare(reports.fleet(120, refused=0), reports.fleet(120, refused=90))
    assert len(found["new"]) == 90
    assert all(entry["consequences"] for entry in found["new"])


@pytest.mark.parametrize(
    ("fail_on", "before", "failing"),
    [
        ("new", "network.otlp.connection-refused", False),
        ("new", None, True),
        ("new-warning", None, True),
        ("critical", "network.otlp.connection-refused", True),
        ("never", None, False),
    ],
)
def test_only_what_is_new_fails_where_only_that_counts(fail_on: str, before: str | None, failing: bool) -> None:
    baseline = reports.of_case(before) if before else reports.healthy()
    seen = reports.of_case("network.otlp.connection-refused")["evidence"]
    now = judge.report({**seen, "run": {**seen["run"], "fail_on": fail_on}}, reports.LIBRARY, baseline, "old.json")
    assert judge.failing_at(now, fail_on) is failing
    assert now["verdict"]["status"] == "problem"
    assert json.dumps(now["baseline"])
    if failing and fail_on.startswith("new"):
        assert gate.stopped(now, "host", judge.grounds(now)) == {"app01": ["network.otlp.connection-refused"]}


def test_a_new_warning_fails_only_where_warnings_count() -> None:
    for fail_on, failing in (("new", False), ("new-warning", True)):
        seen = reports.of_case("grafana.link.missing")["evidence"]
        seen = {**seen, "run": {**seen["run"], "fail_on": fail_on}}
        now = judge.report(seen, reports.LIBRARY, reports.healthy(), "old.json")
        assert judge.failing_at(now, fail_on) is failing
