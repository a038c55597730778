# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""INI files as go-ini (Grafana) reads them, with line numbers."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node

_SECTION = re.compile(r"\s*\[([^\]]*)\]")
_QUOTES = ('"""', "`", '"', "'")


def document(text: str, file: str = "") -> Node:
    """{section: {key: value}}; keys before the first section are in the section ''. What is no setting is passed over.

    A # or a ; ends a value that has no quotes, wherever it stands. What later lines say wins.
    """
    sections: t.Dict[str, Node] = {}
    section = ""
    lines = text.replace("\r\n", "\n").split("\n")
    index = 0
    while index < len(lines):
        line, number = lines[index].strip(), index + 1
        index += 1
        if not line or line[0] in "#;":
            continue
        header = _SECTION.match(line)
        if header:
            section = header.group(1).strip()
            sections.setdefault(section, Node({}, number, file))
            continue
        found = re.match(r"([^=:]+)[=:](.*)", line, re.S)
        if found is None:
            continue
        value = found.group(2).strip()
        if value.startswith('"""') and '"""' not in value[3:]:
            more = [value]
            while index < len(lines) and '"""' not in more[-1][3 if len(more) == 1 else 0 :]:
                more.append(lines[index])
                index += 1
            value = "\n".join(more)
        held = sections.setdefault(section, Node({}, number, file))
        held.value[found.group(1).strip().strip("`\"'")] = Node(_value(value), number, file, True)
    return Node(sections, 1, file)


def _value(value: str) -> str:
    """A value without its quotes, or without the comment behind it."""
    for quote in _QUOTES:
        if value.startswith(quote) and value.find(quote, len(quote)) >= 0:
            return value[len(quote) : value.find(quote, len(quote))]
    return re.split("[#;]", value, maxsplit=1)[0].strip()
