# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Docker Engines for tests, one for each lane: the one that runs, or (as root on Debian) ones of our own.

A lane is a worker of pytest-xdist, or the one process where there are no workers. Its tests share an engine with no
other lane, so none sees another's containers, networks and images. The first lane takes the engine that is installed
where one answers; every lane takes the one that DOCKER_HOST names, where it is set.

An engine of our own has its data directory in the cache and its socket in /run, so it never touches an installed
Docker's data. Test runs of several checkouts share it through a lock, and the last one to finish stops it.
Nothing is pulled: images are Debian root file systems from debootstrap, imported, and kept in the cache.

Fixtures, for every test under tests/integration (conftest.py imports them):

- `docker_engine`: a docker.DockerClient of this lane's engine; DOCKER_HOST names its socket while the session lasts;
- `base_image`, `systemd_image`: image names (Debian with python3; the same with systemd, journald and sshd);
- `run_container`: starts containers that are removed after the test;
- `systemd_host`: starts a container that has booted systemd, and waits until it has (`booted` does so without a
  fixture, and lets it run an engine of its own).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import time
import typing as t
import uuid
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from ansible_collections.traceops.tracing.tests.conftest import require

CACHE = Path(os.environ.get("TRACEOPS_CACHE") or Path.home() / ".cache" / "traceops")
INSTALLED = "unix:///var/run/docker.sock"
LABEL = "traceops.tracing.test"

BASE = ("python3",)
SYSTEMD = ("python3", "systemd", "systemd-sysv", "dbus", "openssh-server")
# With an engine of its own, and the packages that probes on a host import.
WITH_ENGINE = (*SYSTEMD, "docker.io", "iptables", "iproute2", "python3-docker", "python3-requests")


class Place(t.NamedTuple):
    """What an engine of our own shares with no other: where it keeps things, and its part of the network."""

    lane: int

    @property
    def run(self) -> Path:
        """A short path: names of sockets have at most 107 bytes."""
        return Path(f"/run/traceops-docker{self._suffix}")

    @property
    def url(self) -> str:
        return f"unix://{self.run}/docker.sock"

    @property
    def data(self) -> Path:
        return CACHE / f"docker{self._suffix}"

    @property
    def log(self) -> Path:
        return CACHE / f"dockerd{self._suffix}.log"

    @property
    def bridge(self) -> str:
        return f"traceops{self.lane}" if self.lane else "docker0"

    @property
    def _suffix(self) -> str:
        return f"-{self.lane}" if self.lane else ""

    def network(self) -> t.List[str]:
        """Options of dockerd; addresses for measuring networks (RFC 2544), which no machine uses otherwise."""
        if not self.lane:
            return []
        part = f"198.18.{self.lane % 128}"
        if not Path(f"/sys/class/net/{self.bridge}").exists():
            _command("ip", "link", "add", self.bridge, "type", "bridge")
            _command("ip", "address", "add", f"{part}.1/24", "dev", self.bridge)
            _command("ip", "link", "set", self.bridge, "up")
        pool = f"base=198.19.{self.lane % 16 * 16}.0/20,size=26"
        return [f"--bridge={self.bridge}", f"--fixed-cidr={part}.0/24", f"--default-address-pool={pool}"]


def lane() -> int:
    """The number of this test process, from 0."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])


@pytest.fixture(scope="session")
def docker_engine() -> t.Iterator[docker.DockerClient]:
    """A client of this lane's engine, which is started for the session unless it runs."""
    with _running_engine() as url:
        before = os.environ.get("DOCKER_HOST")
        os.environ["DOCKER_HOST"] = url
        client = docker.DockerClient(base_url=url, timeout=60)
        yield client
        client.close()
        os.environ.pop("DOCKER_HOST")
        if before is not None:
            os.environ["DOCKER_HOST"] = before


@pytest.fixture(scope="session")
def base_image(docker_engine: docker.DockerClient) -> str:
    return image(docker_engine, "base", BASE)


@pytest.fixture(scope="session")
def systemd_image(docker_engine: docker.DockerClient) -> str:
    return image(docker_engine, "systemd", SYSTEMD)


@pytest.fixture
def run_container(docker_engine: docker.DockerClient) -> t.Iterator[t.Callable[..., Container]]:
    """run_container(image, command, name=..., **what docker's containers.run takes) -> a started container."""
    started: t.List[Container] = []

    def run(image: str, command: t.Any = None, *, start: bool = True, **options: t.Any) -> Container:
        labels = {LABEL: "1", **options.pop("labels", {})}
        name = options.pop("name", None) or f"traceops-{uuid.uuid4().hex[:10]}"
        container = docker_engine.containers.create(image, command, name=name, labels=labels, **options)
        started.append(container)
        if start:
            container.start()
        container.reload()
        return container

    yield run
    for container in started:
        with contextlib.suppress(docker.errors.NotFound):
            container.remove(force=True, v=True)


