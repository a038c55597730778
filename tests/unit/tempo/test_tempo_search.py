"""tempo_search: what it asks, and what it says when there is little to find."""

from __future__ import annotations

import itertools
import re
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel.service_names import suggest
from ansible_collections.traceops.tracing.plugins.module_utils._probe import tempo_search
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked
from ansible_collections.traceops.tracing.tests.probing import FakeClock, failure_of, options
from ansible_collections.traceops.tracing.tests.unit.tempo.server import as_json, as_text, query_of, tempo

HOUR, DAY = 3600, 86400
NOTHING = as_json({"traces": [], "metrics": {}})
VALUES = "/api/v2/search/tag/resource.service.name/values"
CUTOFF = as_text("GET /status/config\n---\nquery_frontend:\n    query_end_cutoff: 30s\n")


def found(*trace_ids: str, **more: t.Any) -> Answer:
    return as_json({"traces": [{"traceID": i, "startTimeUnixNano": "1795399000000000000", **more} for i in trace_ids]})


def search(url: str, clock: FakeClock | None = None, **given: t.Any) -> dict[str, t.Any]:
    return tempo_search.run(options(tempo_search, tempo_url=url, **given), clock or FakeClock())


def searches(asked: list[Asked]) -> list[dict[str, str]]:
    return [query_of(request) for request in asked if request.route == "/api/search"]


def test_it_always_sends_a_query_with_both_ends_of_the_range_in_seconds() -> None:
    clock = FakeClock(1_795_400_000.7)
    with tempo({"/api/search": found("1")}) as (url, asked):
        search(url, clock, service_name="shop", start="-15m", limit=5)
    assert searches(asked) == [
        {
            "q": '{ resource.service.name = "shop" } with (most_recent=true)',
            "start": str(1_795_400_000 - 900),
            "end": str(1_795_400_001 + 60),
            "limit": "5",
        }
    ]


@pytest.mark.parametrize(("version", "hint"), [("2.3.1", ""), ("2.6.1", ""), ("2.7.2", "m"), ("v3.0.3", "m")])
def test_newest_first_is_asked_only_where_the_version_understands_it(version: str, hint: str) -> None:
    with tempo({"/api/search": found("1")}, version) as (url, _asked):
        result = search(url, service_name="shop")
    assert result["query_used"] == '{ resource.service.name = "shop" }' + (hint and " with (most_recent=true)")


def test_a_query_of_the_user_is_sent_as_it_is() -> None:
    with tempo({"/api/search": found("1")}) as (url, asked):
        search(url, query="{ status = error } | count() > 3")
    assert searches(asked)[0]["q"] == "{ status = error } | count() > 3"


def test_traces_have_whole_ids_plain_numbers_and_null_for_a_root_that_is_missing() -> None:
    answer = as_json(
        {
            "traces": [
                {
                    "traceID": "af7651916cd43dd8448eb211c80319c",
                    "rootServiceName": "<root span not yet received>",
                    "startTimeUnixNano": "1795399113080508672",
                    "durationMs": 3,
                    "serviceStats": {"billing": {"spanCount": 1}, "audit": {"spanCount": 2}},
                },
                {
                    "traceID": "4bf92f3577b34da6a3ce929d0e0e4736",
                    "rootServiceName": "shop",
                    "rootTraceName": "GET /",
                    "startTimeUnixNano": "1795399114000000000",
                },
            ]
        }
    )
    with tempo({"/api/search": answer}) as (url, _asked):
        result = search(url)
    assert result["count"] == 2
    assert result["traces"] == [
        {
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "root_service": "shop",
            "root_name": "GET /",
            "start": 1795399114.0,
            "duration_ms": 0,
            "services": ["shop"],
        },
        {
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "root_service": None,
            "root_name": None,
            "start": pytest.approx(1795399113.080508),
            "duration_ms": 3,
            "services": ["audit", "billing"],
        },
    ]


def test_a_range_over_a_week_is_asked_in_parts_newest_first() -> None:
    with tempo({"/api/search": NOTHING}) as (url, asked):
        search(url, start="1793000000", end="1794400000")
    windows = [(int(item["start"]), int(item["end"])) for item in searches(asked)]
    week = 7 * DAY - 2
    assert windows == [
        (1794400000 - week, 1794400000),
        (1794400000 - 2 * week, 1794400000 - week),
        (1793000000, 1794400000 - 2 * week),
    ]


