# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an exporter's words to the cause of its failure, whatever SDK, version or collector said them.

The causes are those of the probe `otlp`, so that what a log says and what the wire shows can be compared, and a few
that only an exporter meets (CAUSES). One ordered table does it: the first row that is found in a record decides, so
the telling rows come before the general ones.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import later
from ansible_collections.traceops.tracing.plugins.module_utils._otel.records import messages, words
from ansible_collections.traceops.tracing.plugins.module_utils._otel.statuses import REFUSALS

# What only an exporter says; the other words are those of the probe `otlp`.
CAUSES: t.Dict[str, str] = {
    "scheme_missing": "its endpoint has no scheme",
    "scheme_unsupported": "its endpoint has a scheme that it does not know",
    "endpoint_invalid": "its endpoint is not an address that it can read",
    "certificate_unreadable": "a certificate or key that it was given cannot be read",
    "redirected": "the server redirects it",
    "bad_gateway": "a proxy on the path cannot reach the receiver",
    "unavailable": "the receiver asks it to retry later, or does not answer",
    "gave_up": "it gave up without saying why",
    "shut_down": "it was shut down already",
    "queue_full": "its queue is full",
    "exporter_died": "its export thread died",
    "not_started": "what the exporter needs had not started yet",
    "unknown": "its log does not say why",
}

# What is looked at of one record, in characters.
MOST = 8192


class Row(t.NamedTuple):
    """One row of the table: `known_of` are the programs (with versions, where wordings changed) that print it."""

    cause: str
    regex: t.Pattern[str]
    known_of: str


def _row(cause: str, known_of: str, *words: str) -> Row:
    return Row(cause, later.pattern("|".join(re.sub(r"^\(\?i\)(.*)$", r"(?i:\1)", each) for each in words)), known_of)


