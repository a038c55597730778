# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where OpenTelemetry's SDKs differ in how they take their settings, by language (`sdks` has what they call them).

Read in the sources of the SDKs in their state of autumn 2026; each entry names the file where the rule stands. What no
SDK differs in is in the specification (environment variables, OTLP exporter, 1.40) and not here.
"""

from __future__ import annotations

import os
import re
import typing as t

GRPC, HTTP_PROTOBUF, HTTP_JSON = "grpc", "http/protobuf", "http/json"
PROTOCOLS = (GRPC, HTTP_PROTOBUF, HTTP_JSON)
TRACES_PATH = "/v1/traces"
# The settings for traces alone, whose URL is used as it is; to any other TRACES_PATH is appended.
VERBATIM = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "-Dotel.exporter.otlp.traces.endpoint")

# What becomes of an endpoint without http:// or https://.
TLS = "tls"  # it means TLS
EMPTY = "empty"  # the host is taken for the scheme, so that the address is empty or the default one
REFUSED = "refused"  # the exporter is not created, or no export leaves


class Rules(t.NamedTuple):
    """One language's SDK: how it takes the settings of its OTLP exporter."""

    name: str
    protocol: t.Optional[str]  # where nothing is set; None: the program's own build decides
    protocols: t.Tuple[str, ...]  # that it can speak
    bare_grpc: str  # an endpoint without scheme, over gRPC
    bare_http: str
    timeout_s: float  # one unit of OTEL_EXPORTER_OTLP_TIMEOUT, in seconds
    exporters: t.Tuple[str, ...]  # words of OTEL_TRACES_EXPORTER beside those of the specification
    proxied: t.Tuple[str, ...]  # the protocols whose exports heed http_proxy and its like


_ALL = PROTOCOLS
_NO_JSON = (GRPC, HTTP_PROTOBUF)
_HTTP = (HTTP_PROTOBUF, HTTP_JSON)

RULES: t.Dict[str, Rules] = {
    # opentelemetry-distro sets grpc; exporter-otlp-proto-grpc/exporter.py: without scheme and `insecure` it uses TLS;
    # the timeout is in seconds.
    "python": Rules(
        "Python", GRPC, _NO_JSON, TLS, REFUSED, 1.0, ("otlp_proto_grpc", "otlp_proto_http", "zipkin_json"), _ALL
    ),
    # sdk-node/src/utils.ts; otlp-grpc-exporter-base puts https:// before a URL without scheme. The HTTP exporter has an
    # agent of its own, which knows no proxy (opentelemetry-js issue 6638).
    "nodejs": Rules("Node.js", HTTP_PROTOBUF, _ALL, TLS, REFUSED, 0.001, (), (GRPC,)),
    # sdk-extension-autoconfigure OtlpConfigUtil: "must start with http:// or https://"; the agent's default since 2.0.
    # A JVM has properties for proxies and reads no variable.
    "java": Rules("Java", None, _NO_JSON, REFUSED, REFUSED, 0.001, ("otlp/stdout", "experimental-otlp/stdout"), ()),
    # otlptracegrpc and otlptracehttp internal/envconfig: url.Parse takes HOST of HOST:PORT for the scheme.
    "go": Rules("Go", HTTP_PROTOBUF, _NO_JSON, EMPTY, EMPTY, 0.001, (), _ALL),
    # OtlpExporterOptions: a Uri of another scheme than http and https is not supported.
    "dotnet": Rules(".NET", None, _NO_JSON, REFUSED, REFUSED, 0.001, (), _ALL),
    # opentelemetry-exporter-otlp is HTTP only ("invalid url for OTLP::Exporter"), its timeout in seconds.
    "ruby": Rules("Ruby", HTTP_PROTOBUF, (HTTP_PROTOBUF,), REFUSED, REFUSED, 1.0, (), _HTTP),
    "php": Rules("PHP", HTTP_PROTOBUF, _ALL, REFUSED, REFUSED, 0.001, ("memory",), _ALL),
    # opentelemetry_exporter: http_protobuf since 1.0. httpc and grpcbox read no variable for proxies.
    "erlang": Rules("Erlang", HTTP_PROTOBUF, _NO_JSON, REFUSED, REFUSED, 0.001, (), ()),
    # reqwest reads the variables for proxies, tonic does not (grpc-rust issue 2298).
    "rust": Rules("Rust", None, _ALL, REFUSED, REFUSED, 0.001, (), _HTTP),
    "cpp": Rules("C++", None, _ALL, REFUSED, REFUSED, 0.001, (), _ALL),
}
# Of the specification, and of the names that all SDKs with such an exporter gave it.
EXPORTERS = ("otlp", "console", "logging", "none", "zipkin", "jaeger", "jaeger_proto")

