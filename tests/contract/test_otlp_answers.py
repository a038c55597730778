"""What real Tempos answered to OTLP exports, served again, and the causes that the probe finds in it."""

from __future__ import annotations

import base64
import json
import typing as t

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.contract.replay import RECORDINGS, Answer, Asked, serving
from ansible_collections.traceops.tracing.tests.unit.otlp.test_grpc_answers import aborts, receiver

TEMPOS = ("tempo-2.3.1", "tempo-2.10.8", "tempo-3.0.3")

# (state, note) of a recorded POST, and the cause; a tuple has those of 2.3.1, 2.10.8 and 3.0.3.
CAUSES: dict[tuple[str, str], str | tuple[str, str, str]] = {
    ("otlp", "a linked trace over two services"): "ok",
    ("otlp", "OTLP JSON"): "ok",
    ("otlp", "empty request"): "ok",
    ("otlp", "wrong path"): "path_not_found",
    ("otlp", "wrong path /api/traces"): "path_not_found",
    ("otlp", "wrong content type"): "unsupported_media_type",
    ("otlp", "garbage body"): "invalid_data",
    ("otlp", "all-zero ids"): ("server_error", "invalid_data", "invalid_data"),
    ("otlp", "2-byte trace id"): "invalid_data",
    ("otlp", "a span one day in the future"): "ok",
    ("otlp", "a span thirty days old"): "ok",
    ("just-ingested", "a span that starts now"): "ok",
    ("multitenant", "no tenant header"): "tenant_missing",
    ("multitenant", "tenant team-a"): "ok",
    ("limits", "over the burst size"): "rate_limited",
    ("limits", "live trace 1 of 12, limit 5"): "ok",
    # From 2.7 on spans over these limits are dropped behind a 200: only verification can tell.
    ("limits", "live trace 7 of 12, limit 5"): ("limit_exceeded", "ok", "ok"),
    ("limits", "live trace 12 of 12, limit 5"): "ok",
    ("limits", "part 1 of a trace over max_bytes_per_trace"): "ok",
    ("limits", "part 2 of a trace over max_bytes_per_trace"): ("limit_exceeded", "ok", "ok"),
    ("limits", "part 3 of a trace over max_bytes_per_trace"): ("limit_exceeded", "ok", "ok"),
    ("limits", "part 4 of a trace over max_bytes_per_trace"): ("limit_exceeded", "ok", "ok"),
}
# The same of an export over gRPC.
GRPC_CAUSES = {
    ("otlp", "a trace whose only span names a parent that never arrives"): "ok",
    ("otlp", "gRPC sent to the OTLP/HTTP port"): "connection_reset",  # grpcio's words; the probe itself asks first
    ("otlp", "gRPC sent to the query port 3200"): "connection_reset",
    ("multitenant", "no tenant header"): "tenant_missing",
    ("multitenant", "tenant team-a"): "ok",
    ("limits", "over the burst size"): "rate_limited",
}


class Recorded(t.NamedTuple):
    where: tuple[str, str]
    answer: Answer


def exchanges(recording: str) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = json.loads((RECORDINGS / f"{recording}.json").read_text(encoding="utf-8"))[
        "exchanges"
    ]
    return found


def posts(recording: str) -> list[Recorded]:
    found = []
    for item in exchanges(recording):
        asked, answer = item.get("request", {}), item.get("response", {})
        if asked.get("method") == "POST" and asked.get("port") == "otlp_http" and "status" in answer:
            body = (
                base64.b64decode(answer["body_base64"]) if "body_base64" in answer else answer["body"].encode("latin-1")
            )
            where = (item["state"], item["note"])
            found.append(Recorded(where, Answer(answer["status"], answer["headers"], body)))
    return found


CASES = [
    pytest.param(
        recorded.answer, expected if isinstance(expected, str) else expected[index], id=f"{tempo}-{recorded.where[1]}"
    )
    for index, tempo in enumerate(TEMPOS)
    for recorded in posts(tempo)
    for expected in [CAUSES[recorded.where]]
]


@pytest.mark.parametrize(("answer", "cause"), CASES)
def test_a_recorded_answer_and_its_cause(answer: Answer, cause: str) -> None:
    def replay(asked: Asked) -> Answer:
        return answer if asked.method == "POST" else Answer(405, {"Content-Type": "text/plain"}, b"405")

    with serving(replay) as (url, _asked):
        seen = ask(url)
    assert seen["cause"] == cause
    assert seen["phases"]["export"]["status"] == answer.status
    assert seen["message"].startswith(f"{url}/v1/traces ")


@pytest.mark.parametrize("tempo", TEMPOS)
def test_every_case_was_recorded_with_every_version(tempo: str) -> None:
    assert CAUSES.keys() == {recorded.where for recorded in posts(tempo)}


def accepts(_request: bytes, _context: grpc.ServicerContext) -> bytes:
    return ExportTraceServiceResponse().SerializeToString()


@pytest.mark.parametrize("tempo", TEMPOS)
def test_a_recorded_answer_over_grpc_and_its_cause(tempo: str) -> None:
    calls = [item for item in exchanges(tempo) if item.get("request", {}).get("method", "").startswith("gRPC ")]
    causes = {}
    for item in calls:
        status, details = item["response"]["grpc_status"], item["response"].get("details", "")
        with receiver(accepts if status == "OK" else aborts(grpc.StatusCode[status], details)) as where:
            causes[(item["state"], item["note"])] = ask(where)["cause"]
    assert causes == GRPC_CAUSES


def test_when_to_come_back_is_taken_from_tempo_3() -> None:
    (answer,) = (r.answer for r in posts("tempo-3.0.3") if r.where == ("limits", "over the burst size"))
    with serving(lambda asked: answer if asked.method == "POST" else None) as (url, _asked):
        export = ask(url, protocol="http/protobuf")["phases"]["export"]
    assert export["retry_after"] == "5"
    assert export["said"].startswith("RATE_LIMITED: batch size (6313 bytes) exceeds ingestion limit")