# Wordings as the sources of August 2026 have them, and as runs of Python 1.15 to 1.45, Node.js 0.35 to 0.223, Java 1.20
# to 1.68 (agent 1.32, 2.33), Go 1.14 to 1.47, Rust 0.24 to 0.33 print them.
TABLE: t.Tuple[Row, ...] = (
    # What the receiver itself says.
    _row("tenant_missing", "Tempo, behind any exporter", r"no org id", r"(?i)x-scope-orgid"),
    _row(
        "limit_exceeded",
        "Tempo: TRACE_TOO_LARGE, LIVE_TRACES_EXCEEDED",
        r"TRACE_TOO_LARGE",
        r"LIVE_TRACES_EXCEEDED",
        r"max live traces",
    ),
    _row(
        "payload_too_large",
        "grpc-go, grpc-java, grpc-js, grpcio; HTTP 413",
        r"(?i)(?:received|sent|sending) message larger than",
        r"gRPC message exceeds maximum size",
        r"exceeds max_request_size",
        r"exceeds the maximum request size",
        r"(?i)(?:payload|request entity|content) too large",
        r"(?i)request body too large",
    ),
    _row(
        "rate_limited",
        "Tempo: RATE_LIMITED; HTTP 429; Vector, Fluent Bit",
        r"RATE_LIMITED",
        r"(?i)too many requests",
        r"ingestion rate limit",
        r"(?i)due to rate limit",
        r"ThrottledException|ThrottlingException",
    ),
    _row(
        "partial_success",
        "all SDKs",
        r"(?i)partial[ _]success",
        r"\.PartialSuccess",
        r"\(\d+ \w+ rejected\)",
        r"rejectedSpans",
    ),
    # Certificates, before TLS at large.
    _row(
        "certificate_unreadable",
        "requests; Java OtlpConfigUtil; Go envconfig; Node.js",
        r"Could not find a suitable TLS CA certificate bundle",
        r"Invalid OTLP certificate/key path",
        r"read tls (?:ca cert|client cert|client key)",
        r"create tls (?:cert pool|client key pair)",
        r"failed to append certificate",
        r"failed to load TLS config",
        r"Failed to read .*certificate",
        r"error setting certificate (?:verify locations|file)",
        r"Failed to load \S+ from '",
        r"No PEM-encoded certificate",
    ),
    _row(
        "certificate_expired",
        "OpenSSL, Go, Java, Node.js, rustls, .NET",
        r"(?i)certificate has expired",
        r"(?i)certificate[_ ]expired",
        r"CertExpired",
        r"CertificateExpired",
        r"CERT_HAS_EXPIRED",
        r"NotTimeValid",
        r"(?i)certificate is not yet valid",
        r"InvalidCertificate\(Expired",
    ),
    _row(
        "certificate_name_mismatch",
        "OpenSSL, Go, Java, okhttp, Node.js, rustls, gRPC core, .NET, curl",
        r"(?i)hostname mismatch",
        r"(?i)ip address mismatch",
        r"ERR_TLS_CERT_ALTNAME_INVALID",
        r"Hostname/IP does not match certificate",
        r"certificate is (?:not )?valid for ",
        r"doesn't contain any IP SANs",
        r"No subject alternative (?:DNS )?names?",
        r"NotValidForName",
        r"Hostname \S+ (?:\([^)]*\) )?not verified",
        r"is not in peer certificate",
        r"no alternative certificate subject name",
        r"RemoteCertificateNameMismatch",
        r"hostname_check_failed",
        r"does not match (?:the )?(?:server )?certificate",
    ),
    _row(
        "client_certificate_required",
        "OpenSSL, Go, Java, rustls alerts",
        r"(?i)certificate[_ ]required",
        r"CertificateRequired",
        r"(?i)\bbad[_ ]certificate\b",
        r"(?i)No required SSL certificate",
    ),
    _row(
        "certificate_untrusted",
        "OpenSSL, BoringSSL, Go, Java, Node.js, rustls, .NET, Erlang, curl",
        r"(?i)self[- _]?signed",
        r"CERTIFICATE_VERIFY_FAILED",
        r"(?i)certificate verify failed",
        r"unable to get (?:local )?issuer certificate",
        r"UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)",
        r"unable to verify the first certificate",
        r"signed by unknown authority",
        r"UnknownIssuer",
        r"(?i)unknown[_ ]ca\b",
        r"PKIX path",
        r"unable to find valid certification path",
        r"RemoteCertificateChainErrors",
        r"UntrustedRoot",
        r"invalid peer certificate",
        r"SSL certificate problem",
        r"remote certificate (?:is invalid|was rejected)",
        r"Trust anchor for certification path not found",
        r"CaUsedAsEndEntity",
    ),
    # TLS spoken where plain text is expected, and back.
    _row(
        "tls_not_spoken",
        "OpenSSL, BoringSSL, Go, Java, okhttp, Node.js, rustls, .NET",
        r"(?i)wrong[_ ]version[_ ]number",
        r"first record does not look like a TLS handshake",
        r"server gave HTTP response to HTTPS client",
        r"Unsupported or unrecognized SSL message",
        r"(?i)not an SSL/TLS record",
        r"InvalidContentType",
        r"(?i)packet[_ ]length[_ ]too[_ ]long",
        r"(?i)record[_ ]layer[_ ]failure",
        r"Cannot determine the frame size or a corrupted frame",
        r"plaintext connection\?",
        r"write EPROTO",
        r"SSL routines:[^:]*:unknown protocol",
        r"SSL_ERROR_SSL.*UNKNOWN_PROTOCOL",
    ),
    _row(
        "tls_required",
        "Go, nginx, Envoy, haproxy in front of a receiver; a TLS alert where an answer was expected",
        r"Client sent an HTTP request to an HTTPS server",
        r"plain HTTP request was sent to HTTPS port",
        r"BadStatusLine\(['\"]\\x15\\x03",
        r"malformed HTTP response \\*\"\\+x15\\+x03",
        r"not found: limit=\d+ content=1503",
        r"Unexpected status line: \\u0015\\u0003",
        r"looks like a TLS",
        r"(?i)requires? (?:TLS|https)\b",
        r":443: connection attempt timed out before receiving SETTINGS frame",
    ),
    # The other protocol of the two.
    _row(
        "protocol_mismatch",
        "gRPC to a server of HTTP: grpcio, grpc-go, okhttp, grpc-js, tonic, .NET; HTTP to one of gRPC: requests, "
        "okhttp, Go, Node.js, hyper, curl, Ruby, .NET",
        r"Trying to connect an http1\.x server",
        r"Failed parsing HTTP/2",
        r"Expected SETTINGS frame",
        r"before receiving SETTINGS frame",
        r"error=invalid value key=content-type",
        r"frame too large",
        r"FRAME_SIZE_ERROR",
        r"4740180",
        r"(?i)looked like an HTTP/1\.1 header",
        r"server preface: http2: (?!.*EOF)",
        r"bogus greeting",
        r"internal client error: Protocol error",
        r"Last error: Protocol error",
        r"frame with invalid size",
        r"http2 error: connection error",
        r"missing selected ALPN",
        r"received unexpected content-type",
        r"unexpected HTTP status code received from server",
        r"Received http2 header with status",
        r"invalid HTTP/2",
        r"HTTP/2 (?:server sent invalid data|connection could not be established|handshake)",
        r"HTTP_1_1_REQUIRED",
        r"invalid compression flag",
        r"[Mm]issing gRPC status",
        r"unknown service opentelemetry\.proto\.collector\.(?:metrics|logs|profiles)",
        r"BadStatusLine",
        r"malformed HTTP (?:response|status code|version)",
        r"Expected HTTP/",
        r"HPE_INVALID_(?:CONSTANT|VERSION)",
        r"Unexpected status line",
        r"Received HTTP/0\.9",
        r"not found: limit=\d+ content=0000",
        r"invalid HTTP version parsed",
        r"(?i)wrong status line",
        r"HTTPBadResponse",
        r"invalid status line",
        r"does not support (?:the )?(?:grpc|gRPC) ",
        r"Content-Type (?:header )?is not supported.*application/grpc",
    ),
    _row(
        "unsupported_media_type",
        "grpc-go: a compression that the receiver does not have",
        r"Decompressor is not installed for grpc-encoding",
    ),
    # The endpoint as a text.
    _row(
        "scheme_missing",
        "requests; Java's URL; Go net/url; reqwest, tonic; Node.js' URL",
        r"No scheme supplied",
        r"MissingSchema",
        r"No connection adapters were found for '(?![a-zA-Z][a-zA-Z0-9+.-]*://)",
        r"no protocol: ",
        r"unknown protocol: (?!https?\b)[^\s/]+\s*$",
        r"first path segment in URL cannot contain colon",
        r"missing protocol scheme",
        r"unsupported protocol scheme \\*\"\\*\"",
        r"unsupported protocol scheme \\*\"[^\"\\]*[.0-9]",
        r"unsupported protocol scheme \\*\"localhost",
        r"relative URL without a base",
        r"RelativeUrlWithoutBase",
        r"URL scheme is not allowed",
        r"[Ii]nvalid URL, scheme is (?:not http|missing)",
        r"(?i)scheme (?:is )?(?:missing|required)",
        r"(?i)missing (?:url )?scheme",
        r"URI is not absolute",
        r"ERR_INVALID_URL\\*\",\\*\"input\\*\":\\*\"(?!\w+://)",
        r"ERR_INVALID_PROTOCOL",
        r"Only 'http' and 'https' schemes are allowed",
    ),
    _row(
        "scheme_unsupported",
        "Go, okhttp, Java autoconfigure, curl, Ruby, Erlang",
        r"unsupported protocol scheme",
        r"InvalidSchema",
        r"Invalid scheme",
        r"DNS resolution failed for \W?https?://",
        r"Expected URL scheme 'http' or 'https'",
        r"unknown scheme ",
        r"invalid target address \S*://",
        r"(?:connections available to|getaddrinfo\(host=')\s?https?://",
        r"(?i)protocol \S+ (?:is )?not supported or disabled",
        r"must start with http://",
        r"(?i)unsupported (?:url )?scheme",
    ),
    _row(
        "endpoint_invalid",
        "urllib3; Java; Node.js; Go; Rust http; .NET; Ruby; Erlang; C++",
        r"Failed to parse: ",
        r"is not a valid host or port",
        r"must be a valid URL",
        r"Invalid URL\b",
        r"(?i)invalid port",
        r"(?i)invalid ur[il]\b",
        r"\"parse (?:endpoint )?url\"",
        r"parse endpoint url",
        r"Could not parse environment-provided export URL",
        r"is not a valid URL",
        r"(?i)invalid authority",
        r"InvalidUri",
        r"UriFormatException",
        r"too many colons in address",
        r"missing (?:port|address)(?: in address)?\b",
        r"MalformedURLException",
        r"InvalidURIError",
        r"(?i)malformed ur[il]",
        r"invalid endpoint",
        r"empty endpoint",
        r"error (?:parsing|normalizing) (?:OTLP export |endpoint )UR[IL]",
        r"Failed to parse and ignoring exporter endpoint",
        r"no Host in request URL",
        r"received empty target",
        r"lookup tcp/\S*: \S",
    ),
    # The way there.
    _row(
        "proxy_in_the_way",
        "requests, Go, curl, okhttp, .NET, Node.js",
        r"ProxyError",
        r"Tunnel connection failed",
        r"(?i)CONNECT tunnel",
        r"proxyconnect",
        r"(?i)proxy authentication",
        r"\b407\b",
        r"(?i)unable to connect to proxy",
        r"(?i)via (?:HTTP )?proxy",
        r"(?i)could not resolve proxy",
        r"proxy tunnel",
    ),
    _row(
        "dns_failure",
        "all SDKs",
        r"NameResolutionError",
        r"Name or service not known",
        r"(?:EAI_\w+|ENOTFOUND)",
        r"getaddrinfo failed",
        r"no such host",
        r"No such host is known",
        r"UnknownHostException",
        r"(?i)unable to resolve host",
        r"Domain name not found",
        r"DNS resolution failed",
        r"failed to lookup address",
        r"nodename nor servname",
        r"Temporary failure in name resolution",
        r"(?i)could not resolve (?:host|name)",
        r"(?i)couldn't resolve host",
        r"produced zero addresses",
        r"name resolver error",
        r"hostname lookup error",
        r"address lookup failed",
        r"Name does not resolve",
        r"lookup \S+ on \S+: ",
        r"nxdomain",
        r"(?i)\bdns error",
        r"No address associated with hostname",
        r"Name resolution failed",
        r"DnsFailure",
    ),
    _row(
        "connection_refused",
        "all SDKs",
        r"(?i)econnrefused",
        r"(?i)connection refused",
        r"actively refused",
        r"os error 111\b",
        r"Errno 111\b",
        # okhttp, of an address (HOST/IP:PORT); of timeouts and names it says so.
        r"ConnectException: Failed to connect to",
        r"Failed to connect to [\w.-]*/[\[\d]",
        r"(?i)couldn't connect to server",
        r"ConnectionRefused",
    ),
    _row(
        "no_route",
        "all SDKs",
        r"(?i)no route to host",
        r"EHOSTUNREACH",
        r"ENETUNREACH",
        r"(?i)network is unreachable",
        r"(?i)host is (?:unreachable|down)",
        r"ehostunreach",
        r"EADDRNOTAVAIL",
        r"(?i)cannot assign requested address",
    ),
    _row(
        "connection_timeout",
        "requests, okhttp, Go, Node.js, Ruby, curl, hyper",
        r"ConnectTimeout",
        r"(?i)connect(?:ion)? timed out",
        r"dial tcp [^\s]+: i/o timeout",
        r"connect ETIMEDOUT",
        r"Net::OpenTimeout",
        r"HttpConnectTimeoutException",
        r"(?i)connection timeout",
        r"tcp connect error.*(?:timed out|deadline)",
        r"connect_timeout",
        r"Failed to connect to .* after \d+ ms: Timeout",
    ),
    # A timeout whose record also says that the client closed the connection then.
    _row(
        "response_timeout",
        "okhttp, and below Java's gRPC exporter; tonic",
        r"InterruptedIOException: timeout(?![\s\S]{0,2000}Connection reset)",
        r"status code 2\. Error message: timeout",
        r"Timeout expired",
        r"Idle timeout reached",
    ),
    # Of a name that does not resolve, Java's gRPC exporter prints no more than the name.
    _row(
        "dns_failure",
        "Java 1.20 to 1.34",
        r"status code 2\. Error message: (?!closed|null)[a-z0-9][a-z0-9.-]*(?:\n|$)",
    ),
    _row(
        "not_started",
        "Erlang and Elixir, whose applications start in the order of their names in the release",
        r"application_either_not_started_or_not_ready",
        r"\w+_not_started\b",
    ),
    # Deaths.
    _row(
        "exporter_died",
        "Rust's batch processor with an asynchronous client",
        r"there is no reactor running",
        r"Cannot drop a runtime in a context where blocking is not allowed",
        r"thread '[^']*(?:OpenTelemetry|BatchProcessor)[^']*' .*panicked",
    ),
)

