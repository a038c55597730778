# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration of a Grafana Alloy, or of a Grafana Agent in flow mode, says of traces.

The rules are those of Alloy's internal/alloycli (cmd_run.go), internal/component/otelcol and syntax/internal/stdlib,
main of August 2026.
"""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import alloy_lines, nodes
from ansible_collections.traceops.tracing.plugins.module_utils._base.alloy_lines import Block, Reference
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, at, entries, word
from ansible_collections.traceops.tracing.plugins.module_utils._otel import collector_files, collector_sources, flows
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import (
    CollectorFiles,
    Exporter,
    Receiver,
)

DEFAULT_HOST = "0.0.0.0"  # of receivers; not localhost, as the Collector has it
DEFAULT_METRICS = "127.0.0.1:12345"

# What takes other files in, or runs components that no file of this host names.
_ELSEWHERE = ("import.file", "import.git", "import.http", "import.string", "module.file", "module.git", "module.http")
_UNKNOWN = {
    "declare": "the components of a declare block are not followed",
    "foreach": "the components of a foreach block are not followed",
    "remotecfg": "more of its configuration comes from a server, which cannot be followed",
}


def read(reading: Reading) -> CollectorFiles:
    """What the file, or the files of the folder, of `alloy run PATH` say; `alloy otel` is a Collector.

    --config.format names a file of another program that Alloy converts.
    """
    if "otel" in reading.words[:3]:
        return collector_files.read(reading)
    formats = shown.options(reading.words, "config.format")
    if formats and formats[-1] not in ("alloy", "flow"):
        return _converted(reading, formats[-1])

    def parse(text: str, path: str, seconds: float) -> Block:
        return alloy_lines.document(text, path, lambda *call: _called(reading, *call), seconds)

    found: t.List[Block] = []
    for path in _paths(reading):
        text = reading.text(path)
        root = None if text is None else reading.parsed(text, path, parse)
        if root is not None:
            found += root.blocks
    return said(reading, found)


def _converted(reading: Reading, form: str) -> CollectorFiles:
    """What a file of the Collector says; of other programs' formats it is said that they are not followed."""
    tree: t.Optional[Node] = None
    if form == "otelcol":
        tree = reading.yaml((_paths(reading) or [""])[0])
    else:
        reading.say(f"a configuration of the format {shown.shown_name(form)} is not followed")
    return collector_files.said(reading, collector_sources.expand(reading, tree or nodes.EMPTY), DEFAULT_HOST)


def _paths(reading: Reading) -> t.List[str]:
    """The files of the command line: `run` has one argument, a file or a folder of *.alloy (*.river of the Agent)."""
    words = reading.words[reading.words.index("run") + 1 :] if "run" in reading.words else []
    plain = [
        word
        for index, word in enumerate(words)
        if not word.startswith("-")
        and not (index and words[index - 1].startswith("--") and "=" not in words[index - 1])
    ]
    files = [word for word in words if word.endswith((".alloy", ".river")) and not word.startswith("-")]
    path = (files or plain or [word for word in words if not word.startswith("-")] or [""])[-1]
    if not path:
        reading.say("the command line names no configuration")
        return []
    names = [name for name in reading.folder(path) if name.endswith((".alloy", ".river"))]
    return [posixpath.join(path, name) for name in names] or [path]


def _called(reading: Reading, name: str, arguments: t.List[Node], place: Node) -> t.Optional[Node]:
    """What a function of the standard library returns, of those that addresses are made with."""
    texts = [word(argument) for argument in arguments]
    known = not any(isinstance(argument.value, Reference) for argument in arguments)
    if name in ("env", "sys.env") and known and texts:
        if texts[0] not in reading.environment:
            reading.say_unset(nodes.place(place), texts[0])
        return place._replace(value=reading.environment.get(texts[0], ""), plain=False)
    if name == "coalesce":
        for argument in arguments:
            if isinstance(argument.value, Reference):
                return None
            if argument.value and not nodes.is_null(argument):
                return argument
        return arguments[-1] if arguments else None
    if name in ("nonsensitive", "convert.nonsensitive") and arguments:
        return arguments[0]
    if name in ("concat", "array.concat") and all(isinstance(argument.value, list) for argument in arguments):
        return place._replace(
            value=[entry for argument in arguments for entry in argument.value][: alloy_lines.MAX_TOKENS]
        )
    if name in ("format", "string.format") and known and texts:
        return _formatted(texts, place)
    return None


