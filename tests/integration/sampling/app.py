"""An application with the real OpenTelemetry SDK, configured by nothing but its environment: see `main`."""

from __future__ import annotations

import sys

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def main() -> None:
    """Begin as many traces as the second argument says, as the service that the first one names."""
    provider = TracerProvider(resource=Resource.create({"service.name": sys.argv[1]}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("app")
    for number in range(int(sys.argv[2])):
        tracer.start_span(f"request {number}").end()
    provider.shutdown()


if __name__ == "__main__":
    main()
