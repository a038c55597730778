# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path that discovery found, in words."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import topology

Edge = t.Mapping[str, t.Any]


def state(edge: Edge) -> str:
    """`failed` where no span gets on, `none` where nobody looked, else `ok`."""
    return "failed" if edge["problem"] in topology.BROKEN else "none" if edge["problem"] else "ok"


def sentence(edge: Edge, several: bool) -> str:
    """Who leads where, who says so, and whom it reaches; `several`: there are several hosts, so that each is named."""
    origin = _named(str(edge["origin"]), several)
    by = "" if edge["by"] == "its endpoint" else f", {edge['by']}"
    said = "assumed, nothing sets it" if edge["assumed"] else edge["source"]
    told = f" ({said})" if said else ""
    return f"{origin}{by} -> {edge['address'] or 'no address'}{told}: {_reached(edge, several)}"


def _reached(edge: Edge, several: bool) -> str:
    if edge["to"] and not edge["problem"]:
        seen = {True: ", connected", False: ", no connection yet"}.get(edge["connected"], "")
        return f"{_named(str(edge['to']), several)}{seen}"
    if edge["listener"]:
        return f"{edge['problem']} ({edge['listener']})"
    return f"{_named(str(edge['to']), several)}, {edge['problem']}" if edge["to"] else str(edge["problem"])


def _named(node: str, several: bool) -> str:
    """A node by its name, with its host where there are several."""
    return node.lstrip("/") if several else node.partition("/")[2]


# Columns of the drawing, by what a program is; everything else passes spans on.
