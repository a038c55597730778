# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is on the path of a span, and who leads to whom: nodes and edges of what all hosts' discoveries found.

A pure function of `{host: result of the probe discover}`. It says what is so; whether that is a fault, checks say.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._otel import sdk_rules

Discoveries = t.Mapping[str, t.Mapping[str, t.Any]]

# The labels of a discovery that have programs, in the order of the path.
PARTS = ("applications", "collectors", "tempos", "grafanas")
_USUAL = {"grpc": 4317, "http": 4318}

# What is wrong with an edge.
NOBODY = "nobody listens there"
LOOPBACK = "only its own host reaches who listens there"
ITSELF = "it leads back to where it starts"
OUTSIDE = "it leads to a place that was not looked at"
UNKNOWN = "a program listens there that is none of the path's"
NO_ADDRESS = "no address is set"
BROKEN = (NOBODY, LOOPBACK, ITSELF, NO_ADDRESS)  # those that no span gets past


class Node(t.TypedDict):
    """A program on the path."""

    id: str  # HOST/NAME
    host: str
    kind: str  # as the discovery has it
    name: str
    running: bool
    pid: int
    unit: str
    container: str
    log: str  # its first file; "" when it logs elsewhere
    source: str


class Edge(t.TypedDict):
    """Where one of them sends spans, or reads them."""

    origin: str  # the id of a node
    to: str  # the id of a node; "" when none was found there
    address: str  # HOST:PORT or URL, as it is set
    by: str  # what of the origin leads there: exporter otlp/tempo, data source Tempo, its endpoint
    uid: str  # of a data source
    source: str  # where that is said
    assumed: bool  # nothing says it: the usual address is meant
    connected: t.Optional[bool]  # a connection was seen; null: not looked at
    problem: str  # "" when all is well, else one of the words above
    listener: str  # who else listens there, where `problem` is UNKNOWN


class Topology(t.TypedDict):
    """The path as it was found."""

    nodes: t.Dict[str, Node]  # by id, in path order
    edges: t.Dict[str, t.List[Edge]]  # by the id of their origin
    senders: t.Dict[str, t.List[str]]  # the applications that send to a node, by its id
    servers: t.Dict[str, t.Dict[str, t.List[str]]]  # ids of Tempos and Grafanas by kind and host


class _Place(t.NamedTuple):
    """A program and where it stands."""

    id: str
    host: str
    part: str
    program: t.Mapping[str, t.Any]


class _Target(t.NamedTuple):
    """What an address leads to."""

    place: t.Optional[_Place]
    problem: str
    listener: str = ""


def discoveries(document: t.Mapping[str, t.Any]) -> Discoveries:
    """What was found on the hosts of an evidence document that were looked around on."""
    looked = {host: labels.get("discover") for host, labels in document["hosts"].items()}
    return {host: found for host, found in looked.items() if isinstance(found, dict) and found.get("ok")}


def topology(found: Discoveries) -> Topology:
    """The nodes of all hosts in path order, and their edges."""
    land = _Land(found)
    ordered = sorted(land.places, key=lambda place: PARTS.index(place.part))
    edges = {place.id: found_ for place in ordered for found_ in [list(_edges(place, land))] if found_}
    senders: t.Dict[str, t.List[str]] = {}
    for place in ordered:
        for edge in edges.get(place.id, []) if place.part == "applications" else []:
            senders.setdefault(edge["to"], []).append(place.id)
    servers: t.Dict[str, t.Dict[str, t.List[str]]] = {"tempo": {}, "grafana": {}}
    for place in ordered:
        if place.part in ("tempos", "grafanas"):
            servers[place.part[:-1]].setdefault(place.host, []).append(place.id)
    return {
        "nodes": {place.id: _node(place) for place in ordered},
        "edges": edges,
        "senders": senders,
        "servers": servers,
    }


def leads_to(topology_: Topology, origin: str, kind: str) -> t.Optional[str]:
    """The first node of `kind` that is reached from `origin` along the edges; null when none is."""
    return next((each for each in behind(topology_, origin) if topology_["nodes"][each]["kind"] == kind), None)


