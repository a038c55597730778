"""canaries: many traces looked up by id, until they are there or time is up."""

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import canaries
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked
from ansible_collections.traceops.tracing.tests.probing import FakeClock, failure_of, options
from ansible_collections.traceops.tracing.tests.servers import closed_port
from ansible_collections.traceops.tracing.tests.unit.tempo.server import as_json, as_text, tempo
from ansible_collections.traceops.tracing.tests.unit.tempo.spans import span
from ansible_collections.traceops.tracing.tests.unit.tempo.test_trace_formats import as_json as trace_json

THERE = as_json({"trace": trace_json([span("canary")])})
MISSING = as_json({"trace": {}})


def store(*last_digits: str) -> t.Callable[[Asked], Answer]:
    return lambda request: THERE if request.path.endswith(last_digits) else MISSING


def run(url: str, clock: FakeClock | None = None, **given: t.Any) -> dict[str, t.Any]:
    return canaries.run(options(canaries, tempo_url=url, **given), clock or FakeClock())


def test_each_canary_is_found_or_missing_by_its_name() -> None:
    with tempo({"/api/v2/traces/": store("a", "c")}) as (url, _asked):
        result = run(url, trace_ids={"app01": "a", "app02": "b", "app03": "c"})
    assert (result["ok"], result["cause"]) == (False, "trace_not_found")
    assert (result["found"], result["missing"]) == (["app01", "app03"], ["app02"])
    assert result["message"] == f"2 of 3 traces are in Tempo at {url}"
    assert result["traces"]["app02"] == {
        "trace_id": "b".rjust(32, "0"),
        "found": False,
        "visible_after": None,
        "cause": "trace_not_found",
    }
    assert result["traces"]["app01"]["cause"] == "ok"


def test_it_waits_for_those_that_are_missing_and_asks_only_for_them() -> None:
    asked_for: list[str] = []
    lock = threading.Lock()

    def answer(request: Asked) -> Answer:
        with lock:
            asked_for.append(request.path[-1])
            late = asked_for.count("b") < 4
        return MISSING if request.path.endswith("b") and late else THERE

    clock = FakeClock()
    with tempo({"/api/v2/traces/": answer}) as (url, _asked):
        result = run(url, clock, trace_ids={"app01": "a", "app02": "b"})
    assert result["ok"]
    assert asked_for.count("a") == 1
    assert result["traces"]["app02"]["visible_after"] == pytest.approx(sum(clock.slept), abs=0.001)


def test_a_time_out_of_zero_still_asks_for_each_once() -> None:
    with tempo({"/api/v2/traces/": store("1")}) as (url, asked):
        result = run(url, trace_ids={f"app{n}": f"{n + 1:x}1" for n in range(100)}, wait_timeout=0.0)
    assert (result["ok"], len(result["found"])) == (True, 100)
    assert len([item for item in asked if "/traces/" in item.path]) == 100


def test_a_canary_that_one_look_misses_is_not_lost() -> None:
    looks: list[str] = []

    def answer(request: Asked) -> Answer:
        looks.append(request.path[-1])
        return MISSING if request.path.endswith("b") and looks.count("b") == 1 else THERE

    with tempo({"/api/v2/traces/": answer}) as (url, _asked):
        result = run(url, trace_ids={"app01": "a", "app02": "b"}, wait_timeout=0.0)
    assert result["ok"]


def test_no_canary_is_no_question() -> None:
    with tempo({}) as (url, asked):
        assert run(url, trace_ids={})["ok"]
    assert asked == []


def test_a_tempo_that_does_not_answer_fails_at_once_for_all() -> None:
    failure = failure_of(
        canaries, tempo_url=f"http://127.0.0.1:{closed_port()}", trace_ids={"app01": "a", "app02": "b"}
    )
    assert failure.cause == "connection_refused"
    assert failure.result["missing"] == ["app01", "app02"]


def test_a_tempo_that_breaks_down_on_the_way_costs_few_requests() -> None:
    calls: list[str] = []

    def answer(request: Asked) -> Answer:
        calls.append(request.path)
        return THERE if len(calls) == 1 else as_text("broken", 500)

    with tempo({"/api/v2/traces/": answer}) as (url, _asked):
        result = run(url, trace_ids={f"app{n}": f"{n + 1:x}" for n in range(500)}, wait_timeout=0.0)
    assert (len(result["found"]), len(result["missing"])) == (1, 499)
    assert {trace["cause"] for trace in result["traces"].values()} == {"ok", "http_status"}
    assert len(calls) <= 1 + 2 * (canaries.GIVE_UP_AFTER + canaries.WORKERS), "two rounds"


def test_a_bad_id_is_named_with_its_canary() -> None:
    failure = failure_of(canaries, tempo_url="http://127.0.0.1:1", trace_ids={"app01": "a", "app02": "?"})
    assert failure.cause == "bad_option"
    assert failure.message.startswith("trace_ids: app02: '?' is not a trace id")
