# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes, containers and units as programs: what a wrapper starts and what a program forks is one, not several."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._client import proc, units
from ansible_collections.traceops.tracing.plugins.module_utils._otel import app_settings, control_groups, programs
from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import inner
from ansible_collections.traceops.tracing.plugins.module_utils._otel.control_groups import Place
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import managed
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.engines import Container
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.managed import Unit
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.scan import Seen

_MAX_ANCESTORS = 30
_MAX_UNITS = 500


class Group(t.NamedTuple):
    """One program: its processes, the main one first; none of what does not run or cannot be seen."""

    kind: str
    words: t.List[str]
    environment: t.Optional[t.Dict[str, str]]
    tells: t.List[str]
    pids: t.List[int]
    running: bool
    unit: str
    container_id: str
    container: t.Optional[Container]
    source: str


class Processes:
    """What is asked about processes more than once."""

    def __init__(self) -> None:
        self._outside = control_groups.ids(proc.group_text(1))
        self._places: t.Dict[int, Place] = {}
        self._status: t.Dict[int, t.Optional[proc.Status]] = {}

    def place(self, pid: int) -> Place:
        if pid not in self._places:
            self._places[pid] = control_groups.placed(proc.group_text(pid), self._outside)
        return self._places[pid]

    def status(self, pid: int) -> t.Optional[proc.Status]:
        if pid not in self._status:
            self._status[pid] = proc.status_of(pid)
        return self._status[pid]

    def ancestors(self, pid: int) -> t.Iterator[int]:
        """Those that started it, from its parent on, but for the first process of all."""
        for _step in range(_MAX_ANCESTORS):
            status = self.status(pid)
            pid = status.parent if status else 0
            if pid <= 1:
                return
            yield pid


def settings_of(words: t.Sequence[str], environment: t.Optional[t.Mapping[str, str]]) -> app_settings.Effective:
    """What takes effect of an application's variables and options."""
    variables = app_settings.relevant_variables(environment or {})
    return app_settings.effective(variables, app_settings.relevant_options(words), words)


def of_processes(found: t.Sequence[Seen], containers: t.Sequence[Container], about: Processes) -> t.List[Group]:
    """The programs that these processes are."""
    by_id = {each.id: each for each in containers}
    seen = {each.pid: each for each in found}
    keys = {pid: _key(each, by_id, about) for pid, each in seen.items()}
    together: t.Dict[t.Any, t.List[Seen]] = {}
    for pid, each in seen.items():
        key = keys[pid]
        above = [other for other in about.ancestors(pid) if other in seen and _same_place(pid, other, about)]
        if key[0] == programs.APPLICATION and any(keys[other][0] != key[0] for other in above):
            continue  # a helper of a collector or a backend, as Grafana's plugins are
        for other in above:
            # Of the same settings or command line, a worker; of the same variables, what it started.
            if (keys[other][0], keys[other][2]) == (key[0], key[2]) or _inherits(each, seen[other]):
                key = keys[other]
        together.setdefault(key, []).append(each)
    groups = [_group(key, members, by_id, about) for key, members in together.items()]
    return [each for each in groups if not _is_second(each, groups) and not _is_typed(each)]


def _same_place(one: int, other: int, about: Processes) -> bool:
    return about.place(one).containers == about.place(other).containers


def _inherits(child: Seen, parent: Seen) -> bool:
    """Whether all that tells of the child are variables that its parent has, too."""
    if child.kind != programs.APPLICATION or parent.kind != child.kind:
        return False
    mine, its = child.environment or {}, parent.environment or {}
    return all(tell in mine and mine[tell] == its.get(tell) for tell in child.tells)


_Key = t.Tuple[str, t.Any, t.Any]


def _key(seen: Seen, by_id: t.Mapping[str, Container], about: Processes) -> _Key:
    """(kind, where it runs, with what)."""
    place = about.place(seen.pid)
    status = about.status(seen.pid)
    where = place.containers or place.unit or (place.path if ".service" in place.path and "/user@" in place.path else 0)
    where = where or _together(seen.pid, status)
    container = _container(place, by_id)
    kind = seen.kind
    if kind == programs.APPLICATION and container:
        kind = programs.kind_of_image(container.image) or kind
    if kind != programs.APPLICATION:
        return kind, where, tuple(seen.words)
    found = settings_of(seen.words, seen.environment)
    names = ("service_name", "endpoint", "exporter", "sampler", "sdk_disabled")
    return kind, where, tuple(str(t.cast(t.Any, found)[name]["value"]) for name in names)


def _together(pid: int, status: t.Optional[proc.Status]) -> str:
    """What processes without unit and container have in common: who starts and watches them, or their group."""
    if status and status.parent > 1:
        words = proc.words_of(status.parent)
        if programs.is_wrapper(words) and not programs.is_shell(words):
            return f"parent {status.parent}"
    return f"group {status.group if status else pid}"


def _container(place: Place, by_id: t.Mapping[str, Container]) -> t.Optional[Container]:
    return next((by_id[each] for each in place.containers if each in by_id), None)


