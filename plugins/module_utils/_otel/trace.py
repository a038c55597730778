# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces as Tempo sends them: OTLP as JSON or protobuf, reduced to what linkage needs while it is read.

Attributes, events and links are skipped, so a trace of 100,000 spans costs tens of megabytes, not hundreds.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import typing as t


class Span(t.NamedTuple):
    """One span. Ids are lower-case hex, `parent_id` is '' for a root; times are nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str  # internal, server, client, producer, consumer or unspecified
    start_ns: int
    end_ns: int
    error: bool
    service: str  # resource attribute service.name, '' when the resource has none


class Trace(t.NamedTuple):
    """A trace as answered; `partial` when the server says that it left spans out, with its `message`."""

    spans: t.List[Span]
    partial: bool = False
    message: str = ""


class MalformedTrace(Exception):
    """The bytes are not a trace in the form that their content type promises."""


KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")


def parse_trace(body: bytes, content_type: str, wrapped: bool) -> Trace:
    """The trace in `body`; `wrapped` for the v2 API, which puts it next to a status.

    A v2 answer without a trace (`{"trace": {}}`) is a Trace without spans.
    """
    if content_type == "application/protobuf":
        return _from_protobuf(body, wrapped)
    return _from_json(body, wrapped)


# JSON: spans are reduced by the parser's hook as soon as each is complete, so their attributes never pile up.


class _Reduced(t.NamedTuple):
    fields: t.Tuple[str, str, str, str, str, int, int, bool]


def _from_json(body: bytes, wrapped: bool) -> Trace:
    try:
        document = json.loads(body, object_hook=_reduce)
    except (ValueError, RecursionError) as error:
        raise MalformedTrace(f"not the JSON of a trace ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise MalformedTrace("not the JSON of a trace (no object)")
    trace = document.get("trace") if wrapped else document
    if not isinstance(trace, dict):
        raise MalformedTrace("not the JSON of a trace (no key 'trace')")
    spans: t.List[Span] = []
    for batch in _dicts(trace.get("resourceSpans") or trace.get("batches")):
        service = _service_name(batch.get("resource"))
        for scope in _dicts(batch.get("scopeSpans") or batch.get("instrumentationLibrarySpans")):
            for span in scope.get("spans") or ():
                if not isinstance(span, _Reduced):
                    raise MalformedTrace("not the JSON of a trace (a span without an id)")
                spans.append(Span(*span.fields, service))
    return Trace(spans, document.get("status") == "PARTIAL", str(document.get("message") or ""))


def _reduce(found: t.Dict[str, t.Any]) -> t.Any:
    if "spanId" not in found or ("startTimeUnixNano" not in found and "name" not in found):
        return found
    try:
        status, kind = found.get("status"), found.get("kind")
        code = status.get("code") if isinstance(status, dict) else None
        return _Reduced(
            (
                _hex_id(found.get("traceId", ""), 16),
                _hex_id(found["spanId"], 8),
                _hex_id(found.get("parentSpanId", ""), 8),
                str(found.get("name", "")),
                _kind(kind),
                int(found.get("startTimeUnixNano") or 0),
                int(found.get("endTimeUnixNano") or 0),
                code in ("STATUS_CODE_ERROR", 2),
            )
        )
    except (TypeError, ValueError, binascii.Error):
        raise MalformedTrace("not the JSON of a trace (a span with an odd id or time)") from None


def _hex_id(given: str, size: int) -> str:
    """Hex of an id that is base64 (Tempo) or already hex (OTLP/JSON, Tempo's format for language models)."""
    if len(given) == 2 * size:
        return given.lower()
    return base64.b64decode(given, validate=True).hex()


def _kind(given: t.Any) -> str:
    if isinstance(given, int):
        return KINDS[given] if 0 <= given < len(KINDS) else KINDS[0]
    return str(given).replace("SPAN_KIND_", "").lower() if given else KINDS[0]


def _dicts(found: t.Any) -> t.Iterator[t.Dict[str, t.Any]]:
    if not isinstance(found, list):
        return
    for item in found:
        if isinstance(item, dict):
            yield item


def _service_name(resource: t.Any) -> str:
    for attribute in _dicts(resource.get("attributes") if isinstance(resource, dict) else None):
        if attribute.get("key") == "service.name" and isinstance(attribute.get("value"), dict):
            return str(attribute["value"].get("stringValue", ""))
    return ""


# Protobuf: TracesData as in opentelemetry-proto 1.x (trace.proto) and Tempo's TraceByIDResponse (tempo.proto, 2.10).
# Read here, not by a library: a host needs no package for it, and skipping what is not wanted is most of the speed.

MAX_SPANS = 1_000_000  # an empty span is two bytes: a body within its bound may hold too many to look at
_NOTHING = memoryview(b"")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def _from_protobuf(body: bytes, wrapped: bool) -> Trace:
    view = memoryview(body)
    try:
        if not wrapped:
            return Trace(_spans(view))
        spans: t.List[Span] = []
        partial, message = False, ""
        for number, value in _fields(view):
            if number == 1:
                spans += _spans(_chunk(value))
            elif number == 3:
                partial = value == 1
            elif number == 4:
                message = _text(value)
        return Trace(spans, partial, message)
    except (IndexError, ValueError, TypeError):
        raise MalformedTrace("not the protobuf of a trace") from None


def _spans(trace: memoryview) -> t.List[Span]:
    spans: t.List[Span] = []
    for number, batch in _fields(trace):
        if number != 1:
            continue
        # Twice over the fields: nothing says that the resource comes before its spans.
        resources = (value for inner, value in _fields(_chunk(batch)) if inner == 1)
        service = _resource_service(_chunk(next(resources, _NOTHING)))
        for inner, scope in _fields(_chunk(batch)):
            if inner not in (2, 1000):  # 1000: instrumentationLibrarySpans of OTLP before 0.15
                continue
            found = (_span(_chunk(value), service) for inner, value in _fields(_chunk(scope)) if inner == 2)
            spans.extend(itertools.islice(found, MAX_SPANS + 1 - len(spans)))
            if len(spans) > MAX_SPANS:
                raise ValueError("too many spans")
    return spans


def _span(body: memoryview, service: str) -> Span:
    trace_id = span_id = parent_id = name = ""
    kind = start = end = 0
    error = False
    for number, value in _fields(body):
        if number == 1:
            trace_id = _chunk(value).hex()
        elif number == 2:
            span_id = _chunk(value).hex()
        elif number == 4:
            parent_id = _chunk(value).hex()
        elif number == 5:
            name = _text(value)
        elif number == 6:
            kind = _number(value)
        elif number == 7:
            start = _number(value)
        elif number == 8:
            end = _number(value)
        elif number == 15:
            error = any(inner == 3 and code == 2 for inner, code in _fields(_chunk(value)))
    return Span(trace_id, span_id, parent_id, name, _kind(kind), start, end, error, service)


def _resource_service(resource: memoryview) -> str:
    for number, attribute in _fields(resource):
        if number != 1:
            continue
        pair = dict(_fields(_chunk(attribute)))
        if 1 in pair and _text(pair[1]) == "service.name":
            value = dict(_fields(_chunk(pair.get(2, _NOTHING))))
            return _text(value[1]) if 1 in value else ""
    return ""


_Value = t.Union[int, memoryview]


def _chunk(value: _Value) -> memoryview:
    if isinstance(value, int):
        raise TypeError("a number where a message belongs")
    return value


def _number(value: _Value) -> int:
    if not isinstance(value, int):
        raise TypeError("a message where a number belongs")
    return value


def _text(value: _Value) -> str:
    return bytes(_chunk(value)).decode("utf-8", "replace")


def _fields(body: memoryview) -> t.Iterator[t.Tuple[int, _Value]]:
    """(field number, value) of each field; a value is a number or the bytes of a string or message."""
    at, size = 0, len(body)
    while at < size:
        key, at = _varint(body, at)
        wire = key & 7
        if wire == _BYTES:
            length, at = _varint(body, at)
            after = at + length
            if after > size:
                raise ValueError("a field longer than its message")
            yield key >> 3, body[at:after]
            at = after
        elif wire == _VARINT:
            number, at = _varint(body, at)
            yield key >> 3, number
        elif wire in (_FIXED64, _FIXED32):
            after = at + (8 if wire == _FIXED64 else 4)
            if after > size:
                raise ValueError("a number cut short")
            yield key >> 3, int.from_bytes(body[at:after], "little")
            at = after
        else:
            raise ValueError("an unknown wire type")


def _varint(body: memoryview, at: int) -> t.Tuple[int, int]:
    byte = body[at]
    at += 1
    if byte < 0x80:
        return byte, at
    result, shift = byte & 0x7F, 7
    while True:
        byte = body[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7
        if shift > 63:
            raise ValueError("a number too long")