def behind(topology_: Topology, origin: str) -> t.List[str]:
    """The nodes that spans of `origin` come to along the edges, nearest first, without itself."""
    order, done = [origin], 0
    while done < len(order):
        for edge in topology_["edges"].get(order[done], []):
            if edge["to"] and edge["to"] not in order and edge["problem"] in ("", ITSELF):
                order.append(edge["to"])
        done += 1
    return order[1:]


def _node(place: _Place) -> Node:
    program = place.program
    return {
        "id": place.id,
        "host": place.host,
        "kind": program.get("kind") or "",
        "name": program.get("name") or "",
        "running": bool(program.get("running")),
        "pid": program.get("pid") or 0,
        "unit": program.get("unit") or "",
        "container": program.get("container") or "",
        "log": next(iter((program.get("log") or {}).get("paths") or ()), ""),
        "source": program.get("source") or "",
    }


def _edges(place: _Place, land: _Land) -> t.Iterator[Edge]:
    if not place.program.get("running"):
        return
    if place.part == "applications":
        yield _of_application(place, land)
    elif place.part == "collectors":
        configuration = place.program.get("configuration") or {}
        for exporter in configuration.get("exporters") or []:
            # A connector leads to another pipeline of the same collector.
            if exporter.get("pipelines") and "feeds" not in exporter and exporter.get("kind") not in ENDS:
                yield _of_exporter(place, land, exporter)
    elif place.part == "grafanas":
        configuration = place.program.get("configuration") or {}
        for source in configuration.get("datasources") or []:
            by = f"data source {source.get('name', '')}"
            edge = _edge(place, land, str(source.get("url") or ""), by, str(source.get("source") or ""))
            yield {**edge, "uid": str(source.get("uid") or "")}


ENDS = ("debug", "logging", "file", "nop")  # exporters whose spans go to nobody


def _of_exporter(place: _Place, land: _Land, exporter: t.Mapping[str, t.Any]) -> Edge:
    by, source = f"exporter {exporter.get('name', '')}", str(exporter.get("source") or "")
    edge = _edge(place, land, str(exporter.get("endpoint") or ""), by, source)
    if exporter.get("protocol") not in _USUAL and not edge["to"]:  # Kafka and others, which may need no address
        edge["problem"] = OUTSIDE
    return edge


def _of_application(place: _Place, land: _Land) -> Edge:
    program = place.program
    endpoint = str(program.get("endpoint") or "")
    if endpoint:
        return _edge(place, land, endpoint, "its endpoint", str(program.get("endpoint_source") or ""))
    return {**_edge(place, land, usual_endpoint(program), "its endpoint", ""), "assumed": True}


def usual_endpoint(program: t.Mapping[str, t.Any]) -> str:
    """Where an SDK sends for which nothing is set (OTLP exporter specification 1.40)."""
    port = _USUAL["grpc" if program.get("protocol") == sdk_rules.GRPC else "http"]
    return f"http://localhost:{port}"


def _edge(place: _Place, land: _Land, address: str, by: str, source: str) -> Edge:
    parts = addresses.split(address) if address else None
    if parts is None or not parts.host:
        target = _Target(None, NO_ADDRESS)
    else:
        target = land.target(place, parts.host, parts.port or _USUAL["grpc"])
        if target.place is not None and target.place.id == place.id:
            target = _Target(target.place, ITSELF)
    return {
        "origin": place.id,
        "to": target.place.id if target.place else "",
        "address": address,
        "by": by,
        "uid": "",
        "source": source,
        "assumed": False,
        "connected": _connected(place, parts.port if parts else None),
        "problem": target.problem,
        "listener": target.listener,
    }


def _connected(place: _Place, port: t.Optional[int]) -> t.Optional[bool]:
    """Whether the program has a connection to that port; null where its connections are not known."""
    connections = place.program.get("connections")
    if connections is None or port is None:
        return None
    states = [each.get("state") for each in connections if each.get("port") == port]
    return True if "established" in states else (False if "trying" in states else None)


