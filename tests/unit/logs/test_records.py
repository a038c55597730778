"""What carries a line is taken off, what belongs together stays together, and words come out clean."""

from __future__ import annotations

import json

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel import records


@pytest.mark.parametrize(
    ("line", "inner"),
    [
        ("connection refused", "connection refused"),
        ("2026-11-28T06:00:00.1Z stderr F connection refused", "connection refused"),
        ("Nov 28 06:00:00 host app[17]: connection refused", "connection refused"),
        ("<30>2026-11-28T06:00:00Z host app: connection refused", "connection refused"),
        ("shop-1  | connection refused", "connection refused"),
        ('{"log": "connection refused\\n", "stream": "stderr"}', "connection refused"),
        ('{"logger": "a.b", "msg": "failed", "error": "refused"}', "a.b: failed\nrefused"),
        ('{"message": "failed", "exception": {"type": "E", "message": "m"}}', "failed\nE\nm"),
        # An error that OpenTelemetry JS prints as JSON, and what is no object or no JSON, stay.
        ('{"stack": "Error: x", "message": "x", "name": "Error"}',) * 2,
        ("[1, 2]",) * 2,
        ("{no json}",) * 2,
        ('{"count": 3}',) * 2,
    ],
)
def test_a_line_without_what_carries_it(line: str, inner: str) -> None:
    assert records.unwrapped(line) == inner


def test_wrappers_within_wrappers() -> None:
    within = json.dumps({"message": "connection refused"})
    assert records.unwrapped(f"2026-11-28T06:00:00.1Z stderr F {within}") == "connection refused"


@pytest.mark.parametrize(
    ("line", "belongs"),
    [
        ("Traceback (most recent call last):", True),
        ("\tat io.grpc.Status.asRuntimeException(Status.java:533)", True),
        ("Caused by: java.net.ConnectException: Connection refused", True),
        ("ConnectionRefusedError: [Errno 111] Connection refused", True),
        ("", True),
        ("2026-11-28 06:00:00 INFO next request", False),
        ("GET / 200", False),
    ],
)
def test_what_belongs_to_the_record_above(line: str, belongs: bool) -> None:
    assert records.continues(line) is belongs


def test_a_record_ends_where_the_next_begins() -> None:
    assert records.record(["failed", "  at x", "next", "  at y"]) == ["failed", "  at x"]
    assert records.record([]) == []
    assert len(records.record(["failed"] + ["  at x"] * 1000)) == 200


def test_stack_frames_say_nothing() -> None:
    lines = ["failed\\n    at frame", "  File x", "    code()", "Caused by: refused", "#0 main()"]
    assert records.messages(lines) == ["failed", "Caused by: refused"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-11-28T06:00:00Z ERROR connection refused", "connection refused"),
        ("[2026-11-28 06:00:00 +0000] connection refused", "connection refused"),
        ('info\\tx\\t{"error": "connection refused", "dropped_items": 3}', "connection refused"),
        ('level=error err="no such host" component_id=x', "no such host"),
        ("E, [2026-11-28T06:00:00 #1] ERROR -- : no such host", "no such host"),
        ("E1128 06:00:00.1 17 x.cc:1] handshake failed", "handshake failed"),
        ('said \\"x\\" and more', 'said "x" and more'),
        ("refused)}", "refused"),
        ("refused (111)", "refused (111)"),
        ("first\\nsecond", "first"),
        ("many   spaces", "many spaces"),
        ("14:13:22.924 [warning] not started", "not started"),
        ("[OkHttp http://[::1]:4318/...] WARN io.opentelemetry.x.HttpExporter - Failed", "Failed"),
        ("2024-03-13T09:41:48,043 ERROR [Worker-1] i.o.e.o.trace.OtlpGrpcSpanExporter - Failed", "Failed"),
        ("2023-10-17T16:44:15Z ERROR [shop,,] 25772 --- [lhost:4318] i.o.OkHttpExporter     : Failed", "Failed"),
        ("[::1]:4318 refused", "[::1]:4318 refused"),
        ('    "stack": "OTLPExporterError: Not Found\\n    at x"', "OTLPExporterError: Not Found"),
        ("14 UNAVAILABLE: No connection established. Resolution note: ", "14 UNAVAILABLE: No connection established"),
        ('Err: connection error: desc = "transport: refused"\t{"grpc_log": true}', "transport: refused"),
        ('responded with HTTP Status Code 400",', "responded with HTTP Status Code 400"),
        ("", ""),
    ],
)
def test_words_for_people(text: str, words: str) -> None:
    assert records.words(text) == words


def test_words_are_short() -> None:
    assert len(records.words("word " * 500)) <= 300
