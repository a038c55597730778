"""Every check has evidence that makes it fail and evidence that lets it pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge, library
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.evaluate import FAILING
from ansible_collections.traceops.tracing.tests.unit.checks.cases import Case, cases, document

LIBRARY = library.load([str(Path(library.__file__).parents[2] / "checks")])
CASES = cases()
STATE = {"critical": "failed", "warning": "warning", "info": "info"}


def judged(changes: Case) -> judge.Report:
    return judge.report(document(changes), LIBRARY)


def finding(report: judge.Report, check_id: str) -> dict[str, Any]:
    return next(found for found in report["findings"] if found["id"] == check_id)


def words(found: dict[str, Any]) -> str:
    return " ".join([found["title"], found["reason"], found.get("cause", ""), *found.get("fix", [])])


def test_every_check_has_cases() -> None:
    assert sorted(CASES) == sorted(check.id for check in LIBRARY.checks)


def test_a_healthy_stack_has_nothing_to_complain_about() -> None:
    report = judged({})
    assert [found["id"] for found in report["findings"] if found["state"] in FAILING] == []
    assert report["verdict"]["status"] == "ok"


@pytest.mark.parametrize("check_id", CASES)
def test_a_check_fails_on_its_evidence_and_is_the_root_cause_or_explained(check_id: str) -> None:
    """With one fault there is one root cause: the check itself, unless the case names what explains it."""
    case = CASES[check_id]
    report = judged({"run.fail_on": "warning", **case["fails"]})
    found = finding(report, check_id)
    assert found["state"] == STATE[found["severity"]], found
    assert "(unknown)" not in words(found), "evidence that its words need is not there"
    assert found["cause"]
    assert found["fix"]
    if found["severity"] == "info":
        return
    causes = report["verdict"]["root_causes"]
    assert [cause["id"] for cause in causes] == [case.get("root", check_id)]
    if "root" in case:
        assert check_id in causes[0]["consequences"]


@pytest.mark.parametrize("check_id", CASES)
def test_a_check_passes_on_its_evidence(check_id: str) -> None:
    found = finding(judged(CASES[check_id].get("passes", {})), check_id)
    assert found["state"] == "ok", found
    assert "(unknown)" not in words(found)


def states(changes: Case) -> dict[str, str]:
    return {found["id"]: found["state"] for found in judged(changes)["findings"]}


@pytest.mark.parametrize("cause", ["dns_failure", "proxy_in_the_way", "response_timeout"])
def test_a_tempo_that_could_not_be_asked_is_not_said_to_run(cause: str) -> None:
    found = states({"probe_fails": {"tempo_info": cause}})
    assert found["tempo-ingest.tempo.down"] in ("skipped", "blocked")


def test_a_canary_that_could_not_be_looked_up_is_not_called_lost() -> None:
    found = states(
        {"canary.found": False, "canary.cause": "trace_not_found", "probe_fails": {"canaries": "response_timeout"}}
    )
    assert found["tempo-storage.canary.lost"] == "skipped"
    assert found["collector.spans.lost"] == "skipped"


@pytest.mark.parametrize("phase", ["dns", "tcp", "tls", "protocol", "export"])
def test_nothing_beyond_the_phase_that_failed_is_called_fine(phase: str) -> None:
    report = judged({"tls": {}, "otlp_fails": [phase, "something_new"]})
    assert finding(report, "network.otlp.not-accepted")["state"] == "failed"
    later = ["dns", "tcp", "tls", "protocol", "export"]
    for name in later[later.index(phase) :]:
        sure = [f["id"] for f in report["findings"] if f["state"] == "ok" and f"otlp.phases.{name}.ok" in f["evidence"]]
        assert sure == [], f"{name} did not succeed"


@pytest.mark.parametrize(
    "label", ["tempo_info", "tempo_search", "clock", "logs", "containers", "environment", "sampling_ratio"]
)
def test_nothing_that_a_probe_should_have_told_is_called_fine_when_it_could_not(label: str) -> None:
    report = judged({"probe_fails": {label: "something_new"}})
    told = [
        f["id"] for f in report["findings"] if f["state"] == "ok" and any(e.startswith(label) for e in f["evidence"])
    ]
    assert told == []


def test_a_host_that_can_not_ask_tempo_says_nothing_about_it() -> None:
    labels = ("tempo_info", "tempo_search", "clock", "sampling_ratio", "linkage", "coverage", "canaries", "grafana")
    report = judged(
        {"probe_fails": dict.fromkeys(labels, "library_missing"), "grafana_fails": ["reach", "library_missing"]}
    )
    assert [f["id"] for f in report["findings"] if f["state"] in FAILING] == []
    assert report["verdict"]["status"] == "incomplete"
    assert "tempo_info says library_missing" in report["verdict"]["sentence"]


@pytest.mark.parametrize("step", ["reach", "authenticate", "permission", "find", "type", "search"])
def test_nothing_beyond_the_step_that_failed_is_called_fine(step: str) -> None:
    found = states({"grafana_fails": [step, "something_new"]})
    claims = {
        "reach": ("grafana.access.unauthorized", "grafana.server.unhealthy"),
        "authenticate": ("grafana.access.unauthorized", "grafana.access.forbidden"),
        "permission": ("grafana.access.forbidden", "grafana.datasource.missing"),
        "find": ("grafana.datasource.missing", "grafana.datasource.ambiguous", "grafana.datasource.wrong-type"),
        "type": ("grafana.datasource.unreachable", "grafana.tenant.missing", "grafana.trace.missing"),
        "search": ("grafana.datasource.unreachable", "grafana.tenant.missing", "grafana.trace.missing"),
    }
    assert [check_id for check_id in claims[step] if found[check_id] == "ok"] == []


def test_silence_of_a_log_that_shows_only_errors_says_nothing() -> None:
    quiet = {**CASES["app.tracing.disabled"]["fails"], "logs.levels": ["warn", "error"]}
    assert states(quiet)["app.tracing.disabled"] == "skipped"


def test_a_collector_beside_the_application_is_a_receiver() -> None:
    fails = CASES["app.endpoint.loopback"]["fails"]
    assert states(fails)["app.endpoint.loopback"] == "failed"
    found = finding(judged({**fails, "environment.own_listener": True}), "app.endpoint.loopback")
    assert found["state"] == "ok"
    assert found["title"] == "a receiver listens beside the application in its own network (endpoint: not set)"


def test_in_check_mode_nothing_is_said_about_acceptance() -> None:
    unsent = {"ok": False, "cause": "not_sent", "message": "no span was sent"}
    changes = {f"otlp.{key}": value for key, value in unsent.items()}
    found = states({**changes, "otlp.phases.export": {"ok": None, "ms": 0, "cause": "not_sent"}})
    assert found["network.otlp.connection-refused"] == "ok"
    assert {found[i] for i in ("network.otlp.not-accepted", "network.path.not-found", "network.otlp.slow")} == {
        "skipped"
    }


@pytest.mark.parametrize(
    ("image", "state"),
    [
        ("grafana/grafana:13.1.0", "warning"),
        ("registry:5000/ops/velo-grafana", "warning"),
        ("grafana/tempo:2.10.8", "skipped"),
        ("grafana/grafana-image-renderer:4", "skipped"),
    ],
)
def test_localhost_is_another_place_only_for_a_grafana_in_a_container(image: str, state: str) -> None:
    unreachable = CASES["grafana.datasource.loopback"]["fails"]
    found = states({**unreachable, "containers.containers.velo-grafana.image": image})
    assert found["grafana.datasource.loopback"] == state


def test_without_a_look_at_containers_the_unreachable_data_source_is_the_root_cause() -> None:
    """`diagnose_containers: []`."""
    report = judged({**CASES["grafana.datasource.loopback"]["fails"], "containers.containers": {}})
    found = finding(report, "grafana.datasource.loopback")
    assert (found["state"], found["reason"]) == ("skipped", "Grafana is not known to run in a container")
    assert [cause["id"] for cause in report["verdict"]["root_causes"]] == ["grafana.datasource.unreachable"]


def test_a_host_that_is_not_reached_blinds_no_check_of_what_it_shares_with_others() -> None:
    seen = document(CASES["grafana.datasource.loopback"]["fails"])
    seen["hosts"]["gone"] = {"unreachable": True, "reason": "no route", "settings": {}, "applications": {}}
    (backend,) = seen["backends"].values()
    backend["hosts"].append("gone")
    report = judge.report(seen, LIBRARY)
    assert finding(report, "grafana.datasource.loopback")["state"] == "warning"
    assert "grafana.datasource.loopback" in [cause["id"] for cause in report["verdict"]["root_causes"]]


def test_a_tempo_that_does_not_even_find_fresh_traces_is_not_missing_blocks() -> None:
    """A live store that cannot read Kafka (Tempo 3.0.3)."""
    fails = CASES["tempo-storage.disk.unshared"]["fails"]
    found = states({**fails, "canaries": {"otlp": [1, 0]}})
    assert (found["tempo-storage.disk.unshared"], found["tempo-storage.canary.lost"]) == ("skipped", "failed")


def test_velostreams_ratio_and_what_comes_of_it_are_of_one_source() -> None:
    """What the application logged since its start wins over the command line, for both."""
    found = finding(
        judged(
            {
                "logs.patterns.sampling_ratio.captures.percent.last": "25.0",
                "environment.effective.ratio": {"value": 0.5, "from": "--sampling-ratio"},
            }
        ),
        "sampling.velostream.squared",
    )
    assert "ratio of 25 percent, so it records 6.25 percent" in found["title"]


@pytest.mark.parametrize("cause", ["tenant_missing", "trace_missing", "streaming_off", "direct_access"])
def test_a_tempo_that_answers_on_an_odd_port_is_not_at_the_wrong_port(cause: str) -> None:
    found = states({"grafana.ok": False, "grafana.cause": cause, "grafana.settings.url.port": 3100})
    assert found["grafana.datasource.wrong-port"] == "ok"


@pytest.mark.parametrize("cause", ["datasource_unreachable", "tenant_missing", "trace_missing"])
def test_streaming_is_not_to_blame_for_what_fails_without_it(cause: str) -> None:
    streams = {"grafana.settings.streaming": True, "tempo_info.config.stream_over_http": False}
    found = states({**streams, "grafana.ok": False, "grafana.cause": cause})
    assert found["grafana.streaming.unserved"] not in {"ok", "failed"}
    assert found["grafana.streaming.risky"] == "info"


def test_an_odd_port_that_grafana_did_not_let_us_try_is_left_open() -> None:
    found = states({"grafana_fails": ["echo", "forbidden"], "grafana.settings.url.port": 4317})
    assert found["grafana.datasource.wrong-port"] not in {"ok", "warning"}


def test_a_ratio_of_zero_is_one_whoever_sets_the_sampler() -> None:
    velostream = {
        "logs.patterns": {},
        "environment.effective.ratio": {"value": 0.0, "from": "--sampling-ratio"},
        "environment.effective.sampler": {"value": "parentbased_always_off", "from": "velostream"},
    }
    found = states(velostream)
    assert (found["sampling.ratio.zero"], found["sampling.velostream.cut-off"]) == ("failed", "ok")


def test_clocks_that_agree_with_each_other_point_at_tempos() -> None:
    found = states({"clock.offset_s": 90.0, "beside": {"clock": {"ok": True, "offset_s": 90.2, "error_s": 0.5}}})
    assert (found["clock.host.offset"], found["clock.hosts.apart"]) == ("warning", "ok")


def test_one_clock_alone_is_compared_with_none() -> None:
    assert states({})["clock.hosts.apart"] == "skipped"
    assert states({"probe_fails": {"clock": "no_date"}, "clock.offset_s": None})["clock.hosts.apart"] == "skipped"


@pytest.mark.parametrize("check", LIBRARY.checks, ids=lambda check: check.id)
def test_a_check_has_words_of_its_own(check: library.Check) -> None:
    assert check.question.endswith("?")
    assert check.example
    assert check.passes_as, "a pass is a statement, never the question with a tick"
    assert not check.passes_as.source.rstrip().endswith((".", "?"))
    assert not check.title.source.endswith("."), "a title is not a sentence with a full stop"
    assert check.cause.source.rstrip().endswith((".", ")", "}")), "a cause is made of sentences"


EARLIER: Case = {"tempo_search.count": 0, "tempo_search.traces": [], "tempo_search_earlier": {"ok": True, "count": 1}}


def test_a_service_that_may_just_be_idle_is_left_open() -> None:
    report = judged(EARLIER)
    assert finding(report, "tempo-query.service.absent")["state"] == "pending"
    assert report["verdict"]["status"] == "incomplete"


FRESH: Case = {
    "logs.last_start.time": "2026-11-23T14:48:27.000Z",
    "tempo_search.count": 0,
    "tempo_search.traces": [],
    "tempo_search_earlier": {"ok": True, "count": 0},
}


def test_the_first_traces_of_an_application_have_their_time() -> None:
    report = judged(FRESH)
    found = finding(report, "tempo-query.service.absent")
    assert found["state"] == "pending"
    assert found["reason"] == (
        "run the diagnosis again in 5 s: the application started 6 s ago (a trace takes up to 10.5 s to be found by a "
        "search, most of it for Tempo's search)"
    )
    assert report["verdict"]["status"] == "incomplete"
    late = judged({**FRESH, "logs.last_start.time": "2026-11-23T14:48:22.000Z"})
    assert finding(late, "tempo-query.service.absent")["state"] == "failed"


def test_a_similar_name_is_not_blamed_while_the_applications_own_has_its_time() -> None:
    similar = {**FRESH, "tempo_search.suggestions": ["velo-sql-app2.sql"]}
    assert states(similar)["tempo-query.service.near-miss"] == "pending"
    other = {**similar, "settings.service": "velo-sql-app"}
    assert states(other)["tempo-query.service.near-miss"] == "failed"


def test_a_service_whose_exports_fail_is_not_idle() -> None:
    report = judged({**EARLIER, "logs.patterns.export_failed.count_since_start": 3})
    assert [cause["id"] for cause in report["verdict"]["root_causes"]] == ["app.exporter.export-failed"]


def test_a_tenant_of_nothing_but_canaries_is_not_the_applications() -> None:
    tenants = {
        "settings.tenant": "other",
        "tempo_info.config.multitenancy": True,
        "environment.effective.header_names": ["x-scope-orgid"],
    }
    counted = {"tempo_info.counters.tenants": {"acme": 15, "other": 1}, "tempo_search.services": ["traceops-canary"]}
    report = judged({**tenants, **counted, "tempo_search.count": 0, "tempo_search.traces": []})
    assert [cause["id"] for cause in report["verdict"]["root_causes"]] == ["tempo-query.tenant.unknown"]


# Docker's proxy takes the connection before the container refuses it; Podman's ports pass the refusal on.
REFUSED_WITHIN, REFUSED_OUTSIDE = ["protocol", "connection_reset"], ["tcp", "connection_refused"]


@pytest.mark.parametrize(
    ("failed", "port", "published", "root"),
    [
        (REFUSED_WITHIN, 14318, ["0.0.0.0:14318"], "tempo-ingest.receiver.loopback"),
        (REFUSED_WITHIN, 14318, ["127.0.0.1:9999", "[::]:14318"], "tempo-ingest.receiver.loopback"),
        (REFUSED_WITHIN, 14318, ["0.0.0.0:1431"], "network.otlp.connection-reset"),
        (REFUSED_WITHIN, 14318, None, "network.otlp.connection-reset"),
        (REFUSED_OUTSIDE, 14318, ["127.0.0.1:14318"], "tempo-ingest.receiver.loopback"),
        (REFUSED_OUTSIDE, 14318, ["0.0.0.0:1431"], "network.otlp.http-port-closed"),
    ],
)
def test_a_port_that_leads_to_tempos_loopback_is_tempos(
    failed: list[str], port: int, published: list[str] | None, root: str
) -> None:
    report = judged(
        {
            "otlp_fails": failed,
            "otlp.endpoint": f"http://127.0.0.1:{port}",
            "otlp.phases.tcp.port": port,
            "tempo_info.config.loopback_receivers": ["otlp_http"],
            "containers.containers": {
                "velo-tempo": {"ports": {"3200/tcp": [f"0.0.0.0:{port}"], "4318/tcp": published}}
            },
        }
    )
    assert [cause["id"] for cause in report["verdict"]["root_causes"]] == [root]


CONDITIONS = ("needs", "when", "fails_when", "passes_when", "pending_when", "proved_when")
MAX_CONDITION = 190  # characters: what is longer computes a fact


@pytest.mark.parametrize("check_id", [check.id for check in LIBRARY.checks])
def test_a_condition_judges_and_computes_nothing(check_id: str) -> None:
    check = LIBRARY.get(check_id)
    for key in CONDITIONS:
        told = getattr(check, key)
        for condition in told if key == "needs" else filter(None, [told]):
            assert len(condition.source) <= MAX_CONDITION, (key, condition.source)
