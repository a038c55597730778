"""What could not be seen is said; a look around never fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._probe import discover
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import look, scan
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.probing import options
from ansible_collections.traceops.tracing.tests.unit.discover.world import Socket, World, only

CART = {"OTEL_SERVICE_NAME": "cart"}


@pytest.fixture
def not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """As another user: of other processes only the command line and the control group can be read."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    raw = proc.raw
    monkeypatch.setattr(proc, "raw", lambda pid, name, *more: None if name == "environ" else raw(pid, name, *more))
    monkeypatch.setattr(proc, "open_of", lambda pid: None)
    network_of = proc.network_of
    monkeypatch.setattr(proc, "network_of", lambda pid: network_of(pid) if pid == "self" else "")


@pytest.mark.usefixtures("not_root")
def test_another_user_sees_command_lines_alone(world: World) -> None:
    world.process(20, ["/srv/cart"], CART)
    world.process(21, ["java", "-Dotel.service.name=stock", "-jar", "stock.jar"], CART)
    world.process(30, ["/usr/bin/tempo"])
    world.sockets(Socket(30, "0A", "0.0.0.0:3200"))

    found = world.look()

    stock, tempo = only(found["applications"]), only(found["tempos"])
    assert (stock["name"], stock["own_network"], stock["listens"], stock["log"]) == ("stock", None, [], {})
    assert (tempo["url"], tempo["pid"]) == ("http://localhost:3200", 30)
    assert [(each["port"], each["pid"]) for each in found["listeners"]] == [(3200, 0)]
    assert found["root"] is False
    assert found["unseen"] == [
        "the variables of 4 processes of other users cannot be read: become root",
        "the sockets and files of other users' processes cannot be seen: become root",
    ]


@pytest.mark.usefixtures("not_root")
def test_another_user_may_read_what_units_say(world: World) -> None:
    service = "[Service]\nEnvironment=OTEL_SERVICE_NAME={}\n"
    world.unit("cart.service", service.format("cart"), main=20, command="/srv/cart")
    world.process(20, ["/srv/cart"], CART, cgroup="/system.slice/cart.service")
    world.unit("stock.service", service.format("stock"), main=21, command="/usr/bin/java -jar stock.jar")
    world.process(21, ["java", "-Dotel.bsp.schedule.delay=1"], cgroup="/system.slice/stock.service")
    world.unit("other.service", "[Service]\n", main=22, command="/srv/other")
    world.process(22, ["/srv/other"], CART, cgroup="/system.slice/other.service")

    found = world.look()["applications"]

    assert [(each["name"], each["pid"], each["running"], each["source"]) for each in found] == [
        ("stock", 21, True, "unit stock.service"),
        ("cart", 20, True, "unit cart.service"),
    ]
    assert {each["service_source"] for each in found} == {
        "OTEL_SERVICE_NAME of unit cart.service",
        "OTEL_SERVICE_NAME of unit stock.service",
    }
    assert [each["log"]["unit"] for each in found] == ["stock.service", "cart.service"]
    assert [each["stale"] for each in found] == [[], []]


