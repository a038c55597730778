# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration of a Fluent Bit, classic or YAML, says of traces.

The rules are those of Fluent Bit's src/config_format, src/flb_env.c and plugins/{in,out}_opentelemetry, main of August
2026. Its input opentelemetry takes OTLP over HTTP, and over gRPC where HTTP/2 is on, at one port.
"""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import fluent_lines, nodes, yaml_lines
from ansible_collections.traceops.tracing.plugins.module_utils._base.fluent_lines import Section
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

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_TRACES_TAG = "v1_traces"  # tag_from_uri, which is the default

# The outputs that take traces; all others pass them over.
_TAKING = frozenset({"opentelemetry", "stdout", "vivo_exporter", "vivo-exporter"})


class _Configuration:
    """The sections of all files, and the variables that stand in them."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.sections: t.List[Section] = []
        self.variables: t.Dict[str, str] = {}
        self.seen: t.Set[str] = set()

    def take(self, path: str, root: str) -> None:
        """Take a file in, and what it includes; none is read twice."""
        if path in self.seen:
            return
        self.seen.add(path)
        text = self.reading.text(path)
        if text is None:
            return
        if path.endswith((".yaml", ".yml")):
            includes = self.yaml(self.reading.parsed(text, path, yaml_lines.document))
        else:
            found = fluent_lines.document(text, shown.shown_path(path))
            self.sections += found.sections
            self.variables.update(found.variables)
            includes = found.includes
        for include in includes:
            for each in self.matching(self.text(include), root):
                self.take(each, root)

    def yaml(self, tree: t.Optional[Node]) -> t.List[Node]:
        for name, node in pairs(at(tree, "env")).items():
            self.variables[name] = word(node)
        for kind, key in (("input", "inputs"), ("filter", "filters"), ("output", "outputs")):
            self.sections += [_section(kind, entry) for entry in entries(at(tree, "pipeline", key))]
        if at(tree, "service") is not None:
            self.sections.append(_section("service", at(tree, "service") or nodes.EMPTY))
        return entries(at(tree, "includes"))

    def matching(self, path: str, root: str) -> t.List[str]:
        """The files that an include names: relative to the first file, with wildcards in the last part."""
        path = posixpath.join(root, path)
        folder, name = posixpath.split(path)
        if "*" not in path:
            return [path]
        if "*" in folder:
            self.reading.say(f"{shown.shown_path(path)} cannot be followed: a wildcard stands in the folder")
            return []
        return [posixpath.join(folder, each) for each in self.reading.folder(folder) if shown.is_like(each, name)]

    def text(self, node: t.Optional[Node]) -> str:
        """A value with ${NAME} and ${NAME:-default} put in: of @SET and env before the environment."""

        def put_in(found: t.Match[str]) -> str:
            name, _colon, default = found.group(1).partition(":-")
            return self.variables.get(name) or self.reading.environment.get(name) or default

        return _VARIABLE.sub(put_in, word(node))


def _section(kind: str, entry: Node) -> Section:
    """An entry of a YAML list as a section."""
    values: t.Dict[str, t.List[Node]] = {}
    for key, node in pairs(entry).items():
        several = entries(node) if isinstance(node.value, list) else [node]
        values.setdefault(key.lower(), []).extend(several)
    return Section(kind, values, entry.line, entry.file)


def read(reading: Reading) -> CollectorFiles:
    """What the files and the options of a Fluent Bit say."""
    found = _Configuration(reading)
    paths = shown.options(reading.words, "config", "c")
    for path in paths[-1:]:
        found.take(path, posixpath.dirname(path))
    found.sections += _of_command_line(reading.words)
    if not found.sections and not paths:
        reading.say("the command line names no configuration")
    inputs = [each for each in found.sections if each.kind == "input" and _plugin(found, each) == "opentelemetry"]
    outputs = [each for each in found.sections if each.kind == "output" and _plugin(found, each) in _TAKING]
    names = {id(each): name for each, name in zip([*inputs, *outputs], _names(found, [*inputs, *outputs]))}
    result = CollectorFiles(receivers=[], processors=[], exporters=[], pipelines=[])
    used: t.Dict[int, t.List[str]] = {id(each): [] for each in outputs}
    for each in inputs:
        tag = found.text(each.get("tag")) or _TRACES_TAG
        own_tag = nodes.truth(each.get("tag_from_uri")) is False or each.get("tag") is not None
        ends = [output for output in outputs if _takes(found, output, tag if own_tag else _TRACES_TAG)]
        between = _processors(each, names[id(each)])
        for output in ends:
            used[id(output)].append(names[id(each)])
            between += [processor for processor in _processors(output, names[id(output)]) if processor not in between]
        for processor in between:
            processor["pipelines"] = [names[id(each)]]
        result["processors"] += between
        result["receivers"].append(_receiver(found, each, names[id(each)], bool(ends)))
        result["pipelines"].append(
            Pipeline(
                name=names[id(each)],
                receivers=[names[id(each)]],
                processors=[processor["name"] for processor in between],
                exporters=[names[id(output)] for output in ends],
                source=f"{each.file}:{each.line}" if each.line else each.file,
            )
        )
    result["exporters"] = [_exporter(found, each, names[id(each)], used[id(each)]) for each in outputs]
    result["signals"] = ["traces", "metrics", "logs"] if inputs else ["logs"] if found.sections else []
    result["metrics_address"] = _metrics(found)
    return result


