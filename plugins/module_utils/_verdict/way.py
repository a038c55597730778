# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the path that was found, for an application, a host and a backend; checks see it in `facts`."""

from __future__ import annotations

import difflib
import functools
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.addresses import Address, split
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import topology as path
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import Edge, Topology
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import Stale
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.handles import restart_of

Labels = t.Mapping[str, t.Any]

NOTHING: Topology = {"nodes": {}, "edges": {}, "senders": {}, "servers": {}}
_BROKEN = tuple(problem for problem in path.BROKEN if problem != path.ITSELF)
# Variables that decide whether, where and under which name spans leave.
_EXPORTS = re.compile(r"OTEL_(?:EXPORTER_OTLP|TRACES_|SDK_DISABLED|SERVICE_NAME|RESOURCE_ATTRIBUTES|PROPAGATORS)")


class Way(t.TypedDict):
    """The path of one application's spans, as it was found."""

    name: str
    service: str  # "" when nothing names it
    source: str  # where the application was seen
    restart: str  # how it is started anew
    idle: bool  # it runs for minutes, and has no connection to where it sends
    edge: Edge  # where it sends
    breaks: t.Optional[Edge]  # the first edge on its way that leads nowhere
    lost: str  # at whom the way ends without a Tempo: application (where it sends itself), collector, or ""
    hops: int  # how many programs its spans come to
    tempo: str  # the Tempo among them; "" when none is
    past: str  # a collector of its host that feeds the same Tempo, and that it does not use
    stale: t.List[Stale]  # settings of its files that the running process has not
    resembles: str  # the unit or container whose name its service's is nearly


class Fed(t.TypedDict):
    """A collector of a host whose configuration was read."""

    name: str
    used: bool  # an application sends to it
    signals: t.List[str]
    files: t.List[str]


class Contended(t.TypedDict):
    """A port that a program is told to listen on, and another one has."""

    port: int
    wanted_by: str
    held_by: str
    source: str


class Unused(t.TypedDict):
    """A receiver that no pipeline of traces uses."""

    collector: str
    receiver: str
    port: t.Optional[int]
    source: str


class HostWay(t.TypedDict):
    """What was found of the path on one host."""

    collectors: t.List[Fed]
    without_traces: t.List[Fed]  # their configuration was read whole, and has no pipeline of traces
    broken: t.List[Edge]  # exporters that lead nowhere
    loops: t.List[Edge]  # exporters that lead back
    ending: t.List[Fed]  # whose pipelines of traces have no exporter that passes spans on
    unused: t.List[Unused]
    contended: t.List[Contended]


def data_source(found: Topology, uid: t.Any) -> t.Optional[str]:
    """Which file has the data source with this uid; null when no Grafana that was found has it."""
    grafanas = [origin for ids in found["servers"].get("grafana", {}).values() for origin in ids]
    edges = [edge for origin in grafanas for edge in found["edges"].get(origin, [])]
    return next((edge["source"] for edge in edges if uid and edge["uid"] == uid), None)


class Shown(t.TypedDict):
    """The data sources that were found of the Grafana of a backend, against the Tempo that its applications feed."""

    fed: t.List[str]  # ids of Tempos
    shows: t.List[Edge]  # data sources that lead to a Tempo that was found
    elsewhere: t.List[Edge]  # those of them that lead to another one, where none leads to a fed one


def of_application(
    labels: Labels, host: str, settings: Labels, found: Topology, finished: t.Any = None
) -> t.Optional[Way]:
    """Null unless discovery found the application; `finished`: when the run ended (ISO 8601)."""
    name = str(settings.get("found_as") or "")
    origin = f"{host}/{name}"
    program = _program(labels, "applications", name)
    edges = found["edges"].get(origin)
    if program is None or not edges:
        return None
    nodes = path.behind(found, origin)
    broken = next((e for at in [origin, *nodes] for e in found["edges"].get(at, []) if e["problem"] in _BROKEN), None)
    tempo = next((each for each in nodes if found["nodes"][each]["kind"] == "tempo"), "")
    return {
        "name": name,
        "service": str(program.get("service") or ""),
        "source": str(program.get("source") or ""),
        "restart": restart_of(program),
        "idle": _idle(program, edges[0], finished),
        "edge": edges[0],
        "breaks": broken,
        "lost": _lost(broken, origin, tempo),
        "hops": len(nodes),
        "tempo": tempo,
        "past": _past(labels, host, nodes, tempo, found),
        "stale": [each for each in program.get("stale") or [] if _EXPORTS.match(str(each.get("variable")))],
        "resembles": resembles(*(str(program.get(name) or "") for name in ("service", "unit", "container"))),
    }


