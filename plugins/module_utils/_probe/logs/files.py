# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scans one source after the other: chooses how each is read, and looks up time and context of what is reported."""

from __future__ import annotations

import dataclasses
import functools
import os
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import grep, reading, seeking, textform
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.block import Block
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.limits import Watch
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.patterns import LEVELS, Pattern, levels_in
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.reading import Opened, Unreadable
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.scan import Scanner
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.timestamps import iso, line_time

# Starting grep takes longer than looking through a file of this size.
_SMALL = 1 << 18
# What is read of each end of a file to see which times and levels it has.
_END = 1 << 14
# What is read of a record: Python's tracebacks of a refused connection take 6 KiB, Java's with their causes 16.
_RECORD = 1 << 15


@dataclasses.dataclass
class Settings:
    """How to scan: options of the probe, and what follows from them. Times are epoch seconds."""

    engine: str
    since: t.Optional[float]
    until: t.Optional[float]
    context: int
    redact: bool
    max_decompressed: int
    now: float


class Scan:
    """One scan: `reports` has an entry per source (see the probe), `levels` those of the newest file of each series."""

    def __init__(self, patterns: t.List[Pattern], scanner: Scanner, settings: Settings, watch: Watch) -> None:
        self._scanner = scanner
        self.settings = settings
        self.watch = watch
        self._patterns = patterns
        self.reports: t.List[t.Dict[str, t.Any]] = []
        self.errors: t.List[Unreadable] = []
        self.times: t.List[float] = []  # those at the ends of what was read
        self._levels: t.Dict[str, t.Set[int]] = {}
        self._timed = False  # whether the lines of the current source have times at all

    @functools.cached_property
    def _needles(self) -> t.List[bytes]:
        """What grep is to look for; a log that is small is read without."""
        return grep.needles_of([pattern for pattern in self._patterns if not pattern.ends])

    @property
    def levels(self) -> t.List[str]:
        """The names of the levels seen, the least severe first."""
        seen: t.Set[int] = set().union(*self._levels.values())
        return [name for name, level in LEVELS.items() if level in seen]

    def file(self, entry: reading.Listed) -> None:
        """Scan one file; what is wrong with it becomes part of its report."""
        rotated = f"{entry.path}.1"
        if entry.identity not in (None, reading.identity(entry.path)) and reading.identity(rotated) == entry.identity:
            # Its name went to another file since it was listed: it comes first, then the new one.
            self.file(entry._replace(path=rotated))
        report = _report(reading.shown_name(entry.path))
        self.reports.append(report)
        try:
            file = reading.opened(entry.path)
        except Unreadable as error:
            self._failed(report, error)
            return
        try:
            if entry.identity not in (None, file.identity):
                report["note"] = "is another file than the one that was listed, which was rotated away"
            if file.form == "plain":
                self._plain(file, report, entry.series)
            else:
                self._decoded(file, report, entry.series)
        except Unreadable as error:
            self._failed(report, error)
        except OSError as error:
            self._failed(report, Unreadable("unreadable", f"{file.name}: {(error.strerror or 'unreadable').lower()}"))
        finally:
            os.close(file.fd)

    def source(self, name: str, chunks: t.Iterable[bytes]) -> None:
        """Scan a stream that is within the time bounds already."""
        report = _report(name)
        self.reports.append(report)
        try:
            self.stream(chunks, report, name, bounded=True)
        except Unreadable as error:
            self._failed(report, error)

    def _failed(self, report: t.Dict[str, t.Any], error: Unreadable) -> None:
        report["error"] = error.message
        self.errors.append(error)

    def _plain(self, file: Opened, report: t.Dict[str, t.Any], series: str) -> None:
        settings = self.settings

        def read_at(start: int, end: int) -> bytes:
            self.watch.left()
            return os.pread(file.fd, max(0, min(end, file.size) - start), start)

        head, tail = read_at(0, _END), read_at(max(0, file.size - _END), file.size)
        self._ends(report, series, head, tail)
        start, end, accept = 0, file.size, None
        if settings.since is not None or settings.until is not None:
            rising = seeking.rises(read_at, file.size, settings.now)
            report["order"] = {True: "rising", False: "unordered", None: "unknown"}[rising]
            if rising:
                start, end = self._range(read_at, file.size)
                report["sought"] = True
            else:
                accept = self._accept(read_at)
        report["engine"] = "grep" if self._by_grep(end - start) else "python"
        if report["engine"] == "grep":
            needles = grep.rare_ends(self._needles, head + tail)
            candidates = grep.Candidates(file, needles, start, end, self.watch.left)
            for block in candidates:
                self._scanner.scan(block, relative=start > 0, accept=accept)
            resume = candidates.resume
            line = candidates.resume_line + 1
        else:
            resume, line = start, 1
        if resume is not None and resume < end:
            report["engine"] = "python"
            self._python(file, resume, end, None if start else line, accept)
        report["bytes"] = end - start
        self._place(read_at)
        self._changes(file, report)

    def _by_grep(self, size: int) -> bool:
        engine = self.settings.engine
        if engine == "grep":
            return True
        return engine == "auto" and size > _SMALL and self._needles != [b""] and grep.program() is not None

    def _python(
        self,
        file: Opened,
        start: int,
        end: int,
        line: t.Optional[int],
        accept: t.Optional[t.Callable[[Block, int], bool]],
    ) -> None:
        for piece in reading.pieces(self._timely(reading.plain_chunks(file.fd, start, end))):
            self._scanner.scan(Block(piece.raw, file.name, start, line), line is None, accept)
            start += piece.length
            if line is not None:
                line += piece.raw.count(b"\n")

    def _range(self, read_at: seeking.ReadAt, size: int) -> t.Tuple[int, int]:
        settings, start, end = self.settings, 0, size
        if settings.since is not None:
            since = settings.since
            start = seeking.seek(read_at, size, settings.now, lambda at: at >= since)
        if settings.until is not None:
            until = settings.until
            end = seeking.seek(read_at, size, settings.now, lambda at: at > until)
        return start, max(start, end)

    def _accept(self, read_at: seeking.ReadAt) -> t.Callable[[Block, int], bool]:
        """Whether a line is within the bounds, by its own time or that of the nearest line above that has one."""
        settings = self.settings

        def accept(block: Block, end: int) -> bool:
            at = line_time(block.content(end), settings.now)
            if at is None and self._timed:
                at = _time_before(read_at, block.hit(end, True).offset, settings.now)
            if at is None:
                return True
            return (settings.since is None or at >= settings.since) and (settings.until is None or at <= settings.until)

        return accept

    def _decoded(self, file: Opened, report: t.Dict[str, t.Any], series: str) -> None:
        since = self.settings.since
        if since is not None and file.modified < since:
            report["note"] = "was last written before the time asked for, so it was not read"
            return
        self.stream(reading.decoded_chunks(file, self.settings.max_decompressed, self.watch.left), report, series)
        self._changes(file, report)

    def stream(self, chunks: t.Iterable[bytes], report: t.Dict[str, t.Any], series: str, bounded: bool = False) -> None:
        """Scan what can be read only once, from front to back; `bounded`: all of it is within the time bounds."""
        window: t.List[t.Tuple[int, bytes]] = []

        def read_at(start: int, end: int) -> bytes:
            return b"".join(raw[max(0, start - at) : max(0, end - at)] for at, raw in window)

        settings = self.settings
        filtered = not bounded and (settings.since is not None or settings.until is not None)
        accept = self._accept(read_at) if filtered else None
        report["engine"] = "python"
        offset, line, first = 0, 1, b""
        try:
            for piece in reading.pieces(self._timely(chunks)):
                window.append((offset, piece.raw))
                self._place(read_at)  # those of the piece before: what follows them is at hand now
                del window[:-2]
                if not first:
                    first = piece.raw[:_END]
                    self._ends(report, series, first, b"")
                self._scanner.scan(Block(piece.raw, report["path"], offset, line), False, accept)
                offset += piece.length
                line += piece.raw.count(b"\n")
        finally:
            report["bytes"] += offset
            self._place(read_at)
            self._ends(report, series, first, window[-1][1][-_END:] if window else b"")

    def _timely(self, chunks: t.Iterable[bytes]) -> t.Iterator[bytes]:
        for chunk in chunks:
            self.watch.left()
            yield chunk

    def _ends(self, report: t.Dict[str, t.Any], series: str, head: bytes, tail: bytes) -> None:
        """Note the times at both ends, and the levels that are seen there."""
        now = self.settings.now
        spot = seeking.first_spot(lambda start, end: head[start:end], 0, len(head), now, True)
        last = seeking.last_time(tail, now)
        report["first_time"] = report["first_time"] or iso(spot.at if spot else None)
        report["last_time"] = iso(last) or report["last_time"]
        self.times += [at for at in (spot.at if spot else None, last) if at is not None]
        self._timed = bool(report["first_time"] or report["last_time"])
        if head or tail:
            text = textform.text_of(head if head == tail else head + b"\n" + tail)
            self._levels[series] = levels_in(text)
            self._scanner.ends(text)

    def _changes(self, file: Opened, report: t.Dict[str, t.Any]) -> None:
        """Note what happened to the file while it was read."""
        if os.fstat(file.fd).st_size < file.size:
            report["note"] = "was truncated while it was read; what was cut off before it was reached is not counted"
            return
        now = reading.identity(file.path)
        if now is None:
            report["note"] = "was removed while it was read; all of it was read"
        elif now != file.identity:
            report["note"] = "was replaced (rotated) while it was read; the old file was read"

    def _place(self, read_at: seeking.ReadAt) -> None:
        """Look up time and context of the hits that came since the last call."""
        settings = self.settings
        for hit in self._scanner.failures.unplaced():
            hit.record = _record(read_at, hit.offset)
        for hit, with_context in self._scanner.unplaced():
            hit.at = line_time(hit.text, settings.now)
            if hit.at is None and self._timed:
                hit.at = _time_before(read_at, hit.offset, settings.now)
            if with_context and settings.context:
                hit.before = self._shown(_lines_before(read_at, hit.offset)[-settings.context :])
                hit.after = self._shown(_lines_after(read_at, hit.offset)[: settings.context])
            hit.placed = True

    def _shown(self, lines: t.List[bytes]) -> t.List[str]:
        return [textform.shown(textform.text_of(line), self.settings.redact) for line in lines]


