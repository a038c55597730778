# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe: one trace by its id, and whether its spans hang together."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO, WAIT
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import (
    BY_ID_CONFIRM,
    BY_ID_PAUSE,
    REAL,
    Clock,
    wait_for,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient, normal_id
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import asking_tempo
from ansible_collections.traceops.tracing.plugins.module_utils._otel.linkage import Linkage, judge
from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import Trace

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    **WAIT,
    "trace_id": {"type": "str", "required": True},
}


class Result(Linkage, total=False):
    """What `run` returns; RETURN of the module tempo_trace says what each key is."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    url: str
    trace_id: str
    attempts: int
    elapsed: float


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """See RETURN of the module tempo_trace. ProbeFailure `trace_not_found` when Tempo has no such trace."""
    result: Result = {
        "ok": False,
        "cause": "",
        "message": "",
        "url": "",
        "trace_id": params["trace_id"],
        "attempts": 0,
        "elapsed": 0.0,
    }
    result.update(t.cast(Result, judge(Trace([]))))
    with asking_tempo(result):
        trace_id = result["trace_id"] = normal_id(params["trace_id"])
        client = TempoClient(params)
        result["url"] = client.url
        waited = wait_for(
            lambda: client.trace_by_id(trace_id),
            lambda trace: trace is not None,
            params["wait_timeout"],
            clock,
            BY_ID_PAUSE,
            BY_ID_CONFIRM,
        )
        result["attempts"], result["elapsed"] = waited.attempts, waited.elapsed
        if waited.last is None:
            raise ProbeFailure("trace_not_found", f"{client.url} has no trace {trace_id}")
        result.update(t.cast(Result, judge(waited.last)))
    return {**result, "ok": True, "cause": "ok", "message": _sentence(result, waited.last)}


def _sentence(result: Result, trace: Trace) -> str:
    text = f"trace {result['trace_id']}: {_many(result['span_count'], 'span')}"
    text += f" of {_many(len(result['services']), 'service')}, {_many(result['root_count'], 'root')}"
    if result["orphan_count"]:
        text += (
            f", {_many(result['orphan_count'], 'orphan')} ({_many(result['missing_parents'], 'parent')} never arrived)"
        )
    if trace.partial:
        text += "; Tempo left spans out because the trace is too large"
    return text


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
