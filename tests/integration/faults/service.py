"""A service that is configured by its environment alone: the SDK's own configurator, one trace, then it stays.

It writes `ready` when its trace was exported or could not be, and ends when its standard input does. With the argument
`--second-provider` a provider without an exporter is set first, as by a framework; with `--ahead` its span is stamped
two hours ahead, as by a clock that takes local time for UTC.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time

from opentelemetry import trace
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
from opentelemetry.sdk.trace import TracerProvider


def main() -> None:
    if "--second-provider" in sys.argv:
        trace.set_tracer_provider(TracerProvider())
    os.environ.setdefault("OTEL_TRACES_EXPORTER", "otlp")  # as opentelemetry-distro does
    with contextlib.suppress(RuntimeError):  # for an unknown exporter; auto-instrumentation goes on without tracing
        _OTelSDKConfigurator().configure()
    stamp = time.time_ns() + (7200 * 10**9 if "--ahead" in sys.argv else 0)
    trace.get_tracer("service").start_span("request", start_time=stamp).end(stamp + 1_000_000)
    with contextlib.suppress(AttributeError):  # without an SDK there is nothing to flush
        trace.get_tracer_provider().force_flush(5000)  # type: ignore[attr-defined]
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