@pytest.mark.usefixtures("not_root")
def test_another_user_may_read_the_files_of_this_host(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    config = world.directory / "tempo.yaml"
    config.write_text("server: {http_listen_port: 3299}\n")
    for pid, cgroup in ((20, "/system.slice/tempo.service"), (21, f"/docker/{'ab' * 32}")):
        folder = world.process(pid, ["/usr/bin/tempo", f"-config.file={config}"], cgroup=cgroup)
        (folder / "root").unlink()  # as if this user might not enter it

    here, inside = world.look()["tempos"]

    assert (here["configuration"]["port"], here["url"]) == (3299, "http://localhost:3299")
    assert (inside["files"], inside["url"], inside["own_network"]) == ([], "", None)


def test_as_root_nothing_is_said_of_root(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    raw = proc.raw
    monkeypatch.setattr(proc, "raw", lambda pid, name, *more: None if name == "environ" else raw(pid, name, *more))
    world.process(20, ["/srv/cart"], CART)
    (world.proc / "1/environ").unlink()

    assert world.look()["unseen"] == ["the variables of 2 processes cannot be read"]


@pytest.mark.usefixtures("not_root")
def test_a_proc_that_hides_others(world: World) -> None:
    (world.proc / "1").rename(world.directory / "gone")
    world.process(20, ["/srv/cart"])

    assert "/proc shows only the processes of this user (hidepid): become root" in world.look()["unseen"]


def test_a_host_without_proc(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As macOS."""
    monkeypatch.setattr(proc, "PROC", str(world.directory / "none"))
    world.container("tempo", "grafana/tempo:3", ["/tempo"], pid=30, ports={3200: 13200})

    found = world.look()

    assert only(found["tempos"])["url"] == "http://localhost:13200"
    assert "this host has no /proc: its processes and sockets cannot be seen" in found["unseen"]
    assert (found["processes"], found["namespace"], found["addresses"]) == (0, "", [])


def test_a_process_that_cannot_be_read_in_time_costs_the_others_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that holds its memory's lock, here a FIFO that nobody writes to."""
    monkeypatch.setattr(scan, "STUCK", 0.02)
    for pid in (10, 11, 30):
        world.process(pid, ["/srv/cart"], {"OTEL_SERVICE_NAME": str(pid)})
    for pid in (10, 11):
        (world.proc / f"{pid}/cmdline").unlink()
        os.mkfifo(world.proc / f"{pid}/cmdline")

    found = world.look(timeout=1.0)

    for pid in (10, 11):  # let the threads go
        os.close(os.open(world.proc / f"{pid}/cmdline", os.O_WRONLY | os.O_NONBLOCK))
    assert only(found["applications"])["pid"] == 30
    assert found["unseen"] == ["2 processes could not be looked at in time"]


def test_a_look_that_does_not_end_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    asleep = threading.Event()
    monkeypatch.setattr(discover, "GRACE", 0.0)
    monkeypatch.setattr(proc, "addresses_of", lambda pid: asleep.wait(30) and [])

    found = world.look(timeout=0.2)

    asleep.set()
    assert (found["ok"], found["message"]) == (True, "found nothing")
    assert found["unseen"] == ["the look around did not end within 0.2 s"]


def test_an_error_that_nobody_foresaw_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(pid: object) -> list[str]:
        raise KeyError("secret")

    monkeypatch.setattr(proc, "addresses_of", broken)

    assert world.look()["unseen"] == ["the look around ended with an error (KeyError)"]


def test_programs_that_end_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.process(20, ["/srv/cart"], CART)
    world.process(30, ["/usr/bin/tempo"])
    real = scan.scan

    def and_gone(deadline: float) -> scan.Scan:
        found = real(deadline)
        for pid in (20, 30):
            (world.proc / str(pid)).rename(world.directory / f"gone-{pid}")
        return found

    monkeypatch.setattr(scan, "scan", and_gone)

    found = world.look()

    assert (only(found["applications"])["started"], only(found["tempos"])["listens"]) == ("", [])


def test_more_programs_than_can_be_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "MAX_PROGRAMS", 3)
    for pid in range(20, 25):
        world.process(pid, ["/srv/cart"], {"OTEL_SERVICE_NAME": str(pid)})

    found = world.look()

    assert len(found["applications"]) == 3
    assert found["unseen"] == ["2 of 5 programs of the kind application are not told"]


@pytest.mark.parametrize("timeout", [0, -1, 3601, float("nan")])
def test_a_time_that_is_none(timeout: float) -> None:
    with pytest.raises(BadOption, match="not between 0 and 3600 seconds"):
        discover.run(options(discover, timeout=timeout))


# --- this machine


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    require(os.path.isdir("/proc/self/fd"), "Linux")
    directory = tmp_path_factory.mktemp("cart")
    (directory / "cart.py").write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    environment = {**os.environ, "OTEL_SERVICE_NAME": "discovered", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with subprocess.Popen(
        [sys.executable, str(directory / "cart.py")], stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


def test_a_real_application_is_found_and_this_process_is_not(
    app: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "of this process")

    found = discover.run(options(discover, timeout=20.0))

    mine = only([each for each in found["applications"] if each["service"] == "discovered"])
    assert (mine["pid"], mine["program"], mine["language"]) == (app.pid, "cart.py", "python")
    assert (mine["own_network"], mine["namespace"]) == (False, found["namespace"])
    assert found["processes"] > 1
    assert os.getpid() not in [each["pid"] for each in found["applications"]]


def test_a_real_listening_socket_has_its_process(tmp_path: Path) -> None:
    import socket

    require(os.path.isdir("/proc/self/fd"), "Linux")
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = discover.run(options(discover, timeout=20.0))
        port = server.getsockname()[1]

    mine = only([each for each in found["listeners"] if (each["address"], each["port"]) == ("127.0.0.1", port)])
    assert mine["pid"] == os.getpid()
