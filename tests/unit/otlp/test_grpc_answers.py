"""What the answer to an OTLP/gRPC export means; the server is grpcio's own."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.certificates import Authority, server_context
from ansible_collections.traceops.tracing.tests.servers import tcp_server

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
Export = Callable[[bytes, grpc.ServicerContext], bytes]


@contextlib.contextmanager
def receiver(export: Export, service: str = SERVICE) -> Iterator[str]:
    """A gRPC server whose Export is `export`; yields HOST:PORT."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    handlers = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


def aborts(code: grpc.StatusCode, details: str) -> Export:
    def export(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, details)
        raise AssertionError

    return export


@pytest.mark.parametrize(
    ("code", "details", "cause", "words"),
    [
        ("UNAUTHENTICATED", "authentication didn't succeed", "unauthorized", "wants credentials, or other ones"),
        ("PERMISSION_DENIED", "", "forbidden", "refuses these credentials, or this client"),
        ("UNIMPLEMENTED", "unknown service", "path_not_found", "speaks gRPC, but has no OTLP trace service"),
        ("INVALID_ARGUMENT", "bad span", "invalid_data", "refuses the request as invalid"),
        ("RESOURCE_EXHAUSTED", "RATE_LIMITED: batch size", "rate_limited", "refuses the spans: too many or too much"),
        ("RESOURCE_EXHAUSTED", "slow down", "rate_limited", "refuses the spans: too many or too much"),
        (
            "RESOURCE_EXHAUSTED",
            "grpc: received message larger than max (5 vs. 4)",
            "payload_too_large",
            "refuses the request as too large",
        ),
        (
            "FAILED_PRECONDITION",
            "LIVE_TRACES_EXCEEDED: max",
            "limit_exceeded",
            "refuses the spans: a limit of the tenant is reached",
        ),
        ("UNKNOWN", "no org id", "tenant_missing", "wants a tenant, which the metadata x-scope-orgid names"),
        ("UNAVAILABLE", "no org id", "tenant_missing", "wants a tenant, which the metadata x-scope-orgid names"),
        ("UNAVAILABLE", "sending queue is full", "server_error", "could not take the spans"),
        ("INTERNAL", "boom", "server_error", "could not take the spans"),
        ("DEADLINE_EXCEEDED", "too slow", "response_timeout", "did not answer in time"),
    ],
)
def test_a_failure_and_its_cause(code: str, details: str, cause: str, words: str) -> None:
    with receiver(aborts(grpc.StatusCode[code], details)) as where:
        seen = ask(where)
    assert seen["cause"] == cause
    quoted = f": '{details}'" if details else ""
    assert seen["message"] == f"http://{where} {words}; gRPC status {code}{quoted}"
    assert seen["phases"]["export"]["status"] == code
    assert seen["trace_ids"] == []


def test_grpc_without_a_trace_service() -> None:
    with receiver(lambda _request, _context: b"", service="some.Other") as where:
        seen = ask(where)
    assert seen["cause"] == "path_not_found"


def test_metadata_and_spans_arrive() -> None:
    arrived: list[tuple[dict[str, str], str, bytes]] = []

    def export(request: bytes, context: grpc.ServicerContext) -> bytes:
        arrived.append((dict(context.invocation_metadata()), context.peer(), request))
        return b""

    with receiver(export) as where:
        seen = ask(where, tenant="team-a", token="t0ken", headers={"X-Extra": True}, spans=2)
    (metadata, _peer, request) = arrived[0]
    assert metadata["x-scope-orgid"] == "team-a"
    assert metadata["authorization"] == "Bearer t0ken"
    assert metadata["x-extra"] == "True"
    spans = ExportTraceServiceRequest.FromString(request).resource_spans[0].scope_spans[0].spans
    assert [span.trace_id.hex() for span in spans] == seen["trace_ids"]


@pytest.mark.parametrize("name", ["X!Y", "X-Bin-bin", "Grpc-Timeout"])
def test_a_header_that_grpc_can_not_carry_is_named(name: str) -> None:
    with receiver(lambda _request, _context: b"") as where, pytest.raises(BadOption) as caught:
        ask(where, headers={name: "1"})
    assert caught.value.message == f"headers: gRPC cannot carry a header '{name.lower()}'"