def _group(key: _Key, members: t.List[Seen], by_id: t.Mapping[str, Container], about: Processes) -> Group:
    pids = {each.pid for each in members}
    first = [each for each in members if not any(other in pids for other in about.ancestors(each.pid))]
    main = min(first or members, key=lambda each: (-len(each.tells), each.pid))
    place = about.place(main.pid)
    return Group(
        kind=key[0],
        words=main.words,
        environment=main.environment,
        tells=main.tells,
        pids=[main.pid, *sorted(pids - {main.pid})],
        running=True,
        unit=place.unit,
        container_id=place.containers[-1] if place.containers else "",
        container=_container(place, by_id),
        source=f"/proc/{main.pid}",
    )


def _is_second(group: Group, groups: t.Sequence[Group]) -> bool:
    """Whether another of them is the program, and it the script of that name, or a helper in the program's image."""
    if group.kind == programs.APPLICATION:
        return False
    place = (group.kind, group.unit, group.container_id)
    others = [each for each in groups if each is not group and (each.kind, each.unit, each.container_id) == place]
    helps = programs.kind_of(group.words) != group.kind
    named = [each for each in others if programs.kind_of(each.words) == each.kind]
    return bool(others) and (programs.is_wrapper(group.words[:1]) or (helps and bool(named)))


def of_connections(
    talking: t.Mapping[int, t.Tuple[str, int]],
    words: t.Mapping[int, t.List[str]],
    containers: t.Sequence[Container],
    about: Processes,
) -> t.List[Group]:
    """Programs that nothing tells but a connection to a port of OTLP: they are set up in their code."""
    seen = []
    for pid, (_address, port) in sorted(talking.items()):
        its = words.get(pid, [])
        if its and not programs.is_wrapper(its) and not programs.is_never(its):
            tells = [f"a connection to port {port}"]
            seen.append(Seen(pid, its, proc.environment_of(pid), programs.APPLICATION, tells))
    return of_processes(seen, containers, about)


def _is_typed(group: Group) -> bool:
    """Whether somebody typed it, with variables that his shell has for others."""
    if group.kind != programs.APPLICATION or group.unit or group.container_id:
        return False
    return programs.is_adhoc(group.words) and all(tell.startswith("OTEL_") for tell in group.tells)


def of_containers(containers: t.Sequence[Container], known: t.Sequence[Group]) -> t.Tuple[t.List[Group], int]:
    """(programs in containers that no process told, how many of them run where this user does not see them)."""
    told = {each.container.id for each in known if each.container}
    found: t.List[Group] = []
    hidden = 0
    for each in containers:
        if each.id in told:
            continue
        seen = bool(each.pid) and proc.in_group_of(each.pid, each.id)
        environment = proc.environment_of(each.pid) if seen else None
        kind, tells, how = _kind_of(each, only_path=seen and environment is not None)
        if not kind:
            continue
        hidden += each.running and not (seen and environment is not None)
        if environment is None:
            environment = each.environment
        words = (proc.words_of(each.pid) if seen else []) or inner(each.words)
        pids = [each.pid] if seen else []
        if seen and programs.is_wrapper(words):
            # What an entry point started, and is not known by name.
            pids += [pid for pid in proc.all_pids() if pid != each.pid and proc.in_group_of(pid, each.id)]
        found.append(Group(kind, words, environment, tells, pids, each.running, "", each.id, each, how))
    return found, hidden


def _kind_of(container: Container, only_path: bool) -> t.Tuple[str, t.List[str], str]:
    """(kind, what tells that it is instrumented, source); an application only where its processes could not tell."""
    words, source = inner(container.words), f"container {container.name}"
    kind = programs.kind_of(words) or programs.kind_of_image(container.image)
    if kind:
        return kind, [], source
    image = container.image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    if any(programs.is_never([word]) for word in (image, *words[:3]) if word):
        return "", [], ""
    tells = programs.tells(words, container.environment)
    if tells:
        return ("", [], "") if only_path else (programs.APPLICATION, tells, source)
    return programs.kind_of_name(container.name), [], f"{source}, by its name"


def with_units(found: t.Sequence[Group], loaded: t.Mapping[str, Unit]) -> t.List[Group]:
    """`found`, and the programs that units tell of: those that do not run, and those whose variables cannot be read."""
    told = [_as_configured(each, loaded) for each in found]
    known = {each.unit for each in found}
    others = [each for each in loaded.values() if each.name not in known and each.kind != "oneshot"]
    for unit in [each for each in others if not each.running or _is_closed(each)][:_MAX_UNITS]:
        words = (proc.words_of(unit.main_pid) if unit.running else []) or inner(unit.words)
        if not words or programs.is_never(words):
            continue
        environment = {name: each.value for name, each in managed.configured(unit).items()}
        words = units.filled(words, environment)
        kind = programs.kind_of(words)
        tells = [] if kind else programs.tells(words, environment)
        if kind or tells:
            pids = [unit.main_pid] if unit.running else []
            source = f"unit {unit.name}"
            kind = kind or programs.APPLICATION
            told.append(Group(kind, words, environment, tells, pids, unit.running, unit.name, "", None, source))
    return told


def _as_configured(group: Group, loaded: t.Mapping[str, Unit]) -> Group:
    """The same, with the variables of its unit's files where its own cannot be read."""
    unit = loaded.get(group.unit)
    if unit is None or group.environment is not None:
        return group
    environment = {name: each.value for name, each in managed.configured(unit).items()}
    return group._replace(environment=environment, source=f"unit {unit.name}")


def _is_closed(unit: Unit) -> bool:
    """Whether a running unit's variables cannot be read by this user."""
    return bool(unit.main_pid) and proc.raw(unit.main_pid, "environ", 1) is None
