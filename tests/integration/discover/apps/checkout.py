"""A service with a span every half second; the SDK takes exporter, endpoint and sampler from OTEL_*."""

import time

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
while True:
    with trace.get_tracer("checkout").start_as_current_span("order"):
        time.sleep(0.5)
