# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML as configuration files use it, with line numbers and without a library: hosts have no PyYAML.

Read as PyYAML and libyaml read it (YAML 1.1, as go-yaml does): block and flow collections, all five kinds of scalars,
comments, anchors, aliases, merge keys, several documents. Scalars stay text, and tags are passed over. Refused, with
the line: keys that are no scalars (`? `), a key that stands twice (go-yaml refuses it, too), an alias within what it
names, line separators other than newlines. No file makes more than MAX_NODES nodes, with what its aliases repeat.
"""

from __future__ import annotations

import bisect
import re
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import (
    MAX_CHARACTERS,
    Node,
    Unreadable,
    pairs,
)

MAX_NODES = 100_000
MAX_DEPTH = 60

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_SEPARATOR = re.compile("[\x85\u2028\u2029]")
_GAP = re.compile(r"[ \t]*")
_MARKER = re.compile(r"(?:---|\.\.\.)(?=[ \t\n]|\Z)")
_DIRECTIVE = re.compile(r"%(?:YAML 1\.|TAG )")
_DASH = re.compile(r"-(?=[ \t\n]|\Z)")
_COLON = re.compile(r"[ \t]*:(?=[ \t\n]|\Z)")
_QUESTION = re.compile(r"\?(?=[ \t\n]|\Z)")
_TAG = re.compile(r"!(?:<[^>\s]*>|[^\s,\[\]{}]*)(?=[ \t\n,\]}]|\Z)")
_ANCHOR = re.compile(r"[&*]([A-Za-z0-9_-]+|[^\s,\[\]{}]+)")
_BLOCK_HEADER = re.compile(r"([|>])(?:([+-])([1-9])?|([1-9])([+-])?)?[ \t]*(?:(?<=[ \t])#[^\n]*)?(?=\n|\Z)")
# Where a plain scalar ends on its line, at the latest.
_PLAIN_END = re.compile(r":(?=[ \t\n]|\Z)|[ \t]#|\n|\Z")
_FLOW_PLAIN_END = re.compile(r":(?=[ \t\n,\[\]{}]|\Z)|[ \t]#|[,\[\]{}]|\n|\Z")
_DOUBLE_STOP = re.compile(r'["\\\n]')
_SINGLE_STOP = re.compile(r"['\n]")
_FOLD = re.compile(r"[ \t]*\n([ \t\n]*)")
_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_DIGITS = {"x": 2, "u": 4, "U": 8}


class _Known(t.NamedTuple):
    """What an anchor names, and what a further use of it costs."""

    node: Node
    nodes: int
    depth: int


def documents(text: str, file: str = "", seconds: float = 2.0) -> t.List[Node]:
    """The documents of `text`, read in at most `seconds`; raises Unreadable, which says the line."""
    return _Reader(text, file, seconds).documents()


def document(text: str, file: str = "", seconds: float = 2.0) -> Node:
    """The first document of `text`, which is what programs read; an empty plain scalar when there is none."""
    found = documents(text, file, seconds)
    return found[0] if found else Node("", 1, file, True)


class _Reader:
    """Goes through the text once; `at` is where it is."""

    def __init__(self, text: str, file: str, seconds: float) -> None:
        if len(text) > MAX_CHARACTERS:
            raise Unreadable(f"it is longer than {MAX_CHARACTERS} characters")
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        if self.text.startswith("\ufeff"):
            self.text = self.text[1:]
        self.file = file
        self.at = 0
        self.starts = [0] + [found.end() for found in re.finditer("\n", self.text)]
        self.anchors: t.Dict[str, _Known] = {}
        self.nodes = 0
        self.deepest = 0
        self.ends = time.monotonic() + seconds
        for pattern, what in ((_CONTROL, "a control character"), (_SEPARATOR, "a line separator other than a newline")):
            found = pattern.search(self.text)
            if found:
                raise self.refusal(f"{what} stands there", found.start())

    # Places

    def line(self, at: int) -> int:
        return bisect.bisect_right(self.starts, at)

    def column(self, at: int) -> int:
        return at - self.starts[self.line(at) - 1]

    def refusal(self, why: str, at: t.Optional[int] = None) -> Unreadable:
        return Unreadable(f"line {self.line(self.at if at is None else at)}: {why}")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def gap(self) -> None:
        """Pass over spaces and tabs."""
        self.at = _GAP.match(self.text, self.at).end()  # type: ignore[union-attr]

    def at_end_of_line(self) -> bool:
        """Pass over spaces and a comment; whether the line ends there."""
        before = self.at
        self.gap()
        if self.peek() == "#" and (self.at > before or self.at == 0 or self.text[self.at - 1] in " \t\n"):
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        return self.at >= len(self.text) or self.text[self.at] == "\n"

    def to_token(self) -> int:
        """Pass over blank lines and comments to the next token; its column, -1 at the end of the document.

        Only to be called at the end of a line, or at its beginning.
        """
        while self.at_end_of_line():
            if self.at >= len(self.text):
                return -1
            self.at += 1
        start = self.starts[self.line(self.at) - 1]
        if "\t" in self.text[start : self.at]:
            raise self.refusal("a tab stands in the indentation")
        if self.at == start and _MARKER.match(self.text, self.at):
            return -1
        return self.at - start

    def after_value(self) -> int:
        """Pass over what is left of a value's line to the next token, unless its lines were passed over already."""
        start = self.starts[self.line(self.at) - 1]
        if self.at > start and self.text[start : self.at].strip(" ") and not self.at_end_of_line():
            raise self.refusal("more follows a value on its line")
        return self.to_token()

    def count(self, depth: int, nodes: int = 1) -> None:
        self.nodes += nodes
        self.deepest = max(self.deepest, depth)
        if depth > MAX_DEPTH:
            raise self.refusal(f"it is nested deeper than {MAX_DEPTH} levels")
        if self.nodes > MAX_NODES:
            raise self.refusal(f"with what its aliases repeat, it has more than {MAX_NODES} values")
        if self.nodes % 256 == 0:
            self.hurry()

    def hurry(self) -> None:
        if time.monotonic() > self.ends:
            raise self.refusal("reading it takes too long")

    # Documents

    def documents(self) -> t.List[Node]:
        found: t.List[Node] = []
        while True:
            explicit = self.document_start()
            if not explicit and self.at >= len(self.text):
                return found
            self.anchors = {}
            line = self.line(self.at)
            if explicit and not self.at_end_of_line():
                node = self.value(-1, 1, line)
            elif self.to_token() >= 0:
                node = self.node(-1, 1)
            else:
                self.count(1)
                node = Node("", line, self.file, True)
            found.append(node)
            if self.after_value() >= 0:
                raise self.refusal("more follows than belongs to the document")

    def document_start(self) -> bool:
        """Pass over the end of the last document, directives and `---`; whether there was `---`."""
        directives = False
        while True:
            column = self.to_token()
            if column < 0:
                if self.at >= len(self.text):
                    if directives:
                        raise self.refusal("directives without a document")
                    return False
                self.at += 3
                if self.text.startswith("---", self.at - 3):
                    return True
                if not self.at_end_of_line():
                    raise self.refusal("more follows the end of the document")
            elif column == 0 and _DIRECTIVE.match(self.text, self.at):
                directives = True
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif directives:
                raise self.refusal("--- is missing after the directives")
            else:
                return False

    # Block style

    def node(self, indent: int, depth: int) -> Node:
        """The node that begins at a token on a line of its own, or after `- `: of any kind.

        `indent` is the column of the collection that it is in.
        """
        column = self.column(self.at)
        if _DASH.match(self.text, self.at):
            return self.sequence(column, depth)
        if self.is_key():
            return self.mapping(column, depth)
        return self.value(indent, depth, self.line(self.at))

    def value(self, indent: int, depth: int, line: int, key_column: int = -1) -> Node:
        """The node after `key:`, `---` or properties."""
        anchor = self.properties()
        nodes, deepest, self.deepest = self.nodes, self.deepest, depth
        node = self.content(indent, depth, line, anchor is not None, key_column)
        if anchor:
            self.anchors[anchor] = _Known(node, self.nodes - nodes, self.deepest - depth)
        self.deepest = max(deepest, self.deepest)
        return node

    def content(self, indent: int, depth: int, line: int, has_properties: bool, key_column: int) -> Node:
        if self.at_end_of_line():
            column = self.to_token()
            dash = column >= 0 and _DASH.match(self.text, self.at)
            if column > indent or (dash and column == key_column):
                if has_properties or self.peek() not in "&!" or self.is_key():
                    return self.node(indent, depth)._replace(line=line)
                return self.value(indent, depth, line)
            self.count(depth)
            return Node("", line, self.file, True)
        mark = self.peek()
        if mark == "*":
            return self.alias(depth, line)
        if mark in "|>":
            return self.block_scalar(indent, depth, line)
        if mark in "[{":
            node = self.flow(depth)._replace(line=line)
        elif mark in "\"'":
            node = Node(self.quoted(), line, self.file)
            self.count(depth)
        else:
            node = Node(self.plain(indent), line, self.file, True)
            self.count(depth)
        if _COLON.match(self.text, self.at):
            raise self.refusal("a key stands where none can")
        return node

    def properties(self) -> t.Optional[str]:
        """Pass over an anchor and a tag; the anchor's name."""
        anchor: t.Optional[str] = None
        tag = False
        while self.peek() in ("&", "!"):
            if self.peek() == "!":
                found = _TAG.match(self.text, self.at)
                again, tag = tag, True
            else:
                found = _ANCHOR.match(self.text, self.at)
                again, anchor = anchor is not None, found.group(1) if found else ""
            if found is None or again:
                raise self.refusal("an anchor or a tag cannot be read")
            self.at = found.end()
            if self.peek() not in ("", " ", "\t", "\n", ",", "]", "}"):
                raise self.refusal("an anchor or a tag cannot be read")
            self.gap()
        return anchor

    def alias(self, depth: int, line: int) -> Node:
        found = _ANCHOR.match(self.text, self.at)
        known = self.anchors.get(found.group(1)) if found else None
        if found is None or known is None:
            raise self.refusal("an alias names nothing that stands before it")
        self.at = found.end()
        self.count(depth + known.depth, max(1, known.nodes))
        return known.node._replace(line=line)

    def is_key(self) -> bool:
        """Whether a key begins here: a scalar or an alias on one line, with a colon behind it."""
        before = self.at
        try:
            if _QUESTION.match(self.text, self.at):
                raise self.refusal("a key that is no scalar is not read")
            self.properties()
            mark = self.peek()
            if mark == "*":
                alias = _ANCHOR.match(self.text, self.at)
                return bool(alias and _COLON.match(self.text, alias.end()))
            if mark in ("'", '"'):
                self.quoted()
                return "\n" not in self.text[before : self.at] and bool(_COLON.match(self.text, self.at))
            if not mark or mark in "[{|>\n":
                return False
            found = _PLAIN_END.search(self.text, self.at)
            return bool(found and found.group() == ":" and found.start() > self.at)
        finally:
            self.at = before

    def key(self) -> t.Tuple[str, bool]:
        """Pass over a key and its colon; its text, and whether it is plain."""
        anchor = self.properties()
        plain = False
        if self.peek() == "*":
            named = self.alias(0, 0)
            if not isinstance(named.value, str):
                raise self.refusal("a key that is no scalar is not read")
            text = named.value
        elif self.peek() in ("'", '"'):
            text = self.quoted()
        else:
            plain = True
            self.check_plain(False)
            end = _PLAIN_END.search(self.text, self.at).start()  # type: ignore[union-attr]
            text = self.text[self.at : end].rstrip(" \t")
            self.at = end
        if anchor:
            self.anchors[anchor] = _Known(Node(text, self.line(self.at), self.file, plain), 1, 0)
        colon = _COLON.match(self.text, self.at)
        if colon is None:
            raise self.refusal("a key without a colon")
        self.at = colon.end()
        return text, plain

    def mapping(self, column: int, depth: int) -> Node:
        self.count(depth)
        found = _Pairs(self)
        line = self.line(self.at)
        while True:
            key_at = self.at
            if not self.is_key():
                raise self.refusal("a key and a colon are missing")
            key, plain = self.key()
            self.gap()
            node = self.value(column, depth + 1, self.line(key_at), key_column=column)
            found.add(key, plain, node, key_at)
            next_column = self.after_value()
            if next_column < column:
                return Node(found.merged(), line, self.file)
            if next_column > column:
                raise self.refusal("the indentation fits no line above")
            if _DASH.match(self.text, self.at):
                raise self.refusal("a list stands where a key belongs")

    def sequence(self, column: int, depth: int) -> Node:
        self.count(depth)
        found: t.List[Node] = []
        line = self.line(self.at)
        while True:
            item_line = self.line(self.at)
            self.at += 1
            if self.at_end_of_line():
                next_column = self.to_token()
                if next_column > column:
                    found.append(self.node(column, depth + 1))
                else:
                    self.count(depth + 1)
                    found.append(Node("", item_line, self.file, True))
            else:
                if "\t" in self.text[self.starts[item_line - 1] : self.at] and (
                    _DASH.match(self.text, self.at) or self.is_key()
                ):
                    raise self.refusal("a tab stands in the indentation")
                found.append(self.node(column, depth + 1))
            next_column = self.after_value()
            if next_column > column:
                raise self.refusal("the indentation fits no line above")
            if next_column < column or not _DASH.match(self.text, self.at):
                return Node(found, line, self.file)

    # Scalars

    def check_plain(self, flow: bool) -> None:
        """Refuse what begins no plain scalar."""
        mark = self.peek()
        behind = self.text[self.at + 1 : self.at + 2]
        dash = mark == "-" or (not flow and mark in "?:")
        if not mark or (mark in "-?:,[]{}#&*!|>'\"%@`" and not (dash and behind and behind not in " \t\n")):
            raise self.refusal("no value begins like this")

    def plain(self, indent: int) -> str:
        """A plain scalar, over as many lines as are indented further than `indent`."""
        self.check_plain(False)

        def ends(at: int) -> bool:
            column = self.column(at)
            return column <= indent or self.text[at] == "#" or bool(column == 0 and _MARKER.match(self.text, at))

        return self.folded(_PLAIN_END, ends)

    def folded(self, stop: t.Pattern[str], ends: t.Callable[[int], bool]) -> str:
        """Text up to `stop`, and on through the lines that follow; `ends`: no more of it is at that place."""
        parts = []
        while True:
            found = stop.search(self.text, self.at)
            end = found.start() if found else len(self.text)
            parts.append(self.text[self.at : end].rstrip(" \t"))
            self.at = end
            if self.text[end : end + 1] != "\n":
                return "".join(parts)
            fold = _FOLD.match(self.text, end)
            next_at = fold.end() if fold else end + 1
            if next_at >= len(self.text) or ends(next_at):
                return "".join(parts)
            blank = self.text.count("\n", end, next_at) - 1
            parts.append("\n" * blank or " ")
            self.at = next_at
            if len(parts) % 1024 == 0:
                self.hurry()

    def quoted(self) -> str:
        quote = self.peek()
        began = self.at
        self.at += 1
        stop = _DOUBLE_STOP if quote == '"' else _SINGLE_STOP
        parts: t.List[str] = []
        while True:
            found = stop.search(self.text, self.at)
            if found is None:
                raise self.refusal("a quote is not closed", began)
            piece = self.text[self.at : found.start()]
            self.at = found.start()
            mark = found.group()
            if len(parts) % 1024 == 0:
                self.hurry()
            if mark == "\n":
                parts.append(piece.rstrip(" \t"))
                parts.append(self.fold() or " ")
            elif mark == "\\":
                parts.append(piece)
                parts.append(self.escape())
            elif quote == "'" and self.text.startswith("''", self.at):
                parts.append(piece + "'")
                self.at += 2
            else:
                parts.append(piece)
                self.at += 1
                return "".join(parts)

    def fold(self) -> str:
        """Pass over line breaks within quotes; a newline for each blank line."""
        end = _FOLD.match(self.text, self.at).end()  # type: ignore[union-attr]
        breaks = self.text.count("\n", self.at, end)
        for start in range(self.line(end) - breaks, self.line(end)):
            if _MARKER.match(self.text, self.starts[start]):
                raise self.refusal("a quote is not closed")
        self.at = end
        return "\n" * (breaks - 1)

    def escape(self) -> str:
        mark = self.text[self.at + 1 : self.at + 2]
        if mark in _ESCAPES and mark:
            self.at += 2
            return _ESCAPES[mark]
        if mark == "\n":
            self.at += 1
            return self.fold()
        if mark in _DIGITS and mark:
            digits = self.text[self.at + 2 : self.at + 2 + _DIGITS[mark]]
            if re.fullmatch(r"[0-9A-Fa-f]+", digits) and len(digits) == _DIGITS[mark] and int(digits, 16) < 0x110000:
                self.at += 2 + len(digits)
                return chr(int(digits, 16))
        raise self.refusal("an escape that YAML does not have")

    def block_scalar(self, indent: int, depth: int, line: int) -> Node:
        self.count(depth)
        header = _BLOCK_HEADER.match(self.text, self.at)
        if header is None:
            raise self.refusal("a block scalar begins in a way that YAML does not have")
        chomping, step = header.group(2) or header.group(5), header.group(3) or header.group(4)
        first = self.line(self.at)  # the index of the line behind the header's
        lines = self.text
        least = max(1, indent + 1)
        wanted = least + int(step) - 1 if step else max(least, self.block_indent(first))
        parts: t.List[str] = []
        breaks: t.List[str] = []
        before_spaced = True  # nothing precedes the first line, so that nothing is folded
        ended = ""
        index = first
        while index < len(self.starts):
            start = self.starts[index]
            stop = self.starts[index + 1] - 1 if index + 1 < len(self.starts) else len(lines)
            text = lines[start:stop]
            spaces = len(text) - len(text.lstrip(" "))
            newline = "\n" if stop < len(lines) else ""
            if spaces >= len(text) and len(text) <= wanted:
                if newline:
                    breaks.append("\n")
                elif not text:
                    break
                index += 1
                continue
            if spaces < wanted:
                break
            body = text[wanted:]
            spaced = body[:1] in (" ", "\t")
            if parts:
                if header.group(1) == ">" and not before_spaced and not spaced:
                    parts.append("" if breaks else " ")
                else:
                    parts.append(ended)
            parts.extend(breaks)
            parts.append(body)
            breaks, ended, before_spaced = [], newline, spaced
            index += 1
        if parts and chomping != "-":
            parts.append(ended)
        if chomping == "+":
            parts.extend(breaks)
        self.at = self.starts[index] if index < len(self.starts) else len(lines)
        # Blank lines and the line's end were passed over: the reader stands at the beginning of a line.
        return Node("".join(parts), line, self.file)

    def block_indent(self, index: int) -> int:
        """The indentation of the first line that is not blank, or of a longer blank one before it."""
        most = 0
        while index < len(self.starts):
            stop = self.starts[index + 1] - 1 if index + 1 < len(self.starts) else len(self.text)
            text = self.text[self.starts[index] : stop]
            spaces = len(text) - len(text.lstrip(" "))
            most = max(most, spaces)
            if spaces < len(text):
                return most
            index += 1
        return most

    # Flow style

    def flow(self, depth: int) -> Node:
        self.count(depth)
        line = self.line(self.at)
        opened, began = self.peek(), self.at
        closing = "]" if opened == "[" else "}"
        self.at += 1
        listed: t.List[Node] = []
        found = _Pairs(self)
        while True:
            self.flow_gap(began)
            if self.peek() == closing:
                self.at += 1
                return Node(listed if opened == "[" else found.merged(), line, self.file)
            if self.peek() == ",":
                raise self.refusal("a value is missing before a comma")
            pair_at = self.at
            node = self.flow_node(depth + 1, began)
            self.flow_gap(began)
            if self.peek() == ":" and "\n" not in self.text[pair_at : self.at]:
                if not isinstance(node.value, str):
                    raise self.refusal("a key that is no scalar is not read", pair_at)
                self.at += 1
                self.flow_gap(began)
                value = self.flow_node(depth + 2 if opened == "[" else depth + 1, began)
                value = value._replace(line=node.line)
                self.flow_gap(began)
                one = found if opened == "{" else _Pairs(self)
                one.add(node.value, node.plain, value, pair_at)
                if opened == "[":
                    self.count(depth + 1)
                    listed.append(Node(one.merged(), node.line, self.file))
            elif opened == "[":
                listed.append(node)
            elif not isinstance(node.value, str):
                raise self.refusal("a key that is no scalar is not read", pair_at)
            else:
                self.count(depth + 1)
                found.add(node.value, node.plain, Node("", node.line, self.file, True), pair_at)
            if self.peek() == ",":
                self.at += 1
            elif self.peek() != closing:
                raise self.refusal("a comma or a bracket is missing")

    def flow_gap(self, began: int) -> None:
        """Pass over spaces, comments and newlines within brackets."""
        while self.at_end_of_line():
            if self.at >= len(self.text):
                raise self.refusal("a bracket is not closed", began)
            self.at += 1
            if _MARKER.match(self.text, self.at):
                raise self.refusal("a bracket is not closed", began)

    def flow_node(self, depth: int, began: int) -> Node:
        """A node within brackets; empty where there is none."""
        line = self.line(self.at)
        if _QUESTION.match(self.text, self.at):
            raise self.refusal("a key that is no scalar is not read")
        anchor = self.properties()
        if anchor is not None:
            self.flow_gap(began)
        nodes, deepest, self.deepest = self.nodes, self.deepest, depth
        mark = self.peek()
        if mark == "*":
            node = self.alias(depth, line)
        elif mark and mark in "[{":
            node = self.flow(depth)
        elif mark in ("'", '"'):
            self.count(depth)
            node = Node(self.quoted(), line, self.file)
        elif mark and mark in ",]}":
            self.count(depth)
            node = Node("", line, self.file, True)
        else:
            self.count(depth)
            node = Node(self.flow_plain(), line, self.file, True)
        if anchor:
            self.anchors[anchor] = _Known(node, self.nodes - nodes, self.deepest - depth)
        self.deepest = max(deepest, self.deepest)
        return node

    def flow_plain(self) -> str:
        self.check_plain(True)
        return self.folded(
            _FLOW_PLAIN_END, lambda at: self.text[at] in "#,[]{}:" or _MARKER.match(self.text, at) is not None
        )


class _Pairs:
    """The pairs of a mapping as they come, and what its merge keys bring."""

    def __init__(self, reader: _Reader) -> None:
        self.reader = reader
        self.own: t.Dict[str, Node] = {}
        self.merges: t.List[Node] = []

    def add(self, key: str, plain: bool, node: Node, at: int) -> None:
        if plain and key == "<<":
            merges = node.value if isinstance(node.value, list) else [node]
            if self.merges or not all(isinstance(each.value, dict) for each in merges):
                raise self.reader.refusal("a merge key wants a mapping, or a list of them", at)
            self.merges = merges
        elif key in self.own:
            raise self.reader.refusal(f"a key stands twice, first in line {self.own[key].line}", at)
        else:
            self.own[key] = node

    def merged(self) -> t.Dict[str, Node]:
        if not self.merges:
            return self.own
        found: t.Dict[str, Node] = {}
        for each in reversed(self.merges):
            found.update(pairs(each))
        found.update(self.own)
        self.reader.nodes += len(found)
        return found
