# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a program that was found: where it runs, what it listens on, whom it talks to, how it is set up."""

from __future__ import annotations

import datetime
import os
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import MASK, clean, redact
from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._otel import agent_file, app_settings
from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import program_of, shown
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import logs, managed
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.engines import Container
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.groups import Group, settings_of
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.managed import Unit
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.network import (
    OTLP_PORTS,
    SPAN_PORTS,
    Network,
    Owners,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.result import (
    Address,
    Application,
    Connection,
    Listener,
    Program,
    Stale,
)

MAX_CONNECTIONS = 30
MAX_LISTENS = 50
MAX_LISTENERS = 500
_STATES = {proc.ESTABLISHED: "established", proc.TRYING: "trying"}


class Around(t.NamedTuple):
    """What is known of this host beside its programs."""

    namespace: str
    networks: t.Mapping[str, Network]
    owners: Owners
    containers: t.Sequence[Container]
    units: t.Mapping[str, Unit]
    words: t.Mapping[int, t.List[str]]  # of all processes

    def talking(self, known: t.Sequence[Group]) -> t.Dict[int, t.Tuple[str, int]]:
        """The connections to ports of OTLP of processes that belong to no known program."""
        taken = {pid for group in known for pid in group.pids}
        told: t.Dict[int, t.Tuple[str, int]] = {}
        for place in self.networks.values():
            for each in place.sockets:
                pid = self.owners.by_number.get(each.number, 0)
                if each.state != proc.LISTENING and each.peer_port in OTLP_PORTS and pid and pid not in taken:
                    told.setdefault(pid, (each.peer, each.peer_port))
        return told


def described(group: Group, around: Around) -> Program:
    """What every kind of program has; `connections` come later, when all programs are known."""
    container = group.container
    main = group.pids[0] if group.pids else 0
    status = proc.status_of(main) if main else None
    namespace = proc.network_of(main) if main else ""
    own: t.Optional[bool] = namespace != around.namespace if namespace and around.namespace else None
    if own is None and container:
        own = container.network_mode != "host"
    name = container.name if container else group.container_id[:12]
    unit = around.units.get(group.unit)
    return {
        "kind": group.kind,
        "name": "",
        "pid": main,
        "running": group.running,
        "program": _name(group.words),
        "command": shown(group.words),
        "user": _user(main) or (container.user if container else unit.user if unit else ""),
        "started": _time(status.started) if status else container.started if container else "",
        "unit": clean(group.unit)[:200],
        "container": clean(name)[:100],
        "image": container.image if container else "",
        "networks": dict(container.networks) if container else {},
        "aliases": list(container.aliases) if container else [],
        "published": list(container.published) if container else [],
        "namespace": namespace,
        "own_network": own,
        "listens": _listens(group, around.networks.get(namespace), around.owners),
        "connections": [],
        "log": _log(group, name, own, around),
        "source": group.source,
    }


def _name(words: t.Sequence[str]) -> str:
    """What a program is called, without what it says of itself behind its name ("puma 6.4 (tcp://...)")."""
    return re.split(r"[ =:]", redact(clean(program_of(words))), maxsplit=1)[0][:60]


def _listens(group: Group, network: t.Optional[Network], owners: Owners) -> t.List[Address]:
    found = {
        (each.port, each.address)
        for each in (network.sockets if network else [])
        if each.state == proc.LISTENING and owners.by_number.get(each.number) in group.pids
    }
    return [{"address": address, "port": port} for port, address in sorted(found)[:MAX_LISTENS]]


def _log(group: Group, container: str, own: t.Optional[bool], around: Around) -> t.Any:
    known = group.container
    asked = logs.Asked(
        group.pids,
        group.unit,
        container if known else "",
        known.log_driver if known else "",
        around.units[group.unit].output if group.unit in around.units else "",
        bool(group.container_id),
        (group.environment or {}).get("JOURNAL_STREAM", ""),
    )
    return logs.log_of(asked, around.owners.opened)


def _user(pid: int) -> str:
    """The user that a process runs as; "" where that cannot be seen."""
    try:
        number = os.stat(f"{proc.PROC}/{pid}").st_uid
    except OSError:
        return ""
    try:
        import pwd

        return clean(pwd.getpwuid(number).pw_name)[:60]
    except (ImportError, KeyError):
        return str(number)


def _time(epoch: float) -> str:
    return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- applications


Said = t.Dict[str, t.Tuple[str, str]]  # a variable: its value, FILE:LINE


def agent_file_of(group: Group) -> str:
    """The file of OpenTelemetry's Java agent; "" where none is named, or the program does not run."""
    return agent_file.path_of(group.words, group.environment or {}) if group.pids else ""


def in_agent_file(group: Group) -> Said:
    """What that file says."""
    path = agent_file_of(group)
    text = proc.file_under(*proc.inside(group.pids[0], path)) or ""
    shown_path = redact(clean(path))[:200]
    return {name: (value, f"{shown_path}:{line}") for name, (value, line) in agent_file.settings(text).items()}


def application(group: Group, around: Around, said: Said) -> Application:
    """An application, with what takes effect of its settings; `said`: what a file says, with less weight."""
    below = {name: value for name, (value, _source) in said.items()}
    effective = settings_of(group.words, {**below, **(group.environment or {})})
    service, endpoint = effective["service_name"], effective["endpoint"]
    named = service["from"] != "default"
    found = t.cast(Application, described(group, around))
    found.update(
        {
            "tells": [clean(each)[:80] for each in group.tells][:30],
            "language": effective["language"]["value"] or "",
            "service": (service["value"] or "") if named else "",
            "service_source": _source(service["from"], group, said) if named else "",
            "endpoint": (endpoint["value"] or "").replace(f"{MASK}@", ""),
            "endpoint_source": _source(endpoint["from"], group, said) if endpoint["value"] else "",
            "protocol": effective["protocol"]["value"] or "",
            "exporter": effective["exporter"]["value"] or "",
            "sampler": effective["sampler"]["value"] or "",
            "header_names": [clean(each)[:80] for each in effective["header_names"]][:30],
            "resolved": [],
            "stale": _stale(group, around),
        }
    )
    return found


def set_in_code(found: Application, address: str, port: int) -> None:
    """The endpoint of an application that nothing tells but its connection."""
    shown = f"[{address}]" if ":" in address else address
    found.update({"endpoint": f"http://{shown}:{port}", "endpoint_source": f"the connection of {found['source']}"})
    found.update({"protocol": "", "exporter": "", "sampler": ""})


def _source(what: str, group: Group, said: Said) -> str:
    """Where a variable or an option was read."""
    if what in said and what not in (group.environment or {}):
        return said[what][1]
    if group.source.startswith("/proc/"):
        return f"{clean(what)} in {group.source}/{'cmdline' if what.startswith('-') else 'environ'}"
    return f"{clean(what)} of {group.source}"


def _stale(group: Group, around: Around) -> t.List[Stale]:
    """Settings that the unit's files have since its main process was started."""
    unit = around.units.get(group.unit)
    status = proc.status_of(unit.main_pid) if unit and unit.main_pid and group.running else None
    environment = proc.environment_of(unit.main_pid) if unit and status else None
    if unit is None or status is None or not environment:
        return []
    files = managed.configured(unit)
    found: t.List[Stale] = []
    for name, value in app_settings.relevant_variables({name: each.value for name, each in files.items()}).items():
        # A file that was not changed since then was read: where they differ, a wrapper did that.
        if environment.get(name) != value and files[name].changed > status.started - 1:
            running = app_settings.masked(name, environment[name]) if name in environment else None
            configured = app_settings.masked(name, value)
            source = clean(files[name].source)[:300]
            found.append(
                {"variable": clean(name)[:100], "running": running, "configured": configured, "source": source}
            )
    return sorted(found, key=lambda each: each["variable"])


# --- who talks to whom


def connect(found: t.Sequence[Program], pids: t.Mapping[int, t.Sequence[int]], around: Around) -> None:
    """Fill the connections of all programs; `pids` are the processes of each main one."""
    ports = set(SPAN_PORTS)
    for each in found:
        ports |= {address["port"] for address in each["listens"]}
        ports |= {published["host_port"] for published in each["published"]}
        where = addresses.split(str(each.get("endpoint") or ""))
        ports |= {where.port} if where and where.port else set()
    for each in found:
        network = around.networks.get(each["namespace"])
        if network and each["pid"] in pids:
            own = set(pids[each["pid"]])
            each["connections"] = _connections(network, own, ports, around)


def _connections(network: Network, own: t.Set[int], ports: t.Set[int], around: Around) -> t.List[Connection]:
    owner = around.owners.by_number.get
    mine = [each for each in network.sockets if owner(each.number) in own]
    taken = {each.port for each in mine if each.state == proc.LISTENING}
    found: t.Dict[t.Tuple[str, int, str], Connection] = {}
    for each in mine:
        state = _STATES.get(each.state)
        # A connection that came in is the other one's.
        if state and each.peer_port in ports and each.port not in taken:
            connection: Connection = {"address": each.peer, "port": each.peer_port, "state": state}
            pid = listener(each.peer, each.peer_port, network, around)
            if pid and pid in own:
                continue
            if pid:
                connection["pid"] = pid
            found[(each.peer, each.peer_port, state)] = connection
    return [found[key] for key in sorted(found)][:MAX_CONNECTIONS]


def listener(address: str, port: int, network: Network, around: Around) -> int:
    """The process that listens at an address as this network sees it, on this host; 0 where that is not known."""
    places = [network]
    if not addresses.leads_here(address):
        places = [each for each in around.networks.values() if address in each.addresses]
        places.sort(key=lambda each: (each.number != network.number, each.number != around.namespace))
    if any(each.number == around.namespace for each in places):
        behind = _published(address, port, around)
        if behind:
            return behind
    for place in places:
        found = place.listening(address, port)
        if found:
            return around.owners.by_number.get(found.number, 0)
    return 0


def _published(address: str, port: int, around: Around) -> int:
    """The process behind a port that this host passes on to a container."""
    for container in around.containers:
        for published in container.published:
            taken = published["host_address"] in ("0.0.0.0", "::", "", address) or addresses.leads_here(address)
            # An engine in a machine of its own counts processes that are not those of this host.
            seen = container.pid and proc.in_group_of(container.pid, container.id)
            if published["host_port"] == port and taken and seen:
                network = around.networks.get(proc.network_of(container.pid))
                inside = next(iter(container.networks.values()), "")
                found = network.listening(inside, published["port"]) if network else None
                if found:
                    return around.owners.by_number.get(found.number, container.pid)
                return container.pid
    return 0


def listeners(around: Around) -> t.List[Listener]:
    """All listening sockets of the networks that were looked at."""
    found: t.Dict[t.Tuple[str, int, str], Listener] = {}
    names: t.Dict[int, str] = {0: ""}
    for number, network in around.networks.items():
        for each in sorted(network.sockets, key=lambda each: (each.port, each.address)):
            if each.state != proc.LISTENING or len(found) >= MAX_LISTENERS:
                continue
            pid = around.owners.by_number.get(each.number, 0)
            if pid not in names:
                names[pid] = _name(around.words.get(pid) or proc.words_of(pid))
            found.setdefault(
                (number, each.port, each.address),
                {
                    "namespace": number,
                    "address": each.address,
                    "port": each.port,
                    "pid": pid,
                    "program": names[pid],
                },
            )
    return list(found.values())


# --- names


def give_names(found: t.Sequence[Program]) -> None:
    """A name of its own for each: of its service, its container, its unit or its program."""
    inside = [each["container"] for each in found]
    for each in found:
        unit = each["unit"][: -len(".service")] if each["unit"].endswith(".service") else each["unit"]
        service = str(each.get("service") or "")
        # A container with several programs is more like a host.
        container = each["container"] if inside.count(each["container"]) == 1 else ""
        each["name"] = " ".join((service or container or unit or each["program"] or each["kind"]).split())[:80]
    for key in ("container", "unit", "pid"):
        names = [each["name"] for each in found]
        for each, name in zip(found, names):
            told = t.cast(t.Mapping[str, t.Any], each)[key]
            if names.count(name) > 1 and told:
                each["name"] = f"{name.partition(' (')[0]} ({key} {told})"
    seen: t.Dict[str, int] = {}
    for each in found:
        seen[each["name"]] = seen.get(each["name"], 0) + 1
        if seen[each["name"]] > 1:
            each["name"] = f"{each['name']} {seen[each['name']]}"
