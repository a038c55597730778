"""The profiles: every pattern has a line that it knows, and profiles are resolved to plain patterns."""

from __future__ import annotations

import json
import re
from pathlib import Path
from unittest import mock

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe import logs
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import patterns, profiles
from ansible_collections.traceops.tracing.tests.unit.logs.looking import PROFILES, look, profile

# Lines as the programs print them, by the pattern that must know them.
LINES: dict[str, dict[str, list[str]]] = {
    # The lines of 2.10.8 and 3.0.3 as they run, those of failures as the source or public reports have them.
    "tempo_server": {
        "process_started": [
            'level=info caller=main.go:103 msg="Starting Tempo" version="(version=v2.10.8)" target=all'
        ],
        "ready": ['level=info caller=app.go:216 msg="Tempo started"', '{"level":"info","msg":"Tempo started"}'],
        "config_invalid": [
            "failed parsing config: failed to parse configFile /etc/tempo.yaml: yaml: unmarshal errors:",
            "  line 4: field compactor not found in type app.Config",
        ],
        "start_failed": [
            (
                'level=error caller=main.go:110 msg="error running Tempo" err="failed to init module services: error '
                'initialising module: store: failed to create store: unexpected error from ListObjects: Access Denied"'
            ),
            'level=error caller=app.go:231 msg="module failed" module=overrides err="starting module overrides"',
        ],
        "ring_failed": [
            'level=error msg="failed to write to kafka" err="DoBatch: InstancesCount <= 0" tenant=single-tenant',
            'level=warn msg="found an existing instance(s) with a problem in the ring, this one cannot"',
        ],
        "flush_failed": [
            (
                'level=error caller=flush.go:249 msg="error performing op in flushQueue" op=1 attempts=1 '
                'err="error copying block from local to remote backend: mkdir /var/tempo: permission denied"'
            ),
        ],
        "cut_failed": ['level=error msg="failed to cut traces" tenant=single-tenant err="no space left on device"'],
        "poll_failed": [
            (
                'level=error caller=poller.go:212 msg="failed to poll or create index for tenant" tenant=single-tenant '
                'err="failed to poll tenant blocks: failed listing tenant blocks: invalid UUID length: 10"'
            ),
            'level=error msg="failed to poll blocklist. using previously polled lists" err="too many tenant failures"',
        ],
        "blocks_dropped": [
            'level=error msg="Block exceeded max completion errors. Deleting. POSSIBLE DATA LOSS" userID=single-tenant',
            'level=error msg="failed to replay block. removing." file=a err="EOF"',
        ],
        "storage_refused": ['err="write /var/tempo/wal/x: no space left on device"', 'err="Access Denied."'],
        "spans_refused": [
            'level=error msg="pusher failed to consume trace data" tenant=a err="DoBatch: InstancesCount <= 0"'
        ],
    },
    "velostream": {
        "velostream_heard": ["[2026-02-19T10:00:00Z INFO  velostream::server::processors::simple] Job 'j' deployed"],
        "process_started": ["velo-sql v0.2.0 (c61189e @ main) built 2026-02-19"],
        "tracing_enabled": [
            "[2026-02-19T10:00:00Z INFO  velo_sql]   • Distributed Tracing: ENABLED (mode: prod, sampling: 0.01)",
            "[2026-02-19T10:00:00Z INFO  velo_sql]   • Distributed Tracing: ENABLED (sampling: 1)",
        ],
        "endpoint_option": ["[2026-02-19T10:00:00Z INFO  velo_sql]   • OTLP Endpoint: http://tempo:4318"],
        "service_name": ["🔍 Initializing distributed tracing with service name: velo-sql-app.sql (mode: dev)"],
        "sampling_mode_invalid": ["Error: unknown sampling mode 'loud': expected debug, dev, staging, or prod"],
        "tracing_initializing": [
            "[INFO] 🔍 Phase 4: Initializing OpenTelemetry distributed tracing for service 'your-service'",
            "🔍 Initializing OpenTelemetry distributed tracing (queue-based) for service 'velo-sql-app.sql'",
        ],
        "tracing_config": [
            "📊 Tracing configuration: endpoint=http://tempo:4318, sampling_ratio=0.25",
            "📊 Queue-based tracing configuration: endpoint=http://tempo:4318, sampling_ratio=1",
        ],
        "exporter_created": [
            "[INFO] ✅ OTLP exporter created successfully for http://localhost:4317",
            "✅ OTLP HTTP exporter created successfully for http://tempo:4318 (gzip enabled)",
        ],
        "sampling_ratio": ["🔍 Trace sampling: 25.0% (using config sampling_ratio)"],
        "tracer_initialized": [
            "[INFO] ✅ OpenTelemetry tracer initialized - spans will be exported to Tempo",
            "✅ OpenTelemetry tracer initialized (queue-based) - spans will be exported via async queue",
        ],
        "observability_ready": ["[INFO] ✅ Phase 4: Distributed tracing initialized"],
        "observability_started": [
            "Server-level observability initialized with full configuration",
            "✅ Phase 4: Observability infrastructure ready",
        ],
        "export_loop_started": ["TokioSpanProcessor: export loop started"],
        "stopped": [
            "✅ Distributed tracing stopped - all spans flushed to Tempo",
            "Shutting down OpenTelemetry tracer",
            "TokioSpanProcessor: export loop ended",
            "TokioSpanProcessor: shutdown complete, export loop exiting",
        ],
        "span_finished": ["[TRACE] 🔍 Span finished in 1.2ms"],
        "trace_context": [f"Injected trace context: trace_id={'ab' * 16}, span_id={'cd' * 8}"],
        "noop_mode": [
            "✅ OpenTelemetry tracer initialized in no-op mode (no spans exported)",
            "📊 Tracing configuration: no-op mode (no OTLP endpoint), sampling_ratio=1",
        ],
        "in_memory_mode": ["🧪 Using test mode with in-memory span collection (no OTLP endpoint)"],
        "exporter_failed": ["[ERROR] ❌ Failed to create OTLP exporter: invalid URI"],
        "observability_failed": ["Failed to initialize observability: invalid URI. Continuing without observability"],
        "export_failed": [
            "TokioSpanProcessor: failed to export 12 spans: error sending request",
            "Failed to export 12 spans to OTLP collector: connection refused",
            "OpenTelemetry trace error occurred. transport error",
        ],
        "export_timed_out": ["TokioSpanProcessor: export of 12 spans timed out after 10s, continuing"],
        "export_succeeded_unreliable": ["TokioSpanProcessor: export of 12 spans succeeded"],
        "queue_drop": ["TokioSpanProcessor: queue full, dropping span", "Trace queue full, dropping span"],
        "channel_closed": ["TokioSpanProcessor: channel closed, dropping span"],
        "span_started": ["[DEBUG] 🔍 Started record span: process:my_job (exporting to Tempo)"],
        "span_completed": ["🔍 Span completed successfully in 1.2ms", "🔍 SQL span completed successfully in 3ms"],
        "span_failed": ["🔍 Span failed after 1.2ms: no such column"],
        "traceparent": [f"🔍 Injecting traceparent header: 00-{'ab' * 16}-{'cd' * 8}-01"],
        "invalid_span_context": ["RecordSpan has invalid span context — output record will not carry traceparent"],
        "adaptive_sampling": ["Adaptive sampling: pressure=0.85, base=0.25, effective=0.0375"],
        "traceparent_malformed": [
            "Invalid traceparent format (expected 4 parts): 4bf92f3577b34da6-00f067aa0ba902b7-1",
            "Unsupported trace context version: 01",
        ],
        "batch_not_sampled": ["could not acquire read lock, observability data will be dropped for this batch"],
    },
    "otel_python": {
        "sdk_heard": ["2026-11-28 06:33:48,800 WARNING [opentelemetry.sdk.trace.export] Queue is full"],
        "export_retry": [
            "Transient error StatusCode.UNAVAILABLE encountered while exporting traces to t:4317, retrying in 1s.",
            "Transient error StatusCode.UNAVAILABLE encountered while exporting traces, retrying in 1s.",
            "Transient error Service Unavailable encountered while exporting span batch, retrying in 0.9s.",
        ],
        "export_failed": [
            "Failed to export traces to t:4317, error code: StatusCode.UNIMPLEMENTED, error details: x",
            "Failed to export traces, error code: StatusCode.UNAUTHENTICATED",
            "Failed to export spans batch code: 404, reason: Not Found",
            "Failed to export batch code: 404, reason: 404 page not found",
            "Failed to export spans batch code: None, reason: No connection adapters were found for 'x:4318/v1/traces'",
            "Failed to export spans batch due to timeout, max retries or shutdown.",
            "Exception while exporting Span.",
            "Failed to encode span batch: x",
        ],
        "transport_failed": [
            "I1128 06:33:27.6 1732 ssl_transport_security.cc:2563] Handshake failed with error SSL_ERROR_SSL: error:1",
            "E1128 09:30:39.2 1 ssl_transport_security.cc:1519]       Handshake failed with fatal error SSL_ERROR: x",
        ],
        "queue_drop": ["Queue full, dropping Span.", "Queue is full, likely spans will be dropped."],
        "too_large": ["Dropping span batch: serialized size 70000000 bytes exceeds max_request_size 67108864 bytes"],
        "exporter_failed": [
            "RuntimeError: Unsupported OTLP protocol 'http/xml' is configured",
            "RuntimeError: Requested component 'otpl' not found in entry points for 'opentelemetry_traces_exporter'",
            "RuntimeError: Requested component 'otpl' not found in entry point 'opentelemetry_traces_exporter'",
            "RuntimeError: otlp is not a trace exporter",
        ],
        "config_failed": [
            "Configuration of configurator failed",
            "Distribution distro configuration failed",
            "Failed to auto initialize opentelemetry",
            "Error in sitecustomize; set PYTHONVERBOSE for traceback:",
            "OTEL_CONFIG_FILE is set but opentelemetry-configuration is not installed.",
        ],
        "instrumentation_failed": [
            'DependencyConflict: requested: "flask >= 1.0" but found: "flask 0.12"',
            "Instrumenting of django failed",
        ],
        "propagator_invalid": ["Failed to load configured propagator `w3c`", "Failed to load propagator: w3c"],
        "header_invalid": [
            "Header format invalid! Header values in environment variables must be URL encoded per the x: Authorization"
        ],
        "setting_ignored": [
            "Unsupported compression type: zstd",
            "Invalid key value resource attribute pair service.name: not enough values to unpack",
        ],
        "disabled": ["2026-11-28 06:36:31,908 WARNING [opentelemetry.sdk.trace] SDK is disabled."],
        "provider_overridden": ["Overriding of current TracerProvider is not allowed"],
        "sampler_invalid": [
            "Couldn't recognize sampler sometimes.",
            "Could not convert TRACES_SAMPLER_ARG to float. Using default rate 1.0",
            "Using default sampler. Failed to initialize sampler, traceidratio: Probability must be in range [0.0, 1].",
        ],
        "used_after_shutdown": [
            "Exporter already shutdown, ignoring batch",
            "OTLP client already shutdown, ignoring call",
            "Processor is already shutdown, ignoring call",
            "Already shutdown, dropping span.",
        ],
    },
    "otel_java": {
        "process_started": ["INFO VersionLogger - opentelemetry-javaagent - version: 2.9.0"],
        "sdk_heard": ["Nov 28, 2026 6:50:57 AM io.opentelemetry.sdk.trace.SdkTracerProvider shutdown"],
        "export_failed": [
            "Failed to export spans. The request could not be executed. Full error message: Connection refused",
            "Failed to export 3 spans. The request could not be executed.",
            "Failed to export spans. Server is UNAVAILABLE. Make sure your collector is running",
            "Failed to export 3 spans. Server responded with gRPC status code 2. Error message: FRAME_SIZE_ERROR",
            "Failed to export 1 span. Server responded with HTTP status code 404. Error message: Not Found",
            "Failed to export spans. Error message: UNAVAILABLE: io exception",
            "WARN io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter - Failed to export spans",
            "WARN io.opentelemetry.exporters.otlp.OtlpGrpcSpanExporter - Failed to export spans",
            "FINE: Exporter failed",
            "WARNING: Exporter threw an Exception",
        ],
        "queue_drop": [
            "BatchSpanProcessor dropped 7 span(s) since the last export because the queue is full (maxQueueSize=2048)"
        ],
        "exporter_failed": [
            "ConfigurationException: Unrecognized value for otel.traces.exporter: otpl",
            'ConfigurationException: otel.traces.exporter set to "jaeger" but opentelemetry-exporter-jaeger not found',
            "Jaeger gRPC Exporter enabled but opentelemetry-exporter-jaeger not found on classpath.",
            "ConfigurationException: Unsupported OTLP traces protocol: http",
            "ConfigurationException: OTLP endpoint must be a valid URL: localhost:4318",
            "ConfigurationException: Invalid OTLP certificate/key path: /etc/ssl/x.pem",
            "IllegalArgumentException: Unsupported compression method. Supported compression methods include: gzip",
        ],
        "config_failed": [
            "Exception in thread x io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException: Invalid map property",
            "OpenTelemetry Javaagent failed to start",
            "INFO: Error encountered during autoconfiguration. Closing partially configured components.",
        ],
        "agent_missing": [
            "Error opening zip file or JAR manifest missing : /otel/agent.jar",
            "*** java.lang.instrument ASSERTION FAILED ***: agent library failed to init: instrument",
            "Failed to find Premain-Class manifest attribute in /otel/agent.jar",
            "java.lang.ClassNotFoundException: io.opentelemetry.javaagent.OpenTelemetryAgent",
        ],
        "instrumentation_failed": [
            "Failed to handle exception in instrumentation for jdbc on x",
            "Instrumentation muzzled: kafka-clients-0.11",
            "Enabled instrumentation jdbc failed",
        ],
        "sampler_invalid": [
            "ConfigurationException: Unrecognized value for otel.traces.sampler: alwayson",
            "ConfigurationException: Invalid value for property otel.traces.sampler.arg=ten%. Must be a double.",
            "IllegalArgumentException: ratio must be in range [0.0, 1.0]",
        ],
        "propagator_invalid": ["ConfigurationException: Unrecognized value for otel.propagators: w3c. Make sure"],
        "header_invalid": ["ConfigurationException: Invalid map property: otel.exporter.otlp.headers"],
        "setting_ignored": ["WARNING: maxExportBatchSize should not exceed maxQueueSize. Setting it to 100"],
        "provider_overridden": ["IllegalStateException: GlobalOpenTelemetry.set has already been called."],
        "used_after_shutdown": ["INFO: Calling shutdown() multiple times."],
    },
    "otel_go": {
        "sdk_heard": [
            '"level"=4 "msg"="TracerProvider created"',
            '2026/11/28 06:43:06 internal_logging.go:50: "msg"="parse duration"',
        ],
        "export_failed": [
            "2026/02/19 10:00:00 traces export: dial tcp 127.0.0.1:4318: connect: connection refused",
            "failed to send to http://tempo:4318/v1/traces: 404 Not Found (body: )",
            "context deadline exceeded: rpc error: code = Unavailable desc = connection refused",
            "max retry time elapsed: rpc error: code = Unavailable",
            "exporter export timeout: rpc error: code = Unavailable",
            'Post "http://tempo:4317/v1/traces": net/http: malformed HTTP response',
            "2021/04/10 22:50:01 rpc error: code = Unknown desc = no org id",
            '{"error":"rpc error: desc = \\"transport: Error dial tcp 10.0.0.7:4317: connect: refused\\""}',
            "lookup tcp/4318/v1/traces: unknown port",
        ],
        "transport_failed": [
            'addrConn.createTransport failed to connect to {}. Err: connection error: desc = "connection refused"'
        ],
        "partial_success": ["OTLP partial success: trace too large (3 spans rejected)"],
        "too_large": ['ERROR\terror reporting Jaeger span "x": data does not fit within one UDP packet; size 65006'],
        "protocol_ignored": ["grpc is not a valid protocol for OTLP/HTTP, defaulting to http/protobuf"],
        "exporter_failed": [
            "invalid OTLP protocol 'http' - should be one of ['grpc', 'http/protobuf']",
            "failed to create trace exporter: no transport security set",
            "failed to exit idle mode: passthrough: received empty target in Build()",
            '"msg"="otlptrace: parse endpoint url" "error"="x"',
            'internal_logging.go:50: "msg"="parse url" "error"="first path segment in URL cannot contain colon"',
        ],
        "sampler_invalid": [
            "2026/11/28 06:42:10 unsupported sampler: alwayson",
            'parsing sampler argument: strconv.ParseFloat: parsing "ten%": invalid syntax',
        ],
        "header_invalid": [
            """"msg"="parse headers" "error"="missing '=" "input"="Authorization Bearer x\"""",
            '"msg"="escape header value" "error"="x"',
        ],
        "setting_ignored": [
            'WARN invalid limit environment variable error="x" key=OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT value=many',
            '"msg"="parse duration" "error"="x" "input"="10s"',
            "invalid compression type: 'zstd', using no compression as default",
        ],
        "queue_drop": ['"level"=8 "msg"="exporting spans" "count"=512 "total_dropped"=17'],
        "used_after_shutdown": ["the client is shutdown", "the client is already stopped"],
    },
    "otel_nodejs": {
        "sdk_heard": [
            "@opentelemetry/api: Registered a global for diag v1.9.0.",
            "OTEL_TRACES_EXPORTER is empty. Using default otlp exporter.",
            "items to be sent [ [Object] ]",
            "OTLPExportDelegate shutdown started",
        ],
        "disabled": ['OTEL_TRACES_EXPORTER contains "none". SDK will not be initialized.'],
        "exporter_failed": [
            "Unrecognized OTEL_TRACES_EXPORTER value: otpl.",
            "Unable to set up trace exporter(s) due to invalid exporter and/or protocol values.",
            "Unsupported OTLP traces protocol: http. Using http/protobuf.",
            'Exporter "jaeger" requested through environment variable is unavailable.',
            "Error: Could not instantiate JaegerExporter. This could be due to the JaegerExporter's lack of support",
            "Configuration: Could not parse environment-provided export URL: 'tempo:4318', falling back to undefined",
            "Configuration: Provided URL appended with 'v1/traces' is not a valid URL, using 'undefined' instead",
        ],
        "config_failed": ["Could not load OpenTelemetry configuration, SDK will not be setup: no such file"],
        "export_failed": [
            '{"stack":"OTLPExporterError: Not Found\\n    at","code":"404"}',
            '{"stack":"Error: connect ECONNREFUSED 127.0.0.1:4318\\n    at","errno":"-111","name":"Error"}',
            '{"stack":"Error: Request timed out\\n    at ClientRequest","message":"Request timed out","name":"Error"}',
            '{"stack":"Error: 14 UNAVAILABLE: try later\\n    at callErrorFromStatus (/app/grpc-js/build/call.js)',
            '{"stack":"TypeError: Invalid URL\\n    at x (/app/node_modules/@opentelemetry/otlp-exporter-base/x.js)',
            "Export failed after maximum retry attempts (5).",
            "Export failed with non-retryable error: Error: Bad Request",
            "export response failure (status: 404)",
            "Error: Concurrent export limit reached",
            "Error: BatchSpanProcessor: span export failed",
        ],
        "export_retry": [
            "Export retry time 1308ms exceeds remaining timeout 795ms, not retrying further.",
            "export request retryable (network error: TypeError: fetch failed)",
        ],
        "partial_success": [
            'Received Partial Success response: {"rejectedSpans":3,"errorMessage":"trace ids must be 128 bit"}'
        ],
        "queue_drop": ["Dropped 12 spans because maxQueueSize reached"],
        "loaded_too_late": [
            "Module pg has been loaded before x so it might not work, please initialize it before requiring pg"
        ],
        "propagator_invalid": ['Propagator "w3c" requested through environment variable is unavailable.'],
        "sampler_invalid": [
            'OTEL_TRACES_SAMPLER value "sometimes" invalid, defaulting to "parentbased_always_on".',
            'OTEL_TRACES_SAMPLER value "alwayson invalid, defaulting to always_on".',
            'unknown OTEL_TRACES_SAMPLER value "sometimes", using default',
            "OTEL_TRACES_SAMPLER_ARG=10 was given, but it is out of range ([0..1]), defaulting to 1.",
            "Unknown value 'ten%' for OTEL_TRACES_SAMPLER_ARG, expected a number, using defaults",
            "OTEL_TRACES_SAMPLER_ARG is blank, defaulting to 1.",
        ],
        "header_invalid": ['Header "authorization" has invalid value (x) and will be ignored'],
        "setting_ignored": [
            "Unknown value '10s' for OTEL_EXPORTER_OTLP_TIMEOUT, expected a number, using defaults",
            "Configuration: OTEL_EXPORTER_OTLP_COMPRESSION is invalid, expected 'none' or 'gzip' (actual: 'zstd')",
            "OTEL_BSP_SCHEDULE_DELAY (x) is invalid, expected number greater than 0, using default.",
            "BatchSpanProcessor: maxExportBatchSize must be smaller or equal to maxQueueSize, setting it",
            "URL path should not be set when using grpc, the path part of the URL will be ignored.",
        ],
        "provider_overridden": ["Error: @opentelemetry/api: Attempted duplicate registration of API: trace"],
    },
    "otel_dotnet": {
        "sdk_heard": [
            "TracerProviderSdk event: 'Building TracerProvider.'",
            "Export succeeded for {0}. Message: {1}",
            "OpenTelemetry-Exporter-OpenTelemetryProtocol: x",
            "'BatchActivityExportProcessor' exporting to 'OtlpTraceExporter' dropped '0' items.",
            "Activity started. Name = 'GET', Id = '00-x'.",
        ],
        "export_failed": [
            "Exporter failed send data to collector to {0} endpoint. Data will not be sent. {http://t:4317/}",
            "HTTP request to http://t:4318/v1/traces failed. Response: 404. Exception: x",
            "Request to endpoint http://t:4318/ timed out. Exception: x",
            "Export failed for http://t:4317/. Message: x. Unavailable.",
            "Operation unexpectedly canceled for endpoint http://t:4317/. Exception: x",
            "Unknown error in export method. Message: 'x'. IsRetry: False",
            "Server certificate validation failed for 't'. Errors: RemoteCertificateChainErrors",
        ],
        "export_retry": [
            "Transient HTTP error occurred when communicating with {0}",
            "Export encountered GRPC status warning for http://t:4317/. Status code: 14",
        ],
        "exporter_failed": [
            "Unsupported value for protocol '{0}' is configured, default protocol 'grpc' will be used",
            "Failed to create secure HttpClient. Exception: x",
            "Failed to load CA from '/x.pem'. Error: x",
        ],
        "sampler_invalid": [
            "OTEL_TRACES_SAMPLER configuration was found but the value 'x' is invalid and will be ignored.",
            "OTEL_TRACES_SAMPLER_ARG configuration was found but the value 'x' is invalid and will be ignored, default",
        ],
        "setting_ignored": ["Configuration key 'OTEL_EXPORTER_OTLP_TIMEOUT' has an invalid value: '10s'"],
        "instrumentation_failed": [
            "[Warning] CORECLR_ENABLE_PROFILING environment variable is not set to '1'. The CLR Profiler is disabled"
        ],
        "too_large": [
            "request containing 5 item(s) was discarded because its size of 9 bytes exceeds the maximum request size"
        ],
        "queue_drop": [
            "'BatchExportProcessor' exporting to 'OtlpTraceExporter' dropped '3' item(s) due to buffer full.",
            "'{0}' exporting to '{1}' dropped '{2}' item(s) due to buffer full.{A}{B}{3}",
        ],
        "parent_not_recorded": ["'x' was dropped because its local parent activity is not recorded"],
    },
    "otel_rust": {
        "sdk_heard": [
            "INFO opentelemetry: name=TracerProvider.GlobalSet Global tracer provider is set.",
            "DEBUG opentelemetry-otlp: name=HttpClient.ExportSucceeded",
            '{"level":"WARN","target":"opentelemetry_sdk","fields":{}}',
        ],
        "transport_failed": [
            "ERROR rustls_platform_verifier::verification::others: failed to verify TLS certificate: UnknownIssuer"
        ],
        "export_failed": [
            "OpenTelemetry trace error occurred. connection refused",
            'ERROR opentelemetry_sdk: name="BatchSpanProcessor.ExportError" error="Operation timed out"',
            'ERROR opentelemetry_sdk: name="SimpleProcessor.OnEnd.Error" error="x"',
            "WARN opentelemetry-otlp: name=Export.Failed.NonRetryable",
            "HTTP export failed with status code: 404",
            "HTTP export failed: network error",
            "WARN opentelemetry-otlp: name=HttpClient.StatusError",
            "export failed with gRPC code: Unavailable",
        ],
        "export_retry": ["INFO opentelemetry-otlp: name=Export.InProgress.Throttled"],
        "partial_success": ["WARN opentelemetry-otlp: name=HttpTraceClient.PartialSuccess"],
        "queue_drop": [
            "WARN opentelemetry_sdk: name=BatchSpanProcessor.SpanDroppingStarted",
            "WARN opentelemetry_sdk: name=BatchSpanProcessor.SpansDropped",
            "OpenTelemetry trace error occurred. cannot send message to batch processor as the channel is full",
            "trace error occurred. cannot send span to the batch span processor because the channel is full",
        ],
        "channel_closed": ["cannot send message to batch processor as the channel is closed"],
        "exporter_died": [
            "thread 'OpenTelemetry.Traces.BatchProcessor' (39) panicked at library/core/src/ops/function.rs:250:5:",
            "there is no reactor running, must be called from the context of a Tokio 1.x runtime",
        ],
        "exporter_failed": [
            "no http client, you must select one from features or provide your own implementation",
            "invalid exporter configuration: OTEL_EXPORTER_OTLP_ENDPOINT: invalid endpoint 'tempo': invalid format",
            "name=Protocol.InvalidFeatureCombination",
            "Failed to build OTEL span exporter: x",
            "feature 'gzip-tonic' is required to use the compression algorithm 'gzip'",
        ],
        "sampler_invalid": [
            'WARN opentelemetry_sdk: name="TracerProvider.Config.InvalidSamplerArgument" OTEL_TRACES_SAMPLER is set',
            "WARN opentelemetry_sdk: name=\"TracerProvider.Config.InvalidSamplerType\" Unrecognized sampler type 'x'",
            "Unrecognised OTEL_TRACES_SAMPLER value: alwayson. Falling back to default: parentbased_always_on",
            "Missing or invalid OTEL_TRACES_SAMPLER_ARG value. Falling back to default: 1.0",
        ],
        "setting_ignored": [
            "name=\"Exporter.Config.InvalidEnvironmentVariable\" Ignoring value 'zstd' for OTEL_EXPORTER_OTLP_X"
        ],
        "provider_overridden": ["ERROR opentelemetry: name=TracerProvider.GlobalSetFailed"],
        "used_after_shutdown": ['WARN opentelemetry_sdk: name="BatchSpanProcessor.OnEnd.AfterShutdown"'],
    },
    "otel_ruby": {
        "sdk_heard": [
            "INFO -- : Instrumentation: OpenTelemetry::Instrumentation::Faraday was successfully installed",
            "DEBUG -- : Upgrading default proxy tracer provider to OpenTelemetry::SDK::Trace::TracerProvider",
            "ERROR -- : OpenTelemetry error: x",
        ],
        "export_failed": [
            "ERROR -- : OpenTelemetry error: Unable to export 30 spans",
            "OpenTelemetry error: OTLP exporter received http.code=404 for uri='/v1/traces' in OTLP::Exporter",
            "OpenTelemetry error: unexpected error in OTLP::Exporter#send_bytes - Connection refused",
            "OpenTelemetry error: SSL error in OTLP::Exporter#send_bytes - certificate verify failed",
            "OpenTelemetry error: unexpected error in span.on_finish - x",
        ],
        "export_retry": ["OpenTelemetry error: OTLP exporter backing off due to: x"],
        "exporter_failed": [
            "The grpc transport protocol is not supported by the OTLP exporter, spans will not be exported.",
            "The oltp exporter is unknown and cannot be configured, spans will not be exported",
            "The jaeger exporter cannot be configured - please add opentelemetry-exporter-jaeger to your Gemfile",
        ],
        "config_failed": ["OpenTelemetry error: unexpected configuration error due to x"],
        "too_large": ['Unable to send spans: Message too long - sendto(2) for "jaeger-agent" port 6831'],
        "disabled": ["Environment variable OTEL_SDK_DISABLED is defined as true. SDK is disabled."],
        "instrumentation_failed": ["Instrumentation: OpenTelemetry::Instrumentation::PG failed to install"],
        "propagator_invalid": ["The w3c propagator is unknown and cannot be configured"],
        "sampler_invalid": ["OpenTelemetry error: installing default sampler ParentBased - x"],
        "used_after_shutdown": ["calling Tracer#shutdown multiple times."],
    },
    "otel_php": {
        "sdk_heard": ["OpenTelemetry: [warning] x in /app/y.php(1)"],
        "export_failed": [
            "OpenTelemetry: [error] Export failure [exception] Export retry limit exceeded [previous] cURL error 7",
            'app.ERROR: Export failure {"exception":"[object] (RuntimeException(code: 404): Not Found at /x.php:1)"}',
            "[EDOT] [TRANSPORT] HttpTransportAsync::send exception 'Couldn't connect to server'. x: 1",
        ],
        "partial_success": ["OpenTelemetry: [error] Export partial success in /app/SpanExporter.php(50)"],
        "exporter_failed": [
            "OpenTelemetry: [warning] Unable to create exporter [exception] Span exporter factory not defined for: x",
        ],
        "config_failed": ["OpenTelemetry: [warning] Error during opentelemetry initialization: x"],
        "instrumentation_failed": [
            "OpenTelemetry: [error] Unable to load instrumentation: My\\Instrumentation",
            "Warning: The opentelemetry extension must be loaded in order to autoload it",
        ],
        "sampler_invalid": ["OpenTelemetry: [warning] Unable to create sampler [exception] Unknown sampler: x"],
        "propagator_invalid": ["OpenTelemetry: [warning] Text map propagator not defined for: w3c"],
    },
    "fluent_bit": {
        "sdk_heard": ["[2026/11/28 06:00:00] [ info] [output:opentelemetry:opentelemetry.0] worker #0 started"],
        "export_failed": [
            "[2026/11/28 06:00:00] [error] [output:opentelemetry:opentelemetry.0] tempo:4318, HTTP status=404",
            "[error] [output:opentelemetry:opentelemetry.1] no upstream connections available to tempo:4318",
        ],
        "export_retry": [
            "[ warn] [engine] failed to flush chunk '1-2.flb', retry in 7 seconds: input=x > output=opentelemetry.1"
        ],
        "queue_drop": [
            "[error] [engine] chunk '1-2.flb' cannot be retried: task_id=1, input=x > output=opentelemetry.0"
        ],
    },
    "vector": {
        "sdk_heard": ["ERROR sink{component_id=x component_type=opentelemetry}:request{request_id=456}: vector::sinks"],
        "export_failed": [
            (
                "ERROR sink{component_id=x component_type=opentelemetry}: vector::sinks::util::retries: Not retriable; "
                'dropping the request. reason="Http status: 400 Bad Request" internal_log_rate_limit=true'
            ),
            'Rejection(InvalidHeader { name: "content-type" })',
        ],
        "export_retry": [
            "WARN sink{component_type=opentelemetry}: vector::sinks::util::retries: Retrying after error. error=refused"
        ],
    },
    "otel_cpp": {
        "sdk_heard": ["[Error] File: x.cc:1 [OTLP HTTP Client] y", "OTLP HTTP exporter received a non-success status"],
        "export_failed": [
            "[OTLP TRACE HTTP Exporter] ERROR: Export 3 trace span(s) error: 1",
            '[OTLP TRACE GRPC Exporter] Export() failed with status_code: "UNAVAILABLE" error_message: "x"',
            "[OTLP HTTP Client] Session state: connection failed.Couldn't connect to server",
            "OTLP HTTP exporter received a non-success status code: 404 while exporting the OTLP message",
            "The OTLP export request failed. Reason 0",
            "2026/02/19 10:00:00 [error] 7#7: OTel export failure: No connection established",
        ],
        "partial_success": ['[OTLP TRACE GRPC Exporter] Export partial success: 3 span(s) rejected: "x"'],
        "exporter_failed": ["[OTLP GRPC Client] invalid endpoint: tempo"],
        "header_invalid": ["[Warning] File: x.cc:78 Found invalid key/value pair in headers_list"],
        "setting_ignored": ["Environment variable <OTEL_EXPORTER_OTLP_TIMEOUT> has an invalid value <10x>, defaulting"],
        "queue_drop": ["[Warning] File: x.cc:92 BatchSpanProcessor queue is full - dropping span."],
    },
    "otel_erlang": {
        "sdk_heard": ["[info] OTLP grpc export failed with GRPC status 14 : unavailable"],
        "exporter_created": [
            "[info] OTLP exporter successfully initialized",
            "Exporter my_exporter successfully initialized",
        ],
        "export_failed": [
            "[info] OTLP grpc export failed with GRPC status 14 : unavailable",
            "[info] client error exporting {failed_connect,[{to_address,{tempo,4318}},{inet,[inet],econnrefused}]}",
            "error response from service exported to status={404,Not Found} 404 page not found",
            "exporter threw exception: exporter={opentelemetry_exporter,x} error: badarg",
        ],
        "exporter_failed": [
            "OTLP exporter module `opentelemetry_exporter` not found. Verify you have included it.",
            "OTLP exporter failed to initialize when using the GRPC protocol",
            "Exporter module my_exporter not found. Verify you have included the dependency",
            'unknown exporter "oltp". falling back to default otlp',
            "unknown http transport protocol, spans will not be exported.",
            "The http/json transport protocol is not supported by the OTLP exporter, spans will not be exported.",
            "error parsing endpoint URI: x : y",
            'Failed to parse and ignoring exporter endpoint "x"',
            "unable to start grpc channel for exporting and falling back to http_protobuf protocol. reason=x",
            "configuring jaeger exporter through OTEL_TRACES_EXPORTER is not yet supported",
        ],
        "sampler_invalid": ["Unable to convert $OTEL_TRACE_SAMPLER_ARG string value ten to float, using 1.0"],
        "propagator_invalid": ["Ignoring unknown propagator w3c in OS environment variable $OTEL_PROPAGATORS"],
    },
    "tempo": {
        "tempo_heard": [
            'level=info ts=2026-02-19T10:00:00Z caller=main.go:118 msg="Starting Tempo" version="(version=2.7.1)"',
            'msg="Starting GRPC server" component=tempo endpoint=0.0.0.0:4317',
            'level=error msg="pusher failed to consume trace data" err="rpc error"',
        ]
    },
    "otel_collector": {
        "process_started": [
            '2026-02-19T10:00:00Z\tinfo\tservice/service.go:1\tStarting otelcol-contrib...\t{"Version": "1"}'
        ],
        "ready": [
            "2026-02-19T10:00:00Z\tinfo\tservice/service.go:2\tEverything is ready. Begin running and processing data."
        ],
        "collector_heard": [
            'ts=2026-02-19T10:00:00Z level=info msg="x" component_path=/ component_id=otelcol.exporter.otlp.default',
            'info\tx\t{"otelcol.component.id": "otlp", "otelcol.signal": "traces"}',
        ],
        "listening": [
            'info\totlpreceiver/otlp.go:1\tStarting GRPC server\t{"endpoint": "0.0.0.0:4317"}',
            'ts=2026-02-19T10:00:00Z level=info msg="Starting HTTP server" component_id=x endpoint=0.0.0.0:4318',
        ],
        "export_retry": [
            "Exporting failed. Will retry the request after interval.",
            'Exporting failed. Will retry the request after interval{"component_kind": "exporter"}',
        ],
        "export_dropped": [
            'Exporting failed. Dropping data.\t{"error": "no more retries left: x", "dropped_items": 12}',
            "Exporting failed. Rejecting data. Try enabling sending_queue to survive temporary failures.",
            "No more retries left. Dropping data.",
            'Exporting failed. The error is not retryable. Dropping data. {"kind": "exporter", "dropped_items": 60}',
            'warn x.go:263 Sender failed {"kind": "processor", "name": "batch", "error": "Rate exceeded"}',
            "otelcol.exporter.otlphttp.x request to https://x/v1/traces responded with HTTP Status Code 503, Message=x",
        ],
        "queue_drop": ["sending queue is full", "Dropping data because sending_queue is full"],
        "partial_success": ["Partial success response"],
        "memory_limited": ["Memory usage is above soft limit. Refusing data."],
        "config_invalid": [
            'service::pipelines::traces: references exporter "otlp/x" which is not configured',
            '* error decoding \'exporters\': unknown type: "jaeger" for id: "jaeger" (valid values: [otlp otlphttp])',
            "cannot start exporters: requested authenticator is not a client authenticator",
        ],
        "client_mismatch": [
            'http2Server.HandleStreams received bogus greeting from client: "\\x16\\x03\\x01\\x01\\t\\x01"',
            '{"msg":"http2Server.HandleStreams received bogus greeting from client: \\"POST / HTTP/1.1\\\\r\\""}',
        ],
        "transport_failed": [
            'addrConn.createTransport failed to connect to {}. Err: connection error: desc = "connection refused"'
        ],
    },
}


