# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of a file's lines: what it covers, whether it rises, and where a time is, without reading all of it."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import textform
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.timestamps import line_time

# The bytes of a source between two offsets; fewer where it ends, or where they are not at hand any more.
ReadAt = t.Callable[[int, int], bytes]

# How far a line with a time is looked for.
WINDOW = 1 << 16
_NEAR = 1 << 12
_PLACES = 17


class Spot(t.NamedTuple):
    """A line with a time: where it begins, where the next one does, its time."""

    start: int
    next: int
    at: float


def first_spot(read_at: ReadAt, start: int, end: int, now: float, at_line_start: bool) -> t.Optional[Spot]:
    """The first line with a time that begins at or after `start` (and before `end`), if it is within the window."""
    for window in (_NEAR, WINDOW):
        raw = read_at(start, min(end, start + window))
        at = start if at_line_start else start + raw.find(b"\n") + 1
        if not at_line_start and b"\n" not in raw:
            continue
        for line in raw[at - start :].split(b"\n")[:-1]:
            found = line_time(textform.text_of(line), now)
            if found is not None:
                return Spot(at, at + len(line) + 1, found)
            at += len(line) + 1
        if start + window >= end:
            last = raw[at - start :]  # the last line may have no newline
            found = line_time(textform.text_of(last), now)
            return None if found is None else Spot(at, end, found)
    return None


def last_time(raw: bytes, now: float) -> t.Optional[float]:
    """The time of the last line of `raw` that has one."""
    for line in reversed(raw.split(b"\n")):
        found = line_time(textform.text_of(line), now)
        if found is not None:
            return found
    return None


def rises(read_at: ReadAt, size: int, now: float) -> t.Optional[bool]:
    """Whether the times at evenly spaced places never fall; None when times are not found everywhere."""
    if size == 0:
        return None
    latest = float("-inf")
    for n in range(_PLACES):
        place = size * n // _PLACES
        spot = first_spot(read_at, place, size, now, at_line_start=place == 0)
        if spot is None:
            if n == 0 or size - place > WINDOW:
                return None
            break
        if spot.at < latest:
            return False
        latest = spot.at
    end = last_time(read_at(max(0, size - WINDOW), size), now)
    return None if end is None else end >= latest


def seek(read_at: ReadAt, size: int, now: float, reached: t.Callable[[float], bool]) -> int:
    """Where the first line begins whose time has `reached` something, in a file whose times rise (`size`: nowhere)."""
    low, high = 0, size
    while high - low > _NEAR:
        middle = (low + high) // 2
        spot = first_spot(read_at, middle, high, now, at_line_start=False)
        if spot is None or reached(spot.at):
            high = middle
        else:
            low = spot.next
    at_line_start = True
    while low < size:
        spot = first_spot(read_at, low, size, now, at_line_start)
        if spot is None:  # lines without a time, more of them than the window holds
            low, at_line_start = low + WINDOW, False
        elif reached(spot.at):
            return spot.start
        else:
            low, at_line_start = spot.next, True
    return size
