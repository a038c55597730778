//! A program with a few spans, for opentelemetry 0.33: the exporters take endpoint, headers and time-outs from OTEL_*.
use std::time::Duration;

use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry_otlp::{MetricExporter, SpanExporter};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn main() {
    // reqwest's blocking client must not be made inside the runtime that gRPC needs.
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let grpc = setting("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc";
    let _inside = grpc.then(|| runtime.enter());
    if setting("SHOP_LOGGING") != "none" {
        let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).init();
    }
    tracing::info!("application started");
    let exporter = if grpc { SpanExporter::builder().with_tonic().build() } else { SpanExporter::builder().with_http().build() };
    let exporter = match exporter {
        Ok(exporter) => exporter,
        Err(error) => {
            tracing::error!("cannot start tracing: {error}");
            std::process::exit(1);
        }
    };
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let meters = setting("SHOP_SIGNALS").contains("metrics").then(|| metrics(grpc));
    opentelemetry::global::set_tracer_provider(provider.clone());
    let tracer = provider.tracer("shop");
    for round in 0..3 {
        for number in 0..2 {
            tracer.start(format!("order {round}.{number}")).end();
        }
        std::thread::sleep(Duration::from_millis(1500));
    }
    if let Err(error) = provider.shutdown() {
        tracing::warn!("tracing ended with: {error}");
    }
    if let Some(meters) = meters {
        let _ = meters.shutdown();
    }
    tracing::info!("application stopped");
}

fn metrics(grpc: bool) -> SdkMeterProvider {
    let exporter = if grpc { MetricExporter::builder().with_tonic().build() } else { MetricExporter::builder().with_http().build() };
    let reader = PeriodicReader::builder(exporter.expect("metrics")).with_interval(Duration::from_millis(800)).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    provider.meter("shop").u64_counter("orders").build().add(1, &[]);
    provider
}
