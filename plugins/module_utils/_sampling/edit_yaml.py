# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes values in YAML text without touching the rest: comments, order and quoting stay. Controller only (PyYAML).

Every change is checked: the result must parse to exactly the old data with the edits in it, else CannotEdit.
"""

from __future__ import annotations

import itertools
import json
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt

Path = t.List[t.Union[str, int]]
MAX_NODES = 200_000
MAX_DEPTH = 100
_UNSAFE = "its form cannot be changed safely (anchors or an unusual layout); set the values by hand"
_BOM = "\ufeff"
_DEEP = re.compile(rf"(?:[-?][ \t]+){{{MAX_DEPTH}}}")


class CannotEdit(ValueError):
    """The file cannot be changed safely; the message says why, as the end of a sentence that begins with its path."""


class Set(t.NamedTuple):
    """Give the node at `path` a value; mappings on the way are created."""

    path: Path
    value: t.Any


class Insert(t.NamedTuple):
    """Put an item into the list at `path`, before item `before` (None: at its end)."""

    path: Path
    before: t.Optional[int]
    value: t.Any


class Remove(t.NamedTuple):
    """Take item `at` out of the list at `path`."""

    path: Path
    at: int
    value: t.Any = None


Edit = t.Union[Set, Insert, Remove]


def load(text: str) -> t.Any:
    """The data of one YAML document; an unknown tag is kept as part of its value. {} for an empty one."""
    import yaml

    # The parsers recurse, libyaml's on the C stack: what is nested absurdly never gets there.
    flow = itertools.accumulate({"[": 1, "{": 1, "]": -1, "}": -1}.get(char, 0) for char in text)
    if _DEEP.search(text) or max(flow, default=0) > 4 * MAX_DEPTH:
        raise CannotEdit("it is nested too deeply")

    class Loader(_safe_loader()):  # type: ignore[misc]
        pass

    def tagged(loader: t.Any, suffix: str, node: t.Any) -> t.Any:
        return [f"!{suffix}", [(key.value, str(value)) for key, value in node.value]
                if isinstance(node, yaml.MappingNode) else str(node.value)]  # fmt: skip

    Loader.add_multi_constructor("!", tagged)
    try:
        data = yaml.load(text, Loader=Loader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is nested too deeply"
        raise CannotEdit(f"it is not YAML{where}: {excerpt(str(problem), 120)}") from None
    return {} if data is None else data


def _safe_loader() -> t.Any:
    """libyaml's where PyYAML has it: it is ten times as fast."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def lookup(data: t.Any, path: Path) -> t.Any:
    """What stands at `path`, None when there is nothing."""
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def apply(text: str, edits: t.Sequence[Edit]) -> str:
    """`text` with all edits; unchanged when it says so already."""
    if text.startswith(_BOM):
        return _BOM + apply(text[1:], edits)
    if "\r\n" in text and text.count("\n") == text.count("\r\n"):
        # To YAML both are line ends, and of one kind they are easier to keep.
        return apply(text.replace("\r\n", "\n"), edits).replace("\n", "\r\n")
    found = load(text)
    if not isinstance(found, dict):
        raise CannotEdit("its top level is not a mapping")
    wanted = _unshared(found, iter(range(MAX_NODES)), MAX_DEPTH)
    for edit in edits:
        plain = edit._replace(value=json.loads(json.dumps(edit.value)))
        if isinstance(plain, Set) and lookup(wanted, plain.path) == plain.value:
            continue
        _change_data(wanted, plain)
        text = _change_text(text, plain)
    if not _says(text, wanted):
        raise CannotEdit(_UNSAFE)
    return text


def _says(text: str, wanted: t.Any) -> bool:
    try:
        # Compared as copies too: shared nodes could hold themselves.
        return bool(_unshared(load(text), iter(range(MAX_NODES)), MAX_DEPTH) == wanted)
    except CannotEdit:
        return False


def _unshared(data: t.Any, budget: t.Iterator[int], depth: int) -> t.Any:
    """A copy in which anchors and aliases no longer share, so that a change of one shows in the others."""
    if next(budget, None) is None or not depth:
        raise CannotEdit("its anchors expand to too much, or it is nested too deeply")
    if isinstance(data, dict):
        return {key: _unshared(value, budget, depth - 1) for key, value in data.items()}
    if isinstance(data, list):
        return [_unshared(value, budget, depth - 1) for value in data]
    return data


def _change_data(data: t.Any, edit: Edit) -> None:
    if not isinstance(edit, Set):
        items = lookup(data, edit.path)
        if not isinstance(items, list):
            raise CannotEdit(f"'{_shown(edit.path)}' is not a list")
        if isinstance(edit, Remove):
            del items[edit.at]
        else:
            items.insert(len(items) if edit.before is None else edit.before, edit.value)
        return
    for position, key in enumerate(edit.path):
        if not isinstance(data, (dict, list)) or isinstance(data, list) != isinstance(key, int):
            raise CannotEdit(f"'{_shown(edit.path[:position])}' is not a mapping")
        inner: t.Any = data  # a mapping with this key, or a list with this index
        if position == len(edit.path) - 1:
            inner[key] = edit.value
        elif isinstance(data, dict) and data.get(key) is None:
            inner[key] = {}
        data = inner[key]


