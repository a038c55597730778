# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Tempo's failures mean: one place turns an HttpError into the cause and the sentence of a probe."""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError

_TOO_LARGE = re.compile(r"larger than (?:the )?max|trace exceeds max size")


@contextlib.contextmanager
def asking_tempo(result: t.Mapping[str, t.Any]) -> t.Iterator[None]:
    """Raise what goes wrong inside as a ProbeFailure that carries `result`, with the values known by then."""
    try:
        yield
    except HttpError as error:
        failure = ProbeFailure(*explain(error))
    except ProbeFailure as error:
        failure = error
    else:
        return
    failure.result = {**result, "cause": failure.cause, "message": failure.message}
    raise failure from None


def explain(error: HttpError) -> t.Tuple[str, str]:
    """(cause, sentence): those of the error, or what Tempo means by this answer.

    tenant_missing: 401 `no org id` (2.3 to 3.0). bad_query: 400 `invalid TraceQL query`. rejected: any other 400.
    not_tempo: an answer that Tempo gives nowhere. trace_too_large: 422 `trace exceeds max size`,
    or 500 when it does not fit a gRPC message inside Tempo: `response larger than the max (N vs M)` (2.10),
    `grpc: received message larger than max (N vs. M)` (1.x to 3.0), `trace exceeds max size` (before 2.7).
    """
    answer = error.response
    if answer is None:
        if error.cause == "not_http":
            return "not_tempo", f"{error.message}; is this one of Tempo's gRPC ports? Its API is at 3200 by default"
        return error.cause, error.message
    text = excerpt(answer.body, 200)
    if answer.status == 401 and "no org id" in text:
        return "tenant_missing", f"{error.message}; this Tempo is multi-tenant, give it a tenant"
    if answer.status == 400 and "TraceQL" in text:
        return "bad_query", f"Tempo does not understand the query: {text}"
    if answer.status == 400:
        return "rejected", error.message
    if answer.status == 422 or (answer.status == 500 and _TOO_LARGE.search(text)):
        return "trace_too_large", f"{error.message}; the trace is too large for this Tempo to answer with"
    if answer.status == 404 or error.cause in ("not_json", "not_a_trace", "not_tempo") or 300 <= answer.status < 400:
        return "not_tempo", f"{error.message}; this is not Tempo's API (its base URL ends before /api)"
    return error.cause, error.message
