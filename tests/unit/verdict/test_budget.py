"""How long a trace may be on its way, and since when one can have been."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict.budget import visibility

FINISHED = "2026-11-23T12:00:00+00:00"


def logs(seconds_ago: float, flags: dict[str, int] | None = None, failed: int = 0) -> dict[str, Any]:
    """The log of an application that started so long before the end of the run."""
    start = f"2026-11-23T11:59:{60 - seconds_ago:06.3f}Z" if seconds_ago > 0 else f"2026-11-23T12:00:{-seconds_ago:02}Z"
    patterns = {
        "traceparent": {"captures": {"flags": {"values": flags or {}}}},
        "export_failed": {"count_since_start": failed},
    }
    return {"logs": {"last_start": {"time": start}, "patterns": patterns}}


def exporting(delay_ms: float) -> dict[str, Any]:
    return {"environment": {"effective": {"schedule_delay_ms": {"value": delay_ms}}}}


def tempo(search_delay_s: Any = 10.0, uptime_s: Any = 86400) -> dict[str, Any]:
    return {"tempo_info": {"config": {"search_delay_s": search_delay_s}, "counters": {"uptime_s": uptime_s}}}


def seen(backend: dict[str, Any], *hosts: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return visibility(backend, hosts, settings, FINISHED)


def test_the_budget_is_what_exporter_collector_and_search_may_take() -> None:
    found = seen(tempo(), exporting(2000), exporting(500), collector_endpoint="http://collector:4317")
    assert found["terms"] == {
        "the exporter's schedule delay": 2.0,
        "the collector's batch": 0.2,
        "Tempo's search": 10.0,
    }
    assert (found["budget_s"], found["longest"]) == (12.2, "Tempo's search")


def test_what_is_not_known_takes_its_default() -> None:
    found = seen({})
    assert found["terms"] == {"the exporter's schedule delay": 5.0, "Tempo's search": 30.0}
    assert (found["since"], found["since_s"], found["left_s"]) == (None, None, None)
    assert seen(tempo(search_delay_s=0.0))["budget_s"] == 5.0
    assert seen(tempo(), exporting(20000))["longest"] == "the exporter's schedule delay"


@pytest.mark.parametrize(
    ("hosts", "uptime", "since", "since_s", "left"),
    [
        ([logs(4)], 86400, "the application", 4, 11),
        ([logs(14.5)], 86400, "the application", 14, 1),
        ([logs(15)], 86400, "the application", 15, 0),
        ([logs(40)], 86400, "the application", 40, 0),
        ([logs(40)], 3, "Tempo", 3, 12),
        ([logs(2), logs(40)], 86400, "the application", 40, 0),
        ([logs(2), {}], 86400, "the application", 2, 13),
        ([logs(-4)], 86400, "the application", 0, 15),
        ([logs(-6)], 86400, "Tempo", 86400, 0),
        ([{}], 86400, "Tempo", 86400, 0),
        ([{"logs": {"last_start": None}}], 86400, "Tempo", 86400, 0),
        ([logs(4), {"logs": {"last_start": None}}], 86400, "Tempo", 86400, 0),
        ([logs(4)], None, "the application", 4, 11),
        ([logs(4)], True, "the application", 4, 11),
        ([], None, None, None, None),
    ],
)
def test_a_trace_can_be_on_its_way_since_all_have_started(
    hosts: list[dict[str, Any]], uptime: Any, since: Any, since_s: Any, left: Any
) -> None:
    found = seen(tempo(uptime_s=uptime), *hosts)
    assert (found["since"], found["since_s"], found["left_s"]) == (since, since_s, left)


@pytest.mark.parametrize(
    ("host", "waits"),
    [
        (logs(4, flags={"01": 3, "00": 2}), True),
        (logs(4, flags={"00": 5}), False),
        (logs(4, failed=1), False),
        ({"logs": "text"}, False),
    ],
)
def test_nothing_is_on_its_way_where_exports_fail_or_nothing_is_sampled(host: dict[str, Any], waits: bool) -> None:
    assert (seen(tempo(), host)["left_s"] > 0) is waits


def test_without_the_end_of_the_run_no_age_is_known() -> None:
    assert visibility(tempo(uptime_s=None), [logs(4)], {}, None)["left_s"] is None
