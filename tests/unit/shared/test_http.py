"""The HTTP transport: every way a request can end has one cause and one sentence."""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import sys
import threading
import time
import urllib.request
import zlib
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from cryptography.hazmat.primitives import serialization

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, MissingLibrary
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import (
    HttpClient,
    HttpError,
    check_url,
    status_error,
)
from ansible_collections.traceops.tracing.tests.certificates import Authority, Pair, server_context
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server


def client(port: int, **options: object) -> HttpClient:
    return HttpClient(f"http://127.0.0.1:{port}", {"timeout": 5, **options}, "tempo_url")


def failure(call: Callable[..., object], *arguments: object) -> HttpError:
    with pytest.raises(HttpError) as caught:
        call(*arguments)
    return caught.value


def test_an_answer_is_returned_whatever_its_status() -> None:
    with tcp_server(answering(http_answer(418, b'{"a": 1}'))) as port:
        answer = client(port).get("/api/x", {"q": "{ }"})
    assert (answer.status, answer.json(), answer.content_type) == (418, {"a": 1}, "application/json")


def test_a_closed_port_is_connection_refused_and_the_message_names_the_url() -> None:
    port = closed_port()
    error = failure(lambda: client(port).get("/ready"))
    assert error.cause == "connection_refused"
    assert f"http://127.0.0.1:{port}/ready" in error.message


@pytest.mark.parametrize("host", ["nope.invalid", "a..b", "a" * 64 + ".example"])
def test_an_unresolvable_name_is_dns_failure(host: str) -> None:
    error = failure(lambda: HttpClient(f"http://{host}:3200", {}, "tempo_url").get("/ready"))
    assert error.cause == "dns_failure"
    assert f"http://{host}:3200/ready" in error.message


def test_a_resolver_that_hangs_is_bounded_by_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: released.wait(30) and [])
    began = time.monotonic()
    error = failure(lambda: HttpClient("http://tempo:3200", {"timeout": 0.3}, "tempo_url").get("/ready"))
    released.set()
    assert time.monotonic() - began < 5
    assert error.cause == "response_timeout"
    assert error.message == "GET http://tempo:3200/ready was not answered completely within 0.3 s"


def test_a_loopback_address_is_asked_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with tcp_server(answering(http_answer(200, b"{}"))) as port:
        assert client(port).get("/").status == 200
        assert HttpClient(f"http://localhost:{port}", {"timeout": 5}, "tempo_url").get("/").status == 200


def test_a_closed_loopback_port_is_not_blamed_on_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    error = failure(lambda: client(closed_port()).get("/"))
    assert error.cause == "connection_refused"
    assert "proxy" not in error.message


def test_a_reset_is_connection_reset() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()

    with tcp_server(reset) as port:
        assert failure(lambda: client(port).get("/")).cause == "connection_reset"


