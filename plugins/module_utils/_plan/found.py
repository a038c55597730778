# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What discovery found in the place of variables that nobody gave: what a variable says wins."""

from __future__ import annotations

import itertools
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import topology as path
from ansible_collections.traceops.tracing.plugins.module_utils._plan import values

# What is meant where neither a variable nor discovery says it.
ASSUMED: t.Mapping[str, t.Any] = {
    "otlp_endpoint": "http://localhost:4318",
    "tempo_url": "http://localhost:3200",
    "grafana_url": "http://localhost:3000",
}
AUTO = ["auto"]
# Without a look around, the names that Velostream's own stack has.
CONTAINERS_ASSUMED = ["velo-tempo", "velo-grafana"]

_LOG_SOURCES = ("log_paths", "log_unit", "log_container")
# A variable that says one of these speaks of one application.
_IDENTITY = ("service", "process", *_LOG_SOURCES, "otlp_endpoint", "otlp_headers")


_COMPARED = ("otlp_endpoint", "tempo_url", "grafana_url")


class Offered(t.TypedDict):
    """What discovery has for an application or a host: values by variable, and who says each."""

    name: str  # as an entry of diagnose_applications has it
    found_as: str  # as discovery has it
    known_as: t.List[str]  # its process id, program, unit and container
    values: t.Dict[str, t.Any]
    sources: t.Dict[str, str]


class Offer(t.TypedDict):
    """What discovery has for a host."""

    applications: t.List[Offered]
    host: Offered
    bare: bool  # it has no application, and other hosts of the run have some


def offers(found: path.Discoveries) -> t.Dict[str, Offer]:
    """The offers of all hosts that were looked at."""
    fleet = _fleet(found)
    running = {host: [each for each in found[host].get("applications") or [] if each.get("running")] for host in found}
    anywhere = any(running.values())
    return {
        host: {
            "applications": _applications(host, running[host], fleet),
            "host": _of_host(host, fleet),
            "bare": anywhere and not running[host],
        }
        for host in found
    }


_Server = t.Tuple[str, t.Mapping[str, t.Any]]  # its host, the program


class _Fleet(t.NamedTuple):
    """What was found on all hosts, in the order in which it is looked for: a fleet has thousands of them."""

    found: path.Discoveries
    way: path.Topology
    servers: t.Dict[str, t.List[_Server]]  # by part, those that run first
    here: t.Dict[t.Tuple[str, str], t.List[_Server]]  # by part and host, those that run first
    named: t.Dict[t.Tuple[str, str], _Server]  # by part and id
    shown_by: t.Dict[str, str]  # the Grafana with a data source for a Tempo, by the id of that


def _fleet(found: path.Discoveries) -> _Fleet:
    way = path.topology(found)
    fleet = _Fleet(found, way, {part: [] for part in path.PARTS}, {}, {}, {})
    for part in path.PARTS[1:]:
        every = ((host, program) for host in sorted(found) for program in found[host].get(part) or [])
        for server in sorted(every, key=lambda each: not each[1].get("running")):
            fleet.servers[part].append(server)
            fleet.here.setdefault((part, server[0]), []).append(server)
            fleet.named.setdefault((part, _id(server)), server)
    for origin, edges in way["edges"].items():
        if way["nodes"][origin]["kind"] == "grafana":
            for edge in edges:
                fleet.shown_by.setdefault(edge["to"], origin)
    return fleet


def _id(server: _Server) -> str:
    return f"{server[0]}/{server[1].get('name', '')}"


def settled(given: values.Values, offer: t.Optional[Offer]) -> t.Dict[str, t.Any]:
    """The variables of a host with what was found, or else is assumed, in the place of what nobody gave.

    `found` in it is {bare, own}, with the keys of values.OF_DISCOVERY in `own` for its only application; entries of
    diagnose_applications have keys of their own.
    """
    own = dict(given)
    only: t.Dict[str, t.Any] = dict(values.OF_DISCOVERY)
    if offer is not None:
        _settle(own, offer, only)
    for name, value in ASSUMED.items():
        if own[f"diagnose_{name}"] in ("", None):
            own[f"diagnose_{name}"] = value
    if own["diagnose_containers"] == AUTO:
        own["diagnose_containers"] = CONTAINERS_ASSUMED if offer is None else []
    entries = own["diagnose_applications"]
    bare = offer is not None and offer["bare"] and not entries and not _says(given, _IDENTITY)
    own["found"] = {"bare": bare, "own": only}
    return own


