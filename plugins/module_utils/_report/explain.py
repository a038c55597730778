# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks mean: docs/checks.md and its sections as Markdown, and the same for a terminal."""

from __future__ import annotations

import difflib
import re
import textwrap
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._verdict.expressions import Text
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import HOPS, Check, Library

WIDTH = 100
WHOLE = 5  # checks that are told as a whole; of more there is a line each

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


def found(library: Library, pattern: str) -> t.List[Check]:
    """The checks of an id, of a prefix of ids (`network`, `network.otlp`, `network.*`), or all of an empty pattern."""
    if library.get(pattern):
        return [check for check in library.checks if check.id == pattern]
    start = pattern.rstrip("*").rstrip(".")
    return [check for check in library.checks if not start or check.id.startswith(f"{start}.")]


def nearest(library: Library, pattern: str) -> str:
    """What to say of an id or prefix that no check has."""
    ids = [check.id for check in library.checks]
    words = [word for word in pattern.lower().replace("*", "").split(".") if word]
    near = difflib.get_close_matches(pattern.lower(), [*HOPS, *ids], 1, 0.7)
    inside = [check_id for check_id in ids if words and all(word in check_id for word in words)]
    likely = inside[:1] or near or difflib.get_close_matches(pattern.lower(), ids, 1, 0.4)
    return f"no check '{pattern}'; {f'the nearest is {likely[0]}' if likely else 'without an id all are listed'}"


def told(checks: t.Sequence[Check], docs: t.Callable[[str], str]) -> str:
    """A few checks as a whole, or many as a line each, for a terminal. `docs` is where the page about a check is."""
    if len(checks) <= WHOLE:
        return "\n\n".join(_told(check, docs(check.id)) for check in checks)
    lines = []
    for hop in HOPS:
        of_hop = [check for check in checks if check.hop == hop]
        lines += [hop, *(line for check in of_hop for line in _brief(check)), ""] if of_hop else []
    return "\n".join([*lines, f"{len(checks)} checks; -e id=ID tells one of them as a whole"])


def _brief(check: Check) -> t.List[str]:
    return [f"  {check.id}", *_lines("      ", check.question)]


def _told(check: Check, link: str) -> str:
    """One check as a whole."""
    steps = [line for number, step in enumerate(check.fix, 1) for line in _lines(f"  {number}. ", _said(step))]
    needs = ", ".join(need.source for need in check.needs)
    once = {"run": "once in a run"}.get(check.scope, f"once for each {check.scope}")
    gravity = f"{check.severity}{', decisive' if check.decisive else ''}"
    parts = [
        [check.id, *_lines("  ", f"{check.question} ({gravity}; {once})")],
        _part("when it fails", _said(check.title)),
        _part("what it means", _said(check.cause)),
        _part("why it matters", check.matters),
        ["how to fix it", *steps],
        ["example", *(f"  {line}" for line in check.example.splitlines())] if check.example else [],
        _part("fails when", check.fails_when.source),
        _part("looks at", needs),
        _part("then these fail, too", ", ".join(check.explains)),
        _part("see also", ", ".join(check.related)),
        [*(["source", f"  {check.see}"] if check.see else [])],
        [*(["page", f"  {link}"] if link else [])],
    ]
    return "\n".join(line for part in parts for line in part)


_PROVED = re.compile(r"(\w+)\.passes_with &&.*", re.S)
_PATH = re.compile(r"[A-Za-z_][\w.\[\]]*\Z")
_PROSE = re.compile(r"'(\w[^'{}]*\w \w[^'{}]*[^\s'{}])'")  # no half of a sentence
_NAME = re.compile(r"(?<![\w'])[A-Za-z_]\w*(?:\.\w+)+")


def _said(text: Text) -> str:
    """A text of a check without evidence: names in braces stay, and what has to be worked out is told shortly."""
    return "".join(part if isinstance(part, str) else _unknown(part.source) for part in text.parts)


def _unknown(source: str) -> str:
    """The words for an expression that nothing is known of: its path, or what it says where it finds nothing."""
    if _PATH.match(source):
        return f"{{{source}}}"
    proved = _PROVED.match(source)
    if proved:
        return f"set {{{proved.group(1)}.passes_with}}, where the same span was accepted with it"
    prose, names = _PROSE.findall(source), _NAME.findall(source)
    return prose[-1] if prose else f"{{{names[0]}}}" if names else "{...}"


def _part(head: str, text: str) -> t.List[str]:
    return [head, *_lines("  ", text)] if text.strip() else []


def _lines(first: str, text: str) -> t.List[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
        break_long_words=False,
    )
