"""What the programs share: the lab listens on loopback, a container's ports do not."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import threading


def forward(port: int, target: int) -> None:
    """Pass connections to all interfaces at `port` on to loopback at `target`."""
    listener = socket.create_server(("0.0.0.0", port), backlog=64)
    threading.Thread(target=_accept, args=(listener, target), daemon=True).start()


def _accept(listener: socket.socket, target: int) -> None:
    while True:
        client, _unused = listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", target))
        except OSError:
            client.close()
            continue
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def serve_until_told() -> None:
    """Return at SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_unused: done.set())
    done.wait()
