# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of a finding as tables of words: what was seen, a log's lines, a request and its answer, a setting.

A finding quotes evidence in short. Here the whole of it is looked up again where it is, in the report's own evidence.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import run as runs

Report = t.Dict[str, t.Any]

MAX_TEXT = 2000  # characters of one value
MAX_ROWS = 40  # of one table
MAX_LINES = 5  # of a log, for each kind of line
_DEPTH = 3

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_LOGS = ("logs", "tempo_logs", "collector_logs")
_ENDPOINTS = ("otlp", "otlp_sibling", "otlp_collector", "otlp_tempo")

# What the first name of a path means to a reader.
_WHOSE = {
    "otlp": "OTLP endpoint",
    "otlp_sibling": "other port of the endpoint",
    "otlp_collector": "collector",
    "otlp_tempo": "Tempo's receiver",
    "logs": "application's log",
    "tempo_logs": "Tempo's log",
    "collector_logs": "collector's log",
    "tempo_info": "Tempo",
    "tempo_search": "search in Tempo",
    "tempo_search_earlier": "search of the last day",
    "by_id": "traces opened by id",
    "grafana": "Grafana",
    "canaries": "canaries",
    "canary": "canary",
    "balance": "counters during the run",
    "clock": "clock",
    "environment": "environment",
    "containers": "containers",
    "discover": "discovery",
    "sampling_ratio": "sampling ratio",
    "facts": "follows",
}


class Row(t.NamedTuple):
    """A line of a table: what it is, and what was seen."""

    name: str
    value: str
    code: bool = False  # a setting, a URL, a log's line: shown as it is


class Table(t.NamedTuple):
    """Rows under a caption; `mark` of a row of a log stands before its line."""

    caption: str
    rows: t.List[Row]


def tables(report: Report, finding: t.Mapping[str, t.Any]) -> t.List[Table]:
    """All that a reader needs to believe a finding, most telling first."""
    look = _Look(report, finding)
    names = list(finding["evidence"])
    labels = list(dict.fromkeys(name.partition(".")[0] for name in names if not name.startswith("backend.")))
    labels += [name.split(".")[1] for name in names if name.startswith("backend.") and name.count(".")]
    found: t.List[Table] = []
    for label in dict.fromkeys(labels):
        if label in _LOGS:
            found += _log(label, look, names)
        elif label in _ENDPOINTS:
            found += _endpoint(label, look)
        elif label == "grafana":
            found += _grafana(look)
    rows = [row for name in names if not _told_elsewhere(name) for row in _rows(name, look)]
    settings = [row for row in rows if row.name.startswith("diagnose_")]
    seen = [row for row in rows if not row.name.startswith("diagnose_")]
    if seen:
        found.insert(0, Table("What was seen", seen[:MAX_ROWS]))
    if settings:
        found.append(Table("Settings", settings[:MAX_ROWS]))
    return found


def seen(report: Report, finding: t.Mapping[str, t.Any]) -> t.List[Table]:
    """What a check that passed saw: there are thousands of them."""
    if not finding["evidence"]:
        return []
    look = _Look(report, finding)
    rows = [row for name in finding["evidence"] for row in _rows(name, look)[:8]]
    return [Table("What was seen", rows[:MAX_ROWS])]


class _Look:
    """Finds evidence by the paths of checks, as the subject of a finding sees them."""

    def __init__(self, report: Report, finding: t.Mapping[str, t.Any]) -> None:
        self.finding = finding
        evidence = report["evidence"]
        host = evidence["hosts"].get(finding["host"]) or {}
        own = (host.get("applications") or {}).get(finding["application"]) or {}
        backend = evidence["backends"].get(finding["backend"] or own.get("backend")) or {}
        self.settings: t.Dict[str, t.Any] = {}
        self.sources: t.Dict[str, t.Any] = {}
        for where in (runs.of(report["run"], host or backend), backend, host, own):
            given = where.get("settings") or {}
            self.settings.update(given)
            self.sources.update(given.get("sources") or {})
        self._views = (own, host, backend, {"backend": backend})

    def whole(self, path: str) -> t.Any:
        """What is at a path of plain names; None where it is not there."""
        if not _PATH.fullmatch(path):
            return None
        for view in self._views:
            value = nested(view, *path.split("."))
            if value is not None:
                return value
        return None