def _of_command_line(words: t.Sequence[str]) -> t.List[Section]:
    """-i NAME -p KEY=VALUE ... -o NAME -p KEY=VALUE ... as sections."""
    kinds = {
        "-i": "input",
        "--input": "input",
        "-o": "output",
        "--output": "output",
        "-F": "filter",
        "--filter": "filter",
    }
    found: t.List[Section] = []
    for index, option in enumerate(words[:-1]):
        value = words[index + 1]
        if option in kinds:
            found.append(Section(kinds[option], {"name": [Node(value)]}, 0, "command line"))
        elif option in ("-p", "--prop", "-m", "--match", "-t", "--tag") and found:
            key, equals, rest = value.partition("=")
            if not equals:
                key, rest = {"m": "match", "t": "tag"}.get(option.lstrip("-")[:1], ""), value
            found[-1].values.setdefault(key.lower(), []).append(Node(rest, 0, "command line"))
    return found


def _plugin(found: _Configuration, section: Section) -> str:
    return found.text(section.get("name")).lower()


def _names(found: _Configuration, sections: t.Sequence[Section]) -> t.List[str]:
    """A name for each: its alias, or as Fluent Bit numbers them (opentelemetry.0)."""
    counts: t.Dict[t.Tuple[str, str], int] = {}
    names = []
    for each in sections:
        plugin = _plugin(found, each)
        number = counts.setdefault((each.kind, plugin), 0)
        counts[each.kind, plugin] += 1
        names.append(shown.shown_name(found.text(each.get("alias")) or f"{each.kind}/{plugin}.{number}"))
    return names


def _takes(found: _Configuration, output: Section, tag: str) -> bool:
    """Whether an output's Match fits the tag; a Match_Regex is taken to fit, since it is not tried here."""
    if output.get("match_regex") is not None:
        return True
    match = found.text(output.get("match")) or "*"
    return shown.is_like(tag, match)


def _place(section: Section, *keys: str) -> str:
    node = next((node for node in (section.get(key) for key in keys) if node is not None), None)
    return nodes.place(node or Node("", section.line, section.file))


def _receiver(found: _Configuration, section: Section, name: str, used: bool) -> Receiver:
    host = shown.listening(found.text(section.get("listen") or section.get("host")) or "0.0.0.0").host
    return Receiver(
        name=name,
        protocol="http",
        host=host,
        port=shown.port_number(found.text(section.get("port")) or "4318"),
        tls=_on(found, section.get("tls")),
        pipelines=[name] if used else [],
        source=_place(section, "port", "listen", "name"),
    )


def _on(found: _Configuration, node: t.Optional[Node]) -> bool:
    return found.text(node).lower() in ("on", "true", "yes", "1")


def _exporter(found: _Configuration, section: Section, name: str, pipelines: t.List[str]) -> Exporter:
    plugin = _plugin(found, section)
    tls = _on(found, section.get("tls"))
    grpc = _on(found, section.get("grpc"))
    endpoint = ""
    if plugin == "opentelemetry":
        host = found.text(section.get("host")) or "127.0.0.1"
        port = found.text(section.get("port")) or "80"
        path = found.text(section.get("traces_uri"))
        own = "" if grpc or path in ("", "/v1/traces") else "/" + path.lstrip("/")
        endpoint = f"{'https' if tls else 'http'}://{host}:{port}{own}"
    headers = {found.text(node).split(" ")[0] for node in section.values.get("header", [])}
    if section.get("http_user") is not None:
        headers.add("authorization")
    return Exporter(
        name=name,
        kind="otlphttp" if plugin == "opentelemetry" and not grpc else "otlp" if grpc else shown.shown_name(plugin),
        protocol="" if plugin != "opentelemetry" else "grpc" if grpc else "http",
        endpoint=shown.shown_endpoint(endpoint),
        insecure=not tls if plugin == "opentelemetry" else None,
        headers=shown.header_names(Node({header: Node("") for header in headers})),
        pipelines=pipelines,
        source=_place(section, "host", "name"),
    )


def _processors(section: Section, name: str) -> t.List[Processor]:
    """The processors of traces of an input or an output; only YAML has them."""
    found = []
    for node in section.values.get("processors", []):
        for entry in entries(at(node, "traces")):
            kind = word(at(entry, "name"))
            percentage = nodes.number(at(entry, "sampling_settings", "sampling_percentage"))
            share = percentage / 100 if kind == "sampling" and percentage is not None else None
            found.append(
                Processor(
                    name=f"{name}/{shown.shown_name(kind)}",
                    kind=shown.shown_name(kind),
                    drops=kind == "sampling" and share != 1,
                    share=None if share is None else round(min(1.0, max(0.0, share)), 9),
                    pipelines=[],
                    source=nodes.place(entry),
                )
            )
    return found


def _metrics(found: _Configuration) -> str:
    """HOST:PORT of its own HTTP server, which is off unless it is switched on."""
    for section in found.sections:
        if section.kind == "service" and _on(found, section.get("http_server")):
            host = shown.listening(found.text(section.get("http_listen")) or "0.0.0.0").host
            port = shown.port_number(found.text(section.get("http_port")) or "2020")
            return f"{host}:{port}" if port else ""
    return ""
