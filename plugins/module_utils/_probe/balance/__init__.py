# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): how many spans were offered, accepted, discarded and stored between two looks?"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import public_url
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import REAL, Clock
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpClient, HttpError, status_error
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import explain
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_processes import TEMPO_URLS, merged, others
from ansible_collections.traceops.tracing.plugins.module_utils._otel import tempo_state as state
from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import Metrics, parse_metrics
from ansible_collections.traceops.tracing.plugins.module_utils._probe.balance import sheets

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    "tempo_urls": TEMPO_URLS,
    "collector_metrics_url": {"type": "str"},
    "app_metrics_url": {"type": "str"},
    "before": {"type": "dict"},
}

# Credentials are those of Tempo: they do not go to other servers.
_TEMPO_ONLY = ("url_username", "url_password", "token", "headers", "tenant", "client_cert", "client_key")
_COUNTS: t.Dict[str, t.Callable[[Metrics], t.Dict[str, t.Any]]] = {
    "tempo": sheets.tempo_counts,
    "collector": sheets.collector_counts,
    "app": sheets.application_counts,
}


class Snapshot(t.TypedDict, total=False):
    """What one server counted. `start` is when its process started (epoch seconds), `counts` are totals since."""

    ok: bool
    cause: str
    message: str
    url: str
    start: t.Optional[float]
    version: t.Optional[t.List[int]]  # of Tempo


class TempoSnapshot(Snapshot, total=False):
    """Tempo's."""

    counts: sheets.TempoCounts


class CollectorSnapshot(Snapshot, total=False):
    """The collector's."""

    counts: sheets.CollectorCounts


class ApplicationSnapshot(Snapshot, total=False):
    """The application's."""

    counts: sheets.ApplicationCounts


class Snapshots(t.TypedDict, total=False):
    """The servers that were asked."""

    tempo: TempoSnapshot
    collector: CollectorSnapshot
    app: ApplicationSnapshot


class Before(t.TypedDict):
    """How the earlier look at Tempo went."""

    ok: bool
    cause: str
    message: str
    start: t.Optional[float]


class Change(t.TypedDict, total=False):
    """What happened in between; null for a server that did not answer both times, or of which another instance did."""

    seconds: float
    tempo: t.Optional[sheets.TempoSheet]
    collector: t.Optional[sheets.CollectorSheet]
    app: t.Optional[sheets.ApplicationSheet]


class Result(t.TypedDict, total=False):
    """What `run` returns."""

    ok: bool  # every server answered
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    taken: float  # when, in epoch seconds
    snapshots: Snapshots
    before: t.Optional[Before]  # null without an earlier look, like `change`
    change: t.Optional[Change]  # null without an earlier look


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """Look at Tempo, and at collector and application where their URLs were given.

    With `before`, the result of an earlier look, it tells what happened in between.
    """
    looks: t.Dict[str, t.Dict[str, t.Any]] = {"tempo": _look("tempo", params["tempo_url"], params)}
    for name in ("collector", "app"):
        if params.get(f"{name}_metrics_url"):
            looks[name] = _look(name, params[f"{name}_metrics_url"], params)
    taken = round(clock.time(), 3)
    failed = [look for look in looks.values() if not look["ok"]]
    before = params.get("before")
    return {
        "ok": not failed,
        "cause": failed[0]["cause"] if failed else "ok",
        "message": failed[0]["message"] if failed else f"counters of {', '.join(looks)} were read",
        "taken": taken,
        "snapshots": t.cast(Snapshots, looks),
        "before": _before(before) if before else None,
        "change": _change(before, looks, taken, params.get("tenant") or "") if before else None,
    }


def _before(earlier: t.Mapping[str, t.Any]) -> Before:
    tempo = earlier["snapshots"].get("tempo") or {}
    return {
        "ok": bool(tempo.get("ok")),
        "cause": str(tempo.get("cause") or ""),
        "message": str(tempo.get("message") or ""),
        "start": tempo.get("start"),
    }


def _look(name: str, url: str, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The snapshot of one server; which counts it has depends on `name`."""
    snapshot: t.Dict[str, t.Any] = {
        "ok": False,
        "cause": "",
        "message": "",
        "url": "",
        "start": None,
        "counts": {},
        "version": None,
    }
    try:
        metrics = _tempo(params, snapshot) if name == "tempo" else _metrics(name, url, params, snapshot)
    except HttpError as error:
        cause, message = explain(error) if name == "tempo" else (error.cause, error.message)
        return {**snapshot, "cause": cause, "message": message}
    if not any(metric.startswith(sheets.SIBLINGS[name]) for metric in metrics):
        return {**snapshot, "cause": "not_counted", "message": snapshot["message"] or _no_counter(snapshot["url"])}
    snapshot.update(start=sheets.start_of(metrics), counts=sheets.whole(_COUNTS[name](metrics)))
    return {**snapshot, "ok": True, "cause": "ok", "message": f"{snapshot['url']} was read"}


def _no_counter(url: str) -> str:
    return f"{url} has no counter of spans that is known"


def _tempo(params: t.Mapping[str, t.Any], snapshot: t.Dict[str, t.Any]) -> Metrics:
    """The counters of all processes that take spans in; none when no such process was named."""
    client = TempoClient(params)
    snapshot["url"] = client.url
    metrics = client.metrics()
    snapshot["version"] = list(client.version().numbers)
    running = state.parts(client.services(), None)
    counted = [metrics] if state.runs(running, state.TAKES_IN) else []
    counted += [
        process.metrics
        for process in others(params, client)
        if process.cause == "ok" and state.runs(process.runs, state.TAKES_IN)
    ]
    if not counted:
        snapshot["message"] = f"no distributor runs in {client.url}, so it counts no spans (tempo_urls has the others)"
    return merged(counted)


def _metrics(name: str, url: str, params: t.Mapping[str, t.Any], snapshot: t.Dict[str, t.Any]) -> Metrics:
    option = f"{name}_metrics_url"
    client = HttpClient(url, {**params, **dict.fromkeys(_TEMPO_ONLY)}, option)
    snapshot["url"] = public_url(client.base_url)
    answer = client.get("", accept="text/plain")
    if answer.status != 200:
        raise status_error(answer)
    return parse_metrics(answer.text)


def _change(
    before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Mapping[str, t.Any]], taken: float, tenant: str
) -> Change:
    change: t.Dict[str, t.Any] = {"seconds": round(taken - before["taken"], 3)}
    for name, snapshot in after.items():
        earlier = before["snapshots"].get(name) or {}
        both = snapshot["ok"] and earlier.get("ok")
        if not both or not sheets.same_process(earlier, snapshot, before["taken"]):
            change[name] = None
            continue
        grown = sheets.grown(earlier, snapshot)
        if name == "tempo":
            version = snapshot["version"]
            change[name] = sheets.tempo_sheet(grown, (version[0], version[1]), tenant)
        else:
            change[name] = {"collector": sheets.collector_sheet, "app": sheets.application_sheet}[name](grown)
    return t.cast(Change, change)
