"""From what the steps saw to the one cause, for what no recording shows."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client.grafana import parse_datasource
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.answers import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.cause import Observed, Verdict, conclude

FINE = Reading(True, "ok", "fine")
HIDDEN_502 = Reading(False, "datasource_unreachable", "Grafana gets no answer from the data source (502)")
REFUSED_401 = Reading(False, "datasource_unauthorized", "refused (401)")


def judged(
    access: str = "proxy", json_data: dict[str, t.Any] | None = None, url: str = "http://tempo:3200", **readings: t.Any
) -> Verdict:
    entry = {"id": 1, "uid": "t", "name": "T", "type": "tempo", "access": access, "url": url}
    source = parse_datasource({**entry, "jsonData": json_data or {}})
    assert source
    return conclude(Observed(source, **readings))


def failed(cause: str, said: str = "", message: str = "it fails") -> Reading:
    return Reading(False, cause, message, said)


def test_a_working_one_is_ok() -> None:
    assert judged(health=FINE, echo=FINE, search=FINE, explored=[FINE]).cause == "ok"


def test_direct_access_is_named_when_all_else_works() -> None:
    assert judged(access="direct", echo=FINE, search=FINE).cause == "direct_access"
    assert judged(access="direct", echo=HIDDEN_502, search=HIDDEN_502).cause == "datasource_unreachable"


def test_a_search_without_tenant_is_recognised_where_no_query_names_it() -> None:
    verdict = judged(echo=FINE, search=REFUSED_401)
    assert verdict.cause == "tenant_missing"
    assert "though its echo answers" in verdict.message


def test_a_gateway_that_refuses_all_wants_credentials() -> None:
    assert judged(echo=REFUSED_401, search=REFUSED_401).cause == "datasource_unauthorized"


def test_a_tenant_header_that_does_not_arrive_is_said() -> None:
    verdict = judged(json_data={"httpHeaderName1": "X-Scope-OrgID"}, echo=FINE, search=REFUSED_401)
    assert "does not arrive or is empty" in verdict.message


def test_streaming_that_loses_the_tenant_is_a_missing_tenant() -> None:
    health = failed("backend_check_failed", "rpc error: code = Unknown desc = no org id")
    assert judged(health=health, echo=FINE, search=FINE).cause == "tenant_missing"


@pytest.mark.parametrize("said", ["rpc error: code = Unimplemented desc = 404", "Streaming test failed"])
def test_streaming_is_blamed_only_when_it_is_on(said: str) -> None:
    health = failed("backend_check_failed", said)
    on = {"streamingEnabled": {"search": True}}
    assert judged(json_data=on, health=health, echo=FINE, search=FINE).cause == "streaming_off"
    assert judged(health=health, echo=FINE, search=FINE).cause == "backend_check_failed"


def test_a_proxied_success_with_a_failing_check_is_reported_as_that() -> None:
    health = failed("backend_check_failed", "dial tcp: lookup tempo on 10.0.0.2:53: no such host")
    verdict = judged(health=health, echo=FINE, search=FINE)
    assert (verdict.cause, verdict.reason) == ("backend_check_failed", "dns_failure")
    assert judged(echo=FINE, search=FINE, explored=[failed("backend_check_failed")]).cause == "explore_failed"
    assert judged(echo=failed("not_found"), search=FINE).cause == "backend_check_failed"


def test_a_check_or_query_that_decides_nothing_fails_nothing() -> None:
    nothing = Reading(None, "not_implemented", "absent")
    assert judged(health=nothing, echo=FINE, search=FINE, explored=[nothing]).cause == "ok"


@pytest.mark.parametrize("cause", ["response_timeout", "datasource_unreachable"])
def test_a_search_that_is_too_slow_is_not_an_unreachable_server(cause: str) -> None:
    assert judged(echo=FINE, search=failed(cause)).cause == "backend_error"


def test_a_silent_data_source_is_a_timeout() -> None:
    verdict = judged(echo=failed("response_timeout"))
    assert (verdict.cause, verdict.reason) == ("datasource_unreachable", "timeout")


def test_a_tls_server_that_is_asked_in_plain_http_is_named() -> None:
    answer = failed("datasource_unreachable", "Client sent an HTTP request to an HTTPS server.")
    verdict = judged(echo=answer, search=answer)
    assert (verdict.cause, verdict.reason) == ("datasource_unreachable", "tls")


@pytest.mark.parametrize("url", ["", "tempo:3200", "http://tempo:99999", "http://"])
def test_a_url_that_names_no_server_is_the_reason(url: str) -> None:
    verdict = judged(url=url, echo=HIDDEN_502, search=HIDDEN_502)
    assert (verdict.cause, verdict.reason) == ("datasource_unreachable", "bad_url")
    assert f"'{url}'" in verdict.message


@pytest.mark.parametrize(
    ("from_here", "first", "words"),
    [
        (None, "connection_refused", "does not say why"),
        (
            Reading(False, "dns_failure", "the host name does not resolve"),
            "dns_failure",
            "from this host: the host name",
        ),
        (Reading(False, "not_http", "not HTTP"), "wrong_protocol", "from this host: not HTTP"),
        (Reading(False, "certificate_untrusted", "untrusted"), "tls", "from this host: untrusted"),
        (Reading(True, "ok", "answers"), "connection_refused", "another network than this host"),
    ],
)
def test_an_unknown_reason_is_narrowed_by_what_this_host_sees(
    from_here: Reading | None, first: str, words: str
) -> None:
    verdict = judged(echo=HIDDEN_502, search=HIDDEN_502, from_here=from_here)
    assert (verdict.cause, verdict.reason, verdict.candidates[0]) == ("datasource_unreachable", "unknown", first)
    assert len(verdict.candidates) == 4
    assert words in verdict.message


@pytest.mark.parametrize("found", [True, False, None])
def test_a_missing_trace_says_whether_tempo_has_it(found: bool | None) -> None:
    verdict = judged(echo=FINE, search=FINE, trace=failed("trace_missing"), found_directly=found)
    words = {True: "another Tempo, or another tenant", False: "nor in the Tempo", None: "though searches work"}
    assert verdict.cause == "trace_missing"
    assert words[found] in verdict.message


def test_a_trace_that_can_not_be_read_is_told_with_the_answer() -> None:
    verdict = judged(echo=FINE, search=FINE, trace=failed("backend_error", message="answered 422 'too large'"))
    assert verdict.cause == "trace_unreadable"
    assert "422" in verdict.message


def test_a_trace_that_the_search_lists_must_open_as_well_as_the_canary() -> None:
    listed = failed("backend_error", message="answered 500 'larger than max'")
    verdict = judged(echo=FINE, search=FINE, trace=FINE, listed=listed, explored=[FINE])
    assert verdict.cause == "trace_unreadable"
    assert "a trace that the search lists" in verdict.message


def test_whichever_of_the_queries_of_explore_fails_is_told() -> None:
    verdict = judged(echo=FINE, search=FINE, trace=FINE, explored=[FINE, failed("backend_check_failed", message="500")])
    assert verdict.cause == "explore_failed"
    assert verdict.message.endswith("500")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("10.0.0.7:3200", 'parse "10.0.0.7:3200/api/v2/traces/1": first path segment in URL cannot contain colon'),
        ("tempo:3200", 'Get "tempo:3200/api/echo": unsupported protocol scheme "tempo"'),
        ("10.0.0.7:3200", "An error occurred within the plugin"),  # 13.1.5: the words are in its log
    ],
)
def test_a_url_without_scheme_is_repaired_by_the_proxy_and_refused_by_the_back_end(url: str, said: str) -> None:
    refused = failed("backend_check_failed", said)
    assert judged(url=url, echo=FINE, search=FINE, trace=FINE, explored=[refused]).cause == "url_without_scheme"
    assert judged(url=url, health=refused, echo=FINE, search=FINE).cause == "url_without_scheme"


@pytest.mark.parametrize(
    ("search", "cause"),
    [
        (failed("wrong_shape", message="answered 200 with '[]'"), "not_tempo"),
        (failed("redirected", message="answered with a redirect"), "not_tempo"),
        (failed("not_found"), "not_tempo"),
        (failed("forbidden"), "forbidden"),
        (failed("unauthorized", '{"message":"Unauthorized"}'), "unauthorized"),
        (failed("backend_error", message="answered 500 'error'"), "backend_error"),
        (failed("connection_reset"), "grafana_unreachable"),
    ],
)
def test_a_failing_search_has_a_cause(search: Reading, cause: str) -> None:
    assert judged(echo=FINE, search=search).cause == cause


def test_a_grafana_behind_the_data_source_is_recognised_by_its_health() -> None:
    assert judged(echo=REFUSED_401, search=REFUSED_401, behind_is_grafana=True).cause == "points_at_grafana"
