"""What the answer to an OTLP/HTTP export means."""

from __future__ import annotations

import gzip
import json
import socket

import pytest

from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked, serving
from ansible_collections.traceops.tracing.tests.servers import http_answer, tcp_server

PLAIN, HTML, JSON, PROTOBUF = "text/plain", "text/html", "application/json", "application/x-protobuf"


def post_answers(status: int, body: bytes = b"", content_type: str = PLAIN, **headers: str) -> object:
    """A receiver that answers GET as a receiver does, and POST so."""

    def choose(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(405, {"Content-Type": PLAIN}, b"405 method not allowed, supported: [POST]")
        return Answer(
            status, {"Content-Type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}, body
        )

    return choose


@pytest.mark.parametrize(
    ("status", "body", "content_type", "cause", "words"),
    [
        (
            400,
            b'{"code":3,"message":"bad span"}',
            JSON,
            "invalid_data",
            "refuses the request as invalid; it answered status 400: 'bad span'",
        ),
        (
            401,
            b"Unauthorized",
            PLAIN,
            "unauthorized",
            "wants credentials, or other ones; it answered status 401: 'Unauthorized'",
        ),
        (401, b"no org id\n", PLAIN, "tenant_missing", "wants a tenant, which the header X-Scope-OrgID names"),
        (403, b"", PLAIN, "forbidden", "refuses these credentials, or this client; it answered status 403"),
        (
            404,
            b"404 page not found\n",
            PLAIN,
            "path_not_found",
            "has no OTLP receiver on this path; it answered status 404: '404 page not found'",
        ),
        (
            405,
            b"",
            PLAIN,
            "method_not_allowed",
            "does not take POST on this path, so it is no OTLP receiver; it answered status 405",
        ),
        (407, b"", PLAIN, "proxy_in_the_way", "is answered by a proxy or login page, not by an OTLP receiver"),
        (408, b"", PLAIN, "response_timeout", "gave up waiting for the request; it answered status 408"),
        (413, b"", PLAIN, "payload_too_large", "refuses the request as too large; it answered status 413"),
        (
            415,
            b"415 unsupported media type",
            PLAIN,
            "unsupported_media_type",
            "does not take this encoding; it answered status 415",
        ),
        (418, b"", PLAIN, "not_otlp", "answers, but not as an OTLP receiver does; it answered status 418"),
        (
            429,
            b'{"code":8,"message":"RATE_LIMITED: x"}',
            JSON,
            "rate_limited",
            "refuses the spans: too many or too much; it answered status 429",
        ),
        (500, b"boom", PLAIN, "server_error", "could not take the spans; it answered status 500: 'boom'"),
        (
            503,
            b'{"code":14,"message":"data refused due to high memory usage"}',
            JSON,
            "server_error",
            "could not take the spans; it answered status 503: 'data refused due to high memory usage'",
        ),
        (
            500,
            b'{"code":9,"message":"TRACE_TOO_LARGE: max"}',
            JSON,
            "limit_exceeded",
            "refuses the spans: a limit of the tenant is reached",
        ),
        (
            200,
            b"<html>please log in</html>",
            HTML,
            "proxy_in_the_way",
            "it answered status 200 with text/html: '<html>please log in</html>'",
        ),
        (200, b"welcome", PLAIN, "not_otlp", "it answered status 200 with text/plain: 'welcome'"),
        (200, b"[" * 60000, JSON, "not_otlp", "it answered status 200 with application/json"),
        (502, b"<html>Bad Gateway</html>", HTML, "server_error", "could not take the spans; it answered status 502"),
    ],
)
def test_a_failure_and_its_cause(status: int, body: bytes, content_type: str, cause: str, words: str) -> None:
    with serving(post_answers(status, body, content_type)) as (url, _asked):  # type: ignore[arg-type]
        seen = ask(url)
    assert seen["cause"] == cause
    assert seen["message"].startswith(f"{url}/v1/traces ")
    assert words in seen["message"]
    assert seen["phases"]["export"]["ok"] is False
    assert seen["phases"]["export"]["status"] == status
    assert seen["trace_ids"] == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"", PROTOBUF), (b"\n\x00", PROTOBUF), (b"{}", JSON), (b'{"partialSuccess":{}}', JSON), (b"", PLAIN)],
)
@pytest.mark.parametrize("status", [200, 202])
def test_a_success(status: int, body: bytes, content_type: str) -> None:
    with serving(post_answers(status, body, content_type)) as (url, _asked):  # type: ignore[arg-type]
        seen = ask(url)
    assert seen["cause"] == "ok"
    assert len(seen["trace_ids"]) == 1


