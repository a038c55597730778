"""The encoder by hand against OpenTelemetry's own messages, and the answers it has to understand."""

from __future__ import annotations

import base64
import json

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.encode import (
    Answer,
    Span,
    parse_status,
    parse_success,
    to_json,
    to_protobuf,
)

ATTRIBUTES = {"text": "ü", "yes": True, "count": -3, "big": 2**40, "half": 0.5, "empty": ""}
SPAN = Span(
    bytes(range(16)),
    b"12345678",
    b"abcdefgh",
    "canary",
    1_795_400_000_000_000_000,
    1_795_400_000_001_000_000,
    ATTRIBUTES,
)
ROOT = Span(bytes(range(1, 17)), b"12345679", b"", "canary", 1, 2, {})


def as_proto_json(request: ExportTraceServiceRequest) -> dict[str, object]:
    return json_format.MessageToDict(request)


def test_protobuf_is_what_opentelemetry_reads() -> None:
    request = ExportTraceServiceRequest.FromString(to_protobuf({"service.name": "canary"}, [SPAN, ROOT]))
    (resource_spans,) = request.resource_spans
    assert resource_spans.resource.attributes[0].value.string_value == "canary"
    child, root = resource_spans.scope_spans[0].spans
    assert (child.trace_id, child.span_id, child.parent_span_id) == (SPAN.trace_id, SPAN.span_id, SPAN.parent_id)
    assert (child.name, child.kind) == ("canary", 1)
    assert (child.start_time_unix_nano, child.end_time_unix_nano) == (SPAN.start, SPAN.end)
    values = {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in child.attributes}
    assert values == ATTRIBUTES
    assert root.parent_span_id == b""


def test_json_says_the_same_as_protobuf() -> None:
    resource = {"service.name": "canary"}
    by_json = json.loads(to_json(resource, [SPAN, ROOT]))
    for span in by_json["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in {"traceId", "spanId", "parentSpanId"} & span.keys():
            # OTLP/JSON has ids in hex, where protobuf's own JSON has base64.
            span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    parsed = json_format.ParseDict(by_json, ExportTraceServiceRequest())
    assert parsed == ExportTraceServiceRequest.FromString(to_protobuf(resource, [SPAN, ROOT]))


@given(
    st.dictionaries(
        st.text(), st.text() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    )
)
@settings(max_examples=60, deadline=None)
def test_any_attributes_arrive_as_they_are(attributes: dict[str, str | bool | int | float]) -> None:
    attributes = {
        k: v for k, v in attributes.items() if k.isprintable() and (not isinstance(v, str) or v.isprintable())
    }
    span = Span(b"t" * 16, b"s" * 8, b"", "n", 1, 2, attributes)
    sent = ExportTraceServiceRequest.FromString(to_protobuf({}, [span])).resource_spans[0].scope_spans[0].spans[0]
    assert {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in sent.attributes} == attributes


def test_a_partial_success_in_both_encodings() -> None:
    response = ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=3, error_message="too old")
    )
    expected = Answer(rejected=3, text="too old")
    assert parse_success(response.SerializeToString(), is_json=False) == expected
    assert parse_success(json_format.MessageToJson(response).encode(), is_json=True) == expected


@pytest.mark.parametrize("body", [b"", b"\n\x00"])
def test_an_empty_answer_is_a_full_success(body: bytes) -> None:
    assert parse_success(body, is_json=False) == Answer()


@pytest.mark.parametrize("body", [b"", b"{}", b'{"partialSuccess":{}}', b'{"partialSuccess":null}'])
def test_an_empty_json_answer_is_a_full_success(body: bytes) -> None:
    assert parse_success(body, is_json=True) == Answer()


@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b"ok", b"\x0a\xff", b"\xff" * 20, b"\x08\x01", b"\x0a\x02\x0a\x00"]
)
def test_what_is_no_answer_of_a_receiver_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_success(body, is_json=False)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"x"',
        b"{",
        b'{"status":"Server available"}',
        b'{"partialSuccess":{"rejectedSpans":"many"}}',
        b'{"partialSuccess":[1]}',
    ],
)
def test_json_that_is_no_answer_of_a_receiver_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_success(body, is_json=True)


def test_a_status_in_both_encodings() -> None:
    assert parse_status(b"\x08\x0e\x12\x09no org id", is_json=False) == Answer(code=14, text="no org id")
    assert parse_status(b'{"code":14,"message":"no org id"}', is_json=True) == Answer(code=14, text="no org id")


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_the_parsers_fail_otherwise(body: bytes) -> None:
    for parse in (parse_success, parse_status):
        try:
            parse(body, is_json=False)
        except ValueError:
            continue
