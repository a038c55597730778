# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All processes of this host, and which of them a span meets: a first look, bounded in number, bytes and time."""

from __future__ import annotations

import os
import re
import threading
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._otel import programs

MAX_PROCESSES = 20_000
MAX_CMDLINE = 128 * 1024  # bytes
MAX_ENVIRON = 512 * 1024
MAX_VALUE = 32 * 1024  # characters
STUCK = 0.25  # seconds without a process read: the memory of one is locked, and another thread goes on behind it
MAX_THREADS = 6
# Nothing of most processes concerns tracing: they need not be taken apart.
_WORD_HINT = re.compile(rb"(?i)otel|otlp|opentelemetry|javaagent|instrumentation|tracing|velo-sql")
_HINT = re.compile(rb"OTEL_|(?i:opentelemetry)|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|NODE_OPTIONS|918728DD")


class Seen(t.NamedTuple):
    """A process that a span may meet."""

    pid: int
    words: t.List[str]
    environment: t.Optional[t.Dict[str, str]]  # None: this user may not read it
    kind: str
    tells: t.List[str]  # of an application


class Scan(t.NamedTuple):
    """All processes with their command lines, those of interest, and what could not be seen."""

    words: t.Dict[int, t.List[str]]
    found: t.List[Seen]
    denied: int  # variables of others
    skipped: int  # not looked at, since there are too many or time was up


def scan(deadline: float) -> Scan:
    """Look at all processes but this one and those that started it."""
    ours = own_line()
    every = [pid for pid in proc.all_pids() if pid not in ours]
    pids = every[:MAX_PROCESSES]
    answers: t.Dict[int, _Answer] = {}
    _each(pids, lambda pid: answers.__setitem__(pid, _look(pid)), deadline)
    done = dict(answers)
    found = [seen for _pid, (_words, _denied, seen) in sorted(done.items()) if seen]
    denied = sum(1 for _words, denied, _seen in done.values() if denied)
    words = {pid: its for pid, (its, _denied, _seen) in done.items() if its}
    return Scan(words, found, denied, len(every) - len(done))


def own_line() -> t.Set[int]:
    """This process and those that started it, but for the first of all."""
    found: t.Set[int] = set()
    pid = os.getpid()
    while pid > 1 and pid not in found:
        found.add(pid)
        status = proc.status_of(pid)
        pid = status.parent if status else 0
    return found


def seen_as(pid: int, words: t.List[str], environment: t.Optional[t.Dict[str, str]]) -> t.Optional[Seen]:
    """What a command line with these variables is of a span's path; None for nothing of it."""
    if not words:
        return None
    kind = programs.kind_of(words)
    if kind:
        return Seen(pid, words, environment, kind, [])
    if programs.is_wrapper(words) or programs.is_never(words):
        return None
    tells = programs.tells(words, environment or {})
    return Seen(pid, words, environment, programs.APPLICATION, tells) if tells else None


_Answer = t.Tuple[t.List[str], bool, t.Optional[Seen]]


def _look(pid: int) -> _Answer:
    """(its command line, whether its variables could not be read, what it is)."""
    line = proc.raw(pid, "cmdline", MAX_CMDLINE) or b""
    words = line.decode("utf-8", "replace").split("\0")
    words = words[:-1] if words[-1] == "" else words
    if not words:  # a kernel thread, a zombie, or gone
        return words, False, None
    content = proc.raw(pid, "environ", MAX_ENVIRON)
    if not (_WORD_HINT.search(line) or (content and _HINT.search(content)) or programs.kind_of(words)):
        return words, content is None, None
    environment = None if content is None else {n: value[:MAX_VALUE] for n, value in proc.parsed(content).items()}
    return words, content is None, seen_as(pid, words, environment)


def _each(pids: t.Sequence[int], work: t.Callable[[int], None], deadline: float) -> None:
    """Call `work` with each until `deadline`. Reading a process waits where it holds its memory's lock."""
    waiting = iter(pids)
    finished: t.List[int] = []
    ended = threading.Event()  # nobody waits for his turn any more

    def run() -> None:
        for pid in waiting:
            if time.monotonic() > deadline:
                break
            work(pid)
            finished.append(pid)
        ended.set()

    def moves(until: float) -> bool:
        """Whether another one was finished meanwhile."""
        before = len(finished)
        ended.wait(max(0.0, min(until, deadline) - time.monotonic()))
        return len(finished) > before

    for _thread in range(MAX_THREADS):
        threading.Thread(target=run, daemon=True).start()
        while not ended.is_set() and moves(time.monotonic() + STUCK):
            pass
        if ended.is_set() or time.monotonic() >= deadline:
            break
    ended.wait(max(0.0, deadline - time.monotonic()))
    # Others may be about to finish theirs.
    last = min(deadline, time.monotonic() + STUCK)
    while len(finished) < len(pids) and time.monotonic() < last:
        time.sleep(0.01)
