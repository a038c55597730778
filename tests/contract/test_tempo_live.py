"""The Tempo probes against a Tempo that runs: the lab's in every profile; with TEMPO_BIN, the real one in its place."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Iterator

import pytest
import requests

from ansible_collections.traceops.tracing.plugins.module_utils._probe import (
    canaries,
    tempo_info,
    tempo_search,
    tempo_trace,
)
from ansible_collections.traceops.tracing.tests.contract.lab_target import LabTempo, RealTempo, tempo_targets
from ansible_collections.traceops.tracing.tests.lab.tempo import PROFILES
from ansible_collections.traceops.tracing.tests.probing import failure_of, options

# Beginning with a zero, which searches strip; the second's root is never sent.
WHOLE, ORPHAN = "0badc0ffee0ddf00dfeedface0000001", "0badc0ffee0ddf00dfeedface0000002"
ROOT, CHILD, LOST = "00f067aa0ba90201", "00f067aa0ba90202", "00f067aa0ba90203"
ODD = 'a "quoted" \\ value }\n\u202e größe 価格'
ODD_KEY = 'a "quoted" \\ key }\n\u202e größe'


def span(trace_id: str, span_id: str, parent_id: str, name: str, kind: int, start_ms: int) -> dict[str, t.Any]:
    start = time.time_ns() + start_ms * 1_000_000
    return {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": parent_id,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 300_000_000),
        "attributes": [
            {"key": "odd", "value": {"stringValue": ODD}},
            {"key": ODD_KEY, "value": {"stringValue": ODD}},
            {"key": "http.response.status_code", "value": {"intValue": "500"}},
            {"key": "retry", "value": {"boolValue": True}},
        ],
        "status": {"code": 2},
    }


def send(otlp_http: str, service: str, *spans: dict[str, t.Any]) -> None:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}
    answer = requests.post(otlp_http + "/v1/traces", json=body, timeout=5)
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module", params=PROFILES)
def filled(request: pytest.FixtureRequest) -> Iterator[LabTempo | RealTempo]:
    """A Tempo that has two traces, long enough ago that a search finds them."""
    target = tempo_targets()[request.param]
    target.enter("starting")
    target.enter("empty")
    try:
        send(
            target.url("otlp_http"),
            "velo-sql-app.sql",
            span(WHOLE, ROOT, "", "process:market_data", 2, 0),
            span(WHOLE, CHILD, ROOT, "sql_query:select", 1, 100),
        )
        send(target.url("otlp_http"), "billing", span(ORPHAN, ROOT, LOST, "charge", 2, 0))
        target.enter("ingested")
        yield target
    finally:
        target.stop()


def search(target: LabTempo | RealTempo, **given: t.Any) -> list[str]:
    """The ids that a search finds; a Tempo 3 may need its cut-off to pass first."""
    wait = {"wait_timeout": 45.0} if isinstance(target, RealTempo) else {}
    result = tempo_search.run(options(tempo_search, tempo_url=target.url("http_api"), **given, **wait))
    return [trace["trace_id"] for trace in result["traces"]]


def test_it_is_described(filled: LabTempo | RealTempo) -> None:
    result = tempo_info.run(options(tempo_info, tempo_url=filled.url("http_api")))
    assert result["ready"]
    assert result["at_least"] == ".".join(filled.profile.split(".")[:2])
    assert result["config"]["receivers"]["otlp_http"] == filled.url("otlp_http").removeprefix("http://")
    assert result["config"]["retention_s"] == 336 * 3600
    assert (result["counters"]["received"], result["counters"]["refused"]) == (3, 0)
    assert result["counters"]["traces_created"] == 2
    assert result["counters"]["discarded_total"] == 0
    assert abs(result["clock_offset_s"]) < 3600
    assert result["unavailable"] == []


@pytest.mark.parametrize("accept", ["application/protobuf", "application/json"])
def test_a_trace_hangs_together_in_both_formats(
    filled: LabTempo | RealTempo, accept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.traceops.tracing.plugins.module_utils._client.tempo.TRACE_FORMAT", accept)
    result = tempo_trace.run(options(tempo_trace, tempo_url=filled.url("http_api"), trace_id=WHOLE.lstrip("0")))
    assert (result["complete"], result["span_count"], result["depth"], result["error_count"]) == (True, 2, 2, 2)
    assert result["roots"][0] == {
        "span_id": ROOT,
        "name": "process:market_data",
        "service": "velo-sql-app.sql",
        "kind": "server",
    }


def test_an_orphan_names_the_parent_that_never_arrived(filled: LabTempo | RealTempo) -> None:
    result = tempo_trace.run(options(tempo_trace, tempo_url=filled.url("http_api"), trace_id=ORPHAN))
    assert (result["complete"], result["orphans"][0]["missing_parent"]) == (False, LOST)


def test_a_trace_that_is_not_there_is_not_found(filled: LabTempo | RealTempo) -> None:
    failure = failure_of(tempo_trace, tempo_url=filled.url("http_api"), trace_id="f" * 32)
    assert failure.cause == "trace_not_found"


def test_canaries_are_told_apart(filled: LabTempo | RealTempo) -> None:
    ids = {"there": WHOLE, "lost": "f" * 32, "here": ORPHAN}
    url = filled.url("http_api")
    result = canaries.run(options(canaries, tempo_url=url, trace_ids=ids, wait_timeout=0.0))
    assert (result["found"], result["missing"]) == (["there", "here"], ["lost"])


@pytest.mark.parametrize(
    "given",
    [
        {"service_name": "velo-sql-app.sql"},
        {"service_name": "velo-sql-app.sql", "min_duration": "350ms", "max_duration": "1m30s"},
        {"service_name": "velo-sql-app.sql", "tags": {"status": "error", "kind": "server"}},
        {"service_name": "velo-sql-app.sql", "tags": {"span.http.response.status_code": "500", "span.retry": "true"}},
        {"service_name": "velo-sql-app.sql", "tags": {"http.response.status_code": 500, "retry": True}},
        {"tags": {"service.name": "velo-sql-app.sql", "odd": ODD, "name": "sql_query:select"}},
        {"tags": {"service.name": "velo-sql-app.sql", ODD_KEY: ODD, f"span.{ODD_KEY}": ODD}},
        {"tags": {"rootServiceName": "velo-sql-app.sql", "rootName": "process:market_data"}},
        {"query": '{ resource.service.name = "velo-sql-app.sql" } | count() > 1'},
        {"service_name": "velo-sql-app.sql", "start": "-40d", "end": "now+1h"},
    ],
    ids=[
        "service",
        "durations",
        "intrinsics",
        "text for typed tags",
        "typed tags",
        "quotes",
        "quoted names",
        "root",
        "query",
        "40 days",
    ],
)
def test_a_search_that_matches_finds_the_trace(filled: LabTempo | RealTempo, given: dict[str, t.Any]) -> None:
    assert search(filled, **given) == [WHOLE]


@pytest.mark.parametrize(
    "given",
    [
        {"service_name": 'velo-sql-app.sql" || name != "'},
        {"service_name": "velo-sql-app.sql", "min_duration": "5s"},
        {"service_name": "velo-sql-app.sql", "tags": {"odd": "value"}},
        {"service_name": "velo-sql-app.sql", "start": "-2h", "end": "-1h"},
    ],
    ids=["injection", "duration", "tag", "range"],
)
def test_a_search_that_does_not_match_finds_nothing(filled: LabTempo | RealTempo, given: dict[str, t.Any]) -> None:
    result = tempo_search.run(options(tempo_search, tempo_url=filled.url("http_api"), **given))
    assert result["count"] == 0


def test_a_near_miss_is_suggested(filled: LabTempo | RealTempo) -> None:
    url = filled.url("http_api")
    result = tempo_search.run(options(tempo_search, tempo_url=url, service_name="Velo-SQL-App"))
    assert result["services"] == ["billing", "velo-sql-app.sql"]
    assert result["suggestions"] == ["velo-sql-app.sql"]


def test_a_query_that_is_no_traceql_is_quoted_from_the_server(filled: LabTempo | RealTempo) -> None:
    failure = failure_of(tempo_search, tempo_url=filled.url("http_api"), query="{ nope")
    assert failure.cause == "bad_query"
    assert "parse error" in failure.message


@pytest.mark.parametrize("profile", PROFILES)
def test_a_multi_tenant_tempo_wants_a_tenant(profile: str) -> None:
    target = tempo_targets()[profile]
    target.enter("multitenant")
    try:
        url = target.url("http_api")
        assert tempo_info.run(options(tempo_info, tempo_url=url))["config"]["multitenancy"] is True
        assert failure_of(tempo_search, tempo_url=url).cause == "tenant_missing"
        assert tempo_search.run(options(tempo_search, tempo_url=url, tenant="team-a"))["count"] == 0
    finally:
        target.stop()
