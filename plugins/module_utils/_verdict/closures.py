# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JMESPath syntax trees as Python functions: several times faster than jmespath's own interpreter.

Only what checks use often is turned into functions; the rest is left to the interpreter. Both give equal results
(tests/unit/verdict/test_closures.py compares them).
"""

from __future__ import annotations

import itertools
import operator
import typing as t

Node = t.Dict[str, t.Any]
Function = t.Callable[[t.Any], t.Any]

_ORDER: t.Dict[str, t.Callable[[t.Any, t.Any], t.Any]] = {
    "lt": operator.lt,
    "gt": operator.gt,
    "lte": operator.le,
    "gte": operator.ge,
}


def truthy(value: t.Any) -> bool:
    """Whether JMESPath takes `value` for true: 0 is true, an empty list, text or object is not."""
    return value is not None and value is not False and value != "" and value != [] and value != {}


def build(node: Node, interpreter: t.Any) -> Function:
    """The function of the syntax tree `node`; `interpreter` (jmespath.visitor.TreeInterpreter) has the functions."""
    maker = _MAKERS.get(node["type"])
    if maker is None:
        return lambda value: interpreter.visit(node, value)
    return maker(node, interpreter)


def is_path(node: Node) -> bool:
    """Whether an expression is made of names only."""
    return _keys(node) is not None


def path(node: Node) -> t.Optional[Function]:
    """The function of a path that is made of names only, which fails on no document; null for any other expression."""
    keys = _keys(node)
    return None if keys is None else following(keys)


# Of these the first part alone starts at the document; what follows starts at what it finds.
_CHAINS = frozenset(
    {"subexpression", "index_expression", "pipe", "projection", "value_projection", "filter_projection", "flatten"}
)


def paths(node: t.Any) -> t.Set[t.Tuple[str, ...]]:
    """Where an expression reads a document: its value follows from what is at these paths; `()` is the whole of it."""
    if not isinstance(node, dict):
        return set()  # the open end of a slice
    keys = _keys(node)
    if keys is not None:
        return {keys}
    if node["type"] in ("current", "identity"):
        return {()}
    if node["type"] == "expref":
        return set()  # for the items of a list
    children = node["children"]
    if node["type"] not in _CHAINS:
        return set().union(*(paths(child) for child in children))
    names = _keys({**node, "children": list(itertools.takewhile(_keys, children))})
    if node["type"] != "subexpression" or not names:
        return paths(children[0])
    then = children[len(names)]
    # The tree of a.b[0] says a.(b[0]).
    return {names + path for path in paths(then)} if then["type"] == "index_expression" else {names}


def _children(node: Node, interpreter: t.Any) -> t.List[Function]:
    return [build(child, interpreter) for child in node["children"]]


def _current(node: Node, interpreter: t.Any) -> Function:
    return lambda value: value


def _literal(node: Node, interpreter: t.Any) -> Function:
    constant = node["value"]
    return lambda value: constant


def _field(node: Node, interpreter: t.Any) -> Function:
    return following((node["value"],))


def following(keys: t.Tuple[str, ...]) -> Function:
    """The function that follows names from one object to the next; null where one is not there."""

    def follow(value: t.Any) -> t.Any:
        # As a rule it is there; nothing else that evidence is made of takes a name.
        try:
            for key in keys:
                value = value[key]
        except (KeyError, TypeError):
            return None
        return value

    return follow


def _keys(node: Node) -> t.Optional[t.Tuple[str, ...]]:
    """The names of a path that is made of names only."""
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return None
    parts = [_keys(child) for child in node["children"]]
    return None if None in parts else tuple(key for part in parts for key in part or ())


def _sequence(node: Node, interpreter: t.Any) -> Function:
    followed = path(node)
    if followed is not None:
        return followed
    steps = _children(node, interpreter)

    def follow(value: t.Any) -> t.Any:
        for step in steps:
            value = step(value)
        return value

    return follow


def _index(node: Node, interpreter: t.Any) -> Function:
    at = node["value"]
    return lambda value: value[at] if isinstance(value, list) and -len(value) <= at < len(value) else None


def _comparator(node: Node, interpreter: t.Any) -> Function:
    left, right = _children(node, interpreter)
    word = node["value"]
    if word == "eq":
        return lambda value: _equal(left(value), right(value))
    if word == "ne":
        return lambda value: not _equal(left(value), right(value))
    compare = _ORDER[word]

    def ordered(value: t.Any) -> t.Any:
        a, b = left(value), right(value)
        # As in jmespath 1.x, texts can be compared, too, but not with numbers (where jmespath raises TypeError).
        if not (_comparable(a) and _comparable(b)) or isinstance(a, str) is not isinstance(b, str):
            return None
        return compare(a, b)

    return ordered


def _equal(a: t.Any, b: t.Any) -> bool:
    # 1 == true in Python, not in JMESPath.
    return isinstance(a, bool) is isinstance(b, bool) and bool(a == b)


def _comparable(value: t.Any) -> bool:
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)


def _and(node: Node, interpreter: t.Any) -> Function:
    left, right = _children(node, interpreter)

    def both(value: t.Any) -> t.Any:
        found = left(value)
        return right(value) if truthy(found) else found

    return both


def _or(node: Node, interpreter: t.Any) -> Function:
    left, right = _children(node, interpreter)

    def either(value: t.Any) -> t.Any:
        found = left(value)
        return found if truthy(found) else right(value)

    return either


def _not(node: Node, interpreter: t.Any) -> Function:
    (inner,) = _children(node, interpreter)
    return lambda value: not truthy(inner(value))


def _call(node: Node, interpreter: t.Any) -> Function:
    arguments = _children(node, interpreter)
    call, name = interpreter._functions.call_function, node["value"]
    if any(child["type"] == "expref" for child in node["children"]):
        return lambda value: interpreter.visit(node, value)
    return lambda value: call(name, [argument(value) for argument in arguments])


def _filter(node: Node, interpreter: t.Any) -> Function:
    base, result, condition = _children(node, interpreter)

    def filtered(value: t.Any) -> t.Any:
        elements = base(value)
        if not isinstance(elements, list):
            return None
        found = [result(element) for element in elements if truthy(condition(element))]
        return [each for each in found if each is not None]

    return filtered


_MAKERS: t.Dict[str, t.Callable[[Node, t.Any], Function]] = {
    "and_expression": _and,
    "comparator": _comparator,
    "current": _current,
    "field": _field,
    "filter_projection": _filter,
    "function_expression": _call,
    "identity": _current,
    "index": _index,
    "index_expression": _sequence,
    "literal": _literal,
    "not_expression": _not,
    "or_expression": _or,
    "pipe": _sequence,
    "subexpression": _sequence,
}