# The status of an answer, by HTTP's numbers; by words where only these are printed.
_STATUS_CAUSES: t.Dict[int, str] = {
    **REFUSALS,
    426: "protocol_mismatch",
    500: "server_error",
    502: "bad_gateway",
    503: "unavailable",
    504: "bad_gateway",
}
_STATUS = later.pattern(
    r"(?i)(?:HTTP status code|status code:?|batch code:|http\.code=|\bstatus\\*\"?[:= (]{1,2}|statusCode\\*\"?[:=]\s?"
    r"|failed to send (?:\w+ )?to [^\s]+: |\"code\\*\":\\*\"|StatusError\(|non-retryable status|responded with"
    r"|HTTP/\d(?:\.\d)?"
    r"|does not indicate success:|status=|http_code=|code=|HTTP error:?|response_code:?|`?\[?HTTP code:?)"
    r"[\s\"'(:=]*([345]\d\d)\b"
)
# .NET, requests and PSR-18 clients print the number or the phrase alone.
_PHRASES: t.Tuple[t.Tuple[str, t.Pattern[str]], ...] = (
    ("invalid_data", later.pattern(r"\bBad ?Request\b")),
    ("unauthorized", later.pattern(r"\bUnauthorized\b")),
    ("forbidden", later.pattern(r"\bForbidden\b")),
    ("path_not_found", later.pattern(r"\bNot ?Found\b(?! in)|404 page not found")),
    ("method_not_allowed", later.pattern(r"\bMethod ?Not ?Allowed\b")),
    ("unsupported_media_type", later.pattern(r"\bUnsupported ?Media ?Type\b")),
    ("invalid_data", later.pattern(r"\bUnprocessable ?(?:Entity|Content)\b|InvalidHeader \{")),
    ("bad_gateway", later.pattern(r"\bBad ?Gateway\b|\bGateway ?Time-?[oO]ut\b")),
    ("server_error", later.pattern(r"\bInternal ?Server ?Error\b")),
    ("unavailable", later.pattern(r"\bService ?Unavailable\b|retryable status\b|retry-able request failure(?!: Post)")),
    (
        "redirected",
        later.pattern(r"TooManyRedirects|Exceeded \d+ redirects|\b30[1278] (?:Found|Moved|Temporary|Permanent)"),
    ),
)