@pytest.fixture
def systemd_host(run_container: t.Callable[..., Container], systemd_image: str) -> t.Callable[..., Container]:
    """systemd_host(volumes=..., **options) -> a container whose systemd has finished booting."""

    def boot(volumes: t.Optional[t.Dict[str, t.Any]] = None, **options: t.Any) -> Container:
        return booted(run_container, systemd_image, volumes, **options)

    return boot


def booted(
    run: t.Callable[..., Container],
    image: str,
    volumes: t.Optional[t.Dict[str, t.Any]] = None,
    *,
    engine: bool = False,
    **options: t.Any,
) -> Container:
    """A container of `image`, started by `run`, whose systemd has booted; with `engine` it can run a dockerd."""
    groups_volumes, groups_tmpfs = _control_groups(engine)
    container = run(
        image,
        ["/sbin/init"],
        cap_add=["SYS_ADMIN", *(["NET_ADMIN", "SYS_PTRACE"] if engine else [])],
        security_opt=["seccomp=unconfined", *(["apparmor=unconfined"] if engine else [])],
        cgroupns="host",
        volumes={**groups_volumes, **(volumes or {})},
        tmpfs={**groups_tmpfs, "/run": "", "/run/lock": "", "/tmp": ""},
        stop_signal="SIGRTMIN+3",
        **options,
    )
    wait_until(lambda: _booted(container), 60, f"systemd in {container.name} to boot")
    return container


def _control_groups(engine: bool) -> t.Tuple[t.Dict[str, t.Any], t.Dict[str, str]]:
    """(volumes, tmpfs) that give systemd the control groups it needs, and no way to change this machine's.

    With version 1, systemd mounts every controller that is not mounted yet, for all of the machine, after which Docker
    finds no container's usage and no kill for memory any more. An empty file system in each one's place prevents that.
    An engine inside needs the controllers that are mounted already; it uses them below its container's own groups.
    """
    root = "/sys/fs/cgroup"
    if os.path.exists(f"{root}/cgroup.controllers"):  # version 2
        return {root: {"bind": root, "mode": "rw"}}, {}
    controllers = [line.split()[0] for line in Path("/proc/cgroups").read_text().splitlines()[1:]]
    places = [*controllers, "cpu,cpuacct", "net_cls,net_prio"]
    mounted = [place for place in places if engine and os.path.ismount(f"{root}/{place}")]
    tmpfs = {root: "mode=755", **{f"{root}/{place}": "size=64k" for place in places if place not in mounted}}
    return {f"{root}/{place}": {"bind": f"{root}/{place}", "mode": "rw"} for place in ("systemd", *mounted)}, tmpfs


def wait_until(done: t.Callable[[], t.Any], seconds: float, what: str) -> t.Any:
    """The first true value of `done`; fails the test when none came in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = done()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s for {what}")
        time.sleep(0.2)


def image(client: docker.DockerClient, name: str, packages: t.Sequence[str]) -> str:
    """The image of a minimal Debian with `packages`; built when neither engine nor cache has it."""
    tag = _key(packages)
    reference = f"traceops-test-{name}:{tag}"
    with locked(CACHE / f"{name}-image.lock"):
        try:
            client.images.get(reference)
        except docker.errors.ImageNotFound:
            tar = root_file_system(name, packages)
            client.api.import_image_from_file(str(tar), repository=f"traceops-test-{name}", tag=tag)
            if not client.images.list(reference):  # Podman 4.3 imports as `latest`, whatever the tag
                client.images.get(f"traceops-test-{name}:latest").tag(f"traceops-test-{name}", tag)
    return reference


def root_file_system(name: str, packages: t.Sequence[str]) -> Path:
    """The tar of a minimal Debian with `packages`, from the cache or fresh from the machine's own apt mirror."""
    tar = CACHE / f"rootfs-{name}-{_key(packages)}.tar"
    if tar.is_file():
        return tar
    require(os.geteuid() == 0, "root, to build a Debian root file system")
    install("debootstrap")
    mirror, suite = _mirror()
    directory = CACHE / f"rootfs-{name}.{os.getpid()}"
    partial = tar.with_suffix(".partial")
    try:
        _command("debootstrap", "--variant=minbase", f"--include={','.join(packages)}", suite, str(directory), mirror)
        shutil.rmtree(directory / "var" / "cache" / "apt")
        _command("tar", "--numeric-owner", "--exclude=./dev/*", "-C", str(directory), "-cf", str(partial), ".")
        partial.rename(tar)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tar


