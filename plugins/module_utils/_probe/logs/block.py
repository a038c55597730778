# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A block of log lines, and a line that matched."""

from __future__ import annotations

import bisect
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import textform

# What is kept of a line that matched, in bytes (as text it may take four times as much).
_KEPT = 4096


class Hit:
    """A line that matched: `line` counts from 1 (None when the file was entered in the middle), `offset` in bytes."""

    __slots__ = ("_raw", "after", "at", "before", "line", "offset", "placed", "record", "source")

    def __init__(self, source: str, line: t.Optional[int], offset: int, raw: bytes) -> None:
        self.source = source
        self.line = line
        self.offset = offset
        self._raw = raw[:_KEPT]
        self.at: t.Optional[float] = None
        self.before: t.List[str] = []
        self.after: t.List[str] = []
        self.placed = False  # whether time and context have been looked up
        self.record: t.List[str] = []  # the line and those behind it, where they are asked for

    @property
    def text(self) -> str:
        return self._raw.decode("utf-8", "replace")


class Block:
    """Whole lines of one source, the first of them at `offset` and with the number `line` (None: not known).

    `data` are the lines after repair; places in a block are places in it. `numbered` says that each line begins with
    its number and its offset from `offset`, as `grep -nb` writes them.
    """

    def __init__(
        self, raw: bytes, source: str, offset: int = 0, line: t.Optional[int] = None, numbered: bool = False
    ) -> None:
        self.raw = raw
        self.data = textform.cleaned(raw)
        self.source = source
        self.offset = offset
        self.line = line
        self.numbered = numbered
        self._starts: t.Optional[t.List[int]] = None
        self._places = [0]  # places up to which lines were counted, rising, and the counts
        self._counts = [0]

    def content(self, end: int) -> str:
        """The line that ends at `end`."""
        start = self.data.rfind(b"\n", 0, end) + 1
        if self.numbered:
            start = self.data.index(b":", self.data.index(b":", start) + 1) + 1
        return self.data[start:end].decode("utf-8", "replace")

    def hit(self, end: int, relative: bool) -> Hit:
        """The line that ends at `end`; `relative` says that its number does not count from the file's beginning."""
        start = self.data.rfind(b"\n", 0, end) + 1
        if self.numbered:
            number, offset, raw = self.data[start:end].split(b":", 2)
            return Hit(self.source, None if relative else int(number), self.offset + int(offset), raw)
        index = self._index(start)
        number_here = None if relative or self.line is None else self.line + index
        return Hit(self.source, number_here, self.offset + self._raw_start(index, start), self.data[start:end])

    def _index(self, start: int) -> int:
        """How many lines of the block are before the one that starts at `start`."""
        known = bisect.bisect_right(self._places, start) - 1
        count = self._counts[known] + self.data.count(b"\n", self._places[known], start)
        self._places.insert(known + 1, start)
        self._counts.insert(known + 1, count)
        return count

    def _raw_start(self, index: int, start: int) -> int:
        if self.data is self.raw:
            return start
        if self._starts is None:
            self._starts, at = [], 0
            for line in self.raw.split(b"\n"):
                self._starts.append(at)
                at += len(line) + 1
        return self._starts[index]