# gRPC's statuses, by number and name; what some are in the probe `otlp`.
_GRPC_CAUSES: t.Tuple[t.Tuple[str, int, str], ...] = (
    ("INVALID_ARGUMENT", 3, "invalid_data"),
    ("DEADLINE_EXCEEDED", 4, "response_timeout"),
    ("PERMISSION_DENIED", 7, "forbidden"),
    ("RESOURCE_EXHAUSTED", 8, "rate_limited"),
    ("UNIMPLEMENTED", 12, "path_not_found"),
    ("INTERNAL", 13, "server_error"),
    ("UNAUTHENTICATED", 16, "unauthorized"),
    ("NOT_FOUND", 5, "path_not_found"),
    ("FAILED_PRECONDITION", 9, "server_error"),
    ("UNKNOWN", 2, "server_error"),
    ("DATA_LOSS", 15, "server_error"),
    ("OUT_OF_RANGE", 11, "invalid_data"),
    ("ABORTED", 10, "unavailable"),
    ("UNAVAILABLE", 14, "unavailable"),
    ("CANCELLED", 1, "connection_reset"),
)


# As tonic describes them up to Rust 0.27.
_DESCRIBED = {
    "INVALID_ARGUMENT": "Client specified an invalid argument",
    "DEADLINE_EXCEEDED": "Deadline expired before operation could complete",
    "PERMISSION_DENIED": "The caller does not have permission",
    "RESOURCE_EXHAUSTED": "Some resource has been exhausted",
    "UNIMPLEMENTED": "Operation is not implemented or not supported",
    "UNAUTHENTICATED": "The request does not have valid authentication credentials",
    "NOT_FOUND": "Some requested entity was not found",
    "UNAVAILABLE": "The service is currently unavailable",
    "CANCELLED": "The operation was cancelled",
}