def test_no_part_is_longer_than_a_week_however_its_ends_are_rounded() -> None:
    with tempo({"/api/search": NOTHING}) as (url, asked):
        search(url, FakeClock(1_795_400_000.7), start="-30d")
    assert max(int(item["end"]) - int(item["start"]) for item in searches(asked)) <= 7 * DAY


def test_parts_stop_at_the_limit_and_a_trace_in_two_of_them_counts_once() -> None:
    answers = iter([found("a", "b"), found("b", "c"), found("never asked")])
    with tempo({"/api/search": lambda request: next(answers)}) as (url, asked):
        result = search(url, start="-30d", limit=3)
    assert sorted(trace["trace_id"][-1] for trace in result["traces"]) == ["a", "b", "c"]
    assert [item["limit"] for item in searches(asked)] == ["3", "1"]


def test_a_server_with_a_shorter_range_limit_is_asked_in_shorter_parts() -> None:
    def answer(request: Asked) -> Answer:
        query = query_of(request)
        if int(query["end"]) - int(query["start"]) > DAY:
            words = (
                f"range specified by start and end exceeds 24h0m0s. received start={query['start']} end={query['end']}"
            )
            return as_text(words, 400)
        return NOTHING

    with tempo({"/api/search": answer}) as (url, asked):
        result = search(url, start="1794000000", end=str(1794000000 + 2 * DAY))
    assert result["count"] == 0
    windows = [(int(item["start"]), int(item["end"])) for item in searches(asked)[1:]]
    assert windows[0][1] == 1794000000 + 2 * DAY
    assert windows[-1][0] == 1794000000
    assert [start for start, _end in windows[:-1]] == [end for _start, end in windows[1:]]


def test_a_server_that_allows_only_seconds_is_not_asked_for_ever() -> None:
    refusal = as_text("range specified by start and end exceeds 3s. received start=1 end=9", 400)
    answers = itertools.chain([refusal], itertools.repeat(NOTHING))
    with tempo({"/api/search": lambda request: next(answers)}) as (url, asked):
        failure = failure_of(tempo_search, tempo_url=url, end="1795400001", start="1795300000")
    assert failure.cause == "rejected"
    assert "this Tempo searches 1 s at a time" in failure.message
    assert len(searches(asked)) == 500


def test_it_waits_until_enough_traces_appear() -> None:
    answers = iter([NOTHING, found("a"), found("a", "b")])
    clock = FakeClock()
    with tempo({"/api/search": lambda request: next(answers)}) as (url, _asked):
        result = search(url, clock, min_traces=2, wait_timeout=30)
    assert (result["ok"], result["count"], result["attempts"]) == (True, 2, 3)
    assert result["elapsed"] == pytest.approx(sum(clock.slept), abs=0.001)


def test_too_few_traces_after_the_time_out_is_a_failure_that_says_what_was_seen() -> None:
    with tempo({"/api/search": found("a"), "/status/config": CUTOFF}) as (url, _asked):
        failure = failure_of(tempo_search, tempo_url=url, query="{ }", min_traces=2, wait_timeout=5)
    assert failure.cause == "not_enough_traces"
    assert failure.message.startswith("1 trace for { } after 5 s, at least 2 expected; a search shows new traces after")
    assert failure.result["count"] == 1
    assert failure.result["pending_until"] == FakeClock().now + 5 + 31


def test_without_min_traces_a_time_out_is_no_failure() -> None:
    with tempo({"/api/search": NOTHING}) as (url, _asked):
        result = search(url, query="{ }", wait_timeout=5)
    assert (result["ok"], result["cause"], result["count"]) == (True, "ok", 0)
    assert result["attempts"] > 3


def test_nothing_found_names_the_cut_off_of_the_servers_own_configuration() -> None:
    clock = FakeClock()
    with tempo({"/api/search": NOTHING, "/status/config": CUTOFF}, "3.0.3") as (url, _asked):
        result = search(url, clock)
    assert result["pending_until"] == clock.now + 31
    assert result["hint"] == "a search shows new traces after up to 30 s here; by id they can be read at once"


