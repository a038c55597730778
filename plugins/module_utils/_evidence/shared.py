# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps once what many hosts have in common: a result is one that was seen before, but for a few values.

Hosts of a fleet see the same but for times, ids and addresses. Values are plain data and must not be changed: what is
equal is the same object. Runs on the controller only.
"""

from __future__ import annotations

import marshal
import typing as t

MAX_DEPTH = 20  # levels of a result that are looked into for what differs
MAX_ALIKE = 4  # results of one shape that others are compared with

Value = t.Dict[str, t.Any]


class Kept(t.NamedTuple):
    """A result as the one of a number, but for other values at some places (null: for none)."""

    number: int
    but: t.Optional[Value]


class Shared:
    """Results, each as one that was there before where it is like that one."""

    def __init__(self) -> None:
        self.results: t.List[Value] = []
        self._equal: t.Dict[bytes, int] = {}
        self._alike: t.Dict[t.Any, t.List[int]] = {}

    def keep(self, label: str, result: Value) -> t.Optional[Kept]:
        """`result` of a label as one that is like it; null where it is not plain data."""
        try:
            text = marshal.dumps(result, 2)
            known = self._equal.get(text)
            if known is not None:
                return Kept(known, None)
            alike = self._alike.setdefault((label, _shape(result, MAX_DEPTH)), [])
        except ValueError:  # of another kind, or nested too deeply
            return None
        for number in alike:
            but = _difference(self.results[number], result, MAX_DEPTH)
            if 2 * len(marshal.dumps(but, 2)) <= len(text):
                return Kept(number, but)
        number = self._equal[text] = len(self.results)
        self.results.append(result)
        alike.insert(0, number)
        del alike[MAX_ALIKE:]
        return Kept(number, None)

    def share(self, label: str, result: Value) -> Value:
        """`result`, made of what was there before."""
        kept = self.keep(label, result)
        return result if kept is None else whole(self.results[kept.number], kept.but)


def whole(result: t.Any, but: t.Any) -> t.Any:
    """`result` with other values at some places: as `*` of two objects in jq. What they share is not copied."""
    if not but:
        return result
    merged = dict(result)
    for key, value in but.items():
        mine = merged.get(key)
        merged[key] = whole(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return merged


def _shape(value: t.Any, depth: int) -> t.Any:
    """What two results have in common of which one is the other but for some values: all keys, in their order."""
    if not isinstance(value, dict):
        return None
    if not depth:
        return marshal.dumps(value, 2)
    return tuple((key, _shape(each, depth - 1)) for key, each in value.items())


def _difference(one: Value, other: Value, depth: int) -> Value:
    """What of `other` is not in `one`, which has the same shape."""
    found: Value = {}
    for key, value in other.items():
        mine = one[key]
        if mine is value:
            continue
        if isinstance(value, dict) and depth:
            inner = _difference(mine, value, depth - 1)
            if inner:
                found[key] = inner
        elif not _same(mine, value):
            found[key] = value
    return found


def _same(one: t.Any, other: t.Any) -> bool:
    """Whether JSON of both is the same: 1 is not true."""
    if type(one) is not type(other):
        return False
    return marshal.dumps(one, 2) == marshal.dumps(other, 2) if isinstance(one, (list, dict)) else bool(one == other)