def _grpc(name: str, number: int) -> t.Pattern[str]:
    """A gRPC status as SDKs print it: NAME (grpcio, grpc-js, Java), Name (Go, tonic, C++), its number (Java, .NET)."""
    camel = "".join(part.capitalize() for part in name.split("_"))
    spaced = name.replace("_", " ").lower()
    return later.pattern(
        rf"\bStatusCode\.{name}\b|\b{number} {name}\b|\b{name}:|Server (?:is|responded with) {name}|\(\W?{name}\W?\)"
        rf"|\\*\"{name}\\*\"|code = {camel}\b|code:? {camel}\b|status: {camel}\b"
        rf"|(?i:grpc[- ](?:status|code)[ =:\\\"]*(?:code )?{number})\b"
        rf"|status: '?{spaced}|code: '{spaced}|GRPC status {number}\b|StatusCode=\"{camel}\"|Status(?:Code)?\(?{name}"
        + (rf"|{_DESCRIBED[name]}" if name in _DESCRIBED else ""),
        re.IGNORECASE if name not in ("INTERNAL", "UNKNOWN") else 0,
    )


_GRPC = tuple((cause, _grpc(name, number)) for name, number, cause in _GRPC_CAUSES)

# What is left when nobody answered with a status.
_REST: t.Tuple[Row, ...] = (
    _row(
        "connection_reset",
        "all SDKs",
        r"(?i)econnreset",
        r"(?i)connection reset",
        r"(?i)reset by peer",
        r"socket hang up",
        r"RemoteDisconnected",
        r"Remote end closed connection",
        r"(?i)broken pipe",
        r"\bEPIPE\b",
        r"(?i)unexpected EOF",
        r"unexpected end of stream",
        r"end of file reached",
        r"\bEOF(?:Error|Exception)?\b",
        r"(?i)socket closed",
        r"Stream removed",
        r"(?i)\bgoaway\b",
        r"(?i)connection (?:was )?(?:closed|aborted|terminated|lost)",
        r"IncompleteMessage",
        r"(?:error: |\berror,\s*):?eos\b",
        r"HTTP status=0\b",
        r"closed before server preface received",
        r"forcibly closed",
        r"Empty reply from server",
        r"ResponseEnded",
        r"response ended prematurely",
        r"BrokenPipe|ConnectionReset\b",
        # okhttp: the server said nothing before it closed, or a connection was reused that had broken.
        r"Required SETTINGS preface not received",
        r"ConnectionShutdownException",
        r"exhausted all routes",
        r"closed before message completed",
        r"socket_closed_remotely",
        r"RST_STREAM",
        r"stream was reset",
        r"error reading from server",
        r"connection failed\.",
        r"HTTP/1\.x transport connection broken",
    ),
    _row(
        "tls_failure",
        "OpenSSL, Go, Java, Node.js, .NET, Ruby, C++, Erlang",
        r"(?i)handshake[_ ]fail",
        r"SSLHandshakeException",
        r"SSLError",
        r"SSL (?:error|handshake|connect error)",
        r"tls: ",
        r"\bSSL_",
        r"tls_alert",
        r"AuthenticationException",
    ),
    _row(
        "gave_up",
        "Python (timeout, max retries or shutdown), PHP, the Collector",
        r"due to timeout, max retries or shutdown",
        r"(?i)retry limit exceeded",
        r"after maximum retry attempts",
        r"not retrying further",
        r"no more retries left:?\s*$",
        r"\bNo more retries left\.",
        r"Export\.Failed\.Exhausted",
    ),
    _row(
        "response_timeout",
        "all SDKs",
        r"(?i)read ?timed? ?out",
        r"(?i)deadline[_ ]?exceeded",
        r"(?i)request (?:has )?time[d]?[ _]?out",
        r"(?i)\btimed[ _]?out\b",
        r"(?i)\btimeout\b",
        r"Net::ReadTimeout",
        r"[Tt]ask was cancell?ed",
        r"TaskCanceled",
        r"max retry time elapsed",
        r"SocketTimeout",
        r"was canceled due to the configured HttpClient\.Timeout",
        r"IOException: Canceled",
    ),
    _row("queue_full", "all SDKs", r"(?i)queue is full", r"[Cc]oncurrent export limit", r"channel is full"),
    _row(
        "shut_down",
        "all SDKs",
        r"(?i)already (?:been )?shut ?down",
        r"(?i)is (?:already )?shut ?down",
        r"(?i)after ?shut ?down",
        r"AlreadyShutdown",
        r"client is already stopped",
        r"Transport closed",
        r"(?i)shutdown (?:in progress|called)",
        r"channel is closed",
        r"cannot schedule new futures after shutdown",
    ),
    _row(
        "unavailable",
        "grpc-js (no words of its own), tonic, the Collector",
        r"No connection established",
        r"failed to connect to all addresses",
        r"(?i)service was not ready",
        r"tcp connect error",
        r"transport error",
        r"Failed to connect",
        r"error trying to connect",
        r"network error",
    ),
)


