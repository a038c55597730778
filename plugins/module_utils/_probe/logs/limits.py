# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time limits for a scan: on one match, whose expression may backtrack without end, and on all of it."""

from __future__ import annotations

import signal
import threading
import time
import typing as t

# Seconds of processor time that one expression may take on one line of at most 64 KiB.
MATCH_LIMIT = 2.0
_TICK = 0.25


class TooSlow(Exception):
    """A time limit was reached, that on one line or (`whole`) that on the scan; `pattern` was at work, if any."""

    def __init__(self, pattern: t.Optional[str], whole: bool) -> None:
        super().__init__(pattern)
        self.pattern = pattern
        self.whole = whole


class Watch:
    """Watches the matching loop: it sets `pattern` and `place`, and a place that stays for too long raises TooSlow.

    The `re` module looks for signals while it backtracks (every 4096 steps; tried on Python 3.8 to 3.13), so a timer
    of processor time stops it without another process. Only the main thread can do that; elsewhere the limit
    for the whole scan is looked at between blocks only.
    """

    def __init__(self, seconds: float) -> None:
        self.pattern: t.Optional[str] = None
        self.place = 0
        self.block = 0
        self._deadline = time.monotonic() + seconds
        self._seen: t.Tuple[t.Optional[str], int, int] = (None, 0, 0)
        self._stuck = 0.0
        self._former: t.Any = None
        self._armed = False

    def __enter__(self) -> Watch:
        if threading.current_thread() is threading.main_thread():
            self._former = signal.signal(signal.SIGVTALRM, self._tick)
            signal.setitimer(signal.ITIMER_VIRTUAL, _TICK, _TICK)
            self._armed = True
        return self

    def __exit__(self, *_unused: object) -> None:
        if self._armed:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, self._former)

    def left(self) -> float:
        """The seconds that are left for the whole scan; raises TooSlow when none are."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TooSlow(self.pattern, True)
        return left

    def _tick(self, _signum: int, _frame: object) -> None:
        if self.pattern is None:
            return
        now = (self.pattern, self.place, self.block)
        self._stuck = self._stuck + _TICK if now == self._seen else 0.0
        self._seen = now
        if self._stuck >= MATCH_LIMIT:
            raise TooSlow(self.pattern, False)
        self.left()
