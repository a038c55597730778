# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last phase of the OTLP probe: waits until Tempo has what was accepted."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import MissingLibrary
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import Clock, wait_for
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.encode import Span
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp.result import Result

LONGEST_PAUSE = 0.1  # seconds: what waiting may add to the moment a trace can be read
_CREDENTIALS = ("url_username", "url_password", "token", "headers")


def verify(
    params: t.Mapping[str, t.Any],
    receiver: str,
    spans: t.Sequence[Span],
    result: Result,
    message: str,
    clock: Clock,
) -> t.Tuple[str, str]:
    """Look for `spans` by trace id, which every Tempo answers at once, and fill the verify phase of `result`.

    (cause, message) of the whole probe: ok, or not_visible. A Tempo that cannot be asked leaves both as they were:
    `verified` is then None and the phase has the cause. Credentials go only to the host that the spans went to.
    """
    seen = result["phases"]["verify"]
    started = clock.monotonic()
    missing: t.Dict[str, t.Set[str]] = {}
    for span in spans:
        missing.setdefault(span.trace_id.hex(), set()).add(span.span_id.hex())
    asked = dict(params)
    if urlsplit(str(params["tempo_url"])).hostname != receiver:
        asked.update(dict.fromkeys(_CREDENTIALS))

    def look() -> int:
        for trace_id in list(missing):
            trace = client.trace_by_id(trace_id)
            # By span: the trace of a traceparent may be there without it.
            missing[trace_id] -= {span.span_id for span in trace.spans} if trace else set()
            if not missing[trace_id]:
                del missing[trace_id]
            if clock.monotonic() > started + params["wait_timeout"]:
                break  # many of them may take longer than the wait
        return sum(map(len, missing.values()))

    try:
        client = TempoClient(asked)
        seen["url"] = client.url
        waited = wait_for(look, lambda left: left == 0, params["wait_timeout"], clock, LONGEST_PAUSE)
    except (HttpError, MissingLibrary) as error:
        seen["cause"] = error.cause
        return "ok", f"{message}; Tempo could not be asked for it: {error.message}"
    finally:
        elapsed = clock.monotonic() - started
        seen["ms"] = round(elapsed * 1000, 1)
    lost = waited.last
    seen["attempts"], seen["missing"], seen["ok"] = waited.attempts, lost, not lost
    result["verified"] = not lost
    if lost:
        seen["cause"] = "not_visible"
        what = "it" if len(spans) == 1 else f"{lost} of them"
        return "not_visible", f"{message}, but after {elapsed:.3g} s {client.url} does not have {what}"
    seen["cause"] = "ok"
    result["visible_after"] = round(elapsed, 3)
    return "ok", f"{message}, and {client.url} has {'it' if len(spans) == 1 else 'them'} after {elapsed:.2g} s"
