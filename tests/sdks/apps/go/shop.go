// A program with a few spans: the exporters take endpoint, headers and time-outs from OTEL_*.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/go-logr/stdr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	log.Print("application started")
	if os.Getenv("SHOP_LOGGING") == "debug" {
		stdr.SetVerbosity(8)
		otel.SetLogger(stdr.New(log.New(os.Stderr, "", log.LstdFlags)))
	}
	ctx := context.Background()
	grpc := os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc"
	var exporter trace.SpanExporter
	var err error
	if grpc {
		exporter, err = otlptracegrpc.New(ctx)
	} else {
		exporter, err = otlptracehttp.New(ctx)
	}
	if err != nil {
		log.Fatalf("cannot start tracing: %v", err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	if strings.Contains(os.Getenv("SHOP_SIGNALS"), "metrics") {
		startMetrics(ctx, grpc)
	}
	tracer := otel.Tracer("shop")
	for round := 0; round < 3; round++ {
		for number := 0; number < 2; number++ {
			_, span := tracer.Start(ctx, fmt.Sprintf("order %d.%d", round, number))
			span.End()
		}
		time.Sleep(1500 * time.Millisecond)
	}
	if err := provider.Shutdown(ctx); err != nil {
		log.Printf("tracing ended with: %v", err)
	}
	log.Print("application stopped")
}

func startMetrics(ctx context.Context, grpc bool) {
	var exporter metric.Exporter
	var err error
	if grpc {
		exporter, err = otlpmetricgrpc.New(ctx)
	} else {
		exporter, err = otlpmetrichttp.New(ctx)
	}
	if err != nil {
		log.Fatalf("cannot start metrics: %v", err)
	}
	reader := metric.NewPeriodicReader(exporter, metric.WithInterval(800*time.Millisecond))
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(reader)))
	counter, _ := otel.Meter("shop").Int64Counter("orders")
	counter.Add(ctx, 1)
}