def is_complete(given: values.Values) -> bool:
    """Whether variables say of all applications which Tempo and Grafana they are asked about."""
    entries = given["diagnose_applications"] or [{}]
    return all(
        entry.get(name) or given[f"diagnose_{name}"] for entry in entries for name in ("tempo_url", "grafana_url")
    )


def _settle(own: t.Dict[str, t.Any], offer: Offer, only: t.Dict[str, t.Any]) -> None:
    entries = own["diagnose_applications"]
    offered = offer["applications"]
    if isinstance(entries, list) and entries:
        if all(isinstance(entry, dict) for entry in entries):
            own["diagnose_applications"] = [_filled(dict(entry), _match(entry, offered), own) for entry in entries]
    elif _says(own, _IDENTITY):
        said = {name: own[f"diagnose_{name}"] for name in values.OF_APPLICATION}
        one = _match(said, offered, alone=True)
        if one is not None:
            filled = _filled(said, one, own)
            own.update({f"diagnose_{name}": filled[name] for name in values.OF_APPLICATION})
            only.update({key: filled[key] for key in values.OF_DISCOVERY})
    elif offered:
        own["diagnose_applications"] = [_filled({"name": each["name"]}, each, own) for each in offered]
    for name, value in offer["host"]["values"].items():
        if own[f"diagnose_{name}"] in ("", None, [], {}, AUTO) and not _another_source(name, own):
            own[f"diagnose_{name}"] = value
            only["sources"] = {**only["sources"], name: offer["host"]["sources"][name]}
        elif name != "otlp_endpoint" and not any(each["variable"] == f"diagnose_{name}" for each in only["otherwise"]):
            only["otherwise"] = [*only["otherwise"], *_otherwise(name, own[f"diagnose_{name}"], offer["host"])]


def _says(own: values.Values, names: t.Iterable[str]) -> bool:
    return any(own[f"diagnose_{name}"] for name in names)


def _another_source(name: str, own: values.Values) -> bool:
    """Whether a log is said to be elsewhere: of its sources one is taken."""
    prefix, _log, rest = name.rpartition("log_")
    return f"log_{rest}" in _LOG_SOURCES and any(own.get(f"diagnose_{prefix}{each}") for each in _LOG_SOURCES)


def _match(entry: t.Mapping[str, t.Any], offered: t.Sequence[Offered], alone: bool = False) -> t.Optional[Offered]:
    """The found application that an entry means: by its process, unit or container, then its service, then its name.

    `alone`: one that names none of them means the only one that was found.
    """
    process = entry.get("process")
    wanted = set(map(str, process.values())) if isinstance(process, dict) else set()
    wanted = (wanted | {str(entry.get(name) or "") for name in ("log_unit", "log_container")}) - {"", "None"}
    service, name = str(entry.get("service") or ""), str(entry.get("name") or "")
    by_place = (each for each in offered if wanted & set(each["known_as"]))
    by_service = (each for each in offered if service and service == each["values"].get("service"))
    by_name = (each for each in offered if name and name == each["name"])
    found = next(itertools.chain(by_place, by_service, by_name), None)
    unnamed = not wanted and not service
    return found or (offered[0] if alone and unnamed and len(offered) == 1 else None)


def _filled(entry: t.Dict[str, t.Any], offered: t.Optional[Offered], own: values.Values) -> t.Dict[str, t.Any]:
    """The entry with what was found of it, where neither it nor its host says so."""
    if offered is None:
        return entry
    entry.update(found_as=offered["found_as"], sources={}, otherwise=[])
    logged = any(entry.get(name) or own[f"diagnose_{name}"] for name in _LOG_SOURCES)
    for name, value in offered["values"].items():
        said = entry.get(name) or own[f"diagnose_{name}"]
        if said or (logged and name in _LOG_SOURCES):
            entry["otherwise"] += _otherwise(name, said, offered)
            continue
        entry[name] = value
        entry["sources"][name] = offered["sources"][name]
    return entry


def _otherwise(name: str, said: t.Any, offered: Offered) -> t.List[t.Dict[str, str]]:
    """What a variable says and discovery has otherwise, of the addresses that both know."""
    found = offered["values"].get(name)
    if name not in _COMPARED or not said or not found or _same(str(said), str(found)):
        return []
    return [
        {"variable": f"diagnose_{name}", "said": str(said), "found": str(found), "source": offered["sources"][name]}
    ]


def _same(one: str, two: str) -> bool:
    """Whether two addresses are one, as far as their words tell: names of the same place may differ, ports do not."""
    parts = [addresses.split(each) for each in (one, two)]
    return parts[0] is not None and parts[1] is not None and parts[0].port == parts[1].port


