# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration of a Vector, in TOML, YAML or JSON, says of traces.

The rules are those of Vector's src/cli.rs, src/config (loading, vars.rs), src/sources/opentelemetry, src/sinks and
src/transforms, main of August 2026. Variables are put in, as before 0.57, which wants an option for it.
"""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import nodes, toml_lines, yaml_lines
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, at, pairs, word
from ansible_collections.traceops.tracing.plugins.module_utils._otel import collector_files, flows
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import (
    CollectorFiles,
    Exporter,
    Processor,
    Receiver,
)

_KINDS = ("sources", "transforms", "sinks")
_OPTIONS = {"config": "", "c": "", "config-toml": ".toml", "config-json": ".json", "config-yaml": ".yaml"}
_DEFAULT_PATHS = ("/etc/vector/vector.yaml", "/etc/vector/vector.toml")  # .toml until 0.33
_VARIABLE = re.compile(r"\$\$|\$([\w.]+)|\$\{([\w.]+)(?:(:?-|:?\?)([^}]*))?\}")
_DROPPING = frozenset({"sample", "filter", "throttle", "dedupe", "route", "exclusive_route", "sampler"})


def read(reading: Reading) -> CollectorFiles:
    """What the files of a Vector say, all together."""
    found: t.Dict[str, t.Dict[str, Node]] = {kind: {} for kind in _KINDS}
    for path, ending in _paths(reading):
        tree = _file(reading, path, ending)
        for kind in _KINDS:
            found[kind].update(pairs(at(tree, kind)))
    for folder in _folders(reading):
        _take_folder(reading, folder, found)
    return _said(found)


def _paths(reading: Reading) -> t.List[t.Tuple[str, str]]:
    """(path, ending of its format) of the files that options and variables name, some with wildcards at their end."""
    named = []
    for option, ending in _OPTIONS.items():
        values = shown.options(reading.words, option)
        if not values and len(option) > 1:
            values = [reading.environment.get("VECTOR_" + option.upper().replace("-", "_"), "")]
        named += [(path, ending) for value in values for path in value.split(",") if path]
    if not named and not _folders(reading):
        path = next((path for path in _DEFAULT_PATHS if reading.exists(path)), _DEFAULT_PATHS[0])
        return [(path, "")]
    found = []
    for path, ending in named:
        folder, name = posixpath.split(path)
        names = [each for each in reading.folder(folder) if shown.is_like(each, name)] if "*" in name else [name]
        found += [(posixpath.join(folder, each), ending) for each in names]
    return found


def _folders(reading: Reading) -> t.List[str]:
    values = shown.options(reading.words, "config-dir", "C") or [reading.environment.get("VECTOR_CONFIG_DIR", "")]
    return [folder for value in values for folder in value.split(",") if folder]


def _take_folder(reading: Reading, folder: str, found: t.Dict[str, t.Dict[str, Node]]) -> None:
    """The files of a folder, and of its sources/, transforms/ and sinks/, where a file has its component's name."""
    for name in reading.folder(folder):
        if name.endswith((".toml", ".yaml", ".yml", ".json")):
            tree = _file(reading, posixpath.join(folder, name), "")
            for kind in _KINDS:
                found[kind].update(pairs(at(tree, kind)))
    for kind in _KINDS:
        for name in reading.folder(posixpath.join(folder, kind)):
            stem, ending = posixpath.splitext(name)
            tree = _file(reading, posixpath.join(folder, kind, name), ending)
            if tree is not None:
                found[kind][stem] = tree


def _file(reading: Reading, path: str, ending: str) -> t.Optional[Node]:
    text = reading.text(path)
    if text is None:
        return None
    toml = (ending or posixpath.splitext(path)[1]) == ".toml"
    return reading.parsed(_with_variables(reading, text), path, toml_lines.document if toml else yaml_lines.document)


def _with_variables(reading: Reading, text: str) -> str:
    def put_in(found: t.Match[str]) -> str:
        name, how = found.group(1) or found.group(2), found.group(3)
        if name is None:
            return "$"
        value = reading.environment.get(name)
        if how in (":-", "-") and (value is None or (how == ":-" and not value)):
            value = found.group(4)
        return (value or "").replace("\n", " ")

    return _VARIABLE.sub(put_in, text)