def test_bytes_that_are_not_http_are_named_so() -> None:
    with tcp_server(answering(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00")) as port:
        assert failure(lambda: client(port).get("/")).cause in ("not_http", "connection_reset")


def test_a_server_that_drips_its_header_is_bounded_by_the_deadline() -> None:
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not stop.wait(0.05):
            connection.sendall(b"x")

    with tcp_server(drip) as port:
        error = failure(lambda: client(port, timeout=0.4).get("/"))
        stop.set()
    assert error.cause == "response_timeout"


def test_a_silent_server_is_response_timeout() -> None:
    with tcp_server(lambda connection: time.sleep(30)) as port:
        assert failure(lambda: client(port, timeout=0.3).get("/")).cause == "response_timeout"


def test_a_body_over_the_bound_is_refused() -> None:
    with tcp_server(answering(http_answer(200, b"x" * 5000))) as port:
        error = failure(lambda: client(port).get("/", max_body=4096))
    assert error.cause == "body_too_large"


def test_a_body_that_ends_too_early_is_connection_reset() -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"

    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(short)
        connection.shutdown(socket.SHUT_WR)

    with tcp_server(handle) as port:
        assert failure(lambda: client(port).get("/")).cause == "connection_reset"


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_packed_body_is_unpacked_within_the_bound(coding: str, pack: Callable[[bytes], bytes]) -> None:
    answer = http_answer(200, pack(b'{"a": 1}' + b" " * 100_000), "application/json", f"Content-Encoding: {coding}")
    with tcp_server(answering(answer)) as port:
        assert client(port).get("/").json() == {"a": 1}
        assert failure(lambda: client(port).get("/", max_body=4096)).cause == "body_too_large"


def test_a_body_that_is_not_packed_as_its_header_says() -> None:
    with tcp_server(answering(http_answer(200, b"no gzip", "text/plain", "Content-Encoding: gzip"))) as port:
        assert failure(lambda: client(port).get("/")).cause == "connection_reset"


def test_a_connection_is_kept_while_the_server_keeps_it() -> None:
    kept = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    served: list[int] = []

    def handle(connection: socket.socket) -> None:
        served.append(0)
        mine = len(served) - 1
        # Two answers, then the connection is closed without a word.
        while served[mine] < 2 and connection.recv(65536):
            served[mine] += 1
            connection.sendall(kept)
        connection.shutdown(socket.SHUT_RDWR)

    with tcp_server(handle) as port:
        asked = client(port)
        for _unused in range(3):
            assert asked.get("/").status == 200
            time.sleep(0.05)  # the end of the connection arrives
    assert served == [2, 1]


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next() -> None:
    late = threading.Event()

    def handle(connection: socket.socket) -> None:
        asked = connection.recv(65536)
        if b"/slow" in asked:
            late.wait(5)
        body = b"slow" if b"/slow" in asked else b"fast"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)

    with tcp_server(handle) as port:
        asked = client(port)
        assert failure(lambda: asked.get("/slow", timeout=0.2)).cause == "response_timeout"
        answer = asked.get("/fast")
        late.set()
    assert answer.text == "fast"


def test_plain_http_without_a_proxy_needs_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    with tcp_server(answering(http_answer(200, b"{}"))) as port:
        assert client(port).get("/api/search", {"q": "{ }", "start": None, "limit": 20}).status == 200
        with pytest.raises(MissingLibrary):
            HttpClient(f"https://127.0.0.1:{port}", {}, "tempo_url").get("/")


def test_names_and_numbers_of_a_query_travel_encoded() -> None:
    asked: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(http_answer(200, b"{}"))

    with tcp_server(handle) as port:
        client(port).get("/a b/ü", {"q": '{ name = "a&b" }', "start": None, "limit": 20})
    assert asked[0].split(b"\r\n")[0] == b"GET /a%20b/%C3%BC?q=%7B+name+%3D+%22a%26b%22+%7D&limit=20 HTTP/1.1"


def test_a_body_that_is_not_json_is_quoted_clean_and_short() -> None:
    body = b"<html>\x1b[31m login \x00" + b"y" * 10_000
    with tcp_server(answering(http_answer(200, body, "text/html"))) as port:
        error = failure(lambda: client(port).get("/").json())
    assert error.cause == "not_json"
    assert "<html> login" in error.message
    assert "\x1b" not in error.message
    assert len(error.message) < 400


def test_redirects_are_not_followed() -> None:
    with tcp_server(answering(http_answer(302, b"", "text/html", "Location: http://127.0.0.1:1/"))) as port:
        assert client(port).get("/").status == 302


def test_a_busy_server_is_asked_again_and_the_retries_are_counted() -> None:
    answers = [http_answer(503, b"busy", "text/plain", "Retry-After: 0"), http_answer(200, b"{}")]

    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answers.pop(0))

    with tcp_server(handle) as port:
        answer = client(port).get("/")
    assert (answer.status, answer.retries) == (200, 1)


def test_basic_credentials_are_never_retried() -> None:
    asked: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(http_answer(503, b"", "text/plain", "Retry-After: 0"))

    with tcp_server(handle) as port:
        answer = client(port, url_username="admin", url_password="secret").get("/")
    assert (answer.status, len(asked)) == (503, 1)


def test_tenant_token_and_headers_travel() -> None:
    asked: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(http_answer(200, b"{}"))

    with tcp_server(handle) as port:
        client(port, token="t0ken", tenant="team-a", headers={"X-More": "1"}).get("/")
    request = asked[0].decode()
    assert "X-Scope-OrgID: team-a" in request
    assert "Authorization: Bearer t0ken" in request
    assert "X-More: 1" in request


def test_credentials_in_the_url_are_sent_unless_options_say_otherwise() -> None:
    asked: list[str] = []

    def handle(connection: socket.socket) -> None:
        asked.append(connection.recv(65536).decode())
        connection.sendall(http_answer(200, b"{}"))

    with tcp_server(handle) as port:
        url = f"http://admin:p%40ss@127.0.0.1:{port}"
        HttpClient(url, {}, "tempo_url").get("/")
        HttpClient(url, {"url_username": "other", "url_password": "word"}, "tempo_url").get("/")
        HttpClient(url, {"token": "t0ken"}, "tempo_url").get("/")
    assert "Authorization: Basic YWRtaW46cEBzcw==" in asked[0]
    assert "Authorization: Basic b3RoZXI6d29yZA==" in asked[1]
    assert "Authorization: Bearer t0ken" in asked[2]