def test_every_profile_and_every_pattern_has_lines() -> None:
    assert {path.stem for path in PROFILES.glob("*.yml")} == set(LINES)
    for name, lines in LINES.items():
        assert set(profile(name)) == set(lines), name


@pytest.mark.parametrize(
    ("name", "pattern", "line"),
    [(name, pattern, line) for name, each in LINES.items() for pattern, lines in each.items() for line in lines],
)
def test_a_pattern_knows_its_lines(tmp_path: Path, name: str, pattern: str, line: str) -> None:
    (tmp_path / "app.log").write_text(line + "\n")
    assert look(tmp_path / "app.log", profile(name))["patterns"][pattern]["count"] == 1


@pytest.mark.parametrize("codec", ["mac_roman", "latin-1"])
def test_a_garbled_log_tells_the_same(tmp_path: Path, codec: str) -> None:
    text = "".join(line + "\n" for lines in LINES["velostream"].values() for line in lines)
    (tmp_path / "right.log").write_text(text)
    (tmp_path / "garbled.log").write_bytes(text.encode().decode(codec).encode())
    right, garbled = (
        look(tmp_path / f"{name}.log", profile("velostream"))["patterns"] for name in ("right", "garbled")
    )
    assert {name: found["count"] for name, found in garbled.items()} == {
        name: found["count"] for name, found in right.items()
    }
    assert garbled["tracing_initializing"]["last"]["text"] == right["tracing_initializing"]["last"]["text"]


