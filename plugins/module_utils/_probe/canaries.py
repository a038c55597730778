# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): which of these traces has Tempo received? By id, which every version answers at once."""

from __future__ import annotations

import concurrent.futures
import queue
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._client._http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client._tempo import TempoClient, normal_id
from ansible_collections.traceops.tracing.plugins.module_utils._errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe._tempo_failure import asking_tempo, explain
from ansible_collections.traceops.tracing.plugins.module_utils._probe._waiting import (
    BY_ID_CONFIRM,
    BY_ID_PAUSE,
    REAL,
    Clock,
    wait_for,
)
from ansible_collections.traceops.tracing.plugins.module_utils._spec import HTTP, TEMPO

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    "trace_ids": {"type": "dict", "required": True},
    "wait_timeout": {"type": "float", "default": 5.0},
}

WORKERS = 8
MAX_TRACES = 20_000
GIVE_UP_AFTER = 24  # failed requests in a row: a dead Tempo must not cost a time-out for each of thousands of ids


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> t.Dict[str, t.Any]:
    """`{ok, cause, message, url, traces, found, missing}`.

    `traces`: name -> `{trace_id, found, visible_after, cause}`; visible_after is seconds since the probe began, cause
    is ok, trace_not_found, or what the last request failed of. ProbeFailure when the first request fails: then no id
    can be looked up.
    """
    result: t.Dict[str, t.Any] = {
        "ok": False,
        "cause": "",
        "message": "",
        "url": "",
        "traces": {},
        "found": [],
        "missing": [],
    }
    with asking_tempo(result):
        given = params["trace_ids"]
        if len(given) > MAX_TRACES:
            raise BadOption(f"trace_ids: {len(given)} ids are more than {MAX_TRACES}")
        traces = result["traces"] = {
            str(name): {
                "trace_id": normal_id(trace_id, f"trace_ids: {name}"),
                "found": False,
                "visible_after": None,
                "cause": "trace_not_found",
            }
            for name, trace_id in given.items()
        }
        result["missing"] = list(traces)
        client = TempoClient(params)
        result["url"] = client.url
        if traces:
            _look(client, list(traces.values()), params["wait_timeout"], clock)
    result["found"] = [name for name, trace in traces.items() if trace["found"]]
    result["missing"] = [name for name, trace in traces.items() if not trace["found"]]
    lost = len(result["missing"])
    result.update(
        ok=not lost,
        cause="trace_not_found" if lost else "ok",
        message=f"{len(result['found'])} of {len(traces)} traces are in Tempo at {client.url}",
    )
    return result


def _look(client: TempoClient, traces: t.List[t.Dict[str, t.Any]], timeout: float, clock: Clock) -> None:
    begun = clock.monotonic()

    def ask_one(asking: TempoClient, trace: t.Dict[str, t.Any]) -> None:
        trace["found"] = asking.trace_by_id(trace["trace_id"]) is not None
        trace["cause"] = "ok" if trace["found"] else "trace_not_found"
        if trace["found"]:
            trace["visible_after"] = round(clock.monotonic() - begun, 3)

    # The first alone: when it can't be asked, nothing can.
    ask_one(client, traces[0])
    workers = [client] + [client.fork() for _unused in range(min(WORKERS, len(traces)) - 1)]

    def round_of_asking() -> int:
        pending = [trace for trace in traces if not trace["found"]]
        _share(workers, pending, ask_one)
        return sum(not trace["found"] for trace in pending)

    wait_for(round_of_asking, lambda left: left == 0, timeout, clock, BY_ID_PAUSE, BY_ID_CONFIRM)


def _share(
    workers: t.List[TempoClient],
    traces: t.List[t.Dict[str, t.Any]],
    ask_one: t.Callable[[TempoClient, t.Dict[str, t.Any]], None],
) -> None:
    """Ask for every trace once, by all workers; after GIVE_UP_AFTER failures in a row the rest fails alike."""
    todo: queue.SimpleQueue[t.Dict[str, t.Any]] = queue.SimpleQueue()
    for trace in traces:
        todo.put(trace)
    failures: t.List[str] = []  # causes since the last success; each operation on the list is atomic

    def work(client: TempoClient) -> None:
        while True:
            try:
                trace = todo.get_nowait()
            except queue.Empty:
                return
            recent = failures[-GIVE_UP_AFTER:]
            if len(recent) == GIVE_UP_AFTER:
                trace["cause"] = recent[-1]
                continue
            try:
                ask_one(client, trace)
                failures.clear()
            except HttpError as error:
                trace["cause"] = explain(error)[0]
                failures.append(trace["cause"])
            except ProbeFailure as failure:
                trace["cause"] = failure.cause
                failures.append(trace["cause"])

    with concurrent.futures.ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(work, workers))
