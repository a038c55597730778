# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of a play a fault stops."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses

GATES = ("host", "environment", "all", "none")

_Place = t.Tuple[str, str, str]


def stopped(
    report: t.Mapping[str, t.Any], gate: str, grounds: t.Optional[t.Sequence[t.Mapping[str, t.Any]]] = None
) -> t.Dict[str, t.List[str]]:
    """{host: the ids of the root causes that stop it}, in the order of the hosts; `grounds` are others than those.

    A root cause is on hosts, on what hosts share (a backend), or on the run and so on all hosts. `gate` is how far it
    reaches: `host` for these alone, `environment` for all hosts of the same environment, `all` or `none`.
    """
    evidence = report["evidence"]
    hosts = list(evidence["hosts"])
    if gate == "none":
        return {}
    environment = environments(evidence["hosts"]) if gate == "environment" else {}
    found: t.Dict[str, t.List[str]] = {}
    for cause in report["verdict"]["root_causes"] if grounds is None else grounds:
        its = set(hosts) if gate == "all" else _concerned(cause, evidence)
        reached = {environment[host] for host in its if host in environment}
        for host in hosts:
            if host in its or environment.get(host) in reached:
                found.setdefault(host, []).append(cause["id"])
    return {host: list(dict.fromkeys(found[host])) for host in hosts if host in found}


def _concerned(cause: t.Mapping[str, t.Any], evidence: t.Mapping[str, t.Any]) -> t.Set[str]:
    """The hosts that a root cause is on."""
    behind = (evidence["backends"].get(cause["backend"]) or {}).get("hosts")
    return set(cause["hosts"] or behind or evidence["hosts"])


def environments(hosts: t.Mapping[str, t.Mapping[str, t.Any]]) -> t.Dict[str, str]:
    """{host: a host of its environment}: hosts whose applications use the same Tempo and tenant are in one."""
    leader: t.Dict[str, str] = {}
    first: t.Dict[_Place, str] = {}

    def top(host: str) -> str:
        while leader[host] != host:
            host = leader[host]
        return host

    for host, labels in hosts.items():
        leader[host] = host
        for place in _tempos(host, labels):
            leader[top(host)] = top(first.setdefault(place, host))
    return {host: top(host) for host in hosts}


def _tempos(host: str, labels: t.Mapping[str, t.Any]) -> t.List[_Place]:
    """The Tempos of a host's applications; one on loopback is the host's own."""
    own = labels.get("settings") or {}
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