def test_rejected_spans_are_a_partial_success() -> None:
    body = json.dumps({"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old\x1b[31m"}}).encode()
    with serving(post_answers(200, body, JSON)) as (url, _asked):  # type: ignore[arg-type]
        seen = ask(url, spans=3)
    assert seen["cause"] == "partial_success"
    assert seen["message"] == f"{url}/v1/traces rejected 2 of the spans: 'too old'"
    assert seen["phases"]["export"]["rejected"] == 2


def test_a_warning_is_no_failure() -> None:
    body = json.dumps({"partialSuccess": {"errorMessage": "this receiver is deprecated"}}).encode()
    with serving(post_answers(200, body, JSON)) as (url, _asked):  # type: ignore[arg-type]
        seen = ask(url)
    assert seen["cause"] == "ok"
    assert seen["phases"]["export"]["warning"] == "this receiver is deprecated"


def test_when_to_come_back_is_reported() -> None:
    with serving(post_answers(429, b"", PLAIN, Retry_After="5")) as (url, _asked):  # type: ignore[arg-type]
        assert ask(url)["phases"]["export"]["retry_after"] == "5"


@pytest.mark.parametrize(
    ("status", "body", "content_type", "cause", "words"),
    [
        (200, b"", PROTOBUF, "ok", "accepted a span"),
        (200, b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}', JSON, "partial_success", "too old"),
        (429, b'{"code":8,"message":"slow down"}', JSON, "rate_limited", "status 429: 'slow down'"),
        (401, b"no org id", PLAIN, "tenant_missing", "status 401: 'no org id'"),
        (200, b"x" * 10_000_000, PLAIN, "not_otlp", "answers, but not as an OTLP receiver does"),
    ],
)
def test_an_answer_that_is_compressed_though_not_asked_for(
    status: int, body: bytes, content_type: str, cause: str, words: str
) -> None:
    answers = post_answers(status, gzip.compress(body), content_type, Content_Encoding="gzip")
    with serving(answers) as (url, asked):  # type: ignore[arg-type]
        seen = ask(url, headers={"Accept-Encoding": "br"})
    assert seen["cause"] == cause
    assert words in seen["message"]
    assert asked[-1].headers["accept-encoding"] == "identity"


def test_what_only_says_that_it_is_compressed() -> None:
    with serving(post_answers(200, b"", PROTOBUF, Content_Encoding="gzip")) as (url, _asked):  # type: ignore[arg-type]
        assert ask(url)["cause"] == "ok"
    with serving(post_answers(200, b"hello", PROTOBUF, Content_Encoding="gzip")) as (url, _asked):  # type: ignore[arg-type]
        assert ask(url)["cause"] == "not_otlp"


def test_a_redirect_to_https_asks_for_tls() -> None:
    answer = http_answer(301, b"", HTML, "Location: https://127.0.0.1/v1/traces")
    with tcp_server(lambda connection: connection.recv(65536) and connection.sendall(answer)) as port:
        seen = ask(f"http://127.0.0.1:{port}")
    assert seen["cause"] == "tls_required"
    assert (
        "wants TLS: use https://; it answered status 301: 'it redirects to https://127.0.0.1/v1/traces'"
        in seen["message"]
    )


def test_a_redirect_to_a_login_page_is_not_followed() -> None:
    headers = {"Location": "https://user:hunter2@login.example/?next=x"}
    with serving(post_answers(302, b"", HTML, **headers)) as (url, asked):  # type: ignore[arg-type]
        seen = ask(url)
    assert seen["cause"] == "proxy_in_the_way"
    assert "it redirects to https://login.example/?next=x" in seen["message"]
    assert "hunter2" not in json.dumps(seen)
    assert [one.method for one in asked] == ["GET", "POST"]


def test_headers_that_only_a_proxy_sends() -> None:
    with serving(post_answers(503, b"", HTML, Via="1.1 squid")) as (url, _asked):  # type: ignore[arg-type]
        assert ask(url)["cause"] == "proxy_in_the_way"


