"""Hosts that Ansible reaches over real SSH, on addresses of loopback: those that are well, and those that misbehave.

    with Hosts(directory, ["well", "well", "refused", "hangs"]) as hosts:
        ...  # an inventory at hosts.inventory, the environment for Ansible in hosts.environment

They are OpenSSH servers with keys of their own, as root in namespaces of processes and mounts, which take with them
whatever still runs at the end. An sshd listens on no more than 16 addresses, so that many hosts share a few of them.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.servers import tcp_server

CACHE = Path(os.environ.get("TRACEOPS_CACHE") or Path.home() / ".cache" / "traceops")
PATIENCE = 30.0
LISTENERS = 16  # what sshd was compiled for
NOWHERE = "/opt/no-such-python/bin/python3"

KINDS = {
    "well": "answers",
    "refused": "nothing listens",
    "dropped": "does not answer the request for a connection",
    "mute": "accepts the connection and says nothing",
    "locked": "accepts no key",
    "shell-hangs": "no command ends after the login",
    "hangs": "its Python hangs",
    "no-python": "has no Python",
    "disk-full": "has no space left for temporary files",
    "killed": "the connection is lost while Python runs",
}
# What Ansible or the host says then, as a regular expression.
SAID = {
    "refused": "Connection refused",
    "dropped": "Connection timed out",
    "mute": "timed out during banner exchange",
    "locked": "Permission denied",
    "shell-hangs": "diagnose_host_timeout",
    "hangs": "diagnose_host_timeout",
    "no-python": "no-such-python/bin/python3' was not found",
    "disk-full": "No space left on device|No usable temporary directory",
    "killed": "connection|closed",
}


class Unavailable(RuntimeError):
    """What this machine lacks for such hosts."""


class Hosts:
    """Listens while it is entered. Host N of `kinds` has the address 127.0.1.N and a name with its kind."""

    def __init__(self, directory: Path, kinds: t.Sequence[str], python: str = sys.executable) -> None:
        unknown = set(kinds) - set(KINDS)
        if unknown or len(kinds) > 254:
            raise ValueError(f"at most 254 hosts of the kinds {', '.join(KINDS)}, not {', '.join(unknown)}")
        self.directory, self.python = directory.resolve(), python
        self.kinds = {
            f"{'app' if kind == 'well' else kind}{kinds[: n + 1].count(kind):02}": kind for n, kind in enumerate(kinds)
        }
        self.addresses = {name: f"127.0.1.{n}" for n, name in enumerate(self.kinds, 1)}
        self.inventory = self.directory / "inventory.json"
        self._stack = contextlib.ExitStack()

    def of(self, *kinds: str) -> t.List[str]:
        """The names of the hosts of these kinds."""
        return [name for name, kind in self.kinds.items() if kind in kinds]

    @property
    def environment(self) -> t.Dict[str, str]:
        """What Ansible needs to be told so that its connections are those of these hosts alone."""
        return {"ANSIBLE_SSH_CONTROL_PATH_DIR": str(self._sockets)}

    def forget_connections(self) -> None:
        """End the connections that Ansible keeps for the next run."""
        for control in self._sockets.iterdir():
            command = ["ssh", "-F", "/dev/null", "-O", "exit", "-o", f"ControlPath={control}", "host"]
            subprocess.run(command, capture_output=True, check=False)

    def __enter__(self) -> Hosts:
        sshd, libraries = program()
        self._sshd, self._libraries = sshd, libraries
        self.directory.mkdir(parents=True, exist_ok=True)
        # The name of a socket has at most 107 bytes.
        self._sockets = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="ssh-")))
        try:
            self.port = self._stack.enter_context(_port())
            self._keys()
            listening = {"well", "locked", "shell-hangs", "hangs", "no-python", "killed"}
            names = self.of(*listening)
            for start in range(0, len(names), LISTENERS):
                self._serve(names[start : start + LISTENERS])
            for name in self.of("disk-full"):
                self._serve([name], full=True)
            for name in self.of("mute"):
                self._stack.enter_context(tcp_server(_say_nothing, self.addresses[name], self.port))
            for name in self.of("dropped"):
                self._stack.enter_context(_full(self.addresses[name], self.port))
            self._write_inventory()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_unused: object) -> None:
        self.forget_connections()
        self._stack.close()

    def _keys(self) -> None:
        for name in ("host", "user", "stranger"):
            (self.directory / name).unlink(missing_ok=True)
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.directory / name)]
            subprocess.run(command, check=True)
        key = (self.directory / "host.pub").read_text(encoding="utf-8")
        known = "".join(f"[{address}]:{self.port} {key}" for address in self.addresses.values())
        (self.directory / "known_hosts").write_text(known, encoding="utf-8")
        python = self.directory / "python-that-hangs"
        python.write_text("#!/bin/sh\nexec sleep 86400\n", encoding="utf-8")
        python.chmod(0o755)
        killed = self.directory / "killed-while-python-runs"
        killed.write_text(_KILLED.format(python=shlex.quote(self.python)), encoding="utf-8")
        killed.chmod(0o755)

    def _serve(self, names: t.List[str], full: bool = False) -> None:
        """One sshd for these hosts."""
        place = self.directory / f"sshd-{names[0]}"
        (place / "home").mkdir(parents=True, exist_ok=True)
        # Where all other places for temporary files are full, what the sshd reads must not lie in one of them.
        home, keys = ("/mnt/full/home", "/mnt/keys") if full else (str(place / "home"), str(self.directory))
        files = {
            "passwd": f"root:x:0:0::{home}:/bin/sh\nsshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
            "nobody:x:65534:65534::/:/usr/sbin/nologin\n",
            "shadow": "root:*:20000:0:99999:7:::\n",
            "config": self._config(names, keys),
            "start": _START.format(
                directory=shlex.quote(str(self.directory)),
                cache=shlex.quote(str(CACHE.resolve())),
                place=shlex.quote(str(place)),
                full=_FULL if full else "",
                config=shlex.quote(f"{keys}/{place.name}/config"),
                sshd=shlex.quote(self._sshd),
            ),
        }
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")
        log = self._stack.enter_context((place / "log").open("wb"))
        namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        process = subprocess.Popen(
            ["unshare", *namespaces, "sh", "-eu", str(place / "start")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **({"LD_LIBRARY_PATH": self._libraries} if self._libraries else {})},
        )
        self._stack.callback(_end, process)
        deadline = time.monotonic() + PATIENCE
        for name in names:
            while not _listens(self.addresses[name], self.port):
                if process.poll() is not None or time.monotonic() > deadline:
                    said = (place / "log").read_text(encoding="utf-8", errors="replace").strip()[-500:]
                    raise Unavailable(f"an sshd that starts; it says: {said or 'nothing'}")
                time.sleep(0.05)

    def _config(self, names: t.List[str], keys: str) -> str:
        lines = [
            *(f"ListenAddress {self.addresses[name]}:{self.port}" for name in names),
            f"HostKey {keys}/host",
            f"AuthorizedKeysFile {keys}/user.pub",
            f"Subsystem sftp {Path(self._sshd).parents[1] / 'lib/openssh/sftp-server'}",
            *("PidFile none", "UsePAM no", "UseDNS no", "StrictModes no", "PrintMotd no", "PrintLastLog no"),
            *("PermitRootLogin yes", "PasswordAuthentication no", "KbdInteractiveAuthentication no"),
            *("MaxStartups 1000", "MaxSessions 100", "LogLevel ERROR"),
        ]
        for name in names:
            doing = {
                "locked": f"AuthorizedKeysFile {keys}/stranger.pub",
                "shell-hangs": "ForceCommand sleep 86400",
                "killed": f"ForceCommand {keys}/killed-while-python-runs",
            }.get(self.kinds[name])
            lines += [f"Match LocalAddress {self.addresses[name]}", f"  {doing}"] if doing else []
        return "\n".join([*lines, ""])

    def _write_inventory(self) -> None:
        interpreters = {"no-python": NOWHERE, "hangs": str(self.directory / "python-that-hangs")}
        hosts = {
            name: {
                "ansible_host": address,
                "ansible_python_interpreter": interpreters.get(self.kinds[name], self.python),
            }
            for name, address in self.addresses.items()
        }
        options = {"UserKnownHostsFile": str(self.directory / "known_hosts"), "IdentitiesOnly": "yes"}
        common = {
            "ansible_port": self.port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.directory / "user"),
            "ansible_ssh_common_args": " ".join(
                ["-F", "/dev/null", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
            ),
        }
        told = {"all": {"vars": common, "children": {"app": {"hosts": hosts}}}}
        self.inventory.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def program() -> t.Tuple[str, str]:
    """(path of sshd, where its libraries are): the installed one, else that of Debian's package, kept in the cache."""
    if os.geteuid() != 0:
        raise Unavailable("root, to start OpenSSH servers in namespaces of their own")
    for name in ("ssh", "ssh-keygen", "unshare", "mount"):
        if not shutil.which(name):
            raise Unavailable(name)
    installed = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if installed:
        return installed, ""
    place = CACHE / "sshd"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "sshd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "usr/sbin/sshd").exists():
            _unpacked(place)
    (libraries,) = [*place.glob("usr/lib/*-linux-*")]
    return str(place / "usr/sbin/sshd"), str(libraries)