def _shown(path: Path) -> str:
    return excerpt(".".join(str(key) for key in path), 80) or "its top level"


def _change_text(text: str, edit: Edit) -> str:
    import yaml

    try:
        node = yaml.compose(text, Loader=_safe_loader())
    except yaml.YAMLError:
        raise CannotEdit(_UNSAFE) from None  # the edit before this one has met an unusual layout
    if node is None:
        return (
            text + ("" if not text or text.endswith("\n") else "\n") + _block(_nested(edit.path, edit.value), 0) + "\n"
        )
    column, in_flow = 0, False
    for position, key in enumerate(edit.path):
        in_flow = in_flow or bool(getattr(node, "flow_style", False))
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            child = node.value[key]
            column = child.start_mark.column
        else:
            pair = next(((k, v) for k, v in getattr(node, "value", ()) if k.value == key), None)
            if pair is None:
                return _add_key(text, node, _nested(edit.path[position:], edit.value))
            column, child = pair[0].start_mark.column, pair[1]
        if position < len(edit.path) - 1 and _is_empty(child):
            return _replace(text, child, _nested(edit.path[position + 1 :], edit.value), column, in_flow)
        node = child
    if isinstance(edit, Insert):
        return _insert_item(text, node, len(node.value) if edit.before is None else edit.before, edit.value)
    if isinstance(edit, Remove):
        return _remove_item(text, node, edit.at)
    return _replace(text, node, edit.value, column, in_flow)


def _nested(path: Path, value: t.Any) -> t.Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _is_empty(node: t.Any) -> bool:
    return bool(node.tag.endswith(":null"))


def _end(node: t.Any, text: str) -> int:
    """Where the node's own text ends: PyYAML's block nodes reach up to the next token, past comments."""
    if isinstance(node.value, list) and not node.flow_style and node.value:
        last = node.value[-1]
        return max(_end(child, text) for child in (last if isinstance(last, tuple) else (last,)))
    end: int = node.end_mark.index
    if getattr(node, "style", None) in ("|", ">"):
        end = len(text[:end].rstrip())
    return end


def _replace(text: str, node: t.Any, value: t.Any, column: int, in_flow: bool) -> str:
    start, end = node.start_mark.index, _end(node, text)
    block = isinstance(node.value, list) and not node.flow_style
    if isinstance(value, (dict, list)) and value and not in_flow and (block or _is_empty(node)):
        indent = node.start_mark.column if block else column + 2
        new = _block(value, indent)
        new = new.lstrip(" ") if block else "\n" + new
    else:
        new = _flow(value)
    if text[start - 1 : start] == ":" and not new.startswith("\n"):
        new = " " + new
    return text[:start] + new + text[end:]


def _add_key(text: str, node: t.Any, value: t.Dict[str, t.Any]) -> str:
    if not hasattr(node, "flow_style") or not (node.value == [] or isinstance(node.value[-1], tuple)):
        raise CannotEdit("a value of it stands where a mapping is expected")
    if node.flow_style:
        inner = _flow(value)[1:-1]
        end = node.end_mark.index - 1
        before = text[:end].rstrip()
        # `{a:, b: 1}` has a key `a:`.
        before += " " * before.endswith(":") + (", " if node.value else "")
        return before + inner + text[end:]
    return _after_line(text, _end(node, text), _block(value, node.start_mark.column))


def _insert_item(text: str, node: t.Any, index: int, value: t.Any) -> str:
    items = node.value
    if node.flow_style:
        if index < len(items):
            at = items[index].start_mark.index
            return text[:at] + _flow(value) + ", " + text[at:]
        at = node.end_mark.index - 1
        return text[:at].rstrip() + (", " if items else "") + _flow(value) + text[at:]
    new = _block([value], node.start_mark.column)
    if index >= len(items):
        return _after_line(text, _end(node, text), new)
    at = text.rfind("\n", 0, items[index].start_mark.index) + 1
    return text[:at] + new + "\n" + text[at:]


def _remove_item(text: str, node: t.Any, at: int) -> str:
    items = node.value
    start, end = items[at].start_mark.index, _end(items[at], text)
    if not node.flow_style:
        line_end = text.find("\n", end)
        return text[: text.rfind("\n", 0, start) + 1] + (text[line_end + 1 :] if line_end >= 0 else "")
    if at + 1 < len(items):
        return text[:start] + text[items[at + 1].start_mark.index :]
    return text[: _end(items[at - 1], text) if at else start] + text[end:]


def _after_line(text: str, end: int, new: str) -> str:
    line_end = text.find("\n", end)
    if line_end < 0:
        return text + "\n" + new + "\n"
    return text[: line_end + 1] + new + "\n" + text[line_end + 1 :]


def _block(value: t.Any, indent: int) -> str:
    import yaml

    lines = yaml.safe_dump(value, default_flow_style=False, sort_keys=False, width=10**6).rstrip("\n").split("\n")
    return "\n".join(" " * indent + line for line in lines)


def _flow(value: t.Any) -> str:
    import yaml

    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6)
    return text[: -len("...\n")].strip() if text.endswith("\n...\n") else text.strip()
