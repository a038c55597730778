# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence document of a run: made of what hosts and backends told, or read from a file."""

from __future__ import annotations

import json
import typing as t

SCHEMA = 1

Document = t.Dict[str, t.Any]


class BadEvidence(ValueError):
    """Something that should be evidence has another shape; the message says what and where."""


def build(hosts: t.Mapping[str, t.Any], backends: t.Mapping[str, t.Any], run: t.Mapping[str, t.Any]) -> Document:
    """The evidence document of docs/architecture.md.

    `hosts` is {name: {label: result} or null when unreachable}, `backends`
    {id: {hosts: [names], label: result}}, `run` {id, started, finished, check_mode, settings, ...}.
    """
    seen: t.Dict[str, t.Any] = {}
    for name, labels in hosts.items():
        if labels is not None and not isinstance(labels, dict):
            raise BadEvidence(f"hosts: the evidence of '{name}' is neither a dictionary nor null")
        seen[name] = {"unreachable": labels is None, "backend": None, **(labels or {})}
    for backend_id, labels in backends.items():
        if not isinstance(labels, dict) or not isinstance(labels.get("hosts"), list):
            raise BadEvidence(f"backends: '{backend_id}' must be a dictionary with a list 'hosts'")
        for name in labels["hosts"]:
            if name not in seen:
                raise BadEvidence(f"backends: '{backend_id}' names the host '{name}', which 'hosts' does not have")
            seen[name]["backend"] = backend_id
    document: Document = plain({"schema": SCHEMA, "run": run, "hosts": seen, "backends": backends})
    return document


def check_document(document: t.Any) -> Document:
    """`document` when it can be evaluated (it may come from a file); else BadEvidence."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise BadEvidence(f"the evidence has no 'schema: {SCHEMA}'")
    for key in ("run", "hosts", "backends"):
        if not isinstance(document.get(key), dict):
            raise BadEvidence(f"the evidence has no dictionary '{key}'")
    _kinds("run", document["run"], {"settings": dict, "suppress": list, "check_dirs": list})
    for number, entry in enumerate(document["run"].get("suppress") or []):
        _kinds(f"run.suppress[{number}]", entry, {"id": str, "host": str, "until": str})
    for key in ("hosts", "backends"):
        for name, labels in document[key].items():
            where = f"{key}.{name}"
            _kinds(where, labels, {"settings": dict, "backend": str, "hosts": list, "canaries": dict})
            _kinds(f"{where}.canaries", labels.get("canaries") or {}, {"traces": dict, "hops": dict})
            if any(not isinstance(host, str) for host in labels.get("hosts") or []):
                raise BadEvidence(f"the evidence has no names in '{where}.hosts'")
    return document


def _kinds(where: str, value: t.Any, wanted: t.Mapping[str, type]) -> None:
    """Refuse what the evaluator itself looks into and finds to be of another kind; checks bear any evidence."""
    if not isinstance(value, dict):
        raise BadEvidence(f"the evidence has no dictionary '{where}'")
    for key, kind in wanted.items():
        if not isinstance(value.get(key), (kind, type(None))):
            raise BadEvidence(f"the evidence has '{where}.{key}', but not as a {kind.__name__}")


def plain(value: t.Any) -> t.Any:
    """`value` as JSON has it: Ansible's own kinds of str and dict would confuse JMESPath."""
    return json.loads(json.dumps(value, default=str))
