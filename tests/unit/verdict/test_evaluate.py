"""The states that a finding can have, and what is quoted."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import DOCS_URL
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.evaluate import MAX_QUOTED
from ansible_collections.traceops.tracing.tests.unit.verdict.checks import check, load, report, run, states

REFUSED = {"otlp": {"ok": False, "cause": "refused", "message": "it is refused", "endpoint": "http://t:4318"}}
FINE = {"otlp": {"ok": True, "cause": "ok", "endpoint": "http://t:4318"}}


def only(report_: Any) -> dict[str, Any]:
    (found,) = report_["findings"]
    return dict(found)


@pytest.mark.parametrize(("severity", "state"), [("critical", "failed"), ("warning", "warning"), ("info", "info")])
def test_a_failing_check_has_the_state_of_its_severity(severity: str, state: str, tmp_path: Path) -> None:
    found = only(report(load(tmp_path, check(severity=severity)), {"a": REFUSED}))
    assert found == {
        "id": "network.otlp.refused",
        "hop": "network",
        "host": "a",
        "application": "shop",
        "backend": "main",
        "state": state,
        "severity": severity,
        "decisive": False,
        "title": "nothing listens at http://t:4318",
        "reason": "",
        "evidence": {"otlp.cause": "refused"},
        "cause": "It is not running.",
        "fix": ["start it"],
        "proved": False,
        "docs": f"{DOCS_URL}#network.otlp.refused",
    }


def test_a_passing_check_says_what_it_saw_or_that_it_found_no_fault(tmp_path: Path) -> None:
    checks = load(tmp_path, check(), check(id="network.otlp.slow", passes_as="{otlp.endpoint} is quick"))
    findings = report(checks, {"a": FINE})["findings"]
    assert {(f["host"], f["backend"]) for f in findings} == {("a", "main")}
    titles = {f["id"]: (f["state"], f["title"], f["evidence"]) for f in findings}
    assert titles == {
        "network.otlp.refused": ("ok", "network.otlp.refused found no fault", {"otlp.cause": "ok"}),
        "network.otlp.slow": ("ok", "http://t:4318 is quick", {"otlp.cause": "ok"}),
    }


@pytest.mark.parametrize(
    ("needs", "labels", "state", "reason"),
    [
        ("otlp.cause", {}, "skipped", "otlp was not probed"),
        ("otlp.phases.tcp", FINE, "skipped", "otlp does not tell otlp.phases.tcp"),
        ("otlp.phases.tcp", REFUSED, "skipped", "otlp did not get that far: it is refused"),
        ("logs.patterns.x", {}, "skipped", "no log was given (diagnose_log_paths)"),
        ("environment.found", {}, "skipped", "the application's process was not named (diagnose_process)"),
        ("canary.found", {}, "skipped", "no span from this host was accepted, so none was looked up"),
        ("settings.tenant", {}, "skipped", "no tenant was given (diagnose_tenant)"),
        (
            "settings.log_paths",
            {"settings": {"log_paths": []}},
            "skipped",
            "no log paths was given (diagnose_log_paths)",
        ),
        ("clock.offset_s", {"clock": {"ok": False, "message": "no answer"}}, "unknown", "clock: no answer"),
        ("clock.offset_s", {"clock": {"ok": False, "cause": "x", "offset_s": 0}}, "unknown", "clock: x"),
        ("backend.tempo_info.ready", {}, "skipped", "tempo_info was not probed"),
    ],
)
def test_evidence_that_is_not_there(needs: str, labels: Any, state: str, reason: str, tmp_path: Path) -> None:
    found = only(report(load(tmp_path, check(needs=[needs], fails_when="`true`")), {"a": labels}))
    assert (found["state"], found["title"], found["reason"]) == (state, "Does something listen?", reason)
    assert found["evidence"] == {}


@pytest.mark.parametrize("needs", ["canary.found", "hops.otlp_collector.found"])
def test_canaries_that_could_not_be_looked_up_are_not_said_to_be_unsent(needs: str, tmp_path: Path) -> None:
    checks = load(tmp_path, check(needs=[needs], fails_when="`true`"))
    lookup = {
        "ok": False,
        "cause": "connection_refused",
        "message": "Tempo refuses",
        "traces": {},
        "hops": {},
        "sent": 0,
    }
    found = only(report(checks, {"a": FINE}, {"canaries": lookup}))
    assert (found["state"], found["reason"]) == ("skipped", "canaries did not get that far: Tempo refuses")
    others = {**lookup, "cause": "trace_not_found", "traces": {"b": {"found": False}}, "sent": 1}
    found = only(report(checks, {"a": FINE}, {"canaries": others}))
    assert (found["state"], found["reason"]) == (
        "skipped",
        "no span from this host was accepted, so none was looked up",
    )


@pytest.mark.parametrize("key", ["ok", "cause", "message"])
def test_how_a_probe_failed_is_evidence_itself(key: str, tmp_path: Path) -> None:
    checks = load(tmp_path, check(needs=[f"clock.{key}"], fails_when="clock.ok == `false`", title="{clock.message}"))
    found = only(report(checks, {"a": {"clock": {"ok": False, "cause": "no_date", "message": "no date"}}}))
    assert (found["state"], found["title"]) == ("failed", "no date")


def test_a_check_that_does_not_apply_says_why(tmp_path: Path) -> None:
    checks = load(tmp_path, check(when="otlp.tls", otherwise="{otlp.endpoint} has no TLS"))
    found = only(report(checks, {"a": FINE}))
    assert (found["state"], found["reason"]) == ("skipped", "http://t:4318 has no TLS")
    assert only(report(checks, {"a": {"otlp": {**REFUSED["otlp"], "tls": True}}}))["state"] == "failed"


def test_a_check_passes_only_on_what_was_reached(tmp_path: Path) -> None:
    checks = load(tmp_path, check(fails_when="otlp.cause == 'expired'", passes_when="otlp.ok"))
    assert only(report(checks, {"a": FINE}))["state"] == "ok"
    found = only(report(checks, {"a": REFUSED}))
    assert (found["state"], found["reason"]) == ("skipped", "otlp did not get that far: it is refused")


def test_a_phase_that_was_not_passed_is_no_pass_unless_the_check_says_so(tmp_path: Path) -> None:
    other_fault = {"otlp": {"ok": False, "cause": "refused", "message": "it is refused", "tcp": {"ok": False}}}
    needs = {"needs": ["otlp.tcp.ok"], "fails_when": "otlp.cause == 'timed out'"}
    assert only(report(load(tmp_path, check(**needs)), {"a": other_fault}))["state"] == "skipped"
    told = load(tmp_path, check(**needs, passes_when="otlp.cause"))
    assert only(report(told, {"a": other_fault}))["state"] == "ok"


def test_what_is_always_proved_says_so_in_a_word(tmp_path: Path) -> None:
    assert only(report(load(tmp_path, check(proved=True)), {"a": REFUSED}))["proved"] is True


def test_the_step_that_a_counterfactual_proved_comes_first(tmp_path: Path) -> None:
    checks = load(tmp_path, check(counterfactual="otlp", fix=["do that"]))
    proved = {"otlp": {**REFUSED["otlp"], "passes_with": "THIS=that"}}
    assert only(report(checks, {"a": proved}))["fix"] == [
        "set THIS=that (proved: the same span was accepted with it)",
        "do that",
    ]
    assert only(report(checks, {"a": REFUSED}))["fix"] == ["do that"]


@pytest.mark.parametrize(
    ("labels", "state", "reason"),
    [
        (
            {},
            "skipped",
            "no log was given (diagnose_log_paths) and the application's process was not named (diagnose_process)",
        ),
        ({"logs": {"ok": True, "patterns": {}}}, "skipped", "neither the log nor the process tells a sampling ratio"),
        ({"environment": {"ok": False, "message": "no such process"}}, "unknown", "environment: no such process"),
    ],
)
def test_why_a_fact_is_not_known(labels: dict[str, Any], state: str, reason: str, tmp_path: Path) -> None:
    checks = load(tmp_path, check(needs=["facts.sampling"], fails_when="facts.sampling.off"))
    found = only(report(checks, {"a": labels}))
    assert (found["state"], found["reason"]) == (state, reason)


def test_what_is_still_to_come_is_pending(tmp_path: Path) -> None:
    pending = {"pending_when": "otlp.age < `10`", "pending_as": "ask again in {minus(`10`, otlp.age)} s"}
    checks = load(tmp_path, check(**pending, proved_when="`true`"))
    young, old = ({"otlp": {**REFUSED["otlp"], "age": age}} for age in (4, 10))
    found = only(report(checks, {"a": young}))
    assert (found["state"], found["reason"], found["proved"]) == ("pending", "ask again in 6 s", False)
    assert only(report(checks, {"a": old}))["state"] == "failed"


def test_evidence_of_another_shape_is_unknown(tmp_path: Path) -> None:
    checks = load(tmp_path, check(fails_when="contains(otlp.count, 'x')", needs=["otlp.count"]))
    found = only(report(checks, {"a": {"otlp": {"count": 3}}}))
    assert found["state"] == "unknown"
    assert "contains(otlp.count, 'x')" in found["reason"]


def test_a_host_that_was_not_reached_is_not_checked(tmp_path: Path) -> None:
    found = only(report(load(tmp_path, check()), {"a": None}))
    assert (found["state"], found["reason"], found["backend"]) == ("skipped", "the host could not be reached", None)
    assert found["title"] == "Does something listen?"


def test_a_host_that_was_not_reached_belongs_to_its_backend(tmp_path: Path) -> None:
    document = evidence.build({"a": None}, {"main": {"hosts": ["a"]}}, run())
    assert only(judge.report(document, load(tmp_path, check())))["backend"] == "main"


def test_words_are_made_of_evidence(tmp_path: Path) -> None:
    checks = load(tmp_path, check(cause="{otlp.message}, says {host}", fix=["ask {host}"]))
    found = only(report(checks, {"a": REFUSED}))
    assert (found["cause"], found["fix"]) == ("it is refused, says a", ["ask a"])


def test_only_a_probe_proves(tmp_path: Path) -> None:
    checks = load(tmp_path, check(proved_when="otlp.seen"))
    assert only(report(checks, {"a": REFUSED}))["proved"] is False
    assert only(report(checks, {"a": {"otlp": {**REFUSED["otlp"], "seen": True}}}))["proved"] is True


def test_a_fix_that_does_not_apply_is_left_out(tmp_path: Path) -> None:
    checks = load(tmp_path, check(fix=["{otlp.cause == 'other' && 'do this' || ''}", "do that"]))
    assert only(report(checks, {"a": REFUSED}))["fix"] == ["do that"]


def test_quoted_evidence_is_bounded_and_clean(tmp_path: Path) -> None:
    checks = load(tmp_path, check(shows=["otlp.many", "otlp.deep", "otlp.text", "otlp.gone"]))
    labels = {"many": list(range(99)), "deep": {"x": {"y": 1, "z": 2}, "n": 1}, "text": "a\x1b[1mb" + "c" * 999}
    quoted = only(report(checks, {"a": {"otlp": {**REFUSED["otlp"], **labels}}}))["evidence"]
    assert quoted["otlp.many"] == list(range(MAX_QUOTED))
    assert quoted["otlp.deep"] == {"x": "(2 entries)", "n": 1}
    assert quoted["otlp.text"].startswith("abccc")
    assert len(quoted["otlp.text"]) == 240
    assert quoted["otlp.gone"] is None


SCOPES = [
    (
        "application",
        (
            "host == 'a' && application == 'own' && settings.service == 'own' && backend.id == 'main' && canary.found "
            "&& backend.grafana.ok && hops.otlp.stored == `1` && clock.ok && run.id == 'r'"
        ),
    ),
    ("host", "host == 'a' && settings.service == 'own' && backend.id == 'main' && clock.ok && run.id == 'r'"),
    (
        "backend",
        (
            "backend == 'main' && settings.service == 'shop' && hosts.a.clock.ok && applications[0].otlp.ok "
            "&& applications[0].host == 'a' && canaries.ok && run.id == 'r'"
        ),
    ),
    (
        "run",
        (
            "hosts.a.applications.own.otlp.ok && backends.main.grafana.ok && settings.service == 'shop' "
            "&& run.id == 'r' && schema == `2`"
        ),
    ),
]


@pytest.mark.parametrize(("scope", "expression"), SCOPES)
def test_what_a_check_of_each_scope_sees(scope: str, expression: str, tmp_path: Path) -> None:
    checks = load(tmp_path, check(scope=scope, needs=None, fails_when=expression, title="x"))
    canaries = {"ok": True, "traces": {"a": {"found": True}}, "hops": {"a": {"otlp": {"stored": 1}}}}
    backend = {"grafana": {"ok": True}, "canaries": canaries}
    found = only(report(checks, {"a": {**FINE, "clock": {"ok": True}, "settings": {"service": "own"}}}, backend))
    assert found["state"] == "failed"
    assert (found["host"], found["application"], found["backend"]) == {
        "application": ("a", "own", "main"),
        "host": ("a", None, "main"),
        "backend": (None, None, "main"),
        "run": (None, None, None),
    }[scope]


class TestBlocked:
    """What could not be decided because of a failing check names that check."""

    def checks(self, directory: Path) -> Any:
        return load(
            directory,
            check(explains=["grafana.search.failed", "app.log.bad"]),
            check(id="network.tls.expired", needs=["otlp.tls"]),
            check(id="grafana.search.failed", scope="backend", needs=["grafana.cause"], fails_when="`true`", title="x"),
            check(id="app.log.bad", needs=["logs.ok"], fails_when="`true`", title="x"),
            check(id="clock.host.off", needs=["clock.ok"], fails_when="`true`", title="x"),
        )

    def test_by_what_explains_it_or_stopped_its_probe(self, tmp_path: Path) -> None:
        found = report(self.checks(tmp_path), {"a": REFUSED})
        assert states(found) == {
            "network.otlp.refused@a": "failed",
            "network.tls.expired@a": "blocked",
            "grafana.search.failed@main": "blocked",
            "app.log.bad@a": "skipped",  # nobody gave a log: no failure is to blame
            "clock.host.off@a": "skipped",
        }
        blocked = {f["id"]: f["blocked_by"] for f in found["findings"] if f["state"] == "blocked"}
        assert blocked == dict.fromkeys(["network.tls.expired", "grafana.search.failed"], "network.otlp.refused")

    def test_not_by_the_failure_of_another_host_or_backend(self, tmp_path: Path) -> None:
        hosts = {"a": REFUSED, "b": {"otlp": {"ok": False, "cause": "slow", "message": "slow"}}}
        assert states(report(self.checks(tmp_path), hosts))["network.tls.expired@b"] == "skipped"

    def test_not_by_a_suppressed_failure(self, tmp_path: Path) -> None:
        known = [{"id": "network.*", "host": None, "reason": "known", "until": None}]
        found = states(report(self.checks(tmp_path), {"a": REFUSED}, suppress=known))
        assert found["network.otlp.refused@a"] == "suppressed"
        assert found["network.tls.expired@a"] == "skipped"

    def test_when_its_own_probe_could_not_answer(self, tmp_path: Path) -> None:
        behind = check(id="clock.host.off", needs=["clock.offset"])
        checks = load(tmp_path, check(explains=["clock.*"]), behind)
        found = report(checks, {"a": {**REFUSED, "clock": {"ok": False, "message": "no answer"}}})
        assert states(found)["clock.host.off@a"] == "blocked"

    def test_also_where_it_does_not_apply_because_of_the_failure(self, tmp_path: Path) -> None:
        kept = check(id="tempo-storage.a.lost", when="otlp.ok", otherwise="nothing was accepted")
        found = report(load(tmp_path, check(explains=["tempo-storage.*"]), kept), {"a": REFUSED})
        assert states(found)["tempo-storage.a.lost@a"] == "blocked"
        assert found["findings"][1]["reason"] == "nothing was accepted"

    def test_not_by_what_merely_mentions_the_probe(self, tmp_path: Path) -> None:
        aside = check(
            id="app.a.aside", needs=["host", "otlp.cause"], fails_when="otlp.cause == 'refused'", severity="info"
        )
        checks = load(tmp_path, aside, check(id="network.tls.expired", needs=["otlp.tls"]))
        assert states(report(checks, {"a": REFUSED}))["network.tls.expired@a"] == "skipped"

    def test_also_when_something_else_is_suppressed(self, tmp_path: Path) -> None:
        known = [{"id": "clock.*", "host": None, "reason": "known", "until": None}]
        found = states(report(self.checks(tmp_path), {"a": REFUSED}, suppress=known))
        assert found["network.tls.expired@a"] == "blocked"

    def test_by_the_backend_and_by_the_run(self, tmp_path: Path) -> None:
        checks = load(
            tmp_path,
            check(id="settings.x.wrong", scope="run", needs=None, fails_when="`true`", title="x", explains=["app.*"]),
            check(id="tempo-query.x.down", scope="backend", needs=["tempo.ok"], fails_when="`true`", title="x",
                  explains=["network.*"]),
            check(id="app.x.y"),
            check(id="network.x.y"),
        )  # fmt: skip
        found = report(checks, {"a": {}}, {"tempo": {"ok": True}})
        by = {f["id"]: f.get("blocked_by") for f in found["findings"]}
        assert by["app.x.y"] == "settings.x.wrong"
        assert by["network.x.y"] == "tempo-query.x.down"


@pytest.mark.parametrize(
    ("hosts", "backends", "words"),
    [
        ({"a": ["x"]}, {}, "hosts: the evidence of 'a' is neither a dictionary nor null"),
        ({}, {"main": []}, "backends: 'main' must be a dictionary with a list 'hosts'"),
        ({}, {"main": {"hosts": "a"}}, "backends: 'main' must be a dictionary with a list 'hosts'"),
        ({}, {"main": {"hosts": ["a"]}}, "backends: 'main' names the host 'a', which 'hosts' does not have"),
    ],
)
def test_evidence_that_can_not_be_meant(hosts: Any, backends: Any, words: str) -> None:
    with pytest.raises(evidence.BadEvidence) as refused:
        evidence.build(hosts, backends, {})
    assert str(refused.value) == words


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "the evidence has no 'schema: 2'"),
        ({"schema": 3}, "the evidence has no 'schema: 2'"),
        ({"schema": 1, "run": {}, "hosts": []}, "the evidence has no dictionary 'hosts'"),
        (
            {"schema": 1, "run": {}, "hosts": {"a": 1}, "backends": {}},
            "the evidence has no dictionary 'hosts.a'",
        ),
        (
            {"schema": 1, "run": {}, "hosts": {}, "backends": {"main": 1}},
            "the evidence has no dictionary 'backends.main'",
        ),
        (
            {"schema": 1, "run": {"suppress": {}}, "hosts": {}, "backends": {}},
            "the evidence has 'run.suppress', but not as a list",
        ),
        (
            {"schema": 1, "run": {"suppress": [{"id": 1}]}, "hosts": {}, "backends": {}},
            "the evidence has 'run.suppress[0].id', but not as a str",
        ),
        (
            {"schema": 1, "run": {}, "hosts": {"a": {"settings": []}}, "backends": {}},
            "the evidence has 'hosts.a.settings', but not as a dict",
        ),
        (
            {"schema": 1, "run": {}, "hosts": {}, "backends": {"main": {"canaries": {"hops": []}}}},
            "the evidence has 'backends.main.canaries.hops', but not as a dict",
        ),
        (
            {"schema": 1, "run": {}, "hosts": {}, "backends": {"main": {"hosts": ["a", None]}}},
            "the evidence has no names in 'backends.main.hosts'",
        ),
        (
            {"schema": 2, "run": {}, "hosts": {"a": {}}, "backends": {}},
            "the evidence has no dictionary 'hosts.a.applications'",
        ),
        (
            {"schema": 2, "run": {}, "hosts": {"a": {"applications": {"x": 1}}}, "backends": {}},
            "the evidence has no dictionary 'hosts.a.applications.x'",
        ),
        (
            {"schema": 2, "run": {}, "hosts": {}, "backends": {"main": {}}},
            "the evidence has no list 'backends.main.applications'",
        ),
        (
            {"schema": 2, "run": {}, "hosts": {}, "backends": {"main": {"applications": [{"host": "a", "name": "x"}]}}},
            "the evidence has no application that is 'backends.main.applications[0]'",
        ),
    ],
)
def test_a_stored_document_that_can_not_be_evaluated(document: Any, words: str) -> None:
    with pytest.raises(evidence.BadEvidence) as refused:
        evidence.check_document(document)
    assert str(refused.value) == words


def test_evidence_is_kept_as_json_has_it() -> None:
    built = evidence.build({"a": {"seen": datetime.date(2026, 11, 23)}}, {}, {})
    assert built["hosts"]["a"] == {
        "unreachable": False,
        "seen": "2026-11-23",
        "applications": {"": {"backend": None}},
    }


PLACES = [
    (["run"], "settings", "a dict"),
    (["run"], "suppress", "a list"),
    (["run"], "check_dirs", "a list"),
    (["run", "suppress", 0], "id", "a str"),
    (["run", "suppress", 0], "host", "a str"),
    (["run", "suppress", 0], "until", "a str"),
    (["run", "suppress", 0], "application", "a str"),
    (["hosts", "a"], "settings", "a dict"),
    *((["hosts", "a", "applications", "x"], key, kind) for key, kind in (("settings", "a dict"), ("backend", "a str"))),
    *((["backends", "main"], key, kind) for key, kind in (("hosts", "a list"), ("canaries", "a dict"))),
    *((["backends", "main", "canaries"], key, "a dict") for key in ("traces", "hops")),
]


@pytest.mark.parametrize(("path", "key", "kind"), PLACES, ids=str)
def test_what_the_evaluator_looks_into_is_of_its_kind_or_refused(path: list[Any], key: str, kind: str) -> None:
    document: dict[str, Any] = {
        "schema": 2,
        "run": {"suppress": [{"id": "network.*", "host": None}]},
        "hosts": {"a": {"applications": {"x": {"backend": "main"}}}},
        "backends": {"main": {"hosts": ["a"], "applications": [{"host": "a", "name": "x"}], "canaries": {}}},
    }
    assert evidence.check_document(document) is document
    inner: Any = document
    for step in path:
        inner = inner[step]
    inner[key] = 3
    place = ".".join(str(step) for step in path).replace(".0", "[0]")
    with pytest.raises(evidence.BadEvidence) as refused:
        evidence.check_document(document)
    assert str(refused.value) == f"the evidence has '{place}.{key}', but not as {kind}"
