"""Small check libraries for the tests: written as a user writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document, shapes
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge, library

MINIMAL: dict[str, Any] = {
    "id": "network.otlp.refused",
    "hop": "network",
    "scope": "host",
    "severity": "critical",
    "question": "Does something listen?",
    "needs": ["otlp.cause"],
    "fails_when": "otlp.cause == 'refused'",
    "title": "nothing listens at {otlp.endpoint}",
    "cause": "It is not running.",
    "fix": ["start it"],
}


def check(**changes: Any) -> dict[str, Any]:
    """The minimal check with `changes`; a key that is None is left out. An id brings its hop with it."""
    merged = {**MINIMAL, **changes}
    if "id" in changes and "hop" not in changes:
        merged["hop"] = changes["id"].split(".")[0]
    return {key: value for key, value in merged.items() if value is not None}


ANY_EVIDENCE = dict.fromkeys(library.SCOPES, shapes.ANYTHING)


def load(directory: Path, *checks: Any) -> library.Library:
    """These checks; the evidence in these tests is made up, so that any path may be in it."""
    directory.mkdir(exist_ok=True)
    (directory / "checks.yml").write_text(yaml.safe_dump(list(checks)), encoding="utf-8")
    return library.load([str(directory)], ANY_EVIDENCE)


def run(**keys: Any) -> dict[str, Any]:
    return {"id": "r", "finished": "2026-11-23T12:00:00+00:00", "settings": {"service": "shop"}, "suppress": [], **keys}


def report(checks: library.Library, hosts: Any, backend: Any = None, **keys: Any) -> judge.Report:
    """The report for hosts behind one backend `main`."""
    backends = {"main": {"hosts": [name for name, labels in hosts.items() if labels is not None], **(backend or {})}}
    return judge.report(document.build(hosts, backends, run(**keys)), checks)


def states(report_: judge.Report) -> dict[str, str]:
    """{"check id@host or backend": state}"""
    return {f"{f['id']}@{f['host'] or f['backend'] or 'run'}": f["state"] for f in report_["findings"]}