def explain(lines: t.Sequence[str]) -> t.Tuple[str, str]:
    """The cause that a record (its own line, then those of its traceback) names, and the words that do, clean."""
    record = messages(lines)
    text = "\n".join(record)[:MOST]
    cause, place = _found(text)
    if place is None:
        return cause, words(record[-1] if record else "")
    begin = text.rfind("\n", 0, place) + 1
    line = text[begin : (text + "\n").index("\n", place)]
    return cause, words(line, place - begin)


def _found(text: str) -> t.Tuple[str, t.Optional[int]]:
    proxied = _OF_PROXY.search(text)
    if proxied:
        return _STATUS_CAUSES.get(int(proxied.group(1)), "server_error"), proxied.start()
    for row in TABLE:
        found = row.regex.search(text)
        if found:
            return row.cause, found.start()
    status = _STATUS.search(text)
    if status:
        code = int(status.group(1))
        default = "redirected" if code < 400 else "invalid_data" if code < 500 else "server_error"
        return _STATUS_CAUSES.get(code, default), status.start(1)
    if _WORDLESS.search(text):
        return "unknown", None
    for cause, regex in (
        *_GRPC_SURE,
        *_PHRASES,
        *_REST_AS_PAIRS[:2],
        *_GRPC_UNSURE,
        *_REST_AS_PAIRS[2:],
        *_GRPC_UNKNOWN,
    ):
        found = regex.search(text)
        if found:
            return cause, found.start()
    return "unknown", None


