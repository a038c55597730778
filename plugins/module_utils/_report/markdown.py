# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""report.md: for tickets and chats."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._report import fold

Report = t.Dict[str, t.Any]

MAX_DIFFERENT = 20  # lines of each kind, in a comparison with an earlier report

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!])")


def page(report: Report) -> str:
    """The Markdown page for a report document."""
    verdict = report["verdict"]
    lines = [f"# Tracing: {verdict['status']}", "", _text(verdict["sentence"]), ""]
    merged = fold.merging(report)
    lines += [*(f"- {_text(words)}" for words in merged), *([""] if merged else [])]
    for cause in verdict["root_causes"]:
        lines += _cause(cause, fold.where(report, cause))
    lines += _environments(report)
    lines += _baseline(report)
    lines += _funnel(report)
    follows = fold.follows_from(report)
    folded = fold.fold(report)
    others = [
        line
        for lines_ in fold.by_hop(report, folded).values()
        for line in lines_
        if line.finding["state"] in ("failed", "warning", "pending", "suppressed")
    ]
    if others:
        lines += ["## Findings", "", "| state | check | hosts | what |", "|---|---|---|---|"]
        for line in others:
            after = follows.get(line.finding["id"])
            state = line.finding["state"] if not after else f"because of {after}"
            cells = (state, line.finding["id"], fold.named(line.places), line.title)
            lines.append(f"| {' | '.join(_text(cell) for cell in cells)} |")
        lines.append("")
    reasons = fold.reasons(folded.firsts)
    if reasons:
        lines += ["## Not checked", ""]
        lines += [f"- {_text(reason)} ({number})" for reason, number in reasons.items()]
        lines.append("")
    return "\n".join(lines)


def _environments(report: Report) -> t.List[str]:
    """The verdict of each environment, where there are several."""
    shown, left = fold.environments(report, MAX_DIFFERENT)
    if not shown:
        return []
    lines = ["## Environments", "", "| environment | hosts | status | verdict |", "|---|---|---|---|"]
    for each in shown:
        cells = (each["name"], len(each["hosts"]), each["status"], each["sentence"])
        lines.append(f"| {' | '.join(_text(cell) for cell in cells)} |")
    return [*lines, "", *([f"Others: {left}", ""] if left else [])]


def _baseline(report: Report) -> t.List[str]:
    """What differs from an earlier report, where one was given."""
    if not report.get("baseline"):
        return []
    lines = ["## Against the earlier report", "", _text(fold.compared(report)), ""]
    for name in ("new", "gone", "changed", "not_checked"):
        found, left = fold.compared_lines(report["baseline"][name], MAX_DIFFERENT)
        for entry, places in found:
            where = f" (on {fold.named(places)})" if places else ""
            why = f": {entry['why']}" if entry["why"] else ""
            lines.append(f"- {name.replace('_', ' ')}: {_text(entry['title'] + where + why)}")
        lines += [f"- {name.replace('_', ' ')}: {left} more in report.json"] if left else []
    return [*lines, *([""] if lines[-1] else [])]


def _funnel(report: Report) -> t.List[str]:
    """Where spans get lost, if any do."""
    lost = [(whose, cell) for whose, cells in report["funnel"].items() for cell in cells if cell["lost"]]
    if not lost:
        return []
    lines = [
        f"- {_text(whose)}: {cell['number']} of {cell['of']} {_text(cell['step'])} ({_text(cell['source'])})"
        for whose, cell in lost
    ]
    return ["## How far spans get", "", *lines, ""]


def _cause(cause: t.Dict[str, t.Any], where: str) -> t.List[str]:
    link = f"[`{cause['id']}`](<{cause['docs']}>)" if cause.get("docs") else f"`{cause['id']}`"
    lines = [f"## {_text(cause['title'])}", "", f"{link}{', proved' if cause['proved'] else ''}"]
    if where:
        lines.append(_text(where if where.startswith("in ") else f"on {where}"))
    lines += ["", _text(cause["cause"]), ""]
    lines += [f"{number}. {_text(step)}" for number, step in enumerate(cause["fix"], 1)]
    if cause["consequences"]:
        lines += ["", f"Fails only because of it: {', '.join(cause['consequences'])}"]
    return [*lines, ""]


def _text(value: t.Any) -> str:
    """`value` so that Markdown shows it as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(clean(str(value)).split()))
