"""Serve recorded answers of real servers on loopback, so that clients can be tested against them."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import threading
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

RECORDINGS = Path(__file__).parent / "recordings"


class Answer(t.NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Asked(t.NamedTuple):
    """A request as the server saw it; `path` has the query, header names are in lower case."""

    path: str
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""

    @property
    def route(self) -> str:
        return urlsplit(self.path).path


class Exchange(t.NamedTuple):
    """A recorded request and its answer; `state` is what the server was in when it was asked."""

    state: str
    path: str
    headers: dict[str, str]
    answer: Answer


def recorded(name: str, port: str = "http_api") -> list[Exchange]:
    """The GET exchanges of a recording with one of the product's ports, oldest first."""
    recording = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return [
        Exchange(item["state"], item["request"]["path"], item["request"]["headers"], _answer(item["response"]))
        for item in recording["exchanges"]
        if item.get("request", {}).get("method") == "GET"
        and item["request"].get("port") == port
        and "status" in item.get("response", {})
    ]


def passage(name: str, key: str) -> t.Any:
    """A part of a recording besides its exchanges, such as the metrics after some step."""
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))[key]


def _answer(response: dict[str, t.Any]) -> Answer:
    body = base64.b64decode(response["body_base64"]) if "body_base64" in response else response["body"].encode()
    return Answer(response["status"], response["headers"], body)


@contextlib.contextmanager
def serving(choose: Callable[[Asked], Answer | None]) -> Iterator[tuple[str, list[Asked]]]:
    """Answer GET and POST requests with what `choose` returns (None: 404); yields its URL and the requests so far."""
    asked: list[Asked] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Asked(self.path, headers, self.command, body)
            asked.append(request)
            answer = choose(request) or Answer(404, {"Content-Type": "text/plain"}, b"404 page not found\n")
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            # In one write: with two, the second waits 40 ms for the first to be acknowledged.
            head, self._headers_buffer = b"".join(self._headers_buffer), []  # type: ignore[attr-defined]
            self.wfile.write(head + b"\r\n" + answer.body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def by_path(exchanges: list[Exchange]) -> Callable[[Asked], Answer | None]:
    """Choose the recorded answer to the same path, query and Accept header; else to the same route."""

    def choose(request: Asked) -> Answer | None:
        accept = request.headers.get("accept", "")
        same = [item for item in exchanges if item.path == request.path]
        same = same or [item for item in exchanges if urlsplit(item.path).path == request.route]
        wanted = [item for item in same if item.headers.get("Accept") == accept]
        return (wanted or [item for item in same if "Accept" not in item.headers] or [None])[-1]  # type: ignore[list-item]

    return lambda request: getattr(choose(request), "answer", None)