# --- what is offered


def _applications(host: str, programs: t.Sequence[t.Mapping[str, t.Any]], fleet: _Fleet) -> t.List[Offered]:
    names: t.Set[str] = set()
    return [_application(host, each, fleet, names) for each in programs]


class _Values:
    """Values by variable with who says each; what no variable could have is left out."""

    def __init__(self) -> None:
        self.values: t.Dict[str, t.Any] = {}
        self.sources: t.Dict[str, str] = {}

    def add(self, name: str, value: t.Any, source: t.Any) -> None:
        if value and values.fits(name, value):
            self.values[name] = value
            self.sources[name] = str(source or "")


def _application(host: str, program: t.Mapping[str, t.Any], fleet: _Fleet, names: t.Set[str]) -> Offered:
    origin = f"{host}/{program.get('name', '')}"
    told, seen_in = _Values(), program.get("source")
    told.add("service", str(program.get("service") or ""), program.get("service_source"))
    told.add("process", {"pid": program["pid"]} if program.get("pid") else {}, seen_in)
    log = program.get("log") or {}
    for name, key in (("log_paths", "paths"), ("log_unit", "unit"), ("log_container", "container")):
        told.add(name, log.get(key), log.get("source"))
    own = str(program.get("endpoint") or "")
    told.add("otlp_endpoint", own, program.get("endpoint_source"))
    if "otlp_endpoint" not in told.values:
        told.add("otlp_endpoint", path.usual_endpoint(program), "the default of its SDK")
    _add_hops(told, host, origin, fleet)
    tempo = _one(host, fleet, "tempos", path.leads_to(fleet.way, origin, "tempo"))
    _add_backend(told, host, tempo, fleet)
    found_as = str(program.get("name") or "")
    units = [str(each or "") for each in (program.get("unit"), log.get("unit"))]
    known_as = [program.get("pid"), program.get("program"), program.get("container"), log.get("container"), *units]
    known_as += [unit.rpartition(".service")[0] for unit in units]
    return {
        "name": _name(found_as, names),
        "found_as": found_as,
        "known_as": [str(each) for each in known_as if each],
        "values": told.values,
        "sources": told.sources,
    }


def _of_host(host: str, fleet: _Fleet) -> Offered:
    """The containers and logs of the path's servers here, and the Tempo and Grafana of an application not found."""
    told, seen = _Values(), fleet.found[host]
    servers = [each for part in path.PARTS[1:] for each in seen.get(part) or []]
    names = list(dict.fromkeys(str(each["container"]) for each in servers if each.get("container")))
    told.add("containers", names, "the engine")
    for prefix, part in (("tempo_", "tempos"), ("collector_", "collectors")):
        log: t.Mapping[str, t.Any] = next((each["log"] for each in seen.get(part) or [] if each.get("log")), {})
        for name, key in (("log_paths", "paths"), ("log_unit", "unit"), ("log_container", "container")):
            told.add(f"{prefix}{name}", log.get(key), log.get("source"))
    collector = next((each for each in seen.get("collectors") or [] if each.get("running")), None)
    tempo = _one(host, fleet, "tempos", None)
    receiver = _receiver(host, host, collector, fleet) or (
        _receiver(host, tempo[0], tempo[1], fleet) if tempo and tempo[0] == host else ""
    )
    told.add("otlp_endpoint", receiver, (collector or (tempo[1] if tempo else {})).get("source"))
    _add_backend(told, host, tempo, fleet)
    return {"name": "", "found_as": "", "known_as": [], "values": told.values, "sources": told.sources}


def _add_hops(told: _Values, host: str, origin: str, fleet: _Fleet) -> None:
    """The collectors and the Tempo on an application's way, where this host reaches them by themselves."""
    way = fleet.way
    first = next((each["to"] for each in way["edges"].get(origin, [])), "")
    collectors = [each for each in fleet.here.get(("collectors", host), []) if each[1].get("running")]
    by_id = {_id(each): each[1] for each in collectors}
    passed = [each for each in path.behind(way, origin) if each in by_id]
    if not first and collectors:
        passed = [_id(collectors[0])]
    beyond = next((by_id[each] for each in passed if each != first), None)
    if beyond is not None:
        told.add("collector_endpoint", _receiver(host, host, beyond, fleet), beyond.get("source"))
    counted = next((by_id[each] for each in passed), None)
    if counted is not None:
        told.add("collector_metrics_url", _metrics(counted, fleet.found[host]), counted.get("source"))
    tempo = path.leads_to(way, origin, "tempo") or ""
    for server in fleet.here.get(("tempos", host), []):
        mine = _id(server)
        if server[1].get("running") and mine != first and (mine == tempo or not tempo):
            told.add("tempo_otlp_endpoint", _receiver(host, host, server[1], fleet), server[1].get("source"))
            break


