"""Hostile and broken Grafanas: each gets a result in time, with one clean sentence and no secret in it."""

from __future__ import annotations

import json
import socket
import threading
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import grafana as probe
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked, serving
from ansible_collections.traceops.tracing.tests.servers import answering, http_answer, tcp_server
from ansible_collections.traceops.tracing.tests.unit.grafana.params import params

SECRET = "s3ntinel-Secret"
JSON = {"Content-Type": "application/json"}
HEALTH = Answer(200, JSON, b'{"database":"ok","version":"9.4.0"}')
TEMPO = {"id": 1, "uid": "t", "name": "Tempo", "type": "tempo", "access": "proxy", "url": "http://127.0.0.1:1"}
ODD: list[t.Any] = [None, True, -1, 1e300, "x", [], {}, [None], [[]], [{}], {"a": None}, "\x1b[2J\u202e", "A" * 100_000]


def result_of(url: str, **given: t.Any) -> dict[str, t.Any]:
    result = probe.run(params(url, **{"timeout": 1.0, **given}))
    said = json.dumps(result)  # plain data throughout
    assert SECRET not in said
    assert not {"\x1b", "\u202e"} & set(json.dumps(result, ensure_ascii=False))
    assert len(said) < 100_000
    assert "\n" not in result["message"]
    return result


def replacing(route: str, body: t.Any, status: int = 200) -> Callable[[Asked], Answer | None]:
    """A working Grafana, but for its answer to paths that end in `route`."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def choose(request: Asked) -> Answer | None:
        if request.route.endswith(route):
            return Answer(status, JSON, raw)
        if request.route == "/api/health":
            return HEALTH
        if request.route == "/api/datasources":
            return Answer(200, JSON, json.dumps([TEMPO]).encode())
        if request.route.endswith("/api/echo"):
            return Answer(200, {"Content-Type": "text/plain"}, b"echo\n")
        if request.route.endswith("/api/search"):
            return Answer(200, JSON, b'{"traces":[]}')
        return None

    return choose


ROUTES = [
    "/api/health",
    "/api/datasources",
    "/uid/t",
    "/uid/t/health",
    "/api/echo",
    "/api/search",
    "/api/traces/" + "1" * 32,
]


@pytest.mark.parametrize("route", [*ROUTES, "/api/ds/query"])
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_an_answer_of_another_shape_is_no_traceback(route: str, odd: t.Any) -> None:
    with serving(replacing(route, odd)) as (url, _asked):
        result_of(url, trace_id="1" * 32)


@pytest.mark.parametrize(
    "key", ["id", "uid", "name", "type", "access", "url", "jsonData", "secureJsonFields", "basicAuth"]
)
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_a_data_source_of_another_shape_is_no_traceback(key: str, odd: t.Any) -> None:
    with serving(replacing("/api/datasources", [{**TEMPO, key: odd}])) as (url, _asked):
        result_of(url)


@pytest.mark.parametrize(
    "key", ["httpHeaderName1", "streamingEnabled", "traceQuery", "tracesToLogs", "serviceMap", "tlsSkipVerify"]
)
@pytest.mark.parametrize(
    "odd", [*ODD, {"datasourceUid": {"a": 1}}, {"datasourceUid": "\x1b[31m"}], ids=lambda o: repr(o)[:20]
)
def test_settings_of_another_shape_are_no_traceback(key: str, odd: t.Any) -> None:
    with serving(replacing("/api/datasources", [{**TEMPO, "jsonData": {key: odd}}])) as (url, _asked):
        result_of(url)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"<!DOCTYPE html>" + b"x" * 50_000])
@pytest.mark.parametrize("status", [200, 204, 302, 401, 403, 404, 500, 502, 504])
def test_garbage_is_no_traceback(route: str, body: bytes, status: int) -> None:
    with serving(replacing(route, b"" if status == 204 else body, status)) as (url, _asked):
        result_of(url, trace_id="1" * 32)


def test_a_silent_grafana_ends_with_the_deadline() -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with tcp_server(silent) as port:
        result = result_of(f"http://127.0.0.1:{port}", timeout=0.5)
    assert (result["cause"], result["transport"]) == ("grafana_unreachable", "response_timeout")


def test_a_data_source_that_never_answers_is_not_asked_again() -> None:
    over = threading.Event()
    healthy = replacing("/none", b"")

    def hanging(request: Asked) -> Answer | None:
        if request.route.endswith("/api/echo"):
            over.wait(30)
        return healthy(request)

    with serving(hanging) as (url, asked):
        result = result_of(url, timeout=0.4)
        over.set()
    assert (result["cause"], result["reason"]) == ("datasource_unreachable", "timeout")
    assert not [request for request in asked if request.route.endswith("/api/search")]


@pytest.mark.parametrize(
    "raw", [b"\x00\x00\x06\x04\x00\x00\x00\x00\x00", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 999\r\n\r\n"]
)
def test_what_is_no_http_server_is_unreachable(raw: bytes) -> None:
    with tcp_server(answering(raw)) as port:
        result = result_of(f"http://127.0.0.1:{port}")
    assert result["cause"] in ("grafana_unreachable", "not_grafana")


def test_a_redirect_is_not_followed_with_credentials() -> None:
    with tcp_server(answering(http_answer(200, b'{"database":"ok"}'))) as elsewhere:
        target = f"http://127.0.0.1:{elsewhere}/api/health"
        with tcp_server(answering(http_answer(302, b"", "text/html", f"Location: {target}"))) as port:
            result = result_of(f"http://127.0.0.1:{port}")
    assert result["cause"] == "not_grafana"
    assert target in result["message"]


def test_a_huge_list_of_data_sources_is_bounded() -> None:
    many = [{**TEMPO, "id": number, "uid": f"t{number}", "name": f"T{number}"} for number in range(5000)]
    with serving(replacing("/api/datasources", many)) as (url, _asked):
        result = result_of(url, timeout=5.0)
    assert result["cause"] == "datasource_ambiguous"
    assert "5000 Tempo data sources" in result["message"]
    assert len(result["datasources"]) == 100


@pytest.mark.parametrize("user", [{"url_username": "admin", "url_password": SECRET}, {"token": SECRET}])
def test_a_server_that_repeats_the_credentials_shows_none(user: dict[str, str]) -> None:
    def echoing(request: Asked) -> Answer | None:
        said = request.headers.get("authorization", "") + f" Bearer {user.get('token', 'none-given')} password={SECRET}"
        return HEALTH if request.route == "/api/health" else Answer(500, {"Content-Type": "text/plain"}, said.encode())

    with serving(echoing) as (url, _asked):
        assert result_of(url, **user)["cause"] == "not_grafana"


def test_credentials_in_the_data_sources_url_are_not_shown() -> None:
    source = {**TEMPO, "url": f"http://admin:{SECRET}@127.0.0.1:1/"}
    with serving(replacing("/api/datasources", [source])) as (url, _asked):
        assert result_of(url)["datasource"]["url"] == "http://127.0.0.1:1/"


def test_tempo_gets_neither_user_nor_token_nor_headers_of_grafana() -> None:
    with serving(lambda _request: None) as (tempo_url, asked), serving(replacing("/none", b"")) as (url, _grafana):
        result_of(
            url,
            token=SECRET,
            headers={"X-Key": SECRET},
            tenant="team-a",
            tempo_url=tempo_url,
            trace_id="1" * 32,
        )
    assert asked
    for request in asked:
        assert SECRET not in str(request.headers)
        assert request.headers["x-scope-orgid"] == "team-a"
