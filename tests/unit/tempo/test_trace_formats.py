"""A trace is the same in JSON and protobuf, of the first API and the second."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from opentelemetry.proto.trace.v1 import trace_pb2

from ansible_collections.traceops.tracing.plugins.module_utils._otel import trace as _trace
from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import (
    MalformedTrace,
    Span,
    Trace,
    parse_trace,
)
from ansible_collections.traceops.tracing.tests.unit.tempo.spans import TRACE_ID, span

JSON, PROTOBUF = "application/json", "application/protobuf"
SPANS = [
    span("checkout", kind="server", service="shop"),
    span("sql ü", parent="checkout", start_ms=1.5, kind="client", error=True, service="shop"),
    span("charge", parent="checkout", kind="unspecified", service=""),
]


def as_json(spans: list[Span], ids: str = "base64", root: str = "resourceSpans", scope: str = "scopeSpans") -> t.Any:
    def coded(text: str) -> str:
        return text if ids == "hex" else base64.b64encode(bytes.fromhex(text)).decode()

    def one(item: Span) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {
            "traceId": coded(item.trace_id),
            "spanId": coded(item.span_id),
            "name": item.name,
            "startTimeUnixNano": str(item.start_ns),
            "endTimeUnixNano": str(item.end_ns),
            "attributes": [{"key": "spanId", "value": {"stringValue": "x"}}],
            "events": [{"name": "retry", "timeUnixNano": "1"}],
            "links": [{"traceId": coded(TRACE_ID), "spanId": coded("00f067aa0ba902b7")}],
            "status": {"code": "STATUS_CODE_ERROR"} if item.error else {},
        }
        if item.parent_id:
            found["parentSpanId"] = coded(item.parent_id)
        if item.kind != "unspecified":
            found["kind"] = f"SPAN_KIND_{item.kind.upper()}"
        return found

    return {
        root: [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": item.service}}]}
                if item.service
                else {},
                scope: [{"scope": {}, "spans": [one(item)]}],
            }
            for item in spans
        ]
    }


def as_protobuf(spans: list[Span]) -> bytes:
    data = trace_pb2.TracesData()
    for item in spans:
        batch = data.resource_spans.add()
        other = batch.resource.attributes.add(key="host.name")
        other.value.string_value = "app01"
        if item.service:
            attribute = batch.resource.attributes.add(key="service.name")
            attribute.value.string_value = item.service
        found = batch.scope_spans.add().spans.add(
            trace_id=bytes.fromhex(item.trace_id),
            span_id=bytes.fromhex(item.span_id),
            parent_span_id=bytes.fromhex(item.parent_id),
            name=item.name,
            kind=("unspecified", "internal", "server", "client").index(item.kind),
            start_time_unix_nano=item.start_ns,
            end_time_unix_nano=item.end_ns,
            flags=257,
        )
        found.attributes.add(key="n").value.int_value = -1
        found.events.add(name="retry", time_unix_nano=1)
        found.status.message = "m"
        found.status.code = 2 if item.error else 0
    return data.SerializeToString()


def wrapped_protobuf(trace: bytes, *after: bytes) -> bytes:
    return field(1, trace) + b"".join(after)


def field(number: int, body: bytes) -> bytes:
    """`body` as a field of a message."""
    size, length = len(body), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + body


@pytest.mark.parametrize(
    ("body", "content_type", "wrapped"),
    [
        (json.dumps(as_json(SPANS, root="batches")).encode(), JSON, False),
        (json.dumps({"trace": as_json(SPANS), "metrics": {}}).encode(), JSON, True),
        (json.dumps({"trace": as_json(SPANS, ids="hex")}).encode(), JSON, True),
        (json.dumps(as_json(SPANS, root="batches", scope="instrumentationLibrarySpans")).encode(), JSON, False),
        (as_protobuf(SPANS), PROTOBUF, False),
        (wrapped_protobuf(as_protobuf(SPANS), b"\x12\x00"), PROTOBUF, True),
    ],
    ids=["v1", "v2", "hex ids", "old scope name", "v1 protobuf", "v2 protobuf"],
)
def test_every_form_gives_the_same_spans(body: bytes, content_type: str, wrapped: bool) -> None:
    assert parse_trace(body, content_type, wrapped) == Trace(SPANS)


def test_a_partial_trace_says_so_in_both_forms() -> None:
    words = "Trace exceeds maximum size of 10 bytes, a partial trace is returned"
    document = {"trace": as_json(SPANS), "status": "PARTIAL", "message": words}
    assert parse_trace(json.dumps(document).encode(), JSON, True) == Trace(SPANS, True, words)
    message = b"\x22" + bytes([len(words)]) + words.encode()
    body = wrapped_protobuf(as_protobuf(SPANS), b"\x18\x01", message)
    assert parse_trace(body, PROTOBUF, True) == Trace(SPANS, True, words)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b'{"trace":{}}', JSON), (b'{"trace":{},"metrics":{}}', JSON), (b"", PROTOBUF), (b"\x0a\x00\x12\x00", PROTOBUF)],
)
def test_an_answer_without_a_trace_has_no_spans(body: bytes, content_type: str) -> None:
    assert parse_trace(body, content_type, True) == Trace([])


def test_more_spans_than_anyone_can_look_at_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_trace, "MAX_SPANS", 1000)
    body = field(1, field(2, b"\x12\x00" * 1001))
    with pytest.raises(MalformedTrace):
        parse_trace(body, PROTOBUF, wrapped=False)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", JSON),
        (b"<html>", JSON),
        (b"[]", JSON),
        (b'{"traces":[]}', JSON),
        (b'{"trace":{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"no id"}]}]}]}}', JSON),
        (b'{"trace":{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x","spanId":"?"}]}]}]}}', JSON),
        (b'{"trace":{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x","spanId":7}]}]}]}}', JSON),
        (b"[" * 200_000, JSON),
        (b"404 page not found", PROTOBUF),
        (as_protobuf(SPANS)[:-3], PROTOBUF),
        (b"\xff" * 64, PROTOBUF),
        (b"\x0a\xff\xff\xff\xff\x0f", PROTOBUF),
        (b"\x08", PROTOBUF),
        (b"\x08\x01", PROTOBUF),
    ],
)
def test_bytes_that_are_no_trace_are_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(MalformedTrace):
        parse_trace(body, content_type, wrapped=content_type == JSON)
