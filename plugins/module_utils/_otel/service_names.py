# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the service names that Tempo has may be meant by another."""

from __future__ import annotations

import difflib
import typing as t

MAX_SUGGESTIONS = 5


def suggest(service: str, known: t.Sequence[str]) -> t.List[str]:
    """Names that may be meant by `service`, best first: other case, longer or shorter, misspelt, SDK defaults."""
    scored = [(-_nearness(service.casefold(), name.casefold()), name) for name in known if name != service]
    return [name for score, name in sorted(scored)[:MAX_SUGGESTIONS] if score]


def _nearness(wanted: str, name: str) -> float:
    """How likely one is meant by the other: 4 for the same name in other case, 0 for no relation."""
    if name == wanted:
        return 4.0
    short, long = sorted((wanted, name), key=len)
    if len(short) > 2 and short in long:
        return (3.0 if long.startswith(short) else 2.0) + len(short) / len(long)
    alike = difflib.SequenceMatcher(None, wanted, name).ratio()
    if alike >= 0.6:
        return alike
    # An SDK without a name says unknown_service or unknown_service:<process>.
    return 0.1 if name.startswith("unknown_service") else 0.0
