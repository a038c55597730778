# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One configuration of all that an OpenTelemetry Collector is given: several files, `--set`, and what variables put in.

The rules are those of the Collector's confmap (resolver.go, expand.go, the providers file, env and yaml; 0.159 of
August 2026). Since 0.107 only `${NAME}` and `${env:NAME}` are replaced; `$NAME` stays as it is, as here.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import nodes, yaml_lines
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, Unreadable
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(.*)\Z", re.S)
_DELIMITER = "::"  # a key a::b is b within a
_APPENDING = "confmap.enableMergeAppendOption"

MAX_EXPANSIONS = 1000  # that many rounds the Collector takes before it gives up
MAX_NODES = 2 * yaml_lines.MAX_NODES
MAX_VALUE = 64 * 1024


def read(reading: Reading) -> Node:
    """The whole configuration of a command line: every `--config`, then every `--set`, merged in order and expanded."""
    appending = any(_APPENDING in gates.split(",") for gates in shown.options(reading.words, "feature-gates"))
    uris = shown.options(reading.words, "config")
    if not uris:
        reading.say("the command line names no configuration")
    trees = [_retrieved(reading, uri) for uri in uris]
    for setting in shown.options(reading.words, "set"):
        name, equals, value = setting.partition("=")
        if equals:
            line = name.replace(".", _DELIMITER).strip() + ": " + value.strip()
            trees.append(_written(reading, line, "command line, --set"))
    merged = nodes.EMPTY
    for tree in trees:
        if tree is not None and nodes.pairs(tree):
            merged = merge(merged, _unflattened(tree), appending)
        elif tree is not None and not nodes.is_null(tree):
            reading.say(f"{nodes.place(tree)} is no configuration of a collector")
    return expand(reading, merged)


def _retrieved(reading: Reading, uri: str) -> t.Optional[Node]:
    found = _URI.match(uri)
    scheme, rest = (found.group(1), found.group(2)) if found else ("file", uri)
    return _of_scheme(reading, scheme, rest, "command line, --config")


def _of_scheme(reading: Reading, scheme: str, rest: str, place: str) -> t.Optional[Node]:
    """What a URI has; None, and said, when it cannot be followed."""
    if scheme == "file":
        return reading.yaml(rest)
    if scheme == "yaml":
        return _written(reading, rest, place)
    if scheme == "env":
        name, _default, value = rest.partition(":-")
        return _written(reading, reading.environment.get(name, value), f"environment, {shown.shown_name(name)}")
    reading.say(f"{place}: what {shown.shown_name(scheme)}: leads to cannot be followed")
    return None


def _written(reading: Reading, text: str, place: str) -> t.Optional[Node]:
    """A configuration that is in no file: its place stands for all of its lines."""
    tree = reading.parsed(text, place, yaml_lines.document)
    return None if tree is None else _placed(tree, Node("", 0, place))


def merge(below: Node, above: Node, appending: bool = False, path: t.Tuple[str, ...] = ()) -> Node:
    """Two configurations as the Collector merges them: mappings deep, anything else replaced.

    `appending`: the feature gate confmap.enableMergeAppendOption adds the receivers and exporters of pipelines up.
    """
    if isinstance(below.value, list) and isinstance(above.value, list) and appending:
        if path[:1] == ("service",) and path[-1] in ("receivers", "exporters", "extensions"):
            had = {nodes.word(entry) for entry in below.value}
            return above._replace(value=below.value + [each for each in above.value if nodes.word(each) not in had])
        return above
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    merged = dict(below.value)
    for key, node in above.value.items():
        merged[key] = merge(merged[key], node, appending, (*path, key)) if key in merged else node
    return above._replace(value=merged)


def _unflattened(tree: Node) -> Node:
    """`tree` with keys a::b as b within a."""
    if isinstance(tree.value, list):
        return tree._replace(value=[_unflattened(entry) for entry in tree.value])
    if not isinstance(tree.value, dict):
        return tree
    found = nodes.EMPTY
    for key, node in tree.value.items():
        node = _unflattened(node)
        for name in reversed(key.split(_DELIMITER)[: yaml_lines.MAX_DEPTH]):
            node = Node({name: node}, node.line, node.file)
        found = merge(found, node)
    return tree._replace(value=found.value)


