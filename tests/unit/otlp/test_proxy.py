"""Proxies that the environment names: used as an exporter would, reported, and found out when they are in the way."""

from __future__ import annotations

import contextlib
import json
import select
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.certificates import Authority
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server


def forward(log: list[str]) -> Callable[[socket.socket], None]:
    """A forward proxy: CONNECT, and plain HTTP with the whole URL; `log` gets each request's header."""

    def handle(client: socket.socket) -> None:
        request = client.recv(65536)
        if not request:
            return  # only whether the proxy listens was asked
        header, _unused, body = request.partition(b"\r\n\r\n")
        log.append(header.decode())
        method, target, _version = header.split(b"\r\n")[0].decode().split(" ")
        parts = urlsplit(target if "://" in target else f"//{target}")
        with socket.create_connection((parts.hostname, parts.port)) as server:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(header.replace(target.encode(), parts.path.encode(), 1) + b"\r\n\r\n" + body)
            with contextlib.suppress(ValueError):  # the test is over and has closed the client
                pump(client, server)

    return handle


def pump(one: socket.socket, other: socket.socket) -> None:
    ends = {one: other, other: one}
    while True:
        for ready in select.select(list(ends), [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            ends[ready].sendall(data)


@pytest.fixture
def tempo() -> Iterator[Tempo]:
    running = Tempo()
    yield running
    running.stop()


@contextlib.contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    log: list[str] = []
    with tcp_server(forward(log)) as port:
        yield f"http://127.0.0.1:{port}", log


def test_plain_http_goes_through_http_proxy_with_the_whole_url(tempo: Tempo) -> None:
    with proxy() as (url, log):
        seen = ask(tempo.otlp_http, proxies={"http_proxy": url})
    assert seen["cause"] == "ok"
    assert [line.split(" HTTP")[0] for line in log] == [
        f"GET {tempo.otlp_http}/v1/traces",
        f"POST {tempo.otlp_http}/v1/traces",
    ]
    assert (seen["phases"]["tcp"]["proxy"], seen["phases"]["tcp"]["proxy_variable"]) == (url, "http_proxy")


@pytest.mark.parametrize("variable", ["grpc_proxy", "https_proxy", "http_proxy", "ALL_PROXY"])
def test_grpc_is_tunnelled(tempo: Tempo, variable: str) -> None:
    with proxy() as (url, log):
        seen = ask(tempo.otlp_grpc, protocol="grpc", proxies={variable: url})
    assert seen["cause"] == "ok"
    where = tempo.otlp_grpc.split("//")[1]
    assert {line.split("\r\n")[0] for line in log} == {f"CONNECT {where} HTTP/1.1"}
    assert seen["phases"]["tcp"]["proxy_variable"] == variable.lower()


@pytest.mark.parametrize("protocol", ["otlp_http", "otlp_grpc"])
def test_tls_is_tunnelled_and_verified_end_to_end(tmp_path: object, protocol: str) -> None:
    authority = Authority(tmp_path)  # type: ignore[arg-type]
    tempo = Tempo(tls=authority.issue("tempo"))
    try:
        with proxy() as (url, log):
            seen = ask(getattr(tempo, protocol), ca_path=authority.ca, proxies={"https_proxy": url})
    finally:
        tempo.stop()
    assert seen["cause"] == "ok"
    assert seen["phases"]["tls"]["certificate"]["subject"] == "O=Tests, CN=tempo"
    assert all(line.startswith("CONNECT ") for line in log)


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "example.com,127.0.0.1", "*", "10.0.0.0/8, 127.0.0.1/8,x/y"])
def test_no_proxy_is_respected(tempo: Tempo, no_proxy: str) -> None:
    with proxy() as (url, log):
        seen = ask(tempo.otlp_http, proxies={"http_proxy": url, "NO_PROXY": no_proxy})
    assert (seen["cause"], log) == ("ok", [])
    assert "proxy" not in seen["phases"]["tcp"]


@pytest.mark.parametrize(
    ("endpoint", "no_proxy"), [("http://10.0.0.7:4318", "192.168.0.0/16,x/8"), ("http://tempo:4318", "10.0.0.0/8")]
)
def test_a_range_of_addresses_that_the_endpoint_is_not_in(endpoint: str, no_proxy: str) -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    seen = ask(endpoint, timeout=0.5, proxies={"http_proxy": dead, "no_proxy": no_proxy})
    assert seen["cause"] == "proxy_in_the_way"


@pytest.mark.parametrize(
    ("protocol", "wants", "goes"),
    [
        ("grpc", {"no_grpc_proxy": "127.0.0.1"}, "ok"),
        ("http/protobuf", {"no_grpc_proxy": "127.0.0.1"}, "proxy_in_the_way"),
        ("grpc", {"no_grpc_proxy": "tempo", "no_proxy": "127.0.0.1"}, "proxy_in_the_way"),
    ],
)
def test_grpc_has_a_no_proxy_of_its_own(tempo: Tempo, protocol: str, wants: dict[str, str], goes: str) -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    endpoint = tempo.otlp_grpc if protocol == "grpc" else tempo.otlp_http
    assert ask(endpoint, protocol=protocol, proxies={"http_proxy": dead, **wants})["cause"] == goes


