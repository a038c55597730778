# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tempo's effective configuration, as `/status/config` shows it, without a YAML library on the host."""

from __future__ import annotations

import re
import typing as t

_PAIR = re.compile(r"^( *)((?:[^\s:#-]|-(?! ))[^:]*):(?: (.*))?$")


def flatten(text: str) -> t.Dict[str, str]:
    """`a.b.c` -> scalar, of block-style YAML as Go's encoder writes it; lists are left out.

    The page begins with the lines `GET /status/config` and `---` (Tempo 2.3 to 3.0), which are no part of it; text
    without them is another page and gives {}. A key without a scalar (an empty or nested mapping) has the value ''.
    """
    first, _separator, document = text.partition("\n---\n")
    flat: t.Dict[str, str] = {}
    if not first.startswith("GET /"):
        return flat
    path: t.List[t.Tuple[int, str]] = []
    for line in document.splitlines():
        match = _PAIR.match(line)
        if match is None:
            continue
        indent = len(match.group(1))
        while path and path[-1][0] >= indent:
            path.pop()
        path.append((indent, match.group(2).strip().strip("\"'")))
        flat[".".join(name for _indent, name in path)] = _scalar(match.group(3) or "")
    return flat


def _scalar(raw: str) -> str:
    raw = raw.strip()
    if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'":
        return raw[1:-1]
    return "" if raw in ("null", "{}", "[]") else raw
