# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration of an OpenTelemetry Collector, of any distribution, says of traces.

Defaults are those of the Collector 0.159 of August 2026, and of the factories in its contrib repository, 2024 and 2025.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses, nodes
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, at, entries, pairs, word
from ansible_collections.traceops.tracing.plugins.module_utils._otel import collector_sources
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import (
    CollectorFiles,
    Exporter,
    Pipeline,
    Processor,
    Receiver,
)

# Since 0.104 servers listen on localhost where a file names no address, before on 0.0.0.0. Until 0.110 a gate led back.
DEFAULT_HOST = "localhost"
_OPEN_GATE = "-component.UseLocalHostAsDefaultHost"

# Where receivers of spans listen: of those with protocols each protocol's port, of others the one port.
PROTOCOL_PORTS: t.Dict[str, t.Dict[str, int]] = {
    "otlp": {"grpc": 4317, "http": 4318},
    "otelarrow": {"grpc": 4317},
    "jaeger": {"grpc": 14250, "thrift_http": 14268, "thrift_compact": 6831, "thrift_binary": 6832},
    "skywalking": {"grpc": 11800, "http": 12800},
}
_PORTS: t.Dict[str, t.Optional[int]] = {
    "zipkin": 9411,
    "opencensus": 55678,
    "datadog": None,  # it was another one in other versions
    "awsxray": 2000,
    "faro": 8080,
    "sapm": 7276,
}

# Since 0.144 the exporters otlp and otlphttp are called otlp_grpc and otlp_http; the old names still work.
_OTLP = {
    "otlp": "grpc",
    "otlp_grpc": "grpc",
    "otelarrow": "grpc",
    "loadbalancing": "grpc",
    "otlphttp": "http",
    "otlp_http": "http",
}
_DROPPING = frozenset(
    {
        "probabilistic_sampler",
        "tail_sampling",
        "memory_limiter",
        "groupbytrace",
        "ratelimiter",
        "rate_limiter",
        "span_pruning",
        "sampling",
    }
)


def read(reading: Reading) -> CollectorFiles:
    """What the command line's configurations say of traces, merged as the Collector merges them."""
    gates = ",".join(shown.options(reading.words, "feature-gates")).split(",")
    tree = collector_sources.read(reading)
    if nodes.pairs(tree) and not pairs(at(tree, "service", "pipelines")):
        reading.say("the configuration has no pipelines")
    return said(reading, tree, "0.0.0.0" if _OPEN_GATE in gates else DEFAULT_HOST)


def said(reading: Reading, tree: Node, default_host: str = DEFAULT_HOST) -> CollectorFiles:
    """What a whole configuration says of traces."""
    pipelines = [
        Pipeline(
            name=shown.shown_name(name),
            receivers=names(at(node, "receivers")),
            processors=names(at(node, "processors")),
            exporters=names(at(node, "exporters")),
            source=nodes.place(node),
        )
        for name, node in pairs(at(tree, "service", "pipelines")).items()
        if _type(name) == "traces"
    ]
    signals = [_type(name) for name in pairs(at(tree, "service", "pipelines"))]
    found = CollectorFiles(
        receivers=[
            receiver
            for name, node in pairs(at(tree, "receivers")).items()
            for receiver in receivers(name, node, using(pipelines, "receivers", name), default_host)
            if receiver["pipelines"] or _type(name) in PROTOCOL_PORTS or _type(name) in _PORTS
        ],
        processors=[
            processor(name, node, using(pipelines, "processors", name))
            for name, node in pairs(at(tree, "processors")).items()
        ],
        exporters=[
            exporter
            for name, node in pairs(at(tree, "exporters")).items()
            for exporter in exporters(name, node, using(pipelines, "exporters", name))
            if exporter["pipelines"] or exporter["protocol"]
        ]
        + [
            connector(name, node, using(pipelines, "exporters", name), using(pipelines, "receivers", name))
            for name, node in pairs(at(tree, "connectors")).items()
        ],
        pipelines=pipelines,
        signals=list(dict.fromkeys(shown.shown_name(signal) for signal in signals)),
        metrics_address=metrics_address(at(tree, "service", "telemetry", "metrics")),
    )
    for each in [*found["receivers"], *found["exporters"]]:
        address = t.cast(t.Mapping[str, t.Any], each)
        if "$" in (address.get("endpoint") or "") or "$" in (address.get("host") or ""):
            reading.say(f"{each['source']}: a variable in the address cannot be followed")
    return found


