"""Twelve ways to answer a query by trace id, in place of whoever would: by Tempo itself or by what stands before it."""

from __future__ import annotations

import re
import threading
import typing as t

from ansible_collections.traceops.tracing.tests.lab.wire import App, Request, Response, text

WORDS = (
    "200 small", "200 large", "404", "401", "500", "503", "429", "hang", "reset", "truncated", "HTML", "redirect",
)  # fmt: skip
BLOCK = "793be758-16d1-42c3-8a64-a332de5ba28b"
LOGIN = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>\n"
# What a Tempo or a gateway says with a status; 500 is that of a querier whose queue is too short for the block list.
_SAID = {
    "401": text(401, "Unauthorized\n"),
    "500": text(500, "error querying store in Querier.FindTraceByID: queue doesn't have room for 5514 jobs\n"),
    "503": text(503, "no healthy upstream"),
    "429": text(429, "too many outstanding requests\n"),
    "404": Response(404),
    "HTML": text(200, LOGIN, "text/html; charset=utf-8"),
    "redirect": Response(302, headers={"Location": "/login"}),
    # Beside the twelve: limits and blocks that cannot be read, in 2.10.8's own words.
    "too large": text(500, "response larger than the max (3103930 vs 1000000)"),
    "queue full": text(429, "job queue full"),
    "without bloom": text(
        500,
        f"error finding trace by id, blockID: {BLOCK}: error retrieving bloom bloom-0 (single-tenant, {BLOCK}): does"
        " not exist\n",
    ),
    "unknown format": text(
        500, f"error opening block for reading, blockID: {BLOCK}: vParquet9 is not a valid block version\n"
    ),
}
_BY_ID = re.compile(r"/api/(?:v2/)?traces/[^/]+")
_HANG_S = 30.0


def everybody(request: Request) -> bool:
    """Whoever asks."""
    return True


def a_proxied_caller(request: Request) -> bool:
    """Grafana's proxy passes the User-Agent of its caller on, which the probes have; its back end has its own."""
    return request.headers.get("User-Agent", "").startswith("traceops")


def the_back_end(request: Request) -> bool:
    """Grafana's own requests."""
    return not a_proxied_caller(request)


def answering(word: str, app: App, whom: t.Callable[[Request], bool] = everybody) -> App:
    """`app`, but for queries by trace id of those for whom `whom` holds: they are answered as `word` of WORDS says."""

    def answer(request: Request) -> Response:
        if request.path == "/login":
            return text(200, LOGIN, "text/html; charset=utf-8")
        if not _BY_ID.fullmatch(request.path) or not whom(request) or word.startswith("200"):
            return app(request)
        if word == "hang":
            threading.Event().wait(_HANG_S)
        if word in ("hang", "reset"):
            raise ConnectionResetError("the connection ends without an answer")
        if word == "truncated":
            whole = app(request)
            return Response(whole.status, whole.body, whole.content_type, whole.headers, cut=True)
        return _SAID[word]

    return answer


_DENIED = (
    "<!DOCTYPE html><html><head><title>ERROR: The requested URL could not be retrieved</title></head>"
    "<body>Access Denied. squid/5.7</body></html>"
)


def denying_proxy(request: Request) -> Response:
    """A proxy for outgoing requests that denies whatever it is asked for."""
    answer = text(403, _DENIED, "text/html")
    answer.headers = {"Server": "squid/5.7", "X-Squid-Error": "ERR_ACCESS_DENIED 0", "Via": "1.1 proxy (squid/5.7)"}
    return answer


def in_turn(*apps: App) -> App:
    """A load balancer that hands each request to the next of `apps`."""
    turn = iter(_endlessly(apps))
    lock = threading.Lock()

    def answer(request: Request) -> Response:
        with lock:
            app = next(turn)
        return app(request)

    return answer


def _endlessly(apps: t.Sequence[App]) -> t.Iterator[App]:
    while True:
        yield from apps