def test_the_captures_of_a_velostream_start(tmp_path: Path) -> None:
    lines = LINES["velostream"]
    (tmp_path / "app.log").write_text("\n".join(each[0] for each in lines.values()) + "\n")
    found = look(tmp_path / "app.log", profile("velostream"))["patterns"]
    captured = {
        f"{name}.{group}": value["last"]
        for name, pattern in found.items()
        for group, value in pattern["captures"].items()
    }
    assert captured["tracing_enabled.mode"] == "prod"
    assert captured["tracing_config.endpoint"] == "http://tempo:4318"
    assert captured["tracing_config.ratio"] == "0.25"
    assert captured["exporter_created.endpoint"] == "http://localhost:4317"
    assert captured["sampling_ratio.percent"] == "25.0"
    assert captured["export_failed.reason"] == "error sending request"
    assert captured["observability_failed.reason"] == "invalid URI"
    assert captured["traceparent.flags"] == "01"
    assert found["adaptive_sampling"]["captures"]["effective"]["min"] == 0.0375


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("export_dropped", 'Exporting failed. Dropping data.\t{"error": "x", "dropped_items": 12}'),
        ("export_dropped", 'level=error msg="Exporting failed. Dropping data." component_id=x dropped_items=12'),
        ("partial_success", 'Partial success response\t{"message": "x", "dropped_spans": 12}'),
        ("partial_success", 'level=warn msg="Partial success response" message=x dropped_spans=12'),
    ],
)
def test_what_a_collector_or_alloy_dropped_is_captured(tmp_path: Path, pattern: str, line: str) -> None:
    (tmp_path / "app.log").write_text(line + "\n")
    captured = look(tmp_path / "app.log", profile("otel_collector"))["patterns"][pattern]["captures"]
    assert captured["spans"]["last"] == "12"