def _type(name: str) -> str:
    """The type of a component TYPE/NAME, as it is."""
    return name.partition("/")[0].strip()


def names(node: t.Optional[Node]) -> t.List[str]:
    """The names of components that a pipeline lists."""
    return [shown.shown_name(word(entry)) for entry in entries(node) if word(entry)]


def using(pipelines: t.Sequence[Pipeline], role: str, name: str) -> t.List[str]:
    """The names of the pipelines that use a component as `role`."""
    name = shown.shown_name(name)
    return [each["name"] for each in pipelines if name in t.cast(t.Mapping[str, t.Any], each)[role]]


def receivers(name: str, node: Node, pipelines: t.List[str], default_host: str = DEFAULT_HOST) -> t.List[Receiver]:
    """What a receiver listens on, one entry for each protocol; a receiver that fetches has one without a port."""
    kind = _type(name)
    ports = PROTOCOL_PORTS.get(kind)
    if ports is None:
        return [_receiver(name, kind, node, pipelines, default_host, _PORTS.get(kind))]
    return [
        _receiver(name, protocol if kind != "jaeger" else "jaeger_" + protocol, settings, pipelines, default_host, port)
        for protocol, port in ports.items()
        for settings in [at(node, "protocols", protocol)]
        # Named is enough: `grpc:` has all defaults. Since 0.142 `enabled: false` takes a protocol back.
        if settings is not None and nodes.truth(at(settings, "enabled")) is not False
    ]


def _receiver(
    name: str, protocol: str, settings: Node, pipelines: t.List[str], default_host: str, port: t.Optional[int]
) -> Receiver:
    endpoint = at(settings, "endpoint")
    where = shown.Listening(default_host if port else "", port)
    if word(endpoint):
        said = shown.listening(word(endpoint), port)
        # Where a receiver that nobody here knows has an address, it may as well be one that it fetches from.
        if port or _type(name) in _PORTS or said.host in ("", "::") or addresses.leads_here(said.host):
            where = said
    return Receiver(
        name=shown.shown_name(name),
        protocol=shown.shown_name(protocol),
        host=where.host,
        port=where.port,
        tls=not nodes.is_null(at(settings, "tls")),
        pipelines=pipelines,
        source=nodes.place(endpoint or settings),
    )


def processor(name: str, node: Node, pipelines: t.List[str]) -> Processor:
    """What a processor does to spans."""
    kind = _type(name)
    share = _share(kind, node)
    return Processor(
        name=shown.shown_name(name),
        kind=shown.shown_name(kind),
        drops=_filters(node)
        if kind == "filter"
        else kind in _DROPPING and not (share == 1 and kind != "tail_sampling"),
        share=share,
        pipelines=pipelines,
        source=nodes.place(node),
    )


def _filters(node: Node) -> bool:
    """Whether a filter (processor/filterprocessor/config.go) has a condition that drops spans."""
    spans = (at(node, "trace_conditions"), at(node, "traces", "span"), at(node, "traces", "resource"))
    return any(entries(each) for each in spans) or bool(pairs(at(node, "spans")))


def _share(kind: str, node: Node) -> t.Optional[float]:
    """The share that a sampler keeps, where it is one: 0 where probabilistic_sampler names none."""
    percentage: t.Optional[Node] = None
    if kind == "probabilistic_sampler":
        percentage = at(node, "sampling_percentage")
        if nodes.is_null(percentage):
            return 0.0
    elif kind == "tail_sampling":
        policies = entries(at(node, "policies"))
        if len(policies) != 1:
            return None
        if word(at(policies[0], "type")) == "always_sample":
            return 1.0
        if word(at(policies[0], "type")) == "probabilistic":
            percentage = at(policies[0], "probabilistic", "sampling_percentage")
    share = nodes.number(percentage)
    return None if share is None else round(min(1.0, max(0.0, share / 100)), 9)


