"""What single answers mean. These are hand-made, after Grafana's source or reports, where no recording has them."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError, Response
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.answers import (
    Answer,
    read_echo,
    read_health,
    read_query,
    read_search,
    read_trace,
    reason_of,
    route_is_missing,
)


def answer(status: int, body: t.Any, content_type: str = "application/json") -> Answer:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    response = Response("GET", "http://grafana/", status, {"content-type": content_type}, raw, 1.0)
    return Answer(response, None, 1.0)


def text(status: int, body: str) -> Answer:
    return answer(status, body, "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("dial tcp 10.0.0.1:3200: connect: connection refused", "connection_refused"),
        ("dial tcp: lookup tempo on 127.0.0.11:53: no such host", "dns_failure"),
        ("dial tcp: lookup tempo on 127.0.0.11:53: server misbehaving", "dns_failure"),
        ("dial tcp: lookup tempo on 10.0.0.2:53: read udp: i/o timeout", "dns_failure"),
        ("dial tcp 10.0.0.1:3200: i/o timeout", "timeout"),
        ("context deadline exceeded (Client.Timeout exceeded while awaiting headers)", "timeout"),
        ("dial tcp 10.0.0.1:3200: connect: no route to host", "no_route"),
        ("http: server gave HTTP response to HTTPS client", "tls"),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "tls"),
        (r'malformed HTTP response "\x15\x03\x01\x00\x02\x02"', "tls"),
        (r'malformed HTTP response "\x00\x00\x06\x04\x00"', "wrong_protocol"),
        ("something new", None),
    ],
)
def test_the_smallest_stable_part_of_a_text_names_the_reason(words: str, reason: str | None) -> None:
    assert reason_of(f'Get "http://tempo:3200/api/echo": {words}') == reason


@pytest.mark.parametrize(
    ("given", "ok", "cause"),
    [
        (answer(404, {"message": "Plugin not found"}), None, "not_implemented"),  # 7.5, by number
        (
            answer(404, {"message": "Method not implemented", "messageId": "plugin.notImplemented"}),
            None,
            "not_implemented",
        ),
        (answer(501, {"messageId": "plugin.notImplemented"}), None, "not_implemented"),  # 10 and later
        (
            answer(404, {"messageId": "plugin.notRegistered"}),
            False,
            "backend_check_failed",
        ),  # 13 without Tempo's plugin
        (answer(500, {"messageId": "plugin.unavailable"}), False, "backend_check_failed"),
        (answer(500, {"message": "Unable to load datasource metadata"}), None, "not_implemented"),
        (answer(403, {"message": "Access denied"}), None, "forbidden"),
        (answer(200, {"status": "OK", "message": "Data source is working"}), True, "ok"),
        (answer(400, {"status": "ERROR", "message": "no"}), False, "backend_check_failed"),
        (answer(503, {"status": "ERROR", "message": "no"}), False, "backend_check_failed"),  # up to 8.0
        (text(200, "OK"), None, "not_implemented"),
    ],
)
def test_a_health_check_decides_only_where_it_exists(given: Answer, ok: bool | None, cause: str) -> None:
    reading = read_health(given)
    assert (reading.ok, reading.cause) == (ok, cause)


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (text(502, ""), "datasource_unreachable"),
        (text(502, "Bad Gateway"), "datasource_unreachable"),
        (text(504, ""), "datasource_unreachable"),
        (answer(502, "<html><h1>502 Bad Gateway</h1>nginx</html>", "text/html"), "backend_error"),
        (text(400, "Client sent an HTTP request to an HTTPS server.\n"), "datasource_unreachable"),
        (text(400, "Authentication to data source failed"), "datasource_unauthorized"),
        (answer(401, {"message": "Unauthorized"}), "unauthorized"),
        (answer(403, {"message": "Permission denied"}), "forbidden"),
        (text(403, "RBAC: access denied by the mesh"), "forbidden"),
        (text(403, "tenant is suspended"), "backend_error"),
        (answer(403, "<!DOCTYPE html><title>ERROR</title>Access Denied. squid/5.7", "text/html"), "proxy_between"),
        (answer(403, "<html>Blocked by Zscaler</html>", "text/html"), "proxy_between"),
        (answer(403, "<html>Forbidden by the gateway</html>", "text/html"), "backend_error"),
        (text(407, "Proxy Authentication Required"), "proxy_between"),
        (text(404, "404 page not found\n"), "not_found"),
        (text(500, "error querying ingesters"), "backend_error"),
        (text(429, "job queue full"), "backend_error"),
        (text(301, ""), "redirected"),
        (answer(200, "<!DOCTYPE html><title>Sign in</title>", "text/html"), "wrong_shape"),
        (Answer(None, HttpError("response_timeout", "too slow"), 1.0), "response_timeout"),
    ],
)
def test_a_proxied_answer_says_who_failed(given: Answer, cause: str) -> None:
    assert read_echo(given).cause == cause
    assert read_search(given)[0].cause == cause
    assert read_search(given)[1] is None


@pytest.mark.parametrize("body", ["pong", "", "[]", "{}"])
def test_an_echo_that_is_none_is_not_tempo(body: str) -> None:
    assert read_echo(text(200, body)).cause == "wrong_shape"


@pytest.mark.parametrize("body", [[], {}, {"traces": {}}, {"status": "success", "data": []}, "text", None])
def test_a_search_result_has_tempos_shape(body: t.Any) -> None:
    assert read_search(answer(200, body))[0].cause == "wrong_shape"


@pytest.mark.parametrize(("body", "count"), [({"traces": [{}, {}]}, 2), ({"metrics": {}}, 0), ({"traces": None}, 0)])
def test_the_traces_of_a_search_are_counted(body: t.Any, count: int) -> None:
    # In protobuf's JSON form an empty list is absent.
    assert read_search(answer(200, body))[1] == count


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (answer(200, {"batches": [{}]}), "ok"),
        (answer(200, {"resourceSpans": [{}]}), "ok"),
        (answer(200, {"batches": []}), "trace_missing"),
        (text(404, ""), "trace_missing"),
        (text(404, "trace not found\n"), "trace_missing"),
        (text(404, "404 page not found\n"), "not_found"),
        (text(422, "trace exceeds max size (max bytes: 5000000)"), "backend_error"),
        (answer(200, {"message": "hi"}), "wrong_shape"),
        (Answer(None, HttpError("body_too_large", "more than 32 MB"), 1.0), "ok"),
    ],
)
def test_a_missing_trace_is_told_from_a_missing_path(given: Answer, cause: str) -> None:
    assert read_trace(given).cause == cause


def failed_query(error: str) -> Answer:
    return answer(400, {"results": {"A": {"error": error, "status": 500}}})


@pytest.mark.parametrize(
    ("given", "is_trace_id", "ok", "cause"),
    [
        (answer(200, {"results": {"A": {"frames": []}}}), False, True, "ok"),
        (failed_query("unsupported query type: 'traceql' for query with refID 'A'"), False, None, "not_implemented"),
        (failed_query("failed to execute search query status: 500"), False, False, "backend_check_failed"),
        (failed_query("trace with id 1 not found in the selected time range [a, b]"), True, False, "trace_missing"),
        (failed_query("failed to get trace with id: 1 Status: 404 Not Found Body: "), True, False, "trace_missing"),
        (failed_query("failed to get trace with id: 1 Status: Not Found"), True, False, "trace_missing"),
        (failed_query("Status: 404 Not Found Body: 404 page not found\n"), True, False, "backend_check_failed"),
        (answer(500, {"message": "Metric request error"}), False, None, "not_implemented"),  # 7.5
        (answer(500, {"message": "Metric request error"}), True, False, "backend_check_failed"),
        (answer(400, {"message": "Query missing data source ID"}), True, None, "not_implemented"),
        (answer(404, "404 page not found"), True, None, "not_implemented"),
        (answer(500, {"messageId": "plugin.downstreamError"}), False, False, "backend_check_failed"),
        (answer(404, {"messageId": "plugin.notRegistered"}), False, False, "backend_check_failed"),
    ],
)
def test_explores_query_decides_only_where_it_exists(
    given: Answer, is_trace_id: bool, ok: bool | None, cause: str
) -> None:
    reading = read_query(given, is_trace_id)
    assert (reading.ok, reading.cause) == (ok, cause)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (answer(500, {"message": "Unable to load datasource meta data"}), True),  # 7.5, by uid
        (answer(404, {"message": "Unable to find datasource"}), True),  # 8.1 and later
        (answer(400, {"message": "id is invalid"}), True),  # 8, by uid
        (text(404, "404 page not found"), None),  # 9.4, uid with a hyphen; or the server behind
        (answer(404, {"message": "Not found"}), None),  # 13, by number; or a Grafana behind
        (text(502, ""), False),
        (text(200, "echo"), False),
        (text(500, "error"), False),
    ],
)
def test_a_missing_route_is_told_from_a_failing_server(given: Answer, missing: bool | None) -> None:
    assert route_is_missing(given) is missing
