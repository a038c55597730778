"""A Tempo for tests that answers what a test says, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import typing as t
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked, serving

BUILDINFO = "/api/status/buildinfo"
Route = t.Union[Answer, Callable[[Asked], "Answer | None"]]


def as_json(document: t.Any, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(document).encode())


def as_text(body: str, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "text/plain; charset=utf-8"}, body.encode())


def buildinfo(version: str) -> Answer:
    return as_json({"version": version, "goVersion": "go1.27.3"})


def query_of(request: Asked) -> dict[str, str]:
    """The query parameters of a request, each once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


@contextlib.contextmanager
def tempo(routes: Mapping[str, Route], version: str = "2.10.8") -> Iterator[tuple[str, list[Asked]]]:
    """Serve `routes` by path (a path that ends in / covers what is below it); anything else is Tempo's 404."""
    known: dict[str, Route] = {
        "/api/echo": as_text("echo\n"),
        "/ready": as_text("ready\n"),
        BUILDINFO: buildinfo(version),
        **routes,
    }

    def choose(request: Asked) -> Answer | None:
        route = known.get(request.route)
        if route is None:
            below = [path for path in known if path.endswith("/") and request.route.startswith(path)]
            route = known[max(below, key=len)] if below else None
        return route(request) if callable(route) else route

    with serving(choose) as (url, asked):
        yield url, asked
