# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look around, step by step, each within its share of the time."""

from __future__ import annotations

import os
import socket
import threading
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import TookTooLong, bounded
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._otel import path_files, program_files
from ansible_collections.traceops.tracing.plugins.module_utils._otel import programs as kinds
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import (
    engines,
    groups,
    managed,
    names,
    network,
    programs,
    scan,
    urls,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.engines import Container
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.files import Files
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.groups import Group
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.managed import Unit
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.programs import Around
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.result import (
    Application,
    Collector,
    Grafana,
    Program,
    Result,
    Tempo,
)

T = t.TypeVar("T")
MAX_PROGRAMS = 100  # of one kind


def nothing(unseen: str) -> Result:
    """The result of a look that saw nothing."""
    return {
        "ok": True,
        "cause": "ok",
        "message": "found nothing",
        "hostname": clean(socket.gethostname())[:255],
        "addresses": [],
        "root": hasattr(os, "geteuid") and os.geteuid() == 0,
        "processes": 0,
        "namespace": "",
        "listeners": [],
        "applications": [],
        "collectors": [],
        "tempos": [],
        "grafanas": [],
        "unseen": [unseen] if unseen else [],
    }


class Look:
    """One look around, from `started` (time.monotonic) and for `seconds`."""

    def __init__(self, docker_host: t.Optional[str], started: float, seconds: float) -> None:
        self._docker_host, self._started, self._seconds = docker_host, started, seconds
        self._result = nothing("")
        self._containers: t.List[Container] = []
        self._units: t.Dict[str, Unit] = {}
        self._scan = scan.Scan({}, [], 0, 0)
        self._talking: t.Dict[int, t.Tuple[str, int]] = {}

    def around(self) -> Result:
        """Everything, one after the other."""
        self._see()
        about = groups.Processes()
        found = groups.of_processes(self._scan.found, self._containers, about)
        inside, hidden = groups.of_containers(self._containers, found)
        found = [*found, *inside]
        found = self._within(lambda: groups.with_units(found, self._units), found, "the files of units")
        around = self._network(found)
        self._talking = around.talking(found)
        found += groups.of_connections(self._talking, around.words, self._containers, about)
        self._say_hidden(hidden)
        self._tell(found, around)
        return self._result

    def _by(self, share: float) -> float:
        """When this share of the time is over (time.monotonic)."""
        return self._started + self._seconds * share

    def _unseen(self, sentence: str) -> None:
        if sentence not in self._result["unseen"]:
            self._result["unseen"].append(sentence)

    def _within(self, work: t.Callable[[], T], otherwise: T, what: str) -> T:
        """What `work` returns; `otherwise`, and said, when a file system keeps it waiting."""
        try:
            return bounded(work, max(0.1, self._by(0.95) - time.monotonic()))
        except TookTooLong:
            self._unseen(f"{what} could not be read in time")
            return otherwise

    # --- what there is

    def _see(self) -> None:
        """Read /proc, and ask engines and systemd meanwhile."""
        asked = {"the container engine": _started(self._ask_engines), "systemd": _started(self._ask_systemd)}
        if os.path.isdir(f"{proc.PROC}/self"):
            self._scan = scan.scan(self._by(0.5))
        else:
            self._unseen("this host has no /proc: its processes and sockets cannot be seen")
        for who, thread in asked.items():
            thread.join(max(0.0, self._by(0.55) - time.monotonic()))
            if thread.is_alive():
                self._unseen(f"{who} did not answer in time")

    def _ask_engines(self) -> None:
        found, unseen = engines.containers(self._docker_host, self._by(0.5))
        self._containers = found
        for sentence in unseen:
            self._unseen(sentence)

    def _ask_systemd(self) -> None:
        self._units = managed.loaded(self._seconds * 0.5) or {}

    def _network(self, found: t.Sequence[Group]) -> Around:
        """The networks of this host, its containers and the programs that were found."""
        mains = [group.pids[0] for group in found if group.pids]
        inside = [each.pid for each in self._containers if each.pid and proc.in_group_of(each.pid, each.id)]
        known = network.networks([*mains, *inside], sorted(self._scan.words), self._by(0.6))
        for place in known.values():
            if len(place.sockets) > network.MANY:
                self._unseen(f"of the sockets of one network only the first {len(place.sockets)} are looked at")
        owners = network.Owners([pid for group in found for pid in group.pids])
        owners.search(network.of_interest(known), proc.all_pids(), self._by(0.7))
        return Around(proc.network_of("self"), known, owners, self._containers, self._units, self._scan.words)

    def _say_hidden(self, containers: int) -> None:
        root, denied, skipped = self._result["root"], self._scan.denied, self._scan.skipped
        more = "" if root else ": become root"
        if denied:
            whose = "" if root else " of other users"
            self._unseen(f"the variables of {_counted(denied, 'process', 'processes')}{whose} cannot be read{more}")
        if skipped:
            self._unseen(f"{_counted(skipped, 'process', 'processes')} could not be looked at in time")
        if os.path.isdir(f"{proc.PROC}/self") and not os.path.exists(f"{proc.PROC}/1"):
            self._unseen(f"/proc shows only the processes of this user (hidepid){more}")
        if not root:
            self._unseen("the sockets and files of other users' processes cannot be seen: become root")
        if containers:
            many = _counted(containers, "container", "containers")
            self._unseen(f"the processes of {many} cannot be seen: only the engine tells of them")

    # --- what is told of it

    def _tell(self, found: t.Sequence[Group], around: Around) -> None:
        result = self._result
        here = around.networks.get(around.namespace)
        result.update(
            {
                "addresses": here.addresses if here else [],
                "processes": len(self._scan.words),
                "namespace": around.namespace,
                "listeners": programs.listeners(around),
            }
        )
        taken: t.Dict[str, int] = {}
        for group in sorted(found, key=lambda each: not each.running):
            kind = "collector" if group.kind in kinds.COLLECTORS else group.kind
            taken[kind] = taken.get(kind, 0) + 1
            if taken[kind] > MAX_PROGRAMS:
                continue
            if kind == kinds.APPLICATION:
                application = programs.application(group, around, self._in_agent_file(group))
                if application["pid"] in self._talking and not application["endpoint"]:
                    programs.set_in_code(application, *self._talking[application["pid"]])
                result["applications"].append(application)
            else:
                self._tell_configured(group, around)
        for kind, count in taken.items():
            if count > MAX_PROGRAMS:
                self._unseen(f"{count - MAX_PROGRAMS} of {count} programs of the kind {kind} are not told")
        self._tell_what_answers(found, around)
        every: t.List[Program] = [*result["applications"], *result["collectors"]]
        every += [*result["tempos"], *result["grafanas"]]
        programs.connect(every, {group.pids[0]: group.pids for group in found if group.pids}, around)
        self._within(lambda: self._resolve(found, around), None, "the names of endpoints")
        programs.give_names(every)
        counts = [
            _counted(len(result["applications"]), "application", "applications"),
            _counted(len(result["collectors"]), "collector", "collectors"),
            _counted(len(result["tempos"]), "Tempo", "Tempos"),
            _counted(len(result["grafanas"]), "Grafana", "Grafanas"),
        ]
        took = time.monotonic() - self._started
        among = _counted(result["processes"], "process", "processes")
        result["message"] = f"found {', '.join(counts[:3])} and {counts[3]} among {among} in {took:.1f} s"

    def _in_agent_file(self, group: Group) -> programs.Said:
        none: programs.Said = {}
        if not programs.agent_file_of(group):
            return none
        return self._within(lambda: programs.in_agent_file(group), none, f"the agent's file of {group.source}")

    def _tell_configured(self, group: Group, around: Around) -> None:
        """A collector, a Tempo or a Grafana, with what its files say."""
        unit = self._units.get(group.unit)
        files = Files(group, unit.directory if unit else "", self._by(0.9))
        given = (group.words, group.environment or {}, files.read, files.names)
        program = programs.described(group, around)
        what = f"the configuration of {group.source}"
        late = [f"{what} could not be read in time"]
        read: t.List[str] = []
        if group.kind == kinds.TEMPO:
            tempo = t.cast(Tempo, program)
            tempo["files"], tempo["configuration"] = self._within(
                lambda: program_files.tempo(*given), (read, path_files.TempoFiles(unread=late)), what
            )
            tempo["url"] = urls.of(program, tempo["configuration"], around, self._by(0.95))
            self._result["tempos"].append(tempo)
        elif group.kind == kinds.GRAFANA:
            grafana = t.cast(Grafana, program)
            grafana["files"], grafana["configuration"] = self._within(
                lambda: program_files.grafana(*given), (read, path_files.GrafanaFiles(unread=late)), what
            )
            grafana["url"] = urls.of(program, grafana["configuration"], around, self._by(0.95))
            self._result["grafanas"].append(grafana)
        else:
            collector = t.cast(Collector, program)
            collector["files"], collector["configuration"] = self._within(
                lambda: program_files.collector(group.kind, *given),
                (read, path_files.CollectorFiles(unread=late)),
                what,
            )
            self._result["collectors"].append(collector)

    def _tell_what_answers(self, found: t.Sequence[Group], around: Around) -> None:
        """What answers as Tempo or Grafana on the usual port of this host, while nothing is known behind it."""
        pids = {pid for group in found for pid in group.pids}
        here = around.networks.get(around.namespace)
        for kind, port in urls.USUAL.items():
            known: t.List[t.Any] = list(self._result["tempos" if kind == kinds.TEMPO else "grafanas"])
            if any(urls.leads_to(each["url"], port) for each in known):
                continue
            if here and not here.listening("127.0.0.1", port):
                continue
            if here and programs.listener("127.0.0.1", port, here, around) in pids:
                continue
            if urls.answers(kind, "localhost", port, "", False, self._by(0.95)):
                url = urls.url_of("localhost", port)
                source = f"what answers at {url}{urls.PATHS[kind]}"
                program = programs.described(Group(kind, [], None, [], [], True, "", "", None, source), around)
                told: t.Dict[str, t.Any] = {**program, "own_network": False, "url": url, "files": []}
                told.update(listens=[{"address": "127.0.0.1", "port": port}], configuration={})
                if kind == kinds.TEMPO:
                    self._result["tempos"].append(t.cast(Tempo, told))
                else:
                    self._result["grafanas"].append(t.cast(Grafana, told))

    def _resolve(self, found: t.Sequence[Group], around: Around) -> None:
        """Fill `resolved`: what the endpoint's name means to the application itself."""
        containers = {container.name: container for container in around.containers}
        pids = {group.pids[0] for group in found if group.pids}
        here = proc.file_under("/", "/etc/hosts")
        asked: t.Dict[str, t.List[Application]] = {}
        for each in self._result["applications"]:
            where = addresses.split(each["endpoint"]) if each["endpoint"] else None
            host = where.host if where else ""
            if not host or names.literal(host):
                each["resolved"] = [names.literal(host)] if host else []
                continue
            own = proc.file_under(*proc.inside(each["pid"], "/etc/hosts")) if each["pid"] in pids else None
            container = containers.get(each["container"])
            each["resolved"] = names.in_hosts(host, here if own is None else own) or (
                names.in_networks(host, container, around.containers) if container else []
            )
            if not each["resolved"] and addresses.is_loopback(host):
                each["resolved"] = ["127.0.0.1"]
            # What only this host's file has is nothing to a container.
            if not each["resolved"] and not (each["own_network"] and names.in_hosts(host, here)):
                asked.setdefault(host, []).append(each)
        for host, answers in names.resolved(asked, self._by(1.0)).items():
            for each in asked[host]:
                each["resolved"] = answers


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _started(work: t.Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
