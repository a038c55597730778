# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): do the recent traces of a service hang together, and where do they break?"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import REAL, Clock
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import asking_tempo, explain
from ansible_collections.traceops.tracing.plugins.module_utils._otel.linkage import Tree, tree_of
from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import Span, Trace
from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceql import build_query

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    "service_name": {"type": "str", "required": True},
    "sample": {"type": "int", "default": 20},
    "budget": {"type": "float", "default": 10.0},
}

MAX_SAMPLE = 200
SINCE_S = 3600
SLACK_S = 60  # searched beyond now: clocks of applications run ahead
SETTLED_S = 30  # SDKs export every 5 s and collectors batch: what a younger trace misses may be on its way
MAX_BYTES = 4 * 1024 * 1024  # of one trace
MAX_EDGES = 20
CALLED = ("server", "consumer")  # kinds of spans whose parent is in another process
CALLING = ("client", "producer")


class Edge(t.TypedDict):
    """The calls from one service to another."""

    parent: str
    child: str
    spans: int


class Break(t.TypedDict):
    """Spans of the service `child` that lack their parent."""

    child: str
    parent: t.Optional[str]  # the service that it presumably is a span of; null when nothing tells
    # edges (it is so elsewhere in the sample), kind (within one process), time (it has one around the orphan), nothing
    by: str
    spans: int
    trace_id: str


class Summary(t.TypedDict, total=False):
    """What traces that Tempo answered with in full say about a service."""

    looked: int  # traces, but for the young ones
    young: int  # traces whose rest may still arrive
    intact: int  # traces with one root and every parent
    orphans: int  # traces with a span whose parent never arrived
    rootless: int
    calls: int  # spans of the service that call or send to somebody
    services: t.Dict[str, int]  # name -> traces: its neighbours and itself
    edges: t.List[Edge]
    broken: t.List[Break]  # the most frequent first