def _told_elsewhere(name: str) -> bool:
    """Whether a table of its own tells it: a log's lines, the phases of a request."""
    label, _dot, rest = name.partition(".")
    if label in _ENDPOINTS:
        return rest.startswith("phases.") or rest in ("ok", "cause", "message", "endpoint")
    return label in _LOGS and rest.startswith("patterns")


def _rows(name: str, look: _Look) -> t.List[Row]:
    label, _dot, rest = name.partition(".")
    if label == "settings":
        value = look.settings.get(rest, look.finding["evidence"][name])
        source = look.sources.get(rest)
        said = f"{words(value)} (from {clean(str(source))})" if source else words(value)
        return [Row(f"diagnose_{rest}", said, True)]
    whole = look.whole(name)
    value = look.finding["evidence"][name] if whole is None else whole
    return _flat(title(name), value, _DEPTH)


def title(name: str) -> str:
    """A path of a check in words: `otlp.phases.tcp.ok` is "OTLP endpoint: tcp"."""
    if not _PATH.fullmatch(name):
        return clean(name.strip('"'))
    parts = [part for part in name.split(".") if part not in ("phases", "counters", "config", "change", "backend")]
    whose = _WHOSE.get(parts[0], parts[0])
    rest = [part.replace("_", " ") for part in parts[1:] if part != "ok"]
    return f"{whose}: {', '.join(rest)}" if rest else f"{whose} works" if name.endswith(".ok") else whose


def _flat(name: str, value: t.Any, depth: int) -> t.List[Row]:
    """A value as rows: of a dictionary one for each key."""
    if isinstance(value, dict) and value and depth:
        return [
            row
            for key, item in list(value.items())[:MAX_ROWS]
            for row in _flat(f"{name}, {clean(str(key)).replace('_', ' ')}" if name else str(key), item, depth - 1)
        ][:MAX_ROWS]
    if isinstance(value, list) and value and isinstance(value[0], dict) and depth:
        return [Row(f"{name} {number}", words(item)) for number, item in enumerate(value[:MAX_ROWS], 1)]
    return [Row(name, words(value), isinstance(value, str) and not value.islower())]


