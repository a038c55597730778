# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a trace may take to be searchable, and whether the first ones of a service can still be on their way."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch

SCHEDULE_DELAY_S = 5.0  # of an exporter whose environment is not known (OTEL_BSP_SCHEDULE_DELAY)
BATCH_S = 0.2  # the collector's batch processor by default: no probe reads its configuration
SEARCH_S = 30.0  # of a Tempo that does not show its configuration: what version 3.0 takes
SKEW_S = 5.0  # a log whose last start is further in the future tells nothing about its age

Labels = t.Mapping[str, t.Any]


class Visibility(t.TypedDict):
    """Until when a trace of the service may still be on its way."""

    budget_s: float  # the sum of `terms`
    terms: t.Dict[str, float]  # what takes how many seconds
    longest: str  # the largest of them
    since: t.Optional[str]  # who started last: the application, or Tempo
    since_s: t.Optional[int]  # how long before the end of the run
    left_s: t.Optional[int]  # whole seconds until a trace that is not found proves something; 0 when they are over


def visibility(backend: Labels, hosts: t.Sequence[Labels], settings: Labels, finished: t.Any) -> Visibility:
    """That of the service's traces behind one backend; null is what is not known."""
    terms = {"the exporter's schedule delay": _schedule_delay(hosts)}
    if settings.get("collector_endpoint"):
        terms["the collector's batch"] = BATCH_S
    search = _number(backend, "tempo_info", "config", "search_delay_s")
    terms["Tempo's search"] = SEARCH_S if search is None else search
    budget = sum(terms.values())
    starts = {
        "the application": _application_age(hosts, epoch(finished)),
        "Tempo": _number(backend, "tempo_info", "counters", "uptime_s"),
    }
    known = [(age, who) for who, age in starts.items() if age is not None]
    age, since = min(known) if known else (None, None)
    return {
        "budget_s": round(budget, 3),
        "terms": terms,
        "longest": max(terms, key=lambda name: terms[name]),
        "since": since,
        "since_s": None if age is None else int(age),
        "left_s": None if age is None else max(0, math.ceil(budget - age)),
    }


def _schedule_delay(hosts: t.Sequence[Labels]) -> float:
    known = [_number(labels, "environment", "effective", "schedule_delay_ms", "value") for labels in hosts]
    delays = [delay / 1000 for delay in known if delay is not None]
    return max(delays) if delays else SCHEDULE_DELAY_S


def _application_age(hosts: t.Sequence[Labels], now: t.Optional[float]) -> t.Optional[float]:
    """How long ago the oldest instance started; None unless all that have a log tell, and may have sent a trace."""
    ages = []
    for logs in (labels.get("logs") for labels in hosts):
        if not isinstance(logs, dict):
            continue
        started = epoch(nested(logs, "last_start", "time"))
        if started is None or now is None or now - started < -SKEW_S or _hopeless(logs):
            return None
        ages.append(max(0.0, now - started))
    return max(ages) if ages else None


def _hopeless(logs: Labels) -> bool:
    """Whether the log shows that no trace is on its way: exports fail, or all headers that it shows are unsampled."""
    flags = nested(logs, "patterns", "traceparent", "captures", "flags", "values")
    unsampled = isinstance(flags, dict) and bool(flags) and set(flags) == {"00"}
    return unsampled or bool(_number(logs, "patterns", "export_failed", "count_since_start"))


def _number(value: t.Any, *path: str) -> t.Optional[float]:
    found = nested(value, *path)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None
