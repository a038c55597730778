# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TOML with line numbers: Python has it from 3.11 on, and without them.

Tables, arrays of tables, dotted keys, all four kinds of strings, arrays, inline tables; whatever else stands for a
value (numbers, truth values, times) stays text. What is not read is refused with its line.
"""

from __future__ import annotations

import re
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, Unreadable

MAX_CHARACTERS = 1024 * 1024
MAX_DEPTH = 60
MAX_NODES = 100_000

_BLANK = re.compile(r"[ \t]*(?:#[^\n]*)?")
_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_WORD = re.compile(r"[^\s,\]}#=\[{\"']+(?: \d\d:[\d:.+Z-]+)?")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|[ \t]*\n[ \t\n]*|(.))", re.S)
_LETTERS = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


def document(text: str, file: str = "", seconds: float = 2.0) -> Node:
    """The whole file as a mapping; raises Unreadable, which says the line."""
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(f"it is longer than {MAX_CHARACTERS} characters")
    return _Reader(text.replace("\r\n", "\n"), file, time.monotonic() + seconds).document()


class _Reader:
    def __init__(self, text: str, file: str, ends: float) -> None:
        self.text = text
        self.file = file
        self.ends = ends
        self.at = 0
        self.line = 1
        self.nodes = 0
        self.whole: t.Set[int] = set()  # the ids of mappings and lists that were written as one value

    def refusal(self, why: str) -> Unreadable:
        return Unreadable(f"line {self.line}: {why}")

    def to(self, end: int) -> None:
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def skip(self, pattern: t.Pattern[str]) -> None:
        self.to(pattern.match(self.text, self.at).end())  # type: ignore[union-attr]

    def is_next(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def want(self, mark: str) -> None:
        if not self.is_next(mark):
            raise self.refusal(f"{mark} is missing")
        self.to(self.at + len(mark))

    def node(self, value: t.Any, line: int, plain: bool = False) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES or (self.nodes % 256 == 0 and time.monotonic() > self.ends):
            raise self.refusal("reading it takes too long")
        return Node(value, line, self.file, plain)

    def document(self) -> Node:
        root = self.node({}, 1)
        table = root
        while True:
            self.skip(_GAP)
            if self.at >= len(self.text):
                return root
            if self.is_next("["):
                table = self.header(root)
            else:
                self.pair(table, 0)
            self.skip(_BLANK)
            if self.at < len(self.text) and not self.is_next("\n"):
                raise self.refusal("more follows a value on its line")

    def header(self, root: Node) -> Node:
        """[a.b] or [[a.b]]: the table that the pairs after it belong to."""
        line = self.line
        several = self.is_next("[[")
        self.to(self.at + (2 if several else 1))
        path = self.key()
        self.want("]]" if several else "]")
        holder = self.inside(root, path[:-1], line)
        held = holder.value.get(path[-1])
        if not several:
            return self.inside(holder, path[-1:], line)
        if held is None:
            held = holder.value[path[-1]] = self.node([], line)
        if not isinstance(held.value, list) or id(held.value) in self.whole:
            raise self.refusal("a name stands for two kinds of values")
        table = self.node({}, line)
        held.value.append(table)
        return table

    def inside(self, table: Node, path: t.Sequence[str], line: int) -> Node:
        """The table at `path`, made where there is none; of an array of tables the last."""
        for name in path:
            held = table.value.get(name)
            if held is None:
                held = table.value[name] = self.node({}, line)
            if isinstance(held.value, list) and held.value and id(held.value) not in self.whole:
                held = held.value[-1]
            if not isinstance(held.value, dict) or id(held.value) in self.whole:
                raise self.refusal("a name stands for two kinds of values")
            table = held
        return table

    def pair(self, table: Node, depth: int) -> None:
        line = self.line
        path = self.key()
        self.want("=")
        self.skip(_BLANK)
        holder = self.inside(table, path[:-1], line)
        if path[-1] in holder.value:
            raise self.refusal("a key stands twice")
        holder.value[path[-1]] = self.value(depth + 1)._replace(line=line)

    def key(self) -> t.List[str]:
        """A key, of several parts when it has dots."""
        path = []
        while True:
            self.skip(_BLANK)
            if self.is_next('"') or self.is_next("'"):
                path.append(self.string())
            else:
                found = _BARE_KEY.match(self.text, self.at)
                if found is None:
                    raise self.refusal("a key is missing")
                path.append(found.group())
                self.to(found.end())
            self.skip(_BLANK)
            if len(path) > MAX_DEPTH:
                raise self.refusal(f"it is nested deeper than {MAX_DEPTH} levels")
            if not self.is_next("."):
                return path
            self.to(self.at + 1)

    def value(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.refusal(f"it is nested deeper than {MAX_DEPTH} levels")
        line = self.line
        if self.is_next('"') or self.is_next("'"):
            return self.node(self.string(), line)
        if self.is_next("["):
            return self.array(depth, line)
        if self.is_next("{"):
            return self.inline(depth, line)
        found = _WORD.match(self.text, self.at)
        if found is None:
            raise self.refusal("no value begins like this")
        self.to(found.end())
        return self.node(found.group(), line, True)

    def array(self, depth: int, line: int) -> Node:
        found: t.List[Node] = []
        self.whole.add(id(found))
        node = self.node(found, line)
        self.to(self.at + 1)
        while True:
            self.skip(_GAP)
            if self.is_next("]"):
                self.to(self.at + 1)
                return node
            found.append(self.value(depth + 1))
            self.skip(_GAP)
            if not self.is_next("]"):
                self.want(",")

    def inline(self, depth: int, line: int) -> Node:
        table = self.node({}, line)
        self.to(self.at + 1)
        while True:
            self.skip(_GAP)
            if self.is_next("}"):
                self.to(self.at + 1)
                self.whole.add(id(table.value))
                return table
            self.pair(table, depth)
            self.skip(_GAP)
            if not self.is_next("}"):
                self.want(",")

    def string(self) -> str:
        quote = self.text[self.at]
        if self.is_next(quote * 3):
            return self.long_string(quote * 3)
        at = self.at + 1
        while True:
            ends = re.compile(r'["\\\n]' if quote == '"' else r"['\n]").search(self.text, at)
            if ends is None or ends.group() == "\n":
                raise self.refusal("a quote is not closed")
            at = ends.end()
            if ends.group() == quote:
                break
            at += 1
        raw = self.text[self.at + 1 : at - 1]
        self.to(at)
        return self.unescaped(raw) if quote == '"' else raw

    def long_string(self, quotes: str) -> str:
        at = self.at + 3
        if self.text.startswith("\n", at):
            at += 1
        begins = at
        while True:
            ends = re.compile(r'"""|\\' if quotes == '"""' else "'''").search(self.text, at)
            if ends is None:
                raise self.refusal("a quote is not closed")
            if ends.group() == quotes:
                break
            at = ends.end() + 1
        end = ends.start()
        while self.text.startswith(quotes, end + 1) and end - ends.start() < 2:
            end += 1
        raw = self.text[begins:end]
        self.to(end + 3)
        return self.unescaped(raw) if quotes == '"""' else raw

    def unescaped(self, raw: str) -> str:
        def letter(found: t.Match[str]) -> str:
            digits = found.group(1) or found.group(2) or found.group(3)
            if digits:
                number = int(digits, 16)
                if number > 0x10FFFF or 0xD800 <= number < 0xE000:
                    raise self.refusal("an escape that TOML does not have")
                return chr(number)
            if found.group(4) is None:
                return ""
            if found.group(4) not in _LETTERS:
                raise self.refusal("an escape that TOML does not have")
            return _LETTERS[found.group(4)]

        return _ESCAPE.sub(letter, raw) if "\\" in raw else raw
