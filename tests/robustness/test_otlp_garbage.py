"""Whatever a server sends, the probe ends with one of its causes and a readable sentence."""

from __future__ import annotations

import socket

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.http2 import is_http2, read_answer
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.servers import http_answer, tcp_server
from ansible_collections.traceops.tracing.tests.unit.otlp.test_causes import DOCUMENTED

STARTS = (
    b"",
    b"HTTP/1.1 ",
    b"HTTP/1.1 200 OK\r\n",
    b"\x00\x00\x06\x04\x00\x00\x00\x00\x00",
    b"\x15\x03",
    b"\x16\x03\x03",
)
GARBAGE = st.builds(bytes.__add__, st.sampled_from(STARTS), st.binary(max_size=300))
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def readable(message: str) -> bool:
    return 0 < len(message) < 600 and clean(message) == message and "\n" not in message


@pytest.mark.parametrize("protocol", ["auto", "grpc", "http/protobuf"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@FEW
@given(data=GARBAGE)
def test_garbage_instead_of_an_answer(scheme: str, protocol: str, data: bytes) -> None:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    with tcp_server(handle) as port:
        seen = ask(f"{scheme}://127.0.0.1:{port}", protocol=protocol)
    assert seen["cause"] in DOCUMENTED
    assert readable(seen["message"])


@FEW
@given(data=GARBAGE, status=st.sampled_from([200, 400, 404, 429, 500, 503]), json=st.booleans())
@example(data=b"[" * 5000, status=200, json=True)
@example(data=b'{"code": [], "message": {}}', status=500, json=True)
@example(data=b'{"partialSuccess": {"rejectedSpans": 1e400}}', status=200, json=True)
def test_garbage_in_an_answer(data: bytes, status: int, json: bool) -> None:
    kind = "application/json" if json else "application/x-protobuf"

    def handle(connection: socket.socket) -> None:
        get = connection.recv(65536).startswith(b"GET")
        connection.sendall(http_answer(405, b"", "text/plain") if get else http_answer(status, data, kind))

    with tcp_server(handle) as port:
        seen = ask(f"http://127.0.0.1:{port}")
    assert seen["cause"] in DOCUMENTED
    assert readable(seen["message"])


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_frames_of_any_kind(data: bytes) -> None:
    assert isinstance(is_http2(data), bool)
    assert read_answer(data).over in (True, False)
