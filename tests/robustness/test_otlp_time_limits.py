"""Servers that drip, never end, or go half away: the probe ends within its time limit and says what it met.

`ask` holds every one of them to the time limit.
"""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.certificates import Authority, server_context
from ansible_collections.traceops.tracing.tests.servers import http_answer, tcp_server

TIMEOUT = 1.0
GET_ANSWER = http_answer(405, b"", "text/plain")
LARGE = {"spans": 200, "attributes": {"padding": "x" * 100_000}}  # more than what socket buffers take
Handler = Callable[[socket.socket], None]


class Drip:
    """Sends a byte at a time until the test is over."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def __call__(self, connection: socket.socket, data: bytes) -> None:
        for octet in itertools.cycle(data):
            if self._over.wait(0.02):
                return
            connection.sendall(bytes((octet,)))

    def stop(self) -> None:
        self._over.set()


@pytest.fixture
def drip() -> Iterator[Drip]:
    dripping = Drip()
    yield dripping
    dripping.stop()


def after_get(handle: Handler) -> Handler:
    """A receiver for GET, and `handle` for POST."""

    def answer(connection: socket.socket) -> None:
        if connection.recv(4) == b"GET ":
            connection.recv(65536)
            connection.sendall(GET_ANSWER)
        else:
            connection.recv(65536)
            handle(connection)

    return answer


@pytest.mark.parametrize("protocol", ["auto", "grpc", "http/protobuf"])
@pytest.mark.parametrize(
    ("data", "causes"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000, {"protocol_mismatch", "response_timeout"}),
        (
            b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05",
            {"protocol_mismatch", "response_timeout", "connection_reset"},
        ),
        (b"hello ", {"protocol_mismatch"}),
        (b"\x15\x03\x01", {"tls_required"}),
    ],
    ids=["header", "frame", "banner", "alert"],
)
def test_first_bytes_that_drip(drip: Drip, protocol: str, data: bytes, causes: set[str]) -> None:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        drip(connection, data)

    with tcp_server(handle) as port:
        assert ask(f"127.0.0.1:{port}", timeout=TIMEOUT, protocol=protocol)["cause"] in causes


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 100000\r\n\r\n",
    ],
    ids=["status", "header", "body", "chunk", "error-body"],
)
def test_an_answer_that_drips(drip: Drip, start: bytes) -> None:
    def handle(connection: socket.socket) -> None:
        connection.sendall(start)
        drip(connection, b"H: x\r\n" if not start.endswith(b"\r\n\r\n") and b"chunked" not in start else b"x")

    with tcp_server(after_get(handle)) as port:
        seen = ask(f"http://127.0.0.1:{port}", timeout=TIMEOUT)
    assert seen["cause"] in ("response_timeout", "not_otlp")
    assert seen["phases"]["export"]["ok"] is False


def endless(connection: socket.socket, start: bytes, more: bytes) -> None:
    connection.sendall(start)
    while True:
        connection.sendall(more)


@pytest.mark.parametrize(
    ("start", "more", "cause"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n\r\n", b"x" * 65536, "not_otlp"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n", "not_otlp"),
        (b"HTTP/1.1 500 No\r\n\r\n", b"x" * 65536, "server_error"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: " + b"x" * 1000 + b"\r\n", "not_otlp"),
        (b"HTTP/1.1 200 " + b"O" * 70000, b"O" * 65536, "not_otlp"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "response_timeout"),
    ],
    ids=["body", "chunks", "error-body", "headers", "status-line", "continue"],
)
def test_an_answer_that_never_ends(start: bytes, more: bytes, cause: str) -> None:
    with tcp_server(after_get(lambda connection: endless(connection, start, more))) as port:
        seen = ask(f"http://127.0.0.1:{port}", timeout=TIMEOUT)
    assert seen["cause"] == cause


@pytest.mark.parametrize("protocol", ["auto", "grpc"])
def test_a_banner_that_never_ends_is_cut(protocol: str) -> None:
    with tcp_server(lambda connection: endless(connection, b"", b"x" * 65536)) as port:
        seen = ask(f"127.0.0.1:{port}", timeout=TIMEOUT, protocol=protocol)
    assert seen["cause"] == "protocol_mismatch"
    assert len(seen["message"]) < 250


def test_a_receiver_that_stops_reading_in_the_middle_of_the_request() -> None:
    done = threading.Event()

    def handle(connection: socket.socket) -> None:
        if connection.recv(1024).startswith(b"GET"):
            connection.sendall(GET_ANSWER)
        else:
            done.wait(20)

    with tcp_server(handle) as port:
        seen = ask(f"http://127.0.0.1:{port}", timeout=TIMEOUT, **LARGE)
        done.set()
    assert seen["cause"] == "response_timeout"
    assert seen["message"].startswith(
        f"127.0.0.1:{port} did not take {seen['phases']['export']['bytes']} bytes within "
    )


def test_a_receiver_that_reads_the_request_byte_by_byte() -> None:
    done = threading.Event()

    def handle(connection: socket.socket) -> None:
        if connection.recv(1024).startswith(b"GET"):
            connection.sendall(GET_ANSWER)
        else:
            while not done.wait(0.02) and connection.recv(1):
                pass

    with tcp_server(handle) as port:
        seen = ask(f"http://127.0.0.1:{port}", timeout=TIMEOUT, **LARGE)
        done.set()
    assert seen["cause"] == "response_timeout"
    assert seen["message"].startswith(
        f"127.0.0.1:{port} did not take {seen['phases']['export']['bytes']} bytes within "
    )


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_half_open_connection(protocol: str) -> None:
    """The server's side is closed for reading, as after a crash behind a load balancer, and stays silent."""

    def handle(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_RD)
        over.wait(20)

    over = threading.Event()
    with tcp_server(handle) as port:
        seen = ask(f"http://127.0.0.1:{port}", timeout=TIMEOUT, protocol=protocol)
        over.set()
    assert seen["cause"] in ("response_timeout", "connection_reset")
    assert seen["phases"]["tcp"]["ok"] is True


