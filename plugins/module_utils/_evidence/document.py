# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence document of a run: made of what hosts and backends told, or read from a file."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.shared import Shared

SCHEMA = 2
READ = (1, SCHEMA)  # what `check_document` takes

Document = t.Dict[str, t.Any]

# In schema 1 the labels of a host's only application stood beside its own.
_OF_APPLICATION = frozenset(["backend", *(label.name for label in LABELS.values() if label.scope == "application")])


class BadEvidence(ValueError):
    """Something that should be evidence has another shape; the message says what and where."""


def build(hosts: t.Mapping[str, t.Any], backends: t.Mapping[str, t.Any], run: t.Mapping[str, t.Any]) -> Document:
    """The evidence document of docs/architecture.md.

    `hosts` is {name: {applications: {name: {label: result}}, label: result}, or null when unreachable}; without
    `applications` the labels are those of the host's only application as well. `backends` is {id: {hosts: [names],
    applications: [{host, name}], label: result}}; without `applications` all of its hosts' are meant. `run` is
    {id, started, finished, check_mode, settings, ...}.

    Of `hosts` only `items` is used, once, so that one host after another may be read from somewhere. What hosts have in
    common is one object in the document: nothing of it must be changed.
    """
    seen: t.Dict[str, t.Any] = {}
    shared = Shared()
    for name, labels in hosts.items():
        if labels is not None and not isinstance(labels, dict):
            raise BadEvidence(f"hosts: the evidence of '{name}' is neither a dictionary nor null")
        own = {"unreachable": labels is None, **_with_applications(labels or {}, run.get("settings") or {})}
        seen[str(name)] = _shared(plain(own), shared)
    asked: t.Dict[str, t.Any] = {}
    for backend_id, labels in backends.items():
        if not isinstance(labels, dict) or not isinstance(labels.get("hosts"), list):
            raise BadEvidence(f"backends: '{backend_id}' must be a dictionary with a list 'hosts'")
        for name in labels["hosts"]:
            if name not in seen:
                raise BadEvidence(f"backends: '{backend_id}' names the host '{name}', which 'hosts' does not have")
        every = [{"host": host, "name": name} for host in labels["hosts"] for name in seen[host]["applications"]]
        asked[backend_id] = {"applications": every, **labels}
        for each in asked[backend_id]["applications"]:
            if each["name"] not in seen.get(each["host"], {"applications": {}})["applications"]:
                raise BadEvidence(f"backends: '{backend_id}' names an application that '{each['host']}' does not have")
            seen[each["host"]]["applications"][each["name"]]["backend"] = backend_id
    return {"schema": SCHEMA, "run": plain(run), "hosts": seen, "backends": plain(asked)}


def _shared(labels: t.Dict[str, t.Any], shared: Shared) -> t.Dict[str, t.Any]:
    """The labels of a host or application, made of what others saw as well."""
    return {
        name: {each: _shared(own, shared) for each, own in value.items()}
        if name == "applications"
        else shared.share(name, value)
        if isinstance(value, dict)
        else value
        for name, value in labels.items()
    }


def _with_applications(labels: t.Mapping[str, t.Any], settings: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The evidence of a host by application, where it is not: its only application has the name of its service."""
    if isinstance(labels.get("applications"), dict):
        applications = {name: {"backend": None, **own} for name, own in labels["applications"].items()}
        return {**labels, "applications": applications}
    own = {name: value for name, value in labels.items() if name in _OF_APPLICATION}
    rest = {name: value for name, value in labels.items() if name not in _OF_APPLICATION}
    service = {**settings, **(labels.get("settings") or {})}.get("service") or ""
    return {**rest, "applications": {str(service): {"backend": None, **own}}}


def place(document: Document, host: str, application: t.Optional[str]) -> str:
    """How a sentence names an application of a host, or the host (null): the only application goes without its name."""
    several = application is not None and len(document["hosts"][host]["applications"]) > 1
    return f"{host}: {application}" if several else host


def check_document(document: t.Any) -> Document:
    """`document` when it can be evaluated (it may come from a file, also from an earlier version); else BadEvidence."""
    if not isinstance(document, dict) or document.get("schema") not in READ:
        raise BadEvidence(f"the evidence has no 'schema: {SCHEMA}'")
    for key in ("run", "hosts", "backends"):
        if not isinstance(document.get(key), dict):
            raise BadEvidence(f"the evidence has no dictionary '{key}'")
    of_run = {"settings": dict, "suppress": list, "check_dirs": list, "slices": dict, "duplicates": list}
    _kinds("run", document["run"], of_run)
    _suppressions("run", document["run"])
    _duplicates(document["run"].get("duplicates") or [])
    for name, own in (document["run"].get("slices") or {}).items():
        _kinds(f"run.slices.{name}", own, {"name": str, "id": str, "settings": dict, "suppress": list})
        _suppressions(f"run.slices.{name}", own)
    for key in ("hosts", "backends"):
        for name, labels in document[key].items():
            where = f"{key}.{name}"
            _kinds(where, labels, {"settings": dict, "backend": str, "hosts": list, "canaries": dict, "slice": str})
            _kinds(f"{where}.canaries", labels.get("canaries") or {}, {"traces": dict, "hops": dict})
            if any(not isinstance(host, str) for host in labels.get("hosts") or []):
                raise BadEvidence(f"the evidence has no names in '{where}.hosts'")
    return _lifted(document) if document["schema"] == 1 else _checked(document)


def _duplicates(entries: t.Sequence[t.Any]) -> None:
    for number, entry in enumerate(entries):
        _kinds(f"run.duplicates[{number}]", entry, {"host": str, "instead_of": list})
        if not all(isinstance(name, str) for name in [entry.get("host"), *(entry.get("instead_of") or [])]):
            raise BadEvidence(f"the evidence has no names in 'run.duplicates[{number}]'")


def _suppressions(where: str, run: t.Mapping[str, t.Any]) -> None:
    for number, entry in enumerate(run.get("suppress") or []):
        _kinds(f"{where}.suppress[{number}]", entry, {"id": str, "host": str, "application": str, "until": str})


def _checked(document: Document) -> Document:
    """The same for what schema 2 has beyond schema 1."""
    for name, labels in document["hosts"].items():
        if not isinstance(labels.get("applications"), dict):
            raise BadEvidence(f"the evidence has no dictionary 'hosts.{name}.applications'")
        for application, own in labels["applications"].items():
            _kinds(f"hosts.{name}.applications.{application}", own, {"settings": dict, "backend": str})
    for name, labels in document["backends"].items():
        where = f"backends.{name}.applications"
        if not isinstance(labels.get("applications"), list):
            raise BadEvidence(f"the evidence has no list '{where}'")
        for number, each in enumerate(labels["applications"]):
            _kinds(f"{where}[{number}]", each, {"host": str, "name": str})
            if (
                each.get("name")
                not in (document["hosts"].get(each.get("host")) or {"applications": {}})["applications"]
            ):
                raise BadEvidence(f"the evidence has no application that is '{where}[{number}]'")
    return document


def _lifted(document: Document) -> Document:
    """Evidence of schema 1 in that of today."""
    settings = document["run"].get("settings") or {}
    hosts = {name: _with_applications(labels, settings) for name, labels in document["hosts"].items()}
    backends = {}
    for backend_id, labels in document["backends"].items():
        behind = [host for host in labels.get("hosts") or [] if host in hosts]
        applications = [{"host": host, "name": name} for host in behind for name in hosts[host]["applications"]]
        backends[backend_id] = {**labels, "hosts": behind, "applications": applications}
    return {**document, "schema": SCHEMA, "hosts": hosts, "backends": backends}


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
