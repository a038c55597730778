"""Tiny servers on loopback for tests: each does one thing, on a port that the kernel picks."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def tcp_server(handle: Callable[[socket.socket], None], address: str = "127.0.0.1", wanted: int = 0) -> Iterator[int]:
    """Serve connections on loopback with `handle`; yields the port. The kernel picks it unless one is `wanted`."""
    listener = socket.create_server((address, wanted))
    open_connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            handle(connection)

    def accept() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            open_connections.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def answering(raw: bytes) -> Callable[[socket.socket], None]:
    """A handler that reads a request and answers `raw`, byte for byte."""

    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(raw)

    return handle


def http_answer(status: int, body: bytes, content_type: str = "application/json", *headers: str) -> bytes:
    """A complete HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


_CLOSED: list[socket.socket] = []  # until the tests end


def closed_port() -> int:
    """A port on which nothing listens, and that nobody gets from the kernel meanwhile."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))  # bound and not listening: the kernel refuses
    _CLOSED.append(bound)
    port: int = bound.getsockname()[1]
    return port