def test_rejected_spans_are_a_partial_success() -> None:
    partial = ExportTracePartialSuccess(rejected_spans=1, error_message="too old")
    answer = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    with receiver(lambda _request, _context: answer) as where:
        seen = ask(where)
    assert seen["cause"] == "partial_success"
    assert seen["message"] == f"http://{where} rejected 1 of the spans: 'too old'"


def test_an_answer_that_is_none() -> None:
    with receiver(lambda _request, _context: b"\xff\xff\xff") as where:
        seen = ask(where)
    assert seen["cause"] == "not_otlp"
    assert seen["message"] == f"http://{where} answers gRPC OK, but not as an OTLP receiver does"


def test_a_receiver_that_takes_too_long() -> None:
    def export(_request: bytes, context: grpc.ServicerContext) -> bytes:
        given_up = threading.Event()
        context.add_callback(given_up.set)
        given_up.wait()
        return b""

    with receiver(export) as where:
        seen = ask(where, timeout=0.8)
    assert seen["cause"] == "response_timeout"
    assert seen["message"].startswith(f"http://{where} did not answer in time; gRPC status DEADLINE_EXCEEDED")


def test_a_connection_that_ends_during_the_call() -> None:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(bytes(3) + b"\x04" + bytes(5))
        connection.recv(65536)

    with tcp_server(handle) as port:
        seen = ask(f"127.0.0.1:{port}", protocol="grpc")
    assert seen["cause"] == "connection_reset"
    assert f"127.0.0.1:{port} closed the connection without an answer" in seen["message"]


@pytest.mark.parametrize("over_tls", [False, True])
def test_a_server_that_waits_for_the_client_to_speak_first(tmp_path: Path, over_tls: bool) -> None:
    """nghttp2's servers do. What came before its SETTINGS is then all there is: the scheme is the connection's."""
    authority = Authority(tmp_path)
    context = server_context(authority.issue("collector"), alpn=["h2"])
    arrived: queue.Queue[bytes] = queue.Queue()

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) if over_tls else connection as sock:
            request = sock.recv(65536)
            sock.sendall(bytes(3) + b"\x04" + bytes(5))
            while (data := sock.recv(65536)) and b"/Export" not in request:
                request += data
            arrived.put(request + data)

    with tcp_server(handle) as port:
        scheme = "https" if over_tls else "http"
        seen = ask(f"{scheme}://127.0.0.1:{port}", protocol="grpc", timeout=3.0, ca_path=authority.ca)
    assert seen["cause"] in ("response_timeout", "connection_reset"), "it never answers"
    export = b""
    while b"grpc-python" not in export:  # the first connection only found out what is spoken
        export = arrived.get(timeout=30)
    assert (b"\x87" if over_tls else b"\x86") in export


def test_a_tmp_that_can_not_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    mkdtemp = tempfile.mkdtemp

    def note(**given: object) -> str:
        made.append(mkdtemp(**given))  # type: ignore[call-overload]
        return made[-1]

    with tempfile.TemporaryDirectory() as elsewhere, receiver(lambda _request, _context: b"") as where:
        monkeypatch.setattr(os, "access", lambda path, _mode: path != "/tmp")
        monkeypatch.setattr(tempfile, "tempdir", elsewhere)
        monkeypatch.setattr(tempfile, "mkdtemp", note)
        assert ask(where)["cause"] == "ok"
        assert [os.path.dirname(path) for path in made] == [elsewhere]
        assert os.listdir(elsewhere) == []


def test_without_grpcio_a_grpc_export_is_not_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(lambda _request, _context: b"") as where:
        monkeypatch.setitem(sys.modules, "grpc", None)
        seen = ask(where, protocol="grpc")
        monkeypatch.undo()
    assert (seen["ok"], seen["cause"], seen["trace_ids"]) == (False, "library_missing", [])
    assert seen["message"].startswith(f"http://{where} speaks gRPC; whether it takes spans is not known: ")
    assert "'grpcio'" in seen["message"]
    assert seen["phases"]["protocol"]["ok"] is True
    assert seen["phases"]["export"] == {"ok": None, "ms": 0.0, "cause": "library_missing"}