def test_credentials_for_the_proxy_are_sent_and_not_shown(tempo: Tempo) -> None:
    with proxy() as (url, log):
        seen = ask(tempo.otlp_http, proxies={"http_proxy": url.replace("//", "//app:hunt%40er2@")})
    assert all("Proxy-Authorization: Basic YXBwOmh1bnRAZXIy" in header for header in log)
    assert "hunt" not in json.dumps(seen)


def test_a_dead_proxy_is_the_cause_and_the_way_around_is_named(tempo: Tempo) -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    where = tempo.otlp_http.split("//")[1]
    seen = ask(tempo.otlp_http, proxies={"http_proxy": dead})
    assert seen["cause"] == "proxy_in_the_way"
    assert seen["message"] == (
        f"nothing listens at {dead}: the connection is refused (the proxy that http_proxy names); "
        f"{where} can be reached without it, so no_proxy should name it"
    )
    assert (seen["phases"]["tcp"]["ok"], seen["phases"]["tcp"]["direct"]) == (False, True)


def test_a_proxy_whose_name_does_not_resolve() -> None:
    seen = ask(
        f"http://127.0.0.1:{closed_port()}", timeout=10.0, proxies={"http_proxy": "http://no-such-host.invalid:3128"}
    )
    assert seen["cause"] == "proxy_in_the_way"
    assert seen["message"].startswith("the name 'no-such-host.invalid' does not resolve")
    assert (seen["phases"]["dns"]["ok"], seen["phases"]["dns"]["direct"]) == (False, False)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (http_answer(403, b"no"), "answers 'HTTP/1.1 403 Status' to"),
        (http_answer(407, b"no"), "answers 'HTTP/1.1 407 Status' to"),
        (b"", "closes the connection on"),
        (b"SSH-2.0-OpenSSH\r\n", "answers 'SSH-2.0-OpenSSH' to"),
    ],
)
def test_a_proxy_that_refuses_a_tunnel(tempo: Tempo, answer: bytes, said: str) -> None:
    where = tempo.otlp_grpc.split("//")[1]
    with tcp_server(answering(answer)) as port:
        url = f"http://127.0.0.1:{port}"
        seen = ask(f"https://{where}", proxies={"https_proxy": url})
    assert seen["cause"] == "proxy_in_the_way"
    assert seen["message"].startswith(f"the proxy {url} (from https_proxy) {said} a CONNECT to {where}")
    assert seen["phases"]["tcp"]["direct"] is True


def test_a_proxy_that_does_not_answer() -> None:
    with tcp_server(lambda connection: connection.recv(65536) and connection.recv(65536)) as port:
        seen = ask("https://203.0.113.1:4318", timeout=0.5, proxies={"https_proxy": f"127.0.0.1:{port}"})
    assert seen["cause"] == "proxy_in_the_way"
    assert "does not answer a CONNECT to 203.0.113.1:4318" in seen["message"]


@pytest.mark.parametrize("status", [403, 407, 502, 503])
def test_an_error_page_of_the_proxy(status: int) -> None:
    page = http_answer(status, b"<html>Access denied by policy</html>", "text/html", "Via: 1.1 squid")
    with tcp_server(answering(page)) as port:
        url = f"http://127.0.0.1:{port}"
        seen = ask("http://tempo:4318", proxies={"http_proxy": url})
    assert seen["cause"] == "proxy_in_the_way"
    assert f"it answered status {status}" in seen["message"]
    assert seen["message"].endswith(f"(asked through the proxy {url} from http_proxy)")


@pytest.mark.parametrize("status", [404, 415, 500])
def test_an_error_of_the_receiver_behind_the_proxy_is_its_own(status: int) -> None:
    answer = http_answer(status, b"404 page not found", "text/plain", "Via: 1.1 squid")
    with tcp_server(answering(answer)) as port:
        seen = ask("http://tempo:4318", proxies={"http_proxy": f"http://127.0.0.1:{port}"})
    assert seen["cause"] in ("path_not_found", "unsupported_media_type", "server_error")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n"])
def test_what_is_no_proxy_at_all(answer: bytes) -> None:
    with tcp_server(answering(answer)) as port:
        seen = ask("http://tempo:4318", proxies={"http_proxy": f"http://127.0.0.1:{port}"})
    assert seen["cause"] == "proxy_in_the_way"
    assert (
        seen["message"] == f"the proxy http://127.0.0.1:{port} (from http_proxy) does not answer as an HTTP proxy does"
    )


def test_no_proxy_knows_addresses_of_version_6() -> None:
    proxies = {"http_proxy": f"http://127.0.0.1:{closed_port()}", "no_proxy": "::1"}
    assert ask(f"http://[::1]:{closed_port()}", proxies=proxies)["cause"] != "proxy_in_the_way"


@pytest.mark.parametrize("value", ["http://:3128", "http://proxy:port", "http://["])
def test_a_proxy_variable_that_means_nothing_gets_one_sentence(value: str) -> None:
    with pytest.raises(BadOption) as caught:
        ask("http://tempo:4318", proxies={"http_proxy": value})
    assert caught.value.message.startswith("the environment's http_proxy ")


@pytest.mark.parametrize("scheme", ["https", "socks5"])
def test_a_kind_of_proxy_that_this_probe_can_not_use_is_said_to_be_so(scheme: str) -> None:
    seen = ask("http://tempo:4318", proxies={"http_proxy": f"{scheme}://127.0.0.1:1"})
    assert seen["cause"] == "proxy_in_the_way"
    assert f"{scheme}://127.0.0.1:1" in seen["message"]
    assert "only http:// proxies can be used" in seen["message"]