def _key(packages: t.Sequence[str]) -> str:
    return hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]


def _booted(container: Container) -> bool:
    output = container.exec_run(["systemctl", "is-system-running"]).output
    return output.strip() in (b"running", b"degraded")


@contextlib.contextmanager
def _running_engine() -> t.Iterator[str]:
    """The URL of this lane's engine."""
    url = _installed()
    if url is None:
        require(os.geteuid() == 0, "a running Docker Engine, or root to start one")
        install("docker.io", "iptables", "iproute2")
        url = _installed()  # where a service manager runs, the package starts it
    if url is not None:
        yield url
        return
    place = Place(lane())
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{place.data.name}-users.lock", "w") as users:
        with locked(CACHE / "docker-start.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            if not _answers(place.url):
                _start(place)
        try:
            yield place.url
        finally:
            with locked(CACHE / "docker-start.lock"), contextlib.suppress(BlockingIOError):
                # Only the last user gets the exclusive lock.
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _stop(place)


def _installed() -> t.Optional[str]:
    """The URL of an engine that runs already and that this lane may use."""
    named = os.environ.get("DOCKER_HOST")
    # Who cannot start another one shares the one that runs.
    may_use = bool(named) or lane() == 0 or os.geteuid() != 0
    return (named or INSTALLED) if may_use and _answers(named or INSTALLED) else None


def _start(place: Place) -> None:
    program = shutil.which("dockerd") or "/usr/sbin/dockerd"
    require(os.access(program, os.X_OK), "dockerd")
    place.run.mkdir(mode=0o700, exist_ok=True)
    # With address pools of its own, Docker 20.10 deletes docker0, whose ever it is, when it finds a default network of
    # before: the first lane, or people who use this machine, would lose theirs.
    shutil.rmtree(place.data / "network", ignore_errors=True)
    # An installed daemon.json could name options that contradict these.
    (place.run / "daemon.json").write_text("{}")
    with open(place.log, "w") as log:
        daemon = subprocess.Popen(
            [
                program,
                f"--config-file={place.run}/daemon.json",
                f"--data-root={place.data}",
                f"--exec-root={place.run}/exec",
                f"--pidfile={place.run}/docker.pid",
                f"--host={place.url}",
                # For an installed containerd that runs: it would be one for all engines.
                f"--containerd-namespace={place.run.name}",
                f"--containerd-plugins-namespace=plugins.{place.run.name}",
                *place.network(),
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + 60
    while not _answers(place.url):
        if daemon.poll() is not None or time.monotonic() > deadline:
            daemon.kill()
            last = place.log.read_text(errors="replace").splitlines()[-5:]
            require(False, "a dockerd that starts; its last words: " + " | ".join(last))
        time.sleep(0.2)


def _stop(place: Place) -> None:
    client = docker.DockerClient(base_url=place.url, timeout=30)
    for container in client.containers.list(all=True, filters={"label": LABEL}):
        container.remove(force=True, v=True)
    client.networks.prune()
    client.close()
    pid = int((place.run / "docker.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    # dockerd leaves its bridge behind.
    subprocess.run(["ip", "link", "delete", place.bridge], check=False, capture_output=True)


def _alive(pid: int) -> bool:
    """Whether `pid` runs; a child that has ended is reaped first."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return Path(f"/proc/{pid}").exists()


def _answers(url: str) -> bool:
    try:
        client = docker.DockerClient(base_url=url, timeout=5)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (docker.errors.DockerException, OSError):
        return False


def _mirror() -> t.Tuple[str, str]:
    """(URL, suite) of the Debian archive that this machine's apt uses."""
    wanted = "$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN)"
    lines = _command("apt-get", "indextargets", "--format", wanted, "Identifier: Packages").splitlines()
    for url, suite, component, origin in (line.split()[:4] for line in lines if len(line.split()) >= 4):
        if component == "main" and origin == "Debian" and "-" not in suite:
            return url, suite
    pytest.fail("apt knows no Debian archive to build test images from")


def install(*packages: str) -> None:
    """Debian's packages whose program is not there; skips the test where apt or root is missing."""
    programs = {"docker.io": "dockerd", "iproute2": "ip"}
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    with locked(CACHE / "apt.lock"):  # lanes begin at the same time
        missing = [name for name in packages if not shutil.which(programs.get(name, name), path=path)]
        if missing:
            require(shutil.which("apt-get"), f"{' and '.join(missing)}, or apt-get to install them")
            _command("apt-get", "update", "-qq")
            _command("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)


def _command(*words: str) -> str:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    environment["PATH"] = environment.get("PATH", "") + ":/usr/sbin:/sbin"
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{words[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-500:]}")
    return done.stdout


@contextlib.contextmanager
def locked(path: Path) -> t.Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
