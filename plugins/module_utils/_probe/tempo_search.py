# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe: which traces does Tempo find, and when there are none, why might that be?"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import (
    BadOption,
    MissingLibrary,
    ProbeFailure,
)
from ansible_collections.traceops.tracing.plugins.module_utils._base.jmespath_words import fault
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO, WAIT
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean, excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import REAL, Clock, wait_for
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import (
    MAX_WINDOWS,
    WINDOW_S,
    Found,
    TempoClient,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import asking_tempo
from ansible_collections.traceops.tracing.plugins.module_utils._otel import tempo_state as state
from ansible_collections.traceops.tracing.plugins.module_utils._otel.service_names import suggest
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import option_duration_ns, option_time
from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceql import build_query

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    **WAIT,
    "query": {"type": "str"},
    "service_name": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
    "min_duration": {"type": "str"},
    "max_duration": {"type": "str"},
    "start": {"type": "str", "default": "-1h"},
    "end": {"type": "str", "default": "now"},
    "limit": {"type": "int", "default": 20},
    "min_traces": {"type": "int"},
    "select": {"type": "str"},
}
MODULE_KWARGS = {
    "mutually_exclusive": [
        ["query", "service_name"],
        ["query", "tags"],
        ["query", "min_duration"],
        ["query", "max_duration"],
    ]
}

MAX_LIMIT = 10_000
MAX_SERVICES = 500
SLACK_S = 60  # searched beyond now: clocks of applications run ahead


class Trace(t.TypedDict):
    """One trace as a search shows it; the root is null while its span has not been received."""

    trace_id: str  # 32 hexadecimal digits
    root_service: t.Optional[str]
    root_name: t.Optional[str]
    start: float  # epoch seconds
    duration_ms: float
    services: t.List[str]


