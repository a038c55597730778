# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canary spans as OTLP protobuf and JSON, and the answers back: no package is needed on a host.

Field numbers: opentelemetry-proto 1.5, trace/v1/trace.proto and collector/trace/v1/trace_service.proto;
they are stable since 1.0.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

Attributes = t.Mapping[str, t.Union[str, bool, int, float]]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_KIND_INTERNAL = 1


@dataclasses.dataclass(frozen=True)
class Span:
    """One canary. Ids are raw bytes (16, 8, and 8 or 0 for the parent), times nanoseconds since 1970."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    start: int
    end: int
    attributes: Attributes


def to_protobuf(resource: Attributes, spans: t.Sequence[Span]) -> bytes:
    """An ExportTraceServiceRequest with all `spans` under one resource."""
    scope = _message(1, _string(1, "traceops.tracing"))
    body = b"".join(_message(2, _span(span)) for span in spans)
    resource_spans = _message(1, _attributes(1, resource)) + _message(2, scope + body)
    return _message(1, resource_spans)


def to_json(resource: Attributes, spans: t.Sequence[Span]) -> bytes:
    """The same request as OTLP/JSON: ids in hex, 64-bit numbers as strings."""
    request = {
        "resourceSpans": [
            {
                "resource": {"attributes": _json_attributes(resource)},
                "scopeSpans": [{"scope": {"name": "traceops.tracing"}, "spans": [_json_span(span) for span in spans]}],
            }
        ]
    }
    return json.dumps(request).encode()


def _span(span: Span) -> bytes:
    return (
        _bytes(1, span.trace_id)
        + _bytes(2, span.span_id)
        + (_bytes(4, span.parent_id) if span.parent_id else b"")
        + _string(5, span.name)
        + _varint_field(6, _KIND_INTERNAL)
        + _fixed64(7, span.start)
        + _fixed64(8, span.end)
        + _attributes(9, span.attributes)
    )


def _json_span(span: Span) -> t.Dict[str, t.Any]:
    parent = {"parentSpanId": span.parent_id.hex()} if span.parent_id else {}
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        **parent,
        "name": span.name,
        "kind": _KIND_INTERNAL,
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(span.end),
        "attributes": _json_attributes(span.attributes),
    }


def _attributes(number: int, attributes: Attributes) -> bytes:
    return b"".join(
        _message(number, _string(1, key) + _message(2, _any_value(value))) for key, value in attributes.items()
    )


def _any_value(value: t.Union[str, bool, int, float]) -> bytes:
    if isinstance(value, bool):
        return _varint_field(2, int(value))
    if isinstance(value, int):
        return _varint_field(3, value & 0xFFFFFFFFFFFFFFFF)
    if isinstance(value, float):
        import struct

        return _key(4, _FIXED64) + struct.pack("<d", value)
    return _string(1, value)


def _json_attributes(attributes: Attributes) -> t.List[t.Dict[str, t.Any]]:
    return [{"key": key, "value": _json_value(value)} for key, value in attributes.items()]


def _json_value(value: t.Union[str, bool, int, float]) -> t.Dict[str, t.Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": value}


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _varint_field(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value)


def _fixed64(number: int, value: int) -> bytes:
    return _key(number, _FIXED64) + value.to_bytes(8, "little")


def _bytes(number: int, value: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(value)) + value


def _string(number: int, value: str) -> bytes:
    return _bytes(number, value.encode("utf-8", "replace"))


_message = _bytes


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a body says: of a success the rejected spans, of a failure the status code; both have a text."""

    rejected: int = 0
    code: int = 0
    text: str = ""


def parse_success(body: bytes, is_json: bool) -> Answer:
    """An ExportTraceServiceResponse; ValueError when `body` is something else."""
    if is_json:
        answer = _json_object(json.loads(body or b"{}"))
        if answer and "partialSuccess" not in answer:
            raise ValueError("not an ExportTraceServiceResponse")  # a health check, say, is JSON as well
        fields = _json_object(answer.get("partialSuccess") or {})
        rejected = fields.get("rejectedSpans") or 0
        if not isinstance(rejected, (int, str)):
            raise ValueError("rejectedSpans is no number")
        return Answer(rejected=int(rejected), text=str(fields.get("errorMessage") or ""))
    found = _fields(body)
    partial_success = found.get(1, b"")
    if not isinstance(partial_success, bytes) or set(found) - {1}:
        raise ValueError("not an ExportTraceServiceResponse")
    inner = _fields(partial_success)
    return Answer(rejected=_int(inner.get(1, 0)), text=_str(inner.get(2, b"")))


def parse_status(body: bytes, is_json: bool) -> Answer:
    """A google.rpc.Status, which OTLP/HTTP sends with 4xx and 5xx; ValueError when `body` is something else."""
    if is_json:
        fields = _json_object(json.loads(body))
        code = fields.get("code") or 0
        return Answer(code=code if isinstance(code, int) else 0, text=str(fields.get("message") or ""))
    found = _fields(body)
    return Answer(code=_int(found.get(1, 0)), text=_str(found.get(2, b"")))


def _json_object(value: t.Any) -> t.Dict[str, t.Any]:
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _int(value: t.Union[int, bytes]) -> int:
    if not isinstance(value, int):
        raise ValueError("not a number")
    return value


def _str(value: t.Union[int, bytes]) -> str:
    if not isinstance(value, bytes):
        raise ValueError("not a string")
    return value.decode("utf-8", "replace")


def _fields(data: bytes) -> t.Dict[int, t.Union[int, bytes]]:
    """The fields of a protobuf message, the last of each number; ValueError when it is none."""
    fields: t.Dict[int, t.Union[int, bytes]] = {}
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ValueError("field number 0")
        if wire == _VARINT:
            fields[number], at = _read_varint(data, at)
            continue
        if wire == _BYTES:
            size, at = _read_varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(data):
            raise ValueError("a field runs over the end")
        fields[number] = data[at : at + size]
        at += size
    return fields


def _read_varint(data: bytes, at: int) -> t.Tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("not a varint")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
