# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the OTLP probe, checked."""

from __future__ import annotations

import dataclasses
import math
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._client.headers import option_headers
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import check_url
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.endpoint import Endpoint, parse_endpoint
from ansible_collections.traceops.tracing.plugins.module_utils._client.tls import TlsOptions, tls_options
from ansible_collections.traceops.tracing.plugins.module_utils._otel.canary import SERVICE

AUTO, GRPC, HTTP_JSON, HTTP_PROTOBUF = "auto", "grpc", "http/json", "http/protobuf"

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    "endpoint": {"type": "str", "required": True},
    "protocol": {"type": "str", "choices": [AUTO, GRPC, HTTP_PROTOBUF, HTTP_JSON], "default": AUTO},
    "path": {"type": "str"},
    "compression": {"type": "str", "choices": ["none", "gzip"], "default": "none"},
    "send": {"type": "bool", "default": True},
    "spans": {"type": "int", "default": 1},
    "service_name": {"type": "str", "default": SERVICE},
    "attributes": {"type": "dict"},
    "traceparent": {"type": "str"},
    "canary": {
        "type": "dict",
        "options": {
            "run": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "hop": {"type": "str", "required": True},
        },
    },
    "counterfactual": {"type": "bool", "default": False},
    "tenants": {"type": "list", "elements": "str", "default": []},
    "tempo_url": {"type": "str"},
    "wait_timeout": {"type": "float", "default": 30.0},
    **HTTP,
}
MAX_SPANS = 100_000


@dataclasses.dataclass(frozen=True)
class Options:
    """The checked options: `headers` go with the export, `parent` is (trace id, span id) of a traceparent.

    `canary` is what trace ids are derived from: (run, host, hop).
    """

    endpoint: Endpoint
    protocol: str
    headers: t.Mapping[str, str]
    tls: TlsOptions
    attributes: t.Mapping[str, t.Union[str, bool, int, float]]
    parent: t.Optional[t.Tuple[bytes, bytes]]
    sampled: bool
    canary: t.Optional[t.Tuple[str, str, str]]
    timeout: float
    proxies: t.Optional[t.Mapping[str, str]]  # of the application, by kind; null: those of this process


def read_options(params: t.Mapping[str, t.Any]) -> Options:
    """The options, checked; BadOption names the one that cannot be used."""
    timeout = params["timeout"]
    if not 0 < timeout <= 3600:
        raise BadOption(f"timeout: {timeout:g} is not between 0 and 3600 seconds")
    if not 0 <= params["wait_timeout"] <= 3600:
        raise BadOption(f"wait_timeout: {params['wait_timeout']:g} is not between 0 and 3600 seconds")
    if not 1 <= params["spans"] <= MAX_SPANS:
        raise BadOption(f"spans: {params['spans']} is not between 1 and {MAX_SPANS}")
    if params.get("tempo_url"):
        check_url(params["tempo_url"], "tempo_url")
    parent, sampled = _traceparent(params.get("traceparent"))
    canary = params.get("canary")
    if canary and parent:
        raise BadOption("canary: it cannot be used with traceparent, which has a trace id of its own")
    return Options(
        endpoint=_endpoint(params),
        protocol=params["protocol"],
        headers=option_headers(params, _OWN_HEADERS),
        tls=tls_options(params),
        attributes={"traceops.canary": True, **_attributes(params.get("attributes") or {})},
        parent=parent,
        sampled=sampled,
        canary=(canary["run"], canary["host"], canary["hop"]) if canary else None,
        timeout=timeout,
        proxies=params.get("proxies"),
    )


def _endpoint(params: t.Mapping[str, t.Any]) -> Endpoint:
    """The endpoint, with the path that is given beside it where there is one."""
    endpoint, path = parse_endpoint(params["endpoint"]), params.get("path")
    if not path:
        return endpoint
    if not re.fullmatch(r"/[!-~]*", path) or "?" in path or "#" in path:
        raise BadOption(f"path: '{excerpt(path, 60)}' is no path; expected one that begins with /, such as /v1/traces")
    return dataclasses.replace(endpoint, path=path)


# The export sets these itself.
_OWN_HEADERS = ("accept-encoding", "connection", "content-length", "content-type", "host", "te", "transfer-encoding")


def _attributes(given: t.Mapping[str, t.Any]) -> t.Dict[str, t.Union[str, bool, int, float]]:
    return {str(name): _attribute(value) for name, value in given.items() if value is not None}


def _attribute(value: t.Any) -> t.Union[str, bool, int, float]:
    """`value`, or its text when OTLP has no number for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    return str(value)


def _traceparent(text: t.Optional[str]) -> t.Tuple[t.Optional[t.Tuple[bytes, bytes]], bool]:
    """((trace id, span id), sampled) of a W3C traceparent; (None, True) without one."""
    if not text:
        return None, True
    match = re.fullmatch(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", text.strip())
    good = match and match[1] != "ff" and (match[5] is None or match[1] != "00")
    if not match or not good or not match[2].strip("0") or not match[3].strip("0"):
        raise BadOption(
            f"traceparent: '{excerpt(text, 60)}' is not a W3C traceparent; "
            "expected 00-(32 hex digits)-(16 hex digits)-(2 hex digits)"
        )
    return (bytes.fromhex(match[2]), bytes.fromhex(match[3])), bool(int(match[4], 16) & 1)
