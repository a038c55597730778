"""A threaded HTTP server that behaves on the wire as Go's does, for Tempo's, OTLP's and Grafana's listeners."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import sys
import threading
import time
import typing as t
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
_MAX_BODY = 64 * 1024 * 1024


@dataclass
class Request:
    method: str
    path: str  # without the query, percent-encoded as it came
    raw_query: str
    headers: t.Mapping[str, str]  # case-insensitive
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        """Each parameter's first value, as Go's `url.Values.Get` reads it."""
        values = urllib.parse.parse_qs(self.raw_query, keep_blank_values=True)
        return {name: value[0] for name, value in values.items()}


@dataclass
class Response:
    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False  # the connection ends in the middle of the body


App = t.Callable[[Request], Response]


def text(status: int, body: str, content_type: str | None = TEXT) -> Response:
    return Response(status, body.encode(), content_type)


def to_json(value: object) -> str:
    """JSON as Go's encoder writes it: compact, with <, > and & escaped."""
    out = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return out.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def as_json(status: int, value: object, content_type: str = JSON, end: str = "") -> Response:
    return text(status, to_json(value) + end, content_type)


def not_found() -> Response:
    return text(404, "404 page not found\n")


@dataclass(frozen=True)
class Credentials:
    """What a listener demands: a user with a password, a bearer token, or either."""

    username: str = ""
    password: str = ""
    token: str = ""

    def accepts(self, authorization: str | None) -> bool:
        scheme, _unused, value = (authorization or "").partition(" ")
        if scheme.lower() == "bearer":
            return bool(self.token) and value == self.token
        if scheme.lower() == "basic" and self.username:
            return value == base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return False


def demand(credentials: Credentials | None, app: App) -> App:
    """`app` behind a proxy that asks for credentials, as installations put before Tempo."""
    if credentials is None:
        return app

    def guarded(request: Request) -> Response:
        if credentials.accepts(request.headers.get("Authorization")):
            return app(request)
        response = text(401, "Unauthorized\n")
        response.headers["WWW-Authenticate"] = 'Basic realm="lab"'
        return response

    return guarded


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def setup(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(10)
            self.request.do_handshake()  # here and not while accepting, or one slow client would block all
        super().setup()
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle_one_request(self) -> None:
        first = self.rfile.peek(1)[:1]
        if first == b"\x16":  # a TLS ClientHello on a plaintext port: Go waits for a line that never ends
            while self.rfile.read1(65536):
                pass
            self.close_connection = True
            return
        super().handle_one_request()

    def parse_request(self) -> bool:
        if self.raw_requestline.startswith(b"PRI * HTTP/2.0"):  # the preface of HTTP/2: gRPC on an HTTP/1 port
            status = self.server.preface_status
            self.wfile.write(b"HTTP/1.1 %d Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % status)
            self.close_connection = True
            return False
        return super().parse_request()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline(64).split(b";")[0], 16):
                parts.append(self.rfile.read(min(size, _MAX_BODY)))
                self.rfile.readline(64)
            self.rfile.readline(64)
            return b"".join(parts)
        return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _MAX_BODY))

    def _answer(self) -> None:
        path, _unused, query = self.path.partition("?")
        response = self.server.app(Request(self.command, path, query, self.headers, self._body()))
        self.send_response(response.status)
        if response.content_type:
            self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if response.cut:
            self.wfile.write(response.body[: len(response.body) // 2])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = _answer

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)
        self.send_header("Date", self.date_time_string(int(self.server.clock())))

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    app: App
    preface_status: int
    clock: t.Callable[[], float]

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):  # clients may hang up or send garbage
            super().handle_error(request, client_address)


@contextlib.contextmanager
def _naming(port: int) -> t.Iterator[None]:
    """An OSError that names the port."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"port {port} of 127.0.0.1: {error.strerror}") from None


class Listener:
    """An HTTP listener on loopback; `port` 0 lets the kernel choose. Raises OSError when the port is taken."""

    def __init__(
        self,
        app: App,
        port: int = 0,
        *,
        tls: tuple[str, str] | None = None,
        preface_status: int = 400,
        clock: t.Callable[[], float] = time.time,
    ) -> None:
        with _naming(port):
            self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.clock = clock
        self._server.app = app
        self._server.preface_status = preface_status
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class ClosedPort:
    """A port of loopback that refuses connections, and that nobody else can take meanwhile."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with _naming(port):
            self._socket.bind(("127.0.0.1", port))  # bound and not listening: the kernel refuses
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._socket.close()
