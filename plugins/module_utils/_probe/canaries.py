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
GIVE_UP_AFTER = 24  # failed requests in a row: a dead Tempo must not cost a timeout for each of thousands of ids
MAX_SEARCHED = 1000  # traces in one answer
MAX_SEARCH_S, DEFAULT_SEARCH_S, SEARCH_SLACK_S = 120.0, 30.0, 5.0
AROUND_S = 600.0  # a host's clock may be wrong by that much, for a search to show its canary
MAIN_HOP = "otlp"  # the endpoint that the application uses


class Sought(t.TypedDict):
    """One trace that was looked for."""

    trace_id: str
    found: t.Optional[bool]  # null while it is not known
    visible_after: t.Optional[float]  # seconds since the probe began
    cause: str  # ok, trace_not_found, or what the last request failed of


class Hop(Sought, canary.Loss):
    """The canaries of a host to one hop: what is said of the first that arrived (found: any did), and how many did."""


class Named(Sought, total=False):
    """A trace by its name. That of a host is the first canary that it sent to MAIN_HOP, with what a hop has."""

    sent: int
    arrived: int
    lost: int
    loss: t.Optional[float]
    low: float
    high: float


class Shown(t.TypedDict):
    """The canaries that a search shows."""

    found: int
    wanted: int
    waited: float  # seconds
    limit_s: float
    cause: str


class Result(t.TypedDict, total=False):
    """What `run` returns."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    url: str
    traces: t.Dict[str, Named]  # by the name given, or by host
    found: t.List[str]  # names of `traces`
    missing: t.List[str]
    hops: t.Dict[str, t.Dict[str, Hop]]  # host -> hop
    sent: int  # over all hops and hosts
    lost: int
    search: t.Optional[Shown]  # null when not asked


Hops = t.Dict[str, t.Dict[str, t.List[Sought]]]  # host -> hop -> its traces by sequence


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """Looks for `trace_ids` (name -> id), and for the canaries that hosts sent.

    `sent` is host -> hop -> how many were accepted, their ids follow from `run` (canary.trace_id). Of very many, the
    first ones of each hop are looked for; what a hop says is about those that could be looked for.
    ProbeFailure when the first request fails: then no id can be looked up.
    """
    result: Result = {
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
        result["traces"] = t.cast(t.Dict[str, Named], named)
        result["missing"] = [*named, *(host for host, of in hops.items() if MAIN_HOP in of)]
        if sought:
            _look(client, sought, params["wait_timeout"], clock)
        _sum_up(result, named, hops)
        if params["search"] and any(trace["found"] for trace in sought):
            result["search"] = _search(client, {trace["trace_id"] for trace in sought if trace["found"]}, clock)
    there = sum(trace["found"] is True for trace in sought)
    return {
        **result,
        "ok": there == len(sought),
        "cause": "ok" if there == len(sought) else "trace_not_found",
        "message": f"{there} of {len(sought)} traces are in Tempo at {client.url}",
    }


def _sought(trace_id: str) -> Sought:
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


def _sum_up(result: Result, named: t.Mapping[str, Sought], hops: Hops) -> None:
    """Fill what `result` says about traces, hosts and hops."""
    result["traces"] = traces = t.cast(t.Dict[str, Named], dict(named))
    for host, of in hops.items():
        result["hops"][host] = {hop: _summary(sent) for hop, sent in of.items() if sent}
        if of.get(MAIN_HOP):
            traces[host] = t.cast(Named, result["hops"][host][MAIN_HOP])
    result["found"] = [name for name, trace in traces.items() if trace["found"]]
    result["missing"] = [name for name, trace in traces.items() if not trace["found"]]
    summaries = [summary for of in result["hops"].values() for summary in of.values()]
    result["sent"] = sum(each["sent"] for each in summaries)
    result["lost"] = sum(each["lost"] for each in summaries)


def _summary(traces: t.List[Sought]) -> Hop:
    arrived = [trace for trace in traces if trace["found"]]
    asked = [trace for trace in traces if trace["cause"] in ("ok", "trace_not_found")]
    return {**(arrived or asked or traces)[0], **canary.loss(len(asked), len(arrived))}


def _search(client: TempoClient, ids: t.Set[str], clock: Clock) -> Shown:
    """Wait until a search shows one of these traces, as long as Tempo's own settings say that it may take."""
    query, limit = build_query(canary.SERVICE), min(MAX_SEARCHED, 20 + len(ids))
    if client.version().dialect.most_recent:
        query += " with (most_recent=true)"
    begun = clock.time()
    seen: Shown = {"found": 0, "wanted": min(len(ids), limit), "waited": 0.0, "limit_s": 0.0, "cause": ""}

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
    cause = "ok" if waited.last else "not_searchable"
    return {**seen, "found": waited.last, "waited": waited.elapsed, "cause": cause}


def _look(client: TempoClient, traces: t.List[Sought], timeout: float, clock: Clock) -> None:
    begun = clock.monotonic()

    def ask_one(asking: TempoClient, trace: Sought) -> None:
        trace["found"] = asking.trace_by_id(trace["trace_id"]) is not None
        trace["cause"] = "ok" if trace["found"] else "trace_not_found"
        if trace["found"]:
            trace["visible_after"] = round(clock.monotonic() - begun, 3)

    # The first alone: when it cannot be asked, nothing can.
    ask_one(client, traces[0])
    workers = [client] + [client.fork() for _unused in range(min(WORKERS, len(traces)) - 1)]

    def round_of_asking() -> int:
        pending = [trace for trace in traces if not trace["found"]]
        _share(workers, pending, ask_one)
        return sum(not trace["found"] for trace in pending)

    wait_for(round_of_asking, lambda left: left == 0, timeout, clock, BY_ID_PAUSE, BY_ID_CONFIRM)


def _share(
    workers: t.List[TempoClient],
    traces: t.List[Sought],
    ask_one: t.Callable[[TempoClient, Sought], None],
) -> None:
    """Ask for every trace once, by all workers; after GIVE_UP_AFTER failures in a row the rest fails alike."""
    todo: queue.SimpleQueue[Sought] = queue.SimpleQueue()
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
