# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration of a Tempo says: where it listens, what it takes in, and where it stores.

The rules are those of Tempo's cmd/tempo (main.go, app/config.go) and modules/distributor (config.go, receiver/shim.go),
main of August 2026, unless a version stands there. An option of the command line wins over the file.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import nodes, yaml_lines
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, at, pairs, word
from ansible_collections.traceops.tracing.plugins.module_utils._otel import collector_files
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import Receiver, TempoFiles

# Since 2.8; before it was 80, but no example leaves it out.
DEFAULT_PORT = 3200

# Of targets that take spans in; the others have no distributor.
_TAKING_IN = frozenset({"all", "scalable-single-binary", "distributor", ""})

# What a distributor without receivers has (defaultReceivers).
_DEFAULT_RECEIVERS = {
    "jaeger": Node({"protocols": Node({"grpc": Node("", plain=True), "thrift_http": Node("", plain=True)})}),
    "otlp": Node({"protocols": Node({"grpc": Node("", plain=True)})}),
}


def read(reading: Reading) -> TempoFiles:
    """What the file and the options of a Tempo say."""
    paths = shown.options(reading.words, "config.file")
    tree = _file(reading, paths[-1]) if paths else nodes.EMPTY
    if not paths:
        reading.say("the command line names no configuration")
    target = word(_option(reading, "target")) or word(at(tree, "target")) or "all"
    port = _option(reading, "server.http-listen-port") or at(tree, "server", "http_listen_port")
    prefix = _option(reading, "http-api-prefix") or at(tree, "http_api_prefix")
    tenants = [
        nodes.truth(_flag(reading, option) or at(tree, name))
        for option, name in (("multitenancy.enabled", "multitenancy_enabled"), ("auth.enabled", "auth_enabled"))
    ]
    return TempoFiles(
        target=shown.shown_name(target),
        host=shown.listening(word(at(tree, "server", "http_listen_address"))).host,
        port=shown.port_number(word(port)) or DEFAULT_PORT,
        path=shown.shown_endpoint(word(prefix)).rstrip("/"),
        tls=bool(word(at(tree, "server", "http_tls_config", "cert_file"))),
        receivers=_receivers(tree, paths[-1] if paths else "") if _TAKING_IN & set(target.split(",")) else [],
        multitenancy=True in tenants,
        storage=shown.shown_name(
            word(_option(reading, "storage.trace.backend") or at(tree, "storage", "trace", "backend"))
        ),
        source=nodes.place(port) if word(port) else shown.shown_path(paths[-1]) if paths else "",
    )


def _option(reading: Reading, name: str) -> t.Optional[Node]:
    """An option of the command line, with its name as its place."""
    values = shown.options(reading.words, name)
    return Node(values[-1], 0, f"command line, -{name}", True) if values else None


def _flag(reading: Reading, name: str) -> t.Optional[Node]:
    said = shown.flag(reading.words, name)
    return None if said is None else Node(str(said).lower(), 0, f"command line, -{name}", True)


def _file(reading: Reading, path: str) -> Node:
    """The file; with -config.expand-env its variables are put in before it is read as YAML."""
    text = reading.text(path)
    if text is None:
        return nodes.EMPTY
    if shown.flag(reading.words, "config.expand-env"):
        text = shown.with_variables(reading, text, shown.shown_path(path))
    elif shown.REFERENCE.search(text):
        reading.say(f"{shown.shown_path(path)} names variables, which Tempo takes as text without -config.expand-env")
    return reading.parsed(text, path, yaml_lines.document) or nodes.EMPTY


def _receivers(tree: Node, path: str) -> t.List[Receiver]:
    """What the distributor listens on: localhost since 2.7 where no address is named, before all addresses."""
    said = pairs(at(tree, "distributor", "receivers"))
    found = [
        receiver
        for name, node in (said or _DEFAULT_RECEIVERS).items()
        for receiver in collector_files.receivers(name, node, [])
    ]
    for receiver in found:
        receiver["source"] = receiver["source"] or f"{shown.shown_path(path)} (default)".strip()
    return found
