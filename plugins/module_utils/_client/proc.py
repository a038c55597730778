# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads /proc: which processes there are, and what each was started with; bounded.

The environment is what execve(2) was given: what a program sets for itself later is not in /proc.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
import sys
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
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
    words = (raw(pid, "cmdline") or b"").decode("utf-8", "replace").split("\0")
    return unwrapped(words[:-1] if words[-1] == "" else words)


def environment_of(pid: int) -> t.Optional[t.Dict[str, str]]:
    """The variables; None where this user may not read them."""
    content = raw(pid, "environ")
    return None if content is None else parsed(content)


def parsed(environ: bytes) -> t.Dict[str, str]:
    """The variables that /proc/PID/environ has."""
    return dict(pair(entry) for entry in environ.decode("utf-8", "replace").split("\0") if "=" in entry)


def raw(pid: int, name: str, limit: int = MAX_READ) -> t.Optional[bytes]:
    """A file of /proc/PID: nothing when the process is gone, None where this user may not read it."""
    try:
        with open(f"{PROC}/{pid}/{name}", "rb") as handle:
            return handle.read(limit)
    except PermissionError:
        return None
    except OSError:
        return b""


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
    """Whether anybody listens on one of the ports in the network of this process; None where that cannot be read."""
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


# --- one process


def group_text(pid: t.Union[int, str]) -> str:
    """/proc/PID/cgroup; "" where it cannot be read."""
    return _text(f"{pid}/cgroup", 64 * 1024)


class Status(t.NamedTuple):
    """Of /proc/PID/stat: who started it, its process group, and when (seconds since 1970)."""

    parent: int
    group: int
    started: float


def status_of(pid: int) -> t.Optional[Status]:
    """None for a process that is gone."""
    # The name, in brackets, may have anything in it.
    fields = _text(f"{pid}/stat", 4096).rpartition(")")[2].split()
    if len(fields) < 20:
        return None
    try:
        return Status(int(fields[1]), int(fields[2]), _booted() + int(fields[19]) / _TICKS)
    except ValueError:
        return None


_TICKS = float(os.sysconf("SC_CLK_TCK")) if hasattr(os, "sysconf") else 100.0


def _booted() -> float:
    found = re.search(r"^btime (\d{1,12})$", _text("stat", _MAX_SOCKETS), re.M)
    return float(found.group(1)) if found else 0.0


def network_of(pid: t.Union[int, str]) -> str:
    """The number of its network namespace; "" where this user may not see it."""
    try:
        return os.readlink(f"{PROC}/{pid}/ns/net").partition("[")[2].rstrip("]")
    except OSError:
        return ""


class Open(t.NamedTuple):
    """What a process has open: numbers of sockets, and other files by their descriptor."""

    sockets: t.Set[int]
    files: t.Dict[int, str]


MAX_DESCRIPTORS = 4096


def open_of(pid: int) -> t.Optional[Open]:
    """None where this user may not see it."""
    try:
        numbers = os.listdir(f"{PROC}/{pid}/fd")[:MAX_DESCRIPTORS]
    except PermissionError:
        return None
    except OSError:
        return Open(set(), {})
    found = Open(set(), {})
    for number in numbers:
        try:
            target = os.readlink(f"{PROC}/{pid}/fd/{number}")
        except OSError:
            continue
        if target.startswith("socket:["):
            found.sockets.add(int(target[8:-1]))
        if number.isdigit():
            found.files[int(number)] = target
    return found


def is_written(pid: int, descriptor: int) -> bool:
    """Whether the process may write to what it has open there."""
    flags = re.search(r"^flags:\s+([0-7]+)$", _text(f"{pid}/fdinfo/{descriptor}", 4096), re.M)
    return flags is not None and int(flags.group(1), 8) & os.O_ACCMODE != os.O_RDONLY


# --- a network


LISTENING, ESTABLISHED, TRYING = "0A", "01", "02"  # include/net/tcp_states.h


class Socket(t.NamedTuple):
    """A TCP socket of a network namespace."""

    state: str
    address: str
    port: int
    peer: str
    peer_port: int
    number: int  # 0 of one that nobody has any more