def test_a_restart_without_tracing_leaves_nothing_of_the_start_before(tmp_path: Path) -> None:
    first = [lines[0] for lines in LINES["velostream"].values()]
    running = ["[2026-02-19T11:00:00Z INFO  velo_sql] Jobs are now running. Press Ctrl+C or send SIGTERM to shut down."]
    (tmp_path / "app.log").write_text("\n".join(first + running + running) + "\n")
    result = look(tmp_path / "app.log", profile("velostream"))
    counts = {name: found["count_since_start"] for name, found in result["patterns"].items()}
    assert {name for name, count in counts.items() if count} == {"process_started", "velostream_heard"}
    assert result["missing"] == ["tracing_initializing", "exporter_created", "tracer_initialized"]


def resolve(options: dict) -> dict:
    return profiles.resolve(options, lambda directory: directory)


def test_a_profile_becomes_plain_patterns() -> None:
    resolved = resolve({"paths": ["/x"], "profiles": ["velostream"]})
    assert set(resolved) == {"paths", "patterns"}
    plain = {
        name: {key: value for key, value in pattern.items() if key not in ("profiles", "sought")}
        for name, pattern in resolved["patterns"].items()
    }
    assert plain == profile("velostream")


def test_the_action_says_of_each_expression_what_the_host_would_find_out() -> None:
    resolved = json.loads(json.dumps(resolve({"profiles": ["auto", "tempo_server"]})))["patterns"]
    told = patterns.parse(resolved)
    alone = patterns.parse({name: pattern["regex"] for name, pattern in resolved.items()})
    for one, other in zip(told, alone):
        for has, wants in zip(one.alternatives, other.alternatives):
            assert (has.needles, has.leads, has.groups, has.marks) == (*wants.sought(), wants.marks), one.name


