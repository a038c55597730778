# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Matching: blocks of lines in, tallies of the patterns out. What is tallied does not depend on how blocks are cut."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.block import Block, Hit
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.captures import Capture
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.failures import Failures
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.limits import Watch
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.patterns import (
    Alternative,
    Pattern,
    level_of,
)

# Where a matching line ends in the block, the match (in the line or an end of it), and which alternative it was.
Found = t.Tuple[int, t.Match[str], int]
# Whether the line that ends at a position counts (its time is within the bounds).
Accept = t.Callable[[Block, int], bool]


class Tally:
    """What one pattern matched so far; `since` counts from the last start of the process in the current series."""

    def __init__(self, pattern: Pattern, max_samples: int, redact: bool) -> None:
        self.pattern = pattern
        self.count = 0
        self.since = 0
        self.since_in_other_series = 0
        self.first: t.Optional[Hit] = None
        self.last: t.Optional[Hit] = None
        self.samples: t.Deque[Hit] = collections.deque(maxlen=max_samples)
        self.of_alternative = [0] * len(pattern.alternatives)
        self.captures: t.Dict[str, Capture] = {
            group: Capture(redact, said=group == "reason" and bool(pattern.profiles))
            for each in pattern.alternatives
            for group in each.groups
        }

    @property
    def count_since_start(self) -> int:
        return self.since_in_other_series + self.since

    def add(self, found: t.List[Found], boundary: int, block: Block, relative: bool) -> None:
        """Count the lines of one block; those that end before `boundary` (-1: none) came before the last start."""
        if boundary >= 0:
            self.since = 0
        if not found:
            return
        self.count += len(found)
        for _end, _match, which in found:
            self.of_alternative[which] += 1
        self.since += sum(end >= boundary for end, _match, _which in found) if boundary >= 0 else len(found)
        kept = [block.hit(end, relative) for end, _match, _which in found[-max(1, self.samples.maxlen or 0) :]]
        if self.first is None:
            self.first = block.hit(found[0][0], relative)
        self.last = kept[-1]
        self.samples.extend(kept if self.samples.maxlen else [])
        if self.captures:
            self._capture(found, block)

    def _capture(self, found: t.List[Found], block: Block) -> None:
        single = self.pattern.alternatives[0] if len(self.pattern.alternatives) == 1 else None
        columns = list(zip(*[match.groups() for _end, match, _which in found])) if single else []
        groups = [] if single else [match.groupdict() for _end, match, _which in found]
        for name, capture in self.captures.items():
            column = columns[single.regex.groupindex[name] - 1] if single else [each.get(name) for each in groups]
            capture.add(column, lambda n: block.content(found[n][0]))


# From how many expressions on it pays to look first which kinds of lines a block has.
_MANY = 40
# Without figures and hexadecimal ids most lines of a log are alike.
_VARYING = b"0123456789abcdef"
# A needle of which less is left is not looked for so; where the kinds of lines are longer in all, their words tell.
_LEFT = 4
_FEW = 1 << 16


class Shared:
    """The different lines of a block, without what varies: a needle that stands in none of them is not in the block.

    One look at the block then does for the needles of all expressions, which stand in few lines as a rule.
    """

    def __init__(self, patterns: t.Sequence[Pattern]) -> None:
        alternatives = [each for pattern in patterns for each in pattern.alternatives]
        # By what is left of a needle, and the longest word of that.
        self._marks: t.Dict[t.Tuple[bytes, bytes], t.Set[bytes]] = {}
        if len(alternatives) >= _MANY:
            for mark in {mark for each in alternatives for mark in each.marks}:
                left = mark.translate(None, _VARYING)
                if len(left) >= _LEFT:
                    word = max(left.split(), key=len, default=b"")
                    self._marks.setdefault((left, word), set()).add(mark)

    def absent(self, data: bytes) -> t.FrozenSet[bytes]:
        """The needles that `data` cannot have."""
        if not self._marks:
            return frozenset()
        kinds = b"\n".join(set(data.translate(None, _VARYING).split(b"\n")))
        few = len(kinds) <= _FEW
        there = kinds if few else b" ".join(set(kinds.split()))
        return frozenset().union(
            *(marks for (left, word), marks in self._marks.items() if (left if few else word) not in there)
        )


