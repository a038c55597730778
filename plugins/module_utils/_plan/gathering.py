# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts told, put together on the controller: who is visited again, who asks which backend, the evidence of all.

An entry of the store (`_plan/store.py`) is {host, planned, offer, looked, seen, at_once}: what was planned for the
host and found on it, the results of the look around and of the visit (`{evidence: {label: result}}`, or why there is
none), and whether it was visited without knowing what others found.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import merge
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.shared import Shared
from ansible_collections.traceops.tracing.plugins.module_utils._plan import backends, found, visit
from ansible_collections.traceops.tracing.plugins.module_utils._plan.applications import Planned, place, planned
from ansible_collections.traceops.tracing.plugins.module_utils._plan.asked import OF_BACKEND
from ansible_collections.traceops.tracing.plugins.module_utils._plan.store import Entry, Store

LOOKED_ONLY = {"skipped": True}  # `seen` of a host that was looked around on and is not visited yet


class Gathered(t.TypedDict):
    """What is left to do after the hosts were visited."""

    again: t.List[str]  # hosts that wait for what others found
    asking: t.Dict[str, t.Dict[str, backends.Backend]]  # which host asks which backends, by their ids


def gathered(store: Store) -> Gathered:
    """Who is to be visited again, and who asks the backends that nobody has asked.

    It is kept for these hosts, with what the others found, so that none of them looks at all again.
    """
    entries = _entries(store)
    again = [str(each["host"]) for each in entries if each["seen"] == LOOKED_ONLY and not visit.missing(each["looked"])]
    reached = {str(each["host"]): each["planned"] for each in entries if visit.missing(each["seen"]) is None}
    asked = store.asked()
    asking: t.Dict[str, t.Dict[str, backends.Backend]] = {}
    for backend_id, backend in backends.backends(reached).items():
        if backend_id not in asked:
            asking.setdefault(_asker(store, backend, reached), {})[backend_id] = backend
    known = _offers(entries) if again else {}
    for host in again:
        store.settle(f"visit {host} again", {"offer": known.get(host)})
    for host, its in asking.items():
        store.settle(f"asks {host}", its)
    return {"again": again, "asking": asking}


def _entries(store: Store) -> t.List[Entry]:
    """What is known of all hosts, by name; what they have in common is there once (nothing of it must be changed)."""
    shared = Shared()
    return sorted((_shared(each, shared) for each in store.hosts()), key=lambda each: str(each["host"]))


def _shared(entry: Entry, shared: Shared) -> Entry:
    for part in ("looked", "seen"):
        labels = (entry[part] or {}).get("evidence")
        if isinstance(labels, dict):
            entry[part] = {"evidence": {label: shared.share(label, result) for label, result in labels.items()}}
    return {**entry, "offer": entry["offer"] and shared.share("offer", entry["offer"])}


def _asker(store: Store, backend: backends.Backend, reached: t.Mapping[str, Planned]) -> str:
    """The host that asks for all: the one that counted what Tempo had, else the first."""
    first = backend["applications"][0]
    counted = store.settled(_place(reached[first["host"]], first["name"], first["host"])) or {}
    return str(counted["host"]) if counted.get("host") in backend["hosts"] else backend["hosts"][0]


def _place(host: Planned, application: str, name: str) -> str:
    return place({**host["settings"], **host["applications"][application]["settings"]}, name)


def _offers(entries: t.Iterable[Entry]) -> t.Dict[str, found.Offer]:
    looks = {str(each["host"]): visit.discovered(each["looked"]).get(visit.LOOK) or {} for each in entries}
    return found.offers({host: look for host, look in looks.items() if look.get("ok")})


def own_backends(planned_: Planned, host: str) -> t.Dict[str, backends.Backend]:
    """The backends of a host that no other host shares with it."""
    return backends.backends({host: planned_})


