"""linkage: what a sample of a service's traces says about who does not pass on the context."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import Span, Trace
from ansible_collections.traceops.tracing.plugins.module_utils._probe import linkage
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked
from ansible_collections.traceops.tracing.tests.probing import FakeClock, failure_of, options
from ansible_collections.traceops.tracing.tests.servers import closed_port
from ansible_collections.traceops.tracing.tests.unit.tempo.server import as_json, as_text, tempo
from ansible_collections.traceops.tracing.tests.unit.tempo.spans import BEGIN, TRACE_ID, span
from ansible_collections.traceops.tracing.tests.unit.tempo.test_trace_formats import as_json as trace_json

LATER = BEGIN / 1e9 + 600
FRONT = span("get", service="front", kind="server", end_ms=100)
SEND = span("send", parent="get", service="front", kind="client", start_ms=10, end_ms=90)
ORPHAN = span("handle", parent="gone", service="shop", kind="server", start_ms=20, end_ms=80)
WHOLE = Trace([FRONT, SEND, span("handle", parent="send", service="shop", kind="server")])


def summed(*traces: list[Span] | Trace, now: float = LATER) -> dict[str, t.Any]:
    return linkage.summary([each if isinstance(each, Trace) else Trace(each) for each in traces], "shop", now)


def test_whole_traces_have_edges_and_nothing_broken() -> None:
    seen = summed(WHOLE, [span("alone", service="shop")])
    assert (seen["looked"], seen["intact"], seen["orphans"], seen["rootless"]) == (2, 2, 0, 0)
    assert seen["edges"] == [{"parent": "front", "child": "shop", "spans": 1}]
    assert seen["services"] == {"shop": 2, "front": 1}
    assert seen["broken"] == []


@pytest.mark.parametrize(
    ("traces", "parent", "by"),
    [
        ([[ORPHAN]], None, "nothing"),
        ([[ORPHAN], WHOLE], "front", "edges"),
        ([[FRONT, ORPHAN]], "front", "time"),
        ([[FRONT, ORPHAN._replace(kind="internal")]], "shop", "kind"),
    ],
    ids=["nothing tells", "as elsewhere", "what was going on around it", "an inner span is its own service's"],
)
def test_the_broken_edge_is_named(traces: list[list[Span] | Trace], parent: str | None, by: str) -> None:
    (broken,) = summed(*traces)["broken"]
    assert broken == {"child": "shop", "parent": parent, "by": by, "spans": 1, "trace_id": TRACE_ID}


def test_what_is_not_yet_there_is_not_called_broken() -> None:
    seen = summed([ORPHAN], now=BEGIN / 1e9 + 10)
    assert (seen["looked"], seen["young"], seen["broken"]) == (0, 1, [])
    assert summed(WHOLE, now=BEGIN / 1e9 + 10)["intact"] == 1


def test_traces_without_a_root_are_counted() -> None:
    seen = summed([ORPHAN], [FRONT, ORPHAN])
    assert (seen["rootless"], seen["orphans"]) == (1, 2)


def test_spans_that_call_somebody_are_counted() -> None:
    assert summed([span("produce", service="shop", kind="producer"), SEND])["calls"] == 1


def found(*ids: str) -> Answer:
    return as_json({"traces": [{"traceID": each, "rootServiceName": "shop"} for each in ids]})


def run(url: str, **given: t.Any) -> dict[str, t.Any]:
    return linkage.run(options(linkage, tempo_url=url, service_name="shop", **given), FakeClock(LATER))


def test_traces_are_read_by_id_and_what_can_not_be_read_is_counted() -> None:
    def trace(request: Asked) -> Answer:
        if request.path.endswith("b"):
            return as_text("trace exceeds max size", 422)
        return as_json({"trace": {} if request.path.endswith("c") else trace_json([ORPHAN])})

    with tempo({"/api/search": found("a", "b", "c"), "/api/v2/traces/": trace}) as (url, asked):
        result = run(url)
    assert (result["ok"], result["sampled"], result["looked"]) == (True, 3, 1)
    assert result["unread"] == {"trace_too_large": 1, "trace_not_found": 1}
    assert result["message"] == "0 of 1 traces of shop are whole"
    (search,) = (request.path for request in asked if request.path.startswith("/api/search"))
    assert "limit=20" in search
    assert "most_recent" in search


def test_it_stops_when_its_time_is_up() -> None:
    clock = FakeClock(LATER)

    def slow(request: Asked) -> Answer:
        clock.sleep(4)
        return as_json({"trace": trace_json([ORPHAN])})

    with tempo({"/api/search": found("a", "b", "c", "d"), "/api/v2/traces/": slow}) as (url, _asked):
        result = linkage.run(options(linkage, tempo_url=url, service_name="shop", budget=6.0), clock)
    assert (result["looked"], result["unread"]) == (2, {"out_of_time": 2})


def test_a_trace_may_not_be_larger_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkage, "MAX_BYTES", 100)
    large = as_json({"trace": trace_json([span("x" * 200)])})
    with tempo({"/api/search": found("a"), "/api/v2/traces/": large}) as (url, _asked):
        assert list(run(url)["unread"].values()) == [1]


def test_a_tempo_that_does_not_answer_fails_the_probe() -> None:
    failure = failure_of(linkage, tempo_url=f"http://127.0.0.1:{closed_port()}", service_name="shop")
    assert failure.cause == "connection_refused"
    assert failure.result["broken"] == []


@pytest.mark.parametrize("given", [{"sample": 0}, {"sample": 201}, {"budget": 0.0}])
def test_bounds_are_checked(given: dict[str, t.Any]) -> None:
    with pytest.raises(BadOption, match=next(iter(given))):
        run("http://127.0.0.1:1", **given)