def test_who_is_asking_and_for_which_tenant() -> None:
    with serving(post_answers(200)) as (url, asked):  # type: ignore[arg-type]
        ask(url + "/prefix", tenant="team-a", token="t0ken", headers={"X-Extra": 7, "X-None": None}, url_username="u")
    get, post = asked
    assert post.path == "/prefix/v1/traces"
    assert post.headers["x-scope-orgid"] == "team-a"
    assert post.headers["authorization"] == "Bearer t0ken"
    assert post.headers["x-extra"] == "7"
    assert "x-none" not in post.headers
    assert post.headers["content-type"] == "application/x-protobuf"
    assert not {"authorization", "x-extra", "x-scope-orgid"} & get.headers.keys(), (
        "nothing secret before it is known who listens"
    )


def test_headers_of_the_export_are_its_own() -> None:
    given = {"content-type": "text/plain", "HOST": "other", "authorization": "mine", "user-agent": "me"}
    with serving(post_answers(200)) as (url, asked):  # type: ignore[arg-type]
        assert ask(url, headers=given, token="t0ken")["cause"] == "ok"
    headers = asked[-1].headers
    assert (headers["content-type"], headers["host"]) == ("application/x-protobuf", url.split("//")[1])
    assert (headers["authorization"], headers["user-agent"]) == ("Bearer t0ken", "me")


def test_basic_authentication() -> None:
    with serving(post_answers(200)) as (url, asked):  # type: ignore[arg-type]
        ask(url, url_username="app", url_password="pä55")
    assert asked[-1].headers["authorization"] == "Basic YXBwOnDDpDU1"


def test_secrets_in_an_error_body_are_masked() -> None:
    with serving(post_answers(401, b"bad token: Bearer abcdef123456")) as (url, _asked):  # type: ignore[arg-type]
        seen = ask(url, token="abcdef123456")
    assert "abcdef123456" not in json.dumps(seen)


def answers_before_it_has_read_all(connection: socket.socket) -> None:
    connection.recv(1024)
    connection.sendall(http_answer(413, b"too large", PLAIN))


def test_a_refusal_that_comes_before_the_whole_request_was_sent() -> None:
    def handle(connection: socket.socket) -> None:
        if connection.recv(4).startswith(b"GET"):
            connection.sendall(http_answer(405, b"", PLAIN))
        else:
            answers_before_it_has_read_all(connection)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    with tcp_server(handle) as port:
        seen = ask(f"http://127.0.0.1:{port}", spans=20_000)
    assert seen["cause"] == "payload_too_large"


def test_a_connection_that_ends_in_the_middle_of_a_large_request() -> None:
    def handle(connection: socket.socket) -> None:
        if connection.recv(1024).startswith(b"GET"):
            connection.sendall(http_answer(405, b"", PLAIN))

    with tcp_server(handle) as port:
        seen = ask(f"http://127.0.0.1:{port}", spans=20_000)
    assert seen["cause"] == "connection_reset"
    size = seen["phases"]["export"]["bytes"]
    assert seen["message"] == f"127.0.0.1:{port} closed the connection on a POST of {size} bytes without an answer"


def test_a_post_that_is_answered_with_something_else() -> None:
    def handle(connection: socket.socket) -> None:
        get = connection.recv(65536).startswith(b"GET")
        connection.sendall(http_answer(405, b"", PLAIN) if get else b"\x00\x01garbage\r\n\r\n")

    with tcp_server(handle) as port:
        seen = ask(f"http://127.0.0.1:{port}")
    assert seen["cause"] == "not_otlp"
    assert seen["message"].startswith(f"127.0.0.1:{port} answers with something that is not HTTP")


@pytest.mark.parametrize(
    ("answered", "allowed"),
    [({"Access_Control_Allow_Origin": "https://shop.example"}, True), ({"Access_Control_Allow_Origin": "*"}, True),
     ({"Access_Control_Allow_Origin": "https://other.example"}, False), ({}, False)],
)  # fmt: skip
def test_whether_a_browser_may_send_is_seen_by_its_origin(answered: dict[str, str], allowed: bool) -> None:
    with serving(post_answers(200, b"", PROTOBUF, **answered)) as (url, _asked):
        result = ask(url, headers={"origin": "https://shop.example"})
        assert "origin_allowed" not in ask(url)["phases"]["export"]
    assert (result["ok"], result["phases"]["export"]["origin_allowed"]) == (True, allowed)
