# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts x checks, small enough for a page: hosts with equal outcomes share one pattern of letters."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._report import fold
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import HOPS

Report = t.Dict[str, t.Any]

# One letter for each state; the worst first.
LETTERS = {
    "failed": "F",
    "warning": "W",
    "pending": "P",
    "unknown": "U",
    "blocked": "B",
    "info": "I",
    "suppressed": "S",
    "ok": "k",
    "skipped": "-",
}
_STATES = {letter: state for state, letter in LETTERS.items()}
_LOUD = ("failed", "warning", "pending", "unknown", "blocked", "info", "suppressed")


class Matrix(t.NamedTuple):
    """`patterns` are strings with a letter for each of `checks`; `places` are (name, number of its pattern)."""

    checks: t.List[t.Tuple[str, str]]  # (id, hop), in path order
    patterns: t.List[str]
    places: t.List[t.Tuple[str, int]]

    def data(self) -> t.Dict[str, t.Any]:
        """What the script reads."""
        return {
            "checks": [check_id for check_id, _hop in self.checks],
            "hops": [HOPS.index(hop) for _check_id, hop in self.checks],
            "hopNames": list(HOPS),
            "patterns": self.patterns,
            "names": [clean(name)[:200] for name, _pattern in self.places],
            "of": [pattern for _name, pattern in self.places],
            "states": _STATES,
        }

    def together(self) -> t.List[t.Dict[str, t.Any]]:
        """The same as rows of words: {names, states: {state: [check ids]}, passed, skipped}, the worst first."""
        members: t.Dict[int, t.List[str]] = {}
        for name, number in self.places:
            members.setdefault(number, []).append(clean(name)[:200])
        ids = [check_id for check_id, _hop in self.checks]
        rows: t.List[t.Dict[str, t.Any]] = []
        for pattern, names in ((self.patterns[number], names) for number, names in members.items()):
            states = {
                state: [ids[place] for place, letter in enumerate(pattern) if letter == LETTERS[state]]
                for state in _LOUD
                if LETTERS[state] in pattern
            }
            rows.append({"names": names, "states": states, "passed": pattern.count("k"), "skipped": pattern.count("-")})
        rows.sort(key=lambda row: [-len(row["states"].get(state, ())) for state in _LOUD] + [-len(row["names"])])
        return rows


def matrix(report: Report, folded: fold.Folded) -> Matrix:
    """The outcomes of each host's applications; what is said of the host itself stands with each of them.

    Checks that nobody could decide anywhere are left out.
    """
    hop_of: t.Dict[str, str] = {}
    for finding, _rows in folded.groups:
        if finding["host"] is not None and finding["state"] != "skipped":
            hop_of.setdefault(finding["id"], finding["hop"])
    checks = sorted(hop_of.items(), key=lambda pair: HOPS.index(pair[1]))
    column = {check_id: place for place, (check_id, _hop) in enumerate(checks)}
    blank = b"-" * len(checks)
    cells = [bytearray(blank) if row.host is not None else bytearray() for row in folded.rows]
    for finding, rows in folded.groups:
        place = column.get(finding["id"])
        if place is not None and finding["host"] is not None and finding["state"] != "skipped":
            letter = ord(LETTERS[finding["state"]])
            for row in rows:
                cells[row][place] = letter
    hosts = {
        row.host: cells[n] for n, row in enumerate(folded.rows) if row.host is not None and row.application is None
    }
    numbers: t.Dict[str, int] = {}
    places = []
    several = report["evidence"]["hosts"]
    for whom, own in zip(folded.rows, cells):
        if whom.host is None or (whom.application is None and several[whom.host]["applications"]):
            continue
        about = hosts.get(whom.host)
        if about is not None and whom.application is not None:
            own = bytearray(b if a == ord("-") else a for a, b in zip(own, about))
        pattern = numbers.setdefault(own.decode(), len(numbers))
        places.append((fold.subject(report, whom._asdict()), pattern))
    return Matrix(checks, list(numbers), places)
