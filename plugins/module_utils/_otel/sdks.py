# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each SDK calls its settings, and what makes it speak: the words of a fix, by the profile that knows its log.

From the SDKs' sources and documentation of August 2026 (Velostream: 2026-02-19).
"""

from __future__ import annotations

import typing as t


class Sdk(t.TypedDict):
    """The names of one SDK's settings, as a sentence can have them."""

    name: str
    endpoint: str
    protocol: str
    plain: str  # how it is told to speak without TLS
    tls: str  # and with it
    certificate: str
    headers: str
    timeout: str
    exporter: str
    speak: str  # what makes it say when exports fail


_VARIABLES: Sdk = {
    "name": "the SDK",
    "endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT wins over it)",
    "protocol": "OTEL_EXPORTER_OTLP_PROTOCOL",
    "plain": "http:// in front of the endpoint",
    "tls": "https:// in front of the endpoint",
    "certificate": "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "headers": "OTEL_EXPORTER_OTLP_HEADERS (name=value,name=value)",
    "timeout": "OTEL_EXPORTER_OTLP_TIMEOUT",
    "exporter": "OTEL_TRACES_EXPORTER",
    "speak": "OTEL_LOG_LEVEL=debug, where the SDK has it",
}


def _sdk(name: str, **words: str) -> Sdk:
    return t.cast(Sdk, {**_VARIABLES, "name": name, **words})