class _Land:
    """All programs, by where they can be reached."""

    def __init__(self, found: Discoveries) -> None:
        self.found = found
        self.places = [
            _Place(f"{host}/{program.get('name', '')}", host, part, program)
            for host in sorted(found)
            for part in PARTS
            for program in found[host].get(part) or []
        ]
        self._by_host: t.Dict[str, t.List[_Place]] = {}
        self._contained: t.Dict[str, t.List[_Place]] = {}
        for place in self.places:
            self._by_host.setdefault(place.host, []).append(place)
            if place.program.get("networks") and place.program.get("running"):
                self._contained.setdefault(place.host, []).append(place)
        # The names and addresses of each host. Those of bridges, many hosts have.
        self._own = {
            host: {str(name).lower() for name in (host, seen.get("hostname") or host, *(seen.get("addresses") or []))}
            for host, seen in found.items()
        }
        self._hosts = {name: host for host in sorted(found, reverse=True) for name in self._own[host]}

    def target(self, place: _Place, name: str, port: int) -> _Target:
        """Who is met at name:port from where `place` stands."""
        here, namespace = place.host, _namespace(place, self.found)
        resolved = [name, *(place.program.get("resolved") or [])]
        if any(addresses.leads_here(each) for each in resolved):
            return self._in_network(here, namespace, port, True)
        container = self._container(place, resolved)
        if container is not None:
            return self._in_network(here, _namespace(container, self.found), port, False)
        for each in resolved:
            host = here if each.lower() in self._own[here] else self._hosts.get(each.lower())
            if host is not None:
                return self._in_network(host, str(self.found[host].get("namespace") or ""), port, False)
        return _Target(None, OUTSIDE)

    def _container(self, place: _Place, names: t.Sequence[str]) -> t.Optional[_Place]:
        """The container of the same host that has one of these names or addresses, in a network that `place` is in."""
        networks = set(place.program.get("networks") or {})
        for other in self._contained.get(place.host, []):
            shared = networks & set(other.program["networks"])
            own = [str(address) for address in other.program["networks"].values()]
            if any(each in own for each in names):
                return other
            aliases = {other.program.get("container"), *(other.program.get("aliases") or [])}
            if shared and any(each in aliases for each in names):
                return other
        return None

    def _in_network(self, host: str, namespace: str, port: int, within: bool) -> _Target:
        """Who listens on a port of a network; `within`: it is asked from inside, where loopback is reached, too."""
        bound: t.Optional[_Place] = None
        for place in self._by_host.get(host, []):
            if not place.program.get("running"):
                continue
            if _namespace(place, self.found) == namespace:
                for each in place.program.get("listens") or []:
                    if each["port"] == port:
                        if within or not addresses.is_loopback(each["address"]):
                            return _Target(place, "")
                        bound = place
            for each in place.program.get("published") or []:
                host_network = namespace == str(self.found[host].get("namespace") or "")
                if each.get("host_port") == port and host_network:
                    if within or not addresses.is_loopback(str(each.get("host_address") or "")):
                        return _Target(place, "")
                    bound = place
        if bound is not None:
            return _Target(bound, LOOPBACK)
        listeners = self.found[host].get("listeners")
        if listeners is None or not namespace:  # whoever looked may not see into that network
            return _Target(None, OUTSIDE)
        for each in listeners:
            if each.get("namespace") == namespace and each.get("port") == port:
                return _Target(None, UNKNOWN, str(each.get("program") or ""))
        return _Target(None, NOBODY)


def _namespace(place: _Place, found: Discoveries) -> str:
    """The network that a program is in; "" when that could not be seen."""
    program = place.program
    hidden = program.get("own_network") or (program.get("own_network") is None and program.get("container"))
    return str(program.get("namespace") or ("" if hidden else found[place.host].get("namespace") or ""))
