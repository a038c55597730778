# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The funnel as bars, and when what happened to a canary."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean

Report = t.Dict[str, t.Any]

FULL = 100  # the length of the longest bar
_SLOW_MS = 1.0  # shorter ones are drawn as long as this


class Bar(t.NamedTuple):
    """One step of a funnel."""

    step: str
    number: int
    length: float  # of FULL
    of: float  # the length of those that could have come so far; equal where none was lost
    words: str
    lost: bool


def funnel(report: Report) -> t.List[t.Tuple[str, t.List[Bar]]]:
    """[(whose spans, bars)] of a report's funnel; a bar is as long as its share of the most that were counted."""
    return [(whose, _bars(cells)) for whose, cells in report.get("funnel", {}).items()]


def _bars(cells: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[Bar]:
    most = max([1, *(max(cell["number"], cell["of"] or 0) for cell in cells)])
    return [
        Bar(
            cell["step"],
            cell["number"],
            round(FULL * cell["number"] / most, 2),
            round(FULL * (max(cell["of"] or 0, cell["number"])) / most, 2),
            _said(cell),
            cell["lost"],
        )
        for cell in cells
    ]


def _said(cell: t.Mapping[str, t.Any]) -> str:
    lost = f"{cell['of'] - cell['number']} of {cell['of']} lost before this; " if cell["lost"] else ""
    return clean(f"{lost}{cell['source']}")


class Moment(t.NamedTuple):
    """A step of a canary: `at` and `took` in milliseconds since it was sent, as lengths of FULL as well."""

    name: str
    state: str  # ok, failed, none
    words: str
    start: float
    length: float


_PHASES = (
    ("dns", "name resolved"),
    ("tcp", "connected"),
    ("tls", "TLS agreed"),
    ("protocol", "protocol asked"),
    ("export", "span accepted"),
)


def timelines(report: Report, most: int = 4) -> t.List[t.Tuple[str, t.List[Moment]]]:
    """[(whose canary, its moments)] of the first applications, those that differ in their outcome first."""
    seen: t.Dict[t.Any, t.Tuple[str, t.List[Moment]]] = {}
    evidence = report["evidence"]
    several = len(evidence["hosts"]) > 1
    for host, labels in evidence["hosts"].items():
        for name, own in labels["applications"].items():
            otlp = own.get("otlp")
            if not isinstance(otlp, dict) or not otlp.get("phases"):
                continue
            backend = evidence["backends"].get(own.get("backend")) or {}
            key = (otlp.get("cause"), (backend.get("canaries") or {}).get("cause"), bool(backend.get("grafana")))
            if key not in seen and len(seen) < most:
                whose = f"{host}: {name}" if several or len(labels["applications"]) > 1 else str(name or host)
                seen[key] = (clean(whose), _moments(host, name, own, backend))
    return list(seen.values())


def _state(ok: t.Optional[bool]) -> str:
    return "none" if ok is None else "ok" if ok else "failed"


def _moments(host: str, name: str, own: t.Mapping[str, t.Any], backend: t.Mapping[str, t.Any]) -> t.List[Moment]:
    otlp = own["otlp"]
    raw: t.List[t.Tuple[str, str, str, float, float]] = []  # name, state, words, start and length in ms
    at = 0.0
    for phase, words in _PHASES:
        each = otlp["phases"].get(phase)
        if not isinstance(each, dict) or each.get("cause") in ("not_run", "not_wanted"):
            continue
        took = float(each.get("ms") or 0)
        state = _state(each.get("ok"))
        cause = "" if state == "ok" else f", {str(each.get('cause')).replace('_', ' ')}"
        raw.append((words, state, f"{took:g} ms{cause}", at, took))
        at += took
    hops = (backend.get("canaries") or {}).get("hops") or {}
    seen = (hops.get(f"{host}/{name}") or hops.get(host) or {}).get("otlp")
    if isinstance(seen, dict):
        after = seen.get("visible_after")
        if seen.get("found"):
            took = 1000 * float(after or 0)
            raw.append(("found in Tempo", "ok", f"{took:.4g} ms after the first question", at, took))
            at += took
        else:
            waited = (backend.get("canaries") or {}).get("took")
            told = f"not there after {float(waited):.3g} s" if isinstance(waited, (int, float)) else "not there"
            raw.append(("found in Tempo", "failed", told, at, 1000 * float(waited or 0)))
            at += 1000 * float(waited or 0)
    grafana = backend.get("grafana") or {}
    for step in grafana.get("steps") or []:
        if step.get("name") == "trace" and step.get("cause") != "not_run":
            took = float(step.get("elapsed_ms") or 0)
            state = _state(step.get("ok"))
            raw.append(("opened through Grafana", state, f"{took:g} ms", at, took))
            at += took
    whole = sum(max(each[4], _SLOW_MS) for each in raw) or 1.0
    moments, x = [], 0.0
    for each in raw:
        length = FULL * max(each[4], _SLOW_MS) / whole
        moments.append(Moment(each[0], each[1], clean(each[2]), round(x, 2), round(length, 2)))
        x += length
    return moments