# By profile.
SDKS: t.Dict[str, Sdk] = {
    "otel_python": _sdk(
        "OpenTelemetry for Python",
        endpoint="OTEL_EXPORTER_OTLP_ENDPOINT, or OTLPSpanExporter(endpoint=...) in code",
        protocol="OTEL_EXPORTER_OTLP_PROTOCOL (or the package: opentelemetry.exporter.otlp.proto.http or .grpc)",
        plain=(
            "http:// in front of the endpoint, OTEL_EXPORTER_OTLP_INSECURE=true or OTLPSpanExporter(insecure=True); "
            "gRPC without a scheme means TLS"
        ),
        headers="OTEL_EXPORTER_OTLP_HEADERS (name=value, values percent-encoded: Bearer%20...)",
        timeout="OTEL_EXPORTER_OTLP_TIMEOUT (seconds)",
        speak="logging.basicConfig(level=logging.WARNING) in the program, so that the loggers opentelemetry.* are seen",
    ),
    "otel_nodejs": _sdk(
        "OpenTelemetry for Node.js",
        endpoint="OTEL_EXPORTER_OTLP_ENDPOINT, or new OTLPTraceExporter({url: ...})",
        protocol="OTEL_EXPORTER_OTLP_PROTOCOL (or the package: exporter-trace-otlp-proto, -http or -grpc)",
        plain="http:// in front of the endpoint, or grpc.credentials.createInsecure(); gRPC without a scheme means TLS",
        certificate="OTEL_EXPORTER_OTLP_CERTIFICATE, or NODE_EXTRA_CA_CERTS",
        timeout="OTEL_EXPORTER_OTLP_TIMEOUT (milliseconds)",
        speak="OTEL_LOG_LEVEL=warn, or diag.setLogger(new DiagConsoleLogger())",
    ),
    "otel_java": _sdk(
        "OpenTelemetry for Java",
        endpoint="OTEL_EXPORTER_OTLP_ENDPOINT or -Dotel.exporter.otlp.endpoint (with scheme)",
        protocol=(
            "OTEL_EXPORTER_OTLP_PROTOCOL or -Dotel.exporter.otlp.protocol (the agent's default is http/protobuf "
            "since 2.0, grpc before)"
        ),
        certificate="OTEL_EXPORTER_OTLP_CERTIFICATE or -Dotel.exporter.otlp.certificate",
        headers="OTEL_EXPORTER_OTLP_HEADERS or -Dotel.exporter.otlp.headers (name=value,name=value)",
        timeout="OTEL_EXPORTER_OTLP_TIMEOUT (milliseconds)",
        exporter="OTEL_TRACES_EXPORTER or -Dotel.traces.exporter",
        speak="-Dotel.javaagent.debug=true, or java.util.logging at WARNING for io.opentelemetry",
    ),
    "otel_go": _sdk(
        "OpenTelemetry for Go",
        endpoint="OTEL_EXPORTER_OTLP_ENDPOINT, or WithEndpointURL(...) (WithEndpoint takes HOST:PORT)",
        protocol="the package: otlptracehttp or otlptracegrpc (OTEL_EXPORTER_OTLP_PROTOCOL only with autoexport)",
        plain="http:// in front of the endpoint, OTEL_EXPORTER_OTLP_INSECURE=true or WithInsecure()",
        certificate="OTEL_EXPORTER_OTLP_CERTIFICATE, or WithTLSClientConfig / WithTLSCredentials",
        headers="OTEL_EXPORTER_OTLP_HEADERS, or WithHeaders(...)",
        timeout="OTEL_EXPORTER_OTLP_TIMEOUT (milliseconds), or WithTimeout(...)",
        speak="otel.SetErrorHandler(...), when the program has replaced it; failures go to standard error by default",
    ),
    "otel_rust": _sdk(
        "OpenTelemetry for Rust",
        endpoint="OTEL_EXPORTER_OTLP_ENDPOINT, or with_endpoint(...) (for HTTP in code: with /v1/traces)",
        protocol="with_http() or with_tonic() in code",
        plain="http:// in front of the endpoint",
        tls="https:// in front of the endpoint, and a tls feature of opentelemetry-otlp",
        headers="OTEL_EXPORTER_OTLP_HEADERS, or with_headers / with_metadata",
        timeout="OTEL_EXPORTER_OTLP_TIMEOUT (milliseconds), or with_timeout(...)",
        speak="a tracing subscriber that shows the targets opentelemetry* (RUST_LOG=opentelemetry=warn,...)",
    ),
    "otel_dotnet": _sdk(
        "OpenTelemetry .NET",
        endpoint="OTEL_EXPORTER_OTLP_ENDPOINT, or OtlpExporterOptions.Endpoint (for HTTP in code: with /v1/traces)",
        protocol="OTEL_EXPORTER_OTLP_PROTOCOL, or OtlpExporterOptions.Protocol (the default is gRPC)",
        headers="OTEL_EXPORTER_OTLP_HEADERS, or OtlpExporterOptions.Headers",
        timeout="OTEL_EXPORTER_OTLP_TIMEOUT (milliseconds)",
        speak=(
            "a file OTEL_DIAGNOSTICS.json beside the program: "
            '{"LogDirectory": ".", "FileSize": 32768, "LogLevel": "Warning"}'
        ),
    ),
    "otel_ruby": _sdk(
        "OpenTelemetry for Ruby",
        protocol="no setting: its OTLP exporter speaks http/protobuf only; give it the port of OTLP over HTTP (4318)",
        timeout="OTEL_EXPORTER_OTLP_TIMEOUT (seconds)",
        speak="OTEL_LOG_LEVEL=debug, and OpenTelemetry.logger that writes where the application does",
    ),
    "otel_php": _sdk(
        "OpenTelemetry for PHP",
        protocol="OTEL_EXPORTER_OTLP_PROTOCOL (grpc needs open-telemetry/transport-grpc)",
        timeout="OTEL_EXPORTER_OTLP_TIMEOUT (milliseconds)",
        speak="OTEL_PHP_LOG_DESTINATION=error_log, and error_log that is written to a file",
    ),
    "otel_cpp": _sdk(
        "OpenTelemetry C++",
        endpoint="OTEL_EXPORTER_OTLP_ENDPOINT, or the url of the options (nginx: otel_exporter; Envoy: the cluster)",
        protocol="the exporter: OtlpHttpExporter or OtlpGrpcExporter",
        plain="http:// in front of the endpoint, or use_ssl_credentials = false",
        speak="GlobalLogHandler::SetLogLevel(LogLevel::Debug); for Envoy the log level debug of the component tracing",
    ),
    "otel_erlang": _sdk(
        "OpenTelemetry for Erlang and Elixir",
        endpoint="OTEL_EXPORTER_OTLP_ENDPOINT, or otlp_endpoint of the application opentelemetry_exporter",
        protocol="OTEL_EXPORTER_OTLP_PROTOCOL, or otlp_protocol (the default is http_protobuf)",
        headers="OTEL_EXPORTER_OTLP_HEADERS, or otlp_headers",
        speak="the logger's level info, at which failed exports are logged",
    ),
    "fluent_bit": _sdk(
        "Fluent Bit",
        endpoint="Host (a name, no URL), Port and Traces_uri (/v1/traces) of its output opentelemetry",
        protocol="grpc on in its output (4317), else it speaks http/protobuf (4318)",
        plain="Tls off in its output",
        tls="Tls on in its output",
        certificate="Tls.ca_file",
        headers="Header NAME VALUE (a space between them, no equals sign)",
        timeout="net.connect_timeout and net.io_timeout (seconds)",
        exporter="an [OUTPUT] with Name opentelemetry",
        speak="Log_Level debug in [SERVICE]",
    ),
    "vector": _sdk(
        "Vector",
        endpoint="protocol.uri of its sink opentelemetry (with /v1/traces)",
        protocol="protocol.type of its sink (http)",
        plain="http:// in protocol.uri",
        tls="https:// in protocol.uri",
        certificate="protocol.tls.ca_file",
        headers="protocol.request.headers",
        timeout="protocol.request.timeout_secs (seconds)",
        exporter="a sink with type opentelemetry",
        speak="VECTOR_LOG=debug",
    ),
    "velostream": _sdk(
        "Velostream",
        endpoint="--otlp-endpoint (OTEL_EXPORTER_OTLP_ENDPOINT overrides it)",
        protocol="no setting: it speaks http/protobuf only, and changes port 4317 to 4318",
        speak="RUST_LOG=velostream=debug,opentelemetry=debug",
    ),
}