# UNAVAILABLE and UNKNOWN are also what an SDK makes of a connection that broke: other words go first.
_UNSURE = ("unavailable", "server_error", "connection_reset")
_GRPC_SURE = tuple(each for each in _GRPC if each[0] not in _UNSURE)
_GRPC_UNKNOWN = tuple(each for each, said in zip(_GRPC, _GRPC_CAUSES) if said[0] == "UNKNOWN")
_GRPC_UNSURE = tuple(each for each in _GRPC if each[0] in _UNSURE and each not in _GRPC_UNKNOWN)
# With gRPC, a proxy on the way that answers with HTTP's status: these say more than that it is no gRPC.
_OF_PROXY = later.pattern(
    r"(?:unexpected HTTP status code received from server: |Received http2 header with status: "
    r"|: HTTP status code (?=\d+; transport))(401|403|407|429|5\d\d)\b"
)
_REST_AS_PAIRS = tuple((row.cause, row.regex) for row in _REST)


# What Java's exporter (1.32, okhttp) makes of a failure without a word, as a rule a connection that broke.
_WORDLESS = later.pattern(r"gRPC status code 2\. Error message: ?$")


# Which signal a line is about.
_METRICS = later.pattern(
    r"(?i)metrics?[_ ]?exporter|/v1/metrics|PeriodicExporting|periodic ?(?:metric ?)?reader"
    r"|(?:data_type|signal|pipeline)\W{1,6}metrics|\bmetrics/worker\.go|component_id=\S*metrics"
    r"|export (?:\d+ )?metric|(?:upload|send|uploading|exporting) metrics|MetricsExporter|MetricsService|OTLP METRIC"
    r"|metrics? export|MeterProvider|MetricReader|TonicMetrics|HttpMetrics|encode metrics|metrics batch"
    r"|otelcol\.exporter\.\w+\.\w*metrics|metrics error"
)
_LOGS = later.pattern(
    r"(?i)_log_exporter|/v1/logs|(?:data_type|signal|pipeline)\W{1,6}logs|export (?:\d+ )?log|BatchLog|LogRecord"
    r"|\blogs/worker\.go|component_id=\S*logs"
    r"|(?:upload|send|exporting) logs|LogsService|OTLP LOG\b|LoggerProvider|TonicLogs|HttpLogs|logs export"
    r"|encode logs|logs batch|LogsExporter"
)
_TRACES = later.pattern(
    r"(?i)trace_exporter|/v1/traces|(?:data_type|signal|pipeline)\W{1,6}traces|export (?:\d+ )?(?:trace|span)"
    r"|TraceService|spans"
)


def signal_of(text: str) -> str:
    """traces, metrics or logs, when the line says which; else ""."""
    if _METRICS.search(text):
        return "metrics"
    if _LOGS.search(text):
        return "logs"
    return "traces" if _TRACES.search(text) else ""


def signal_of_record(lines: t.Sequence[str]) -> str:
    """metrics or logs, when a record names that one signal only; else ""."""
    named = {signal for signal in map(signal_of, lines) if signal}
    return named.pop() if len(named) == 1 and "traces" not in named else ""


# The protocol that the exporter speaks, by its own name in the line.
_OF_HTTP = later.pattern(
    r"(?i)proto[._]http|http/?exporter|HttpExporter|OtlpHttp|OTLP HTTP|otlphttp|HttpClient\.|HTTP export|/v1/traces"
    r"|sendWithHttp|http-transport"
)
_OF_GRPC = later.pattern(r"(?i)proto[._]grpc|grpc|tonic|code = \w+ desc")


def protocol_of(lines: t.Sequence[str]) -> str:
    """http or grpc, when a record tells which of the two its exporter speaks; else ""."""
    text = "\n".join(lines)[:MOST]
    if _OF_HTTP.search(text):
        return "http"
    return "grpc" if _OF_GRPC.search(text) else ""