def _one(host: str, fleet: _Fleet, part: str, wanted: t.Optional[str]) -> t.Optional[_Server]:
    """The server that is led to, else the running one of this host, else the first of all."""
    own = fleet.here.get((part, host)) or fleet.servers[part]
    return fleet.named.get((part, wanted or "")) or (own[0] if own else None)


def _add_backend(told: _Values, host: str, tempo: t.Optional[_Server], fleet: _Fleet) -> None:
    shown_by = ""
    if tempo is not None:
        told.add("tempo_url", _url(host, tempo, fleet), tempo[1].get("source"))
        shown_by = fleet.shown_by.get(_id(tempo), "")
    else:
        _add_shown(told, host, fleet)
    grafana = _one(host, fleet, "grafanas", shown_by or None)
    if grafana is not None:
        told.add("grafana_url", _url(host, grafana, fleet), grafana[1].get("source"))


def _add_shown(told: _Values, host: str, fleet: _Fleet) -> None:
    """Where no Tempo was found, the one that a data source names, unless that is a name of another host for itself."""
    for server in sorted(fleet.servers["grafanas"], key=lambda each: each[0]):
        for edge in fleet.way["edges"].get(_id(server), []):
            parts = addresses.split(edge["address"])
            here = server[0] == host and not server[1].get("own_network")
            if parts is not None and (here or not addresses.leads_here(parts.host)):
                told.add("tempo_url", edge["address"].rstrip("/"), edge["source"])
                if "tempo_url" in told.values:
                    return


def _url(host: str, server: _Server, fleet: _Fleet) -> str:
    """The server's API as `host` reaches it."""
    at, program = server
    url = str(program.get("url") or "")
    parts = addresses.split(url) if url else None
    if at == host or parts is None or not addresses.leads_here(parts.host):
        return url
    mine = fleet.found[host].get("addresses") or []  # those of bridges, both hosts have
    outside = next((each for each in fleet.found[at].get("addresses") or [] if each not in mine), "")
    shown = f"[{outside}]" if ":" in outside else outside
    return f"{parts.scheme}://{shown}:{parts.port}{parts.path}" if outside else ""


def _receiver(host: str, at: str, program: t.Optional[t.Mapping[str, t.Any]], fleet: _Fleet) -> str:
    """The OTLP receiver of a server on this host, as the host reaches it; "" when it has none that is reached."""
    if program is None or at != host:
        return ""
    receivers = (program.get("configuration") or {}).get("receivers") or []
    known = [each for each in receivers if each.get("protocol") in ("http", "grpc") and each.get("port")]
    for each in sorted(known, key=lambda each: each["protocol"] != "http"):
        reached = _reached(program, int(each["port"]), fleet.found[at])
        if reached:
            return f"{'https' if each.get('tls') else 'http'}://{reached}"
    return ""


def _metrics(program: t.Mapping[str, t.Any], seen: t.Mapping[str, t.Any]) -> str:
    parts = addresses.split(str((program.get("configuration") or {}).get("metrics_address") or ""))
    reached = _reached(program, parts.port, seen) if parts is not None and parts.port else ""
    return f"http://{reached}/metrics" if reached else ""


def _reached(program: t.Mapping[str, t.Any], port: int, seen: t.Mapping[str, t.Any]) -> str:
    """HOST:PORT at which the host reaches that port of a program of its own; "" when it does not."""
    listening = [each for each in program.get("listens") or [] if each.get("port") == port]
    if not program.get("own_network"):
        return f"localhost:{port}" if listening else ""
    if listening and all(addresses.is_loopback(str(each.get("address"))) for each in listening):
        return ""
    published = next((each for each in program.get("published") or [] if each.get("port") == port), None)
    if published is not None:
        return f"localhost:{published['host_port']}"
    own = next((str(each) for each in (program.get("networks") or {}).values() if each), "")
    return f"{own}:{port}" if own and listening else ""


def _name(name: str, taken: t.Set[str]) -> str:
    """A name that an entry of diagnose_applications can have, once."""
    fitting = re.sub(r"[^A-Za-z0-9_.:@() -]", "_", name)[:90].lstrip(".:@ -") or "application"
    others = (f"{fitting}-{number}" for number in itertools.count(2))
    unique = next(each for each in itertools.chain([fitting], others) if each not in taken)
    taken.add(unique)
    return unique
