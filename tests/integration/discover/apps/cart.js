// A service with a span every half second; the SDK takes exporter, endpoint and sampler from OTEL_*.
'use strict';

const { NodeSDK } = require('@opentelemetry/sdk-node');
const { trace } = require('@opentelemetry/api');

new NodeSDK({ instrumentations: [] }).start();
setInterval(() => trace.getTracer('cart').startActiveSpan('add', (span) => span.end()), 500);
