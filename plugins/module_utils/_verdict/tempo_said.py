# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Tempo said of itself in all that a run saw: in answers, in those that Grafana passed on, and in logs."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._otel.tempo_errors import Meaning, meaning

Labels = t.Mapping[str, t.Any]


class Said(t.TypedDict):
    """One text of Tempo's that is understood."""

    word: str  # of `_otel/tempo_errors`
    side: str
    cause: str
    setting: str  # what to set, in this version
    text: str
    seen_in: str  # the label of the evidence
    logged: bool  # in a log, so that it may be over


# What a backend's probes were answered: paths of messages.
_BACKEND = (
    ("tempo_info", "ready_reason"),
    ("tempo_info", "message"),
    ("tempo_search", "message"),
    ("tempo_search_earlier", "message"),
    ("canaries", "message"),
    ("by_id", "message"),
    ("linkage", "message"),
    ("coverage", "message"),
    ("grafana", "message"),
)
_APPLICATION = (("otlp", "message"), ("otlp_collector", "message"), ("otlp_tempo", "message"))
# Patterns of logs whose lines quote what Tempo answered.
_LOGGED = ("export_failed", "export_dropped", "partial_success")


def said(backend: Labels, hosts: t.Iterable[Labels], applications: t.Iterable[Labels]) -> t.List[Said]:
    """Each meaning once, as it was seen first; answers before logs."""
    version = nested(backend, "tempo_info", "at_least")
    seen: t.Dict[str, Said] = {}
    for label, text, logged in (*_answers(backend, list(applications)), *_log_lines(list(hosts), list(applications))):
        found = meaning(text)
        if found and not found.harmless and found.word not in seen:
            seen[found.word] = _entry(found, text, label, logged, version if isinstance(version, str) else None)
    return list(seen.values())


_Text = t.Tuple[str, str, bool]


def _answers(backend: Labels, applications: t.Sequence[Labels]) -> t.Iterator[_Text]:
    for label, key in _BACKEND:
        yield from _text(label, nested(backend, label, key), False)
    for step in nested(backend, "grafana", "steps") or []:
        yield from _text("grafana", nested(step, "message"), False)
        yield from _text("grafana", nested(step, "body_excerpt"), False)
    for labels in applications:
        for label, key in _APPLICATION:
            yield from _text(label, nested(labels, label, key), False)


def _log_lines(hosts: t.Sequence[Labels], applications: t.Sequence[Labels]) -> t.Iterator[_Text]:
    for labels in applications:
        for name in _LOGGED:
            pattern = nested(labels, "logs", "patterns", name)
            if nested(pattern, "count_since_start"):
                yield from _text("logs", nested(pattern, "last", "text"), True)
    for labels in hosts:
        patterns = nested(labels, "tempo_logs", "patterns")
        for pattern in patterns.values() if isinstance(patterns, dict) else ():
            if nested(pattern, "count_since_start"):
                yield from _text("tempo_logs", nested(pattern, "last", "text"), True)


def _text(label: str, text: t.Any, logged: bool) -> t.Iterator[_Text]:
    if isinstance(text, str) and text:
        yield label, text, logged


def _entry(found: Meaning, text: str, label: str, logged: bool, version: t.Optional[str]) -> Said:
    return {
        "word": found.word,
        "side": found.side,
        "cause": found.cause,
        "setting": found.setting(version),
        "text": excerpt(_core(found, text) if logged else text, 300),
        "seen_in": label,
        "logged": logged,
    }


def _core(found: Meaning, line: str) -> str:
    """What a line of a log says where its meaning stands: without the fields before the error, and what led to it."""
    said = re.sub(r'^.*?\berr="?|"?\s*$', "", line) if re.search(r"\berr=", line) else line
    where = re.search(found.pattern, said)
    return f"… {said[said.find(' ', where.start() - 60) + 1 :]}" if where and where.start() > 120 else said
