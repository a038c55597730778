# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path as a picture: programs as boxes in columns, edges as lines with words, each at a place of its own.

Geometry is plain data in SVG's user units (pixels at 100 percent); the template draws it. What discovery found is
drawn; where it was off, what the settings say.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import run as runs
from ansible_collections.traceops.tracing.plugins.module_utils._report import draw, layout
from ansible_collections.traceops.tracing.plugins.module_utils._report.layout import Box, Line
from ansible_collections.traceops.tracing.plugins.module_utils._report.proofs import Proof, Proofs

Report = t.Dict[str, t.Any]
Path = t.Mapping[str, t.Any]

MAX_SINGLE = 16  # programs up to which each has a box of its own
MAX_BOXES = 16
MAX_OPEN = 8  # places that nobody has, with a box each
KINDS = {"application": "application", "tempo": "Tempo", "grafana": "Grafana", "endpoint": "OTLP endpoint"}


class Picture(t.NamedTuple):
    """The drawing; `found` is false where it is made of the settings."""

    found: bool
    grouped: bool  # several programs share a box
    width: int
    height: int
    columns: int
    boxes: t.List[Box]
    lines: t.List[Line]
    words: t.List[t.Dict[str, t.Any]]  # {state, text, number}: every edge as a sentence, equal ones once


def picture(report: Report) -> t.Optional[Picture]:
    """The drawing of a report's path; None where nothing is known of it."""
    path = report.get("path") or {}
    found = bool(path.get("nodes"))
    if not found:
        path = told(report)
    if not path["nodes"]:
        return None
    proofs = Proofs(report, path)
    edges = [edge for each in path["edges"].values() for edge in each if edge["origin"] in path["nodes"]]
    several = len({node["host"] for node in path["nodes"].values()}) > 1
    group_of, level = _grouped(path["nodes"], edges, proofs)
    boxes = _boxes(path["nodes"], group_of, proofs, several)
    lines, opened = _lines(edges, path["nodes"], group_of, proofs, level)
    width, height = layout.place(boxes, opened, lines)
    every = [*boxes.values(), *opened.values()]
    columns = max(box.column for box in every) + 1
    return Picture(found, level > 0, width, height, columns, every, lines, _words(edges, several, proofs))


def told(report: Report) -> Path:
    """What the settings say of the path, in the shape of a discovery's: endpoint, Tempo and Grafana by their URLs."""
    nodes: t.Dict[str, t.Any] = {}
    edges: t.Dict[str, t.List[t.Any]] = {}
    read: t.Dict[str, t.List[t.Any]] = {}
    evidence = report["evidence"]
    for host, labels in evidence["hosts"].items():
        for name, own in labels["applications"].items():
            backend = evidence["backends"].get(own.get("backend")) or {}
            settings: t.Dict[str, t.Any] = {}
            for where in (runs.of(report["run"], labels), backend, labels, own):
                settings.update(where.get("settings") or {})
            origin = f"{host}/{name}"
            nodes[origin] = _node(origin, host, "application", name or "application")
            tempo, grafana, receiver = "", "", ""
            address = (own.get("otlp") or {}).get("endpoint") or settings.get("otlp_endpoint")
            if address:
                receiver = f"/OTLP endpoint {address}"
                nodes.setdefault(receiver, _node(receiver, "", "endpoint", str(address)))
                edges[origin] = [_edge(origin, receiver, str(address), "its endpoint")]
            if settings.get("tempo_url"):
                tempo = f"/Tempo {settings['tempo_url']}"
                nodes.setdefault(tempo, _node(tempo, "", "tempo", str(settings["tempo_url"])))
            if settings.get("grafana_url"):
                grafana = f"/Grafana {settings['grafana_url']}"
                nodes.setdefault(grafana, _node(grafana, "", "grafana", str(settings["grafana_url"])))
            if receiver and tempo and receiver not in edges:
                edges[receiver] = [{**_edge(receiver, tempo, "Tempo's receivers", "passed on"), "assumed": True}]
            if tempo and grafana and grafana not in read:
                source = (backend.get("grafana") or {}).get("datasource") or {}
                by = f"data source {source.get('name') or 'for Tempo'}"
                read[grafana] = [_edge(grafana, tempo, str(source.get("url") or ""), by)]
    return {"nodes": nodes, "edges": {**edges, **read}, "senders": {}, "servers": {}}


