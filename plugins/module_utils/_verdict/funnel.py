# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many spans got how far, from created to visible in Grafana, and who counted them."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import run as runs
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import Document

STEPS = ("created", "sampled", "exported", "accepted", "passed on", "stored", "searchable", "visible in Grafana")


class Cell(t.NamedTuple):
    """`number` spans got as far as `step`; fewer than `of` means that some were lost just before it."""

    step: str
    number: int
    of: t.Optional[int]  # those that could have: null where it is no loss when they are fewer
    source: str

    def document(self) -> t.Dict[str, t.Any]:
        return {**self._asdict(), "lost": self.of is not None and self.number < self.of}


def columns(document: Document) -> t.Dict[str, t.List[t.Dict[str, t.Any]]]:
    """{whose spans: [{step, number, of, source, lost}]} of an evidence document, in the order of STEPS.

    Each is summed over applications and backends; there is only what was really counted.
    """
    applications, sent = [], []
    for labels in document["hosts"].values():
        if not labels.get("unreachable"):
            for own in labels["applications"].values():
                applications.append({**own, "settings": {**_settings(labels), **_settings(own)}})
                if not runs.of(document["run"], labels).get("check_mode"):
                    sent.append(applications[-1])
    backends = list(document["backends"].values())
    found = {
        "canaries": _canaries(sent, backends) if sent else [],
        "the applications' traces, by their logs": _logged(applications),
        "all spans while the canaries were sent": _counted(backends),
    }
    return {whose: [cell.document() for cell in cells] for whose, cells in found.items() if cells}


def _settings(labels: t.Any) -> t.Dict[str, t.Any]:
    return _at(labels, "settings", kind=dict) or {}


def _canaries(applications: t.Sequence[t.Any], backends: t.Sequence[t.Any]) -> t.List[Cell]:
    # To an endpoint that applications share, one of them sent for all.
    senders = [own for own in applications if own.get("otlp") and not _at(own, "otlp", "shared_with", kind=str)]
    sent = sum(_at(own, "settings", "canaries") or 1 for own in senders)
    if not sent:
        return []
    accepted = sum(len(_at(own, "otlp", "trace_ids", kind=list) or []) for own in senders)
    asked = [backend["canaries"] for backend in backends if _at(backend, "canaries", "hops", kind=dict)]
    return [
        Cell("created", sent, None, "the diagnosis"),
        Cell("accepted", accepted, sent, "the answers of the OTLP endpoints"),
        *_stored(asked, accepted),
        *_searchable(asked),
        *_shown(backends),
    ]


def _stored(asked: t.Sequence[t.Any], accepted: int) -> t.Iterator[Cell]:
    if asked:
        # A canary of an endpoint that is shared may be looked up in several backends.
        arrived = {
            who: _at(hops, "otlp", "arrived") or 0
            for canaries in asked
            for who, hops in canaries["hops"].items()
            if _at(hops, "otlp", kind=dict)
        }
        yield Cell("stored", sum(arrived.values()), accepted, "Tempo, asked by trace id")


def _searchable(asked: t.Sequence[t.Any]) -> t.Iterator[Cell]:
    searches = [canaries["search"] for canaries in asked if _at(canaries, "search", "found") is not None]
    if searches:
        # A search stops at the first canaries that it shows.
        found, wanted = (sum(min(1, _at(search, key) or 0) for search in searches) for key in ("found", "wanted"))
        yield Cell("searchable", found, wanted, "one search in each Tempo")


def _shown(backends: t.Sequence[t.Any]) -> t.Iterator[Cell]:
    looked = [visible for visible in map(_visible, backends) if visible is not None]
    if looked:
        yield Cell("visible in Grafana", sum(looked), len(looked), "one canary through each data source")


def _visible(backend: t.Any) -> t.Optional[bool]:
    """Whether the canary opens in every way that Grafana was asked; older evidence knows the proxy's answer only."""
    opens = _at(backend, "grafana", "trace", "opens", kind=bool)
    return t.cast(t.Optional[bool], _at(backend, "grafana", "trace", "found", kind=bool) if opens is None else opens)


_SAMPLED = tuple("13579bdf")  # the last digit of trace flags with the lowest bit set


def _logged(applications: t.Sequence[t.Any]) -> t.List[Cell]:
    headers = [
        _at(own, "logs", "patterns", "traceparent", kind=dict)
        for own in applications
        if not _at(own, "logs", "shared_with", kind=str)
    ]
    seen = [(_at(each, "count"), _at(each, "captures", "flags", "values", kind=dict)) for each in headers if each]
    told = [(count, flags) for count, flags in seen if count and flags]
    if not told:
        return []
    sampled = sum(_at(flags, flag) or 0 for _unused, flags in told for flag in flags if flag[-1:] in _SAMPLED)
    source = "traceparent headers in their logs"
    return [
        Cell("created", sum(count for count, _unused in told), None, source),
        Cell("sampled", sampled, None, f"flag 01 of these {source.partition(' in ')[0]}"),
    ]


# (step, whose counters, the counter, what of the same sheet could have come so far)
_COUNTERS = (
    ("created", "app", "ended", None),
    ("exported", "app", "exported", "ended"),
    ("accepted", "collector", "accepted", "offered"),
    ("passed on", "collector", "sent", "accepted"),
    ("accepted", "tempo", "received", "offered"),
    ("stored", "tempo", "stored", "received"),
)
_NAMES = {"app": "the application", "collector": "the collector", "tempo": "Tempo"}


def _counted(backends: t.Sequence[t.Any]) -> t.List[Cell]:
    sheets = {
        name: [s for s in (_at(b, "balance", "change", name, kind=dict) for b in backends) if s] for name in _NAMES
    }
    return [
        Cell(
            step,
            sum(_at(sheet, counter) or 0 for sheet in sheets[name]),
            sum(_at(sheet, whole) or 0 for sheet in sheets[name]) if whole else None,
            f"counters of {_NAMES[name]}",
        )
        for step, name, counter, whole in _COUNTERS
        if sheets[name]
    ]


def _at(value: t.Any, *path: str, kind: type = int) -> t.Any:
    """What is at `path`, when it is of this kind; None otherwise: evidence may come from a file."""
    found = nested(value, *path)
    return found if isinstance(found, kind) else None
