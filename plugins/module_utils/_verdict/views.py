# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the evidence document that a check of each scope sees."""

from __future__ import annotations

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import Document
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import PARTS
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import facts
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.budget import visibility


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
