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
from ansible_collections.traceops.tracing.plugins.module_utils._otel.linkage import judge
from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import Trace

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    **WAIT,
    "trace_id": {"type": "str", "required": True},
}


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> t.Dict[str, t.Any]:
    """See RETURN of the module tempo_trace. ProbeFailure `trace_not_found` when Tempo has no such trace."""
    result: t.Dict[str, t.Any] = {"ok": False, "cause": "", "message": "", "url": "", "trace_id": params["trace_id"]}
    result.update(judge(Trace([])), attempts=0, elapsed=0.0)
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
        result.update(attempts=waited.attempts, elapsed=waited.elapsed)
        if waited.last is None:
            raise ProbeFailure("trace_not_found", f"{client.url} has no trace {trace_id}")
        result.update(judge(waited.last))
    result.update(ok=True, cause="ok", message=_sentence(result, waited.last))
    return result


def _sentence(result: t.Mapping[str, t.Any], trace: Trace) -> str:
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
