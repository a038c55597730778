# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds an application's processes on Linux, and what each was started with."""

from __future__ import annotations

import os
import re
import stat
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import output_of
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._client import proc, units
from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import program_of, unwrapped

PATIENCE = 5.0  # seconds for systemctl


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
    processes: t.List[proc.Process]
    details: Details


def by_name(name: str) -> Found:
    """Processes whose program, or script that an interpreter runs, has this file name."""
    if "/" in name or not name.strip():
        raise BadOption(f"process_name: '{clean(name)[:80]}' is not the name of a program (no path, no arguments)")
    return Found(
        "process", proc.processes([pid for pid in proc.all_pids() if pid != os.getpid() and _is_called(pid, name)]), {}
    )


def by_pid(pid: int) -> Found:
    """The process with this id."""
    return Found("process", proc.processes([pid]), {})


def by_pid_file(path: str) -> Found:
    """The process that a pid file names."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ProbeFailure("process_not_found", f"pid_file: {clean(path)} is not a regular file")
        with open(path, "rb") as handle:
            text = handle.read(64).decode("ascii", "replace").strip()
    except OSError as error:
        cause = "permission_denied" if isinstance(error, PermissionError) else "process_not_found"
        raise ProbeFailure(cause, f"pid_file: {clean(path)} cannot be read ({error.strerror})") from None
    if not re.match(r"^[1-9]\d{0,9}$", text):
        raise ProbeFailure("process_not_found", f"pid_file: {clean(path)} holds no process id")
    return Found("process", proc.processes([int(text)]), {})


def by_unit(unit: str) -> Found:
    """A systemd unit's processes; of one that does not run, what its configuration would start."""
    if not unit.strip() or unit.startswith("-") or re.search(r"[*?\[]", unit):
        raise BadOption(f"unit: '{clean(unit)[:80]}' is not the name of a systemd unit")
    wanted = "LoadState,ActiveState,SubState,NRestarts,MainPID,ControlGroup,Environment,EnvironmentFiles,ExecStart"
    said = units.properties(output_of(["systemctl", "show", f"--property={wanted}", "--", unit], PATIENCE))
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
    group = units.pids_of_group(first.get("ControlGroup", ""))
    # The main process first: where several fit equally well, it is the application.
    processes = proc.processes([pid for pid in [main] if pid] + [pid for pid in group if pid != main])
    if processes:
        return Found("process", processes, details)
    return Found(
        "unit", [proc.Process(0, units.exec_start(first.get("ExecStart", "")), units.unit_environment(said))], details
    )


def of_container(inspected: t.Dict[str, t.Any]) -> Found:
    """The processes of a container as the engine inspected it; its configuration where /proc cannot be read."""
    state, config = inspected.get("State") or {}, inspected.get("Config") or {}
    details: Details = {"state": clean(str(state.get("Status") or "unknown"))}
    pid = int(state.get("Pid") or 0)
    container_id = str(inspected.get("Id") or "")
    if pid and proc.in_group_of(pid, container_id):
        # The main one first. It may be an init or a shell that waits for the application.
        others = [other for other in proc.all_pids() if other != pid and proc.in_group_of(other, container_id)]
        processes = proc.processes([pid, *others])
        if processes and processes[0].environment is not None:
            return Found("process", processes, details)
    words = unwrapped([str(inspected.get("Path") or "")] + [str(word) for word in inspected.get("Args") or []])
    environment = dict(proc.pair(str(entry)) for entry in config.get("Env") or [])
    return Found("container", [proc.Process(pid, words, environment)], details)


def _is_called(pid: int, name: str) -> bool:
    words = proc.words_of(pid)
    if not words:
        return False
    if name in (os.path.basename(words[0]), program_of(words)):
        return True
    try:
        with open(f"{proc.PROC}/{pid}/comm", "rb") as handle:
            # The kernel keeps 15 bytes of a name.
            return handle.read(64).rstrip(b"\n").decode("utf-8", "replace") == name
    except OSError:
        return False