def questions(
    store: Store, host: str, given: t.Mapping[str, t.Any], known: t.Mapping[str, backends.Backend]
) -> t.Dict[str, t.Any]:
    """The options of `collect` with which `host`, whose variables are `given`, asks these backends."""
    wanted = sorted({name for backend in known.values() for name in backend["hosts"]})
    entries = {name: entry for name in wanted for entry in [store.host(name)] if entry is not None}
    own = found.settled(given, entries[host]["offer"])
    asked = []
    for backend_id, backend in known.items():
        hosts = {name: _evidence(entries[name]) for name in backend["hosts"] if name in entries}
        first = backend["applications"][0]
        counted = store.settled(_place(entries[first["host"]]["planned"], first["name"], first["host"])) or {}
        asked.append(backends.Asked(backend_id, backend, hosts, counted.get("counted")))
    return backends.questions(own, host, store.run["run"], asked, datetime.datetime.now(datetime.timezone.utc))


def answers(ids: t.Sequence[str], result: t.Mapping[str, t.Any]) -> t.Dict[str, t.Dict[str, t.Any]]:
    """What each of these backends answered, by label; those that could not be asked are not in it."""
    told = {
        backend_id: {
            label: one
            for label in OF_BACKEND
            for one in [visit.told(result.get("evidence"), label, backend_id, len(ids) > 1)]
            if one is not None
        }
        for backend_id in ids
    }
    return {backend_id: labels for backend_id, labels in told.items() if labels}


class Evidence(t.NamedTuple):
    """What the verdict is made of (`_evidence/document.build`)."""

    hosts: t.Dict[str, t.Dict[str, t.Any]]
    backends: t.Dict[str, t.Dict[str, t.Any]]
    settings: t.Dict[str, t.Any]  # those of the first host


def evidence(store: Store) -> Evidence:
    """The evidence of all hosts and backends of the store."""
    entries = _entries(store)
    _compare_with_others(entries, store)
    reached = {str(each["host"]): each["planned"] for each in entries if visit.missing(each["seen"]) is None}
    known, asked = backends.backends(reached), store.asked()
    told = {}
    for backend_id, backend in known.items():
        if backend_id in asked:
            its = _settings(reached[backend["hosts"][0]], backend_id)
            told[backend_id] = backends.evidence(backend, its, asked[backend_id]["labels"])
    settings = entries[0]["planned"]["settings"] if entries else {}
    return Evidence({str(each["host"]): _evidence(each) for each in entries}, told, settings)


def united(batches: t.Sequence[t.Dict[str, t.Any]]) -> t.Dict[str, t.Any]:
    """The evidence documents of all batches of a play (`serial`) as one."""
    if len(batches) == 1:
        return batches[0]
    merger = merge.Merger()
    for number, batch in enumerate(batches, 1):
        merger.add(f"batch {number}", "", batch)
    return merger.document()


def _compare_with_others(entries: t.Sequence[Entry], store: Store) -> None:
    """What a host that was visited at once could not know: that only others have applications, and where they send."""
    alone = [each for each in entries if each["seen"] != LOOKED_ONLY and each.get("at_once")]
    if len(entries) < 2 or not alone:
        return
    known = _offers(entries)
    for each in alone:
        host = str(each["host"])
        if host in known:
            whole = planned(found.settled(store.given(host), known[host]), host, store.run["run"])
            each["planned"] = _corrected(each["planned"], whole)


def _corrected(own: Planned, whole: Planned) -> Planned:
    if not whole["applications"]:
        return {**own, "applications": {}}
    corrected = {**own, "settings": {**own["settings"], "otherwise": whole["settings"]["otherwise"]}}
    for name, its in own["applications"].items():
        other = whole["applications"].get(name)
        if other is not None and "otherwise" in other["settings"]:
            its["settings"] = {**its["settings"], "otherwise": other["settings"]["otherwise"]}
    return t.cast(Planned, corrected)


def _evidence(entry: Entry) -> t.Dict[str, t.Any]:
    return visit.evidence(entry["planned"], entry["seen"], entry["looked"])


def _settings(host: Planned, backend_id: str) -> t.Dict[str, t.Any]:
    its = next((each for each in host["applications"].values() if each["backend"] == backend_id), None)
    return {**host["settings"], **(its["settings"] if its else {})}
