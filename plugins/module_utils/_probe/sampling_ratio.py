# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe: which sampling ratio do a service's traces in Tempo show?"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO, WAIT
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt, public_url
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import REAL, Clock, wait_for
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpClient, HttpError, status_error
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import Found, TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import asking_tempo
from ansible_collections.traceops.tracing.plugins.module_utils._otel.estimate import (
    Estimate,
    Share,
    estimate,
    hidden_factor,
    share,
)
from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import parse_metrics, total
from ansible_collections.traceops.tracing.plugins.module_utils._otel.samplers import RULES, SDK_RULES
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import option_time
from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceql import quoted

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    **WAIT,
    "service_name": {"type": "str", "required": True},
    "sdk": {"type": "str", "choices": list(SDK_RULES)},
    "start": {"type": "str", "default": "-1h"},
    "limit": {"type": "int", "default": 1000},
    "min_traces": {"type": "int", "default": 30},
    "confidence": {"type": "float", "default": 0.95},
    "offered": {"type": "int"},
    "counter_url": {"type": "str"},
    "counter_metric": {"type": "str"},
}
MODULE_KWARGS = {
    "mutually_exclusive": [["offered", "counter_url"]],
    "required_together": [["counter_url", "counter_metric"]],
}

MAX_LIMIT = 10_000
SLACK_S = 60  # searched beyond now: clocks of applications run ahead
_COUNTER_BODY = 16 * 1024 * 1024
_NOBODY = {"url_username": None, "url_password": None, "token": None, "headers": None, "tenant": None}


class Result(t.TypedDict, total=False):
    """What `run` returns; RETURN of the module sampling_ratio says what each key is."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    service: str
    since: t.Optional[float]
    traces: int
    complete: bool
    by_id: t.Optional[Estimate]
    by_count: t.Optional[Share]
    hidden_factor: t.Optional[float]
    counter_problem: t.Optional[str]
    attempts: int


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """See RETURN of the module sampling_ratio. Too few traces are an answer: `ok` is false, cause not_enough_traces."""
    _check(params)
    result: Result = {
        "ok": False,
        "cause": "",
        "message": "",
        "service": params["service_name"],
        "since": None,
        "traces": 0,
        "complete": True,
        "by_id": None,
        "by_count": None,
        "hidden_factor": None,
        "counter_problem": None,
        "attempts": 0,
    }
    with asking_tempo(result):
        _measure(params, result, clock)
    return result


def _check(params: t.Mapping[str, t.Any]) -> None:
    if not 1 <= params["limit"] <= MAX_LIMIT:
        raise BadOption(f"limit: {params['limit']} is not between 1 and {MAX_LIMIT}")
    if not 1 <= params["min_traces"] <= params["limit"]:
        raise BadOption(f"min_traces: {params['min_traces']} is not between 1 and limit ({params['limit']})")
    if not 0.5 <= params["confidence"] < 1:
        raise BadOption(f"confidence: {params['confidence']} is not between 0.5 and 1")
    if params["offered"] is not None and params["offered"] < 0:
        raise BadOption(f"offered: {params['offered']} is less than 0")


def _measure(params: t.Mapping[str, t.Any], result: Result, clock: Clock) -> None:
    since = option_time("start", params["start"], clock.time())
    client = TempoClient(params)
    # Only traces whose root is this service: it decided about them, unless the root was remote and is missing.
    query = f"{{ rootServiceName = {quoted(params['service_name'])} }}"

    def ask() -> t.List[Found]:
        now = clock.time()
        # A ratio can hold from a moment on that is still to come; that Tempo answers is to be seen all the same.
        found = client.search(query, min(since, now), now + SLACK_S, params["limit"])
        # Tempo finds what overlaps the range; a trace that began before was decided before.
        return [trace for trace in found if trace.start >= since]

    wanted, rule = params["min_traces"], SDK_RULES.get(params["sdk"] or "")
    waited = wait_for(ask, lambda found: len(found) >= wanted, params["wait_timeout"], clock)
    found, confidence = waited.last, params["confidence"]
    complete = len(found) < params["limit"]
    by_id = estimate([trace.trace_id for trace in found], rule, confidence, complete)
    result.update(
        {"since": since, "traces": len(found), "complete": complete, "by_id": by_id, "attempts": waited.attempts}
    )
    offered = params["offered"]
    if params["counter_url"]:
        offered, result["counter_problem"] = _count(params, since)
    if offered is not None and complete:
        by_count = share(len(found), offered, confidence)
        result["by_count"], result["hidden_factor"] = by_count, hidden_factor(by_id, by_count)
    if len(found) < wanted:
        result["cause"] = "not_enough_traces"
        result["message"] = f"not enough traffic yet: {len(found)} of {wanted} traces of {params['service_name']}"
        return
    if rule and not complete and RULES[rule].high:
        result["cause"] = "search_cut"
        result["message"] = (
            f"the search was cut at {params['limit']} traces, which Tempo orders by id; "
            f"for {RULES[rule].words} choose a later start or a larger limit"
        )
        return
    result.update({"ok": True, "cause": "ok", "message": _words(params["service_name"], by_id, result["by_count"])})


def _count(params: t.Mapping[str, t.Any], since: float) -> t.Tuple[t.Optional[int], t.Optional[str]]:
    """(what was offered since the process began, None), or (None, why the counter cannot be used)."""
    url, metric = params["counter_url"], params["counter_metric"]
    try:
        # Tempo's credentials are not for the application.
        answer = HttpClient(url, {**params, **_NOBODY}, "counter_url").get("", accept="*/*", max_body=_COUNTER_BODY)
        if answer.status != 200:
            raise status_error(answer)
    except HttpError as error:
        return None, str(error)
    metrics = parse_metrics(answer.text)
    value, begun = total(metrics, metric), total(metrics, "process_start_time_seconds")
    if value is None:
        return None, f"{public_url(url)} has no metric {excerpt(metric, 80)}"
    if begun is None or begun < since - 1:
        return None, f"{public_url(url)} counts since before the time that was searched"
    return int(value), None


def _words(service: str, by_id: Estimate, by_count: t.Optional[Share]) -> str:
    percent = f"{by_id['confidence'] * 100:g} %"
    if by_id["ratio"] is None:
        words = (
            f"the ids of {by_id['traces']} traces of {service} show no sampler ({by_id['low']:.4g} or more, {percent})"
        )
    else:
        words = (
            f"the ids of {by_id['traces']} traces of {service} show a ratio of {by_id['ratio']:.4g} "
            f"({by_id['low']:.4g} to {by_id['high']:.4g}, {percent})"
        )
    if by_count and by_count["ratio"] is not None:
        words += (
            f"; {by_count['kept']} of {by_count['offered']} are stored: {by_count['ratio']:.4g} "
            f"({by_count['low']:.4g} to {by_count['high']:.4g})"
        )
    return words