@pytest.mark.parametrize(
    "url",
    [
        "tempo:3200",
        "",
        "http://",
        "ftp://tempo",
        "http://tempo:99999",
        "http://tempo:port",
        "http://a b",
        "http://[::1",
    ],
)
def test_a_malformed_url_names_the_option(url: str) -> None:
    with pytest.raises(BadOption, match=r"^tempo_url: .* is not a valid URL"):
        check_url(url, "tempo_url")


def test_credentials_in_a_url_are_not_shown() -> None:
    error = failure(lambda: HttpClient("http://u:hunter2@127.0.0.1:1", {}, "tempo_url").get("/"))
    assert "hunter2" not in error.message


@pytest.mark.parametrize("url", ["http://u:hunter2/x@tempo:3200", "http://u:hunter2#x@tempo", "u:hunter2@h:1"])
def test_credentials_in_a_malformed_url_are_not_shown(url: str) -> None:
    with pytest.raises(BadOption, match=r"^tempo_url: .* is not a valid URL") as caught:
        check_url(url, "tempo_url")
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"token": "s3cret\n"}, "token: the value of Authorization has characters that no header can carry"),
        ({"tenant": "s3cret\r\nX-Evil: 1"}, "tenant: the value of X-Scope-OrgID has characters"),
        ({"tenant": "価格"}, "tenant: the value of X-Scope-OrgID has characters"),
        ({"token": "s3cr\u20act"}, "token: the value of Authorization has characters"),
        ({"tenant": " s3cret"}, "tenant: the value of X-Scope-OrgID has characters"),
        ({"headers": {"X-Key": "s3cret\n"}}, "headers: the value of X-Key has characters that no header can carry"),
        ({"headers": {"X-Key": " s3cret"}}, "headers: the value of X-Key has characters"),
        ({"headers": {"X Key": "s3cret"}}, "headers: 'X Key' is not a header name"),
        ({"timeout": 0}, "timeout: 0 is not between 0 and 3600 seconds"),
        ({"timeout": float("nan")}, "timeout: nan is not"),
        ({"client_key": "/k.pem"}, "client_key: it needs client_cert"),
        ({"ca_path": "/no/such.pem"}, "ca_path: '/no/such.pem' cannot be used"),
        ({"client_cert": "/no/such.pem"}, "client_cert: '/no/such.pem' cannot be used"),
        ({"client_cert": __file__, "validate_certs": False}, f"client_cert: '{__file__}' cannot be used"),
    ],
)
def test_an_option_that_can_not_be_used_is_named_before_anything_is_asked(given: dict[str, object], words: str) -> None:
    with pytest.raises(BadOption) as caught:
        HttpClient("https://127.0.0.1:1", given, "tempo_url")
    assert caught.value.message.startswith(words)
    assert "s3cr" not in caught.value.message


def test_an_encrypted_key_is_refused_and_no_password_asked_for(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("client")
    key = serialization.load_pem_private_key(Path(pair.key).read_bytes(), None)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = key.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"hunter2"))
    Path(pair.key).write_bytes(locked)
    with pytest.raises(BadOption, match="expected PEM with an unencrypted key"):
        HttpClient("https://127.0.0.1:1", {"client_cert": pair.cert, "client_key": pair.key}, "tempo_url")


def test_a_certificate_that_is_refused_has_its_reason(tmp_path: Path) -> None:
    """By this host: whom it does not trust, or from when on. By the server: which alert it sends."""
    authority, other = Authority(tmp_path), Authority(tmp_path, "Other")
    stranger = other.issue("stranger", [])
    cases: list[tuple[Pair, dict[str, object], str, str]] = [
        (
            authority.issue("a"),
            {"ca_path": other.ca},
            "certificate_untrusted",
            "unable to get local issuer certificate",
        ),
        (authority.issue("b", first_day=1), {"ca_path": authority.ca}, "certificate_untrusted", "is not yet valid)"),
        (
            authority.issue("c"),
            {"ca_path": authority.ca, "client_cert": stranger.cert, "client_key": stranger.key},
            "tls_failure",
            "the TLS handshake failed (the other side does not know the authority of the certificate)",
        ),
    ]
    for pair, given, cause, words in cases:
        context = server_context(pair, client_ca=authority.ca if "client_cert" in given else None)
        # With 1.3 the alert comes after the request, and the server's reset may overtake it.
        context.maximum_version = ssl.TLSVersion.TLSv1_2

        def handle(connection: socket.socket, context: ssl.SSLContext = context) -> None:
            with context.wrap_socket(connection, server_side=True) as tls:
                answering(http_answer(200, b"{}"))(tls)

        with tcp_server(handle) as port:
            error = failure(HttpClient(f"https://127.0.0.1:{port}", given, "tempo_url").get, "/")
        assert error.cause == cause
        assert words in error.message


