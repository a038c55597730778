# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of several reports as one document: slices of a job, regions, environments that were visited apart.

A slice is the run that one report is about. A host that several of them saw has the evidence of the later one. What
they were told by the same Tempo and Grafana is united where they agree how these answered (`united`); where they do
not, each keeps what it saw. Runs on the controller only.
"""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import SCHEMA, Document
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import Duplicate, Run, Slice
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.united import (
    Asked,
    Rank,
    agreeing,
    id_apart,
    once,
    united,
)
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch

MAX_NAME = 60  # characters; a report may come from anywhere

_NEVER = float("-inf")
_STRICT = ("never", "new", "critical", "new-warning", "warning")  # the later, the more fails


class _Seen(t.NamedTuple):
    """A host as the report has it that saw it last."""

    rank: Rank
    part: int
    slice: str
    labels: Document


class Merger:
    """Takes one report after the other and holds only what counts of each: of ten reports never ten documents."""

    def __init__(self) -> None:
        self._slices: t.Dict[str, Slice] = {}
        self._runs: t.List[Run] = []
        self._ids: t.Dict[str, str] = {}  # the slice of a run's id
        self._hosts: t.Dict[str, _Seen] = {}
        self._backends: t.Dict[str, t.List[Asked]] = {}
        # By host: the slices that saw it before, and whether they reached it.
        self._earlier: t.Dict[str, t.Dict[str, bool]] = {}

    def add(self, name: str, source: str, evidence: Document) -> None:
        """The evidence of the report in the file `source`, of the slice or region `name`."""
        part, run = len(self._runs), evidence["run"]
        self._runs.append(run)
        keys = self._taken(name, source, run)
        first = next(iter(keys.values()))
        for host, labels in evidence["hosts"].items():
            self._see(host, part, keys.get(str(labels.get("slice") or ""), first), labels)
        for told in run.get("duplicates") or []:
            others = {keys[other]: bool(told.get("lost")) for other in told.get("instead_of") or [] if other in keys}
            self._earlier.setdefault(str(told.get("host")), {}).update(others)
        for backend_id, labels in evidence["backends"].items():
            key = keys.get(str(labels.get("slice") or ""), first)
            self._backends.setdefault(backend_id, []).append(Asked(_rank(self._slices[key]), part, key, labels))

    def _taken(self, name: str, source: str, run: Run) -> t.Dict[str, str]:
        """{a slice as this report calls it ("" for its only one): its key here}."""
        whole, inside = _slice_of(run), run.get("slices") or {}
        if not inside:
            return {"": self._slice(name, {**whole, "source": source})}
        found: t.Dict[str, str] = {}
        for key, each in inside.items():
            settings = t.cast(t.Any, {**(whole.get("settings") or {}), **(each.get("settings") or {})})
            told: Slice = {**whole, **each, "source": source, "settings": settings}
            found[key] = self._slice(each.get("name") or key, told)
        return found

    def _slice(self, name: str, told: Slice) -> str:
        known = self._ids.get(told.get("id") or "")
        if known is not None:
            return known
        # Names are not unique: a region may have several.
        name = excerpt(name, MAX_NAME)
        key, number = name, 1
        while key in self._slices:
            number += 1
            key = f"{name} {number}"
        self._slices[key] = {**told, "name": name}
        if told.get("id"):
            self._ids[told["id"]] = key
        return key

    def _see(self, host: str, part: int, key: str, labels: Document) -> None:
        new = _Seen(_rank(self._slices[key]), part, key, labels)
        known = self._hosts.get(host)
        if known is None:
            self._hosts[host] = new
        elif known.slice != key:  # the same run may be in several files
            later, earlier = (new, known) if new.rank > known.rank else (known, new)
            self._hosts[host] = later
            others = self._earlier.setdefault(host, {})
            others[earlier.slice] = not earlier.labels.get("unreachable")
            others.pop(later.slice, None)

    def document(self) -> Document:
        """The one document; hosts are in the order of their names, whatever the order of the reports."""
        hosts = {name: {**self._hosts[name].labels, "slice": self._hosts[name].slice} for name in sorted(self._hosts)}
        backends: t.Dict[str, Document] = {}
        for backend_id, asked in sorted(self._backends.items()):
            mine = [(each, self._left(each)) for each in asked]
            groups = agreeing([(each, left) for each, left in mine if left])
            for number, group in enumerate(groups):
                its_id = id_apart(backend_id, [self._slices[each.slice]["name"] for each, _left in group], backends)
                its_id = its_id if number else backend_id
                backends[its_id] = united(group, {name for _each, left in group for name in left})
                if number:
                    _move(hosts, backends[its_id], backend_id, its_id)
        return {"schema": SCHEMA, "run": self._run(), "hosts": hosts, "backends": backends}

    def _left(self, asked: Asked) -> t.List[str]:
        """The hosts behind a backend whose evidence is that of the same report."""
        behind = (name for name in asked.labels.get("hosts") or [] if name in self._hosts)
        return [name for name in behind if self._hosts[name].part == asked.part]

    def _run(self) -> Run:
        ordered, slices = sorted(self._runs, key=_rank), list(self._slices.values())
        earliest, latest = min(ordered, key=lambda run: _time(run, "started")), ordered[-1]
        inventories = {run.get("inventory") or "" for run in ordered}
        run: Run = {
            "id": hashlib.sha256("\n".join(sorted(str(each.get("id")) for each in slices)).encode()).hexdigest()[:32],
            "started": earliest.get("started") or "",
            "finished": latest.get("finished") or "",
            "check_mode": all(each.get("check_mode") for each in slices),
            "fail_on": max((str(each.get("fail_on")) for each in slices), key=_strictness),
            "settings": t.cast(t.Any, _common([each.get("settings") or {} for each in slices])),
            "suppress": once(entry for each in slices for entry in each.get("suppress") or []),
            "check_dirs": once(each for run in ordered for each in run.get("check_dirs") or []),
            "inventory": inventories.pop() if len(inventories) == 1 else "",
            "duplicates": [self._duplicate(host) for host in sorted(self._earlier) if self._earlier[host]],
        }
        if "docs_url" in latest:
            run["docs_url"] = latest["docs_url"]
        run["slices"] = self._told(run)
        return run

    def _told(self, run: Run) -> t.Dict[str, Slice]:
        """The slices, each with what is not as in all others."""
        counts: t.Dict[str, int] = {}
        for seen in self._hosts.values():
            counts[seen.slice] = counts.get(seen.slice, 0) + 1
        common = t.cast(t.Mapping[str, t.Any], run["settings"])
        alike = all((each.get("suppress") or []) == run["suppress"] for each in self._slices.values())
        found: t.Dict[str, Slice] = {}
        for key, each in self._slices.items():
            own = {name: value for name, value in (each.get("settings") or {}).items() if name not in common}
            found[key] = t.cast(Slice, {**each, "settings": own, "hosts": counts.get(key, 0)})
            found[key]["suppress"] = each.get("suppress") or []
            if alike:
                del found[key]["suppress"]
        return found

    def _duplicate(self, host: str) -> Duplicate:
        kept, others = self._hosts[host], self._earlier[host]
        gone = bool(kept.labels.get("unreachable")) and any(others.values())
        return {"host": host, "slice": kept.slice, "instead_of": sorted(others), "lost": gone}


def _slice_of(run: Run) -> Slice:
    """What is kept of the run of a slice: what its hosts and backends are judged with."""
    kept = ("id", "started", "finished", "check_mode", "fail_on", "settings", "suppress")
    return t.cast(Slice, {name: value for name, value in run.items() if name in kept})


def _time(run: t.Mapping[str, t.Any], name: str) -> float:
    found = epoch(run.get(name))
    return _NEVER if found is None else found


def _rank(run: t.Mapping[str, t.Any]) -> Rank:
    return _time(run, "finished"), _time(run, "started"), str(run.get("id") or "")


def _strictness(fail_on: str) -> int:
    return _STRICT.index(fail_on) if fail_on in _STRICT else _STRICT.index("critical")


def _common(settings: t.Sequence[t.Mapping[str, t.Any]]) -> t.Dict[str, t.Any]:
    """What all have alike."""
    first, rest = settings[0], settings[1:]
    return {name: value for name, value in first.items() if all(name in o and o[name] == value for o in rest)}


def _move(hosts: t.Dict[str, Document], backend: Document, old: str, new: str) -> None:
    """Let the applications of a backend name it by its new id; `hosts` has the new entries."""
    for each in backend["applications"]:
        labels = hosts[each["host"]]
        own = labels["applications"][each["name"]]
        if own.get("backend") == old:
            moved = {**labels["applications"], each["name"]: {**own, "backend": new}}
            hosts[each["host"]] = {**labels, "applications": moved}
