// A program with a few spans: the SDK takes exporter, endpoint, headers and time-outs from OTEL_*.
'use strict';

const { NodeSDK } = require('@opentelemetry/sdk-node');
const { trace, metrics } = require('@opentelemetry/api');

const signals = process.env.SHOP_SIGNALS || 'traces';
const grpc = process.env.OTEL_EXPORTER_OTLP_PROTOCOL === 'grpc';
const options = { serviceName: 'shop', instrumentations: [] };

if (signals.includes('metrics')) {
  const { PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
  const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${grpc ? 'grpc' : 'proto'}`);
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(), exportIntervalMillis: 800, exportTimeoutMillis: 700,
  });
  options.metricReader = reader;
}

// From 0.300 on the API of logs is part of the API.
const logs = () => require('@opentelemetry/api').logs || require('@opentelemetry/api-logs').logs;
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function main() {
  console.log('application started');
  const sdk = new NodeSDK(options);
  sdk.start();
  if (signals.includes('metrics')) metrics.getMeter('shop').createCounter('orders').add(1);
  const tracer = trace.getTracer('shop');
  for (let round = 0; round < 3; round += 1) {
    for (let number = 0; number < 2; number += 1) {
      tracer.startActiveSpan(`order ${round}.${number}`, (span) => span.end());
      if (signals.includes('logs')) {
        logs().getLogger('shop').emit({ body: `order ${round}.${number}` });
      }
    }
    await sleep(1500);
  }
  await sdk.shutdown().catch(() => {}); // what is wrong is for the SDK to say
  console.log('application stopped');
}

main();