class Scanner:
    """Tallies all patterns over blocks that are given in the order of the log."""

    def __init__(self, patterns: t.List[Pattern], max_samples: int, redact: bool, watch: Watch) -> None:
        self.tallies = {pattern.name: Tally(pattern, max_samples, redact) for pattern in patterns}
        # What starts find decides what the others count.
        self._starts = [tally for tally in self.tallies.values() if tally.pattern.start]
        self._of_ends = [tally for tally in self.tallies.values() if tally.pattern.ends]
        self._others = [tally for tally in self.tallies.values() if not tally.pattern.start and not tally.pattern.ends]
        self._stages: t.Dict[str, int] = {}
        self._watch = watch
        self.failures = Failures()
        self._shared = Shared(patterns)
        self._absent: t.FrozenSet[bytes] = frozenset()
        self.last_start: t.Optional[Hit] = None

    def ends(self, text: str) -> None:
        """Look at both ends of a log for what stands in most of its lines; the more that one look finds, counts."""
        for tally in self._of_ends:
            for which, alternative in enumerate(tally.pattern.alternatives):
                if alternative.needles and not any(needle in text for needle in alternative.needles):
                    continue
                count = sum(1 for line in text.split("\n") if alternative.regex.search(line))
                tally.of_alternative[which] = max(tally.of_alternative[which], count)
            tally.count = tally.since = sum(tally.of_alternative)

    def begin_series(self) -> None:
        """What follows is the log of another program: its starts say nothing about the lines so far."""
        self._stages.clear()
        self.failures.begin_series()
        for tally in self.tallies.values():
            tally.since_in_other_series += tally.since
            tally.since = 0

    def begin_process(self) -> None:
        """What follows was written since the last start, as the journal or the container engine knows."""
        self.failures.begin_process()
        for tally in self.tallies.values():
            tally.since = 0

    def scan(self, block: Block, relative: bool = False, accept: t.Optional[Accept] = None) -> None:
        """Match all patterns against the lines of `block`; `relative` as in Block.hit."""
        self._watch.left()
        self._watch.block += 1
        self._absent = self._shared.absent(block.data)
        starts = [(tally, self._found(tally, block, accept)) for tally in self._starts]
        boundary = max((self._last_start_in(tally.pattern.name, found) for tally, found in starts), default=-1)
        if boundary >= 0:
            self.last_start = block.hit(boundary, relative)
        for tally, found in starts:
            tally.add(found, boundary, block, relative)
        self.failures.begin_block(boundary)
        for tally in self._others:
            if not tally.pattern.possible(self._absent):
                if boundary >= 0:
                    tally.since = 0
                continue
            found = self._found(tally, block, accept)
            if tally.pattern.reasons and found:
                about = self.failures.add(tally.pattern, [each[0] for each in found], boundary, block, relative)
                found = [each for each, traces in zip(found, about) if traces]
            tally.add(found, boundary, block, relative)

    def _found(self, tally: Tally, block: Block, accept: t.Optional[Accept]) -> t.List[Found]:
        self._watch.pattern = tally.pattern.name
        found = _find(tally.pattern, block, self._watch, self._absent)
        self._watch.pattern = None
        return found if accept is None else [each for each in found if accept(block, each[0])]

    def _last_start_in(self, name: str, found: t.List[Found]) -> int:
        """Where the last start of the process begins in the block (-1: nowhere).

        The alternatives of a start pattern are in the order in which one start prints them, so one that
        is not later than the alternative before it belongs to another start.
        """
        boundary = -1
        for end, _match, which in found:
            if which <= self._stages.get(name, which):
                boundary = end
            self._stages[name] = which
        return boundary

    def unplaced(self) -> t.Iterator[t.Tuple[Hit, bool]]:
        """The hits whose time and context are not known yet, and whether the context is wanted."""
        for hit in self.failures.unplaced():
            yield hit, False
        if self.last_start is not None and not self.last_start.placed:
            yield self.last_start, False
        for tally in self.tallies.values():
            for hit in tally.samples:
                if not hit.placed:
                    yield hit, True
            for end in (tally.first, tally.last):
                if end is not None and not end.placed:
                    yield end, False


def _find(pattern: Pattern, block: Block, watch: Watch, absent: t.FrozenSet[bytes]) -> t.List[Found]:
    """`absent` are needles that the block is known not to have."""
    possible = [
        (which, alternative)
        for which, alternative in enumerate(pattern.alternatives)
        if not alternative.marks or not absent.issuperset(alternative.marks)
    ]
    if not possible:
        return []
    if len(pattern.alternatives) == 1:
        found = _matches(pattern.alternatives[0], 0, block, watch)
    else:
        by_line: t.Dict[int, Found] = {}
        for which, alternative in possible:
            for each in _matches(alternative, which, block, watch):
                by_line.setdefault(each[0], each)
        found = [by_line[end] for end in sorted(by_line)]
    if pattern.level is not None:
        found = [each for each in found if _severe(block.content(each[0]), pattern.level)]
    return found


def _severe(line: str, level: int) -> bool:
    its = level_of(line)
    return its is not None and its >= level


def _matches(alternative: Alternative, which: int, block: Block, watch: Watch) -> t.List[Found]:
    """The lines that match, in order. This loop is where the time goes."""
    data, marks = block.data, alternative.marks
    if not marks:
        return _search_lines(alternative, which, block, watch, _every_end(data))
    if len(marks) > 1:
        ends = sorted(_ends_with(marks, data))
        return _search_lines(alternative, which, block, watch, ends) if ends else []
    mark, find = marks[0], data.find
    at = find(mark)
    if at < 0:
        return []
    if not alternative.leads:
        return _search_lines(alternative, which, block, watch, _ends_with_one(mark, data))
    matches: t.List[Found] = []
    match_at_start = alternative.regex.match
    while at >= 0:
        watch.place = at
        end = find(b"\n", at)
        match = match_at_start(data[at:end].decode("utf-8", "replace"))
        if match is None:
            at = find(mark, at + 1)
        else:
            matches.append((end, match, which))
            at = find(mark, end)
    return matches


def _search_lines(
    alternative: Alternative, which: int, block: Block, watch: Watch, ends: t.Iterable[int]
) -> t.List[Found]:
    matches = []
    search, content = alternative.regex.search, block.content
    for end in ends:
        watch.place = end
        match = search(content(end))
        if match is not None:
            matches.append((end, match, which))
    return matches


def _every_end(data: bytes) -> t.Iterator[int]:
    end = data.find(b"\n")
    while end >= 0:
        yield end
        end = data.find(b"\n", end + 1)


def _ends_with_one(mark: bytes, data: bytes) -> t.Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        end = data.find(b"\n", at)
        yield end
        at = data.find(mark, end)


def _ends_with(marks: t.Sequence[bytes], data: bytes) -> t.Set[int]:
    return {end for mark in marks for end in _ends_with_one(mark, data)}
