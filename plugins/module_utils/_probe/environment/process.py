# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds an application's processes on Linux, and reads the command line and environment each was started with.

The environment is what execve(2) was given: what a program sets for itself later is not in /proc.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import output_of
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean

PROC = "/proc"
MAX_READ = 2 * 1024 * 1024  # bytes of one command line or environment
MAX_PIDS = 64
PATIENCE = 5.0  # seconds for systemctl

# Programs that run another program's file: the file is what the application is called.
_INTERPRETER = re.compile(r"^(?:python[\d.]*|node|nodejs|java|ruby|dotnet|php[\d.]*|perl|bun|deno|sh|bash|dash)$")

_INITS = ("docker-init", "podman-init", "tini", "catatonit", "dumb-init")

_WITH_VALUE = ("-cp", "-classpath", "--class-path", "-r", "--require", "--import", "-W", "-X")


class Process(t.NamedTuple):
    """A process, or what would be one: `pid` 0 for a unit or container that does not run."""

    pid: int
    words: t.List[str]
    environment: t.Optional[t.Dict[str, str]]  # None: this user may not read it


class Details(t.TypedDict, total=False):
    """What the supervisor says of a unit (all but state) or a container (state)."""

    load_state: str
    active_state: str
    sub_state: str
    restarts: int
    state: str


class Found(t.NamedTuple):
    """What an application runs as; `origin`: process, unit or container, that is, where the variables were read."""

    origin: str
    processes: t.List[Process]
    details: Details


def by_name(name: str) -> Found:
    """Processes whose program, or script that an interpreter runs, has this file name."""
    if "/" in name or not name.strip():
        raise BadOption(f"process_name: '{clean(name)[:80]}' is not the name of a program (no path, no arguments)")
    return Found(
        "process", _processes([pid for pid in _all_pids() if pid != os.getpid() and _is_called(pid, name)]), {}
    )


def by_pid_file(path: str) -> Found:
    """The process that a pid file names."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ProbeFailure("process_not_found", f"pid_file: {clean(path)} is not a regular file")
        with open(path, "rb") as handle:
            text = handle.read(64).decode("ascii", "replace").strip()
    except OSError as error:
        cause = "permission_denied" if isinstance(error, PermissionError) else "process_not_found"
        raise ProbeFailure(cause, f"pid_file: {clean(path)} can't be read ({error.strerror})") from None
    if not re.match(r"^[1-9]\d{0,9}$", text):
        raise ProbeFailure("process_not_found", f"pid_file: {clean(path)} holds no process id")
    return Found("process", _processes([int(text)]), {})


def by_unit(unit: str) -> Found:
    """A systemd unit's processes; of one that does not run, what its configuration would start."""
    if not unit.strip() or unit.startswith("-") or re.search(r"[*?\[]", unit):
        raise BadOption(f"unit: '{clean(unit)[:80]}' is not the name of a systemd unit")
    wanted = "LoadState,ActiveState,SubState,NRestarts,MainPID,ControlGroup,Environment,EnvironmentFiles,ExecStart"
    said = _properties(output_of(["systemctl", "show", f"--property={wanted}", "--", unit], PATIENCE))
    if not said:
        raise ProbeFailure("systemd_missing", "systemctl does not answer: this host does not run systemd")
    if said.get("LoadState", [""])[0] == "not-found":
        raise ProbeFailure("process_not_found", f"there is no systemd unit '{clean(unit)[:80]}' on this host")
    first = {name: values[0] for name, values in said.items()}
    details: Details = {
        "load_state": clean(first.get("LoadState", "")),
        "active_state": clean(first.get("ActiveState", "")),
        "sub_state": clean(first.get("SubState", "")),
        "restarts": int(first["NRestarts"]) if first.get("NRestarts", "").isdigit() else 0,
    }
    main = int(first["MainPID"]) if first.get("MainPID", "").isdigit() else 0
    group = _pids_of_group(first.get("ControlGroup", ""))
    # The main process first: where several fit equally well, it is the application.
    processes = _processes([pid for pid in [main] if pid] + [pid for pid in group if pid != main])
    if processes:
        return Found("process", processes, details)
    return Found("unit", [Process(0, _exec_start(first.get("ExecStart", "")), _unit_environment(said))], details)


def of_container(inspected: t.Dict[str, t.Any]) -> Found:
    """The processes of a container as the engine inspected it; its configuration where /proc can't be read."""
    state, config = inspected.get("State") or {}, inspected.get("Config") or {}
    details: Details = {"state": clean(str(state.get("Status") or "unknown"))}
    pid = int(state.get("Pid") or 0)
    container_id = str(inspected.get("Id") or "")
    if pid and _in_group_of(pid, container_id):
        # The main one first. It may be an init or a shell that waits for the application.
        others = [other for other in _all_pids() if other != pid and _in_group_of(other, container_id)]
        processes = _processes([pid, *others])
        if processes and processes[0].environment is not None:
            return Found("process", processes, details)
    words = _unwrapped([str(inspected.get("Path") or "")] + [str(word) for word in inspected.get("Args") or []])
    environment = dict(_pair(str(entry)) for entry in config.get("Env") or [])
    return Found("container", [Process(pid, words, environment)], details)


def _in_group_of(pid: int, container_id: str) -> bool:
    """Whether the pid is this host's process of that container: an engine elsewhere, or in a VM, counts its own."""
    try:
        with open(f"{PROC}/{pid}/cgroup", encoding="ascii", errors="replace") as handle:
            return bool(container_id) and container_id in handle.read(64 * 1024)
    except OSError:
        return False


def own_network(pid: int) -> t.Optional[bool]:
    """Whether the process has another network (namespace) than this one: `localhost` is another place there."""
    try:
        return os.readlink(f"{PROC}/{pid}/ns/net") != os.readlink(f"{PROC}/self/ns/net")
    except OSError:
        return None


