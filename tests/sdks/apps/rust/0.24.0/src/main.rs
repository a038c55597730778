//! A program with a few spans, for opentelemetry 0.24: the exporters take endpoint, headers and time-outs from OTEL_*.
use std::time::Duration;

use opentelemetry::trace::{Span, Tracer};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::runtime::Tokio;

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

#[tokio::main]
async fn main() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    log::info!("application started");
    let grpc = setting("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc";
    let secure = setting("OTEL_EXPORTER_OTLP_ENDPOINT").starts_with("https");
    let pipeline = opentelemetry_otlp::new_pipeline().tracing();
    let provider = if grpc {
        let mut exporter = opentelemetry_otlp::new_exporter().tonic();
        if secure {
            exporter = exporter.with_tls_config(tonic::transport::ClientTlsConfig::new().with_native_roots());
        }
        pipeline.with_exporter(exporter).install_batch(Tokio)
    } else {
        pipeline.with_exporter(opentelemetry_otlp::new_exporter().http()).install_batch(Tokio)
    };
    let provider = match provider {
        Ok(provider) => provider,
        Err(error) => {
            log::error!("cannot start tracing: {error}");
            std::process::exit(1);
        }
    };
    let _metrics = setting("SHOP_SIGNALS").contains("metrics").then(metrics);
    opentelemetry::global::set_tracer_provider(provider.clone());
    let tracer = opentelemetry::global::tracer("shop");
    for round in 0..3 {
        for number in 0..2 {
            tracer.start(format!("order {round}.{number}")).end();
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    tokio::task::spawn_blocking(opentelemetry::global::shutdown_tracer_provider).await.ok();
    log::info!("application stopped");
}

fn metrics() -> opentelemetry_sdk::metrics::SdkMeterProvider {
    use opentelemetry::metrics::MeterProvider;
    let pipeline = opentelemetry_otlp::new_pipeline().metrics(Tokio).with_period(Duration::from_millis(800));
    let endpoint = setting("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
    let provider = if setting("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc" {
        pipeline.with_exporter(opentelemetry_otlp::new_exporter().tonic().with_endpoint(endpoint)).build()
    } else {
        pipeline.with_exporter(opentelemetry_otlp::new_exporter().http().with_endpoint(endpoint)).build()
    }
    .expect("metrics");
    provider.meter("shop").u64_counter("orders").init().add(1, &[]);
    provider
}