def _formatted(texts: t.List[str], place: Node) -> t.Optional[Node]:
    """format("%s:%d", ...) with verbs that leave a value as it is."""
    parts = texts[0].replace("%v", "%s").replace("%d", "%s").split("%s")
    if len(parts) != len(texts) or any("%" in part for part in parts):
        return None
    result = parts[0] + "".join(value + part for value, part in zip(texts[1:], parts[1:]))
    return place._replace(value=result[: shown.MAX_CHARACTERS // 16], plain=False)


# Components

_WORKS = "otelcol."


def said(reading: Reading, blocks: t.List[Block]) -> CollectorFiles:
    """What the components say; a component that no receiver leads to has no pipelines."""
    for block in blocks:
        place = f"{block.file}:{block.line}"
        if block.name in _ELSEWHERE:
            reading.say(f"{place}: what {block.name} takes in cannot be followed")
        elif block.name in _UNKNOWN:
            reading.say(f"{place}: {_UNKNOWN[block.name]}")
    components = {_name(block): block for block in blocks if block.label}
    leads = {name: _leads(block, components) for name, block in components.items()}
    role = {name: _role(block) for name, block in components.items()}
    starts = {
        name: f"{block.file}:{block.line}"
        for name, block in components.items()
        if role[name] == "receiver" and (leads[name] or block.name.startswith(_WORKS))
    }
    found = flows.pipelines(
        {name: place for name, place in starts.items() if leads[name]},
        leads,
        {name for name in components if role[name] in ("processor", "connector")},
        {name for name in components if role[name] in ("exporter", "connector")},
    )
    result = CollectorFiles(receivers=[], processors=[], exporters=[], pipelines=found)
    for name, block in components.items():
        tree = _tree(block)
        kind = block.name.rpartition(".")[2]
        if name in starts:
            result["receivers"] += _receivers(name, kind, block, tree, collector_files.using(found, "receivers", name))
        elif role[name] == "processor":
            processor = collector_files.processor(kind, tree, collector_files.using(found, "processors", name))
            processor["name"] = shown.shown_name(name)
            result["processors"].append(processor)
        elif role[name] in ("exporter", "connector"):
            used = collector_files.using(found, "exporters", name)
            result["exporters"] += _exporters(reading, name, kind, tree, used, role[name] == "connector", leads[name])
    result["signals"] = [
        signal
        for signal in ("traces", "metrics", "logs")
        if any(_output(block, signal) for block in components.values())
    ]
    address = shown.options(reading.words, "server.http.listen-addr")
    result["metrics_address"] = shown.shown_endpoint(address[-1]) if address else DEFAULT_METRICS
    return result


def _name(block: Block) -> str:
    return f"{block.name}.{block.label}"


def _role(block: Block) -> str:
    """What a component is: otelcol.ROLE.KIND; those without otelcol that give spans are receivers."""
    return block.name.split(".")[1] if block.name.startswith(_WORKS) and block.name.count(".") >= 2 else "receiver"


def _output(block: Block, signal: str) -> t.List[Node]:
    """The consumers that a component gives a signal to."""
    return [entry for output in block.all("output") for entry in entries(output.attributes.get(signal))]


def _leads(block: Block, components: t.Mapping[str, Block]) -> t.List[str]:
    """The components that a component gives spans to: otelcol.exporter.otlp.default.input."""
    found = []
    for entry in _output(block, "traces"):
        name = str(entry.value) if isinstance(entry.value, Reference) else ""
        found += [each for each in (name.rpartition(".")[0], name) if each in components][:1]
    return found


def _tree(block: Block) -> Node:
    """A block as a configuration of the Collector has it: blocks as mappings, several of one name as a list."""
    found: t.Dict[str, Node] = dict(block.attributes)
    for name in dict.fromkeys(each.name for each in block.blocks):
        trees = [_tree(each) for each in block.all(name)]
        found[name] = trees[0] if len(trees) == 1 else trees[0]._replace(value=trees)
        if name == "policy":
            found["policies"] = trees[0]._replace(value=trees)
    return Node(found, block.line, block.file)


def _receivers(name: str, kind: str, block: Block, tree: Node, pipelines: t.List[str]) -> t.List[Receiver]:
    if block.name == "faro.receiver":
        kind, server = "faro", at(tree, "server")
        host = word(at(server, "listen_address")) or "127.0.0.1"
        port = word(at(server, "listen_port")) or "12347"
        tree = Node({"endpoint": Node(f"{host}:{port}", block.line, block.file)}, block.line, block.file)
    elif kind in collector_files.PROTOCOL_PORTS and at(tree, "protocols") is None:
        tree = tree._replace(value={"protocols": tree})
    found = collector_files.receivers(kind, tree, pipelines, DEFAULT_HOST)
    for receiver in found:
        receiver["name"] = shown.shown_name(name)
    return [receiver for receiver in found if pipelines or receiver["port"]]  # others take no spans


def _exporters(
    reading: Reading, name: str, kind: str, tree: Node, pipelines: t.List[str], connects: bool, leads: t.List[str]
) -> t.List[Exporter]:
    client = nodes.pairs(at(tree, "client")) or {}
    flat = tree._replace(value={**nodes.pairs(tree), **client})
    if kind == "loadbalancing":
        resolver = dict(nodes.pairs(at(tree, "resolver")))
        resolver["k8s"] = resolver.get("kubernetes", nodes.EMPTY)
        otlp = at(tree, "protocol", "otlp", "client") or nodes.EMPTY
        flat = tree._replace(value={"resolver": Node(resolver), "protocol": Node({"otlp": otlp})})
    flat = _known(reading, flat)
    if connects:
        found = [collector_files.connector(kind, flat, pipelines, pipelines if leads else [])]
    else:
        found = collector_files.exporters(kind, flat, pipelines)
    for exporter in found:
        exporter["name"] = shown.shown_name(name)
    return [exporter for exporter in found if pipelines or exporter["protocol"]]  # others are of other signals


_ADDRESSES = ("endpoint", "traces_endpoint")


def _known(reading: Reading, tree: Node) -> Node:
    """`tree` without addresses that only the running program knows, which is said."""
    known = dict(nodes.pairs(tree))
    for key in _ADDRESSES:
        node = known.get(key)
        if node is not None and isinstance(node.value, Reference):
            reading.say(f"{nodes.place(node)}: the address comes from another component, which cannot be followed")
            known[key] = node._replace(value="", plain=True)
    return tree._replace(value=known)
