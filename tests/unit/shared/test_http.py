"""The HTTP transport: every way a request can end has one cause and one sentence."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client._http import HttpClient, HttpError, check_url
from ansible_collections.traceops.tracing.plugins.module_utils._errors import BadOption
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server


def client(port: int, **options: object) -> HttpClient:
    return HttpClient(f"http://127.0.0.1:{port}", {"timeout": 5, **options}, "tempo_url")


def failure(call: Callable[[], object]) -> HttpError:
    with pytest.raises(HttpError) as caught:
        call()
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


def test_an_unresolvable_name_is_dns_failure() -> None:
    error = failure(lambda: HttpClient("http://nope.invalid:3200", {}, "tempo_url").get("/ready"))
    assert error.cause == "dns_failure"


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
