"""The application under test: the real OpenTelemetry SDK, a log in Velostream's wording, a few linked traces.

A program of its own, since an application is another process than the stack: see `--help`. It exits 0 also when
its spans could not be exported; an application goes on without tracing.
"""

from __future__ import annotations

import argparse
import datetime
import logging
import re
import secrets
import time
import typing as t
import urllib.parse

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

EXPORT_TIMEOUT = 3.0  # seconds, retries included
TELEMETRY = "velostream::observability::telemetry"
SPAN_PROCESSOR = "velostream::observability::tokio_span_processor"
MAIN = "velo_sql"


class Log:
    """Lines as env_logger writes them."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115

    def write(self, level: str, module: str, message: str) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._file.write(f"[{now} {level:<5} {module}] {message}\n")
        self._file.flush()


class _Reasons(logging.Handler):
    """Keeps why the SDK's exporter failed; what it retries has the reason, its last word has none."""

    last = "unknown error"

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage().splitlines()[0]
        transient = re.match(r"Transient error (.*) encountered while exporting", said)
        if transient:
            self.last = transient.group(1)
        elif "max retries" not in said:
            self.last = said


class LoggedExporter(SpanExporter):
    """Says in the log what became of each batch."""

    def __init__(self, inner: SpanExporter, log: Log, reasons: _Reasons) -> None:
        self._inner, self._log, self._reasons = inner, log, reasons

    def export(self, spans: t.Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is SpanExportResult.SUCCESS:
            message = f"TokioSpanProcessor: export of {len(spans)} spans succeeded"
            self._log.write("DEBUG", SPAN_PROCESSOR, message)
        else:
            message = f"TokioSpanProcessor: failed to export {len(spans)} spans: {self._reasons.last}"
            self._log.write("WARN", SPAN_PROCESSOR, message)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


def make_exporter(endpoint: str, protocol: str, tenant: str) -> SpanExporter:
    """Raises ValueError for an endpoint that is no URL, the one thing that fails before the first export."""
    parts = urllib.parse.urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"invalid URI {endpoint}: scheme is missing")
    headers = {"x-scope-orgid": tenant} if tenant else {}
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter

        insecure = parts.scheme == "http"
        return GrpcExporter(endpoint=endpoint, insecure=insecure, headers=headers, timeout=EXPORT_TIMEOUT)
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter

    url = f"{endpoint.rstrip('/')}/v1/traces"
    return HttpExporter(endpoint=url, headers=headers, compression=Compression.Gzip, timeout=EXPORT_TIMEOUT)


def start_tracing(options: argparse.Namespace, log: Log) -> TracerProvider | None:
    ratio, endpoint = options.ratio, options.endpoint
    log.write("INFO", MAIN, f"🔍 Distributed Tracing: ENABLED (mode: {options.mode}, sampling: {ratio:g})")
    log.write("INFO", TELEMETRY, f"🔍 Initializing OpenTelemetry distributed tracing for service '{options.service}'")
    if not endpoint:
        log.write("INFO", TELEMETRY, "🧪 Using test mode with in-memory span collection (no OTLP endpoint)")
        return None
    log.write("INFO", TELEMETRY, f"📊 Tracing configuration: endpoint={endpoint}, sampling_ratio={ratio:g}")
    reasons = _Reasons(logging.WARNING)
    logging.getLogger("opentelemetry").addHandler(reasons)
    logging.getLogger("opentelemetry").propagate = False
    try:
        exporter = make_exporter(endpoint, options.protocol, options.tenant)
    except ValueError as error:
        log.write("ERROR", TELEMETRY, f"❌ Failed to create OTLP exporter: {error}")
        message = f"⚠️ Failed to initialize observability: {error}. Continuing without observability"
        log.write("WARN", MAIN, message)
        return None
    kind = "gRPC" if options.protocol == "grpc" else "HTTP"
    log.write("INFO", TELEMETRY, f"✅ OTLP {kind} exporter created successfully for {endpoint} (gzip enabled)")
    log.write("INFO", TELEMETRY, f"🎲 Trace sampling: {ratio * 100:.1f}% (using config sampling_ratio)")
    log.write("INFO", TELEMETRY, "✅ OpenTelemetry tracer initialized - spans will be exported to Tempo")
    log.write("INFO", MAIN, "✅ Phase 4: Distributed tracing initialized")
    log.write("INFO", SPAN_PROCESSOR, "TokioSpanProcessor: export loop started")
    resource = Resource.create({"service.name": options.service} if options.service else {})
    # Velostream's source of 2026-02-19: from 0.01 downwards its sampler is ParentBased(AlwaysOff).
    root = ALWAYS_OFF if ratio <= 0.01 else TraceIdRatioBased(ratio)
    provider = TracerProvider(resource=resource, sampler=ParentBased(root))
    provider.add_span_processor(BatchSpanProcessor(LoggedExporter(exporter, log, reasons)))
    return provider


def process_record(tracer: Tracer, log: Log, upstream: str) -> None:
    headers = {"traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{upstream}"} if upstream else {}
    with tracer.start_as_current_span(
        "process:market_data",
        context=TraceContextTextMapPropagator().extract(headers),
        kind=SpanKind.SERVER,
        attributes={"job": "market_data"},
    ):
        with tracer.start_as_current_span("sql_query:select"):
            time.sleep(0.002)  # a duration that shows
        with tracer.start_as_current_span("produce:quotes", kind=SpanKind.PRODUCER) as span:
            context = span.get_span_context()
            # Velostream's SDK knows the sampled flag only, where Python's also sets the random one (03).
            traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & 1:02x}"
            log.write("DEBUG", TELEMETRY, f"🔍 Injecting traceparent header: {traceparent}")
        log.write("DEBUG", TELEMETRY, "Span completed successfully in 2ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", required=True)
    parser.add_argument("--service", default="velo-sql-app.sql")
    parser.add_argument("--endpoint", default="http://localhost:4318")
    parser.add_argument("--protocol", choices=("grpc", "http/protobuf"), default="http/protobuf")
    parser.add_argument("--tenant", default="")
    parser.add_argument("--ratio", type=float, default=1.0)
    parser.add_argument("--mode", default="debug", help="the sampling mode that the log names")
    parser.add_argument("--records", type=int, default=5)
    parser.add_argument(
        "--upstream-flags", default="", help="every record comes with a traceparent that has these flags"
    )
    parser.add_argument("--disable-tracing", action="store_true")
    options = parser.parse_args()
    log = Log(options.log)
    log.write("INFO", MAIN, "Starting velo-sql deploy-app --file app.sql")
    provider = None if options.disable_tracing else start_tracing(options, log)
    log.write("INFO", MAIN, "Job 'market_data' deployed")
    if provider:
        tracer = provider.get_tracer("velostream")
        for _unused in range(options.records):
            process_record(tracer, log, options.upstream_flags)
        provider.shutdown()
    log.write("INFO", MAIN, f"Job 'market_data': {options.records} records processed, 0 failed")
    if provider:
        log.write("INFO", SPAN_PROCESSOR, "TokioSpanProcessor: export loop ended")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
