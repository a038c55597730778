# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fluent Bit's classic configuration, line by line (src/config_format/flb_cf_fluentbit.c)."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node


class Section(t.NamedTuple):
    """[INPUT] and what stands in it; a key, in lower case, may stand there several times."""

    kind: str  # in lower case
    values: t.Dict[str, t.List[Node]]
    line: int
    file: str

    def get(self, key: str) -> t.Optional[Node]:
        """The value of a key, the last where there are several."""
        found = self.values.get(key)
        return found[-1] if found else None


class Lines(t.NamedTuple):
    sections: t.List[Section]
    variables: t.Dict[str, str]  # of @SET
    includes: t.List[Node]  # of @INCLUDE


_HEADER = re.compile(r"\[([^\]]*)\]")


def document(text: str, file: str) -> Lines:
    """What a file says; lines that are neither headers nor pairs are passed over."""
    found = Lines([], {}, [])
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        header = _HEADER.match(stripped)
        if stripped.startswith("@"):
            name, _blank, rest = stripped.partition(" ")
            if name.upper() == "@INCLUDE":
                found.includes.append(Node(rest.strip(), number, file))
            elif name.upper() == "@SET" and "=" in rest:
                variable, _equals, value = rest.partition("=")
                found.variables[variable.strip()] = value.strip()
        elif header and line.startswith("["):
            found.sections.append(Section(header.group(1).strip().lower(), {}, number, file))
        elif not header and found.sections:
            key, _blank, value = stripped.partition(" ")
            node = Node(value.strip(), number, file)
            found.sections[-1].values.setdefault(key.lower(), []).append(node)
    return found