def test_a_range_that_ended_long_ago_is_not_pending() -> None:
    with tempo({"/api/search": NOTHING, "/status/config": CUTOFF}) as (url, _asked):
        result = search(url, start="-2h", end="-1h")
    assert (result["pending_until"], result["hint"]) == (None, None)


def test_a_service_without_traces_is_compared_with_those_that_tempo_has() -> None:
    values = as_json({"tagValues": [{"type": "string", "value": v} for v in ("velo-sql-app.sql", "billing")]})
    with tempo({"/api/search": NOTHING, VALUES: values}) as (url, asked):
        result = search(url, service_name="velo-sql-app", start="-30d")
    assert result["services"] == ["billing", "velo-sql-app.sql"]
    assert result["suggestions"] == ["velo-sql-app.sql"]
    assert result["hint"] == "Tempo has no service velo-sql-app in this range, perhaps velo-sql-app.sql"
    (window,) = [query_of(request) for request in asked if request.route == VALUES]
    assert int(window["end"]) - int(window["start"]) == 7 * DAY - 2


def test_a_service_that_tempo_knows_is_not_said_to_be_unknown() -> None:
    values = as_json({"tagValues": [{"type": "string", "value": "shop"}]})
    with tempo({"/api/search": NOTHING, VALUES: values}) as (url, _asked):
        result = search(url, service_name="shop", tags={"job": "x"})
    assert (result["services"], result["suggestions"], result["hint"]) == (["shop"], [], None)


def test_a_server_that_shows_neither_names_nor_settings_still_answers_the_search() -> None:
    with tempo({"/api/search": NOTHING}) as (url, _asked):
        result = search(url, service_name="shop")
    assert (result["ok"], result["services"], result["pending_until"]) == (True, [], None)


@pytest.mark.parametrize(
    ("asked", "known", "suggested"),
    [
        ("Shop", ["shop", "shopping", "bishop"], ["shop", "shopping", "bishop"]),
        ("velo-sql-app", ["velo-sql-app.sql", "billing"], ["velo-sql-app.sql"]),
        ("paymnet-service", ["payment-service", "cart"], ["payment-service"]),
        ("checkout", ["unknown_service:java", "cart"], ["unknown_service:java"]),
        ("checkout", ["cart", "db"], []),
        ("shop", ["shop"], []),
        ("a", [f"a{n}" for n in range(50)], ["a0", "a1", "a2", "a3", "a4"]),
    ],
)
def test_near_misses_come_best_first(asked: str, known: list[str], suggested: list[str]) -> None:
    assert suggest(asked, known) == suggested


def test_select_picks_from_the_result() -> None:
    pytest.importorskip("jmespath")
    with tempo({"/api/search": found("a", "b", durationMs=7)}) as (url, _asked):
        result = search(url, select="traces[].duration_ms")
    assert result["selected"] == [7, 7]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"limit": 0}, "limit: 0 is not between 1 and 10000"),
        ({"min_traces": 50}, r"min_traces: 50 is not between 0 and limit \(20\)"),
        ({"start": "soon"}, "start: 'soon' is not a time"),
        ({"start": "now", "end": "-1h"}, r"start: 'now' is not before end \('-1h'\)"),
        ({"min_duration": "5s", "max_duration": "1s"}, r"min_duration: '5s' is longer than max_duration \('1s'\)"),
        ({"token": "s3cret\n"}, "token: the value of Authorization has characters that no header can carry"),
        ({"start": "0"}, "start: '0' is more than 420 days before end"),
        ({"min_duration": "5"}, "min_duration: '5' is not a duration"),
        ({"tags": {"status": "bad"}}, "tags: status is 'bad'"),
        ({"tempo_url": "tempo:3200"}, "tempo_url: 'tempo:3200' is not a valid URL"),
    ],
)
def test_a_bad_option_is_named_before_anything_is_asked(given: dict[str, t.Any], message: str) -> None:
    failure = failure_of(tempo_search, **{"tempo_url": "http://127.0.0.1:1", **given})
    assert failure.cause == "bad_option"
    assert failure.result["traces"] == []
    assert re.match(message, failure.message)


def test_a_bad_select_is_named() -> None:
    pytest.importorskip("jmespath")
    failure = failure_of(tempo_search, tempo_url="http://127.0.0.1:1", select="traces[")
    assert failure.cause == "bad_option"
    assert failure.message.startswith("select: not a JMESPath expression")
