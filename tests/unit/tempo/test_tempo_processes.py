"""A Tempo of several processes: what each of them counts, and what is not asked of it."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel import tempo_state as state
from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import parse_metrics
from ansible_collections.traceops.tracing.plugins.module_utils._probe import balance, tempo_info
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.lab.tempo_pages import services
from ansible_collections.traceops.tracing.tests.probing import options
from ansible_collections.traceops.tracing.tests.servers import closed_port

FRONTEND = ("query-frontend", "server", "store", "overrides")  # as 2.10.8 and 3.0.3 list them
# Without labels, so that every process of 2.10.8 exposes it.
IDLE = parse_metrics("tempo_distributor_push_duration_seconds_count 0\nprocess_start_time_seconds 100\n")


def test_the_page_of_services_tells_the_parts() -> None:
    assert state.parts(services(FRONTEND), "all") == sorted(FRONTEND)


def test_the_target_tells_where_the_page_does_not() -> None:
    assert state.parts("", "distributor,ingester") == ["distributor", "ingester"]
    assert state.parts("404 page not found", "all") == []
    assert state.parts("", None) == []


def test_a_query_frontend_has_not_received_zero_spans() -> None:
    assert state.counters(IDLE, 160.0, list(FRONTEND))["received"] is None
    assert state.counters(IDLE, 160.0, ["distributor"])["received"] == 0
    assert state.counters(IDLE, 160.0)["received"] == 0  # not known to be a part


def test_counters_of_two_processes_are_added() -> None:
    distributor = parse_metrics(
        'tempo_distributor_spans_received_total{tenant="a"} 5\nprocess_start_time_seconds 100\n'
    )
    both = state.added(state.counters(IDLE, 160.0, list(FRONTEND)), state.counters(distributor, 110.0, ["distributor"]))
    assert (both["received"], both["tenants"], both["uptime_s"]) == (5, {"a": 5}, 10)


def test_other_processes_are_asked_as_well() -> None:
    front, back = Tempo(), Tempo()
    try:
        front.api.runs = FRONTEND
        back.store.count("spans_received", "single-tenant", by=7)
        gone = f"http://127.0.0.1:{closed_port()}"
        urls: t.Dict[str, str] = {"distributor": back.url, "ingester": gone}
        alone = tempo_info.run(options(tempo_info, tempo_url=front.url))
        found = tempo_info.run(options(tempo_info, tempo_url=front.url, tempo_urls=urls))
        before = balance.run(options(balance, tempo_url=front.url))
        counted = balance.run(options(balance, tempo_url=front.url, tempo_urls=urls))
    finally:
        front.stop()
        back.stop()
    assert alone["counters"]["received"] is None
    assert found["counters"]["received"] == 7
    assert (found["processes"]["distributor"]["ok"], found["processes"]["ingester"]["cause"]) == (
        True,
        "connection_refused",
    )
    assert before["snapshots"]["tempo"]["cause"] == "not_counted"
    assert counted["snapshots"]["tempo"]["counts"]["received"] == {"single-tenant": 7}
