# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): which of these traces has Tempo received? By id, which every version answers at once."""

from __future__ import annotations

import concurrent.futures
import queue
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import (
    BY_ID_CONFIRM,
    BY_ID_PAUSE,
    REAL,
    Clock,
    wait_for,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient, normal_id
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import asking_tempo, explain
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._otel import tempo_state as state
from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceql import build_query

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    "trace_ids": {"type": "dict", "default": {}},
    "run": {"type": "str", "default": ""},
    "sent": {"type": "dict", "default": {}},
    "wait_timeout": {"type": "float", "default": 5.0},
    "search": {"type": "bool", "default": False},
}

WORKERS = 8
MAX_TRACES = 20_000
GIVE_UP_AFTER = 24  # failed requests in a row: a dead Tempo must not cost a time-out for each of thousands of ids
MAX_SEARCHED = 1000  # traces in one answer
MAX_SEARCH_S, DEFAULT_SEARCH_S, SEARCH_SLACK_S = 120.0, 30.0, 5.0
AROUND_S = 600.0  # a host's clock may be wrong by that much, for a search to show its canary
MAIN_HOP = "otlp"  # the endpoint that the application uses

Hops = t.Dict[str, t.Dict[str, t.List[t.Dict[str, t.Any]]]]  # host -> hop -> its traces by sequence


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> t.Dict[str, t.Any]:
    """`{ok, cause, message, url, traces, found, missing, hops, sent, lost, search}`.

    Looks for `trace_ids` (name -> id), and for the canaries that hosts sent: `sent` is host -> hop -> how many were
    accepted, their ids follow from `run` (canary.trace_id). Of very many, the first ones of each hop are looked for.
    `traces`: name -> `{trace_id, found, visible_after, cause}`; visible_after is seconds since the probe began, cause
    is ok, trace_not_found, or what the last request failed of; found is null while it is not known. A host's entry is
    that of the first canary it sent to the hop `otlp`.
    `hops`: host -> hop -> the same of its first canary, where found means any, with sent, arrived, lost, loss (a
    share) and its interval low to high, of those that could be looked for. `sent` and `lost` are over all hops and
    hosts.
    `search`: null when not asked, else `{found, wanted, waited, limit_s, cause}`: canaries that a search shows.
    ProbeFailure when the first request fails: then no id can be looked up.
    """
    result: t.Dict[str, t.Any] = {
        "ok": False,
        "cause": "",
        "message": "",
        "url": "",
        "traces": {},
        "found": [],
        "missing": [],
        "hops": {},
        "sent": 0,
        "lost": 0,
        "search": None,
    }
    with asking_tempo(result):
        named = {
            str(name): _sought(normal_id(trace_id, f"trace_ids: {name}"))
            for name, trace_id in params["trace_ids"].items()
        }
        hops = _derived(params["run"], params["sent"], MAX_TRACES - len(named))
        sought = [*named.values(), *(trace for of in hops.values() for traces in of.values() for trace in traces)]
        client = TempoClient(params)
        result["url"] = client.url
        result.update(traces=named, missing=[*named, *(host for host, of in hops.items() if MAIN_HOP in of)])
        if sought:
            _look(client, sought, params["wait_timeout"], clock)
        _sum_up(result, named, hops)
        if params["search"] and any(trace["found"] for trace in sought):
            result["search"] = _search(client, {trace["trace_id"] for trace in sought if trace["found"]}, clock)
    there = sum(trace["found"] is True for trace in sought)
    result.update(
        ok=there == len(sought),
        cause="ok" if there == len(sought) else "trace_not_found",
        message=f"{there} of {len(sought)} traces are in Tempo at {client.url}",
    )
    return result


def _sought(trace_id: str) -> t.Dict[str, t.Any]:
    return {"trace_id": trace_id, "found": None, "visible_after": None, "cause": "not_asked"}


def _derived(run_word: str, sent: t.Mapping[str, t.Any], room: int) -> Hops:
    """The traces to look for; of each hop of each host as many as there is room for."""
    if sent and not run_word:
        raise BadOption("sent: it needs run, the word that the ids follow from")
    wrong = next((host for host, hops in sent.items() if not isinstance(hops, dict)), None)
    if wrong is not None:
        raise BadOption(f"sent: what '{wrong}' sent is not a dictionary of hops and numbers")
    for host, hops in sent.items():
        bad = next((hop for hop, count in hops.items() if not isinstance(count, int)), None)
        if bad is not None:
            raise BadOption(f"sent: what '{host}' sent to '{bad}' is no number")
    entries = sum(len(hops) for hops in sent.values())
    if entries > room:
        raise BadOption(f"sent, trace_ids: {entries + MAX_TRACES - room} traces are more than {MAX_TRACES}")
    most = room // max(1, entries)
    return {
        str(host): {
            str(hop): [
                _sought(canary.trace_id(run_word, str(host), str(hop), number)) for number in range(min(count, most))
            ]
            for hop, count in hops.items()
        }
        for host, hops in sent.items()
    }


def _sum_up(result: t.Dict[str, t.Any], named: t.Dict[str, t.Dict[str, t.Any]], hops: Hops) -> None:
    """Fill what `result` says about traces, hosts and hops."""
    result["traces"] = traces = dict(named)
    for host, of in hops.items():
        result["hops"][host] = {hop: _summary(sent) for hop, sent in of.items() if sent}
        if of.get(MAIN_HOP):
            traces[host] = result["hops"][host][MAIN_HOP]
    result["found"] = [name for name, trace in traces.items() if trace["found"]]
    result["missing"] = [name for name, trace in traces.items() if not trace["found"]]
    summaries = [summary for of in result["hops"].values() for summary in of.values()]
    result.update(sent=sum(each["sent"] for each in summaries), lost=sum(each["lost"] for each in summaries))


def _summary(traces: t.List[t.Dict[str, t.Any]]) -> t.Dict[str, t.Any]:
    """The canaries of one hop as one entry: what is said of the first that arrived, and how many did."""
    arrived = [trace for trace in traces if trace["found"]]
    asked = [trace for trace in traces if trace["cause"] in ("ok", "trace_not_found")]
    return {**(arrived or asked or traces)[0], **canary.loss(len(asked), len(arrived))}


def _search(client: TempoClient, ids: t.Set[str], clock: Clock) -> t.Dict[str, t.Any]:
    """Wait until a search shows one of these traces, as long as Tempo's own settings say that it may take."""
    query, limit = build_query(canary.SERVICE), min(MAX_SEARCHED, 20 + len(ids))
    if client.version().dialect.most_recent:
        query += " with (most_recent=true)"
    begun = clock.time()
    seen: t.Dict[str, t.Any] = {"found": 0, "wanted": min(len(ids), limit), "waited": 0.0, "limit_s": 0.0, "cause": ""}

    def ask() -> int:
        now = clock.time()
        return sum(found.trace_id in ids for found in client.search(query, begun - AROUND_S, now + AROUND_S, limit))

    try:
        config = state.settings(client.config(), client.version().dialect.otlp_bind)
        seen["limit_s"] = min(MAX_SEARCH_S, (config["search_delay_s"] or DEFAULT_SEARCH_S) + SEARCH_SLACK_S)
        waited = wait_for(ask, lambda found: found > 0, seen["limit_s"], clock)
    except HttpError as error:
        seen["cause"] = explain(error)[0]
        return seen
    seen.update(found=waited.last, waited=waited.elapsed, cause="ok" if waited.last else "not_searchable")
    return seen


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