def _lost(broken: t.Optional[Edge], origin: str, tempo: str) -> str:
    """At whom the way ends: a second exporter that leads nowhere is no loss where another one leads to a Tempo."""
    if broken is None:
        return ""
    return "application" if broken["origin"] == origin else "" if tempo else "collector"


_LONG_S = 300  # an application that runs for so long has had spans to send


def _idle(program: Labels, edge: Edge, finished: t.Any) -> bool:
    """Whether connections were looked at, and none leads there long after the start."""
    if edge["connected"] is not None or edge["problem"] or program.get("connections") is None:
        return False
    started, ended = epoch(program.get("started")), epoch(finished)
    return started is not None and ended is not None and ended - started > _LONG_S


def of_host(labels: Labels, host: str, found: Topology) -> t.Optional[HostWay]:
    """Null unless somebody looked around on the host."""
    seen = labels.get("discover")
    if not isinstance(seen, dict) or not seen.get("ok"):
        return None
    collectors = [each for each in seen.get("collectors") or [] if each.get("running")]
    fed = [(each, _fed(each, host, found)) for each in collectors]
    edges = [edge for each in collectors for edge in found["edges"].get(f"{host}/{each.get('name', '')}", [])]
    return {
        "collectors": [each for _program_, each in fed],
        "without_traces": [each for program, each in fed if _read_whole(program) and "traces" not in each["signals"]],
        "broken": [edge for edge in edges if edge["problem"] in _BROKEN],
        "loops": [edge for edge in edges if edge["problem"] == path.ITSELF],
        "ending": [each for program, each in fed if _read_whole(program) and _ends(program)],
        "unused": [one for each in collectors for one in _unused(each)],
        "contended": contended(seen),
    }


def of_backend(origins: t.Sequence[str], found: Topology) -> t.Optional[Shown]:
    """Null unless the Tempo of its applications (`origins`: their nodes) and a data source of a Grafana were found."""
    fed = sorted({tempo for origin in origins for tempo in [path.leads_to(found, origin, "tempo")] if tempo})
    grafanas = [origin for ids in found["servers"].get("grafana", {}).values() for origin in ids]
    shows = [edge for origin in grafanas for edge in found["edges"].get(origin, []) if edge["to"]]
    if not fed or not shows:
        return None
    missed = not any(edge["to"] in fed for edge in shows)
    return {"fed": fed, "shows": shows, "elsewhere": shows if missed else []}


def _program(labels: Labels, part: str, name: str) -> t.Optional[t.Dict[str, t.Any]]:
    seen = labels.get("discover")
    programs = seen.get(part) or [] if isinstance(seen, dict) else []
    return next((each for each in programs if name and each.get("name") == name), None)


def _past(labels: Labels, host: str, nodes: t.Sequence[str], tempo: str, found: Topology) -> str:
    """A collector of the host that feeds this Tempo, where the application sends there without any."""
    if not tempo or any(found["nodes"][each]["kind"] not in ("tempo",) for each in nodes):
        return ""
    seen = labels.get("discover") or {}
    ids = (f"{host}/{each.get('name', '')}" for each in seen.get("collectors") or [] if each.get("running"))
    return next((each for each in ids if path.leads_to(found, each, "tempo") == tempo), "")


