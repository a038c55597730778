# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Suppressions: failing checks that the user knows about. They stay visible, and they end at their date."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import Library

Entry = t.Dict[str, t.Optional[str]]


class BadSuppression(ValueError):
    """A suppression that cannot be meant; the message names the entry."""


def read(entries: t.Sequence[t.Mapping[str, t.Any]], library: Library) -> t.List[Entry]:
    """Entries `{id, host, application, reason, until}` as the run keeps them; the first three may be patterns (`app*`).

    A date without a time means the end of that day (UTC).
    """
    found: t.List[Entry] = []
    for entry in entries:
        pattern, until = str(entry["id"]), entry.get("until")
        if not any(fnmatch.fnmatchcase(check.id, pattern) for check in library.checks):
            raise BadSuppression(f"suppress: no check has the id '{pattern}'")
        if not str(entry["reason"]).strip():
            raise BadSuppression(f"suppress: the entry for '{pattern}' needs a reason")
        if until is not None:
            until = str(until)
            if len(until) == 10:
                until += "T23:59:59+00:00"
            if epoch(until) is None:
                raise BadSuppression(f"suppress: 'until' of '{pattern}' is no date: '{until}' (write 2027-01-31)")
        where = {key: entry.get(key) for key in ("host", "application")}
        found.append({"id": pattern, **where, "reason": str(entry["reason"]), "until": until})
    return found


def active(entries: t.Iterable[Entry], now: t.Optional[float]) -> t.List[Entry]:
    """The entries that have not ended at `now` (epoch seconds)."""
    return [entry for entry in entries if now is None or (epoch(entry.get("until")) or now) >= now]