class Result(t.TypedDict, total=False):
    """What `run` returns; RETURN of the module tempo_search says what each key is."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    url: str
    traces: t.List[Trace]
    count: int
    query_used: str
    services: t.List[str]
    suggestions: t.List[str]
    pending_until: t.Optional[float]
    hint: t.Optional[str]
    selected: t.Any  # whatever the option select makes of it
    attempts: int
    elapsed: float


class _Window(t.NamedTuple):
    start: float
    end: float


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """See RETURN of the module tempo_search. No trace is an answer; too few after `min_traces` is a ProbeFailure."""
    result: Result = {
        "ok": False,
        "cause": "",
        "message": "",
        "url": "",
        "traces": [],
        "count": 0,
        "query_used": "",
        "services": [],
        "suggestions": [],
        "pending_until": None,
        "hint": None,
        "selected": None,
        "attempts": 0,
        "elapsed": 0.0,
    }
    with asking_tempo(result):
        _search(params, result, clock)
    message = f"{_many(result['count'])} for {excerpt(result['query_used'])}"
    return {**result, "ok": True, "cause": "ok", "message": message}


def _search(params: t.Mapping[str, t.Any], result: Result, clock: Clock) -> None:
    wanted, limit = params["min_traces"], params["limit"]
    _check_numbers(wanted, limit)
    select = _compiled(params["select"])
    query = params["query"] or _built(params)
    _window(params, clock)
    client = TempoClient(params)
    result["url"] = client.url
    if not params["query"] and client.version().dialect.most_recent:
        query += " with (most_recent=true)"
    result["query_used"] = query

    def ask() -> t.List[Found]:
        window = _window(params, clock)
        return client.search(query, window.start, window.end, limit)

    enough = max(1, wanted or 0)
    waited = wait_for(ask, lambda found: len(found) >= enough, params["wait_timeout"], clock)
    found = sorted(waited.last, key=lambda trace: -trace.start)
    traces = [_public(trace) for trace in found]
    result["traces"], result["count"] = traces, len(traces)
    result["attempts"], result["elapsed"] = waited.attempts, waited.elapsed
    if len(traces) < enough:
        _why_few(client, params, result, clock)
    if wanted and len(traces) < wanted:
        after = f" after {waited.elapsed:g} s" if params["wait_timeout"] else ""
        words = f"{_many(len(traces))} for {excerpt(query)}{after}, at least {wanted} expected"
        raise ProbeFailure("not_enough_traces", f"{words}; {result['hint']}" if result["hint"] else words)
    if select is not None:
        result["selected"] = select({"traces": traces, "count": len(traces)})


def _check_numbers(wanted: t.Optional[int], limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise BadOption(f"limit: {limit} is not between 1 and {MAX_LIMIT}")
    if wanted is not None and not 0 <= wanted <= limit:
        raise BadOption(f"min_traces: {wanted} is not between 0 and limit ({limit})")


def _built(params: t.Mapping[str, t.Any]) -> str:
    durations = {
        option + "_ns": option_duration_ns(option, params[option])
        for option in ("min_duration", "max_duration")
        if params[option]
    }
    if durations.get("min_duration_ns", 0) > durations.get("max_duration_ns", math.inf):
        raise BadOption(
            f"min_duration: '{params['min_duration']}' is longer than max_duration ('{params['max_duration']}')"
        )
    return build_query(params["service_name"], params["tags"], **durations)


def _window(params: t.Mapping[str, t.Any], clock: Clock) -> _Window:
    now = clock.time()
    start, end = option_time("start", params["start"], now), option_time("end", params["end"], now)
    if str(params["end"]).strip() == "now":
        end += SLACK_S
    if end <= start:
        raise BadOption(f"start: '{params['start']}' is not before end ('{params['end']}')")
    if end - start > MAX_WINDOWS * WINDOW_S:
        raise BadOption(f"start: '{params['start']}' is more than {MAX_WINDOWS * WINDOW_S // 86400} days before end")
    return _Window(start, end)


def _why_few(client: TempoClient, params: t.Mapping[str, t.Any], result: Result, clock: Clock) -> None:
    """What explains too few traces: a service of another name, or a search that is behind."""
    window, now = _window(params, clock), clock.time()
    hints = []
    if params["service_name"] and not result["count"]:
        hints += _other_names(client, params["service_name"], window, result)
    delay = _search_delay(client)
    if delay and window.end > now - delay:
        result["pending_until"] = round(now + delay + 1, 1)  # its cut-off is in whole seconds
        hints.append(f"a search shows new traces after up to {delay:g} s here; by id they can be read at once")
    result["hint"] = "; ".join(hints) or None


def _other_names(client: TempoClient, service: str, window: _Window, result: Result) -> t.List[str]:
    try:
        known = client.tag_values("resource.service.name", window.start, window.end)
    except HttpError:
        return []  # the search itself was answered: names are an extra
    result["services"] = [clean(name)[:200] for name in known[:MAX_SERVICES]]
    result["suggestions"] = suggest(service, result["services"])
    if service in known:
        return []
    perhaps = f", perhaps {' or '.join(result['suggestions'])}" if result["suggestions"] else ""
    return [f"Tempo has no service {excerpt(service, 100)} in this range{perhaps}"]


def _search_delay(client: TempoClient) -> t.Optional[float]:
    try:
        return state.settings(client.config(), client.version().dialect.otlp_bind)["search_delay_s"]
    except HttpError:
        return None


def _public(trace: Found) -> Trace:
    return {
        "trace_id": trace.trace_id,
        "root_service": trace.root_service or None,
        "root_name": trace.root_name or None,
        "start": trace.start,
        "duration_ms": trace.duration_ms,
        "services": trace.services,
    }


def _compiled(select: t.Optional[str]) -> t.Optional[t.Callable[[t.Any], t.Any]]:
    if not select:
        return None
    try:
        import jmespath
    except ImportError:
        raise MissingLibrary("jmespath", "for the option select") from None
    try:
        expression = jmespath.compile(select)
    except Exception as error:  # jmespath has a family of syntax errors, and ValueError besides
        raise BadOption(f"select: not a JMESPath expression: {fault(error)}") from None

    def apply(document: t.Any) -> t.Any:
        try:
            return expression.search(document)
        except Exception as error:
            raise BadOption(f"select: {fault(error)}") from None

    return apply


def _many(count: int) -> str:
    return "1 trace" if count == 1 else f"{count or 'no'} traces"
