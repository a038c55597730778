"""sampling_ratio: what it asks Tempo, and what it makes of the answer."""

from __future__ import annotations

import random
import time
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe import sampling_ratio
from ansible_collections.traceops.tracing.tests.contract.replay import Answer
from ansible_collections.traceops.tracing.tests.probing import FakeClock, failure_of, options
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server
from ansible_collections.traceops.tracing.tests.unit.tempo.server import as_json, as_text, query_of, tempo

NOW = 1_795_400_000.0


def found(ids: t.Iterable[int], start: float = NOW - 60) -> Answer:
    return as_json({"traces": [{"traceID": f"{i:x}", "startTimeUnixNano": str(int(start * 1e9))} for i in ids]})


def kept(ratio: float, traces: int) -> list[int]:
    """Ids that a sampler of Python's SDK kept."""
    dice = random.Random(f"{ratio} {traces}")
    ids = (dice.getrandbits(128) for _unused in range(10**6))
    return [i for i, _unused in zip((i for i in ids if (i & 2**64 - 1) < ratio * 2**64), range(traces))]


def measure(url: str, clock: FakeClock | None = None, **given: t.Any) -> dict[str, t.Any]:
    return sampling_ratio.run(
        options(sampling_ratio, tempo_url=url, service_name="shop", **given), clock or FakeClock(NOW)
    )


def test_it_asks_for_traces_whose_root_is_the_service() -> None:
    with tempo({"/api/search": found([])}) as (url, asked):
        measure(url, start="-30m", limit=500)

    (request,) = [query_of(request) for request in asked if request.route == "/api/search"]
    assert request["q"] == '{ rootServiceName = "shop" }', "the one form that 2.3 to 3.x understand"
    assert (request["start"], request["limit"]) == (str(int(NOW) - 1800), "500")


@pytest.mark.parametrize("sdk", [None, "python"])
def test_the_ratio_is_read_from_the_ids(sdk: str | None) -> None:
    with tempo({"/api/search": found(kept(0.25, 100))}) as (url, _asked):
        result = measure(url, sdk=sdk)

    assert (result["ok"], result["traces"], result["complete"]) == (True, 100, True)
    assert result["by_id"]["rule"] == "low64"
    assert result["by_id"]["low"] <= 0.25 <= result["by_id"]["high"]
    assert result["message"].startswith("the ids of 100 traces of shop show a ratio of 0.2")


def test_few_traces_are_not_enough() -> None:
    with tempo({"/api/search": found(kept(0.25, 3))}) as (url, _asked):
        result = measure(url)

    assert (result["ok"], result["cause"]) == (False, "not_enough_traces")
    assert result["message"] == "not enough traffic yet: 3 of 30 traces of shop"


def test_it_waits_for_enough_traces() -> None:
    clock = FakeClock(NOW)
    with tempo({"/api/search": found(kept(0.25, 3))}) as (url, _asked):
        result = measure(url, clock, wait_timeout=10)

    assert result["attempts"] > 5
    assert clock.monotonic() >= 10


def test_a_trace_that_began_before_the_change_does_not_count() -> None:
    with tempo({"/api/search": found(kept(0.25, 50), start=NOW - 3601)}) as (url, _asked):
        assert measure(url, start="-1h")["traces"] == 0


def test_before_the_change_of_a_clock_that_is_ahead_nothing_counts() -> None:
    with tempo({"/api/search": found([1])}) as (url, _asked):
        assert measure(url, start=str(NOW + 5))["traces"] == 0


def test_a_search_that_was_cut_says_nothing_about_dotnet() -> None:
    with tempo({"/api/search": found(kept(0.25, 50))}) as (url, _asked):
        result = measure(url, sdk="dotnet", limit=50)

    assert (result["ok"], result["cause"], result["by_id"]["ratio"]) == (False, "search_cut", None)


