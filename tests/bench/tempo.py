"""What the Tempo probes cost: a trace of 100,000 spans in time and memory, and many canaries.

Each is measured in a process of its own against a server in this one, so that its memory is the probe's alone;
time is its processor time, since that server and whatever else runs here would count otherwise.
"""

from __future__ import annotations

import base64
import json
import statistics
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from ansible_collections.traceops.tracing.plugins.module_utils._probe import canaries, tempo_trace
from ansible_collections.traceops.tracing.tests.bench.measured import Measured, in_turn
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked, serving

SPANS, BATCHES = 100_000, 20
TRACE_ID = bytes(range(16))
BEGIN = 1_795_398_984_000_000_000
CANARIES = 2000
APPEARS_AFTER = 1.0
ROUNDS = 3


def measure() -> t.Iterator[Measured]:
    """All figures, in a minute."""
    json_, protobuf = (
        _server(Answer(200, {"Content-Type": f"application/{kind}"}, body))
        for kind, body in (("json", _json()), ("protobuf", _protobuf()))
    )
    one = Answer(200, {"Content-Type": "application/json"}, _json(1))
    runs: dict[str, t.Callable[[], dict[str, float]]] = {
        "json": lambda: _child("trace", json_),
        "protobuf": lambda: _child("trace", protobuf),
        "canaries": lambda: _child("canaries", _server(one)),
        "late": lambda: _asked_late(one),
    }
    taken = {
        what: {field: [each[field] for each in found] for field in found[0]}
        for what, found in in_turn(ROUNDS, runs).items()
    }

    def median(name: str, what: str, field: str, unit: str, limit: float, factor: float = 1.0) -> Measured:
        values = [factor * each for each in taken[what][field]]
        return Measured(name, statistics.median(values), unit, limit, {unit: values})

    for kind in ("json", "protobuf"):
        yield median(f"tempo_trace {SPANS} spans, {kind}: processor time", kind, "seconds", "s", 3.0)
        yield median(f"tempo_trace {SPANS} spans, {kind}: peak memory", kind, "mib", "MiB", 400.0)
    name = f"canaries, processor time for each of {CANARIES}"
    yield median(name, "canaries", "seconds", "ms", 3.0, 1000 / CANARIES)
    yield median("canaries: asked after it can be read", "late", "delay", "s", 0.3)


def _asked_late(one: Answer) -> dict[str, float]:
    delays: list[float] = []
    _child("late", _late(one, delays))
    return {"delay": delays[0]}


def _server(trace: Answer) -> t.Callable[[Asked], Answer | None]:
    version = Answer(200, {"Content-Type": "application/json"}, b'{"version":"2.10.8"}')
    return lambda request: trace if "/traces/" in request.path else version


def _late(trace: Answer, delays: list[float]) -> t.Callable[[Asked], Answer | None]:
    """A Tempo that has the trace APPEARS_AFTER the first request; `delays` is how long after that it was asked for."""
    missing = Answer(200, {"Content-Type": "application/json"}, b'{"trace":{}}')
    began: list[float] = []
    there = _server(trace)

    def choose(request: Asked) -> Answer | None:
        began.append(time.monotonic())
        since = time.monotonic() - began[0] - APPEARS_AFTER
        if "/traces/" not in request.path:
            return there(request)
        if since < 0:
            return missing
        delays.append(since)
        return there(request)

    return choose


def _child(what: str, choose: t.Callable[[Asked], Answer | None]) -> dict[str, float]:
    with serving(choose) as (url, _asked):
        done = subprocess.run([sys.executable, "-m", __name__, what, url], capture_output=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _run(what: str, url: str) -> dict[str, float]:
    probe, given = {
        "trace": (tempo_trace, {"trace_id": TRACE_ID.hex()}),
        "canaries": (canaries, {"trace_ids": {str(n): f"{n + 1:x}" for n in range(CANARIES)}}),
        "late": (canaries, {"trace_ids": {"late": "1"}}),
    }[what]
    params = {name: option.get("default") for name, option in probe.ARGUMENT_SPEC.items()}
    began = time.process_time()
    result = probe.run({**params, "tempo_url": url, **given})
    seconds = time.process_time() - began
    if not result["ok"]:
        raise SystemExit(result["message"])
    return {"seconds": seconds, "mib": _peak_mib()}


def _peak_mib() -> float:
    # Not getrusage: its ru_maxrss begins with the size of the process that started this one.
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _ids(number: int) -> tuple[bytes, bytes]:
    """The span's id and its parent's, in a tree in which each span has four children."""
    return (number + 1).to_bytes(8, "big"), ((number - 1) // 4 + 1).to_bytes(8, "big") if number else b""


def _json(count: int = SPANS) -> bytes:
    def one(number: int) -> dict[str, t.Any]:
        span_id, parent_id = _ids(number)
        return {
            "traceId": base64.b64encode(TRACE_ID).decode(),
            "spanId": base64.b64encode(span_id).decode(),
            "parentSpanId": base64.b64encode(parent_id).decode(),
            "name": f"step {number % 50}",
            "kind": "SPAN_KIND_SERVER",
            "startTimeUnixNano": str(BEGIN + number),
            "endTimeUnixNano": str(BEGIN + number + 5_000_000),
            "attributes": [
                {"key": "http.request.method", "value": {"stringValue": "GET"}},
                {"key": "http.response.status_code", "value": {"intValue": "200"}},
                {"key": "url.path", "value": {"stringValue": f"/orders/{number}"}},
                {"key": "db.statement", "value": {"stringValue": "select * from orders where id = ?"}},
            ],
            "status": {},
        }

    batches = [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": f"service-{batch}"}}]},
            "scopeSpans": [{"scope": {}, "spans": [one(number) for number in range(batch, count, BATCHES)]}],
        }
        for batch in range(min(BATCHES, count))
    ]
    return json.dumps({"trace": {"resourceSpans": batches}}, separators=(",", ":")).encode()


def _protobuf() -> bytes:
    parts: list[bytes] = []
    for batch in range(BATCHES):
        spans = ResourceSpans()
        spans.resource.attributes.add(key="service.name").value.string_value = f"service-{batch}"
        scope = spans.scope_spans.add()
        for number in range(batch, SPANS, BATCHES):
            span_id, parent_id = _ids(number)
            span = scope.spans.add(
                trace_id=TRACE_ID,
                span_id=span_id,
                parent_span_id=parent_id,
                name=f"step {number % 50}",
                kind=2,
                start_time_unix_nano=BEGIN + number,
                end_time_unix_nano=BEGIN + number + 5_000_000,
            )
            span.attributes.add(key="http.request.method").value.string_value = "GET"
            span.attributes.add(key="http.response.status_code").value.int_value = 200
            span.attributes.add(key="url.path").value.string_value = f"/orders/{number}"
            span.attributes.add(key="db.statement").value.string_value = "select * from orders where id = ?"
        parts.append(_field(1, spans.SerializeToString()))
    return _field(1, b"".join(parts))


def _field(number: int, body: bytes) -> bytes:
    """`body` as field `number` of a message: the v2 API wraps the trace in its answer."""
    size, length = len(body), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + body


if __name__ == "__main__":
    print(json.dumps(_run(*sys.argv[1:])))
