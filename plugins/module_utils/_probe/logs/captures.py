# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the named groups of a pattern captured."""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import textform

# Distinct values that are counted one by one, and how much of a value is shown.
_DISTINCT = 20
_SHOWN = 200
# How much of its line is looked at to tell whether a value is a secret; one that stands further on is masked.
_LINE_SHOWN = 4000

_PLACES = 18  # as in _float
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?", re.ASCII)


class Captured(t.TypedDict):
    """What a named group captured."""

    first: str
    last: str
    values: t.Dict[str, int]  # the first distinct values, with their counts
    more: bool  # there were others
    min: t.Optional[float]  # figures when all values are numbers
    max: t.Optional[float]
    mean: t.Optional[float]


class Capture:
    """The values of one named group: the first distinct ones with their counts, and figures when all are numbers.

    `said`: they are words of a message, of which only those for people count.
    """

    def __init__(self, redact: bool, said: bool = False) -> None:
        self._redact = redact
        self._said = said
        self._last: t.Optional[t.Tuple[str, str]] = None  # the value and its line
        self._counts: t.Dict[str, int] = {}
        self._shown: t.Dict[str, str] = {}
        self._more = False
        self._numeric = True
        self._numbers = 0
        # Multiples of 10 ** -_PLACES: the sum of whole numbers does not depend on their order.
        self._total = 0
        self._low: t.Optional[int] = None
        self._high: t.Optional[int] = None

    def add(self, column: t.Sequence[t.Optional[str]], line: t.Callable[[int], str]) -> None:
        """Count the values of one block in the order of their lines; `line(n)` is the line of the n-th value."""
        counts = {value: count for value, count in collections.Counter(column).items() if value is not None}
        if not counts:
            return
        for value, count in counts.items():
            key = value[: 2 * _SHOWN]
            if key in self._counts:
                self._counts[key] += count
            elif len(self._counts) < _DISTINCT:
                self._counts[key] = count
                self._shown[key] = _safe(value, line(column.index(value)), self._redact)
            else:
                self._more = True
        newest = next(n for n in range(len(column) - 1, -1, -1) if column[n] is not None)
        # A line's text takes up to four bytes a character: no more of it is kept than is looked at.
        self._last = (str(column[newest])[: 4 * _SHOWN], line(newest)[:_LINE_SHOWN])
        if self._numeric:
            self._figures(counts)

    def _figures(self, counts: t.Mapping[str, int]) -> None:
        for value, count in counts.items():
            if not _NUMBER.fullmatch(value):
                self._numeric = False
                return
            whole, _point, fraction = value.partition(".")
            number = int(whole + fraction.ljust(_PLACES, "0"))
            self._numbers += count
            self._total += number * count
            self._low = number if self._low is None else min(self._low, number)
            self._high = number if self._high is None else max(self._high, number)

    def result(self) -> t.Optional[Captured]:
        """None when the group took part in no match."""
        if self._last is None:
            return None
        tidy: t.Callable[[str], str] = str
        if self._said:
            # Only what was logged of a failure has to be tidied.
            from ansible_collections.traceops.tracing.plugins.module_utils._otel import records

            tidy = records.words
        values: t.Dict[str, int] = {}
        for key, count in self._counts.items():
            value = tidy(self._shown[key])
            values[value] = values.get(value, 0) + count
        last = tidy(_safe(*self._last, self._redact))
        if self._said and not any(values):
            return None
        # Figures of numbers that are secrets would tell them.
        numeric = self._numeric and self._numbers > 0 and textform.MASK not in (last, *values)
        return {
            "first": tidy(next(iter(self._shown.values()))),
            "last": last,
            "values": values,
            "more": self._more,
            "min": _float(self._low) if numeric else None,
            "max": _float(self._high) if numeric else None,
            "mean": _float(self._total // self._numbers) if numeric else None,
        }


def _float(number: t.Optional[int]) -> float:
    return round((number or 0) / 1e18, 6)


def _safe(value: str, line: str, redact: bool) -> str:
    """`value` for a result: masked where the line that it is from would show it masked, there or elsewhere."""
    text = textform.shown(value, redact, _SHOWN)
    part = text[: _SHOWN // 2]
    if not redact or not part:
        return text
    masked, plain = (textform.shown(line, each, _LINE_SHOWN) for each in (True, False))
    return text if 0 < masked.count(part) >= plain.count(part) else textform.MASK
