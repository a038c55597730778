"""Root causes, the status and the sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import DOCS_URL
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.tests.unit.report.reports import plain
from ansible_collections.traceops.tracing.tests.unit.verdict.checks import check, load, report, run

REFUSED = {"otlp": {"ok": False, "cause": "refused", "message": "refused", "endpoint": "http://t:4318"}}
FINE = {"otlp": {"ok": True, "cause": "ok", "endpoint": "http://t:4318"}}


def flag(check_id: str, scope: str = "host", **changes: Any) -> dict[str, Any]:
    """A check that fails where the evidence has its subject set to true."""
    subject = check_id.split(".")[1]
    return check(
        id=check_id, scope=scope, needs=[f"{subject}.bad"], fails_when=f"{subject}.bad", title=check_id, **changes
    )


def bad(*subjects: str) -> dict[str, Any]:
    return {subject: {"bad": True} for subject in subjects}


def roots(found: judge.Report) -> list[tuple[str, list[str], list[str]]]:
    return [(cause["id"], cause["hosts"], cause["consequences"]) for cause in found["verdict"]["root_causes"]]


def test_a_root_cause_is_what_nothing_else_explains(tmp_path: Path) -> None:
    checks = load(
        tmp_path,
        flag("network.tcp.refused", explains=["network.span.lost"]),
        flag("network.span.lost", explains=["tempo-query.service.absent"]),
        flag("tempo-query.service.absent", scope="backend"),
        flag("grafana.source.missing", scope="backend"),
    )
    found = report(checks, {"a": bad("tcp", "span")}, bad("service", "source"))
    assert found["verdict"]["root_causes"] == [
        {
            "id": "network.tcp.refused",
            "hop": "network",
            "hosts": ["a"],
            "applications": [],
            "backend": "main",
            "title": "network.tcp.refused",
            "cause": "It is not running.",
            "fix": ["start it"],
            "proved": False,
            "consequences": ["network.span.lost", "tempo-query.service.absent"],
            "docs": f"{DOCS_URL}#network.tcp.refused",
        },
        {
            "id": "grafana.source.missing",
            "hop": "grafana",
            "hosts": [],
            "applications": [],
            "backend": "main",
            "title": "grafana.source.missing",
            "cause": "It is not running.",
            "fix": ["start it"],
            "proved": False,
            "consequences": [],
            "docs": f"{DOCS_URL}#grafana.source.missing",
        },
    ]
    assert found["verdict"]["status"] == "problem"


def test_a_failure_explains_only_what_is_around_it(tmp_path: Path) -> None:
    checks = load(
        tmp_path,
        flag("app.x.off", explains=["network.y.lost", "grafana.z.empty"]),
        flag("network.y.lost"),
        flag("grafana.z.empty", scope="backend"),
    )
    found = report(checks, {"a": bad("x"), "b": bad("y")})
    assert roots(found) == [("app.x.off", ["a"], []), ("network.y.lost", ["b"], [])]


def test_a_backend_explains_its_hosts_and_the_run_everything(tmp_path: Path) -> None:
    checks = load(
        tmp_path,
        flag("tempo-ingest.t.down", scope="backend", explains=["network.*"]),
        flag("network.n.refused"),
        check(id="settings.s.wrong", scope="run", needs=None, fails_when="run.wrong", title="wrong",
              explains=["tempo-ingest.*", "network.*"]),
    )  # fmt: skip
    hosts = {"a": bad("n"), "b": bad("n")}
    assert roots(report(checks, hosts, bad("t"))) == [("tempo-ingest.t.down", [], ["network.n.refused"])]
    assert roots(report(checks, hosts, bad("t"), wrong=True)) == [
        ("settings.s.wrong", [], ["network.n.refused", "tempo-ingest.t.down"])
    ]


def test_equal_causes_on_many_hosts_are_one(tmp_path: Path) -> None:
    found = report(load(tmp_path, check(proved_when="otlp.cause == 'refused'")), {f"h{n}": REFUSED for n in range(37)})
    assert (found["schema"], found["run"]) == (evidence.SCHEMA, run())
    (cause,) = found["verdict"]["root_causes"]
    assert len(cause["hosts"]) == 37
    assert cause["proved"] is True
    assert found["verdict"]["sentence"] == "nothing listens at http://t:4318 (on 37 hosts)"


def test_causes_with_different_titles_stay_apart_while_they_are_few(tmp_path: Path) -> None:
    def on(number: int) -> judge.Report:
        hosts = {f"h{n}": {"otlp": {**REFUSED["otlp"], "endpoint": f"http://t{n}"}} for n in range(number)}
        return report(load(tmp_path, check()), hosts)

    assert [cause["title"] for cause in on(5)["verdict"]["root_causes"]] == [
        f"nothing listens at http://t{n}" for n in range(5)
    ]
    (cause,) = on(6)["verdict"]["root_causes"]
    assert cause["title"] == "nothing listens at http://t0 (one of 6 alike)"


def test_a_cause_that_every_backend_has_is_one(tmp_path: Path) -> None:
    checks = load(tmp_path, flag("tempo-ingest.t.down", scope="backend"), flag("network.n.refused"))
    hosts = {name: bad("n") for name in ("a", "b", "c")}
    backends = {name: {"hosts": [name], **(bad("t") if name != "b" else {})} for name in hosts}
    found = judge.report(evidence.build(hosts, backends, run()), checks)
    causes = [(c["id"], c["hosts"], c["backend"]) for c in found["verdict"]["root_causes"]]
    assert causes == [("network.n.refused", ["a", "b", "c"], None), ("tempo-ingest.t.down", ["a", "c"], None)]


def test_with_two_backends_it_is_said_which_hosts_are_behind_the_broken_one(tmp_path: Path) -> None:
    backends = {"east": {"hosts": ["a"]}, "west": {"hosts": ["b"], **bad("t")}}
    document = evidence.build({"a": {}, "b": {}}, backends, run())
    found = judge.report(document, load(tmp_path, flag("tempo-ingest.t.down", scope="backend")))
    assert found["verdict"]["sentence"] == "tempo-ingest.t.down (on b)"


def test_it_is_proved_only_when_every_host_proves_it(tmp_path: Path) -> None:
    checks = load(tmp_path, check(proved_when="otlp.seen"))
    seen = {"otlp": {**REFUSED["otlp"], "seen": True}}
    assert report(checks, {"a": seen, "b": REFUSED})["verdict"]["root_causes"][0]["proved"] is False


@pytest.mark.parametrize(
    ("fail_on", "severity", "status"),
    [
        ("critical", "critical", "problem"),
        ("critical", "warning", "ok"),
        ("critical", "info", "ok"),
        ("warning", "warning", "problem"),
        ("warning", "info", "ok"),
        ("never", "critical", "problem"),
        ("never", "warning", "ok"),
        (None, "critical", "problem"),
    ],
)
def test_the_wanted_severity_decides(fail_on: str | None, severity: str, status: str, tmp_path: Path) -> None:
    found = report(load(tmp_path, check(severity=severity)), {"a": REFUSED}, fail_on=fail_on)
    assert found["verdict"]["status"] == status
    assert bool(found["verdict"]["root_causes"]) == (status == "problem")
    assert judge.failing_at(found, fail_on or "critical") == (status == "problem" and fail_on != "never")


def test_a_warning_that_explains_something_critical_is_a_root_cause(tmp_path: Path) -> None:
    checks = load(
        tmp_path,
        flag("app.w.odd", severity="warning", explains=["network.c.lost"]),
        flag("network.c.lost"),
        flag("app.v.odd", severity="warning"),
    )
    assert roots(report(checks, {"a": bad("w", "c", "v")})) == [("app.w.odd", ["a"], ["network.c.lost"])]


class TestIncomplete:
    def checks(self, directory: Path) -> Any:
        fine = check(id="network.otlp.slow", fails_when="`false`")
        return load(directory, check(decisive=True), fine, check(id="clock.a.b", needs=["clock.x"], decisive=False))

    def test_something_decisive_was_not_checked(self, tmp_path: Path) -> None:
        found = report(self.checks(tmp_path), {"a": {}, "b": None})
        assert found["verdict"]["status"] == "incomplete"
        assert found["verdict"]["sentence"] == (
            "Nothing failed, but something decisive was not checked: "
            "otlp was not probed (a); the host could not be reached (b)"
        )

    def test_something_else_was_not_checked(self, tmp_path: Path) -> None:
        found = report(self.checks(tmp_path), {"a": FINE})
        assert found["verdict"]["status"] == "ok"
        assert found["verdict"]["sentence"] == "No fault found: 2 checks passed, 1 not checked"

    def test_a_problem_outweighs_it(self, tmp_path: Path) -> None:
        assert report(self.checks(tmp_path), {"a": {}, "b": REFUSED})["verdict"]["status"] == "problem"

    def test_many_hosts_are_counted(self, tmp_path: Path) -> None:
        hosts = dict.fromkeys(["a", "b", "c", "d", "e"])
        sentence = report(self.checks(tmp_path), hosts)["verdict"]["sentence"]
        assert sentence.endswith("was not checked: the host could not be reached (5 hosts)")

    def test_three_hosts_or_reasons_are_named(self, tmp_path: Path) -> None:
        assert judge.named(["a", "b", "c"]) == "a, b, c"
        assert judge.named(["a", "b", "c", "d"]) == "4 hosts"
        checks = load(tmp_path, *(check(id=f"app.{x}.y", needs=[f"{x}.z"], decisive=True) for x in "abcd"))
        three, four = (report(checks, {"h": {x: {"z": 1} for x in seen}})["verdict"]["sentence"] for seen in ("d", ""))
        assert three.endswith(": a was not probed; b was not probed; c was not probed")
        assert four.endswith("; c was not probed; and 1 more")

    def test_what_is_pending_leaves_it_open(self, tmp_path: Path) -> None:
        checks = load(tmp_path, check(decisive=True, pending_when="`true`", pending_as="ask again in 5 s"))
        found = report(checks, {"a": REFUSED})
        assert found["verdict"]["status"] == "incomplete"
        assert found["verdict"]["sentence"].endswith("ask again in 5 s")

    def test_a_host_with_two_gaps_is_named_once(self, tmp_path: Path) -> None:
        checks = load(tmp_path, check(decisive=True), check(id="network.otlp.slow", decisive=True))
        found = report(checks, {"a": {}, "b": FINE})["verdict"]["sentence"]
        assert found.endswith("something decisive was not checked: otlp was not probed (a)")


def test_warnings_are_mentioned(tmp_path: Path) -> None:
    checks = load(tmp_path, check(severity="warning"), check(id="network.b.c", fails_when="`false`"))
    assert report(checks, {"a": REFUSED})["verdict"]["sentence"] == "No fault found: 1 check passed (1 warning)"


def test_the_sentence_names_the_first_broken_hop(tmp_path: Path) -> None:
    checks = load(tmp_path, flag("grafana.g.x"), flag("app.a.x"), flag("network.n.x"))
    one, two, three = (report(checks, {"a": bad(*s)})["verdict"]["sentence"] for s in ("g", "ga", "gan"))
    assert one == "grafana.g.x (on a)"
    everywhere = load(tmp_path / "all", flag("grafana.g.x", scope="backend"))
    assert report(everywhere, {"a": {}}, bad("g"))["verdict"]["sentence"] == "grafana.g.x"
    assert two == "app.a.x (on a); and grafana.g.x"
    assert three == "app.a.x (on a); and 2 more root causes"


KNOWN = {"id": "network.*", "host": None, "reason": "being rebuilt", "until": None}


@pytest.mark.parametrize(
    ("entry", "state"),
    [
        ({}, "suppressed"),
        ({"host": "a"}, "suppressed"),
        ({"host": "h*"}, "failed"),
        ({"id": "app.*"}, "failed"),
        ({"until": "2026-11-23T12:00:00+00:00"}, "suppressed"),
        ({"until": "2026-11-23T11:59:59+00:00"}, "failed"),
    ],
)
def test_suppressions(entry: dict[str, Any], state: str, tmp_path: Path) -> None:
    found = report(load(tmp_path, check()), {"a": REFUSED}, suppress=[{**KNOWN, **entry}])
    assert found["findings"][0]["state"] == state
    assert found["verdict"]["status"] == ("problem" if state == "failed" else "ok")
    assert state == "failed" or found["verdict"]["sentence"] == "No fault found: 0 checks passed (1 suppressed)"


def test_a_suppressed_finding_says_why_and_until_when(tmp_path: Path) -> None:
    known = [{**KNOWN, "until": "2026-12-01T00:00:00+00:00"}]
    found = report(load(tmp_path, check()), {"a": REFUSED}, suppress=known)["findings"][0]
    assert found["reason"] == "being rebuilt (until 2026-12-01T00:00:00+00:00)"
    assert found["title"] == "nothing listens at http://t:4318"


def test_what_a_suppressed_failure_would_explain_comes_to_the_surface(tmp_path: Path) -> None:
    checks = load(tmp_path, flag("network.n.x", explains=["grafana.g.x"]), flag("grafana.g.x"))
    assert roots(report(checks, {"a": bad("n", "g")}, suppress=[KNOWN])) == [("grafana.g.x", ["a"], [])]


def test_a_stored_report_gives_the_same_findings_again(tmp_path: Path) -> None:
    checks = load(
        tmp_path, check(), check(id="clock.a.b", needs=["otlp.at"], fails_when="age(otlp.at) > `60`", title="old")
    )
    hosts = {"a": {"otlp": {**REFUSED["otlp"], "at": "2026-11-23T11:00:00Z"}}, "b": None}
    first = plain(report(checks, hosts, suppress=[KNOWN]))
    second = plain(judge.report(first["evidence"], checks))
    assert first == second
    assert {finding["state"] for finding in first["findings"]} == {"suppressed", "failed", "skipped"}