def test_tls_files_do_not_matter_without_tls() -> None:
    with tcp_server(answering(http_answer(200, b"{}"))) as port:
        assert client(port, ca_path="/no/such.pem", client_cert="/no/such.pem").get("/").status == 200


def proxied(url: str, proxy: str) -> HttpError:
    """The failure of a GET where the environment names `proxy`; an answer counts as one, too."""
    variable = url.partition(":")[0] + "_proxy"
    with mock.patch.dict(os.environ, {variable: proxy, "no_proxy": ""}):
        try:
            error = status_error(HttpClient(url, {"timeout": 5}, "tempo_url").get("/ready"))
        except HttpError as failed:
            error = failed
    assert "pa55" not in error.message
    return error


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_says_nothing_of_the_server(scheme: str) -> None:
    where = f"127.0.0.1:{closed_port()}"
    error = proxied(f"{scheme}://tempo:3200", f"http://u:pa55@{where}")
    assert error.cause == "proxy_in_the_way"
    assert error.message == (
        f"GET {scheme}://tempo:3200/ready: the proxy http://{where} (from {scheme}_proxy) cannot be used: "
        "nothing listens there (connection refused)"
    )


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("http://no-such-host.invalid:3128", "the host name does not resolve"),
        ("socks5://127.0.0.1:1", "'requests' can use here"),
        ("http://u:pa55/x@proxy:3128", "'requests' can use here"),
    ],
)
def test_a_proxy_that_can_not_be_used_is_named(proxy: str, why: str) -> None:
    error = proxied("http://tempo:3200", proxy)
    assert error.cause == "proxy_in_the_way"
    assert "(from http_proxy)" in error.message
    assert why in error.message


def test_a_tunnel_that_is_refused() -> None:
    with tcp_server(answering(http_answer(407, b"who are you?"))) as port:
        error = proxied("https://tempo:3200", f"http://u:pa55@127.0.0.1:{port}")
    assert error.cause == "proxy_in_the_way"
    assert error.message.endswith(
        f"the proxy http://127.0.0.1:{port} (from https_proxy) cannot be used: it answers '407 Status' to a CONNECT"
    )


@pytest.mark.parametrize(("status", "cause"), [(403, "forbidden"), (407, "proxy_in_the_way"), (502, "http_status")])
def test_an_answer_through_a_proxy_names_it(status: int, cause: str) -> None:
    with tcp_server(answering(http_answer(status, b"no"))) as port:
        error = proxied("http://tempo:3200", f"http://u:pa55@127.0.0.1:{port}")
    assert error.cause == cause
    assert error.message.endswith(f"'no' (asked through the proxy http://127.0.0.1:{port} (from http_proxy))")


def test_no_proxy_is_respected() -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    with tcp_server(answering(http_answer(200, b"{}"))) as port:
        url = f"http://0.0.0.0:{port}"  # this machine, and no loopback address, which is asked directly in any case
        for excepted, answered in (("0.0.0.0", True), ("other.example", False)):
            with mock.patch.dict(os.environ, {"http_proxy": dead, "no_proxy": excepted}):
                asked = HttpClient(url, {"timeout": 5}, "tempo_url")
                if answered:
                    assert asked.get("/").status == 200
                else:
                    assert failure(asked.get, "/").cause == "proxy_in_the_way"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"HTTP_PROXY": "http://a:1", "https_proxy": "http://b:2", "No_Proxy": "x", "OTHER": "y"},
        {"HTTP_PROXY": "http://a:1", "http_proxy": "http://b:2"},
        {"HTTP_PROXY": "http://a:1", "http_proxy": ""},
        {"HTTP_PROXY": "http://a:1", "REQUEST_METHOD": "GET", "ALL_PROXY": "http://c:3"},
        {"http_proxy": "http://a:1", "REQUEST_METHOD": "GET"},
    ],
)
def test_proxies_are_read_as_urllib_reads_them(environment: dict[str, str]) -> None:
    with mock.patch.dict(os.environ, environment, clear=True):
        assert addresses.proxies_of(os.environ) == urllib.request.getproxies_environment()