# Logs that are no application's.
COLLECTOR, TEMPO = "otel_collector", "tempo"


def sdk(profile: str) -> Sdk:
    """The words for the SDK that `profile` knows; those of the specification for any other."""
    return SDKS.get(profile, _VARIABLES)


# What mends a collector's exporter, by the cause that its log names.
COLLECTOR_FIXES: t.Dict[str, str] = {
    "tls_not_spoken": "set tls: {insecure: true} for its exporter otlp, or http:// in the endpoint of otlphttp",
    "tls_required": "set https:// in the endpoint of otlphttp, or remove tls.insecure of otlp",
    "protocol_mismatch": "use the exporter that matches the receiver: otlp is gRPC (4317), otlphttp is HTTP (4318)",
    "connection_refused": (
        "correct the endpoint of its exporter (host and port), or start the receiver that should listen there"
    ),
    "connection_timeout": "correct the endpoint of its exporter, or allow it in the firewall",
    "dns_failure": "correct the host in the endpoint of its exporter, or put both containers on one network",
    "path_not_found": "give otlphttp the base URL of OTLP (http://TEMPO:4318, no /v1/traces, not Tempo's query port)",
    "unsupported_media_type": "set compression: none for its exporter, or enable that compression in the receiver",
    "bad_gateway": (
        "check the proxy in front of the receiver: it cannot reach it, or does not pass gRPC on (otlp is gRPC, "
        "otlphttp is HTTP)"
    ),
    "method_not_allowed": "give otlphttp the base URL of OTLP, not a page",
    "unauthorized": "give its exporter credentials that the receiver accepts (headers, or auth.authenticator)",
    "forbidden": "give its exporter credentials that may write there (headers, or auth.authenticator)",
    "tenant_missing": "set headers: {X-Scope-OrgID: TENANT} for its exporter",
    "rate_limited": "raise the receiver's ingestion limits (in Tempo those of the tenant), or send less",
    "limit_exceeded": "raise the tenant's limit that Tempo names",
    "payload_too_large": "lower send_batch_max_size of its batch processor, or raise the receiver's limit",
    "certificate_untrusted": "set tls.ca_file for its exporter to the authority that signed the certificate",
    "certificate_expired": "renew the receiver's certificate",
    "certificate_name_mismatch": "use a name that the certificate lists, or set tls.server_name_override",
    "client_certificate_required": "set tls.cert_file and tls.key_file for its exporter",
    "response_timeout": "raise timeout of its exporter, or find out why the receiver is slow",
    "queue_full": "correct what keeps its exporter from delivering, then raise sending_queue.queue_size",
}
