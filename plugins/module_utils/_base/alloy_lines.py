# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax of Grafana Alloy and Grafana Agent flow, with line numbers: blocks, attributes and expressions.

Expressions become values as far as a file alone can tell: literals, lists, objects, text joined with +, and the
functions that are given. All else, a reference to a component above all, is a Reference.
"""

from __future__ import annotations

import re
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, Unreadable, is_null

MAX_CHARACTERS = 1024 * 1024
MAX_TOKENS = 300_000
MAX_DEPTH = 60

Call = t.Callable[[str, t.List[Node], Node], t.Optional[Node]]  # (function, arguments, place)

_TOKEN = re.compile(
    r"[ \t\r\n\ufeff]+|//[^\n]*"
    r'|(?P<string>"(?:[^"\\\n]|\\[^\n])*")'
    r"|(?P<number>\d\w*(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<mark>==|!=|<=|>=|&&|\|\||[{}()\[\],.=+\-*/%^!<>;])"
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([0-7]{3})|(.))")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_OPERATORS = frozenset({"+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "&&", "||"})


class Reference(str):
    """The name of a value that only the running program knows; empty where it has no name."""


class Block(t.NamedTuple):
    """`name "label" { ... }`."""

    name: str
    label: str
    attributes: t.Dict[str, Node]
    blocks: t.List[Block]
    line: int
    file: str

    def all(self, name: str) -> t.List[Block]:
        return [block for block in self.blocks if block.name == name]


class _Token(t.NamedTuple):
    kind: str
    text: str
    line: int


def document(text: str, file: str, call: Call, seconds: float = 2.0) -> Block:
    """A file as a block without a name; raises Unreadable, which says the line.

    `call(function, arguments, place)` gives what a function returns, None when it is not known.
    """
    return _Reader(_tokens(text, seconds), file, call).body("", "", 1, 0)


def _tokens(text: str, seconds: float) -> t.List[_Token]:
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(f"it is longer than {MAX_CHARACTERS} characters")
    ends = time.monotonic() + seconds
    found: t.List[_Token] = []
    at, line = 0, 1
    while at < len(text):
        if text.startswith(("/*", "`"), at):
            closing = "*/" if text[at] == "/" else "`"
            end = text.find(closing, at + len(closing))
            if end < 0:
                raise Unreadable(f"line {line}: a comment or a text is not closed")
            if closing == "`":
                found.append(_Token("raw", text[at + 1 : end], line))
            end += len(closing)
        else:
            match = _TOKEN.match(text, at)
            if match is None:
                raise Unreadable(f"line {line}: no value begins like this")
            if match.lastgroup:
                found.append(_Token(match.lastgroup, match.group(), line))
            end = match.end()
        line += text.count("\n", at, end)
        at = end
        if len(found) > MAX_TOKENS or (len(found) % 1024 == 0 and time.monotonic() > ends):
            raise Unreadable(f"line {line}: reading it takes too long")
    found.append(_Token("end", "", line))
    return found


class _Reader:
    def __init__(self, tokens: t.List[_Token], file: str, call: Call) -> None:
        self.tokens = tokens
        self.file = file
        self.call = call
        self.at = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def refusal(self, why: str) -> Unreadable:
        return Unreadable(f"line {self.token.line}: {why}")

    def next(self) -> _Token:
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def is_mark(self, *marks: str) -> bool:
        return self.token.kind == "mark" and self.token.text in marks

    def want(self, mark: str) -> None:
        if not self.is_mark(mark):
            raise self.refusal(f"{mark} is missing")
        self.next()

    # Blocks

    def body(self, name: str, label: str, line: int, depth: int) -> Block:
        """The statements up to the } of a block, or to the end of the file."""
        if depth > MAX_DEPTH:
            raise self.refusal(f"it is nested deeper than {MAX_DEPTH} levels")
        attributes: t.Dict[str, Node] = {}
        blocks: t.List[Block] = []
        while True:
            if self.is_mark(";"):
                self.next()
            elif self.token.kind == "end" or self.is_mark("}"):
                if (self.token.kind == "end") != (depth == 0):
                    raise self.refusal("a } is missing" if depth else "a } without a {")
                return Block(name, label, attributes, blocks, line, self.file)
            else:
                self.statement(attributes, blocks, depth)

    def statement(self, attributes: t.Dict[str, Node], blocks: t.List[Block], depth: int) -> None:
        first = self.next()
        if first.kind != "name":
            raise self.refusal("neither a block nor an attribute begins like this")
        name = first.text
        while self.is_mark("."):
            self.next()
            name += "." + self.next().text
        if self.is_mark("="):
            self.next()
            attributes[name] = self.expression(depth)._replace(line=first.line)
            return
        label = _unquoted(self.next().text) if self.token.kind == "string" else ""
        self.want("{")
        blocks.append(self.body(name, label, first.line, depth + 1))
        self.want("}")

    # Expressions

    def expression(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.refusal(f"it is nested deeper than {MAX_DEPTH} levels")
        node = self.operand(depth)
        while self.token.kind == "mark" and self.token.text in _OPERATORS:
            operator = self.next().text
            node = _joined(operator, node, self.operand(depth))
        return node

    def operand(self, depth: int) -> Node:
        while self.is_mark("!", "-"):
            self.next()
            node = self.operand(depth + 1) if depth < MAX_DEPTH else self.expression(depth + 1)
            return node._replace(value=Reference(""))
        token = self.next()
        node = Node("", token.line, self.file, True)
        if token.kind in ("string", "raw"):
            node = Node(_unquoted(token.text) if token.kind == "string" else token.text, token.line, self.file)
        elif token.kind == "number" or token.text in ("true", "false"):
            node = node._replace(value=token.text)
        elif token.kind == "name":
            node = node if token.text == "null" else node._replace(value=Reference(token.text))
        elif token.text == "(" and token.kind == "mark":
            node = self.expression(depth + 1)
            self.want(")")
        elif token.text == "[" and token.kind == "mark":
            node = Node(self.listed("]", depth), token.line, self.file)
        elif token.text == "{" and token.kind == "mark":
            node = self.object(token.line, depth)
        else:
            self.at -= 1
            raise self.refusal("no value begins like this")
        return self.accessed(node, depth)

    def accessed(self, node: Node, depth: int) -> Node:
        """What follows a value: .name, [index] and (arguments)."""
        while self.is_mark(".", "[", "("):
            mark = self.next().text
            name = node.value if isinstance(node.value, Reference) else ""
            if mark == ".":
                node = node._replace(value=Reference(f"{name}.{self.next().text}"), plain=False)
            elif mark == "[":
                self.expression(depth + 1)
                self.want("]")
                node = node._replace(value=Reference(name), plain=False)
            else:
                arguments = self.listed(")", depth)
                node = self.call(name, arguments, node) or node._replace(value=Reference(name), plain=False)
        return node

    def listed(self, closing: str, depth: int) -> t.List[Node]:
        found: t.List[Node] = []
        while not self.is_mark(closing):
            found.append(self.expression(depth + 1))
            if not self.is_mark(closing):
                self.want(",")
        self.next()
        return found

    def object(self, line: int, depth: int) -> Node:
        found: t.Dict[str, Node] = {}
        while not self.is_mark("}"):
            key = self.next()
            if key.kind not in ("name", "string", "raw"):
                raise self.refusal("a key is missing")
            self.want("=")
            found[_unquoted(key.text) if key.kind == "string" else key.text] = self.expression(depth + 1)._replace(
                line=key.line
            )
            if not self.is_mark("}"):
                self.want(",")
        self.next()
        return Node(found, line, self.file)


def _joined(operator: str, left: Node, right: Node) -> Node:
    """Two texts as one; of other operands and operators nothing is known."""
    texts = [each for each in (left, right) if isinstance(each.value, str) and not each.plain and not is_null(each)]
    known = operator == "+" and len(texts) == 2 and not any(isinstance(each.value, Reference) for each in texts)
    if known and len(left.value) + len(right.value) <= MAX_CHARACTERS // 16:
        return left._replace(value=left.value + right.value)
    return left._replace(value=Reference(""), plain=False)


def _unquoted(text: str) -> str:
    def letter(found: t.Match[str]) -> str:
        for digits, base in ((found.group(1), 16), (found.group(2), 16), (found.group(3), 8)):
            if digits:
                return chr(int(digits, base))
        return _LETTERS.get(found.group(4), found.group(4))

    return _ESCAPE.sub(letter, text[1:-1]) if "\\" in text else text[1:-1]
