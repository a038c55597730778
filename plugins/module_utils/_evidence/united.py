# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several slices were told by one Tempo and Grafana, as if one had asked for all.

Only where they agree how it answered, so that neither a fault of one slice is lost nor another slice has it. Canaries
are told by their sender: what one slice lost is neither the others' nor forgotten. Runs on the controller only.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import Document
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS

MAX_NAMED = 3  # slices in the id of a backend
APART = " (as seen from "  # in the id of a backend that did not answer all slices alike

_OF_BACKEND = tuple(name for name, label in LABELS.items() if label.scope == "backend")
_NEVER = float("-inf")

Rank = t.Tuple[float, float, str]  # the later run is the greater one; runs of one moment are told apart by their ids


class Asked(t.NamedTuple):
    """A backend as one report has it."""

    rank: Rank
    part: int
    slice: str
    labels: Document


Behind = t.Tuple[Asked, t.List[str]]  # as one slice has it, and its hosts that count


def agreeing(asked: t.Sequence[Behind]) -> t.List[t.List[Behind]]:
    """Those that agree how it answered, the earliest first; the group with most hosts comes first."""
    groups: t.Dict[t.Tuple[t.Any, ...], t.List[Behind]] = {}
    for each in sorted(asked, key=lambda behind: behind[0].rank):
        groups.setdefault(_answers(each[0].labels), []).append(each)
    return sorted(groups.values(), key=lambda group: (-sum(len(left) for _each, left in group), group[-1][0].rank))


def _answers(labels: Document) -> t.Tuple[t.Any, ...]:
    """How a backend answered: what must be equal before two slices' observations are one.

    A probe that failed, whether a search showed a canary, whose counters were read, and Tempo's version: one address
    may lead to two of them. Lost canaries are no difference, since each is told by its sender.
    """
    outcomes = []
    for name in _OF_BACKEND:
        result = labels.get(name)
        if not isinstance(result, dict) or result.get("ok"):
            continue
        if name != "canaries" or not (result.get("hops") or result.get("traces")):
            outcomes.append((name, str(result.get("cause"))))
    change = nested(labels, "balance", "change")
    counted = sorted(name for name, sheet in change.items() if sheet is not None) if isinstance(change, dict) else []
    search = nested(labels, "canaries", "search", "cause")  # none where no canary arrived
    return tuple(outcomes), str(search or "ok"), str(counted), str(nested(labels, "tempo_info", "version"))


def id_apart(backend_id: str, names: t.Sequence[str], taken: t.Container[str]) -> str:
    """The id of a backend as these slices saw it, where most saw something else."""
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - MAX_NAMED} more" if len(different) > MAX_NAMED else ""
    found = wanted = f"{backend_id}{APART}{', '.join(different[:MAX_NAMED])}{more})"
    number = 1
    while found in taken:
        number += 1
        found = f"{wanted} {number}"
    return found


def united(group: t.Sequence[Behind], hosts: t.Set[str]) -> Document:
    """What the slices of a group were told, as if one had asked for all; `hosts` are those that count."""
    latest = group[-1][0]
    known: t.Dict[str, t.Any] = {}
    applications: t.List[t.Dict[str, str]] = []
    for asked, left in group:
        known.update(asked.labels)  # of what only an earlier one was told, that
        mine = set(left)
        applications += [each for each in asked.labels["applications"] if each["host"] in mine]
    found = {
        **known,
        "hosts": sorted(hosts),
        "applications": sorted(applications, key=lambda each: each["host"]),
        "slice": latest.slice,
    }
    for name, unite in _UNITE.items():
        told = [
            (asked.labels[name], set(asked.labels.get("hosts") or []) - set(left))
            for asked, left in group
            if isinstance(asked.labels.get(name), dict)
        ]
        if told and (len(told) > 1 or told[0][1]):
            found[name] = unite(told, hosts)
    return found


def of_hosts(labels: Document, left: t.Sequence[str]) -> Document:
    """A backend as a run over some of its hosts would have it."""
    found = united([(Asked((0.0, 0.0, ""), 0, "", labels), list(left))], set(left))
    found = {**found, "hosts": list(left), "slice": labels.get("slice")}
    return {name: value for name, value in found.items() if name in labels}


_Told = t.Sequence[t.Tuple[t.Dict[str, t.Any], t.Set[str]]]  # a result, and hosts in it that another slice tells of


def _canaries(told: _Told, _hosts: t.Set[str]) -> t.Dict[str, t.Any]:
    """Each sender's canaries as its own slice looked them up."""
    traces: t.Dict[str, t.Any] = {}
    hops: t.Dict[str, t.Any] = {}
    for result, gone in told:
        traces.update(_of_others(result.get("traces"), gone))
        hops.update(_of_others(result.get("hops"), gone))
    summaries = [each for of in hops.values() if isinstance(of, dict) for each in of.values() if isinstance(each, dict)]
    latest = told[-1][0]
    sums = {
        name: sum(each[name] for each in summaries if isinstance(each.get(name), int))
        for name in ("sent", "lost", "arrived")
    }
    there = {name: True for name, trace in traces.items() if nested(trace, "found")}
    searches = [result["search"] for result, _gone in told if isinstance(result.get("search"), dict)]
    found = {
        **latest,
        "traces": traces,
        "hops": hops,
        "found": list(there),
        "missing": [name for name in traces if name not in there],
        "search": searches[-1] if searches else None,
    }
    if summaries:
        whole = sums["lost"] == 0 and len(there) == len(traces)
        found.update(
            sent=sums["sent"],
            lost=sums["lost"],
            ok=whole,
            cause="ok" if whole else "trace_not_found",
            message=f"{sums['arrived']} of {sums['sent']} traces are in Tempo at {latest.get('url')}",
        )
    return found