def _fed(program: Labels, host: str, found: Topology) -> Fed:
    mine = f"{host}/{program.get('name', '')}"
    return {
        "name": str(program.get("name") or ""),
        "used": bool(found["senders"].get(mine)) or _missed(program, host, found),
        "signals": list((program.get("configuration") or {}).get("signals") or []),
        "files": list(program.get("files") or []),
    }


def _missed(program: Labels, host: str, found: Topology) -> bool:
    """Whether an application of the host sends to a port that the collector is configured with, and nobody has."""
    ports = {each.get("port") for each in (program.get("configuration") or {}).get("receivers") or []}
    in_vain = (e for o in found["senders"].get("", []) if found["nodes"][o]["host"] == host for e in found["edges"][o])
    return any((split(edge["address"]) or _NO_ADDRESS).port in ports for edge in in_vain)


_NO_ADDRESS = Address("", "", 0, "")


def _read_whole(program: Labels) -> bool:
    configuration = program.get("configuration") or {}
    return bool(program.get("files")) and not configuration.get("unread")


def _ends(program: Labels) -> bool:
    """Whether spans come in, and no exporter or connector of a pipeline of traces leads on."""
    configuration = program.get("configuration") or {}
    used = [each for each in configuration.get("exporters") or [] if each.get("pipelines")]
    return "traces" in (configuration.get("signals") or []) and all(
        each.get("kind") in path.ENDS or "feeds" in each for each in used
    )


def _unused(program: Labels) -> t.Iterator[Unused]:
    configuration = program.get("configuration") or {}
    if not _read_whole(program) or "traces" not in (configuration.get("signals") or []):
        return
    for each in configuration.get("receivers") or []:
        if not each.get("pipelines") and str(each.get("name") or "").partition("/")[0] == "otlp":
            yield {
                "collector": str(program.get("name") or ""),
                "receiver": str(each.get("name")),
                "port": each.get("port"),
                "source": str(each.get("source") or ""),
            }


def contended(seen: Labels) -> t.List[Contended]:
    """Ports that a program which does not run, or does not listen there, is told to have, and another one has."""
    servers = [each for part in ("collectors", "tempos") for each in seen.get(part) or []]
    held = {
        (str(each.get("namespace")), each.get("port")): each
        for each in seen.get("listeners") or []
        if each.get("port") in (4317, 4318)
    }
    found: t.List[Contended] = []
    for program in servers if held else ():
        if program.get("own_network") or program.get("networks"):
            continue
        namespace = str(program.get("namespace") or seen.get("namespace"))
        mine = {each.get("port") for each in program.get("listens") or []}
        for receiver in (program.get("configuration") or {}).get("receivers") or []:
            port = receiver.get("port")
            other = held.get((namespace, port))
            if other is None or port in mine or other.get("pid") == program.get("pid"):
                continue
            found.append(
                {
                    "port": int(port),
                    "wanted_by": str(program.get("name") or ""),
                    "held_by": str(other.get("program") or "another program"),
                    "source": str(receiver.get("source") or ""),
                }
            )
    return found


@functools.lru_cache(maxsize=4096)  # the hosts of a fleet run the same few
def resembles(service: str, unit: str, container: str) -> str:
    """The unit or container whose name the service's is but for a slip in one word; "" when there is none.

    A name that is part of the other one, another word, a plural, or other digits or separators are somebody's choice.
    """
    for other in (re.sub(r"(@.*)?\.service$", "", unit), container):
        one, two = (re.findall(r"[^\W\d_]+", each.lower()) for each in (service, other))
        differing = [pair for pair in zip(one, two) if pair[0] != pair[1]]
        if len(one) == len(two) and len(differing) == 1 and _slip(*differing[0]):
            return other
    return ""


SHORT = 5  # letters: words that are shorter are other words
ALIKE = 0.8  # one letter of five put in, left out, changed or swapped with its neighbour


def _slip(one: str, two: str) -> bool:
    """Whether somebody meant the one and wrote the other."""
    if min(len(one), len(two)) < SHORT or one.startswith(two) or two.startswith(one):
        return False
    return difflib.SequenceMatcher(None, one, two).ratio() >= ALIKE
