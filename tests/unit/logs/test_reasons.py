"""Which cause an exporter's words name, which signal they are about, and which protocol it speaks."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel import reasons

# As SDKs, collectors and other senders print them.
SAID: list[tuple[str, str]] = [
    ("Failed to export spans. Server responded with gRPC status code 2. Error message: ", "unknown"),
    ("Server responded with gRPC status code 2. Error message: exhausted all routes", "connection_reset"),
    ("rpc error: code = Unknown desc = no org id", "tenant_missing"),
    ("responded with HTTP Status Code 503, Message=no org id", "tenant_missing"),
    ("RESOURCE_EXHAUSTED: RATE_LIMITED: ingestion rate limit (local: 15000 bytes) exceeded", "rate_limited"),
    ("LIVE_TRACES_EXCEEDED: max live traces exceeded for tenant single-tenant", "limit_exceeded"),
    ("8 RESOURCE_EXHAUSTED: Received message larger than max (6291456 vs. 4194304)", "payload_too_large"),
    (
        "code = ResourceExhausted desc = grpc: received message larger than max (4582597 vs. 4194304)",
        "payload_too_large",
    ),
    ("failed to send to http://tempo:4318/v1/traces: 413 Request Entity Too Large", "payload_too_large"),
    ("OTLP partial success: refused (3 spans rejected)", "partial_success"),
    ("OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /ca.pem", "certificate_unreadable"),
    ("x509: certificate has expired or is not yet valid", "certificate_expired"),
    ("x509: certificate is valid for tempo, not localhost", "certificate_name_mismatch"),
    ("certificate verify failed: Hostname mismatch, certificate is not valid for 'x'", "certificate_name_mismatch"),
    ("remote error: tls: certificate required", "client_certificate_required"),
    ("x509: certificate signed by unknown authority", "certificate_untrusted"),
    ("PKIX path building failed: unable to find valid certification path", "certificate_untrusted"),
    ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "tls_not_spoken"),
    (
        "transport: authentication handshake failed: tls: first record does not look like a TLS handshake",
        "tls_not_spoken",
    ),
    ("400 Bad Request: Client sent an HTTP request to an HTTPS server.", "tls_required"),
    ("BadStatusLine('\\x15\\x03\\x01')", "tls_required"),
    ('net/http: malformed HTTP response "\\x00\\x00\\x06\\x04"', "protocol_mismatch"),
    ("Trying to connect an http1.x server", "protocol_mismatch"),
    ("error reading server preface: http2: frame too large", "protocol_mismatch"),
    ("MissingSchema: Invalid URL 'tempo/v1/traces': No scheme supplied", "scheme_missing"),
    ('Post "tempo:4318/v1/traces": unsupported protocol scheme "tempo"', "scheme_unsupported"),
    ("parse endpoint url: invalid port", "endpoint_invalid"),
    ("ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 407'))", "proxy_in_the_way"),
    ("dial tcp: lookup tempo on 10.0.0.10:53: no such host", "dns_failure"),
    ("Error: getaddrinfo ENOTFOUND tempo", "dns_failure"),
    ("dial tcp 10.0.0.7:4317: connect: connection refused", "connection_refused"),
    ("Error: connect ECONNREFUSED 127.0.0.1:4318", "connection_refused"),
    ("connect: no route to host", "no_route"),
    ("DNS resolution failed for http://tempo:4317: C-ares status is not ARES_SUCCESS", "scheme_unsupported"),
    ("dial tcp: lookup tcp/14268/api/traces: nodename nor servname provided", "endpoint_invalid"),
    (
        "exception throw: {application_either_not_started_or_not_ready, tls_certificate_check}",
        "not_started",
    ),
    ("inets_not_started}}", "not_started"),
    ("dial tcp 192.0.2.1:4317: i/o timeout", "connection_timeout"),
    ("there is no reactor running, must be called from the context of a Tokio 1.x runtime", "exporter_died"),
    ("Server responded with HTTP status code 401", "unauthorized"),
    ("responded with HTTP Status Code 404", "path_not_found"),
    ("responded with HTTP Status Code 499", "invalid_data"),
    ("responded with HTTP Status Code 599", "server_error"),
    ("status code: 302", "redirected"),
    ("rpc error: code = Unauthenticated desc = x", "unauthorized"),
    ("rpc error: code = Unimplemented desc = unknown service", "path_not_found"),
    ("StatusCode.DEADLINE_EXCEEDED", "response_timeout"),
    ('Status(StatusCode="Internal", Detail="x")', "server_error"),
    ("14 UNAVAILABLE: read ECONNRESET", "connection_reset"),
    ("14 UNAVAILABLE: No connection established", "unavailable"),
    ("Failed to export span batch due to timeout, max retries or shutdown.", "gave_up"),
    ("Read timed out. (read timeout=10)", "response_timeout"),
    ("queue is full", "queue_full"),
    ("the exporter was already shut down", "shut_down"),
    ("desc = unexpected HTTP status code received from server: 502 (Bad Gateway); transport: x", "bad_gateway"),
    ("desc = unexpected HTTP status code received from server: 404 (Not Found); transport: x", "protocol_mismatch"),
    ("code = Unauthenticated desc = Unauthorized: HTTP status code 401; transport: received", "unauthorized"),
    ("Server responded with HTTP status code 503. Error message: no org id", "tenant_missing"),
    ("Failed to connect to localhost/127.0.0.1:4317", "connection_refused"),
    ("Failed to connect to localhost/[0:0:0:0:0:0:0:1]:4318", "connection_refused"),
    ("connect EADDRNOTAVAIL ::1:4317 - Local (:::0)", "no_route"),
    ("invalid target address http://tempo:4317, error info: too many colons in address", "scheme_unsupported"),
    ("getaddrinfo(host='http://tempo', err=15): Out of memory", "scheme_unsupported"),
    ("ipv4:10.0.0.7:443: connection attempt timed out before receiving SETTINGS frame", "tls_required"),
    ("ipv4:10.0.0.7:4317: connection attempt timed out before receiving SETTINGS frame", "protocol_mismatch"),
    ('grpc: Decompressor is not installed for grpc-encoding "gzip"', "unsupported_media_type"),
    ("ThrottledException: Rate exceeded", "rate_limited"),
    ("OTLP grpc export failed with error: :eos", "connection_reset"),
    ("tempo:4318, HTTP status=0", "connection_reset"),
    ('status: Unknown, message: "transport error"', "unavailable"),
    ("Export retry limit exceeded [previous] Idle timeout reached", "response_timeout"),
    ("the quick brown fox", "unknown"),
    ("", "unknown"),
]


@pytest.mark.parametrize(("said", "cause"), SAID, ids=[said[:40] for said, _cause in SAID])
def test_words_name_their_cause(said: str, cause: str) -> None:
    assert reasons.explain([said])[0] == cause


def test_a_row_of_the_table_says_who_prints_it() -> None:
    assert all(row.known_of for row in (*reasons.TABLE, *reasons._REST))


def test_the_last_line_of_a_traceback_that_names_the_cause_is_quoted() -> None:
    record = [
        "ERROR:opentelemetry.exporter:Exception while exporting Span batch.",
        "Traceback (most recent call last):",
        '  File "/app/x.py", line 1, in export',
        "ConnectionRefusedError: [Errno 111] Connection refused",
    ]
    assert reasons.explain(record) == (
        "connection_refused",
        "ConnectionRefusedError: [Errno 111] Connection refused",
    )


def test_what_names_nothing_is_quoted_by_its_last_line() -> None:
    assert reasons.explain(["Failed to export", "because of the moon"]) == ("unknown", "because of the moon")
    assert reasons.explain([]) == ("unknown", "")


def test_what_stands_far_behind_is_not_looked_at() -> None:
    assert reasons.explain(["x" * reasons.MOST + " connection refused"])[0] == "unknown"


@pytest.mark.parametrize(
    ("said", "signal"),
    [
        ("Failed to export metrics. Server responded with gRPC status code 2", "metrics"),
        ("request to http://prometheus:80/v1/metrics responded with HTTP Status Code 404", "metrics"),
        ('{"kind": "exporter", "data_type": "logs", "name": "otlp"}', "logs"),
        ("unknown service opentelemetry.proto.collector.logs.v1.LogsService", "logs"),
        ('{"otelcol.signal": "traces"}', "traces"),
        ("Failed to export spans", "traces"),
        ("Exporting failed. Dropping data.", ""),
    ],
)
def test_which_signal_a_line_is_about(said: str, signal: str) -> None:
    assert reasons.signal_of(said) == signal


@pytest.mark.parametrize(
    ("said", "protocol"),
    [
        ("io.opentelemetry.exporter.internal.http.HttpExporter", "http"),
        ("opentelemetry.exporter.otlp.proto.grpc.exporter", "grpc"),
        ("rpc error: code = Unavailable desc = x", "grpc"),
        ("connection refused", ""),
    ],
)
def test_which_protocol_an_exporter_speaks(said: str, protocol: str) -> None:
    assert reasons.protocol_of([said]) == protocol
