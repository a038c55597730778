"""tempo_info: readiness, version, settings and counters, with whatever the server lets itself be asked."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import tempo_info
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked
from ansible_collections.traceops.tracing.tests.probing import FakeClock, failure_of, options
from ansible_collections.traceops.tracing.tests.servers import closed_port
from ansible_collections.traceops.tracing.tests.unit.tempo.server import BUILDINFO, Route, as_json, as_text, tempo

PAGE = as_text(
    "GET /status/config\n---\nmultitenancy_enabled: true\n"
    "distributor:\n    receivers:\n        otlp:\n            protocols:\n                grpc: null\n"
)
DATE = "Mon, 23 Nov 2026 02:03:17 GMT"
DATE_EPOCH = 1795399397.0


def samples(received: int, discarded: int = 0) -> Answer:
    text = (
        "process_start_time_seconds 1.7953993e+09\n"
        f'tempo_distributor_spans_received_total{{tenant="a"}} {received}\n'
        f'tempo_discarded_spans_total{{reason="rate_limited",tenant="a"}} {discarded}\n'
    )
    return Answer(200, {"Content-Type": "text/plain", "Date": DATE}, text.encode())


def run(url: str, clock: FakeClock | None = None, **given: t.Any) -> dict[str, t.Any]:
    return tempo_info.run(options(tempo_info, tempo_url=url, **given), clock or FakeClock(DATE_EPOCH))


def test_a_ready_tempo_is_described() -> None:
    with tempo({"/status/config": PAGE, "/metrics": samples(9, 2)}) as (url, _asked):
        result = run(url)
    assert (result["ok"], result["ready"], result["ready_status"], result["ready_reason"]) == (True, True, 200, "")
    assert (result["version"], result["at_least"]) == ("2.10.8", "2.10")
    assert result["message"] == f"Tempo 2.10.8 at {url} is ready"
    assert result["config"]["multitenancy"] is True
    assert result["config"]["receivers"] == {"otlp_grpc": "localhost:4317"}
    assert result["counters"]["received"] == 9
    assert result["counters"]["discarded"] == {"rate_limited": 2}
    assert result["counters"]["uptime_s"] == 97
    assert result["clock_offset_s"] == 0.5
    assert (result["rates"], result["unavailable"]) == (None, [])
    assert json.loads(json.dumps(result)) == result


def test_a_tempo_that_is_not_ready_says_why() -> None:
    words = "Ingester not ready: ingester check ready failed: waiting for 15s after being ready"
    with tempo({"/ready": as_text(words + "\n", 503)}) as (url, asked):
        result = run(url)
    assert (result["ok"], result["ready"], result["ready_status"], result["ready_reason"]) == (True, False, 503, words)
    assert result["message"].endswith(f"is not ready: {words}")
    assert [item.path for item in asked].count("/ready") == 1, "a 503 is the answer here, not a reason to ask again"


@pytest.mark.parametrize(
    ("routes", "version", "at_least"),
    [
        ({BUILDINFO: as_json({"version": "v2.7.2"})}, "v2.7.2", "2.7"),
        ({BUILDINFO: as_text("", 404), "/metrics": as_text('tempo_build_info{version="2.3.1"} 1\n')}, "2.3.1", "2.3"),
        ({BUILDINFO: as_json({"version": ""}), "/status/services": as_text("| live-store | Running |")}, None, "3.0"),
        ({BUILDINFO: as_json({"version": ""}), "/api/v2/traces/": as_json({"trace": {}})}, None, "2.6"),
        ({BUILDINFO: as_json({"version": ""})}, None, "0.0"),
        ({BUILDINFO: as_json({"version": "main-abc"}), "/api/v2/traces/": as_json({"trace": {}})}, "main-abc", "2.6"),
        ({BUILDINFO: as_text("<html>")}, None, "0.0"),
        ({BUILDINFO: as_json(["odd"])}, None, "0.0"),
    ],
)
def test_the_version_is_asked_for_or_deduced(routes: dict[str, Route], version: str | None, at_least: str) -> None:
    with tempo(routes) as (url, _asked):
        result = run(url)
    assert (result["version"], result["at_least"]) == (version, at_least)


def test_what_a_gateway_keeps_back_is_listed_and_the_rest_is_told() -> None:
    with tempo({"/ready": as_text("no", 404), "/metrics": as_text("no", 403)}) as (url, _asked):
        result = run(url)
    assert (result["ok"], result["ready"]) == (True, None)
    assert result["message"].endswith("answers, but does not say whether it is ready")
    assert result["config"]["multitenancy"] is None
    assert result["counters"]["received"] is None
    assert [f"{url}/status/config" in text for text in result["unavailable"]] == [True, False]
    assert "answered 403" in result["unavailable"][1]


def test_a_login_page_in_place_of_settings_and_metrics_settles_nothing() -> None:
    page = as_text("<html>please: log in</html>")
    with tempo({"/status/config": page, "/metrics": page}) as (url, _asked):
        result = run(url)
    assert (result["config"]["multitenancy"], result["config"]["receivers"]) == (None, None)
    assert (result["counters"]["received"], result["counters"]["discarded"]) == (None, None)
    assert "should show Tempo's configuration, but answered 200 with something else" in result["unavailable"][0]
    assert "should show metrics" in result["unavailable"][1]


def test_a_prefix_that_covers_only_the_api_is_understood() -> None:
    routes = {"/tempo/api/echo": as_text("echo\n"), "/tempo" + BUILDINFO: as_json({"version": "2.10.8"})}
    with tempo({**routes, "/status/config": PAGE, "/metrics": samples(1)}) as (url, _asked):
        result = run(url + "/tempo/")
    assert (result["ready"], result["version"], result["counters"]["received"]) == (True, "2.10.8", 1)
    assert result["unavailable"] == []


def test_a_path_that_is_none_of_tempos_is_not_tempo_though_its_root_is() -> None:
    with tempo({"/metrics": as_text('tempo_build_info{version="2.10.8"} 1\n')}) as (url, _asked):
        failure = failure_of(tempo_info, tempo_url=url + "/api")
        assert failure.cause == "not_tempo"
        assert failure.message.startswith(f"{url}/api answers, but not as Tempo does")
        assert failure.message.endswith("its base URL ends before /api")


def test_rates_come_from_two_samples() -> None:
    answers = iter([samples(100, 10), samples(150, 5)])
    clock = FakeClock()
    with tempo({"/metrics": lambda request: next(answers)}) as (url, _asked):
        result = run(url, clock, sample_interval=10.0)
    assert clock.slept == [10.0]
    assert result["rates"]["received"] == 5.0
    assert result["rates"]["discarded_total"] is None
    assert result["counters"]["received"] == 150


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ({"/api/echo": as_text("no", 404), BUILDINFO: as_text("no", 404)}, "not as Tempo does"),
        ({"/api/echo": Answer(302, {"Location": "/login"}, b""), BUILDINFO: as_text("<html>")}, "not as Tempo does"),
    ],
)
def test_another_product_is_not_taken_for_tempo_though_it_is_ready(routes: dict[str, Route], words: str) -> None:
    with tempo(routes) as (url, _asked):
        failure = failure_of(tempo_info, tempo_url=url)
    assert failure.cause == "not_tempo"
    assert words in failure.message


@pytest.mark.parametrize(("status", "cause"), [(407, "proxy_in_the_way"), (500, "http_status"), (502, "http_status")])
def test_a_gateway_that_reaches_no_tempo_is_not_another_product(status: int, cause: str) -> None:
    page = as_text("<html>upstream is down</html>", status)
    with tempo({"/ready": page, "/api/echo": page, BUILDINFO: page, "/metrics": page}) as (url, _asked):
        failure = failure_of(tempo_info, tempo_url=url)
    assert failure.cause == cause
    assert failure.message.startswith(f"GET {url}/api/echo should answer 200, but answered {status}: 'a web page'")


def test_nothing_there_is_connection_refused_with_the_keys_of_a_success() -> None:
    failure = failure_of(tempo_info, tempo_url=f"http://127.0.0.1:{closed_port()}")
    assert failure.cause == "connection_refused"
    assert failure.result["ready"] is None
    with tempo({}) as (url, _asked):
        assert failure.result.keys() == run(url).keys()


@pytest.mark.parametrize("interval", [-1.0, 301.0, float("nan")])
def test_a_bad_interval_is_named(interval: float) -> None:
    failure = failure_of(tempo_info, tempo_url="http://127.0.0.1:1", sample_interval=interval)
    assert failure.cause == "bad_option"
    assert failure.message.startswith("sample_interval: ")


def test_credentials_in_the_url_are_shown_nowhere() -> None:
    def need(request: Asked) -> Answer:
        return as_text("nope", 500)

    with tempo({"/status/config": need}) as (url, _asked):
        result = run(url.replace("http://", "http://admin:s3cret@"), token="t0k3n")
    assert "s3cret" not in json.dumps(result)
    assert "t0k3n" not in json.dumps(result)
