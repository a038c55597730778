"""tempo_trace: which API is asked, and what the result says."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import tempo_trace
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked
from ansible_collections.traceops.tracing.tests.probing import FakeClock, failure_of, options
from ansible_collections.traceops.tracing.tests.unit.tempo.server import as_json, as_text, tempo
from ansible_collections.traceops.tracing.tests.unit.tempo.spans import TRACE_ID, span
from ansible_collections.traceops.tracing.tests.unit.tempo.test_trace_formats import as_json as trace_json

SPANS = [span("checkout", kind="server"), span("charge", parent="lost", service="billing")]
V1, V2 = f"/api/traces/{TRACE_ID}", f"/api/v2/traces/{TRACE_ID}"
WHOLE_V1 = as_json(trace_json(SPANS, root="batches"))
WHOLE_V2 = as_json({"trace": trace_json(SPANS), "metrics": {}})
NONE_V2 = as_json({"trace": {}, "metrics": {}})


def run(url: str, clock: FakeClock | None = None, **given: t.Any) -> dict[str, t.Any]:
    return tempo_trace.run(options(tempo_trace, tempo_url=url, **{"trace_id": TRACE_ID, **given}), clock or FakeClock())


@pytest.mark.parametrize(("version", "path"), [("2.3.1", V1), ("2.7.2", V2), ("2.10.8", V2), ("3.0.3", V2)])
def test_a_trace_is_read_by_the_api_of_the_version(version: str, path: str) -> None:
    with tempo({V1: WHOLE_V1, V2: WHOLE_V2}, version) as (url, asked):
        result = run(url)
    assert asked[-1].path == path
    assert asked[-1].headers["accept"] == "application/protobuf"
    assert result["ok"]
    assert result["message"] == (f"trace {TRACE_ID}: 2 spans of 2 services, 1 root, 1 orphan (1 parent never arrived)")
    assert (result["orphan_count"], result["complete"]) == (1, False)


def test_a_gateway_that_lets_only_the_first_api_pass_is_understood() -> None:
    with tempo({V1: WHOLE_V1}) as (url, _asked):
        assert run(url)["span_count"] == 2


def test_a_short_id_is_padded_and_case_does_not_matter() -> None:
    padded = "0af7651916cd43dd8448eb211c80319c"
    with tempo({f"/api/v2/traces/{padded}": WHOLE_V2}) as (url, _asked):
        assert run(url, trace_id="AF7651916CD43DD8448EB211C80319C")["trace_id"] == padded


@pytest.mark.parametrize(
    ("version", "routes"),
    [
        ("2.3.1", {V1: as_text("trace not found", 404)}),
        ("2.10.8", {V2: NONE_V2}),
        ("2.10.8", {V1: Answer(404, {}, b"")}),
    ],
)
def test_a_missing_trace_is_said_in_each_versions_way(version: str, routes: dict[str, Answer]) -> None:
    with tempo(routes, version) as (url, _asked):
        failure = failure_of(tempo_trace, tempo_url=url, trace_id=TRACE_ID)
    assert failure.cause == "trace_not_found"
    assert failure.message == f"{url} has no trace {TRACE_ID}"
    assert (failure.result["span_count"], failure.result["trace_id"]) == (0, TRACE_ID)


def test_it_waits_for_a_trace_that_is_on_its_way() -> None:
    answers = iter([NONE_V2, NONE_V2, WHOLE_V2])
    with tempo({V2: lambda request: next(answers)}) as (url, _asked):
        result = run(url, wait_timeout=5)
    assert (result["attempts"], result["span_count"]) == (3, 2)


def test_a_partial_trace_is_told() -> None:
    answer = as_json({"trace": trace_json(SPANS), "status": "PARTIAL", "message": "Trace exceeds maximum size"})
    with tempo({V2: answer}) as (url, _asked):
        result = run(url)
    assert result["partial"]
    assert result["message"].endswith("; Tempo left spans out because the trace is too large")


@pytest.mark.parametrize(
    ("answer", "cause", "words"),
    [
        (as_text("no org id\n", 401), "tenant_missing", "this Tempo is multi-tenant, give it a tenant"),
        (as_text("trace exceeds max size", 422), "trace_too_large", "answered 422"),
        (
            as_text("response larger than the max (21769722 vs 16777216)", 500),
            "trace_too_large",
            "21769722 vs 16777216",
        ),
        (as_text("oops", 500), "http_status", "answered 500: 'oops'"),
        (as_json({"hello": 1}), "not_tempo", "not the JSON of a trace"),
        (as_text("<html>"), "not_tempo", "bytes of text/plain"),
        (Answer(302, {"Location": "http://login"}, b""), "not_tempo", "answered 302"),
    ],
)
def test_an_answer_without_a_trace_has_its_cause(answer: Answer, cause: str, words: str) -> None:
    with tempo({V1: answer, V2: answer}) as (url, _asked):
        failure = failure_of(tempo_trace, tempo_url=url, trace_id=TRACE_ID)
    assert failure.cause == cause
    assert words in failure.message


@pytest.mark.parametrize("trace_id", ["", "xyz", "0" * 32, "1" * 33, "4bf92f35-77b3-4da6"])
def test_what_is_no_trace_id_is_refused_before_anything_is_asked(trace_id: str) -> None:
    failure = failure_of(tempo_trace, tempo_url="http://127.0.0.1:1", trace_id=trace_id)
    assert failure.cause == "bad_option"
    assert failure.message.startswith("trace_id: '")


def test_the_result_is_plain_json_with_the_same_keys_on_failure() -> None:
    with tempo({V2: WHOLE_V2}) as (url, _asked):
        result = run(url)
        failure = failure_of(tempo_trace, tempo_url=url, trace_id="1")
    assert json.loads(json.dumps(result)) == result
    assert failure.result.keys() == result.keys()


def test_tenant_and_token_go_along() -> None:
    def guarded(request: Asked) -> Answer:
        allowed = request.headers.get("x-scope-orgid") == "team-a" and request.headers["authorization"] == "Bearer t0k"
        return WHOLE_V2 if allowed else as_text("no org id", 401)

    with tempo({V2: guarded}) as (url, _asked):
        assert run(url, tenant="team-a", token="t0k")["ok"]
