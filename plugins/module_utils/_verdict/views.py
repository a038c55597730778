# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the evidence document that a check of each scope sees."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import run as runs
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import shapes
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import Document
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, PARTS, PROBES
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import Run, Settings
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import Topology
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import facts, logged, way
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.budget import Visibility, visibility


def host_view(document: Document, name: str) -> Document:
    """What a host-scoped check sees: the host's labels, and the backend of its first application.

    {host, settings, run, backend: {id, <label>...}, facts: see _verdict/facts, <label>...}
    """
    labels = document["hosts"][name]
    return {
        **_own(labels),
        "host": name,
        "settings": _settings(document, labels),
        "run": runs.of(document["run"], labels),
        "backend": _backend(document, *labels["applications"].values()),
        "facts": facts.of_host(labels, name, _path(document)),
    }


def application_view(
    document: Document, host: str, name: str, host_facts: t.Optional[facts.HostFacts] = None
) -> Document:
    """What an application-scoped check sees: its labels and its host's, its backend, and its own canaries there.

    {host, application, settings, run, backend: {id, <label>...}, canary: the entry of the backend's canaries,
    hops: {hop: the entry of the canaries that went there}, facts: see _verdict/facts, <label>...}. `host_facts` are
    those of the host's view, where it was made.
    """
    labels = document["hosts"][host]
    own, run = labels["applications"][name], runs.of(document["run"], labels)
    backend = _backend(document, own)
    found: t.Dict[str, t.Any] = {}
    for part in PARTS.values():
        of = (backend.get(part.label) or {}).get(part.key) or {}
        found[part.name] = _sent(of, labels["applications"], host, name, part.name)
    mine = {**_own(labels), **own}
    mine["collector_logs"] = logged.collector_logs(mine)
    return {
        **mine,
        **found,
        "host": host,
        "application": name,
        "settings": _settings(document, labels, own),
        "run": run,
        "backend": backend,
        "facts": facts.of_application(
            mine,
            backend,
            _settings(document, labels, own),
            host,
            _path(document),
            run.get("finished"),
            host_facts,
        ),
    }


def backend_view(document: Document, backend_id: str) -> Document:
    """What a backend-scoped check sees.

    {backend: ID, settings, run, hosts: {name: {<label of the host>...}}, applications: [{host, name, <label of the host
    or of the application>...}], visibility: see _verdict/budget, facts: see _verdict/facts, <label>...}
    """
    labels = document["backends"][backend_id]
    hosts = {name: _own(document["hosts"].get(name) or {}) for name in labels.get("hosts") or []}
    applications = [
        {**hosts.get(each["host"], {}), **document["hosts"][each["host"]]["applications"][each["name"]], **each}
        for each in labels["applications"]
    ]
    settings, run = _settings(document, labels), runs.of(document["run"], labels)
    origins = [
        f"{each['host']}/{_settings(document, hosts.get(each['host'], {}), each).get('found_as') or ''}"
        for each in applications
    ]
    return {
        **labels,
        "backend": backend_id,
        "settings": settings,
        "run": run,
        "hosts": hosts,
        "applications": applications,
        "visibility": visibility(labels, applications, settings, run.get("finished")),
        "facts": facts.of_backend(labels, hosts, applications, settings, _path(document), origins),
    }


def run_view(document: Document) -> Document:
    """What a run-scoped check sees: all the evidence, and `settings`."""
    return {**document, "settings": document["run"].get("settings") or {}}


def _path(document: Document) -> Topology:
    """The path that was found, where it was worked out."""
    return document.get("path") or way.NOTHING


def _own(labels: Document) -> Document:
    return {name: value for name, value in labels.items() if name != "applications"}


def _backend(document: Document, *applications: Document) -> Document:
    """The evidence of the first application's backend, with its id."""
    backend_id = next((own.get("backend") for own in applications), None)
    return {**(document["backends"].get(backend_id) or {}), "id": backend_id}


