# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the evidence document that a check of each scope sees."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import shapes
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import Document
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, PARTS, PROBES
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import Run, Settings
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import facts
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.budget import Visibility, visibility


def host_view(document: Document, name: str) -> Document:
    """What a host-scoped check sees: the host's labels, its backend, and its own canaries there.

    {host, settings, run, backend: {id, <label>...}, canary: the entry of the backend's canaries,
    hops: {hop: the entry of the canaries that went there}, facts: see _verdict/facts, <label>...}
    """
    labels = document["hosts"][name]
    backend = document["backends"].get(labels.get("backend")) or {}
    parts = {part.name: ((backend.get(part.label) or {}).get(part.key) or {}).get(name) for part in PARTS.values()}
    return {
        **labels,
        **parts,
        "host": name,
        "settings": _settings(document, labels),
        "run": document["run"],
        "backend": {**backend, "id": labels.get("backend")},
        "facts": facts.of_application(labels),
    }


def backend_view(document: Document, backend_id: str) -> Document:
    """What a backend-scoped check sees.

    {backend: ID, settings, run, hosts: {name: {...}}, visibility: see _verdict/budget,
    facts: see _verdict/facts, <label>...}
    """
    labels = document["backends"][backend_id]
    hosts = {name: document["hosts"].get(name) or {} for name in labels.get("hosts") or []}
    settings, run = _settings(document, labels), document["run"]
    return {
        **labels,
        "backend": backend_id,
        "settings": settings,
        "run": run,
        "hosts": hosts,
        "visibility": visibility(labels, list(hosts.values()), settings, run.get("finished")),
        "facts": facts.of_backend(labels, hosts, list(hosts.values()), settings),
    }


def run_view(document: Document) -> Document:
    """What a run-scoped check sees: all the evidence, and `settings`."""
    return {**document, "settings": document["run"].get("settings") or {}}


def _settings(document: Document, labels: Document) -> Document:
    """The settings of a host or backend: those of the run, but for what it was given itself."""
    return {**(document["run"].get("settings") or {}), **(labels.get("settings") or {})}


# --- what checks may name in these views

Shape = shapes.Shape


@functools.lru_cache(maxsize=1)
def declared() -> t.Dict[str, Shape]:
    """The shape of each label, as its probe declares it."""
    return {name: shapes.of(PROBES[label.probe]().Result) for name, label in LABELS.items()}


def declared_views(results: t.Optional[t.Mapping[str, Shape]] = None) -> t.Dict[str, Shape]:
    """The shape of the view of each scope; `results` are those of the labels, where they are not the declared ones."""
    known = declared() if results is None else results
    of_backend = {name: known[name] for name, label in LABELS.items() if label.scope == "backend"}
    of_host = {name: known[name] for name, label in LABELS.items() if label.scope != "backend"}
    settings, run = shapes.of(Settings), shapes.of(Run)
    names = shapes.Array(shapes.TEXT)
    parts = {part.name: shapes.values(shapes.field(known[part.label], part.key, part.label)) for part in PARTS.values()}
    host = {**of_host, "settings": settings}
    backend = {**of_backend, "settings": settings, "hosts": names}
    behind = shapes.Object("a host", {**host, "unreachable": shapes.SWITCH, "backend": shapes.TEXT})
    asked = shapes.Object("a backend", {**backend, "id": shapes.TEXT})
    view = {
        "host": {
            **host,
            **parts,
            "host": shapes.TEXT,
            "run": run,
            "unreachable": shapes.SWITCH,
            "backend": asked,
            "facts": shapes.of(facts.ApplicationFacts),
        },
        "backend": {
            **backend,
            "backend": shapes.TEXT,
            "run": run,
            "hosts": shapes.Object("", {}, behind),
            "visibility": shapes.of(Visibility),
            "facts": shapes.of(facts.BackendFacts),
        },
        "run": {
            "schema": shapes.NUMBER,
            "run": run,
            "settings": settings,
            "hosts": shapes.Object("", {}, behind),
            "backends": shapes.Object("", {}, shapes.Object("a backend", backend)),
        },
    }
    return {scope: shapes.Object(f"what a check of scope {scope} sees", fields) for scope, fields in view.items()}
