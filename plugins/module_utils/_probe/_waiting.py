# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for something to appear, without overshooting."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._errors import BadOption

T = t.TypeVar("T")
MAX_WAIT = 24 * 3600
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
    ask: t.Callable[[], T], enough: t.Callable[[T], bool], timeout: float, clock: Clock = REAL, longest: float = 1.0
) -> Waited[T]:
    """Ask at least once, and again after growing pauses of at most `longest` seconds until it is enough.

    `timeout` is the option wait_timeout; BadOption when that is no time to wait.
    """
    if not 0 <= timeout <= MAX_WAIT:
        raise BadOption(f"wait_timeout: {timeout:g} is not between 0 and {MAX_WAIT} seconds")
    begun = clock.monotonic()
    pause, attempts = 0.05, 0
    while True:
        answer = ask()
        attempts += 1
        left = begun + timeout - clock.monotonic()
        if enough(answer) or left <= 0:
            return Waited(answer, attempts, round(clock.monotonic() - begun, 3))
        clock.sleep(min(pause, left))
        pause = min(longest, pause * 1.5)