def _of_others(by_sender: t.Any, gone: t.Set[str]) -> t.Dict[str, t.Any]:
    """Without what hosts sent that are gone; a sender is HOST or HOST/APPLICATION."""
    if not isinstance(by_sender, dict):
        return {}
    return {
        name: value for name, value in by_sender.items() if name not in gone and name.rpartition("/")[0] not in gone
    }


def _balance(told: _Told, _hosts: t.Set[str]) -> t.Dict[str, t.Any]:
    """The counts of all looks added up, so that they are in proportion to the canaries of all; one look counts once."""
    looks = once(result for result, _gone in told)
    latest = {**looks[-1]}
    changes = [look["change"] for look in looks if isinstance(look.get("change"), dict)]
    if len(changes) > 1:
        change: t.Any = None
        for each in changes:
            change = _added(change, each)
        windows = [(look.get("taken"), nested(look, "change", "seconds")) for look in looks]
        latest["change"] = {**change, "seconds": _covered(windows)}
    return latest


def _added(a: t.Any, b: t.Any) -> t.Any:
    """Numbers are added, switches are on where one was, of lists and dictionaries all entries are kept."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, bool) and isinstance(b, bool):
        return a or b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a + b
    if isinstance(a, dict) and isinstance(b, dict):
        return {**a, **{key: _added(a.get(key), value) for key, value in b.items()}}
    if isinstance(a, list) and isinstance(b, list):
        return once([*a, *b])
    return b


def _covered(windows: t.Iterable[t.Tuple[t.Any, t.Any]]) -> float:
    """Seconds within any of these windows (their end, their length): slices run side by side."""
    spans = sorted((end - long, end) for end, long in windows if _is_number(end) and _is_number(long))
    covered, until = 0.0, _NEVER
    for start, end in spans:
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return round(covered, 3)


def _is_number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _coverage(told: _Told, hosts: t.Set[str]) -> t.Dict[str, t.Any]:
    """Services and hosts that any slice asked for, each as it was seen last."""
    latest = told[-1][0]
    services: t.Dict[str, t.Any] = {}
    duplicates: t.Dict[str, t.Any] = {}
    for result, _gone in told:
        services.update(_dict(result.get("services")))
        duplicates.update(_dict(nested(result, "instances", "duplicates")))
    seen, never = _reported(told, hosts)
    return {
        **latest,
        "services": services,
        "unnamed": once(name for result, _gone in told for name in _list(result.get("unnamed"))),
        "hosts": {
            "reported": max(_number(nested(result, "hosts", "reported")) for result, _gone in told),
            "seen": sorted(seen) if seen else None,
            "never": sorted(never) if seen else None,
        },
        "instances": {
            "looked": max(_number(nested(result, "instances", "looked")) for result, _gone in told),
            "duplicates": duplicates,
        },
        "message": _coverage_words(services) if latest.get("ok") else latest.get("message"),
    }


def _reported(told: _Told, hosts: t.Set[str]) -> t.Tuple[t.Set[str], t.Set[str]]:
    """Which hosts Tempo has as host.name, and which not: where it has some of one slice, names differ by no habit."""
    seen: t.Set[str] = set()
    never: t.Set[str] = set()
    for result, gone in told:
        here, away = nested(result, "hosts", "seen"), nested(result, "hosts", "never")
        seen.update(name for name in _list(here) if isinstance(name, str) and name not in gone)
        never.update(name for name in _list(away) if isinstance(name, str) and name not in gone)
    if seen and any(nested(result, "hosts", "seen") is None for result, _gone in told):
        never |= hosts - seen
    return seen, never - seen


def _coverage_words(services: t.Mapping[str, t.Any]) -> str:
    seen = sum(nested(each, "state") == "seen" for each in services.values())
    return f"Tempo has seen {seen} of {len(services)} expected services"


def _dict(value: t.Any) -> t.Dict[str, t.Any]:
    return value if isinstance(value, dict) else {}


def _list(value: t.Any) -> t.List[t.Any]:
    return value if isinstance(value, list) else []


def _number(value: t.Any) -> t.Any:
    return value if _is_number(value) else 0


# What is not here is as the latest slice was told.
_UNITE: t.Dict[str, t.Callable[[_Told, t.Set[str]], t.Dict[str, t.Any]]] = {
    "canaries": _canaries,
    "balance": _balance,
    "coverage": _coverage,
}


def once(values: t.Iterable[t.Any]) -> t.List[t.Any]:
    found: t.List[t.Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
