# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): what is on this host that a span meets, and who talks to whom.

Read with Python's standard library alone, from /proc, the engine's socket, units and the files that command lines name.
`cause`: ok. What could not be seen is said in `unseen`, never left out.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import TookTooLong, bounded
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import Spec
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._otel import program_files
from ansible_collections.traceops.tracing.plugins.module_utils._otel import programs as kinds
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import (
    answering,
    engines,
    groups,
    managed,
    names,
    network,
    programs,
    scan,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.engines import Container
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.files import Files
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.groups import Group
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.managed import Unit
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.programs import Around
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.result import (
    Address,
    Application,
    Collector,
    Connection,
    Grafana,
    Listener,
    LogPlace,
    Program,
    Published,
    Result,
    Stale,
    Tempo,
)

__all__ = [
    "Address",
    "Application",
    "Collector",
    "Connection",
    "Grafana",
    "Listener",
    "LogPlace",
    "Program",
    "Published",
    "Result",
    "Stale",
    "Tempo",
]

ARGUMENT_SPEC: Spec = {
    "docker_host": {"type": "str"},
    "timeout": {"type": "float", "default": 3.0},
}
MAX_PROGRAMS = 100  # of one kind


def run(params: t.Dict[str, t.Any]) -> Result:
    """What is on this host; never fails."""
    if not 0 < params["timeout"] <= 3600:
        raise BadOption(f"timeout: {params['timeout']:g} is not between 0 and 3600 seconds")
    started = time.monotonic()
    look = _Look(params.get("docker_host"), started, float(params["timeout"]))
    return look.result()


class _Look:
    """One look around, within its time: the engines and systemd are asked while /proc is read."""

    def __init__(self, docker_host: t.Optional[str], started: float, seconds: float) -> None:
        self._started, self._seconds = started, seconds
        self.unseen: t.List[str] = []
        self.root = hasattr(os, "geteuid") and os.geteuid() == 0
        self.containers: t.List[Container] = []
        self.units: t.Dict[str, Unit] = {}
        asked = [self._ask_engines(docker_host), self._ask_systemd()]
        self.scan = scan.Scan(0, [], 0, 0)
        if os.path.isdir(f"{proc.PROC}/self"):
            self.scan = scan.scan(self._by(0.5))
        else:
            self.unseen.append("this host has no /proc: its processes and sockets cannot be seen")
        for thread in asked:
            thread.join(max(0.0, self._by(0.55) - time.monotonic()))
        self.late = [words for thread, words in zip(asked, ("the container engine", "systemd")) if thread.is_alive()]

    def _by(self, share: float) -> float:
        """When this share of the time is over (time.monotonic)."""
        return self._started + self._seconds * share

    def _ask_engines(self, docker_host: t.Optional[str]) -> threading.Thread:
        def ask() -> None:
            found, unseen = engines.containers(docker_host, self._by(0.5))
            self.containers, self.unseen = found, [*self.unseen, *unseen]

        return _started(ask)

    def _ask_systemd(self) -> threading.Thread:
        def ask() -> None:
            self.units = managed.loaded(self._seconds * 0.5) or {}

        return _started(ask)

    def result(self) -> Result:
        about = groups.Processes()
        containers = list(self.containers)
        found = groups.of_processes(self.scan.found, containers, about)
        inside, hidden = groups.of_containers(containers, found)
        found = [*found, *inside, *groups.of_units(self.units, [*found, *inside])]
        around = self._around(found, containers)
        found += _by_connection(found, containers, about, around)
        self._say_unseen(hidden)
        result = self._described(found, around)
        every: t.List[Program] = [
            *result["applications"],
            *result["collectors"],
            *result["tempos"],
            *result["grafanas"],
        ]
        programs.connect(every, {group.pids[0]: group.pids for group in found if group.pids}, around)
        self._resolve(result["applications"], found, containers, around)
        programs.give_names(every)
        counts = [
            f"{len(each)} {one if len(each) == 1 else many}"
            for each, one, many in (
                (result["applications"], "application", "applications"),
                (result["collectors"], "collector", "collectors"),
                (result["tempos"], "Tempo", "Tempos"),
                (result["grafanas"], "Grafana", "Grafanas"),
            )
        ]
        words = f"{', '.join(counts[:3])} and {counts[3]} among {self.scan.looked} processes"
        took = time.monotonic() - self._started
        return {**result, "message": f"found {words} in {took:.1f} s"}

    def _around(self, found: t.Sequence[Group], containers: t.Sequence[Container]) -> Around:
        pids = [pid for group in found for pid in group.pids]
        mains = [group.pids[0] for group in found if group.pids]
        inside = [each.pid for each in containers if each.pid and proc.in_group_of(each.pid, each.id)]
        known = network.networks([*mains, *inside])
        owners = network.Owners(pids)
        wanted = {
            each.number
            for place in known.values()
            for each in place.sockets
            if each.state == proc.LISTENING or each.peer_port in network.OTLP_PORTS
        }
        owners.search(wanted, proc.all_pids(), self._by(0.7))
        return Around(proc.network_of("self"), known, owners, containers, self.units)

    def _say_unseen(self, hidden: int) -> None:
        if self.scan.denied:
            self.unseen.append(
                f"the variables of {self.scan.denied} processes of other users cannot be read: become root"
            )
        if self.scan.skipped:
            self.unseen.append(f"{self.scan.skipped} processes were not looked at: there are too many, or time was up")
        if self.scan.looked and not os.path.exists(f"{proc.PROC}/1"):
            self.unseen.append("/proc shows only the processes of this user (hidepid): become root")
        if not self.root:
            self.unseen.append("the sockets and files of other users' processes cannot be seen: become root")
        if hidden:
            self.unseen.append(f"the processes of {hidden} containers cannot be seen: only their engine tells of them")
        self.unseen += [f"{who} did not answer in time" for who in self.late]

    def _described(self, found: t.Sequence[Group], around: Around) -> Result:
        result: Result = {
            "ok": True,
            "cause": "ok",
            "message": "",
            "hostname": clean(socket.gethostname())[:255],
            "addresses": around.networks[around.namespace].addresses if around.namespace in around.networks else [],
            "root": self.root,
            "processes": self.scan.looked,
            "namespace": around.namespace,
            "listeners": programs.listeners(around),
            "applications": [],
            "collectors": [],
            "tempos": [],
            "grafanas": [],
            "unseen": self.unseen,
        }
        taken: t.Dict[str, int] = {}
        for group in sorted(found, key=lambda each: not each.running):
            kind = "collector" if group.kind in kinds.COLLECTORS else group.kind
            taken[kind] = taken.get(kind, 0) + 1
            if taken[kind] > MAX_PROGRAMS:
                continue
            if kind == kinds.APPLICATION:
                result["applications"].append(programs.application(group, around))
            else:
                self._configured(group, around, result)
        for kind, count in taken.items():
            if count > MAX_PROGRAMS:
                self.unseen.append(f"{count - MAX_PROGRAMS} of {count} {kind}s are not told")
        self._unknown(result, around)
        return result

    def _configured(self, group: Group, around: Around, result: Result) -> None:
        """A collector, a Tempo or a Grafana, with what its files say."""
        unit = self.units.get(group.unit)
        files = Files(
            group.pids[0] if group.pids else 0, group.container, unit.directory if unit else "", self._by(0.9)
        )
        environment = group.environment or {}
        program = programs.described(group, around)
        if group.kind == kinds.TEMPO:
            tempo: Tempo = {**program}  # type: ignore[typeddict-item]
            tempo["files"], tempo["configuration"] = program_files.tempo(
                group.words, environment, files.read, files.names
            )
            tempo["url"] = self._url(tempo, tempo["configuration"], around)
            result["tempos"].append(tempo)
        elif group.kind == kinds.GRAFANA:
            grafana: Grafana = {**program}  # type: ignore[typeddict-item]
            grafana["files"], grafana["configuration"] = program_files.grafana(
                group.words, environment, files.read, files.names
            )
            grafana["url"] = self._url(grafana, grafana["configuration"], around)
            result["grafanas"].append(grafana)
        else:
            collector: Collector = {**program}  # type: ignore[typeddict-item]
            collector["files"], collector["configuration"] = program_files.collector(
                group.kind, group.words, environment, files.read, files.names
            )
            result["collectors"].append(collector)

    def _url(self, program: Program, configuration: t.Mapping[str, t.Any], around: Around) -> str:
        """The URL of its API as this host reaches it; "" where that is not known."""
        if not program["running"]:
            return ""
        kind = program["kind"]
        prefix = str(configuration.get("path") or "")
        tls = bool(configuration.get("tls")) or configuration.get("protocol") in ("https", "h2")
        port = configuration.get("port") or answering.USUAL[kind]
        listens = {each["port"] for each in program["listens"]}
        if listens and port not in listens:
            ways = [(each, self._way(program, each, around)) for each in sorted(listens - network.SPAN_PORTS)[:10]]
            for _port, way in ways:
                if way and self._answers(kind, *way, prefix, tls):
                    return answering.url_of(*way, prefix, tls)
            return ""
        way = self._way(program, port, around)
        return answering.url_of(*way, prefix, tls) if way else ""

    def _way(self, program: Program, port: int, around: Around) -> t.Optional[t.Tuple[str, int]]:
        """(host, port) by which this host reaches a port of the program."""
        if not program["own_network"]:
            at = {each["address"] for each in program["listens"] if each["port"] == port}
            everywhere = not at or any(each in ("0.0.0.0", "::") or addresses.is_loopback(each) for each in at)
            return ("localhost" if everywhere else min(at)), port
        for published in program["published"]:
            if published["port"] == port:
                host = published["host_address"]
                return ("localhost" if host in ("0.0.0.0", "::", "") else host), published["host_port"]
        inside = [each for each in program["networks"].values() if each]
        place = around.networks.get(program["namespace"])
        inside += place.addresses if place else []
        return (inside[0], port) if inside else None

    def _answers(self, kind: str, host: str, port: int, prefix: str = "", tls: bool = False) -> bool:
        left = min(0.5, self._by(0.95) - time.monotonic())
        if left <= 0:
            return False
        try:
            return bounded(lambda: answering.answers(kind, host, port, prefix, tls, left), left)
        except TookTooLong:
            return False

    def _unknown(self, result: Result, around: Around) -> None:
        """What answers as Tempo or Grafana on the usual port of this host, while nothing is known behind it."""
        for kind, port in answering.USUAL.items():
            known = result["tempos"] if kind == kinds.TEMPO else result["grafanas"]
            here = around.networks.get(around.namespace)
            url = answering.url_of("localhost", port)
            if any(each["url"].rstrip("/").startswith(url) for each in known):
                continue
            if here is not None and here.listening("127.0.0.1", port) is None:
                continue
            if self._answers(kind, "localhost", port):
                group = Group(
                    kind, [], None, [], [], True, "", "", None, f"what answers at {url}{answering.PATHS[kind]}"
                )
                program = {**programs.described(group, around), "own_network": False, "files": [], "configuration": {}}
                program.update(url=url, listens=[{"address": "127.0.0.1", "port": port}])
                known.append(t.cast(t.Any, program))

    def _resolve(
        self,
        applications: t.Sequence[Application],
        found: t.Sequence[Group],
        containers: t.Sequence[Container],
        around: Around,
    ) -> None:
        """Fill `resolved`: what the endpoint's name means to the application itself."""
        by_pid = {group.pids[0]: group for group in found if group.pids}
        by_container = {container.name: container for container in containers}
        here = proc.file_under("/", "/etc/hosts")
        asked: t.Dict[str, t.List[Application]] = {}
        for each in applications:
            where = addresses.split(each["endpoint"]) if each["endpoint"] else None
            host = where.host if where else ""
            if not host or names.literal(host):
                each["resolved"] = [names.literal(host)] if host else []
                continue
            group = by_pid.get(each["pid"])
            own = proc.file_under(*proc.inside(group.pids[0], "/etc/hosts")) if group else here
            container = by_container.get(each["container"])
            each["resolved"] = names.in_hosts(host, own) or (
                names.in_networks(host, container, containers) if container else []
            )
            if not each["resolved"] and addresses.is_loopback(host):
                each["resolved"] = ["127.0.0.1"]
            # What only this host's file has is nothing to a container.
            if not each["resolved"] and not (each["own_network"] and names.in_hosts(host, here)):
                asked.setdefault(host, []).append(each)
        for host, answers in names.resolved(asked, self._by(1.0)).items():
            for each in asked[host]:
                each["resolved"] = answers


def _started(work: t.Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _by_connection(
    found: t.Sequence[Group], containers: t.Sequence[Container], about: groups.Processes, around: Around
) -> t.List[Group]:
    """Programs that nothing tells but a connection to a port of OTLP: they are set up in their code."""
    known = {pid for group in found for pid in group.pids} | scan.own_line()
    told: t.Dict[int, str] = {}
    for place in around.networks.values():
        for each in place.sockets:
            pid = around.owners.by_number.get(each.number, 0)
            if pid and pid not in known and each.state != proc.LISTENING and each.peer_port in network.OTLP_PORTS:
                told.setdefault(pid, f"a connection to port {each.peer_port}")
    seen = []
    for pid, tell in sorted(told.items()):
        words = proc.words_of(pid)
        if words and not kinds.is_wrapper(words) and not kinds.is_never(words):
            seen.append(scan.Seen(pid, words, proc.environment_of(pid), kinds.APPLICATION, [tell]))
    return groups.of_processes(seen, containers, about)
