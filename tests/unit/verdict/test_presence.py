"""A Tempo that comes and goes is known for that in whatever phase it was met, and one that stays never is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict.presence import unsteady

URL = "http://tempo:3200"
OK = {"ok": True, "cause": "ok", "message": ""}
REFUSED = {"ok": False, "cause": "connection_refused", "message": "nothing listens"}
CLOSED = {"ok": False, "cause": "connection_reset", "message": "closed without an answer"}
SILENT = {"ok": False, "cause": "response_timeout", "message": "no answer"}
THERE = {**OK, "url": URL, "counters": {"uptime_s": 7}}
GONE = "answered, 7 s after its start, and was gone moments later"
CAME = "took no connection at first, and answered moments later, 7 s after its start"


def seen(
    tempo_info: Mapping[str, Any] = MappingProxyType(THERE),
    clock: Mapping[str, Any] = MappingProxyType(OK),
    **labels: Any,
) -> dict[str, Any] | None:
    """What is found of a backend with these results."""
    backend = {"hosts": ["h"], "settings": {"tempo_url": URL}, "tempo_info": dict(tempo_info), **labels}
    found = unsteady(backend, {"h": {"settings": {"tempo_url": URL}, "clock": dict(clock)}}, [])
    return dict(found) if found else None


def balance(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Two looks at the counters."""
    changed = before.get("start") and after.get("start")
    return {
        **after,
        "before": before,
        "snapshots": {"tempo": after},
        "change": {"tempo": {"restarted": before["start"] != after["start"]} if changed else None},
    }


def grafana(from_here: dict[str, Any], url: str = URL) -> dict[str, Any]:
    """A Grafana that does not reach its data source, which was asked from this host then."""
    steps = [{"name": "echo", **CLOSED}, {"name": "from_here", **from_here}]
    return {"ok": False, "cause": "datasource_unreachable", "steps": steps, "datasource": {"url": url}}


@pytest.mark.parametrize(
    "labels",
    [
        {"coverage": REFUSED},
        # Killed while it answered: the next one finds nobody.
        {"tempo_search": CLOSED, "coverage": REFUSED},
        # A proxy goes on to take connections: those of the plainest page break as well.
        {"coverage": CLOSED, "balance": balance(OK, CLOSED)},
        {"coverage": CLOSED, "grafana": grafana(CLOSED)},
        # Only Grafana came too late.
        {"grafana": grafana(REFUSED)},
        {"grafana": grafana(CLOSED)},
        # It was back by the time of the second look.
        {"linkage": CLOSED, "balance": balance({**OK, "start": 100.0}, {**OK, "start": 900.0})},
        # The visit of the host fell into the time in which it was there.
        {"tempo_info": REFUSED, "tempo_search": REFUSED},
    ],
)
def test_it_answered_and_was_gone(labels: dict[str, Any]) -> None:
    found = seen(**labels)
    assert found is not None
    assert found["how"] == (GONE if "tempo_info" not in labels else "answered and was gone moments later")
    assert found["said"]


@pytest.mark.parametrize(
    "labels",
    [
        {"clock": REFUSED},
        {"balance": balance(REFUSED, OK)},
        {"clock": CLOSED, "balance": balance(CLOSED, OK)},
        {"clock": REFUSED, "tempo_info": REFUSED, "tempo_search": OK},
    ],
)
def test_it_was_not_there_and_came(labels: dict[str, Any]) -> None:
    found = seen(**labels)
    assert found is not None
    assert found["how"] == (CAME if "tempo_info" not in labels else CAME.partition(", 7 s")[0])


def test_it_was_started_twice_in_a_minute() -> None:
    found = seen(balance=balance({**OK, "start": 1795898724.8}, {**OK, "start": 1795898741.0}))
    assert found == {
        "how": "was started twice within 16 s",
        "said": "once at 20:45:24 UTC, and again at 20:45:41 UTC",
    }


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"balance": balance({**OK, "start": 100.0}, {**OK, "start": 900.0})}, "nothing listens"),
        ({"balance": balance({**OK, "start": 100.0}, {**OK, "start": 100.0})}, None),
    ],
)
def test_an_exporter_met_the_same_process(labels: dict[str, Any], said: str | None) -> None:
    backend = {"hosts": ["h"], "settings": {}, "tempo_info": THERE, **labels}
    found = unsteady(backend, {}, [{"otlp": {**REFUSED, "endpoint": "http://tempo:4318"}}])
    assert (found and found["said"]) == said
    assert unsteady(backend, {}, [{"otlp": {**REFUSED, "endpoint": "http://collector:4318"}}]) is None


@pytest.mark.parametrize(
    "labels",
    [
        {"coverage": OK, "balance": balance({**OK, "start": 1.0}, {**OK, "start": 1.0})},
        # What one question comes to.
        {"by_id": CLOSED, "linkage": CLOSED, "canaries": CLOSED},
        {"coverage": CLOSED},
        {"coverage": SILENT, "balance": balance(OK, SILENT)},
        {"balance": balance(OK, CLOSED)},
        {"clock": CLOSED},
        # Grafana has another way to it, or another one.
        {"grafana": grafana(OK)},
        {"grafana": grafana(REFUSED, "http://localhost:3200")},
        # Restarted by somebody, once.
        {"balance": balance({**OK, "start": 100.0}, {**OK, "start": 900.0})},
        # Another process answered, behind one address.
        {"balance": {**balance({**OK, "start": 900.0}, {**OK, "start": 901.5}), "change": {"tempo": None}}},
        # It is not there at all.
        {"clock": REFUSED, "tempo_info": REFUSED, "tempo_search": REFUSED, "balance": balance(REFUSED, REFUSED)},
    ],
)
def test_a_tempo_that_stays_or_never_was_there(labels: dict[str, Any]) -> None:
    assert seen(**labels) is None


def test_the_clock_of_another_tempo_tells_nothing() -> None:
    backend = {"hosts": ["h"], "settings": {"tempo_url": URL}, "tempo_info": THERE}
    assert unsteady(backend, {"h": {"settings": {"tempo_url": "http://other:3200"}, "clock": REFUSED}}, []) is None
