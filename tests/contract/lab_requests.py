"""The OTLP bodies behind the recorded exchanges, which hold no request bodies, by what their notes say."""

from __future__ import annotations

import json
import re

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

LINKED = "4bf92f3577b34da6a3ce929d0e0e4736"
ORPHAN = "0af7651916cd43dd8448eb211c80319c"
_MS = 1_000_000
_DAY = 86_400_000 * _MS


def _add(request: ExportTraceServiceRequest, service: str, spans: list[Span]) -> ExportTraceServiceRequest:
    batch = request.resource_spans.add()
    batch.resource.attributes.add(key="service.name").value.string_value = service
    batch.scope_spans.add().spans.extend(spans)
    return request


def _span(trace: str, span: str, start: int, duration: int, **more: object) -> Span:
    return Span(
        trace_id=bytes.fromhex(trace),
        span_id=bytes.fromhex(span),
        start_time_unix_nano=start,
        end_time_unix_nano=start + duration,
        **more,  # type: ignore[arg-type]
    )


def linked(now: int) -> ExportTraceServiceRequest:
    """Three spans of one trace over two services; `now` in nanoseconds since the epoch."""
    first, second, third = "00f067aa0ba902b7", "00f067aa0ba902b8", "00f067aa0ba902b9"
    root = _span(LINKED, first, now, 5 * _MS, name="process:market_data", kind=Span.SPAN_KIND_SERVER)
    root.attributes.add(key="job").value.string_value = "market_data"
    failed = Status(code=Status.STATUS_CODE_ERROR)
    child = {"kind": Span.SPAN_KIND_INTERNAL, "parent_span_id": bytes.fromhex(first), "status": failed}
    query = _span(LINKED, second, now + _MS, 2 * _MS, name="sql_query:select", **child)
    remote = {"kind": Span.SPAN_KIND_SERVER, "parent_span_id": bytes.fromhex(second)}
    get = _span(LINKED, third, now + 3 * _MS // 2, _MS, name="GET /quotes", **remote)
    request = _add(ExportTraceServiceRequest(), "velo-sql-app.sql", [root, query])
    return _add(request, "downstream-http", [get])


def from_sdk(now: int) -> ExportTraceServiceRequest:
    """What the recorded Grafanas looked at: two spans from the Python SDK."""
    parent = "00f067aa0ba902b7"
    root = _span(LINKED, parent, now, 4 * _MS, name="process", kind=Span.SPAN_KIND_INTERNAL, flags=256)
    child = _span(LINKED, "00f067aa0ba902b8", now, _MS, name="child", kind=Span.SPAN_KIND_INTERNAL, flags=256)
    child.parent_span_id = bytes.fromhex(parent)
    request = _add(ExportTraceServiceRequest(), "velostream", [root, child])
    for name in ("telemetry.sdk.language", "telemetry.sdk.name", "telemetry.sdk.version", "service.instance.id"):
        request.resource_spans[0].resource.attributes.add(key=name).value.string_value = "x"
    request.resource_spans[0].scope_spans[0].scope.name = "x"
    return request


def orphan(now: int) -> ExportTraceServiceRequest:
    parent = bytes.fromhex("b7ad6b7169203339")
    span = _span(ORPHAN, "b7ad6b7169203331", now, 3 * _MS, name="charge", parent_span_id=parent)
    span.kind = Span.SPAN_KIND_SERVER
    return _add(ExportTraceServiceRequest(), "billing", [span])


def single(service: str, trace: str, start: int, spans: int = 1, padding: int = 0) -> ExportTraceServiceRequest:
    made = [_span(trace, f"{n + 1:016x}", start, _MS, name="t" + "x" * padding) for n in range(spans)]
    return _add(ExportTraceServiceRequest(), service, made)


def body(note: str, now: int) -> bytes:
    """The protobuf (or JSON) body of a recorded OTLP/HTTP request."""
    if note == "OTLP JSON":
        span = {"traceId": "5" * 32, "spanId": "6" * 16, "name": "json", "kind": 1}
        span.update(startTimeUnixNano=str(now), endTimeUnixNano=str(now + _MS))
        service = {"key": "service.name", "value": {"stringValue": "json-svc"}}
        scope = {"scope": {}, "spans": [span]}
        return json.dumps({"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [scope]}]}).encode()
    if note == "garbage body":
        return b"garbage"
    if note == "empty request":
        return b""
    return message(note, now).SerializeToString()


def message(note: str, now: int) -> ExportTraceServiceRequest:
    if note == "over the burst size":
        return single("many", "7" * 32, now, spans=40, padding=120)
    live = re.match(r"live trace (\d+)", note)
    if live:
        return single("many", f"{int(live.group(1)):032x}", now)
    if note.startswith("part "):
        return single("big", "1" * 32, now, spans=5, padding=115)
    return {
        "a trace whose only span names a parent that never arrives": lambda: orphan(now),
        "all-zero ids": lambda: single("zero", "0" * 32, now),
        "2-byte trace id": lambda: single("short", "abcd", now),
        "a span one day in the future": lambda: single("future", "8" * 32, now + _DAY),
        "a span thirty days old": lambda: single("past", "9" * 32, now - 30 * _DAY),
        "a span that starts now": lambda: single("canary-svc", "c" * 32, now),
    }.get(note, lambda: linked(now))()