def _sent(of: Document, applications: Document, host: str, name: str, part: str) -> t.Any:
    """Of a dictionary by sender, what this application sent, or the one that asked a shared endpoint for it."""
    several = len(applications) > 1
    own = of.get(canary.sender(host, name if several else ""))
    if not several:
        return own
    labels = applications[name]
    asked_by = {
        label: result["shared_with"]
        for label, result in labels.items()
        if isinstance(result, dict) and isinstance(result.get("shared_with"), str)
    }
    if part == "canary":
        return of.get(canary.sender(host, asked_by["otlp"])) if "otlp" in asked_by else own
    hops = dict(own or {})
    for hop, other in asked_by.items():
        theirs = of.get(canary.sender(host, other))
        if isinstance(theirs, dict) and hop in theirs:
            hops[hop] = theirs[hop]
    return hops or None


def _settings(document: Document, *labels: Document) -> Document:
    """The settings of a host (first), backend or application: those of the run, but for what it was given itself."""
    merged = dict(runs.of(document["run"], labels[0]).get("settings") or {})
    for each in labels:
        merged.update(each.get("settings") or {})
    return merged


# --- what checks may name in these views

Shape = shapes.Shape


@functools.lru_cache(maxsize=1)
def declared() -> t.Dict[str, Shape]:
    """The shape of each label, as its probe declares it."""
    return {name: shapes.of(PROBES[label.probe]().Result) for name, label in LABELS.items()}


def declared_views(results: t.Optional[t.Mapping[str, Shape]] = None) -> t.Dict[str, Shape]:
    """The shape of the view of each scope; `results` are those of the labels, where they are not the declared ones."""
    known = declared() if results is None else results
    of: t.Dict[str, t.Dict[str, Shape]] = {scope: {} for scope in ("host", "application", "backend")}
    for name, label in LABELS.items():
        of[label.scope][name] = known[name]
    settings, run = shapes.of(Settings), shapes.of(Run)
    texts = dict.fromkeys(("reason", "message", "slice"), shapes.TEXT)
    own = {"unreachable": shapes.SWITCH, **texts, "settings": settings}
    host = {**of["host"], **own}
    application = {**of["application"], "settings": settings, "backend": shapes.TEXT}
    who = shapes.Object("an application of a backend", {"host": shapes.TEXT, "name": shapes.TEXT})
    names = {"hosts": shapes.Array(shapes.TEXT), "applications": shapes.Array(who)}
    backend = {**of["backend"], **names, "slice": shapes.TEXT, "settings": settings}
    asked = shapes.Object("a backend", {**backend, "id": shapes.TEXT})
    parts = {part.name: shapes.values(shapes.field(known[part.label], part.key, part.label)) for part in PARTS.values()}
    everything = {"applications": shapes.Object("", {}, shapes.Object("an application", application))}
    view = {
        "application": {
            **host,
            **application,
            **parts,
            "host": shapes.TEXT,
            "application": shapes.TEXT,
            "run": run,
            "backend": asked,
            "facts": shapes.of(facts.ApplicationFacts),
        },
        "host": {
            **host,
            "host": shapes.TEXT,
            "run": run,
            "backend": asked,
            "facts": shapes.of(facts.HostFacts),
        },
        "backend": {
            **backend,
            "backend": shapes.TEXT,
            "run": run,
            "hosts": shapes.Object("", {}, shapes.Object("a host", host)),
            "applications": shapes.Array(shapes.Object("an application", {**host, **application, **who.fields})),
            "visibility": shapes.of(Visibility),
            "facts": shapes.of(facts.BackendFacts),
        },
        "run": {
            "schema": shapes.NUMBER,
            "run": run,
            "settings": settings,
            "hosts": shapes.Object("", {}, shapes.Object("a host", {**host, **everything})),
            "backends": shapes.Object("", {}, shapes.Object("a backend", backend)),
        },
    }
    return {scope: shapes.Object(f"what a check of scope {scope} sees", fields) for scope, fields in view.items()}
