# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JMESPath with the few functions that checks need, and texts with expressions in them.

Added functions (all give null when an argument is missing or of another kind):

- `matches(text, regex)`: true when the regular expression is found in the text;
- `ratio(part, whole)`: part / whole; null when whole is 0;
- `minus(a, b)`: a - b;
- `age(time)`: seconds from `time` (epoch seconds, or ISO 8601) to the end of the run;
- `items(object)`: a list of {key, value};
- `version_at_least(version, wanted)`: compares the numbers in both ("v2.10.8" >= "2.9").
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import MissingLibrary
from ansible_collections.traceops.tracing.plugins.module_utils._base.jmespath_words import fault
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import closures

MAX_TEXT = 240  # characters of one piece of evidence in a sentence
MAX_ITEMS = 6  # items of a list in a sentence


class BadExpression(ValueError):
    """A JMESPath expression or a text with one cannot be understood."""


class Expression(t.NamedTuple):
    """A compiled JMESPath expression; `label` is the evidence it begins with ("otlp", "backend.grafana")."""

    source: str
    tree: t.Any
    label: str


class Text(t.NamedTuple):
    """A text with expressions in braces; `{{` and `}}` stand for a brace."""

    source: str
    parts: t.Tuple[t.Union[str, Expression], ...]

    @property
    def plain(self) -> bool:
        return all(isinstance(part, str) for part in self.parts)


_LABEL = re.compile(r"(?:not_null\()?((?:backend\.)?[A-Za-z_]\w*)")


def compile_expression(source: t.Any) -> Expression:
    """`source` compiled; BadExpression says what is wrong with it."""
    if not isinstance(source, str) or not source.strip():
        raise BadExpression(f"an expression must be text, not {brief(source)}")
    return _compiled(source)


@functools.lru_cache(maxsize=4096)  # checks say much the same
def _compiled(source: str) -> Expression:
    parser, error_type = _jmespath()
    try:
        tree = parser.parse(source).parsed
    except error_type as error:
        raise BadExpression(f"'{source}' is not JMESPath: {fault(error)}") from None
    _check_tree(source, tree)
    found = _LABEL.match(source.strip())
    return Expression(source, tree, found.group(1) if found else "")


def roots(tree: t.Any) -> t.Set[str]:
    """The names with which the paths of a syntax tree begin: {"otlp", "settings"}."""
    return {path[0] for path in closures.paths(tree) if path}


def compile_text(source: t.Any) -> Text:
    """`source` taken apart at its braces."""
    if not isinstance(source, str):
        raise BadExpression(f"a text is wanted, not {brief(source)}")
    parts: t.List[t.Union[str, Expression]] = []
    literal = ""
    for found in _PIECES.finditer(source):
        piece = found.group()
        if piece == "{":
            raise BadExpression(f"'{source}' has a brace that is never closed (write {{{{ for a brace)")
        if piece == "}":
            raise BadExpression(f"'{source}' has a closing brace without an opening one (write }}}} for a brace)")
        if piece in ("{{", "}}"):
            literal += piece[0]
        elif piece[0] == "{":
            if literal:
                parts.append(literal)
            parts.append(compile_expression(piece[1:-1]))
            literal = ""
        else:
            literal += piece
    if literal:
        parts.append(literal)
    return Text(source, tuple(parts))


# Two braces, an expression in braces, a brace that is no part of either, or text without any.
_PIECES = re.compile(r"\{\{|\}\}|\{[^}]*\}|[{}]|[^{}]+")


def brief(value: t.Any) -> str:
    """A wrong value for a message; only its kind when it is no text, since YAML can make it endless."""
    return f"'{excerpt(value, 60)}'" if isinstance(value, str) else f"a {type(value).__name__}"


def render(text: Text, search: Search, document: t.Any) -> str:
    """`text` with its expressions replaced by what they find in `document`, cleaned and bounded."""
    return "".join(part if isinstance(part, str) else shown(search(part, document)) for part in text.parts)


