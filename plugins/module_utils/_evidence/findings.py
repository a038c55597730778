# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings of a report as a sequence of plain dictionaries that are made when they are looked at.

Of 5,000 hosts there are a million findings, of which most say the same: what is said is kept once, and who it is said
of beside it. Runs on the controller only.
"""

from __future__ import annotations

import collections.abc
import itertools
import typing as t

Finding = t.Dict[str, t.Any]


class Subject(t.NamedTuple):
    """What a finding is about: an application of a host (all three), a host, a backend (alone), or the run (none)."""

    host: t.Optional[str] = None
    application: t.Optional[str] = None
    backend: t.Optional[str] = None


class Rows(t.NamedTuple):
    """The findings of one subject; the dictionaries may be those of others as well, whose subjects they do not have."""

    subject: Subject
    said: t.Sequence[Finding]


class Findings(t.Sequence[Finding]):
    """Findings subject by subject. Equal to a list of the same dictionaries, each of which is made anew."""

    def __init__(self, rows: t.Iterable[Rows]) -> None:
        self.rows = list(rows)
        self._ends = list(itertools.accumulate(len(row.said) for row in self.rows))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> t.Iterator[Finding]:
        for (host, application, backend), said in self.rows:
            for each in said:
                yield {**each, "host": host, "application": application, "backend": backend}

    @t.overload
    def __getitem__(self, at: int) -> Finding: ...

    @t.overload
    def __getitem__(self, at: slice) -> t.List[Finding]: ...

    def __getitem__(self, at: t.Union[int, slice]) -> t.Union[Finding, t.List[Finding]]:
        if isinstance(at, slice):
            return list(self)[at]
        at = at + len(self) if at < 0 else at
        if not 0 <= at < len(self):
            raise IndexError(at)
        return next(itertools.islice(self, at, None))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, collections.abc.Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Findings({len(self)} of {len(self.rows)} subjects)"


def by_subject(findings: t.Iterable[Finding]) -> t.Iterator[Rows]:
    """The findings of a report document, those of one subject together."""
    if isinstance(findings, Findings):
        yield from findings.rows
        return
    for whom, said in itertools.groupby(findings, lambda each: (each["host"], each["application"], each["backend"])):
        yield Rows(Subject(*whom), list(said))
