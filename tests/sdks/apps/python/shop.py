"""A program with a few spans: the exporters take endpoint, headers and timeouts from OTEL_*."""

import logging
import os
import sys
import time

from opentelemetry import metrics, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

GRPC = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc"
SIGNALS = os.environ.get("SHOP_SIGNALS", "traces")
LEVELS = {"debug": logging.DEBUG, "none": None}


def exporter(signal, name):
    way = "grpc" if GRPC else "http"
    module = __import__(f"opentelemetry.exporter.otlp.proto.{way}.{signal}", fromlist=[name])
    return getattr(module, name)()


def start_metrics():
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    reader = PeriodicExportingMetricReader(exporter("metric_exporter", "OTLPMetricExporter"), 800)
    metrics.set_meter_provider(MeterProvider([reader]))
    metrics.get_meter("shop").create_counter("orders").add(1)


def start_logs():
    from opentelemetry.sdk._logs import LoggerProvider

    try:
        from opentelemetry.sdk._logs import LoggingHandler
    except ImportError:  # it has moved to the instrumentation of logging
        return
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter("_log_exporter", "OTLPLogExporter"), 800))
    logging.getLogger("shop").addHandler(LoggingHandler(level=logging.INFO, logger_provider=provider))


def main():
    level = LEVELS.get(os.environ.get("SHOP_LOGGING"), logging.INFO)
    if level is not None:
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)s [%(name)s] %(message)s", stream=sys.stderr)
    log = logging.getLogger("shop")
    log.info("application started")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter("trace_exporter", "OTLPSpanExporter")))
    trace.set_tracer_provider(provider)
    if "metrics" in SIGNALS:
        start_metrics()
    if "logs" in SIGNALS:
        start_logs()
    tracer = trace.get_tracer("shop")
    for round_number in range(3):
        for number in range(2):
            with tracer.start_as_current_span(f"order {round_number}.{number}"):
                log.info("order %d.%d taken", round_number, number)
        time.sleep(1.5)
    provider.shutdown()
    log.info("application stopped")


main()