def _unpacked(place: Path) -> None:
    """Debian's packages of the server, unpacked there: installing them would start one on this machine."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise Unavailable("sshd, or apt-get to fetch it")
    fresh = place.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with (CACHE / "apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetch = ["apt-get", "download", "-qq", "openssh-server", "openssh-sftp-server", "libwrap0"]
        if subprocess.run(fetch, cwd=fresh, capture_output=True, check=False).returncode:
            subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False)
            got = subprocess.run(fetch, cwd=fresh, capture_output=True, text=True, check=False)
            if got.returncode:
                raise Unavailable(f"sshd (Debian's package openssh-server): {got.stderr.strip()[-200:]}")
    for package in fresh.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(package), str(fresh)], check=True)
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)


@contextlib.contextmanager
def _port() -> t.Iterator[int]:
    """A port that nobody uses, below those that the kernel gives to connections, until the end."""
    for port in range(23000 + os.getpid() % 4000, 32000):
        # Bound on an address that no host has, so that another process with the same idea goes on to the next.
        with contextlib.suppress(OSError), socket.create_server(("127.0.1.255", port)):
            yield port
            return
    raise Unavailable("a free port below 32000")


@contextlib.contextmanager
def _full(address: str, port: int) -> t.Iterator[None]:
    """A port whose queue is full, so that the kernel drops whoever asks for one more connection."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of earlier hosts may still end
        listener.bind((address, port))
        listener.listen(0)
        for _unused in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((address, port))
        yield