def sockets(pid: t.Union[int, str]) -> t.Optional[t.List[Socket]]:
    """Those of this process's network that listen, are connected or try it; None where that cannot be read."""
    found: t.List[Socket] = []
    for name in ("tcp", "tcp6"):
        try:
            with open(f"{PROC}/{pid}/net/{name}", encoding="ascii", errors="replace") as handle:
                text = handle.read(_MAX_SOCKETS)
        except OSError:
            if name == "tcp":
                return None
            continue
        for line in text.splitlines()[1:]:
            fields = line.split(None, 10)
            if len(fields) > 9 and fields[3] in (LISTENING, ESTABLISHED, TRYING):
                try:
                    found.append(Socket(fields[3], *_end(fields[1]), *_end(fields[2]), int(fields[9])))
                except (ValueError, OSError):  # cut off
                    continue
    return found


def _end(text: str) -> t.Tuple[str, int]:
    """ADDRESS:PORT in hexadecimal, the address in words of four bytes in this machine's order."""
    address, _colon, port = text.partition(":")
    if len(address) not in (8, 32):
        raise ValueError(address)
    words = [int(address[start : start + 8], 16).to_bytes(4, sys.byteorder) for start in range(0, len(address), 8)]
    packed = b"".join(words)
    if packed[:12] == b"\0" * 10 + b"\xff\xff":  # IPv4 through a socket of IPv6
        packed = packed[12:]
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed), int(port, 16)


def addresses_of(pid: t.Union[int, str]) -> t.List[str]:
    """The addresses of this process's network, without loopback and link-local ones."""
    found: t.List[str] = []
    lines = _text(f"{pid}/net/fib_trie", _MAX_SOCKETS).splitlines()
    for before, line in zip(lines, lines[1:]):
        if line.strip() == "/32 host LOCAL":
            found.append(before.rpartition(" ")[2])
    for line in _text(f"{pid}/net/if_inet6", 256 * 1024).splitlines():
        digits = line[:32]
        if re.fullmatch(r"[0-9a-f]{32}", digits) and not digits.startswith("fe8"):
            found.append(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits)))
    return [each for each in dict.fromkeys(found) if not addresses.is_loopback(each)]


# --- its files


MAX_FILE = 1024 * 1024  # bytes
_MAX_STEPS = 200
_ONLY_DIRECTORY = getattr(os, "O_DIRECTORY", 0) | os.O_NOFOLLOW | os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)


def inside(pid: t.Union[int, str], path: str) -> t.Tuple[str, str]:
    """(the root file system of a process, an absolute path in it), for `file_under` and `names_under`."""
    if not path.startswith("/"):
        try:
            path = os.path.join(os.readlink(f"{PROC}/{pid}/cwd"), path)
        except OSError:
            pass
    return f"{PROC}/{pid}/root", path


def file_under(root: str, path: str) -> t.Optional[str]:
    """A text file in the tree below `root`, at most MAX_FILE bytes; None for no regular file and what cannot be read.

    Links lead where they lead for a process whose root that is, never out of it; nothing is opened that could be
    waited for.
    """
    try:
        descriptor = _opened(root, path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as handle:
            return handle.read(MAX_FILE).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def names_under(root: str, path: str) -> t.List[str]:
    """The names in a directory in the tree below `root`, at most 1000; [] where it cannot be read."""
    try:
        descriptor = _opened(root, path, _ONLY_DIRECTORY)
    except (OSError, ValueError):
        return []
    try:
        return sorted(os.listdir(descriptor))[:1000]
    except OSError:
        return []
    finally:
        os.close(descriptor)


def _opened(root: str, path: str, flags: int) -> int:
    """A descriptor of what `path` is within `root`; OSError where it is not there."""
    steps = [step for step in reversed(path.split("/")) if step not in ("", ".")]
    trail = [os.open(root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))]
    try:
        for _taken in range(_MAX_STEPS):
            if not steps:
                return os.dup(trail[-1])
            step = steps.pop()
            if step == "..":
                if len(trail) > 1:
                    os.close(trail.pop())
                continue
            target = _link(step, trail[-1])
            if target is not None:
                if target.startswith("/"):
                    while len(trail) > 1:
                        os.close(trail.pop())
                steps.extend(each for each in reversed(target.split("/")) if each not in ("", "."))
            elif steps:
                trail.append(os.open(step, _ONLY_DIRECTORY, dir_fd=trail[-1]))
            else:
                return os.open(step, flags, dir_fd=trail[-1])
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    finally:
        for descriptor in trail:
            os.close(descriptor)


def _link(name: str, directory: int) -> t.Optional[str]:
    """Where a link leads; None for what is none."""
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise


def _text(path: str, limit: int) -> str:
    try:
        with open(f"{PROC}/{path}", encoding="utf-8", errors="replace") as handle:
            return handle.read(limit)
    except OSError:
        return ""
