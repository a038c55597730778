# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time that a host has: who does not answer within it is left, whatever hangs there."""

from __future__ import annotations

import contextlib
import glob
import os
import signal
import threading
import typing as t


class TookTooLong(BaseException):
    """The time is over. No Exception, since what is in the middle of something would take it for its own."""


@contextlib.contextmanager
def limited(seconds: float) -> t.Iterator[None]:
    """End what is in this block after so many seconds, with TookTooLong, and the processes that it began."""
    if seconds <= 0 or threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGALRM, _over)
    left = signal.setitimer(signal.ITIMER_REAL, seconds)[0]  # of the task's own time-out, where it has one
    if left and left < seconds:
        signal.setitimer(signal.ITIMER_REAL, left)
    try:
        yield
    except TookTooLong:
        _end_children()
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, left)


def _over(*_unused: t.Any) -> None:
    raise TookTooLong


def _end_children() -> None:
    """End what this process has begun and not waited for: an ssh that hangs would outlive the run."""
    for listed in glob.glob(f"/proc/{os.getpid()}/task/*/children"):
        with contextlib.suppress(OSError, ValueError), open(listed, encoding="ascii") as file:
            for process in map(int, file.read().split()):
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGTERM)
