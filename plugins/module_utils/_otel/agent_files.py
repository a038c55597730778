# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration of a Grafana Agent says of traces: in static mode `traces.configs`, in flow mode as Alloy.

The rules are those of the Agent's static/traces (config.go), which has the Collector 0.96 inside.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import nodes, yaml_lines
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, at, entries, pairs, word
from ansible_collections.traceops.tracing.plugins.module_utils._otel import alloy_files, collector_files
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import CollectorFiles

DEFAULT_HOST = "0.0.0.0"  # of receivers, before 0.104 of the Collector
DEFAULT_METRICS = "127.0.0.1:12345"

# In the order in which they stand in the pipeline.
_PROCESSORS = (
    "scrape_configs",
    "automatic_logging",
    "attributes",
    "batch",
    "spanmetrics",
    "service_graphs",
    "tail_sampling",
)


def read(reading: Reading) -> CollectorFiles:
    """What the file of the command line says; static mode has -config.file, flow mode `run PATH`."""
    paths = shown.options(reading.words, "config.file")
    if not paths and "run" in reading.words:
        return alloy_files.read(reading)
    tree: t.Optional[Node] = None
    if paths:
        text = reading.text(paths[-1])
        if text is not None:
            if shown.flag(reading.words, "config.expand-env"):
                text = shown.with_variables(reading, text, shown.shown_path(paths[-1]))
            tree = reading.parsed(text, paths[-1], yaml_lines.document)
    else:
        reading.say("the command line names no configuration")
    instances = entries(at(tree, "traces", "configs")) or entries(at(tree, "tempo", "configs"))
    whole = collector_files.said(reading, _as_collector(instances), DEFAULT_HOST)
    whole["signals"] = [
        signal
        for signal in ("traces", "metrics", "logs")
        if pairs(at(tree, signal)) or (signal == "traces" and instances)
    ]
    address = shown.options(reading.words, "server.http.address")
    whole["metrics_address"] = shown.shown_endpoint(address[-1]) if address else DEFAULT_METRICS
    return whole


def _as_collector(instances: t.List[Node]) -> Node:
    """The pipelines of all instances as one configuration of the Collector; each instance's names end in its own."""
    parts: t.Dict[str, t.Dict[str, Node]] = {"receivers": {}, "processors": {}, "exporters": {}, "pipelines": {}}
    for instance in instances:
        suffix = "" if len(instances) == 1 else "/" + word(at(instance, "name"))
        own = {
            "receivers": dict(pairs(at(instance, "receivers"))),
            "processors": {name: node for name, node in pairs(instance).items() if name in _PROCESSORS},
            "exporters": _exporters(instance),
        }
        lists: t.Dict[str, Node] = {}
        for part, found in own.items():
            names = sorted(found, key=_PROCESSORS.index) if part == "processors" else list(found)
            parts[part].update({name + suffix: found[name] for name in names})
            lists[part] = Node([Node(name + suffix, instance.line, instance.file) for name in names])
        parts["pipelines"]["traces" + suffix] = Node(lists, instance.line, instance.file)
    pipelines = Node({"pipelines": Node(parts.pop("pipelines"))})
    return Node({"service": pipelines, **{part: Node(found) for part, found in parts.items()}})


def _exporters(instance: Node) -> t.Dict[str, Node]:
    found: t.Dict[str, Node] = {}
    for index, target in enumerate(entries(at(instance, "remote_write"))):
        kind = {"http": "otlphttp"}.get(word(at(target, "protocol")), "otlp")
        found[f"{kind}/{index}"] = _exporter(target)
    # Spans that are balanced come back to another Agent's port before they go to remote_write.
    balanced = at(instance, "load_balancing")
    if balanced is not None:
        resolver = dict(pairs(at(balanced, "resolver")))
        resolver["k8s"] = resolver.get("kubernetes", nodes.EMPTY)
        protocol = Node({"otlp": _exporter(at(balanced, "exporter") or nodes.EMPTY)})
        found["loadbalancing"] = balanced._replace(value={"protocol": protocol, "resolver": Node(resolver)})
    return found


def _exporter(target: Node) -> Node:
    """A remote_write as an exporter of the Collector."""
    insecure = at(target, "insecure") or Node("false", target.line, target.file, True)
    headers = dict(pairs(at(target, "headers")))
    if at(target, "basic_auth") is not None:
        headers["authorization"] = Node("")
    endpoint = at(target, "endpoint") or Node("", target.line, target.file, True)
    return target._replace(value={"endpoint": endpoint, "tls": Node({"insecure": insecure}), "headers": Node(headers)})
