"""The lab's one memory: traces by tenant, and what Tempo would have counted."""

from __future__ import annotations

import threading
import time
import typing as t
from collections import Counter
from dataclasses import dataclass, field

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

SINGLE_TENANT = "single-tenant"


@dataclass
class Trace:
    trace_id: bytes
    received: float  # seconds since the epoch, of the last part
    batches: list[ResourceSpans] = field(default_factory=list)
    size: int = 0

    def spans(self) -> t.Iterator[tuple[ResourceSpans, Span]]:
        for batch in self.batches:
            for scope in batch.scope_spans:
                for span in scope.spans:
                    yield batch, span

    @property
    def start(self) -> int:
        """Nanoseconds since the epoch, as is `end`."""
        return min(span.start_time_unix_nano for _unused, span in self.spans())

    @property
    def end(self) -> int:
        return max(span.end_time_unix_nano for _unused, span in self.spans())


class Store:
    """Traces by tenant and id. `clock` gives seconds since the epoch."""

    def __init__(self, clock: t.Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.started = clock()
        self.lock = threading.RLock()
        self.tenants: dict[str, dict[bytes, Trace]] = {}
        self.counters: Counter[tuple[str, ...]] = Counter()  # (metric, label values...) -> value

    def count(self, *key: str, by: int = 1) -> None:
        with self.lock:
            self.counters[key] += by

    def counted(self, *prefix: str) -> dict[tuple[str, ...], int]:
        """The counters whose key begins so, by the rest of the key."""
        with self.lock:
            return {key[len(prefix) :]: n for key, n in self.counters.items() if key[: len(prefix)] == prefix}

    def add(self, tenant: str, batch: ResourceSpans, trace_id: bytes, size: int) -> None:
        with self.lock:
            traces = self.tenants.setdefault(tenant, {})
            if trace_id not in traces:
                traces[trace_id] = Trace(trace_id, self.clock())
                self.count("traces_created", tenant)
            trace = traces[trace_id]
            trace.received = self.clock()
            trace.batches.append(batch)
            trace.size += size

    def traces_of(self, tenants: t.Iterable[str]) -> list[Trace]:
        with self.lock:
            return [trace for tenant in tenants for trace in self.tenants.get(tenant, {}).values()]

    def live(self, tenant: str, idle: float) -> list[Trace]:
        """Traces that got a span within `idle` seconds: Tempo cuts the others to its write-ahead log."""
        with self.lock:
            now = self.clock()
            return [trace for trace in self.tenants.get(tenant, {}).values() if now - trace.received < idle]

    @property
    def traces(self) -> list[Trace]:
        """All traces of all tenants."""
        return self.traces_of(list(self.tenants))

    def batches(self, tenants: t.Iterable[str], trace_id: bytes) -> list[ResourceSpans]:
        """The parts of one trace in the order they came; empty when there is no such trace."""
        with self.lock:
            found = [self.tenants.get(tenant, {}).get(trace_id) for tenant in tenants]
            return [batch for trace in found if trace for batch in trace.batches]


def split_by_trace(batches: t.Iterable[ResourceSpans]) -> dict[bytes, list[ResourceSpans]]:
    """One request's spans by trace id, each part with its resource and scope."""
    out: dict[bytes, list[ResourceSpans]] = {}
    for batch in batches:
        parts: dict[bytes, ResourceSpans] = {}
        for scope in batch.scope_spans:
            scopes: dict[bytes, t.Any] = {}
            for span in scope.spans:
                if span.trace_id not in parts:
                    parts[span.trace_id] = ResourceSpans(resource=batch.resource, schema_url=batch.schema_url)
                if span.trace_id not in scopes:
                    added = parts[span.trace_id].scope_spans.add(schema_url=scope.schema_url)
                    added.scope.CopyFrom(scope.scope)  # present even when empty, as Tempo writes it
                    scopes[span.trace_id] = added
                copy = scopes[span.trace_id].spans.add()
                copy.CopyFrom(span)
                copy.status.SetInParent()
        for trace_id, part in parts.items():
            out.setdefault(trace_id, []).append(part)
    return out
