# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why exports fail, by what the lines say that tell of it.

Lines that differ in numbers only are one group, and of each group the last records are read to their ends (a
traceback's last line counts): so a log with a million failures costs a few records for each kind of them.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel.statuses import GENERAL
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import textform
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.block import Block, Hit
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.timestamps import iso

if t.TYPE_CHECKING:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.patterns import Pattern

# Kinds of lines that are told apart, and what of a line tells them apart.
_MOST = 60
_SIGNALS = 1000
_BEFORE = 3
_TOLD = 400
_SHOWN = 300
_NUMBERS = re.compile(r"[0-9a-fA-F]*\d[0-9a-fA-F]*")


# Causes that are often the consequence of another one, which another line of the same minute names.
BROKEN = ("connection_reset", "response_timeout", "invalid_data")
_NEAR_S = 60.0

OTHER_SIGNALS = ("metrics", "logs")


class Word(t.TypedDict):
    """What a record says: its cause, and the words for it."""

    cause: str
    words: str


class Reason(t.TypedDict):
    """One cause: how many lines tell of it, and what the last of them says."""

    count: int
    count_since_start: int
    words: str
    time: t.Optional[str]
    pattern: str
    protocol: str  # that the exporter speaks, http or grpc, when the record tells; else ""


class DecidingReason(Reason):
    """The cause that counts: the last since the start that says something."""

    cause: str
    before_end_s: t.Optional[float]  # from the last failure to the log's last line


class Told(t.TypedDict):
    """What a scan tells of failures."""

    reasons: t.Dict[str, Reason]
    reason: t.Optional[DecidingReason]
    other_signals: t.Dict[str, Reason]
    of_patterns: t.Dict[str, Word]
    withdrawn: t.Dict[str, t.Tuple[int, int]]  # lines that turned out to be about another signal: all, since the start


class Group:
    """Lines of one pattern that say the same; `since` counts from the last start of the process."""

    def __init__(self, pattern: str, kind: str, signal: str) -> None:
        self.pattern = pattern
        self.kind = kind
        self.signal = signal
        self.count = 0
        self.since = 0
        self.earlier = 0  # since the starts of other series
        self.last: t.Optional[Hit] = None
        self.before: t.Deque[Hit] = collections.deque(maxlen=_BEFORE)  # since the start, those before the last
        self.restarted = False  # since its last line
        self.order = (0, 0)  # of its last line: number of the block, place in it

    @property
    def count_since_start(self) -> int:
        return self.earlier + self.since


class Failures:
    """The groups of a whole scan, in which lines are counted in the order of the log."""

    def __init__(self) -> None:
        self._groups: t.Dict[t.Tuple[str, str, str], Group] = {}
        self._signals: t.Dict[t.Tuple[str, bool], str] = {}
        self._block = 0

    def begin_series(self) -> None:
        """What follows is the log of another program."""
        for group in self._groups.values():
            group.earlier += group.since
            group.since = 0

    def begin_process(self) -> None:
        """What follows was written since the last start."""
        for group in self._groups.values():
            group.since = 0
            group.before.clear()
            group.restarted = True

    def begin_block(self, boundary: int) -> None:
        """A block comes, in which the last start of the process is at `boundary` (-1: none)."""
        self._block += 1
        if boundary >= 0:
            self.begin_process()

    def add(self, pattern: Pattern, ends: t.Sequence[int], boundary: int, block: Block, relative: bool) -> t.List[bool]:
        """Count the lines that end at `ends`; for each of them whether it may be about traces."""
        about = []
        for end in ends:
            line = block.content(end)
            signal = self._signal(line)
            about.append(signal not in OTHER_SIGNALS)
            group = self._group(pattern, line, signal)
            group.count += 1
            group.since += end >= boundary
            group.order = (self._block, end)
            if group.last is not None and not group.restarted:
                group.before.append(group.last)
            group.last = block.hit(end, relative)
            group.restarted = end < boundary
        return about

    def _signal(self, line: str) -> str:
        """As reasons.signal_of, which takes long, once for lines that differ in numbers only."""
        key = (_NUMBERS.sub("#", line), "/v1/" in line)
        if key not in self._signals:
            if len(self._signals) >= _SIGNALS:
                self._signals.clear()
            from ansible_collections.traceops.tracing.plugins.module_utils._otel import reasons

            self._signals[key] = reasons.signal_of(line)
        return self._signals[key]

    def _group(self, pattern: Pattern, line: str, signal: str) -> Group:
        key = (pattern.name, signal, _NUMBERS.sub("#", line[:_TOLD]))
        if key not in self._groups and len(self._groups) >= _MOST:
            key = (pattern.name, signal, "")
        if key not in self._groups:
            self._groups[key] = Group(pattern.name, pattern.reasons, signal)
        return self._groups[key]

    def unplaced(self) -> t.Iterator[Hit]:
        """The last line of each group whose record is not read yet."""
        for group in self._groups.values():
            for hit in (*group.before, group.last):
                if hit is not None and not hit.placed:
                    yield hit

    def result(self, latest: t.Optional[float], redact: bool) -> Told:
        """What the groups tell; `latest` is the time of the log's last line."""
        told = [_told(group, redact) for group in sorted(self._groups.values(), key=lambda group: group.order)]
        traces = [each for each in told if each.signal not in OTHER_SIGNALS]
        late = [each for each in told if each.signal in OTHER_SIGNALS and not each.group.signal]
        exports = [each for each in traces if each.group.kind == "export"]
        if exports and all(each.cause in (*GENERAL, *BROKEN, "server_error") for each in exports):
            # What the transport below says, and nobody else, names the cause.
            exports += [each for each in traces if each.group.kind == "hint" and each.cause not in GENERAL]
        return {
            "reasons": _by_cause(exports),
            "reason": _deciding(exports, latest),
            "other_signals": {
                signal: _entry([each for each in told if each.signal == signal])
                for signal in OTHER_SIGNALS
                if any(each.signal == signal for each in told)
            },
            "of_patterns": {each.group.pattern: {"cause": each.cause, "words": each.words} for each in traces},
            "withdrawn": {
                name: (
                    sum(each.group.count for each in late if each.group.pattern == name),
                    sum(each.group.count_since_start for each in late if each.group.pattern == name),
                )
                for name in {each.group.pattern for each in late}
            },
        }


class _Told(t.NamedTuple):
    """A group, and what its last record says."""

    group: Group
    cause: str
    words: str
    protocol: str
    at: t.Optional[float]
    signal: str  # of its line, else of its record


def _told(group: Group, redact: bool) -> _Told:
    """What the group's last record says; of a connection that broke what one shortly before says why."""
    told = _said(group, group.last, redact)
    if told.cause in BROKEN and group.signal not in OTHER_SIGNALS:
        earlier = [_said(group, hit, redact) for hit in reversed(group.before)]
        return next((each for each in earlier if _why(each.cause) and _near(each.at, told.at)), told)
    return told


def _why(cause: str) -> bool:
    return cause not in (*GENERAL, *BROKEN)


def _said(group: Group, hit: t.Optional[Hit], redact: bool) -> _Told:
    # Only here: their tables cost the host of a healthy application more than to read its log.
    from ansible_collections.traceops.tracing.plugins.module_utils._otel import reasons, records

    record = records.record(hit.record or [hit.text]) if hit else []
    cause, words = reasons.explain(record)
    shown = textform.shown(words, redact, _SHOWN)
    signal = group.signal or reasons.signal_of_record(record)
    return _Told(group, cause, shown, reasons.protocol_of(record), hit.at if hit else None, signal)


def _by_cause(told: t.Sequence[_Told]) -> t.Dict[str, Reason]:
    causes = dict.fromkeys(each.cause for each in told)
    return {cause: _entry([each for each in told if each.cause == cause]) for cause in causes}


def _entry(told: t.Sequence[_Told]) -> Reason:
    last = told[-1]
    return {
        "count": sum(each.group.count for each in told),
        "count_since_start": sum(each.group.count_since_start for each in told),
        "words": last.words,
        "time": iso(last.at),
        "pattern": last.group.pattern,
        "protocol": next((each.protocol for each in reversed(told) if each.protocol), ""),
    }


def _last_telling(told: t.Sequence[_Told]) -> _Told:
    """The last that says something; where that is a connection that broke, what says why at about that time."""
    telling = [each for each in told if each.cause not in GENERAL]
    if not telling:
        # Of causes that say little, the receiver's own word goes first.
        return next((each for each in reversed(told) if each.cause == "unavailable"), told[-1])
    last = telling[-1]
    if last.cause in BROKEN:
        why = [each for each in telling if each.cause not in BROKEN and _near(each.at, last.at)]
        return why[-1] if why else last
    return last


def _near(one: t.Optional[float], other: t.Optional[float]) -> bool:
    return one is None or other is None or abs(one - other) <= _NEAR_S


def _deciding(told: t.Sequence[_Told], latest: t.Optional[float]) -> t.Optional[DecidingReason]:
    """The last cause since the start that says something, else the last; None when no export failed since."""
    now = [each for each in told if each.group.count_since_start]
    if not now:
        return None
    last = _last_telling(now)
    entry = _entry([each for each in now if each.cause == last.cause])
    newest = max((each.at for each in now if each.at is not None), default=None)
    return {
        "cause": last.cause,
        **entry,
        "before_end_s": round(latest - newest, 3) if latest is not None and newest is not None else None,
    }
