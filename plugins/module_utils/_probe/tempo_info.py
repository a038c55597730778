# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe: is this Tempo ready, which version is it, and which of its settings and counters explain missing traces?"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import REAL, Clock
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import asking_tempo
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_processes import TEMPO_URLS, others
from ansible_collections.traceops.tracing.plugins.module_utils._otel import tempo_state as state

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    "tempo_urls": TEMPO_URLS,
    "sample_interval": {"type": "float", "default": 0.0},
}


class Process(t.TypedDict):
    """Another process of the same Tempo (option tempo_urls)."""

    url: str
    ok: bool
    cause: str
    message: str
    ready: t.Optional[bool]
    runs: t.List[str]


class Member(t.TypedDict):
    """An ingester or live store that a ring names."""

    ring: str
    address: str  # of gRPC; nothing tells where its HTTP port is
    state: str  # ACTIVE, LEAVING, UNHEALTHY ...


class Result(t.TypedDict, total=False):
    """What `run` returns; RETURN of the module tempo_info says what each key is."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    url: str
    ready: t.Optional[bool]
    ready_status: t.Optional[int]
    ready_reason: str
    version: t.Optional[str]
    at_least: t.Optional[str]
    config: state.Config
    runs: t.List[str]
    processes: t.Dict[str, Process]
    members: t.List[Member]
    counters: state.Counters
    rates: t.Optional[state.Rates]
    clock_offset_s: t.Optional[float]
    unavailable: t.List[str]


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """See RETURN of the module tempo_info. ProbeFailure when Tempo doesn't answer, or something else does."""
    interval = params["sample_interval"]
    if not 0 <= interval <= 300:
        raise BadOption(f"sample_interval: {interval:g} is not between 0 and 300 seconds", _nothing())
    result = _nothing()
    with asking_tempo(result):
        client = TempoClient(params)
        result["url"] = client.url
        _readiness(client, result)
        if not client.is_tempo():
            if client.is_grafana():
                raise ProbeFailure("not_tempo", f"a Grafana answers at {client.url}; Tempo's API is at 3200 by default")
            raise ProbeFailure(
                "not_tempo",
                f"{client.url} answers, but not as Tempo does; its API is at 3200 by default, "
                "and its base URL ends before /api",
            )
        version = client.version()
        result["version"], result["at_least"] = version.text or None, "{}.{}".format(*version.numbers)
        _configuration(client, result)
        result["runs"] = state.parts(client.services(), result["config"]["target"])
        result["config"] = state.of_parts(result["config"], result["runs"])
        _counters(client, result, interval, clock)
        if not state.runs(result["runs"], ("query-frontend",)) or not state.runs(result["runs"], state.KEEPS):
            _members(client, result)
        _others(params, client, result)
    return {**result, "ok": True, "cause": "ok", "message": _sentence(result)}


def _nothing() -> Result:
    return {
        "ok": False,
        "cause": "",
        "message": "",
        "url": "",
        "ready": None,
        "ready_status": None,
        "ready_reason": "",
        "version": None,
        "at_least": None,
        "config": state.settings({}, ""),
        "runs": [],
        "processes": {},
        "members": [],
        "counters": state.counters({}, None),
        "rates": None,
        "clock_offset_s": None,
        "unavailable": [],
    }


def _readiness(client: TempoClient, result: Result) -> None:
    answer = client.ready()
    result["ready_status"] = answer.status
    # A gateway may let only queries pass: then readiness is not known.
    result["ready"] = answer.status == 200 if answer.status in (200, 503) else None
    result["ready_reason"] = "" if answer.status == 200 else excerpt(answer.body, 300)


def _configuration(client: TempoClient, result: Result) -> None:
    try:
        flat = client.config()
    except HttpError as error:
        result["unavailable"].append(error.message)
        return
    result["config"] = state.settings(flat, client.version().dialect.otlp_bind)


def _counters(client: TempoClient, result: Result, interval: float, clock: Clock) -> None:
    try:
        before, first = clock.monotonic(), state.counters(client.metrics(), client.date, result["runs"])
        result["counters"] = first
        if client.date is not None:
            # The header has whole seconds: half of one is its expected error.
            result["clock_offset_s"] = round(client.date + 0.5 - clock.time(), 1)
        if interval:
            clock.sleep(interval)
            after, second = clock.monotonic(), state.counters(client.metrics(), client.date, result["runs"])
            result["counters"], result["rates"] = second, state.rates(first, second, after - before)
    except HttpError as error:
        result["unavailable"].append(error.message)


def _members(client: TempoClient, result: Result) -> None:
    """Who keeps spans beside this process, by the rings that it looks at."""
    for ring in ("ingester", "live-store"):
        found = client.ring(ring)
        result["members"] += [{"ring": ring, "address": address, "state": state_} for address, state_ in found]


def _others(params: t.Mapping[str, t.Any], client: TempoClient, result: Result) -> None:
    """Add what the other processes of this Tempo count; `runs` is then what runs in any of them."""
    for process in others(params, client):
        result["processes"][process.name] = {
            "url": process.url,
            "ok": process.cause == "ok",
            "cause": process.cause,
            "message": process.message,
            "ready": process.ready,
            "runs": process.runs,
        }
        if process.cause == "ok":
            counted = state.counters(process.metrics, process.date, process.runs)
            result["counters"] = state.added(result["counters"], counted)
            result["runs"] = sorted({*result["runs"], *process.runs}) if result["runs"] else []


def _sentence(result: Result) -> str:
    name = (
        f"Tempo {result['version']}"
        if result["version"]
        else f"Tempo (no version given, at least {result['at_least']})"
    )
    if result["ready"]:
        return f"{name} at {result['url']} is ready"
    if result["ready"] is None:
        return f"{name} at {result['url']} answers, but does not say whether it is ready"
    return f"{name} at {result['url']} is not ready: {result['ready_reason'] or result['ready_status']}"