class Result(Summary, total=False):
    """What `run` returns."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    url: str
    service: str
    sampled: int  # traces of the last hour that have spans of the service
    unread: t.Dict[str, int]  # cause -> traces that could not be read


Edges = t.Dict[t.Tuple[str, str], int]  # (parent's service, child's service) -> spans


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """Of the last hour, at most `sample` traces with spans of `service_name`, read within `budget` seconds.

    ProbeFailure when Tempo cannot be searched.
    """
    if not 1 <= params["sample"] <= MAX_SAMPLE:
        raise BadOption(f"sample: {params['sample']} is not between 1 and {MAX_SAMPLE}")
    if not 0 < params["budget"] <= 600:
        raise BadOption(f"budget: {params['budget']:g} is not between 0 and 600 seconds")
    result: Result = {
        "ok": False,
        "cause": "",
        "message": "",
        "url": "",
        "service": params["service_name"],
        "sampled": 0,
        "unread": {},
    }
    result.update(t.cast(Result, summary([], params["service_name"], clock.time())))
    with asking_tempo(result):
        traces = _sample(params, result, clock)
    result.update(t.cast(Result, summary(traces, params["service_name"], clock.time())))
    message = f"{result['intact']} of {result['looked']} traces of {params['service_name']} are whole"
    return {**result, "ok": True, "cause": "ok", "message": message}


def _sample(params: t.Mapping[str, t.Any], result: Result, clock: Clock) -> t.List[Trace]:
    """Recent traces, each read by id while the budget lasts; what could not be read is counted in `result`."""
    deadline = clock.monotonic() + params["budget"]
    client = TempoClient(params)
    result["url"] = client.url
    query = build_query(params["service_name"])
    if client.version().dialect.most_recent:
        query += " with (most_recent=true)"
    now = clock.time()
    found = client.search(query, now - SINCE_S, now + SLACK_S, params["sample"])
    result["sampled"] = len(found)
    traces: t.List[Trace] = []
    unread: t.Dict[str, int] = collections.Counter()
    for each in found:
        left = deadline - clock.monotonic()
        if left <= 0:
            unread["out_of_time"] += 1
            continue
        try:
            trace = client.trace_by_id(each.trace_id, timeout=min(left, params["timeout"]), max_body=MAX_BYTES)
        except HttpError as error:
            unread[explain(error)[0]] += 1
            continue
        if trace is None:
            unread["trace_not_found"] += 1
        elif trace.partial:
            unread["partial"] += 1  # Tempo itself left out spans: they do not miss
        elif trace.spans:
            traces.append(trace)
    result["unread"] = dict(unread)
    return traces


class _Seen(t.NamedTuple):
    """A trace with its tree."""

    spans: t.List[Span]
    tree: Tree


def summary(traces: t.Sequence[Trace], service: str, now: float) -> Summary:
    """What `run` says about complete answers of Tempo; `now` in epoch seconds."""
    looked: t.List[_Seen] = []
    young = 0
    for trace in traces:
        tree = tree_of(trace.spans)
        # A young trace that is whole already is a witness all the same.
        if now - max(span.end_ns for span in trace.spans) / 1e9 < SETTLED_S and not _whole(tree):
            young += 1
        else:
            looked.append(_Seen(trace.spans, tree))
    edges: t.Counter[t.Tuple[str, str]] = collections.Counter()
    services: t.Counter[str] = collections.Counter()
    for seen in looked:
        services.update({span.service for span in seen.spans})
        for parent_id, children in seen.tree.children.items():
            parent = seen.tree.by_id[parent_id].service
            edges.update((parent, child.service) for child in children if child.service != parent)
    return {
        "looked": len(looked),
        "young": young,
        "intact": sum(_whole(seen.tree) for seen in looked),
        "orphans": sum(bool(seen.tree.orphans) for seen in looked),
        "rootless": sum(not seen.tree.roots for seen in looked),
        "calls": sum(span.service == service and span.kind in CALLING for seen in looked for span in seen.spans),
        "services": {_name(name): count for name, count in _most(services)},
        "edges": [{"parent": _name(a), "child": _name(b), "spans": count} for (a, b), count in _most(edges)],
        "broken": _broken(looked, edges),
    }


def _whole(tree: Tree) -> bool:
    return len(tree.roots) == 1 and not tree.orphans


def _broken(traces: t.Sequence[_Seen], edges: Edges) -> t.List[Break]:
    found: t.Dict[t.Tuple[str, t.Optional[str], str], int] = collections.Counter()
    example: t.Dict[t.Tuple[str, t.Optional[str], str], str] = {}
    for trace in traces:
        for orphan in trace.tree.orphans:
            edge = (orphan.service, *_presumed_parent(orphan, trace.spans, edges))
            found[edge] += 1
            example.setdefault(edge, orphan.trace_id)
    return [
        {
            "child": _name(edge[0]),
            "parent": None if edge[1] is None else _name(edge[1]),
            "by": edge[2],
            "spans": count,
            "trace_id": example[edge],
        }
        for edge, count in _most(found)
    ]


def _presumed_parent(orphan: Span, spans: t.List[Span], edges: Edges) -> t.Tuple[t.Optional[str], str]:
    """(service, why): whose span it is that the orphan misses."""
    if orphan.kind not in (*CALLED, "unspecified"):
        return orphan.service, "kind"
    callers = [(count, parent) for (parent, child), count in edges.items() if child == orphan.service]
    if callers:
        return max(callers)[1], "edges"
    # Asynchronous work may begin after its sender's span, so only the start has to lie within.
    around = [
        span for span in spans if span.service != orphan.service and span.start_ns <= orphan.start_ns <= span.end_ns
    ]
    if around:
        return min(around, key=lambda span: span.end_ns - span.start_ns).service, "time"
    return None, "nothing"


def _name(service: str) -> str:
    return clean(service)[:120]


K = t.TypeVar("K")


def _most(counts: t.Mapping[K, int]) -> t.List[t.Tuple[K, int]]:
    """The most frequent first, at most MAX_EDGES; in a fixed order, so that equal evidence gives equal reports."""
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:MAX_EDGES]