def expand(reading: Reading, tree: Node) -> Node:
    """`tree` with ${env:NAME}, ${NAME}, ${env:NAME:-default}, ${file:PATH} and ${yaml:TEXT} replaced, $$ made $."""
    try:
        return _Expansion(reading).of(tree, 0)
    except Unreadable as error:
        reading.say(f"the configuration cannot be read: {error}")
        return nodes.EMPTY


class _Expansion:
    """Replaces what values refer to; bounded, since what is put in may refer to more."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.rounds = MAX_EXPANSIONS
        self.nodes = MAX_NODES
        self.files: t.Dict[str, t.Optional[Node]] = {}

    def of(self, node: Node, depth: int) -> Node:
        self.nodes -= 1
        if self.nodes < 0 or depth > yaml_lines.MAX_DEPTH:
            raise Unreadable("what its values refer to makes it too large")
        if isinstance(node.value, dict):
            return node._replace(value={key: self.of(each, depth + 1) for key, each in node.value.items()})
        if isinstance(node.value, list):
            return node._replace(value=[self.of(each, depth + 1) for each in node.value])
        if "$" not in node.value:
            return node
        return self.scalar(node, depth)

    def scalar(self, node: Node, depth: int) -> Node:
        while True:
            uri = _reference(node.value)
            if uri is None:
                return node._replace(value=node.value.replace("$$", "$"))
            self.rounds -= 1
            if self.rounds < 0 or len(node.value) > MAX_VALUE:
                raise Unreadable("its values refer to each other without end")
            put_in = self.referred(uri[2:-1], node)
            if uri == node.value:
                if not isinstance(put_in.value, str):
                    return self.of(put_in, depth + 1)
                node = put_in
            else:
                word = put_in.value if isinstance(put_in.value, str) else ""
                node = node._replace(value=node.value.replace(uri, word))

    def referred(self, uri: str, node: Node) -> Node:
        """What stands behind ${URI}; an unset variable is null."""
        found = _URI.match(uri) if ":" in uri else _URI.match("env:" + uri)
        null = node._replace(value="", plain=True)
        if found is None or "$" in found.group(2):
            return null
        scheme, rest = found.groups()
        if scheme == "env":
            name, default, value = rest.partition(":-")
            if not default and name not in self.reading.environment:
                self.reading.say_unset(nodes.place(node), name)
            return _typed(self.reading.environment.get(name, value), node)
        if scheme == "file":
            if rest not in self.files:
                self.files[rest] = self.reading.yaml(rest)
            return self.files[rest] or null
        return _of_scheme(self.reading, scheme, rest, nodes.place(node)) or null


def _typed(text: str, node: Node) -> Node:
    """A variable's text where `node` stands: YAML when that is a mapping or a list, else the text as it is."""
    if text.lstrip()[:1] in ("{", "[", "-") or "\n" in text or ": " in text:
        try:
            found = yaml_lines.document(text)
        except Unreadable:
            found = node
        if isinstance(found.value, (list, dict)):
            return _placed(found, node)
    return node._replace(value=text, plain=True)


def _placed(tree: Node, node: Node) -> Node:
    """`tree` with the place of `node` all over: a variable has no lines."""
    value = tree.value
    if isinstance(value, dict):
        value = {key: _placed(each, node) for key, each in value.items()}
    elif isinstance(value, list):
        value = [_placed(each, node) for each in value]
    return tree._replace(value=value, line=node.line, file=node.file)


def _reference(value: str) -> t.Optional[str]:
    """The first ${...} of a value that is to be replaced, innermost first; one with an odd $ before it is escaped."""
    start = 0
    while True:
        close = value.find("}", start)
        if close < 0:
            return None
        begin = value.rfind("${", start, close)
        if begin >= 0:
            dollars = len(value[:begin]) - len(value[:begin].rstrip("$"))
            return None if dollars % 2 else value[begin : close + 1]
        start = close + 1
