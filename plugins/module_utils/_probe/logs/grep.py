# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU grep as a prefilter: it reads a file much faster than Python does, and only lines that may match come back."""

from __future__ import annotations

import collections
import functools
import os
import shutil
import subprocess
import threading
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import textform
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.block import Block
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.patterns import Pattern
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.reading import Opened, pieces, pipe_chunks

# grep keeps a line whole, however long; with more memory than this it gives up, and Python reads on.
_MEMORY = 24 << 20
# More than any grep has bytes.
_BINARY = 4 << 20
# The least of a needle that grep may be given, so that few other lines have it: where the log is not seen to have it,
# and where it is.
_SHORTEST = 2
_SHORTEST_SEEN = 8
# Any line with an escape sequence is looked at: one may stand in the middle of a word.
_ESCAPE = b"\x1b"


@functools.lru_cache(maxsize=1)
def program() -> t.Optional[str]:
    """The path of GNU grep, or None: other greps lack -b or read files in their own way."""
    path = shutil.which("grep")
    if path is None:
        return None
    try:
        with open(path, "rb") as binary:
            # Quicker than asking it for its version, which would take half of the time for the last of a log.
            return path if b"GNU grep" in binary.read(_BINARY) else None
    except OSError:
        return None


def needles_of(patterns: t.Sequence[Pattern]) -> t.List[bytes]:
    """What grep is to look for, so that it misses no matching line; the empty needle stands in every line."""
    alternatives = [alternative for pattern in patterns for alternative in pattern.alternatives]
    if not all(alternative.needles for alternative in alternatives):
        return [b""]
    forms = {form for each in alternatives for needle in each.needles for form in textform.forms_of(needle)}
    return [*_least(forms), _ESCAPE]


def _least(needles: t.Iterable[bytes]) -> t.List[bytes]:
    """`needles` without those that hold another one, which add nothing."""
    kept: t.List[bytes] = []
    for needle in sorted(needles, key=lambda needle: (len(needle), needle)):
        if not any(other in needle for other in kept):
            kept.append(needle)
    return kept


def rare_ends(needles: t.Sequence[bytes], sample: bytes) -> t.List[bytes]:
    """The ends of `needles` that begin with bytes which `sample` has few of: grep stops at each such byte.

    Fewest such bytes in all, so that needles share them where they can (measured: half the time of whole needles).
    """
    starts: t.Dict[bytes, t.Dict[int, bytes]] = {}
    for needle in needles:
        lengths = range(_SHORTEST, _SHORTEST_SEEN)
        shortest = next((length for length in lengths if needle[-length:] not in sample), _SHORTEST_SEEN)
        ends = [needle[at:] for at in range(max(1, len(needle) - shortest + 1))]
        starts[needle] = {end[0]: end for end in reversed(ends) if end}
    frequency = {byte: 1 + sample.count(byte) for byte in set().union(*starts.values())}
    kept: t.Set[int] = set()
    left = [begun for begun in starts.values() if begun]
    while left:
        served = collections.Counter(byte for begun in left for byte in begun)
        kept.add(min(served, key=lambda byte: (frequency[byte] / served[byte], byte)))
        left = [begun for begun in left if kept.isdisjoint(begun)]
    # What was taken early may have been made needless by what came later.
    for byte in sorted(kept, key=lambda byte: (-frequency[byte], byte)):
        if not any(kept.isdisjoint(begun.keys() - {byte}) for begun in starts.values() if begun):
            kept.discard(byte)
    return _least(
        begun[min(kept.intersection(begun), key=lambda byte: (frequency[byte], byte))] if begun else needle
        for needle, begun in starts.items()
    )


class Candidates:
    """The lines of a file between two offsets that may match, as numbered blocks.

    After the blocks, `resume` is None when grep read all, else the offset from which on it
    did not (it ran out of memory on an overlong line, or was stopped), and `resume_line` the lines before that.
    """

    def __init__(
        self, file: Opened, needles: t.Sequence[bytes], start: int, end: int, left: t.Callable[[], float]
    ) -> None:
        self._file = file
        self._needles = needles
        self._start = start
        self._end = end
        self._left = left
        self.resume: t.Optional[int] = start
        self.resume_line = 0

    def __iter__(self) -> t.Iterator[Block]:
        whole = self._end >= self._file.size
        command: t.List[t.Union[str, bytes]] = [program() or "grep", "-aFnb"]
        command += [part for needle in self._needles for part in (b"-e", needle)]
        if whole:
            os.lseek(self._file.fd, self._start, os.SEEK_SET)
        try:
            child = subprocess.Popen(
                command,
                stdin=self._file.fd if whole else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=_environment(),
            )
        except OSError:
            return  # Python reads all
        _limit_memory(child.pid)
        feeder = None if whole else threading.Thread(target=self._feed, args=(child,), daemon=True)
        if feeder:
            feeder.start()
        try:
            for piece in pieces(pipe_chunks(child, self._left), numbered=True):
                raw = piece.raw
                self._note_end(raw, piece.length)
                if self.resume is not None and self.resume > self._end:
                    raw = self._within(raw)  # the file has grown meanwhile
                if not raw:
                    self.resume = None
                    return
                yield Block(raw, self._file.name, self._start, None, numbered=True)
            if child.wait() <= 1:
                self.resume = None
        finally:
            child.kill()
            child.wait()
            if feeder:
                feeder.join()
            if child.stdout:
                child.stdout.close()

    def _note_end(self, raw: bytes, length: int) -> None:
        """Remember where the last line of a piece ends in the file."""
        begin = raw.rfind(b"\n", 0, -1) + 1
        number, offset, content = raw[begin:].split(b":", 2)
        cut = length - len(raw) if begin == 0 else 0
        self.resume = self._start + int(offset) + len(content) + max(0, cut)
        self.resume_line = int(number)

    def _within(self, raw: bytes) -> bytes:
        """The lines of `raw` that begin before the end."""
        lines = raw.split(b"\n")[:-1]
        return b"".join(line + b"\n" for line in lines if self._start + int(line.split(b":", 2)[1]) < self._end)

    def _feed(self, child: subprocess.Popen[bytes]) -> None:
        """Hand grep a part of the file."""
        if child.stdin is None:
            return
        at = self._start
        try:
            while at < self._end:
                sent = os.sendfile(child.stdin.fileno(), self._file.fd, at, self._end - at)
                if not sent:
                    break
                at += sent
        except OSError:
            pass  # grep is gone; its status says why
        finally:
            child.stdin.close()


def _environment() -> t.Dict[str, str]:
    """Bytes are characters, and no options of the user's (old versions take them from GREP_OPTIONS)."""
    return {**{name: value for name, value in os.environ.items() if name != "GREP_OPTIONS"}, "LC_ALL": "C"}


def _limit_memory(pid: int) -> None:
    try:
        import resource

        resource.prlimit(pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, AttributeError, OSError, ValueError):
        pass  # not Linux, or already gone
