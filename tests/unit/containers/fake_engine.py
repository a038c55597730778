"""A Docker Engine's socket that answers with recorded exchanges."""

from __future__ import annotations

import base64
import contextlib
import copy
import http.server
import json
import re
import socketserver
import tempfile
import threading
import typing as t
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

RECORDINGS = Path(__file__).parent / "recordings"


def recorded(product: str = "docker-20.10.24") -> dict[str, t.Any]:
    """A copy of the recorded exchanges, {"GET /path": {status, type, json | base64 | headers}}, to change at will.

    Queries are dropped from their names, except for the path that an archive is asked for.
    """
    exchanges = json.loads((RECORDINGS / f"{product}.json").read_text())["exchanges"]
    return copy.deepcopy({_key(*name.split(" ", 1)): answer for name, answer in exchanges.items()})


def inspection(exchanges: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    """The recorded inspection of the container `name`, to change at will."""
    return next(
        answer["json"]
        for key, answer in exchanges.items()
        if key.startswith("GET /containers/")
        and isinstance(answer.get("json"), dict)
        and answer["json"].get("Name") == f"/{name}"
    )


class Server(t.NamedTuple):
    url: str
    asked: list[str]


@contextlib.contextmanager
def engine(exchanges: dict[str, t.Any]) -> t.Iterator[Server]:
    """Serve `exchanges` on a unix socket; anything else is answered with 404, as the engine does."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            answer = exchanges.get(
                _key(self.command, self.path), {"status": 404, "json": {"message": "page not found"}}
            )
            body = base64.b64decode(answer["base64"]) if "base64" in answer else json.dumps(answer.get("json")).encode()
            self.send_response(answer["status"])
            self.send_header("Content-Type", answer.get("type") or "application/json")
            for name, value in answer.get("headers", {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

        def address_string(self) -> str:
            return "unix"

        def log_message(self, format: str, *args: t.Any) -> None:
            pass

    with serve(Handler) as url:
        yield Server(url, asked)


@contextlib.contextmanager
def serve(handler: type[socketserver.BaseRequestHandler]) -> t.Iterator[str]:
    """`handler` behind a unix socket; yields its URL."""

    class Threaded(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True
        block_on_close = False

    # A short directory: a socket's name has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="engine") as directory:
        server = Threaded(f"{directory}/s", handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"unix://{directory}/s"
        finally:
            server.shutdown()
            server.server_close()


def _key(method: str, target: str) -> str:
    parts = urlsplit(re.sub(r"^/v1\.\d+", "", target))
    path = parse_qs(parts.query).get("path")
    return f"{method} {parts.path}" + (f"?path={path[0]}" if path else "")