def test_a_log_compiles_the_expressions_that_it_calls_for_and_no_others(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("2026-11-23T14:48:33Z INFO io.opentelemetry.sdk.trace started\n" * 3, encoding="utf-8")
    compiled: list[str] = []
    options = resolve({"paths": [str(log)], "profiles": ["auto"]})
    with mock.patch.object(patterns, "_compiled", lambda text: compiled.append(text) or re.compile(text)):
        seen = logs.run({**{name: spec.get("default") for name, spec in logs.ARGUMENT_SPEC.items()}, **options})
    assert seen["patterns"]["sdk_heard"]["count"] == 3
    assert [text for text in compiled if "opentelemetry" not in text] == []
    assert 0 < len(compiled) < 20


@pytest.mark.parametrize("sought", ["x", [], [["a"]], [["a", True, []], ["b", True, []]], [[1, True]], [7]])
def test_what_is_sought_has_its_form(sought: object) -> None:
    with pytest.raises(BadOption, match=r"^patterns: p: sought is not a list"):
        patterns.parse({"p": {"regex": "a", "sought": sought}})


def test_profiles_are_read_once_in_a_run(tmp_path: Path) -> None:
    first = profiles.resolve({"profiles": ["auto"]}, str, str(tmp_path))
    with mock.patch.object(profiles, "load", side_effect=AssertionError):
        assert profiles.resolve({"profiles": ["auto"]}, str, str(tmp_path)) == first
        with pytest.raises(AssertionError):
            profiles.resolve({"profiles": ["tempo"]}, str, str(tmp_path))
    assert profiles.resolve({"profiles": ["auto"]}, str) == first


@pytest.mark.parametrize("keep", ["missing", "damaged"])
def test_what_can_not_be_kept_is_read_again(tmp_path: Path, keep: str) -> None:
    directory = tmp_path / keep
    wanted = resolve({"profiles": ["velostream"]})
    if keep == "damaged":
        directory.mkdir()
        assert profiles.resolve({"profiles": ["velostream"]}, str, str(directory)) == wanted
        (file,) = directory.iterdir()
        file.write_text("{", encoding="utf-8")
    assert profiles.resolve({"profiles": ["velostream"]}, str, str(directory)) == wanted


def test_a_pattern_of_the_task_replaces_that_of_a_profile() -> None:
    resolved = resolve({"profiles": ["velostream"], "patterns": {"queue_drop": "mine"}})
    assert resolved["patterns"]["queue_drop"] == "mine"
    assert "traceparent" in resolved["patterns"]


def test_patterns_of_one_name_in_two_profiles_become_one() -> None:
    joined = resolve({"profiles": "otel_python,otel_rust"})["patterns"]
    expected = [*profile("otel_python")["queue_drop"]["regex"], *profile("otel_rust")["queue_drop"]["regex"]]
    of = ["otel_python"] * 2 + ["otel_rust"] * 3
    sought = joined["queue_drop"].pop("sought")
    assert joined["queue_drop"] == {"regex": expected, "expect": "absent", "profiles": of}
    assert [names for _needles, _leads, names in sought] == [[], [], [], [], []]
    assert patterns.parse(joined)


def test_a_directory_of_the_user_comes_first(tmp_path: Path) -> None:
    (tmp_path / "velostream.yml").write_text("patterns: {mine: 'x'}\n")
    (tmp_path / "shop.yml").write_text("patterns: {mine: {regex: y}}\n")
    for name, regex in (("velostream", "x"), ("shop", "y")):
        found = resolve({"profiles": [name], "profile_dirs": [str(tmp_path)]})
        sought = [[[regex], True, []]]
        assert found["patterns"] == {"mine": {"regex": regex, "profiles": [name], "sought": sought}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "is not valid YAML"),
        ("- x", "has no dictionary 'patterns'"),
        ("patterns: {}", "has no dictionary 'patterns'"),
        ("patterns: {a: b}\nextra: 1", "has no key 'extra'"),
        ("patterns: {a: '('}", "patterns: a: '(' is not a valid regular expression"),
    ],
)
def test_a_bad_profile_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.yml").write_text(text)
    with pytest.raises(BadOption) as caught:
        resolve({"profiles": ["bad"], "profile_dirs": [str(tmp_path)]})
    assert caught.value.message.startswith(f"{tmp_path}/bad.yml: ")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profiles": ["nope"]}, "profiles: there is no profile 'nope'; known are fluent_bit, otel_collector, "),
        ({"profiles": ["../../etc/passwd"]}, "profiles: '../../etc/passwd' is no profile's name"),
        ({"profiles": ["nope"], "profile_dirs": ["/nope"]}, "profile_dirs: /nope: no such file or directory"),
        ({"profiles": {"a": 1}}, "profiles, profile_dirs and patterns are two lists and a dictionary"),
    ],
)
def test_bad_names_are_told(options: dict, message: str) -> None:
    with pytest.raises(BadOption) as caught:
        resolve(options)
    assert caught.value.message.startswith(message)


