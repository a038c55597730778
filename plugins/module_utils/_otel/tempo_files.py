# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a Tempo."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import nodes
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import at, pairs, word
from ansible_collections.traceops.tracing.plugins.module_utils._otel import collector_files
from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading as shown
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import Receiver, TempoFiles

DEFAULT_PORT = 3200


def read(reading: Reading) -> TempoFiles:
    """What the file and the options of a Tempo say."""
    paths = shown.options(reading.words, "config.file")
    tree = nodes.EMPTY
    if paths:
        tree = reading.yaml(paths[-1]) or nodes.EMPTY
    else:
        reading.say("the command line names no configuration")
    port = at(tree, "server", "http_listen_port")
    receivers: t.List[Receiver] = []
    for name, node in pairs(at(tree, "distributor", "receivers")).items():
        receivers.extend(collector_files.receivers(name, node, []))
    return TempoFiles(
        target=shown.shown_name(word(at(tree, "target"))) or "all",
        host=shown.listening(word(at(tree, "server", "http_listen_address"))).host,
        port=shown.port_number(word(port)) or DEFAULT_PORT,
        path=shown.shown_endpoint(word(at(tree, "http_api_prefix"))),
        tls=bool(word(at(tree, "server", "http_tls_config", "cert_file"))),
        receivers=receivers,
        multitenancy=nodes.truth(at(tree, "multitenancy_enabled")) or False,
        storage=shown.shown_name(word(at(tree, "storage", "trace", "backend"))),
        source=nodes.place(port) if port else shown.shown_path(paths[-1]) if paths else "",
    )