def _node(node_id: str, host: str, kind: str, name: str) -> t.Dict[str, t.Any]:
    empty = dict.fromkeys(("unit", "container", "log", "source"), "")
    return {"id": node_id, "host": host, "kind": kind, "name": name, "running": True, "pid": 0, **empty}


def _edge(origin: str, to: str, address: str, by: str) -> t.Dict[str, t.Any]:
    plain = {"uid": "", "source": "", "assumed": False, "connected": None, "problem": "", "listener": ""}
    return {"origin": origin, "to": to, "address": address, "by": by, **plain}


Groups = t.Dict[str, t.Any]  # the group of each node, by its id; anything that can be compared
Edges = t.Sequence[draw.Edge]


def _grouped(nodes: t.Mapping[str, t.Any], edges: Edges, proofs: Proofs) -> t.Tuple[Groups, int]:
    """Which programs share a box: none, those that are alike, or all of a kind that fare alike; and how coarse."""
    if len(nodes) <= MAX_SINGLE:
        return {name: name for name in nodes}, 0
    for level in (1, 2):
        first: Groups = {}
        for name, node in nodes.items():
            proof = proofs.of_node(name)
            own = (node["name"], proof.words) if level == 1 else proof.state
            first[name] = (node["kind"], node["running"], own)
        alike = _refined(first, edges, proofs)
        if len(set(alike.values())) <= MAX_BOXES:
            return alike, level
    return first, 3


def _refined(groups: Groups, edges: Edges, proofs: Proofs) -> Groups:
    """`groups` divided until those of one lead to the same groups in the same ways."""
    leading: t.Dict[str, t.List[draw.Edge]] = {}
    for edge in edges:
        leading.setdefault(edge["origin"], []).append(edge)
    numbers: t.Dict[t.Any, int] = {}
    current = {name: numbers.setdefault(key, len(numbers)) for name, key in groups.items()}
    while True:
        known: t.Dict[t.Any, int] = {}
        finer = {}
        for name, own in current.items():
            ways = sorted(
                (current.get(edge["to"], -1), edge["problem"], edge["assumed"], proofs.of_edge(edge).state)
                for edge in leading.get(name, ())
            )
            finer[name] = known.setdefault((own, tuple(ways)), len(known))
        if len(known) == len(set(current.values())):
            return dict(finer)
        current = finer


def _boxes(nodes: t.Mapping[str, t.Any], group_of: Groups, proofs: Proofs, several: bool) -> t.Dict[t.Any, Box]:
    members: t.Dict[t.Any, t.List[t.Any]] = {}
    for name, node in nodes.items():
        members.setdefault(group_of[name], []).append(node)
    return {key: _box(those, proofs, several) for key, those in members.items()}


def _box(members: t.Sequence[t.Any], proofs: Proofs, several: bool) -> Box:
    first, names = members[0], {str(node["name"]) for node in members}
    kind = KINDS.get(first["kind"], str(first["kind"]))
    hosts = list(dict.fromkeys(str(node["host"]) for node in members))
    name = first["name"] if len(names) == 1 else f"{len(members)} {_plural(kind)}"
    lines = [kind if len(names) == 1 else ""]
    if len(hosts) > 1:
        lines.append(f"on {len(hosts)} hosts")
    elif several and hosts[0]:
        lines.append(f"on {hosts[0]}")
    if len(members) == 1:
        lines += [_runs_as(first)]
    if not first["running"]:
        lines.append("does not run")
    said = [proofs.of_node(node["id"]) for node in members]
    failed = [proof for proof in said if proof.state == "failed"]
    causes = {each.words for each in failed}
    if len(causes) > 1:
        failed = [Proof("failed", f"{len(causes)} different causes")]
    proof = failed[0] if failed else next((each for each in said if each.state == "ok"), said[0])
    shown = ", ".join(str(node["id"]).strip("/") for node in members[:20])
    return Box(
        ids=[str(node["id"]) for node in members],
        kind=str(first["kind"]),
        name=clean(str(name)),
        lines=[clean(line) for line in lines if line],
        state=proof.state,
        words=clean(proof.words),
        title=clean(shown + (f" and {len(members) - 20} more" if len(members) > 20 else "")),
        column=0,
    )


def _plural(kind: str) -> str:
    return f"{kind}s" if kind in ("application", "OTLP endpoint") else f"{kind} processes"


def _runs_as(node: t.Mapping[str, t.Any]) -> str:
    if node["container"]:
        return f"container {node['container']}"
    if node["unit"]:
        return f"unit {node['unit']}"
    return f"process {node['pid']}" if node["pid"] else ""