def test_a_count_shows_a_second_sampler() -> None:
    with tempo({"/api/search": found(kept(0.25, 100))}) as (url, _asked):
        result = measure(url, offered=1600)

    assert result["by_count"]["ratio"] == 0.0625
    assert result["hidden_factor"] == pytest.approx(0.25, abs=0.01)
    assert "100 of 1600 are stored: 0.0625" in result["message"]


METRICS = 'process_start_time_seconds {}\nrecords_total{{job="a"}} 1500\nrecords_total{{job="b"}} 100\n'


def counted(body: str, **given: t.Any) -> dict[str, t.Any]:
    answer = http_answer(200, body.encode(), "text/plain")
    with tempo({"/api/search": found(kept(0.25, 100))}) as (url, _asked), tcp_server(answering(answer)) as port:
        return measure(url, counter_url=f"http://127.0.0.1:{port}/metrics", counter_metric="records_total", **given)


def test_a_counter_of_the_application_is_a_count() -> None:
    assert counted(METRICS.format(NOW - 100), start="-1h")["by_count"]["offered"] == 1600


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (METRICS.format(NOW - 7200), "counts since before the time that was searched"),
        ("records_total 7\n", "counts since before the time that was searched"),
        ("other_total 7\n", "has no metric records_total"),
    ],
)
def test_a_counter_that_does_not_fit_is_not_used(body: str, why: str) -> None:
    result = counted(body)

    assert result["ok"]
    assert result["by_count"] is None
    assert why in result["counter_problem"]


def test_a_counter_that_does_not_answer_is_not_used() -> None:
    with tempo({"/api/search": found(kept(0.25, 100))}) as (url, _asked):
        result = measure(url, counter_url=f"http://127.0.0.1:{closed_port()}/", counter_metric="x")

    assert result["ok"]
    assert "refused" in result["counter_problem"]


def test_the_credentials_of_tempo_are_not_sent_to_the_application() -> None:
    seen: list[bytes] = []

    def keep(connection: t.Any) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(http_answer(200, b"x 1\n", "text/plain"))

    with tempo({"/api/search": found([])}) as (url, _asked), tcp_server(keep) as port:
        given = {"token": "geheim", "tenant": "mine", "headers": {"X-Key": "geheim"}}
        measure(url, counter_url=f"http://127.0.0.1:{port}/", counter_metric="x", **given)

    assert seen
    assert b"geheim" not in b"".join(seen)
    assert b"mine" not in b"".join(seen)


def test_a_tempo_that_does_not_answer_is_a_failure_with_all_keys() -> None:
    failure = failure_of(sampling_ratio, tempo_url=f"http://127.0.0.1:{closed_port()}", service_name="shop")

    assert failure.cause == "connection_refused"
    assert {"traces", "by_id", "by_count", "since"} <= set(failure.result)


def test_tempo_is_asked_also_when_the_ratio_holds_from_a_moment_to_come() -> None:
    dead = f"http://127.0.0.1:{closed_port()}"

    failure = failure_of(sampling_ratio, tempo_url=dead, service_name="shop", start=str(time.time() + 60))

    assert failure.cause == "connection_refused"


def test_a_tenant_that_is_missing_is_named() -> None:
    with tempo({"/api/search": as_text("no org id\n", 401)}) as (url, _asked):
        assert failure_of(sampling_ratio, tempo_url=url, service_name="shop").cause == "tenant_missing"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"limit": 0}, "limit: 0 is not between 1 and 10000"),
        ({"min_traces": 5000}, "min_traces: 5000 is not between 1 and limit (1000)"),
        ({"confidence": 1.0}, "confidence: 1.0 is not between 0.5 and 1"),
        ({"offered": -1}, "offered: -1 is less than 0"),
        ({"start": "yesterday"}, "start: 'yesterday' is not a time"),
    ],
)
def test_an_option_that_cannot_be_is_named(given: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(BadOption) as refused:
        measure("http://127.0.0.1:1", **given)

    assert refused.value.message.startswith(sentence)