# What stood in logs of programs whose traces arrive.
@pytest.mark.parametrize(
    ("of", "line"),
    [
        ("otel_python", "opentelemetry.exporter - ERROR - Failed to export batch code: 204, reason: "),
        ("otel_go", "2022/10/30 22:55:09 OTLP partial success: empty message (0 spans rejected)"),
        (
            "otel_dotnet",
            (
                "Exporter failed send data to collector to https://x:4317/ endpoint. Data will not be sent. Exception: "
                'Status(StatusCode="Internal", Detail="Failed to deserialize. The header contains a gRPC status of OK")'
            ),
        ),
        ("otel_nodejs", 'Exporter "otlp" requested through environment variable is unavailable.'),
        (
            "otel_nodejs",
            (
                "@opentelemetry/instrumentation-grpc Module @grpc/grpc-js has been loaded before x "
                "so it might not work, please initialize it before requiring @grpc/grpc-js"
            ),
        ),
        ("otel_erlang", "[debug] OTLP exporter failed to initialize: exception throw: not_ready"),
        ("fluent_bit", "[ info] [output:opentelemetry:opentelemetry.0] tempo:4318, HTTP status=200"),
    ],
)
def test_what_is_no_failure_accuses_nobody(tmp_path: Path, of: str, line: str) -> None:
    (tmp_path / "app.log").write_text(line + "\n")
    result = look(tmp_path / "app.log", profile(of))
    assert result["reason"] is None
    assert result["unexpected"] == []


