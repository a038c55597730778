# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of a play a fault stops."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import environments

GATES = ("host", "environment", "all", "none")


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
    environment = environments.leaders(evidence) if gate == "environment" else {}
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
