# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads /proc: which processes there are, and what each was started with; bounded.

The environment is what execve(2) was given: what a program sets for itself later is not in /proc.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import unwrapped

PROC = "/proc"
MAX_READ = 2 * 1024 * 1024  # bytes of one command line or environment
MAX_PIDS = 64


class Process(t.NamedTuple):
    """A process, or what would be one: `pid` 0 for a unit or container that does not run."""

    pid: int
    words: t.List[str]
    environment: t.Optional[t.Dict[str, str]]  # None: this user may not read it


def all_pids() -> t.List[int]:
    return sorted(int(entry) for entry in listing(PROC) if entry.isdigit())


def processes(pids: t.Sequence[int]) -> t.List[Process]:
    """Those that still run, with what they were started with."""
    found = []
    for pid in pids[:MAX_PIDS]:
        words = words_of(pid)
        if words:
            found.append(Process(pid, words, environment_of(pid)))
    return found


def words_of(pid: int) -> t.List[str]:
    """The command line; [] for a process that is gone, a zombie or a kernel thread."""
    try:
        with open(f"{PROC}/{pid}/cmdline", "rb") as handle:
            raw = handle.read(MAX_READ)
    except OSError:
        return []
    words = raw.decode("utf-8", "replace").split("\0")
    return unwrapped(words[:-1] if words[-1] == "" else words)


def environment_of(pid: int) -> t.Optional[t.Dict[str, str]]:
    try:
        with open(f"{PROC}/{pid}/environ", "rb") as handle:
            raw = handle.read(MAX_READ)
    except PermissionError:
        return None
    except OSError:
        return {}
    return dict(pair(entry) for entry in raw.decode("utf-8", "replace").split("\0") if "=" in entry)


def pair(entry: str) -> t.Tuple[str, str]:
    name, _equals, value = entry.partition("=")
    return name, value


def listing(directory: str) -> t.List[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def in_group_of(pid: int, container_id: str) -> bool:
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
