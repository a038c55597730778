# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for something to appear, without overshooting."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption

T = t.TypeVar("T")
MAX_WAIT = 24 * 3600
# For 30 to 140 ms, some 12 s after it arrived, Tempo 2.10.8 has no trace under an id that it had before and has again
# afterwards: while it moves traces from memory to its write-ahead log. One look does not prove that a trace is lost.
BY_ID_CONFIRM = 1.0
BY_ID_PAUSE = 0.2  # seconds between two looks by id, which are cheap: seeing a trace late is what it costs


class Clock(t.Protocol):
    """The parts of the module `time` that a probe uses; tests hand in one that does not wait."""

    def time(self) -> float: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


REAL: Clock = t.cast(Clock, time)


@dataclasses.dataclass
class Waited(t.Generic[T]):
    """The last answer, how often was asked, and the seconds that it took."""

    last: T
    attempts: int
    elapsed: float


def wait_for(
    ask: t.Callable[[], T],
    enough: t.Callable[[T], bool],
    timeout: float,
    clock: Clock = REAL,
    longest: float = 1.0,
    confirm: float = 0.0,
) -> Waited[T]:
    """Ask at least once, and again after growing pauses of at most `longest` seconds until it is enough.

    `timeout` is the option wait_timeout; BadOption when that is no time to wait. With `confirm`, it takes two looks
    at least so many seconds apart to say that it is not enough, also when that is later than the timeout.
    """
    if not 0 <= timeout <= MAX_WAIT:
        raise BadOption(f"wait_timeout: {timeout:g} is not between 0 and {MAX_WAIT} seconds")
    begun = clock.monotonic()
    pause, attempts = 0.05, 0
    while True:
        answer = ask()
        attempts += 1
        now = clock.monotonic()
        left = begun + timeout - now
        sure = not confirm or (attempts > 1 and now - begun >= confirm)
        if enough(answer) or (left <= 0 and sure):
            return Waited(answer, attempts, round(now - begun, 3))
        clock.sleep(min(pause, left) if left > 0 else confirm)
        pause = min(longest, pause * 1.5)
