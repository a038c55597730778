# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a path finds in evidence, told without any evidence: from the declared results of the probes.

`of` makes a shape of a declaration (a TypedDict, a list of texts ...), `infer` says which shape the tree of a JMESPath
expression makes of another one. A name that is not declared, a list that is none and a comparison that can never hold
are refused: at run time they would all be null or false, which looks like a check that does not fail. That something
may be missing or null is no part of this: any evidence may be.

Runs on the controller only (it needs Python 3.11's `get_type_hints`).
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import typing as t

Node = t.Dict[str, t.Any]


class BadPath(ValueError):
    """An expression cannot find what it names; the message says what and where, and the nearest name."""


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A single value; `kind` says which: text, a number, true or false, null."""

    kind: str


@dataclasses.dataclass(frozen=True, eq=False)
class Array:
    """A list."""

    items: Shape


@dataclasses.dataclass(frozen=True, eq=False)
class Object:
    """An object with declared `fields`, and `others` as the shape of every further key (None: there is none)."""

    name: str
    fields: t.Mapping[str, Shape]
    others: t.Optional[Shape] = None


@dataclasses.dataclass(frozen=True, eq=False)
class Either:
    """One of several."""

    options: t.Tuple[Shape, ...]


@dataclasses.dataclass(frozen=True)
class Anything:
    """What is not declared, since it comes from elsewhere."""


Shape = t.Union[Leaf, Array, Object, Either, Anything]

TEXT, NUMBER, SWITCH, NULL = Leaf("text"), Leaf("a number"), Leaf("true or false"), Leaf("null")
ANYTHING = Anything()
_LEAVES: t.Dict[t.Any, Leaf] = {str: TEXT, int: NUMBER, float: NUMBER, bool: SWITCH, type(None): NULL}


@functools.lru_cache(maxsize=None)
def of(hint: t.Any) -> Shape:
    """The shape of a type: a TypedDict, or what its fields are made of."""
    if hint is t.Any:
        return ANYTHING
    if hint in _LEAVES:
        return _LEAVES[hint]
    if hasattr(hint, "__total__"):
        return Object(hint.__name__, {name: of(field) for name, field in t.get_type_hints(hint).items()})
    origin, arguments = t.get_origin(hint), t.get_args(hint)
    if origin is list:
        return Array(of(arguments[0]))
    if origin is dict:
        return Object("", {}, of(arguments[1]))
    if origin is t.Union:
        return either([of(option) for option in arguments])
    raise TypeError(f"{hint} is no type that evidence can be declared with")


def either(options: t.Iterable[Shape]) -> Shape:
    """One of `options`, which is the only one when they do not differ."""
    flat: t.Dict[Shape, None] = {}
    for option in options:
        flat.update(dict.fromkeys(option.options if isinstance(option, Either) else [option]))
    return ANYTHING if ANYTHING in flat else next(iter(flat)) if len(flat) == 1 else Either(tuple(flat))


def known(shape: Shape) -> t.List[Shape]:
    """What `shape` may be, without null."""
    options = shape.options if isinstance(shape, Either) else (shape,)
    return [option for option in options if option is not NULL]


def inside(shape: Shape) -> t.Tuple[Shape, int]:
    """What the lists and dictionaries of `shape` hold in the end, and how many of them there are around it."""
    (option, *others) = known(shape) or [NULL]
    if others:
        return shape, 0
    held = option.items if isinstance(option, Array) else None
    if isinstance(option, Object) and option.others and not option.fields:
        held = option.others
    if held is None:
        return option, 0
    inner, around = inside(held)
    return inner, around + 1


def infer(node: Node, shape: Shape, at: str = "") -> Shape:
    """The shape of what the tree `node` finds in something of `shape`, which messages call `at`."""
    handler = _HANDLERS.get(node["type"])
    return handler(node, shape, at) if handler else ANYTHING


def field(shape: Shape, name: str, at: str) -> Shape:
    """The shape of `name` in `shape`; BadPath where it cannot be."""
    found: t.List[Shape] = []
    refusals: t.List[str] = []
    for option in known(shape):
        if isinstance(option, Anything):
            found.append(ANYTHING)
        elif isinstance(option, Object) and (name in option.fields or option.others):
            found.append(option.fields.get(name) or option.others or ANYTHING)
        else:
            refusals.append(_why_not(option, name, at))
    if refusals and not found:
        raise BadPath(refusals[0])
    return either(found) if found else NULL


def _why_not(shape: Shape, name: str, at: str) -> str:
    if name in ("null", "true", "false"):
        return f"'{name}' is the name of a field here; write `{name}`"
    if isinstance(shape, Object):
        nearest = _nearest(name, shape)
        where = f"'{at}' has no" if at else f"{shape.name} has no"
        return f"{where} '{name}'" + (f"; the nearest is '{nearest}'" if nearest else _all_of(shape))
    if isinstance(shape, Array):
        return f"'{at}' is a list, which has no '{name}' (write {at}[].{name} for that of its items)"
    return f"'{at}' is {kind(shape)}, which has no '{name}'"


def _nearest(name: str, shape: Object) -> str:
    """The field that may be meant: the same name one level below, or one that is spelt alike."""
    below = (
        key
        for key, held in shape.fields.items()
        for each in known(held)
        if isinstance(each, Object) and name in each.fields
    )
    near = difflib.get_close_matches(name, shape.fields, 1, 0.5)
    inner = next(below, "")
    return f"{inner}.{name}" if inner else near[0] if near else ""


def _all_of(shape: Object) -> str:
    names = sorted(shape.fields)
    return f"; it has {', '.join(names)}" if 0 < len(names) <= 12 else ""


def kind(shape: Shape) -> str:
    """The words for what `shape` is."""
    if isinstance(shape, Leaf):
        return shape.kind
    return "a list" if isinstance(shape, Array) else "an object" if isinstance(shape, Object) else "anything"


def _items(shape: Shape, at: str) -> Shape:
    """What a list holds; BadPath where there is no list."""
    found = [option.items for option in known(shape) if isinstance(option, Array)]
    if found or any(isinstance(option, Anything) for option in known(shape)) or not known(shape):
        return either(found) if found else ANYTHING
    raise BadPath(f"'{at}' is {kind(known(shape)[0])}, not a list")


def values(shape: Shape, at: str = "") -> Shape:
    """What an object holds under any key; BadPath where there is no object."""
    found = [option for option in known(shape) if isinstance(option, Object)]
    if found:
        held = [held for one in found for held in (*one.fields.values(), *([one.others] if one.others else []))]
        return either(held) if held else NULL
    if any(isinstance(option, Anything) for option in known(shape)) or not known(shape):
        return ANYTHING
    raise BadPath(f"'{at}' is {kind(known(shape)[0])}, not an object")


# --- the kinds of nodes


def _current(node: Node, shape: Shape, at: str) -> Shape:
    return shape


def _name(node: Node, shape: Shape, at: str) -> Shape:
    return field(shape, node["value"], at)


def _sequence(node: Node, shape: Shape, at: str) -> Shape:
    for child in node["children"]:
        shape, at = infer(child, shape, at), _joined(at, text(child))
    return shape


def _index(node: Node, shape: Shape, at: str) -> Shape:
    return _items(shape, at)


def _slice(node: Node, shape: Shape, at: str) -> Shape:
    return Array(_items(shape, at))


def _flatten(node: Node, shape: Shape, at: str) -> Shape:
    (inner,) = node["children"]
    found = _items(infer(inner, shape, at), _joined(at, text(inner)))
    return Array(either(option.items if isinstance(option, Array) else option for option in known(found)))


def _projection(node: Node, shape: Shape, at: str) -> Shape:
    left, right = node["children"][:2]
    where = _joined(at, text(left))
    item = _items(infer(left, shape, at), where)
    if len(node["children"]) > 2:  # a filter
        infer(node["children"][2], item, _item(where))
    return Array(infer(right, item, _item(where)))


def _value_projection(node: Node, shape: Shape, at: str) -> Shape:
    left, right = node["children"]
    where = _joined(at, text(left))
    return Array(infer(right, values(infer(left, shape, at), where), f"{where}.*"))


def _literal(node: Node, shape: Shape, at: str) -> Shape:
    return _of_value(node["value"])


def _of_value(value: t.Any) -> Shape:
    if isinstance(value, dict):
        return Object("", {key: _of_value(held) for key, held in value.items()})
    if isinstance(value, list):
        return Array(either(map(_of_value, value)) if value else ANYTHING)
    return _LEAVES[type(value)]


def _comparator(node: Node, shape: Shape, at: str) -> Shape:
    left, right = node["children"]
    shapes = infer(left, shape, at), infer(right, shape, at)
    kinds = [{kind(option) for option in known(each)} for each in shapes]
    if node["value"] not in ("eq", "ne"):
        kinds = [each & {"text", "a number", "anything"} if each else each for each in kinds]
    open_ended = any(not known(each) for each in shapes) or any("anything" in each for each in kinds)
    if not open_ended and not kinds[0] & kinds[1]:
        words = [
            f"{text(one)} is {' or '.join(sorted({kind(o) for o in known(s)}))}"
            for one, s in zip((left, right), shapes)
        ]
        raise BadPath(f"this comparison cannot hold: {words[0]}, and {words[1]}")
    return SWITCH


def _both(node: Node, shape: Shape, at: str) -> Shape:
    return either([infer(child, shape, at) for child in node["children"]])


def _not(node: Node, shape: Shape, at: str) -> Shape:
    infer(node["children"][0], shape, at)
    return SWITCH


def _list_of(node: Node, shape: Shape, at: str) -> Shape:
    return Array(either([infer(child, shape, at) for child in node["children"]]))


def _hash(node: Node, shape: Shape, at: str) -> Shape:
    pairs = {pair["value"]: infer(pair["children"][0], shape, at) for pair in node["children"]}
    return Object("what it makes", pairs)


def _call(node: Node, shape: Shape, at: str) -> Shape:
    name, children = node["value"], node["children"]
    given = [ANYTHING if child["type"] == "expref" else infer(child, shape, at) for child in children]
    texts = [text(child) for child in children]
    if name in ("sort_by", "max_by", "min_by"):
        item = _items(given[0], texts[0])
        infer(children[1]["children"][0], item, _item(texts[0]))
        return Array(item) if name == "sort_by" else item
    if name == "map":
        return Array(infer(children[0]["children"][0], _items(given[1], texts[1]), _item(texts[1])))
    made = _MADE.get(name)
    return made(given, texts) if made else ANYTHING


def _pairs(given: t.List[Shape], texts: t.List[str]) -> Shape:
    return Array(Object("an item", {"key": TEXT, "value": values(given[0], texts[0])}))


def _merged(given: t.List[Shape], texts: t.List[str]) -> Shape:
    fields: t.Dict[str, Shape] = {}
    others: t.List[Shape] = []
    for option in (option for each in given for option in known(each)):
        if not isinstance(option, Object):
            return ANYTHING
        fields.update(option.fields)
        others += [option.others] if option.others else []
    return Object("what it merges", fields, either(others) if others else None)


def _to_array(given: t.List[Shape], texts: t.List[str]) -> Shape:
    return given[0] if isinstance(given[0], Array) else Array(given[0])


def _keys(given: t.List[Shape], texts: t.List[str]) -> Shape:
    values(given[0], texts[0])
    return Array(TEXT)


def _always(shape: Shape) -> t.Callable[[t.List[Shape], t.List[str]], Shape]:
    return lambda given, texts: shape


# What functions make of their arguments: JMESPath's own and those of _verdict/expressions.
_MADE: t.Dict[str, t.Callable[[t.List[Shape], t.List[str]], Shape]] = {
    **dict.fromkeys(
        ("abs", "avg", "ceil", "floor", "sum", "length", "to_number", "ratio", "minus", "age"), _always(NUMBER)
    ),
    **dict.fromkeys(("join", "to_string", "type"), _always(TEXT)),
    **dict.fromkeys(("contains", "starts_with", "ends_with", "matches", "version_at_least"), _always(SWITCH)),
    **dict.fromkeys(("max", "min"), lambda given, texts: _items(given[0], texts[0])),
    **dict.fromkeys(("sort", "reverse"), lambda given, texts: given[0]),
    "items": _pairs,
    "keys": _keys,
    "merge": _merged,
    "not_null": lambda given, texts: either(given),
    "to_array": _to_array,
    "values": lambda given, texts: Array(values(given[0], texts[0])),
}
KNOWN_FUNCTIONS = frozenset({*_MADE, "sort_by", "max_by", "min_by", "map"})

_HANDLERS: t.Dict[str, t.Callable[[Node, Shape, str], Shape]] = {
    "and_expression": _both,
    "comparator": _comparator,
    "current": _current,
    "field": _name,
    "filter_projection": _projection,
    "flatten": _flatten,
    "function_expression": _call,
    "identity": _current,
    "index": _index,
    "index_expression": _sequence,
    "literal": _literal,
    "multi_select_dict": _hash,
    "multi_select_list": _list_of,
    "not_expression": _not,
    "or_expression": _both,
    "pipe": _sequence,
    "projection": _projection,
    "slice": _slice,
    "subexpression": _sequence,
    "value_projection": _value_projection,
}


# --- paths as people write them


def _item(at: str) -> str:
    return at if at.endswith("[]") else f"{at}[]"


def _joined(at: str, part: str) -> str:
    if not at or not part:
        return at or part
    return f"{at}{part}" if part.startswith("[") else f"{at}.{part}"


def text(node: Node) -> str:
    """A short form of what `node` was parsed from, for messages."""
    kind, children = node["type"], [child for child in node.get("children", []) if isinstance(child, dict)]
    if kind == "field":
        return str(node["value"])
    if kind in ("subexpression", "index_expression", "pipe"):
        return functools.reduce(_joined, map(text, children))
    if kind == "index":
        return f"[{node['value']}]"
    if kind in ("flatten", "slice"):
        return f"{text(children[0])}[]" if kind == "flatten" else "[]"
    if kind in ("projection", "filter_projection"):
        left = text(children[0])
        return _joined(left if left.endswith("[]") else f"{left}[]", text(children[1]))
    if kind == "value_projection":
        return _joined(f"{text(children[0])}.*", text(children[1]))
    if kind == "function_expression":
        return f"{node['value']}({', '.join(map(text, children))})"
    if kind == "literal":
        return f"'{node['value']}'" if isinstance(node["value"], str) else str(node["value"])
    return {"current": "@", "identity": "", "expref": "&"}.get(kind, "this")