def _said(found: t.Dict[str, t.Dict[str, Node]]) -> CollectorFiles:
    takes = {name: _inputs(node) for kind in ("transforms", "sinks") for name, node in found[kind].items()}
    givers = [*found["sources"], *found["transforms"]]
    leads: t.Dict[str, t.List[str]] = {}
    for taker, inputs in takes.items():
        for pattern in inputs:
            for giver in givers:
                if _leads(giver, pattern):
                    leads.setdefault(giver, []).append(taker)
    starts = {
        name: nodes.place(node)
        for name, node in found["sources"].items()
        if _type(node) in ("opentelemetry", "datadog_agent")
    }
    ends = {name: node for name, node in found["sinks"].items() if _takes_traces(node)}
    pipelines = flows.pipelines(starts, leads, found["transforms"], ends)
    return CollectorFiles(
        receivers=[
            receiver
            for name in starts
            for receiver in _receivers(
                name, found["sources"][name], [shown.shown_name(name)] if leads.get(name) else []
            )
        ],
        processors=[
            _processor(name, node, used)
            for name, node in found["transforms"].items()
            for used in [collector_files.using(pipelines, "processors", name)]
            if used
        ],
        exporters=[
            _exporter(name, node, collector_files.using(pipelines, "exporters", name)) for name, node in ends.items()
        ],
        pipelines=pipelines,
        signals=["traces", "metrics", "logs"] if starts else ["logs"] if found["sources"] else [],
        metrics_address=_metrics(found),
    )


def _type(node: Node) -> str:
    return word(at(node, "type"))


def _inputs(node: Node) -> t.List[str]:
    return nodes.words(at(node, "inputs"))


def _leads(giver: str, pattern: str) -> bool:
    """Whether an input names a component, one of its outputs but those of logs and metrics, or both by a wildcard."""
    if pattern == giver or (
        "*" in pattern and (shown.is_like(giver, pattern) or shown.is_like(giver + ".traces", pattern))
    ):
        return True
    return pattern.startswith(giver + ".") and pattern[len(giver) + 1 :] not in ("logs", "metrics")


def _takes_traces(sink: Node) -> bool:
    uri = _uri(sink)
    return _type(sink) in ("opentelemetry", "http", "vector", "datadog_traces", "console", "blackhole") and not word(
        uri
    ).rstrip("/").endswith(("/v1/logs", "/v1/metrics"))


def _uri(sink: Node) -> t.Optional[Node]:
    paths = (("protocol", "uri"), ("uri",), ("address",), ("endpoint",))
    return next((found for found in (at(sink, *path) for path in paths) if found is not None), None)


def _receivers(name: str, node: Node, pipelines: t.List[str]) -> t.List[Receiver]:
    protocols = ("grpc", "http") if _type(node) == "opentelemetry" else ("",)
    found = []
    for protocol in protocols:
        settings = at(node, protocol) if protocol else node
        address = at(settings, "address")
        if settings is not None:
            where = shown.listening(word(address))
            found.append(
                Receiver(
                    name=shown.shown_name(name),
                    protocol=protocol or "datadog",
                    host=where.host,
                    port=where.port,
                    tls=nodes.truth(at(settings, "tls", "enabled")) or False,
                    pipelines=pipelines,
                    source=nodes.place(address or settings),
                )
            )
    return found


def _processor(name: str, node: Node, pipelines: t.List[str]) -> Processor:
    kind = _type(node)
    share = None
    if kind == "sample":
        rate = nodes.number(at(node, "rate"))
        share = nodes.number(at(node, "ratio")) if rate is None else 1 / rate if rate >= 1 else None
    return Processor(
        name=shown.shown_name(name),
        kind=shown.shown_name(kind),
        drops=kind in _DROPPING and share != 1,
        share=None if share is None else round(min(1.0, max(0.0, share)), 9),
        pipelines=pipelines,
        source=nodes.place(node),
    )


def _exporter(name: str, node: Node, pipelines: t.List[str]) -> Exporter:
    uri = _uri(node)
    otlp = _type(node) == "opentelemetry" or word(uri).rstrip("/").endswith("/v1/traces")
    headers = at(node, "protocol", "request", "headers") or at(node, "request", "headers")
    names = set(shown.header_names(headers))
    if (at(node, "protocol", "auth") or at(node, "auth")) is not None:
        names.add("authorization")
    return Exporter(
        name=shown.shown_name(name),
        kind="otlphttp" if otlp else shown.shown_name(_type(node)),
        protocol="http" if otlp else "",
        endpoint=shown.shown_endpoint(word(uri)),
        insecure=None,
        headers=sorted(names),
        pipelines=pipelines,
        source=nodes.place(uri or node),
    )


def _metrics(found: t.Dict[str, t.Dict[str, Node]]) -> str:
    """HOST:PORT of a sink prometheus_exporter, where the metrics of the program itself may be."""
    if not any(_type(node) == "internal_metrics" for node in found["sources"].values()):
        return ""
    sinks = [node for node in found["sinks"].values() if _type(node) == "prometheus_exporter"]
    return shown.shown_endpoint(word(at(sinks[0], "address")) or "0.0.0.0:9598") if sinks else ""
