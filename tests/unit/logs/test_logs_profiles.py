"""The profiles: every pattern has a line that it knows, and profiles are resolved to plain patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import patterns, profiles
from ansible_collections.traceops.tracing.tests.unit.logs.looking import PROFILES, look, profile

# Lines as the programs print them, by the pattern that must know them.
LINES: dict[str, dict[str, list[str]]] = {
    "velostream": {
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
        "export_retry": [
            "Transient error StatusCode.UNAVAILABLE encountered while exporting traces to t:4317, retrying in 1s.",
            "Transient error Service Unavailable encountered while exporting span batch, retrying in 0.9s.",
        ],
        "export_failed": [
            "Failed to export traces to t:4317, error code: StatusCode.UNIMPLEMENTED, error details: x",
            "Failed to export spans batch code: 404, reason: Not Found",
            "Failed to export batch code: 404, reason: 404 page not found",
            "Failed to export spans batch due to timeout, max retries or shutdown.",
            "Exception while exporting Span.",
        ],
        "queue_drop": ["Queue full, dropping Span.", "Queue is full, likely spans will be dropped."],
        "too_large": ["Dropping span batch: serialized size 70000000 bytes exceeds max_request_size 67108864 bytes"],
        "exporter_failed": ["RuntimeError: Unsupported OTLP protocol 'http/xml' is configured"],
        "provider_overridden": ["Overriding of current TracerProvider is not allowed"],
        "sampler_invalid": [
            "Couldn't recognize sampler sometimes.",
            "Could not convert TRACES_SAMPLER_ARG to float. Using default rate 1.0",
        ],
        "stopped": ["Exporter already shutdown, ignoring batch"],
    },
    "otel_java": {
        "process_started": ["INFO VersionLogger - opentelemetry-javaagent - version: 2.9.0"],
        "export_failed": [
            "Failed to export spans. The request could not be executed. Full error message: Connection refused",
            "Failed to export spans. Server is UNAVAILABLE. Make sure your collector is running",
            "Failed to export spans. Server responded with gRPC status code 2. Error message: FRAME_SIZE_ERROR",
            "Failed to export spans. Server responded with HTTP status code 404. Error message: Not Found",
            "WARN io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter - Failed to export spans",
            "FINE: Exporter failed",
        ],
        "connection_failed": ["io.grpc.StatusRuntimeException: UNAVAILABLE: io exception"],
        "unresolved": ["io.grpc.StatusRuntimeException: UNAVAILABLE: Unable to resolve host tempo"],
        "queue_drop": [
            "BatchSpanProcessor dropped 7 span(s) since the last export because the queue is full (maxQueueSize=2048)"
        ],
        "exporter_failed": ["ConfigurationException: Unrecognized value for otel.traces.exporter: otpl"],
    },
    "otel_go": {
        "provider_created": ['"level"=4 "msg"="TracerProvider created"'],
        "export_failed": [
            "2026/02/19 10:00:00 traces export: dial tcp 127.0.0.1:4318: connect: connection refused",
            "failed to send to http://tempo:4318/v1/traces: 404 Not Found (body: )",
            "context deadline exceeded: rpc error: code = Unavailable desc = connection refused",
        ],
        "partial_success": ["OTLP partial success: trace too large (3 spans rejected)"],
        "protocol_ignored": ["grpc is not a valid protocol for OTLP/HTTP, defaulting to http/protobuf"],
        "queue_drop": ['"level"=8 "msg"="exporting spans" "count"=512 "total_dropped"=17'],
    },
    "otel_nodejs": {
        "disabled": ['OTEL_TRACES_EXPORTER contains "none". SDK will not be initialized.'],
        "exporter_failed": ["Unrecognized OTEL_TRACES_EXPORTER value: otpl."],
        "export_failed": [
            '{"stack":"OTLPExporterError: Not Found\\n    at","code":"404"}',
            "Error: connect ECONNREFUSED 127.0.0.1:4318",
            '{"stack":"Error: Request timed out\\n    at ClientRequest"}',
        ],
        "queue_drop": ["Dropped 12 spans because maxQueueSize reached"],
        "loaded_too_late": [
            "Module pg has been loaded before x so it might not work, please initialize it before requiring pg"
        ],
        "sampler_invalid": ['OTEL_TRACES_SAMPLER value "sometimes" invalid, defaulting to "parentbased_always_on".'],
        "exporting": ["items to be sent [ [Object] ]"],
    },
    "otel_dotnet": {
        "export_failed": [
            "Exporter failed send data to collector to {0} endpoint. Data will not be sent. {http://t:4317/}"
        ],
        "export_retry": ["Transient HTTP error occurred when communicating with {0}"],
        "export_succeeded": ["Export succeeded for {0}. Message: {1}"],
        "exporter_failed": ["Unsupported value for protocol '{0}' is configured, default protocol 'grpc' will be used"],
        "sampler_invalid": [
            "OTEL_TRACES_SAMPLER configuration was found but the value 'x' is invalid and will be ignored."
        ],
        "queue_drop": [
            "'BatchExportProcessor' exporting to 'OtlpTraceExporter' dropped '3' item(s) due to buffer full.",
            "'{0}' exporting to '{1}' dropped '{2}' item(s) due to buffer full.{A}{B}{3}",
        ],
        "parent_not_recorded": ["'x' was dropped because its local parent activity is not recorded"],
    },
    "otel_rust": {
        "provider_created": ["INFO opentelemetry: name=TracerProvider.GlobalSet Global tracer provider is set."],
        "export_failed": [
            "OpenTelemetry trace error occurred. connection refused",
            'ERROR opentelemetry_sdk: name="BatchSpanProcessor.ExportError" error="Operation timed out"',
            "HTTP export failed with status code: 404",
        ],
        "export_succeeded": ["DEBUG opentelemetry-otlp: name=HttpClient.ExportSucceeded"],
        "queue_drop": ["WARN opentelemetry_sdk: name=BatchSpanProcessor.SpanDroppingStarted"],
        "channel_closed": ["cannot send message to batch processor as the channel is closed"],
        "sampler_invalid": ["WARN opentelemetry_sdk: name=TracerProvider.Config.InvalidSamplerArgument"],
        "provider_overridden": ["ERROR opentelemetry: name=TracerProvider.GlobalSetFailed"],
    },
    "otel_collector": {
        "process_started": [
            '2026-02-19T10:00:00Z\tinfo\tservice/service.go:1\tStarting otelcol-contrib...\t{"Version": "1"}'
        ],
        "ready": [
            "2026-02-19T10:00:00Z\tinfo\tservice/service.go:2\tEverything is ready. Begin running and processing data."
        ],
        "listening": [
            'info\totlpreceiver/otlp.go:1\tStarting GRPC server\t{"endpoint": "0.0.0.0:4317"}',
            'ts=2026-02-19T10:00:00Z level=info msg="Starting HTTP server" component_id=x endpoint=0.0.0.0:4318',
        ],
        "export_retry": ["Exporting failed. Will retry the request after interval."],
        "export_dropped": [
            'Exporting failed. Dropping data.\t{"error": "no more retries left: x", "dropped_items": 12}'
        ],
        "export_failed": ["not retryable error: Permanent error: rpc error: code = Unimplemented"],
        "queue_drop": ["sending queue is full", "Dropping data because sending_queue is full"],
        "partial_success": ["Partial success response"],
        "memory_limited": ["Memory usage is above soft limit. Refusing data."],
        "config_invalid": ['service::pipelines::traces: references exporter "otlp/x" which is not configured'],
        "connection_failed": [
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
    assert {name for name, count in counts.items() if count} == {"process_started"}
    assert result["missing"] == ["tracing_initializing", "exporter_created", "tracer_initialized"]


def resolve(options: dict) -> dict:
    return profiles.resolve(options, lambda directory: directory)


def test_a_profile_becomes_plain_patterns() -> None:
    resolved = resolve({"paths": ["/x"], "profiles": ["velostream"]})
    assert set(resolved) == {"paths", "patterns"}
    assert resolved["patterns"] == profile("velostream")


def test_a_pattern_of_the_task_replaces_that_of_a_profile() -> None:
    resolved = resolve({"profiles": ["velostream"], "patterns": {"queue_drop": "mine"}})
    assert resolved["patterns"]["queue_drop"] == "mine"
    assert "traceparent" in resolved["patterns"]


def test_patterns_of_one_name_in_two_profiles_become_one() -> None:
    joined = resolve({"profiles": "otel_python,otel_rust"})["patterns"]
    expected = [*profile("otel_python")["queue_drop"]["regex"], *profile("otel_rust")["queue_drop"]["regex"]]
    assert joined["queue_drop"] == {"regex": expected, "expect": "absent"}
    assert patterns.parse(joined)


def test_a_directory_of_the_user_comes_first(tmp_path: Path) -> None:
    (tmp_path / "velostream.yml").write_text("patterns: {mine: 'x'}\n")
    (tmp_path / "shop.yml").write_text("patterns: {mine: {regex: y}}\n")
    for name, regex in (("velostream", "x"), ("shop", "y")):
        found = resolve({"profiles": [name], "profile_dirs": [str(tmp_path)]})
        assert found["patterns"] == {"mine": {"regex": regex}}


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
        ({"profiles": ["nope"]}, "profiles: there is no profile 'nope'; known are otel_collector, "),
        ({"profiles": ["../../etc/passwd"]}, "profiles: '../../etc/passwd' is no profile's name"),
        ({"profiles": ["nope"], "profile_dirs": ["/nope"]}, "profile_dirs: /nope: no such file or directory"),
        ({"profiles": {"a": 1}}, "profiles, profile_dirs and patterns are two lists and a dictionary"),
    ],
)
def test_bad_names_are_told(options: dict, message: str) -> None:
    with pytest.raises(BadOption) as caught:
        resolve(options)
    assert caught.value.message.startswith(message)
