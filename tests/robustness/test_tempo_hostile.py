"""The Tempo probes end with one clear sentence, in time, whatever answers at the URL."""

from __future__ import annotations

import json
import socket
import time
import typing as t
from collections.abc import Callable
from types import ModuleType

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe import (
    canaries,
    coverage,
    linkage,
    sampling_ratio,
    tempo_info,
    tempo_search,
    tempo_trace,
)
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked, serving
from ansible_collections.traceops.tracing.tests.probing import FakeClock, options
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server

GRPC_SETTINGS = bytes.fromhex("000006040000000000000500004000")
PROBES: list[tuple[ModuleType, dict[str, t.Any]]] = [
    (tempo_info, {}),
    (tempo_search, {"service_name": "shop"}),
    (tempo_trace, {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}),
    (coverage, {"services": ["shop"]}),
    (linkage, {"service_name": "shop"}),
    (sampling_ratio, {"service_name": "shop"}),
    (canaries, {"trace_ids": {"app01": "1", "app02": "2"}, "wait_timeout": 0.0}),
]
EACH_PROBE = pytest.mark.parametrize(
    ("probe", "given"), PROBES, ids=[probe.__name__.rpartition(".")[2] for probe, _unused in PROBES]
)


def failure(probe: ModuleType, url: str, given: dict[str, t.Any], timeout: float = 5.0) -> ProbeFailure:
    """How the probe fails: in bounded time, with one short line and a result that is plain data."""
    began = time.monotonic()
    with pytest.raises(ProbeFailure) as caught:
        probe.run(options(probe, tempo_url=url, timeout=timeout, **given), FakeClock())
    assert time.monotonic() - began < 4 * timeout + 1
    error = caught.value
    assert "\n" not in error.message
    assert len(error.message) < 500
    assert json.dumps(error.result)
    return error


@EACH_PROBE
def test_a_closed_port(probe: ModuleType, given: dict[str, t.Any]) -> None:
    error = failure(probe, f"http://127.0.0.1:{closed_port()}", given)
    assert error.cause == "connection_refused"


@EACH_PROBE
def test_a_reset(probe: ModuleType, given: dict[str, t.Any]) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with tcp_server(reset) as port:
        assert failure(probe, f"http://127.0.0.1:{port}", given).cause == "connection_reset"


@EACH_PROBE
def test_one_of_tempos_grpc_ports(probe: ModuleType, given: dict[str, t.Any]) -> None:
    with tcp_server(answering(GRPC_SETTINGS)) as port:
        error = failure(probe, f"http://127.0.0.1:{port}", given)
    assert error.cause in ("not_tempo", "connection_reset")


@EACH_PROBE
def test_tls_asked_of_a_plain_port(probe: ModuleType, given: dict[str, t.Any]) -> None:
    with tcp_server(answering(http_answer(400, b"bad request"))) as port:
        error = failure(probe, f"https://127.0.0.1:{port}", given)
    assert error.cause in ("tls_not_spoken", "tls_failure")


@EACH_PROBE
@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {"Content-Type": "text/html"}, b"<html><title>Login</title></html>"),
        Answer(200, {"Content-Type": "application/json"}, b'{"hello": "world"}'),
        Answer(200, {"Content-Type": "application/json"}, b"[1, 2, 3]"),
        Answer(200, {"Content-Type": "application/json"}, b"{"),
        Answer(200, {"Content-Type": "application/json"}, b'{"traces": 7, "trace": [], "version": {"a": 1}}'),
        Answer(200, {"Content-Type": "application/protobuf"}, b"\xff" * 100),
        Answer(200, {"Content-Type": "application/json"}, b"[" * 100_000),
        Answer(404, {"Content-Type": "application/json"}, b'{"message":"Not found"}'),
        Answer(302, {"Location": "https://sso.example/login"}, b""),
        Answer(200, {"Content-Type": "application/octet-stream"}, bytes(range(256)) * 40_000),
    ],
    ids=["html", "other json", "list", "cut json", "odd types", "bad protobuf", "deep", "404", "redirect", "10 MB"],
)
def test_another_product(probe: ModuleType, given: dict[str, t.Any], answer: Answer) -> None:
    with serving(lambda request: answer) as (url, _asked):
        error = failure(probe, url, given)
    assert error.cause == "not_tempo"
    assert url in error.message


@EACH_PROBE
def test_an_endless_body_is_not_read_to_its_end(probe: ModuleType, given: dict[str, t.Any]) -> None:
    def endless(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 1_000_000)

    with tcp_server(endless) as port:
        error = failure(probe, f"http://127.0.0.1:{port}", given)
    assert error.cause in ("body_too_large", "response_timeout", "not_tempo")


def drip_body(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def drip_header(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Slow: 1\r\n")
        time.sleep(0.05)


def silent(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.recv(65536)


@EACH_PROBE
@pytest.mark.parametrize("handle", [drip_body, drip_header, silent])
def test_a_server_that_drips_or_says_nothing(
    probe: ModuleType, given: dict[str, t.Any], handle: Callable[[socket.socket], None]
) -> None:
    with tcp_server(handle) as port:
        error = failure(probe, f"http://127.0.0.1:{port}", given, timeout=0.3)
    assert error.cause == "response_timeout"


def test_hostile_names_reach_no_terminal() -> None:
    escape = "\x1b]0;owned\x07\x1b[31m\u202eevil\x00"
    hostile = {"traceID": "1", "rootServiceName": escape, "rootTraceName": escape, "serviceStats": {escape: {}}}

    def choose(request: Asked) -> Answer:
        document = {"traces": [hostile]} if request.route == "/api/search" else {"version": "2.10.8" + escape}
        return Answer(200, {"Content-Type": "application/json"}, json.dumps(document).encode())

    with serving(choose) as (url, _asked):
        result = tempo_search.run(options(tempo_search, tempo_url=url), FakeClock())
    trace = result["traces"][0]
    assert (trace["root_service"], trace["root_name"], trace["services"]) == ("evil", "evil", ["evil"])


@EACH_PROBE
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_secrets_are_in_no_message_though_the_server_sends_them_back(
    probe: ModuleType, given: dict[str, t.Any], status: int
) -> None:
    secrets = {"url_username": "u", "url_password": "pa55word", "token": "t0ken-t0ken"}
    echo = Answer(status, {"Content-Type": "text/plain"}, json.dumps(secrets).encode())
    with serving(lambda request: echo) as (url, _asked):
        error = failure(probe, url.replace("//", "//user:ur1secret@"), {**given, **secrets})
    shown = error.message + json.dumps(error.result)
    assert not [secret for secret in ("pa55word", "ur1secret", "t0ken-t0ken") if secret in shown]