def _lines(
    edges: Edges, nodes: t.Mapping[str, t.Any], group_of: Groups, proofs: Proofs, level: int
) -> t.Tuple[t.List[Line], t.Dict[t.Any, Box]]:
    """The lines between boxes, and the boxes of places that none of the programs has."""
    opened = _opened(edges, group_of, level)
    together: t.Dict[t.Any, t.List[draw.Edge]] = {}
    for edge in edges:
        start, end = group_of[edge["origin"]], group_of.get(edge["to"])
        if end is None or end == start:
            end = ("open", _open_key(edge, level, len(opened) <= MAX_OPEN))
        said = proofs.of_edge(edge)
        own = (edge["by"], edge["address"]) if level == 0 else ("", "")
        key = (start, end, said.state, edge["assumed"], *own)
        together.setdefault(key, []).append(edge)
    boxes: t.Dict[t.Any, Box] = {}
    lines = []
    for (start, end, state, assumed, _by, _address), those in together.items():
        if isinstance(end, tuple) and end[:1] == ("open",) and end not in boxes:
            boxes[end] = _open_box(those, level)
        lines.append(_line(those, start, end, state, assumed, proofs, nodes))
    return lines, boxes


def _opened(edges: Edges, group_of: Groups, level: int) -> t.Set[t.Any]:
    return {
        _open_key(edge, level, True) for edge in edges if group_of.get(edge["to"]) in (None, group_of[edge["origin"]])
    }


def _open_key(edge: draw.Edge, level: int, each: bool) -> t.Any:
    return (edge["problem"], edge["address"] if each and level < 3 else "")


def _open_box(edges: Edges, level: int) -> Box:
    """Where a line ends that reaches none of the programs that were found."""
    places = {str(edge["address"]) for edge in edges}
    first = edges[0]
    name = first["address"] or "no address" if len(places) == 1 else f"{len(places)} addresses"
    broken = draw.state(first) == "failed"
    words = str(first["listener"] or first["problem"])
    return Box([], "open", clean(str(name)), [], "failed" if broken else "none", clean(words), clean(words), 0)


def _line(
    edges: t.Sequence[draw.Edge],
    start: t.Any,
    end: t.Any,
    state: str,
    assumed: bool,
    proofs: Proofs,
    nodes: t.Mapping[str, t.Any],
) -> Line:
    addresses = list(dict.fromkeys(str(edge["address"]) for edge in edges if edge["address"]))
    address = addresses[0] if len(addresses) == 1 else f"{len(addresses)} addresses" if addresses else ""
    by = list(dict.fromkeys(str(edge["by"]) for edge in edges))
    said: Proof = proofs.together(edges)
    number = f"{len(edges)} × " if len(edges) > 1 and len(addresses) < 2 else ""
    above = address.partition("://")[2] or address
    if not above:
        above = by[0] if len(by) == 1 else ""
    sentences = [draw.sentence(edge, True) for edge in edges[:10]]
    return Line(
        start=start,
        end=end,
        number=len(edges),
        key=f"{edges[0]['origin']} > {edges[0]['to'] or edges[0]['address']}" if len(edges) == 1 else "",
        state=state,
        assumed=assumed,
        above=clean(f"{number}{above}"),
        below=clean(said.words),
        title=clean("\n".join(sentences)),
        reads=nodes[edges[0]["origin"]]["kind"] == "grafana",
    )


def _words(edges: Edges, several: bool, proofs: Proofs) -> t.List[t.Dict[str, t.Any]]:
    """Every edge as a sentence with what was proved on it; those that say the same from many hosts are one."""
    alike: t.Dict[t.Any, t.List[draw.Edge]] = {}
    for edge in edges:
        state = proofs.of_edge(edge).state
        said = tuple(edge[name] for name in ("by", "address", "assumed", "problem", "listener"))
        key = (*said, state, _name(edge["to"]))
        alike.setdefault(key, []).append(edge)
    found = []
    for those in alike.values():
        proof = proofs.together(those)
        text = draw.sentence(those[0], several)
        more = "; ".join(part for part in proof.words.split("; ") if not text.endswith(part))
        found.append({"state": proof.state, "text": clean(text), "proof": clean(more), "number": len(those)})
    return found


def _name(node: t.Any) -> str:
    return str(node).partition("/")[2]
