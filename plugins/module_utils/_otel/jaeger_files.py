# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Jaeger takes in: version 2 is a Collector, version 1 has options and variables of the same names.

Version 1: cmd/collector/app/flags/flags.go of 1.50; version 2: cmd/jaeger/internal (command.go, all-in-one.yaml) of
August 2026. Since 1.59 OTLP listens on localhost where nothing is said, before on all addresses.
"""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node
from ansible_collections.traceops.tracing.plugins.module_utils._otel import collector_files
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import (
    CollectorFiles,
    Exporter,
    Pipeline,
    Receiver,
)

# (name, protocol, option of the address, option of TLS, where it listens when nothing is said)
_LISTENING = (
    ("otlp", "grpc", "collector.otlp.grpc.host-port", "collector.otlp.grpc.tls.enabled", "localhost:4317"),
    ("otlp", "http", "collector.otlp.http.host-port", "collector.otlp.http.tls.enabled", "localhost:4318"),
    ("jaeger", "jaeger_grpc", "collector.grpc-server.host-port", "collector.grpc.tls.enabled", ":14250"),
    ("jaeger", "jaeger_thrift_http", "collector.http-server.host-port", "collector.http.tls.enabled", ":14268"),
    ("zipkin", "zipkin", "collector.zipkin.host-port", "collector.zipkin.tls.enabled", ""),
)


def read(reading: Reading) -> CollectorFiles:
    """What the options, the variables or the configuration of a Jaeger say."""
    program = posixpath.basename(reading.words[0]) if reading.words else ""
    if shown.options(reading.words, "config"):
        return collector_files.read(reading)
    if program == "jaeger":
        return collector_files.said(reading, _all_in_one(reading))
    pipelines = [Pipeline(name="traces", receivers=[], processors=[], exporters=["storage"], source="command line")]
    receivers = _receivers(reading) if "query" not in program and "ingester" not in program else []
    pipelines[0]["receivers"] = list(dict.fromkeys(receiver["name"] for receiver in receivers))
    storage, source = reading.environment.get("SPAN_STORAGE_TYPE"), "environment, SPAN_STORAGE_TYPE"
    return CollectorFiles(
        receivers=receivers,
        processors=[],
        exporters=[
            Exporter(
                name="storage",
                kind=shown.shown_name(storage or "memory"),
                protocol="",
                endpoint="",
                insecure=None,
                headers=[],
                pipelines=["traces"],
                source=source if storage else "command line",
            )
        ],
        pipelines=pipelines,
        signals=["traces"],
        metrics_address=shown.shown_endpoint(_said(reading, "admin.http.host-port", ":14269")[0]),
    )


def _receivers(reading: Reading) -> t.List[Receiver]:
    found = []
    for name, protocol, option, tls, default in _LISTENING:
        address, source = _said(reading, option, default)
        if not address or (name == "otlp" and _said(reading, "collector.otlp.enabled", "true")[0].lower() == "false"):
            continue
        where = shown.listening(address)
        found.append(
            Receiver(
                name=name,
                protocol=protocol,
                host=where.host,
                port=where.port,
                tls=bool(shown.flag(reading.words, tls)) or _said(reading, tls, "")[0].lower() == "true",
                pipelines=["traces"],
                source=source,
            )
        )
    return found


def _said(reading: Reading, option: str, default: str) -> t.Tuple[str, str]:
    """(value, who says it) of an option: the command line, the variable of its name, or the default."""
    values = shown.options(reading.words, option)
    if values:
        return values[-1], f"command line, --{option}"
    variable = option.upper().replace(".", "_").replace("-", "_")
    if reading.environment.get(variable):
        return reading.environment[variable], f"environment, {variable}"
    return default, "command line (default)"


def _all_in_one(reading: Reading) -> Node:
    """What version 2 does without a configuration: all receivers on JAEGER_LISTEN_HOST, storage in memory."""
    host = reading.environment.get("JAEGER_LISTEN_HOST") or "localhost"
    source = (
        "environment, JAEGER_LISTEN_HOST" if "JAEGER_LISTEN_HOST" in reading.environment else "command line (default)"
    )

    def listens(port: int) -> Node:
        return Node({"endpoint": Node(f"{host}:{port}", 0, source)}, 0, source)

    receivers = {
        name: Node({"protocols": Node({protocol: listens(port) for protocol, port in ports.items()})})
        for name, ports in collector_files.PROTOCOL_PORTS.items()
        if name in ("otlp", "jaeger")
    }
    receivers["zipkin"] = listens(9411)
    storage = Node("jaeger_storage_exporter", 0, source)
    pipeline = {
        "receivers": Node([Node(name, 0, source) for name in receivers]),
        "processors": Node([Node("batch", 0, source)]),
        "exporters": Node([storage]),
    }
    return Node(
        {
            "receivers": Node(receivers),
            "processors": Node({"batch": Node({}, 0, source)}),
            "exporters": Node({"jaeger_storage_exporter": Node({}, 0, source)}),
            "service": Node({"pipelines": Node({"traces": Node(pipeline, 0, source)})}),
        }
    )