def _report(path: str) -> t.Dict[str, t.Any]:
    return {
        "path": path, "bytes": 0, "engine": None, "first_time": None, "last_time": None,
        "order": "unknown", "sought": False, "error": None, "note": None,
    }  # fmt: skip


def _lines_before(read_at: seeking.ReadAt, offset: int) -> t.List[bytes]:
    start = max(0, offset - seeking.WINDOW)
    raw = read_at(start, offset)
    lines = raw.split(b"\n")[:-1]
    return lines[1:] if start else lines


def _record(read_at: seeking.ReadAt, offset: int) -> t.List[str]:
    """The line at `offset` and those behind it that may belong to its record."""
    raw = read_at(offset, offset + _RECORD)
    return textform.text_of(raw).split("\n")


def _lines_after(read_at: seeking.ReadAt, offset: int) -> t.List[bytes]:
    raw = read_at(offset, offset + seeking.WINDOW)
    lines = raw.split(b"\n")[1:]
    whole = len(raw) < seeking.WINDOW and lines and lines[-1]
    return lines if whole else lines[:-1]


def _time_before(read_at: seeking.ReadAt, offset: int, now: float) -> t.Optional[float]:
    for line in reversed(_lines_before(read_at, offset)):
        at = line_time(textform.text_of(line), now)
        if at is not None:
            return at
    return None
