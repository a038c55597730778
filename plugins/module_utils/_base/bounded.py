# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends the wait for calls that have no time limit of their own: a dead NFS mount, a daemon that drips, a program."""

from __future__ import annotations

import subprocess
import threading
import typing as t

T = t.TypeVar("T")
MAX_OUTPUT = 256 * 1024  # bytes


class TookTooLong(Exception):
    """A call did not end in time; its thread is left behind and ends with the process."""


def bounded(call: t.Callable[[], T], seconds: float) -> T:
    """What `call` returns or raises, or TookTooLong after `seconds`."""
    outcome: t.List[t.Any] = []
    failure: t.List[BaseException] = []

    def work() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # handed to the caller below
            failure.append(error)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(max(0.0, seconds))
    if failure:
        raise failure[0]
    if not outcome:
        raise TookTooLong
    return t.cast(T, outcome[0])


def output_of(words: t.Sequence[str], seconds: float, limit: t.Optional[int] = None) -> t.Optional[str]:
    """What the program `words` prints, at most `limit` bytes; None when it is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout[: limit or MAX_OUTPUT].decode("utf-8", "replace") if done.returncode == 0 else None
