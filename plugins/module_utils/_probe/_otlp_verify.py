# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last phase of the OTLP probe: waits until Tempo has what was accepted."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.traceops.tracing.plugins.module_utils._client._http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client._tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._errors import MissingLibrary
from ansible_collections.traceops.tracing.plugins.module_utils._probe._waiting import Clock, wait_for

LONGEST_PAUSE = 0.2  # seconds: what waiting may add to the moment a trace can be read
_CREDENTIALS = ("url_username", "url_password", "token", "headers")


def verify(
    params: t.Mapping[str, t.Any], receiver: str, result: t.Dict[str, t.Any], message: str, clock: Clock
) -> t.Tuple[str, str]:
    """Look the trace ids of `result` up by id, which every Tempo answers at once, and fill its verify phase.

    (cause, message) of the whole probe: ok, or not_visible. A Tempo that can't be asked leaves both as they were:
    `verified` is then None and the phase has the cause. Credentials go only to the host that the spans went to.
    """
    seen = result["phases"]["verify"]
    started = clock.monotonic()
    missing = list(result["trace_ids"])
    url = str(params["tempo_url"])
    asked = dict(params)
    if urlsplit(url).hostname != receiver:
        asked.update(dict.fromkeys(_CREDENTIALS))

    def look() -> t.List[str]:
        for trace_id in list(missing):
            if client.trace_by_id(trace_id) is not None:
                missing.remove(trace_id)
            if clock.monotonic() > started + params["wait_timeout"]:
                break  # many of them may take longer than the wait
        return missing

    try:
        client = TempoClient(asked)
        seen["url"] = client.url
        waited = wait_for(look, lambda left: not left, params["wait_timeout"], clock, LONGEST_PAUSE)
    except (HttpError, MissingLibrary) as error:
        seen["cause"] = error.cause
        return "ok", f"{message}; Tempo could not be asked for it: {error.message}"
    finally:
        elapsed = clock.monotonic() - started
        seen["ms"] = round(elapsed * 1000, 1)
    seen.update(attempts=waited.attempts, missing=len(missing), ok=not missing)
    result["verified"] = not missing
    if missing:
        seen["cause"] = "not_visible"
        share = "it" if len(result["trace_ids"]) == 1 else f"{len(missing)} of {len(result['trace_ids'])} traces"
        return "not_visible", f"{message}, but after {elapsed:.3g} s {client.url} does not have {share}"
    seen["cause"] = "ok"
    result["visible_after"] = round(elapsed, 3)
    return "ok", f"{message}, and {client.url} has it after {elapsed:.2g} s"
