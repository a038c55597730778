# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path that discovery found, in words and as a drawing."""

from __future__ import annotations

import html
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
    return node if several else node.partition("/")[2]


# Columns of the drawing, by what a program is; everything else passes spans on.
_COLUMN = {"application": 0, "tempo": 2, "grafana": 3}
_WIDTH, _HEIGHT, _GAP, _ROW, _EDGE = 190, 44, 90, 70, 26
MAX_LETTERS = 26


class _Box(t.NamedTuple):
    x: int
    y: int
    node: t.Mapping[str, t.Any]


def svg(path: t.Mapping[str, t.Any], several: bool) -> str:
    """Programs as boxes from left to right, edges as lines; a break is red with a cross, what is assumed dashed."""
    boxes = _boxes(path["nodes"])
    edges = [edge for each in path["edges"].values() for edge in each if edge["origin"] in boxes]
    parts = [_box(box, several) for box in boxes.values()]
    parts += [_line(edge, boxes, place) for place, edge in enumerate(edges)]
    width = max(box.x for box in boxes.values()) + _WIDTH + _GAP + 10
    height = max(box.y for box in boxes.values()) + _HEIGHT + _EDGE
    return (
        f'<svg role="img" aria-label="the path that was found, as the list below has it" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    )


def _boxes(nodes: t.Mapping[str, t.Mapping[str, t.Any]]) -> t.Dict[str, _Box]:
    rows: t.Dict[int, int] = {}
    boxes = {}
    for name, node in nodes.items():
        column = _COLUMN.get(str(node["kind"]), 1)
        rows[column] = rows.get(column, 0) + 1
        boxes[name] = _Box(10 + column * (_WIDTH + _GAP), 10 + (rows[column] - 1) * _ROW, node)
    return boxes


def _box(box: _Box, several: bool) -> str:
    node = box.node
    name, below = str(node["name"]), str(node["kind"])
    if several:
        below = f"{below} on {node['host']}"
    if not node["running"]:
        below = f"{below}, does not run"
    return (
        f'<rect x="{box.x}" y="{box.y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{box.x + 8}" y="{box.y + 18}">{_short(name)}</text>'
        f'<text x="{box.x + 8}" y="{box.y + 35}">{_short(below)}</text>'
    )


def _line(edge: Edge, boxes: t.Mapping[str, _Box], place: int) -> str:
    """From the box of the origin to that of whom it reaches, else into the open, where the cross is."""
    start = boxes[str(edge["origin"])]
    kind = " ".join(word for word in (state(edge), "assumed" if edge["assumed"] else "") if word)
    title = f"<title>{html.escape(sentence(edge, True))}</title>"
    end = boxes.get(str(edge["to"]))
    backwards = end is not None and end.x < start.x
    x1, y1 = start.x + (0 if backwards else _WIDTH), start.y + 12 + place % 3 * 10
    if end is None or end is start:
        x2, y2 = x1 + _GAP - 20, y1
    else:
        x2, y2 = end.x + (_WIDTH if end.x <= start.x else 0), end.y + 12 + place % 3 * 10
    cross = (
        f'<text x="{x2 - 4}" y="{y2 + 4}">×</text>'
        if state(edge) == "failed"
        else f'<circle cx="{x2}" cy="{y2}" r="3"/>'
    )
    return f'<g><path class="{kind}" d="M{x1} {y1} L{x2} {y2}"/>{cross}{title}</g>'


def _short(text: str) -> str:
    return html.escape(text if len(text) <= MAX_LETTERS else f"{text[: MAX_LETTERS - 1]}…")
