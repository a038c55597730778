"""Receivers that make a state true: each behaves in one way, on loopback, on a port that the kernel picks.

What a receiver answers where the application speaks another protocol is what servers written in Go answer (Tempo, the
Collector): net/http and grpc-go, as seen in 2026.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import typing as t
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

from ansible_collections.traceops.tracing.tests.certificates import Pair, self_signed
from ansible_collections.traceops.tracing.tests.servers import closed_port, tcp_server

TRACES_PATH = "/v1/traces"
TRACES_CALL = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LONGEST_HANG = 60.0  # seconds

# ExportTraceServiceResponse: partial_success (1) with rejected_spans (1) = 2 and error_message (2).
_WHY = b"max attributes per span exceeded"
_PARTIAL = b"\x08\x02\x12" + bytes([len(_WHY)]) + _WHY
PARTIAL = b"\x0a" + bytes([len(_PARTIAL)]) + _PARTIAL

_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
)
_HTTP_TO_HTTPS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
# A SETTINGS frame with one value: grpc-go sends it before it reads, and then finds that the client speaks no gRPC.
_GREETING = bytes.fromhex("000006 04 00 00000000 0005 00004000".replace(" ", ""))
_TLS_HANDSHAKE = b"\x16"


class Http(t.NamedTuple):
    """OTLP over HTTP: it answers `status` to POST /v1/traces, 404 to other paths."""

    status: str = "200 OK"
    body: bytes = b""
    headers: t.Tuple[str, ...] = ()
    tls: bool = False
    hangs: bool = False


class Grpc(t.NamedTuple):
    """OTLP over gRPC: it answers with the status `code` (a name of grpc.StatusCode), or with `body`."""

    code: str = "OK"
    text: str = ""
    body: bytes = b""
    tls: bool = False
    hangs: bool = False
    serves: bool = True  # has a trace service at all


class Closed(t.NamedTuple):
    """Nothing listens."""


class GrpcOnly(t.NamedTuple):
    """Speaks gRPC and ends a connection that does not."""


class Resetting(t.NamedTuple):
    """Reads what comes and resets the connection."""


class Closing(t.NamedTuple):
    """Reads what comes and closes the connection, as a balancer does that has nobody behind it."""


Receiver = t.Union[Http, Grpc, Closed, GrpcOnly, Resetting, Closing]


class Seen:
    """How many exports of traces the receiver took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.accepted = 0

    def accept(self) -> None:
        with self._lock:
            self.accepted += 1


@contextlib.contextmanager
def serving(receiver: Receiver, seen: Seen, directory: Path) -> Iterator[int]:
    """Run `receiver`; yields its port. Certificates are written to `directory`."""
    if isinstance(receiver, Closed):
        yield closed_port()
    elif isinstance(receiver, Grpc):
        with _grpc(receiver, seen, directory) as port:
            yield port
    else:
        pair = self_signed(directory, "receiver") if isinstance(receiver, Http) and receiver.tls else None
        with tcp_server(_handler(receiver, seen, pair)) as port:
            yield port


def _handler(receiver: Receiver, seen: Seen, pair: Pair | None) -> t.Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        if isinstance(receiver, Http):
            _http(receiver, connection, seen, pair)
        elif isinstance(receiver, GrpcOnly):
            connection.sendall(_GREETING)
            connection.recv(1)  # what is left unread makes the kernel reset the connection
        else:
            connection.recv(65536)
            if isinstance(receiver, Closing):
                return
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return handle


def _http(receiver: Http, connection: socket.socket, seen: Seen, pair: Pair | None) -> None:
    first = connection.recv(1, socket.MSG_PEEK)
    if pair is None and first == _TLS_HANDSHAKE:
        connection.recv(65536)
        connection.sendall(_BAD_REQUEST)
        return
    if pair is not None and first != _TLS_HANDSHAKE:
        connection.recv(65536)
        connection.sendall(_HTTP_TO_HTTPS)
        return
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        connection = context.wrap_socket(connection, server_side=True)
    with connection, connection.makefile("rb") as stream:
        while _answer(receiver, connection, stream, seen):
            pass


def _answer(receiver: Http, connection: socket.socket, stream: t.BinaryIO, seen: Seen) -> bool:
    """Answer one request; false when the connection is over."""
    words = stream.readline(65536).split()
    if len(words) != 3:
        return False
    if words[0] == b"PRI":  # HTTP/2 without negotiation
        connection.sendall(_BAD_REQUEST)
        return False
    headers: dict[str, str] = {}
    while (line := stream.readline(65536).decode("latin-1").strip()) != "":
        name, _colon, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    _body(stream, headers)
    if receiver.hangs:
        connection.settimeout(LONGEST_HANG)
        connection.recv(1)
        return False
    known = words[1].decode("latin-1").partition("?")[0] == TRACES_PATH
    status = receiver.status if known else "404 Not Found"
    body = receiver.body if known else b"404 page not found\n"
    if known and status.startswith("200"):
        seen.accept()
    kind = "application/x-protobuf" if status.startswith("200") else "text/plain; charset=utf-8"
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *receiver.headers, "", ""]
    connection.sendall("\r\n".join(lines).encode() + body)
    return headers.get("connection", "").lower() != "close"


def _body(stream: t.BinaryIO, headers: t.Mapping[str, str]) -> None:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        stream.read(int(headers.get("content-length", "0")))
        return
    while (size := int(stream.readline(100).split(b";")[0], 16)) > 0:
        stream.read(size + 2)
    stream.readline(100)


@contextlib.contextmanager
def _grpc(receiver: Grpc, seen: Seen, directory: Path) -> Iterator[int]:
    import grpc

    over = threading.Event()

    def export(request: bytes, context: t.Any) -> bytes:
        if receiver.hangs:
            over.wait(LONGEST_HANG)
            context.abort(grpc.StatusCode.UNAVAILABLE, "stopped")
        if receiver.code != "OK":
            context.abort(getattr(grpc.StatusCode, receiver.code), receiver.text)
        seen.accept()
        return receiver.body

    class Service(grpc.GenericRpcHandler):
        def service(self, call: t.Any) -> t.Any:
            if not receiver.serves or call.method != TRACES_CALL:
                return None
            return grpc.unary_unary_rpc_method_handler(export)

    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[Service()])
    if receiver.tls:
        pair = self_signed(directory, "receiver")
        secret, cert = Path(pair.key).read_bytes(), Path(pair.cert).read_bytes()
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(secret, cert)]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        over.set()
        server.stop(None).wait()