def test_a_record_may_tell_its_signal_on_a_later_line(tmp_path: Path) -> None:
    lines = [
        "Exporting failed. Will retry the request after interval.",
        '{"kind": "exporter", "data_type": "metrics", "name": "otlphttp",',
        '"error": "request to http://x/v1/metrics responded with HTTP Status Code 503", "interval": "27s"}',
        "Everything is ready. Begin running and processing data.",
    ]
    (tmp_path / "collector.log").write_text("\n".join(lines) + "\n")
    result = look(tmp_path / "collector.log", resolve({"profiles": ["auto"]})["patterns"])
    retried = result["patterns"]["export_retry"]
    assert (retried["count"], retried["count_since_start"], retried["last"]) == (0, 0, None)
    assert (result["reason"], list(result["other_signals"])) == (None, ["metrics"])


def test_of_like_records_one_shortly_before_says_why(tmp_path: Path) -> None:
    """As the agent 2.33 prints them when gRPC comes to a port of HTTP."""
    begun = "[otel.javaagent 2026-11-28 09:00:00:000 +0000] [main] INFO x - opentelemetry-javaagent - version: 2.33.1"
    failed = (
        "[otel.javaagent 2026-11-28 09:10:1{}:000 +0000] [OkHttp http://x:4318/...] ERROR "
        "io.opentelemetry.x.GrpcExporter - Failed to export 1 spans. The request could not be executed."
    )
    said = ["java.io.IOException: FRAME_SIZE_ERROR: 4740180", "java.net.SocketException: Broken pipe"]
    lines = [line for n, each in enumerate(said) for line in (failed.format(n), each)]
    patterns = resolve({"profiles": ["otel_java"]})["patterns"]
    (tmp_path / "app.log").write_text("\n".join([begun, *lines]) + "\n")
    assert look(tmp_path / "app.log", patterns)["reason"]["cause"] == "protocol_mismatch"
    # What an earlier run of the process said is no reason of this one.
    (tmp_path / "app.log").write_text("\n".join([begun, *lines[:2], begun, *lines[2:]]) + "\n")
    assert look(tmp_path / "app.log", patterns)["reason"]["cause"] == "connection_reset"