def test_a_grpc_server_that_goes_silent_after_its_settings() -> None:
    over = threading.Event()

    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(bytes(3) + b"\x04" + bytes(5))
        over.wait(20)

    with tcp_server(handle) as port:
        seen = ask(f"127.0.0.1:{port}", timeout=TIMEOUT, protocol="grpc")
        over.set()
    assert seen["cause"] == "response_timeout"


def test_a_tls_handshake_that_drips(drip: Drip) -> None:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        drip(connection, b"\x16\x03\x03\x40\x00\x02")

    with tcp_server(handle) as port:
        seen = ask(f"https://127.0.0.1:{port}", timeout=TIMEOUT)
    assert seen["cause"] in ("response_timeout", "tls_failure", "tls_not_spoken")
    assert seen["phases"]["tls"]["ok"] is False


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_silence_behind_tls(tmp_path: Path, protocol: str) -> None:
    authority = Authority(tmp_path)
    context: ssl.SSLContext = server_context(authority.issue("collector"))

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            while tls.recv(65536):
                pass

    with tcp_server(handle) as port:
        seen = ask(f"https://127.0.0.1:{port}", timeout=TIMEOUT, ca_path=authority.ca, protocol=protocol)
    assert seen["cause"] == "response_timeout"


def test_a_proxy_that_drips(drip: Drip) -> None:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        drip(connection, b"HTTP/1.1 200 OK\r\nX: x")

    with tcp_server(handle) as port:
        proxies = {"https_proxy": f"http://127.0.0.1:{port}"}
        seen = ask("https://203.0.113.1:4318", timeout=TIMEOUT, proxies=proxies)
    assert seen["cause"] == "proxy_in_the_way"
