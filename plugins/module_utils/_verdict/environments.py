# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which environments (development, staging, production) an inventory has, and the part of the evidence that is of one.

Hosts that have a name for theirs (diagnose_environment) are of that one; else hosts whose applications use the same
Tempo and tenant are of one environment.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import run as runs
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import united
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import Document

MAX_NAMED = 3  # Tempos in the name of an environment
MAX_NAME = 120

_Place = t.Tuple[str, str, str]  # Tempo, tenant, and the host where Tempo is the host's own; or a name alone


def leaders(evidence: t.Mapping[str, t.Any]) -> t.Dict[str, str]:
    """{host: a host of its environment}."""
    return {host: leader for host, (leader, _places) in _grouped(evidence).items()}


def environments(evidence: t.Mapping[str, t.Any]) -> t.Dict[str, t.List[str]]:
    """{name: hosts} in the order of the hosts; "" are those of whom nothing tells where they belong."""
    places: t.Dict[str, t.List[_Place]] = {}
    members: t.Dict[str, t.List[str]] = {}
    for host, (leader, its) in _grouped(evidence).items():
        members.setdefault(leader if its else "", []).append(host)
        places.setdefault(leader if its else "", []).extend(its)
    found: t.Dict[str, t.List[str]] = {}
    for leader, hosts in members.items():
        found.setdefault(_name(places[leader]), []).extend(hosts)
    return found


def _grouped(evidence: t.Mapping[str, t.Any]) -> t.Dict[str, t.Tuple[str, t.List[_Place]]]:
    """{host: (a host of its environment, the places that say so)}."""
    leader: t.Dict[str, str] = {}
    first: t.Dict[_Place, str] = {}
    places: t.Dict[str, t.List[_Place]] = {}

    def top(host: str) -> str:
        while leader[host] != host:
            leader[host] = leader[leader[host]]
            host = leader[host]
        return host

    for host, labels in evidence["hosts"].items():
        leader[host] = host
        places[host] = _places(host, labels, evidence.get("run") or {})
        for place in places[host]:
            leader[top(host)] = top(first.setdefault(place, host))
    return {host: (top(host), its) for host, its in places.items()}


def _places(host: str, labels: t.Mapping[str, t.Any], run: t.Mapping[str, t.Any]) -> t.List[_Place]:
    """The name of a host's environment, else the Tempos of its applications; one on loopback is the host's own."""
    own = {**(runs.of(run, labels).get("settings") or {}), **(labels.get("settings") or {})}
    name = str(own.get("environment") or "").strip()
    if name:
        return [("", name, "")]
    found = []
    for application in (labels.get("applications") or {}).values():
        its = {**own, **(application.get("settings") or {})}
        url = str(its.get("tempo_url") or "")
        if url:
            found.append((url, str(its.get("tenant") or ""), host if _is_local(url) else ""))
    return found


def _is_local(url: str) -> bool:
    address = addresses.split(url)
    return address is not None and addresses.is_loopback(address.host)


def _name(places: t.Sequence[_Place]) -> str:
    names = list(dict.fromkeys(_called(place) for place in places))
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return excerpt(", ".join(names[:MAX_NAMED]) + more, MAX_NAME)


def _called(place: _Place) -> str:
    url, tenant, host = place
    if not url:
        return tenant  # the name that it was given
    return f"{url}{f' (tenant {tenant})' if tenant else ''}{f' on {host}' if host else ''}"


def within(evidence: Document, hosts: t.Sequence[str]) -> Document:
    """The evidence that a run over these hosts alone would have: of what is shared, what is theirs."""
    chosen = {host: evidence["hosts"][host] for host in hosts}
    used = {own.get("backend") for labels in chosen.values() for own in labels["applications"].values()}
    ids = used if len(used) < 2 else [each for each in evidence["backends"] if each in used]
    backends = {}
    for backend_id in ids:
        labels = evidence["backends"].get(backend_id) or {}
        left = [host for host in labels.get("hosts") or [] if host in chosen]
        if left:
            backends[backend_id] = labels if len(left) == len(labels["hosts"]) else united.of_hosts(labels, left)
    return {**evidence, "hosts": chosen, "backends": backends}
