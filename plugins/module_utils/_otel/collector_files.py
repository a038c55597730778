# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of an OpenTelemetry Collector, of any distribution."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import nodes, yaml_lines
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, at, entries, pairs, word
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import (
    CollectorFiles,
    Exporter,
    Pipeline,
    Processor,
    Receiver,
)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(.*)", re.S)

DROPS = frozenset({"probabilistic_sampler", "tail_sampling", "filter", "memory_limiter", "span_pruning", "sampling"})
_OTLP = {"otlp": "grpc", "otlp_grpc": "grpc", "otlphttp": "http", "otlp_http": "http"}


def read(reading: Reading) -> CollectorFiles:
    """What the command line's configurations, merged in their order, say of traces."""
    tree = nodes.EMPTY
    uris = shown.options(reading.words, "config", "c")
    if not uris:
        reading.say("the command line names no configuration")
    for uri in uris:
        found = _retrieved(reading, uri)
        if found is not None:
            tree = merge(tree, found)
    return said(tree)


def _retrieved(reading: Reading, uri: str) -> t.Optional[Node]:
    found = _SCHEME.match(uri)
    scheme, rest = (found.group(1), found.group(2)) if found else ("file", uri)
    if scheme == "file":
        return reading.yaml(rest)
    if scheme in ("yaml", "env"):
        text = rest if scheme == "yaml" else reading.environment.get(rest, "")
        return reading.parsed(text, f"--config={scheme}:", yaml_lines.document)
    reading.say(f"a configuration of the scheme {shown.shown_name(scheme)} cannot be followed")
    return None


def merge(below: Node, above: Node) -> Node:
    """Two configurations as the collector merges them: mappings deep, anything else replaced."""
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    merged = dict(below.value)
    for key, node in above.value.items():
        merged[key] = merge(merged[key], node) if key in merged else node
    return above._replace(value=merged)


def said(tree: Node) -> CollectorFiles:
    """What a whole configuration says of traces."""
    pipelines: t.List[Pipeline] = []
    signals: t.List[str] = []
    for name, node in pairs(at(tree, "service", "pipelines")).items():
        signal = shown.shown_kind(name)
        if signal not in signals:
            signals.append(signal)
        if signal == "traces":
            pipelines.append(
                Pipeline(
                    name=shown.shown_name(name),
                    receivers=_names(at(node, "receivers")),
                    processors=_names(at(node, "processors")),
                    exporters=_names(at(node, "exporters")),
                    source=nodes.place(node),
                )
            )
    return CollectorFiles(
        receivers=[
            receiver
            for name, node in pairs(at(tree, "receivers")).items()
            for receiver in receivers(name, node, _using(pipelines, "receivers", name))
        ],
        processors=[
            _processor(name, node, _using(pipelines, "processors", name))
            for name, node in pairs(at(tree, "processors")).items()
        ],
        exporters=[
            _exporter(name, node, _using(pipelines, "exporters", name))
            for name, node in pairs(at(tree, "exporters")).items()
        ],
        pipelines=pipelines,
        signals=signals,
        metrics_address="",
    )


def _names(node: t.Optional[Node]) -> t.List[str]:
    return [shown.shown_name(word(entry)) for entry in entries(node) if word(entry)]


def _using(pipelines: t.Sequence[Pipeline], role: str, name: str) -> t.List[str]:
    name = shown.shown_name(name)
    return [each["name"] for each in pipelines if name in t.cast(t.Mapping[str, t.Any], each)[role]]


def receivers(name: str, node: Node, pipelines: t.List[str]) -> t.List[Receiver]:
    """What a receiver listens on, one entry for each protocol."""
    found = []
    for protocol, settings in pairs(at(node, "protocols")).items():
        endpoint = at(settings, "endpoint")
        port = {"grpc": 4317, "http": 4318}.get(protocol)
        where = shown.listening(word(endpoint), port) if word(endpoint) else shown.Listening("localhost", port)
        found.append(
            Receiver(
                name=shown.shown_name(name),
                protocol=shown.shown_name(protocol),
                host=where.host,
                port=where.port,
                tls=not nodes.is_null(at(settings, "tls")),
                pipelines=pipelines,
                source=nodes.place(endpoint or settings),
            )
        )
    return found


def _processor(name: str, node: Node, pipelines: t.List[str]) -> Processor:
    kind = shown.shown_kind(name)
    percentage = nodes.number(at(node, "sampling_percentage")) if kind == "probabilistic_sampler" else None
    return Processor(
        name=shown.shown_name(name),
        kind=kind,
        drops=kind in DROPS,
        share=None if percentage is None else min(1.0, max(0.0, percentage / 100)),
        pipelines=pipelines,
        source=nodes.place(node),
    )


def _exporter(name: str, node: Node, pipelines: t.List[str]) -> Exporter:
    kind = shown.shown_kind(name)
    endpoint = at(node, "traces_endpoint") or at(node, "endpoint")
    return Exporter(
        name=shown.shown_name(name),
        kind=kind,
        protocol=_OTLP.get(kind, ""),
        endpoint=shown.shown_endpoint(word(endpoint)),
        insecure=nodes.truth(at(node, "tls", "insecure")),
        headers=shown.header_names(at(node, "headers")),
        pipelines=pipelines,
        source=nodes.place(endpoint or node),
    )
