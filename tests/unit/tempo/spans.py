"""Spans for tests, by what matters in one."""

from __future__ import annotations

from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import Span

BEGIN = 1_795_398_984_000_000_000  # ns
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def span(
    name: str,
    parent: str = "",
    start_ms: float = 0,
    end_ms: float = 10,
    service: str = "shop",
    kind: str = "internal",
    error: bool = False,
) -> Span:
    """A span whose id is made of its name, so that a test can say `parent="checkout"`."""
    return Span(
        trace_id=TRACE_ID,
        span_id=span_id(name),
        parent_id=span_id(parent) if parent else "",
        name=name,
        kind=kind,
        start_ns=BEGIN + round(start_ms * 1e6),
        end_ns=BEGIN + round(end_ms * 1e6),
        error=error,
        service=service,
    )


def span_id(name: str) -> str:
    return name.encode().hex().ljust(16, "0")[:16]
