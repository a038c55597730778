# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): how far is this host's clock from Tempo's, and does anything keep it right?

`cause`: ok; of the ProbeFailure no_date, or a cause of `http.HttpError`.
"""

from __future__ import annotations

import datetime
import email.utils
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO, Spec
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import public_url
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpClient, HttpError, Response
from ansible_collections.traceops.tracing.plugins.module_utils._probe.clock import ntp

ARGUMENT_SPEC: Spec = {**HTTP, **TEMPO}
SAMPLES = 3


class Result(t.TypedDict, total=False):
    """What `run` returns; what was measured is null when the server gave no time."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    offset_s: t.Optional[float]  # host minus server, true within +-error_s
    error_s: t.Optional[float]
    round_trip_ms: t.Optional[float]
    server_time: t.Optional[str]  # as its Date header has it
    host_time: t.Optional[str]
    ntp: ntp.Ntp


class Bounds(t.NamedTuple):
    """The offset lies between these, in seconds."""

    low: float
    high: float


def run(params: t.Dict[str, t.Any]) -> Result:
    """The offset against the Date header of `tempo_url`; any answer has one, whatever its status."""
    client = HttpClient(params["tempo_url"], params, "tempo_url")
    result: Result = {
        "offset_s": None,
        "error_s": None,
        "round_trip_ms": None,
        "server_time": None,
        "host_time": None,
        "ntp": ntp.state(),
    }
    try:
        bounds = _measure(client, result)
    except HttpError as error:
        raise _failure(error.cause, error.message, result) from None
    except ProbeFailure as failure:
        raise _failure(failure.cause, failure.message, result) from None
    offset, error_s = round((bounds.low + bounds.high) / 2, 3), round((bounds.high - bounds.low) / 2, 3)
    message = _words(offset, error_s, client.base_url)
    return {**result, "ok": True, "cause": "ok", "message": message, "offset_s": offset, "error_s": error_s}


def _measure(client: HttpClient, result: Result) -> Bounds:
    """What all samples agree on; where the clock was set meanwhile, what the last one says."""
    agreed: t.Optional[Bounds] = None
    deadline = time.monotonic() + client.timeout
    for _unused in range(SAMPLES):
        sent = _now()
        response = client.get("/ready", accept="*/*", retry=False, timeout=max(0.1, deadline - time.monotonic()))
        received = sent + response.elapsed_ms / 1000
        bounds = offset_bounds(sent, received, _date(response))
        overlap = Bounds(max(bounds.low, agreed.low), min(bounds.high, agreed.high)) if agreed else bounds
        agreed = overlap if overlap.low <= overlap.high else bounds
        result["round_trip_ms"] = min(response.elapsed_ms, result["round_trip_ms"] or response.elapsed_ms)
        result["server_time"], result["host_time"] = response.headers["date"][:40], _utc(received)
    if agreed is None:
        raise ProbeFailure("no_date", "no sample was taken")
    return agreed


def offset_bounds(sent: float, received: float, server: float) -> Bounds:
    """Host minus server, of one exchange: the server stamped whole seconds, between the two host times.

    The server's clock was in [server, server + 1) at some moment in [sent, received].
    """
    return Bounds(sent - server - 1, received - server)


def _now() -> float:
    return time.time()


def _date(response: Response) -> float:
    """The Date header as epoch seconds; a cache's Age is added, so a stored answer does not look like a slow clock."""
    where = public_url(response.url)
    given = response.headers.get("date")
    if not given:
        raise ProbeFailure("no_date", f"GET {where} answered {response.status} without a Date header")
    parsed = email.utils.parsedate_tz(given)
    if parsed is None:
        raise ProbeFailure("no_date", f"GET {where} answered with a Date header that is no date")
    age = response.headers.get("age", "")
    try:
        return email.utils.mktime_tz(parsed) + (int(age) if age.isdigit() and len(age) < 10 else 0)
    except (ValueError, OverflowError):
        raise ProbeFailure("no_date", f"GET {where} answered with a Date header that is no date") from None


def _utc(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _failure(cause: str, message: str, result: Result) -> ProbeFailure:
    return ProbeFailure(cause, message, {"ok": False, "message": message, **result})


def _words(offset: float, error: float, url: str) -> str:
    if abs(offset) <= error:
        return f"this host's clock agrees with that of {public_url(url)} within {error:g} s"
    side = "ahead of" if offset > 0 else "behind"
    return f"this host's clock is {abs(offset):g} s {side} that of {public_url(url)} (±{error:g} s)"
