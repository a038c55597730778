# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration file says, whatever its format: values that know the line they stand in.

Files are written by people: nothing here fails when a list stands where a mapping belongs. What is asked for is then
not there.
"""

from __future__ import annotations

import typing as t

MAX_CHARACTERS = 1024 * 1024  # of a file that is read
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "yes", "on", "y", "1"})
_FALSE = frozenset({"false", "no", "off", "n", "0"})


class Unreadable(Exception):
    """A file cannot be read: one sentence that says why, and names the line but none of the file's text."""


class Node(t.NamedTuple):
    """A value and its place: a str (every scalar), a list of Nodes, or a dict of them.

    `line` is that of the key for what a mapping has, else of the value; `plain` a scalar without quotes, which alone
    may be null, a number or a truth value.
    """

    value: t.Any
    line: int = 0
    file: str = ""
    plain: bool = False


EMPTY = Node({})


def pairs(node: t.Optional[Node]) -> t.Dict[str, Node]:
    """The pairs of a mapping; {} of anything else."""
    return node.value if node is not None and isinstance(node.value, dict) else {}


def entries(node: t.Optional[Node]) -> t.List[Node]:
    """The entries of a list; [] of anything else."""
    return node.value if node is not None and isinstance(node.value, list) else []


def at(node: t.Optional[Node], *names: str) -> t.Optional[Node]:
    """What stands in `node` under these names; None when there is nothing."""
    for name in names:
        node = pairs(node).get(name)
    return node


def is_null(node: t.Optional[Node]) -> bool:
    """Whether nothing is said: no node, or a null."""
    return node is None or (node.plain and node.value in NULLS)


def word(node: t.Optional[Node]) -> str:
    """The text of a scalar; empty of null and of what is no scalar."""
    if node is None or not isinstance(node.value, str) or is_null(node):
        return ""
    return node.value


def words(node: t.Optional[Node]) -> t.List[str]:
    """The texts of a list of scalars, or of one scalar."""
    if node is not None and isinstance(node.value, str):
        return [node.value] if word(node) else []
    return [word(entry) for entry in entries(node) if word(entry)]


def truth(node: t.Optional[Node]) -> t.Optional[bool]:
    """A truth value (quoted, too: they come out of variables); None where there is none."""
    text = word(node).strip().lower()
    return True if text in _TRUE else False if text in _FALSE else None


def number(node: t.Optional[Node]) -> t.Optional[float]:
    """A number; None where there is none."""
    try:
        found = float(word(node))
    except ValueError:
        return None
    return found if abs(found) < 1e18 else None  # neither infinite nor no number


def place(node: t.Optional[Node]) -> str:
    """FILE:LINE; FILE alone where no line is known."""
    if node is None:
        return ""
    return f"{node.file}:{node.line}" if node.line else node.file
