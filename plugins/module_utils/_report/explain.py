# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/checks.md and its sections: the words of the checks as Markdown."""

from __future__ import annotations

from ansible_collections.traceops.tracing.plugins.module_utils._verdict.expressions import Text
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import HOPS, Check, Library

_HEAD = """# Checks

This page is made from the files in `plugins/checks/` (`make docs`). A span travels
`app -> sampling -> network -> collector -> tempo-ingest -> tempo-storage -> tempo-query -> grafana`; the checks are in
that order, then those that cut across the path. Words in braces stand for what was observed.

A check that fails is *failed* when its severity is critical, else *warning* or *info*. Without a *decisive* check a run
is *incomplete*. Where a check *explains* others, these are folded under it when both fail.
"""


def page(library: Library) -> str:
    """The whole page: a table of contents, then a section per check."""
    lines = [_HEAD]
    for hop in HOPS:
        checks = [check for check in library.checks if check.hop == hop]
        if checks:
            lines += [f"- {hop}: " + ", ".join(f"[{_short(check)}](#{check.id})" for check in checks)]
    for hop in HOPS:
        checks = [check for check in library.checks if check.hop == hop]
        if checks:
            lines += ["", f"## {hop}"]
            lines += ["\n" + section(check) for check in checks]
    return "\n".join(lines) + "\n"


def section(check: Check) -> str:
    """What there is to know about one check."""
    decisive = ", decisive" if check.decisive else ""
    lines = [
        f'<a id="{check.id}"></a>',
        f"### {check.id}",
        "",
        f"**{check.question}** ({check.severity}{decisive}; once per {check.scope})",
        "",
        f"When it fails: {_code(check.title.source)}",
        "",
        _plain(check.cause),
        "",
    ]
    if check.matters:
        lines += [check.matters, ""]
    lines += [f"{number}. {_plain(step)}" for number, step in enumerate(check.fix, 1)]
    lines += (
        ["", "Example:", "", *(f"    {line}" for line in check.example.splitlines()), ""] if check.example else [""]
    )
    lines.append(f"Fails when {_code(check.fails_when.source)}; needs {_codes(check)}.")
    if check.explains:
        lines.append(f"Explains {', '.join(_reference(word) for word in check.explains)}.")
    if check.related:
        lines.append(f"See also {', '.join(_reference(word) for word in check.related)}.")
    if check.see:
        lines.append(f"Source: <{check.see}>.")
    return "\n".join(lines) + "\n"


def _codes(check: Check) -> str:
    return ", ".join(_code(need.source) for need in check.needs) or "nothing"


def _code(source: str) -> str:
    """`source` as code; JMESPath's own backquotes need longer ones around."""
    text = " ".join(source.split())
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _plain(text: Text) -> str:
    """A text of a check outside code: its expressions become code."""
    return "".join(
        part.replace("<", "&lt;") if isinstance(part, str) else _code(f"{{{part.source}}}") for part in text.parts
    )


def _short(check: Check) -> str:
    return check.id.split(".", 1)[1]


def _reference(word: str) -> str:
    return _code(word) if word.endswith("*") else f"[{word}](#{word})"
