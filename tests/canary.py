"""Run the OTLP probe as a module would, and hold it to its time limit."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.tests.probing import options

# What a busy machine may add to a deadline: threads that end, a process that is not scheduled.
SLACK = 2.0


def ask(endpoint: str, timeout: float = 5.0, **given: t.Any) -> dict[str, t.Any]:
    """The probe's result for `endpoint`; fails when it took longer than its time limits allow."""
    started = time.monotonic()
    result = otlp.run(options(otlp, endpoint=endpoint, timeout=timeout, **given))
    limit = timeout + (given.get("wait_timeout", 30.0) + timeout if given.get("tempo_url") else 0)
    assert time.monotonic() - started < limit + SLACK
    assert result["ok"] is (result["cause"] == "ok")
    return result