_PROGRAMS: t.Tuple[t.Tuple[str, str], ...] = (
    (r"python[\d.]*|gunicorn|uwsgi|uvicorn|celery|opentelemetry-instrument", "python"),
    (r"node|nodejs|bun|npm", "nodejs"),
    (r"java", "java"),
    (r"ruby[\d.]*|puma|unicorn|rails|sidekiq", "ruby"),
    (r"php(?:-fpm)?[\d.]*|apache2|frankenphp", "php"),
    (r"dotnet", "dotnet"),
    (r"beam\.smp|erl|erlexec|elixir", "erlang"),
    (r"nginx|envoy", "cpp"),
)


def language_of(words: t.Sequence[str], variables: t.Mapping[str, str]) -> t.Tuple[str, str]:
    """(language, what tells it) of a process by its command line and variables; ("", "") when nothing does."""
    # A program that names itself anew: "nginx: master process /usr/sbin/nginx".
    program = os.path.basename(words[0].partition(": ")[0]) if words else ""
    for pattern, language in _PROGRAMS:
        if re.fullmatch(pattern, program):
            return language, program
    for variable, language in (
        ("CORECLR_ENABLE_PROFILING", "dotnet"),
        ("DOTNET_STARTUP_HOOKS", "dotnet"),
        ("JAVA_TOOL_OPTIONS", "java"),
        ("NODE_OPTIONS", "nodejs"),
    ):
        if variables.get(variable):
            return language, variable
    return "", ""


def default_protocol(language: str, javaagent: str) -> t.Optional[str]:
    """What the exporter speaks where nothing says it; None where only the program knows.

    The Java agent speaks gRPC up to 1.x and HTTP since 2.0 (its CHANGELOG), which its file's name tells as a rule; a
    bare SDK with autoconfiguration speaks gRPC.
    """
    if language == "java":
        version = re.search(r"javaagent-(\d+)\.", os.path.basename(javaagent))
        if version:
            return HTTP_PROTOBUF if int(version.group(1)) >= 2 else GRPC
        return None if javaagent else GRPC
    sdk = RULES.get(language)
    return sdk.protocol if sdk else None


def protocol_of_exporter(exporter: str) -> t.Optional[str]:
    """The protocol that an exporter's name says, as Python's do."""
    return {"otlp_proto_grpc": GRPC, "otlp_proto_http": HTTP_PROTOBUF}.get(exporter)


def bare_endpoint(language: str, protocol: str) -> str:
    """What becomes of an endpoint without scheme: TLS, EMPTY or REFUSED."""
    sdk = RULES.get(language)
    if sdk is None:
        return REFUSED
    return sdk.bare_grpc if protocol == GRPC else sdk.bare_http


def heeds_proxies(language: str, protocol: t.Optional[str]) -> bool:
    """Whether exports over `protocol` (null: not known) may go through the proxies that variables name."""
    sdk = RULES.get(language)
    if sdk is None or (protocol is None and sdk.proxied):
        return True
    return protocol in sdk.proxied