def shown(value: t.Any) -> str:
    """A piece of evidence as it appears in a sentence."""
    if value is None:
        return "(unknown)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        return _shown_text(value)
    if isinstance(value, dict):
        return shown([f"{key} {shown(item)}" for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        items = [shown(item) for item in value[:MAX_ITEMS]]
        if len(value) > MAX_ITEMS:
            items.append(f"and {len(value) - MAX_ITEMS} more")
        return ", ".join(items) if items else "none"
    return str(value)


@functools.lru_cache(maxsize=4096)
def _shown_text(value: str) -> str:
    return excerpt(value, MAX_TEXT)


class Search:
    """Evaluates expressions, of which it makes functions once; `now` (epoch seconds) is what `age` counts to.

    It may be changed between two documents: in a merged report each slice has its own time.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        _unused, self._error = _jmespath()
        from jmespath import Options
        from jmespath.visitor import TreeInterpreter

        self._interpreter = TreeInterpreter(Options(custom_functions=_functions(lambda: self.now)))
        self._finders: t.Dict[str, closures.Function] = {}
        self._document: t.Any = None
        self._found: t.Dict[str, t.Any] = {}  # in that document: checks of one subject ask for much the same

    def __call__(self, expression: Expression, document: t.Any) -> t.Any:
        """What `expression` finds in `document`."""
        return self.finder(expression)(document)

    def finder(self, expression: Expression) -> closures.Function:
        """The function of `expression`; it raises BadExpression where the document has another shape than expected."""
        finder = self._finders.get(expression.source)
        if finder is None:
            # A path is followed faster than remembered, and never fails.
            finder = closures.path(expression.tree) or self._remembering(expression)
            self._finders[expression.source] = finder
        return finder

    def _remembering(self, expression: Expression) -> closures.Function:
        source, function = expression.source, closures.build(expression.tree, self._interpreter)

        def find(document: t.Any) -> t.Any:
            if document is not self._document:
                self._document = document
                self._found.clear()
            elif source in self._found:
                return self._found[source]
            try:
                value = self._found[source] = function(document)
                return value
            except (self._error, TypeError, re.error) as error:
                raise BadExpression(f"'{source}': {fault(error)}") from None

        return find


@functools.lru_cache(maxsize=1)
def _jmespath() -> t.Tuple[t.Any, t.Any]:
    try:
        from jmespath.exceptions import JMESPathError
        from jmespath.parser import Parser
    except ImportError:
        raise MissingLibrary("jmespath", "to evaluate checks on the controller") from None
    return Parser(), JMESPathError


@functools.lru_cache(maxsize=1)
def _known_functions() -> t.FrozenSet[str]:
    return frozenset(_functions(lambda: 0.0).FUNCTION_TABLE)


# What may stand directly around a negation.
_AROUND_NOT = frozenset({"and_expression", "or_expression", "not_expression", "pipe", "function_expression"})


def _check_tree(source: str, tree: t.Any) -> None:
    """Refuse what would be found out late or never: an unknown function, and a negation that binds to one name only."""
    known = _known_functions()
    pending = [tree]
    while pending:
        node = pending.pop()
        if not isinstance(node, dict):
            continue  # the open end of a slice
        if node["type"] == "function_expression" and node["value"] not in known:
            raise BadExpression(f"'{source}': there is no function {node['value']}()")
        children = [child for child in node["children"] if isinstance(child, dict)]
        # jmespath.py reads !a.b as (!a).b, which is never what is meant.
        if node["type"] not in _AROUND_NOT and children and children[0]["type"] == "not_expression":
            raise BadExpression(f"'{source}': '!' takes a single name, write !(a.b) for a path or a comparison")
        # ... and a.*.b.c as (a.*.b).c, the name of nothing in a list.
        if node["type"] == "subexpression" and children and children[0]["type"] == "value_projection":
            raise BadExpression(f"'{source}': a path of one name may follow '.*', write values(a)[].b.c")
        pending.extend(children)


def _functions(now: t.Callable[[], float]) -> t.Any:
    from jmespath.functions import Functions

    def matches(self: t.Any, text: t.Any, regex: t.Any) -> t.Optional[bool]:
        if not isinstance(text, str) or not isinstance(regex, str):
            return None
        return re.search(regex, text) is not None

    def ratio(self: t.Any, part: t.Any, whole: t.Any) -> t.Optional[float]:
        return part / whole if _number(part) and _number(whole) and whole else None

    def minus(self: t.Any, a: t.Any, b: t.Any) -> t.Optional[float]:
        return a - b if _number(a) and _number(b) else None

    def age(self: t.Any, time: t.Any) -> t.Optional[float]:
        moment = epoch(time)
        return None if moment is None else now() - moment

    def version_at_least(self: t.Any, version: t.Any, wanted: t.Any) -> t.Optional[bool]:
        if not isinstance(version, str) or not isinstance(wanted, str):
            return None
        found = _numbers(version)
        return _numbers(wanted) <= found if found else None

    def items(self: t.Any, mapping: t.Any) -> t.Optional[t.List[t.Dict[str, t.Any]]]:
        return [{"key": key, "value": value} for key, value in mapping.items()] if isinstance(mapping, dict) else None

    added: t.Dict[str, t.Any] = {}
    for function, arity in ((matches, 2), (ratio, 2), (minus, 2), (age, 1), (items, 1), (version_at_least, 2)):
        t.cast(t.Any, function).signature = ({"types": []},) * arity  # what jmespath.functions.signature would set
        added[f"_func_{function.__name__}"] = function
    return type("TracingFunctions", (Functions,), added)()


def _number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _numbers(version: str) -> t.Tuple[int, ...]:
    found = re.search(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()
