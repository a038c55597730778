"""Run the OTLP probe as a module would, and hold it to its time limit."""

from __future__ import annotations

import os
import time
import typing as t
from unittest import mock

from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.tests.probing import options

# What a busy machine may add to a deadline: threads that end, a process that is not scheduled.
SLACK = 2.0


def ask(
    endpoint: str, timeout: float = 5.0, proxies: t.Mapping[str, str] | None = None, **given: t.Any
) -> dict[str, t.Any]:
    """The probe's result for `endpoint`, where the environment names `proxies` and no others.

    Fails when it took longer than its time limits allow.
    """
    limit = timeout + (given.get("wait_timeout", 30.0) + timeout if given.get("tempo_url") else 0)
    others = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with mock.patch.dict(os.environ, {**others, **(proxies or {})}, clear=True):
        started = time.monotonic()
        result = otlp.run(options(otlp, endpoint=endpoint, timeout=timeout, **given))
        assert time.monotonic() - started < limit + SLACK
    assert result["ok"] is (result["cause"] == "ok")
    return result