def words(value: t.Any) -> str:
    """A piece of evidence in words, on any number of lines."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        return text(value) or "empty"
    if isinstance(value, dict):
        return (
            "; ".join(f"{clean(str(key)).replace('_', ' ')}: {words(item)}" for key, item in value.items()) or "nothing"
        )
    if isinstance(value, (list, tuple)):
        shown = ", ".join(words(item) for item in value[:MAX_ROWS])
        more = f" and {len(value) - MAX_ROWS} more" if len(value) > MAX_ROWS else ""
        return shown + more if value else "none"
    return str(value)


def text(value: t.Any, most: int = MAX_TEXT) -> str:
    """Text from outside without what moves a cursor, and not endless."""
    said = str(value)
    left = len(said) - most
    return clean(said[:most]) + (f" ... ({left} more characters)" if left > 0 else "")


def _log(label: str, look: _Look, names: t.Sequence[str]) -> t.List[Table]:
    """The lines that a check is about, in their file, with how often they came."""
    seen = look.whole(label)
    if not isinstance(seen, dict):
        return []
    patterns = seen.get("patterns") or {}
    wanted = {name.split(".")[2] for name in names if name.startswith(f"{label}.patterns.")} & set(patterns)
    failing = {
        key for key, each in patterns.items() if isinstance(each, dict) and (each.get("reason") or {}).get("cause")
    }
    if f"{label}.patterns" in names:
        wanted |= failing or {key for key, each in patterns.items() if isinstance(each, dict) and each.get("count")}
    found = []
    for key in [key for key in patterns if key in wanted][:8]:
        each = patterns[key]
        if not isinstance(each, dict) or not each.get("count"):
            continue
        lines = list(each.get("samples") or [])[-MAX_LINES:]
        last = each.get("last")
        if last and last not in lines:
            lines.append(last)
        rows = [Row(_where(line), text(line.get("text", "")), True) for line in lines if isinstance(line, dict)]
        times = "once" if each["count"] == 1 else f"{each['count']} times"
        found.append(Table(f"{_WHOSE[label].capitalize()}: {key.replace('_', ' ')}, {times}", rows))
    if not found and seen.get("files"):
        files = ", ".join(clean(str(each.get("path", each))) for each in seen["files"][:5] if isinstance(each, dict))
        found.append(Table(_WHOSE[label].capitalize(), [Row("read", files or "nothing", True)]))
    return found


def _where(line: t.Mapping[str, t.Any]) -> str:
    """FILE:LINE, and when."""
    place = clean(str(line.get("file") or ""))
    if line.get("line"):
        place = f"{place}:{line['line']}"
    return f"{place} at {clean(str(line['time']))}" if line.get("time") else place


_PHASES = {
    "dns": "name resolved",
    "tcp": "connected",
    "tls": "TLS agreed",
    "protocol": "protocol spoken",
    "export": "span accepted",
    "verify": "span read back",
}


def _endpoint(label: str, look: _Look) -> t.List[Table]:
    """What was sent where, and what came back, phase by phase."""
    seen = look.whole(label)
    if not isinstance(seen, dict) or not seen.get("phases"):
        return []
    rows = [Row("request", f"one span to {clean(str(seen.get('endpoint')))} over {seen.get('protocol')}", True)]
    for phase, name in _PHASES.items():
        each = seen["phases"].get(phase)
        if not isinstance(each, dict) or each.get("cause") in ("not_run", "not_wanted"):
            continue
        refused = f"no: {str(each.get('cause')).replace('_', ' ')}"
        outcome = "not known" if each.get("ok") is None else "yes" if each["ok"] else refused
        took = f", {each['ms']:g} ms" if isinstance(each.get("ms"), (int, float)) and each["ms"] else ""
        about = each.get("address") or ", ".join(map(str, (each.get("addresses") or [])[:4]))
        status = f", status {each['status']}" if each.get("status") else ""
        rows.append(Row(name, text(f"{outcome}{f' ({about})' if about else ''}{status}{took}")))
    rows.append(Row("answer", text(seen.get("message", ""))))
    for tried in (seen.get("counterfactuals") or [])[:5]:
        outcome = (
            "was accepted" if tried.get("ok") else f"was not accepted ({str(tried.get('cause')).replace('_', ' ')})"
        )
        rows.append(Row("tried as well", text(f"{tried.get('setting')}: the same span {outcome}")))
    return [Table(f"Request to the {_WHOSE[label]}", rows)]


def _grafana(look: _Look) -> t.List[Table]:
    """What Grafana was asked step by step, up to the first that failed and after."""
    seen = look.whole("grafana")
    steps = [step for step in (seen or {}).get("steps") or [] if step.get("cause") != "not_run"]
    rows = []
    for step in steps:
        status = f" (status {step['status']})" if step.get("status") else ""
        said = f": {text(step['body_excerpt'], 300)}" if step.get("body_excerpt") and not step.get("ok") else ""
        mark = {True: "√", False: "×"}.get(step.get("ok"), "?")
        rows.append(Row(f"{mark} {str(step['name']).replace('_', ' ')}", text(f"{step.get('message')}{status}{said}")))
    return [Table("What Grafana answered", rows)] if rows else []
