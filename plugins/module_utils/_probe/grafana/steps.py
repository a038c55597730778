# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a data source test, as its result lists them."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError, Response
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.answers import Answer, Reading

STEPS = (
    "reach",
    "authenticate",
    "permission",
    "find",
    "type",
    "access",
    "health",
    "echo",
    "search",
    "trace",
    "listed_trace",
    "explore",
    "explore_listed",
    "explore_search",
    "reason",
    "identify",
    "direct",
    "from_here",
)

EXPLORE = ("explore", "explore_listed", "explore_search")  # queries that Grafana's back end carries out


class Step(t.TypedDict):
    """What one step saw; `ok` is null for a step that was not run or decides nothing."""

    name: str
    ok: t.Optional[bool]
    status: t.Optional[int]
    elapsed_ms: t.Optional[float]
    cause: str
    message: str
    body_excerpt: t.Optional[str]


_NOT_RUN = Reading(None, "not_run", "not run: not asked for, or of no use after what was seen before")


class Steps:
    """What each step saw, in the order of STEPS."""

    def __init__(self) -> None:
        self._seen: t.Dict[str, Step] = {}

    def add(self, name: str, reading: Reading, answer: t.Optional[Answer] = None) -> Reading:
        """Keep what step `name` read from `answer` (None: it needed no request of its own)."""
        self._seen[name] = _step(name, reading, answer)
        return reading

    def as_list(self) -> t.List[Step]:
        """All steps; those that were not run say so."""
        return [self._seen.get(name) or _step(name, _NOT_RUN, None) for name in STEPS]


def ask(call: t.Callable[[], Response]) -> Answer:
    """The answer that `call` gets, or why there is none, with the time it took."""
    started = time.monotonic()
    try:
        return Answer(call(), None, ms_since(started))
    except HttpError as error:
        return Answer(None, error, ms_since(started))


def ms_since(started: float) -> float:
    """Milliseconds since a reading of the monotonic clock."""
    return round((time.monotonic() - started) * 1000, 1)


def _step(name: str, reading: Reading, answer: t.Optional[Answer]) -> Step:
    response = answer.response if answer else None
    return {
        "name": name,
        "ok": reading.ok,
        "status": response.status if response else None,
        "elapsed_ms": answer.elapsed_ms if answer else None,
        "cause": reading.cause,
        "message": reading.message,
        "body_excerpt": excerpt(response.body, 200) if response else None,
    }