_LISTEN = "0A"
_MAX_SOCKETS = 4 * 1024 * 1024  # bytes of a list of sockets


def listens(pid: int, ports: t.Collection[int]) -> t.Optional[bool]:
    """Whether anybody listens on one of the ports in the network of this process; None where that can't be read."""
    text = ""
    for name in ("tcp", "tcp6"):
        try:
            with open(f"{PROC}/{pid}/net/{name}", encoding="ascii", errors="replace") as handle:
                text += handle.read(_MAX_SOCKETS)
        except OSError:
            if name == "tcp":  # without IPv6 there is no tcp6
                return None
    fields = (line.split()[1:4] for line in text.splitlines())
    wanted = {f"{port:04X}" for port in ports}
    return any(len(each) == 3 and each[2] == _LISTEN and each[0].rpartition(":")[2] in wanted for each in fields)


def program_of(words: t.Sequence[str]) -> str:
    """The file name of the program, or of the script or archive that an interpreter runs."""
    if not words:
        return ""
    program = os.path.basename(words[0])
    return (_script(words) or program) if _INTERPRETER.match(program) else program


def _script(words: t.Sequence[str]) -> str:
    """What an interpreter runs: the value of -jar or -m, else the first word that is neither option nor its value."""
    before = ""
    for word in words[1:]:
        if before in ("-jar", "-m") or not (word.startswith("-") or before in _WITH_VALUE):
            return os.path.basename(word)
        if word in ("-c", "-e"):
            return ""
        before = word
    return ""


def _is_called(pid: int, name: str) -> bool:
    words = _words(pid)
    if not words:
        return False
    if name in (os.path.basename(words[0]), program_of(words)):
        return True
    try:
        with open(f"{PROC}/{pid}/comm", "rb") as handle:
            # The kernel keeps 15 bytes of a name.
            return handle.read(64).rstrip(b"\n").decode("utf-8", "replace") == name
    except OSError:
        return False


def _processes(pids: t.Sequence[int]) -> t.List[Process]:
    """Those that still run, with what they were started with."""
    found = []
    for pid in pids[:MAX_PIDS]:
        words = _words(pid)
        if words:
            found.append(Process(pid, words, _environment(pid)))
    return found


def _words(pid: int) -> t.List[str]:
    """The command line; [] for a process that is gone, a zombie or a kernel thread."""
    try:
        with open(f"{PROC}/{pid}/cmdline", "rb") as handle:
            raw = handle.read(MAX_READ)
    except OSError:
        return []
    words = raw.decode("utf-8", "replace").split("\0")
    return _unwrapped(words[:-1] if words[-1] == "" else words)


def _unwrapped(words: t.List[str]) -> t.List[str]:
    """The command line that a container's init (docker run --init, tini) stands before."""
    if words and os.path.basename(words[0]) in _INITS and "--" in words:
        return words[words.index("--") + 1 :]
    return words


def _environment(pid: int) -> t.Optional[t.Dict[str, str]]:
    try:
        with open(f"{PROC}/{pid}/environ", "rb") as handle:
            raw = handle.read(MAX_READ)
    except PermissionError:
        return None
    except OSError:
        return {}
    return dict(_pair(entry) for entry in raw.decode("utf-8", "replace").split("\0") if "=" in entry)


def _pair(entry: str) -> t.Tuple[str, str]:
    name, _equals, value = entry.partition("=")
    return name, value


def _all_pids() -> t.List[int]:
    return sorted(int(entry) for entry in _listing(PROC) if entry.isdigit())


def _listing(directory: str) -> t.List[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _properties(text: t.Optional[str]) -> t.Dict[str, t.List[str]]:
    """{name: [value, ...]} of `systemctl show`: a property such as EnvironmentFiles is printed once per value."""
    found: t.Dict[str, t.List[str]] = {}
    for line in (text or "").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, []).append(value)
    return found


def _pids_of_group(group: str) -> t.List[int]:
    """The processes in a unit's control group; cgroup 2 alone, beside version 1, or version 1's systemd hierarchy."""
    if not group.startswith("/") or group == "/" or ".." in group:
        return []
    for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"):
        try:
            with open(f"{root}{group}/cgroup.procs", encoding="ascii") as handle:
                return [int(line) for line in handle.read(64 * 1024).split()][:MAX_PIDS]
        except (OSError, ValueError):
            continue
    return []


def _exec_start(text: str) -> t.List[str]:
    """The words of `{ path=... ; argv[]=PROGRAM ARGUMENTS ; ignore_errors=... }`."""
    match = re.search(r"argv\[\]=(.*?) ; ignore_errors=", text)
    return _split(match.group(1)) if match else []


def _unit_environment(said: t.Dict[str, t.List[str]]) -> t.Dict[str, str]:
    """What Environment= and the files of EnvironmentFile= set; the files win, as in systemd."""
    environment: t.Dict[str, str] = {}
    for line in said.get("Environment", []):
        environment.update(_pair(word) for word in _split(line) if "=" in word)
    for line in said.get("EnvironmentFiles", []):
        for path in re.findall(r"(/\S+) \(ignore_errors=", line + " (ignore_errors="):
            environment.update(_environment_file(path))
    return environment


def _environment_file(path: str) -> t.Dict[str, str]:
    try:
        if not os.path.isfile(path):
            return {}
        with open(path, encoding="utf-8", errors="replace") as handle:
            lines = handle.read(MAX_READ).splitlines()
    except OSError:
        return {}
    pairs = (_pair(line.strip()) for line in lines if "=" in line and not line.lstrip().startswith(("#", ";")))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def _split(text: str) -> t.List[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