def exporters(name: str, node: Node, pipelines: t.List[str]) -> t.List[Exporter]:
    """Where an exporter sends spans: one entry for each address, of most the one."""
    kind = _type(name)
    settings = node
    named = [place for place in (at(node, *path) for path in _ENDPOINTS.get(kind, _ANY_ENDPOINT)) if place is not None]
    targets = [(word(place), nodes.place(place)) for place in sorted(named, key=lambda place: not word(place))[:1]]
    if kind == "loadbalancing":
        settings = at(node, "protocol", "otlp") or node
        targets = _balanced(at(node, "resolver"))
    elif kind == "kafka":
        brokers = entries(at(node, "brokers"))
        targets = [(word(broker), nodes.place(broker)) for broker in brokers if word(broker)]
    return [
        Exporter(
            name=shown.shown_name(name),
            kind=shown.shown_name(kind),
            protocol=_OTLP.get(kind, ""),
            endpoint=shown.shown_endpoint(address),
            insecure=nodes.truth(at(settings, "tls", "insecure")),
            headers=shown.header_names(at(settings, "headers")),
            pipelines=pipelines,
            source=source,
        )
        for address, source in targets or [("", nodes.place(node))]
    ]


_ANY_ENDPOINT = (("endpoint",), ("traces", "endpoint"), ("http", "endpoint"), ("endpoints",))
_ENDPOINTS = {
    "otlphttp": (("traces_endpoint",), ("endpoint",)),
    "otlp_http": (("traces_endpoint",), ("endpoint",)),
    "debug": (),
    "logging": (),
    "file": (),
    "nop": (),
}


def _balanced(resolver: t.Optional[Node]) -> t.List[t.Tuple[str, str]]:
    """(address, source) of what loadbalancing spreads spans over; 4317 where no port is named."""
    hosts = entries(at(resolver, "static", "hostnames"))
    found = [(_with_port(word(host), "4317"), nodes.place(host)) for host in hosts if word(host)]
    host = at(resolver, "dns", "hostname")
    if word(host):
        found.append((_with_port(word(host), word(at(resolver, "dns", "port")) or "4317"), nodes.place(host)))
    service = at(resolver, "k8s", "service")
    if word(service):
        ports = entries(at(resolver, "k8s", "ports"))
        found.append((_with_port(word(service), word(ports[0]) if ports else "4317"), nodes.place(service)))
    return found


def _with_port(host: str, port: str) -> str:
    return host if ":" in host.rpartition("]")[2] else f"{host}:{port}"


def connector(name: str, node: Node, pipelines: t.List[str], feeds: t.List[str]) -> Exporter:
    """A connector: the end of some pipelines, and the beginning of others."""
    kind = _type(name)
    return Exporter(
        name=shown.shown_name(name),
        kind=shown.shown_name(kind),
        protocol="",
        endpoint="",
        insecure=None,
        headers=[],
        pipelines=pipelines,
        feeds=feeds,
        source=nodes.place(node),
    )


def metrics_address(metrics: t.Optional[Node]) -> str:
    """HOST:PORT of the Collector's own metrics.

    localhost:8888 since 0.111, :8888 before. `address` counts until 0.122, readers since 0.112, and before `address`.
    """
    if word(at(metrics, "level")).lower() == "none":
        return ""
    readers = at(metrics, "readers")
    if readers is not None:
        for reader in entries(readers):
            prometheus = at(reader, "pull", "exporter", "prometheus")
            if prometheus is not None:
                host = shown.listening(word(at(prometheus, "host")) or "localhost").host or "localhost"
                port = shown.port_number(word(at(prometheus, "port")) or "8888")
                return _address(host, port) if port else ""
        return ""
    address = at(metrics, "address")
    if word(address):
        where = shown.listening(word(address), 8888)
        return _address(where.host, where.port) if where.port else ""
    return f"{DEFAULT_HOST}:8888"


def _address(host: str, port: t.Optional[int]) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