def _say_nothing(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), 1).close()
    except OSError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # with it ends whatever runs in its namespace
    process.wait()


# In namespaces of mounts and processes; the machine knows neither the user that sshd wants nor this home of root.
_START = """\
place={place} directory={directory} cache={cache}
mount --bind "$place/passwd" /etc/passwd
mount --bind "$place/shadow" /etc/shadow
mkdir -p -m 755 /run/sshd
{full}
exec {sshd} -D -e -f {config}
"""
_FULL = """
mount -t tmpfs -o size=64k tmpfs /mnt
mkdir /mnt/keys /mnt/full /mnt/cache
mount --bind "$directory" /mnt/keys
mount --bind "$cache" /mnt/cache
mount -t tmpfs -o size=64k tmpfs /mnt/full
mkdir /mnt/full/home
mkdir -m 1777 /mnt/full/tmp
# Python and sshd are in the cache, which may be in one of the places that are full.
case "$cache" in
    /tmp/* | /var/tmp/* | /usr/tmp/*) mkdir -p "/mnt/full/tmp/${cache#*/tmp/}"; covered="$cache" ;;
    *) covered= ;;
esac
cat /dev/zero > /mnt/full/log || true
for place in /tmp /var/tmp /usr/tmp; do
    [ ! -d "$place" ] || mount --bind /mnt/full/tmp "$place"
done
[ -z "$covered" ] || mount --bind /mnt/cache "$covered"
"""
_KILLED = """\
#!/bin/sh
# What Ansible asks before it runs Python works.
case "$SSH_ORIGINAL_COMMAND" in
    *{python}*) (sleep 0.5; kill -9 "$PPID") & exec {python} -c 'import time; time.sleep(60)' ;;
esac
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""
