# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof by counterfactual: a refused canary is sent again with nothing changed but the suspected fix."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.endpoint import (
    TRACES_PATH,
    Endpoint,
    parse_endpoint,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp.options import (
    AUTO,
    GRPC,
    HTTP_JSON,
    HTTP_PROTOBUF,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp.result import (
    Change,
    Counterfactual,
    Proof,
    Result,
)

MAX_REQUESTS = 6
GRPC_PORT, HTTP_PORT = 4317, 4318
_OTHER_PORT = {GRPC_PORT: HTTP_PORT, HTTP_PORT: GRPC_PORT}
_SECRETS = ("url_username", "url_password", "token", "headers")
_LEAST_S = 0.05  # with less time left than that, an attempt would tell nothing about the fix

Params = t.Mapping[str, t.Any]


def prove(params: Params, failed: Result, attempt: t.Callable[[Params], Result]) -> Proof:
    """What is tried for the result of a send that failed.

    The first that passes ends it, and its setting (variables of an SDK, OpenTelemetry specification 1.x) is
    passes_with. All together take at most the option timeout.
    """
    tried: t.List[Counterfactual] = []
    started = time.monotonic()
    for change in suspects(params, failed)[:MAX_REQUESTS]:
        left = params["timeout"] - (time.monotonic() - started)
        if left < _LEAST_S:
            break
        begun = time.monotonic()
        try:
            spoken = failed["protocol"] if list(change) == ["tenant"] else ""
            changed = {**_without_secrets(params, change), **change, "timeout": left, "tempo_url": None}
            result = attempt({**changed, "spoken": spoken})
        except BadOption:  # such as a path that this endpoint cannot have
            continue
        ms = round((time.monotonic() - begun) * 1000, 1)
        setting = _setting(change)
        tried.append({"change": change, "setting": setting, "ok": result["ok"], "cause": result["cause"], "ms": ms})
        if result["ok"]:
            return {"counterfactuals": tried, "passes_with": setting}
    return {"counterfactuals": tried, "passes_with": ""}


def _without_secrets(params: Params, change: Change) -> Params:
    """`params`, without credentials where they were meant for TLS and the change leaves it."""
    downgraded = change.get("endpoint", "").startswith("http://") and params["endpoint"].lower().startswith("https://")
    return {**params, **dict.fromkeys(_SECRETS)} if downgraded else params


def suspects(params: Params, failed: Result) -> t.List[Change]:
    """The changes worth trying after this failure, the likeliest first. Nothing for a cause that no client can fix."""
    endpoint = parse_endpoint(params["endpoint"])
    protocol = failed["protocol"]
    cause, detected = failed["cause"], failed["detected"]
    other_scheme: Change = {"endpoint": _base(endpoint, tls=not endpoint.tls)}
    if cause == "connection_refused":
        return _other_ports(endpoint)
    if cause == "connection_reset":
        return [other_scheme, *_other_protocol(protocol), *_other_ports(endpoint)]
    if cause == "response_timeout":
        # Without TLS it was silent over HTTP, gRPC and TLS alike; a handshake hangs where TLS is not spoken.
        return [*([other_scheme] if endpoint.tls else []), *_other_ports(endpoint)]
    if cause == "protocol_mismatch":
        return [*_other_protocol(protocol), *_other_ports(endpoint, protocol)]
    if cause == "tls_required":
        # Behind the TLS there may be the other protocol as well.
        both: t.List[Change] = [{**other_scheme, **change} for change in _other_protocol(protocol)]
        return [other_scheme, *both]
    if cause == "tls_not_spoken":
        other = GRPC if detected == "grpc" else HTTP_PROTOBUF
        mixed = protocol not in ("", other) and not (other == HTTP_PROTOBUF and protocol == HTTP_JSON)
        and_other: Change = {**other_scheme, "protocol": other}
        return [other_scheme, *([and_other] if mixed else [])]
    if cause in ("path_not_found", "method_not_allowed"):
        path: t.List[Change] = (
            [] if protocol == GRPC or endpoint.path == TRACES_PATH else [{"endpoint": _base(endpoint)}]
        )
        return [*path, *_other_ports(endpoint)]
    if cause == "unsupported_media_type":
        return [{"protocol": HTTP_PROTOBUF if protocol == HTTP_JSON else HTTP_JSON}]
    if cause == "tenant_missing":
        return [{"tenant": tenant} for tenant in params["tenants"] if tenant != params.get("tenant")]
    return []


def _other_protocol(protocol: str) -> t.List[Change]:
    """gRPC for HTTP and the reverse; nothing for an endpoint that was asked with `auto`, which tries both."""
    return [{"protocol": HTTP_PROTOBUF if protocol == GRPC else GRPC}] if protocol else []


def _other_ports(endpoint: Endpoint, protocol: str = AUTO) -> t.List[Change]:
    """The sibling of a well-known port; both of them for any other port, such as Tempo's API."""
    ports = [_OTHER_PORT[endpoint.port]] if endpoint.port in _OTHER_PORT else [HTTP_PORT, GRPC_PORT]
    changes: t.List[Change] = []
    for port in ports:
        spoken = GRPC if port == GRPC_PORT else HTTP_PROTOBUF
        if protocol in (AUTO, spoken) or (protocol == HTTP_JSON and spoken == HTTP_PROTOBUF):
            changes.append({"endpoint": _base(endpoint, port=port), "protocol": spoken})
    return changes


def _base(endpoint: Endpoint, tls: t.Optional[bool] = None, port: int = 0) -> str:
    """The endpoint as OTEL_EXPORTER_OTLP_ENDPOINT has it, without a path, with another scheme or port."""
    changed = Endpoint(endpoint.tls if tls is None else tls, endpoint.host, port or endpoint.port, "")
    return changed.url(grpc=True)


_VARIABLES: t.Tuple[t.Tuple[t.Literal["endpoint", "protocol"], str], ...] = (
    ("endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ("protocol", "OTEL_EXPORTER_OTLP_PROTOCOL"),
)


def _setting(change: Change) -> str:
    words = [f"{variable}={change[option]}" for option, variable in _VARIABLES if option in change]
    if "tenant" in change:
        words.append(f"OTEL_EXPORTER_OTLP_HEADERS=x-scope-orgid={change['tenant']}")
    return " ".join(words)
