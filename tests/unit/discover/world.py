"""A made-up host: its /proc, engine and units in a directory, as Linux, Docker and systemd lay them out."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client import engine_socket, proc
from ansible_collections.traceops.tracing.plugins.module_utils._probe import discover
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import managed
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.result import Program, Result
from ansible_collections.traceops.tracing.tests.probing import options
from ansible_collections.traceops.tracing.tests.unit.containers.fake_engine import engine

HOST = "4026531840"  # the number of the host's own network
HERE = ("localhost", "127.0.0.1")
BOOT = 1_764_340_000  # seconds since 1970
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
# Of a machine with 192.0.2.2 and Docker's bridge (Linux 6.18).
FIB = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- {network}/24 2 0 2
        |-- {address}
           /32 host LOCAL
"""


class Socket(t.NamedTuple):
    """A line of /proc/net/tcp; `pid` has it open."""

    pid: int
    state: str  # 0A listening, 01 established, 02 SYN_SENT
    at: str  # ADDRESS:PORT
    peer: str = "0.0.0.0:0"


class World:
    """`look` finds what was added with `process`, `container` and `unit`."""

    def __init__(self, directory: Path, patch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.proc = directory / "proc"
        self.etc = directory / "etc"
        self._containers: t.List[t.Dict[str, t.Any]] = []
        self._units: t.List[str] = []
        self._networks: t.Dict[str, t.List[str]] = {}
        self._number = 50_000
        for folder in (self.proc / "self/ns", self.proc / "self/root", self.etc, directory / "run"):
            folder.mkdir(parents=True)
        (self.proc / "stat").write_text(f"cpu  1 2 3\nbtime {BOOT}\nprocesses 5\n")
        self.network(HOST, "192.0.2.2")
        self._join(self.proc / "self", HOST)
        self.process(1, ["/sbin/init"], parent=0)
        patch.setattr(proc, "PROC", str(self.proc))
        patch.setattr(engine_socket, "SYSTEM_SOCKETS", ())
        patch.setattr(engine_socket, "RUN_USER", str(directory / "run/user"))
        patch.setattr(managed, "BOOTED", str(directory / "run/systemd"))
        patch.setattr(managed, "DROP_INS", (str(self.etc),))
        patch.setattr(managed, "output_of", lambda *_asked: "\n\n".join(self._units))
        real = socket.getaddrinfo
        patch.setattr("socket.getaddrinfo", lambda host, *a, **k: real(host, *a, **k) if host in HERE else [])
        patch.delenv("DOCKER_HOST", raising=False)
        patch.delenv("XDG_RUNTIME_DIR", raising=False)

    # --- processes

    def process(
        self,
        pid: int,
        words: t.Sequence[str],
        environment: t.Optional[t.Dict[str, str]] = None,
        *,
        parent: int = 1,
        group: int = 0,
        cgroup: str = "/",
        network: str = HOST,
        files: t.Optional[t.Dict[int, str]] = None,
        started: int = 1000,
        root: t.Optional[Path] = None,
        cwd: str = "/",
    ) -> Path:
        """A process; `started`: seconds after the machine."""
        folder = self.proc / str(pid)
        (folder / "ns").mkdir(parents=True)
        (folder / "fd").mkdir()
        (folder / "fdinfo").mkdir()
        (folder / "cmdline").write_bytes(b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words))
        entries = [f"{name}={value}" for name, value in (environment or {}).items()]
        (folder / "environ").write_bytes(b"".join(each.encode("utf-8", "surrogateescape") + b"\0" for each in entries))
        name = (words[0] if words else "kworker").rpartition("/")[2][:15]
        rest = " ".join(["0"] * 15 + [str(started * 100)] + ["0"] * 30)
        (folder / "stat").write_text(f"{pid} ({name}) S {parent} {group or pid} {pid} {rest}\n", "utf-8", "replace")
        (folder / "cgroup").write_text(cgroup if ":" in cgroup else f"0::{cgroup}\n")
        (folder / "root").symlink_to(root or self.proc / "self/root")
        (folder / "cwd").symlink_to(cwd)
        self._join(folder, network)
        for number, target in (files or {}).items():
            self.open(pid, number, target)
        return folder

    def open(self, pid: int, number: int, target: str, flags: str = "0100001") -> None:
        """Give a process an open file; the flags 0100001 are for writing."""
        (self.proc / f"{pid}/fd/{number}").symlink_to(target)
        (self.proc / f"{pid}/fdinfo/{number}").write_text(f"pos:\t0\nflags:\t{flags}\nmnt_id:\t30\n")

    def network(self, number: str, address: str = "172.18.0.2") -> str:
        """A network of its own; what is listed in it comes from `sockets`."""
        folder = self.directory / "net" / number
        folder.mkdir(parents=True)
        (folder / "tcp").write_text(HEADER)
        (folder / "fib_trie").write_text(FIB.format(address=address, network=address.rpartition(".")[0] + ".0"))
        return number

    def sockets(self, *sockets: Socket, network: str = HOST) -> None:
        """Add sockets to a network, and to those that have them."""
        for each in sockets:
            self._number += 1
            lines = self._networks.setdefault(network, [])
            lines.append(
                f"{len(lines):4}: {_hexadecimal(each.at)} {_hexadecimal(each.peer)} {each.state} 00000000:00000000 "
                f"00:00000000 00000000     0        0 {self._number} 1 0000000000000000 100 0 0 10 0\n"
            )
            six = [":" in line.split()[1].rpartition(":")[0] or len(line.split()[1]) > 13 for line in lines]
            folder = self.directory / "net" / network
            (folder / "tcp").write_text(HEADER + "".join(line for line, is_six in zip(lines, six) if not is_six))
            (folder / "tcp6").write_text(HEADER + "".join(line for line, is_six in zip(lines, six) if is_six))
            if each.pid:
                self.open(each.pid, self._number % 1000 + 3, f"socket:[{self._number}]", "02")

    def _join(self, folder: Path, network: str) -> None:
        (folder / "ns").mkdir(parents=True, exist_ok=True)
        (folder / "ns/net").symlink_to(f"net:[{network}]")
        (folder / "net").symlink_to(self.directory / "net" / network)

    def file(self, path: str, text: str) -> Path:
        """A file of the host, which processes see at `path`."""
        place = self.proc / "self/root" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    # --- containers and units

    def container(self, name: str, image: str, command: t.Sequence[str], **more: t.Any) -> str:
        """A container's id; `more`: env, pid (0: stopped), networks, ports, mode, mounts, driver."""
        identity = f"{len(self._containers) + 1:02x}" * 32
        pid = more.get("pid", 0)
        networks = more.get("networks", {"bridge": ("172.17.0.2", [])})
        self._containers.append(
            {
                "Id": identity,
                "Name": f"/{name}",
                "Path": command[0],
                "Args": list(command[1:]),
                "State": {
                    "Status": "running" if more.get("running", bool(pid)) else "exited",
                    "Pid": pid,
                    "StartedAt": "2026-11-28T14:26:40.123456789Z",
                },
                "Config": {"Image": image, "Env": list(more.get("env", [])), "User": more.get("user", "")},
                "HostConfig": {
                    "NetworkMode": more.get("mode", "bridge"),
                    "LogConfig": {"Type": more.get("driver", "json-file")},
                },
                "Mounts": [{"Source": here, "Destination": inside} for inside, here in more.get("mounts", {}).items()],
                "NetworkSettings": {
                    "Ports": {
                        f"{inside}/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(outside)}]
                        for inside, outside in more.get("ports", {}).items()
                    },
                    "Networks": {
                        network: {"IPAddress": address, "Aliases": aliases}
                        for network, (address, aliases) in networks.items()
                    },
                },
            }
        )
        return identity

    def unit(
        self, name: str, text: str, *, main: int = 0, state: str = "active", command: str = "", kind: str = "simple"
    ) -> Path:
        """A loaded service, and its file."""
        (self.directory / "run/systemd").mkdir(exist_ok=True)
        path = self.etc / name
        path.write_text(text)
        program = command.partition(" ")[0]
        self._units.append(
            f"Type={kind}\nMainPID={main}\nExecStart={{ path={program} ; argv[]={command} ; ignore_errors=no ; }}\n"
            f"User=\nWorkingDirectory=\nStandardOutput=journal\nId={name}\nLoadState=loaded\nActiveState={state}\n"
            f"SubState=running\nFragmentPath={path}\nDropInPaths="
        )
        return path

    # --- the look

    def look(self, **given: t.Any) -> Result:
        exchanges = {
            "GET /containers/json": {
                "status": 200,
                "json": [
                    {"Id": each["Id"], "Names": [each["Name"]], "State": each["State"]["Status"]}
                    for each in self._containers
                ],
            },
            **{f"GET /containers/{each['Id']}/json": {"status": 200, "json": each} for each in self._containers},
        }
        with contextlib.ExitStack() as stack:
            if self._containers and "docker_host" not in given:
                given["docker_host"] = stack.enter_context(engine(exchanges)).url
            return discover.run(options(discover, **given))

    def applications(self) -> t.List[str]:
        """The names of the applications that are found."""
        return [each["name"] for each in self.look()["applications"]]


def only(programs: t.Sequence[t.Any]) -> t.Any:
    """The one program of a kind."""
    (program,) = programs
    return program


def listens(program: Program) -> t.List[str]:
    return [f"{each['address']}:{each['port']}" for each in program["listens"]]


def connections(program: Program) -> t.List[str]:
    """ "172.18.0.3:4317 established 20": to whom, in which state, and who listens there."""
    return [
        f"{each['address']}:{each['port']} {each['state']} {each.get('pid', '')}".rstrip()
        for each in program["connections"]
    ]


def _hexadecimal(end: str) -> str:
    """ADDRESS:PORT as the kernel prints it: words of four bytes in this machine's order."""
    address, _colon, port = end.rpartition(":")
    packed = ipaddress.ip_address(address.strip("[]")).packed
    words = [packed[start : start + 4] for start in range(0, len(packed), 4)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words) + f":{int(port):04X}"
