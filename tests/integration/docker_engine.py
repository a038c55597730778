# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Docker Engine for tests: the one that runs, else (as root on Debian) one of our own.

Our own has its data directory in the cache and its socket in RUN, so it never touches an installed
Docker's data. Test processes share it through a lock, and the last one to finish stops it.
Nothing is pulled: images are Debian root file systems from debootstrap, imported, and kept in the cache.

Fixtures, for every test under tests/integration (conftest.py imports them):

- `docker_engine`: a docker.DockerClient; DOCKER_HOST names its socket while the session lasts;
- `base_image`, `systemd_image`: image names (Debian with python3; the same with systemd, journald and sshd);
- `run_container`: starts containers that are removed after the test;
- `systemd_host`: starts a container that has booted systemd, and waits until it has.
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
RUN = Path("/run/traceops-docker")  # a short path: socket names have at most 107 bytes
SOCKET = RUN / "docker.sock"
LABEL = "traceops.tracing.test"

BASE = ("python3",)
SYSTEMD = ("python3", "systemd", "systemd-sysv", "dbus", "openssh-server")


@pytest.fixture(scope="session")
def docker_engine() -> t.Iterator[docker.DockerClient]:
    """A client of the engine that runs, or of one that is started for the session."""
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
        groups_volumes, groups_tmpfs = _control_groups()
        container = run_container(
            systemd_image,
            ["/sbin/init"],
            cap_add=["SYS_ADMIN"],
            security_opt=["seccomp=unconfined"],
            cgroupns="host",
            volumes={**groups_volumes, **(volumes or {})},
            tmpfs={**groups_tmpfs, "/run": "", "/run/lock": "", "/tmp": ""},
            stop_signal="SIGRTMIN+3",
            **options,
        )
        wait_until(lambda: _booted(container), 60, f"systemd in {container.name} to boot")
        return container

    return boot


def _control_groups() -> t.Tuple[t.Dict[str, t.Any], t.Dict[str, str]]:
    """(volumes, tmpfs) that give systemd the control groups it needs, and no way to change this machine's.

    With version 1, systemd mounts every controller that is not mounted yet, for all of the machine, after which Docker
    finds no container's usage and no kill for memory any more. An empty file system in each one's place prevents that.
    """
    root = "/sys/fs/cgroup"
    if os.path.exists(f"{root}/cgroup.controllers"):  # version 2
        return {root: {"bind": root, "mode": "rw"}}, {}
    controllers = [line.split()[0] for line in Path("/proc/cgroups").read_text().splitlines()[1:]]
    places = [*controllers, "cpu,cpuacct", "net_cls,net_prio"]
    tmpfs = {root: "mode=755", **{f"{root}/{place}": "size=64k" for place in places}}
    return {f"{root}/systemd": {"bind": f"{root}/systemd", "mode": "rw"}}, tmpfs


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
    with _locked(CACHE / f"{name}-image.lock"):
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
    _install("debootstrap")
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
    installed = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if _answers(installed):
        yield installed
        return
    require(os.geteuid() == 0, "a running Docker Engine, or root to start one")
    _install("docker.io", "iptables")
    if _answers(installed):  # where a service manager runs, the package starts it
        yield installed
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "docker-users.lock", "w") as users:
        with _locked(CACHE / "docker-start.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            if not _answers(f"unix://{SOCKET}"):
                _start()
        try:
            yield f"unix://{SOCKET}"
        finally:
            with _locked(CACHE / "docker-start.lock"), contextlib.suppress(BlockingIOError):
                # Only the last user gets the exclusive lock.
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _stop()


def _start() -> None:
    program = shutil.which("dockerd") or "/usr/sbin/dockerd"
    require(os.access(program, os.X_OK), "dockerd")
    RUN.mkdir(mode=0o700, exist_ok=True)
    # An installed daemon.json could name options that contradict these.
    (RUN / "daemon.json").write_text("{}")
    with open(CACHE / "dockerd.log", "w") as log:
        daemon = subprocess.Popen(
            [
                program,
                f"--config-file={RUN}/daemon.json",
                f"--data-root={CACHE}/docker",
                f"--exec-root={RUN}/exec",
                f"--pidfile={RUN}/docker.pid",
                f"--host=unix://{SOCKET}",
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + 60
    while not _answers(f"unix://{SOCKET}"):
        if daemon.poll() is not None or time.monotonic() > deadline:
            daemon.kill()
            last = (CACHE / "dockerd.log").read_text(errors="replace").splitlines()[-5:]
            require(False, "a dockerd that starts; its last words: " + " | ".join(last))
        time.sleep(0.2)


def _stop() -> None:
    client = docker.DockerClient(base_url=f"unix://{SOCKET}", timeout=30)
    for container in client.containers.list(all=True, filters={"label": LABEL}):
        container.remove(force=True, v=True)
    client.networks.prune()
    client.close()
    pid = int((RUN / "docker.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    # dockerd leaves its bridge behind.
    subprocess.run(["ip", "link", "delete", "docker0"], check=False, capture_output=True)


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


def _install(*packages: str) -> None:
    programs = {"docker.io": "dockerd", "debootstrap": "debootstrap", "iptables": "iptables"}
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [name for name in packages if not shutil.which(programs[name], path=path)]
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
def _locked(path: Path) -> t.Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
