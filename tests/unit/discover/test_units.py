"""Units of systemd: those that do not run, and settings that the running process has not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import managed
from ansible_collections.traceops.tracing.tests.unit.discover.world import World, only

# As Debian's package and most guides have it.
CART = """[Unit]
Description=Cart

[Service]
EnvironmentFile=-{file}
Environment=OTEL_TRACES_SAMPLER=always_off "OTEL_RESOURCE_ATTRIBUTES=team=a b"
ExecStart=/srv/cart
"""
CHANGED = 2_000_000_000  # after every start


def cart(world: World, file: str, running: dict[str, str], text: str = CART) -> Path:
    """A unit that runs as pid 20 with `running`; its environment file has the text `file`."""
    variables = world.etc / "cart.env"
    variables.write_text(file)
    path = world.unit("cart.service", text.format(file=variables), main=20, command="/srv/cart")
    world.process(20, ["/srv/cart"], running, cgroup="/system.slice/cart.service")
    return path


def changed(*paths: Path, at: int = CHANGED) -> None:
    for path in paths:
        os.utime(path, (at, at))


OWN = {"OTEL_TRACES_SAMPLER": "always_off", "OTEL_RESOURCE_ATTRIBUTES": "team=a b"}


def stale(world: World) -> list[tuple[str, str | None, str | None, str]]:
    found = only(world.look()["applications"])["stale"]
    return [
        (each["variable"], each["running"], each["configured"], each["source"].rpartition("/")[2]) for each in found
    ]


def test_a_unit_whose_process_has_what_its_files_say(world: World) -> None:
    path = cart(world, "OTEL_SERVICE_NAME=cart\n", {"OTEL_SERVICE_NAME": "cart", **OWN})
    changed(path, world.etc / "cart.env")

    assert stale(world) == []


def test_an_environment_file_that_was_changed_after_the_start(world: World) -> None:
    cart(
        world,
        "# the cart\nOTEL_SERVICE_NAME=basket\nOTEL_EXPORTER_OTLP_ENDPOINT='http://user:secret@otel:4318'\nOTHER=1\n",
        {"OTEL_SERVICE_NAME": "cart", **OWN},
    )
    changed(world.etc / "cart.env")

    assert stale(world) == [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", None, "http://********@otel:4318", "cart.env:3"),
        ("OTEL_SERVICE_NAME", "cart", "basket", "cart.env:2"),
    ]


def test_a_file_that_was_not_changed_was_read_and_something_else_made_the_difference(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program's start script, for one."""
    cart(world, "OTEL_SERVICE_NAME=basket\n", {"OTEL_SERVICE_NAME": "cart", **OWN})
    monkeypatch.setattr(managed, "_changed", lambda path: 1000.0)

    assert stale(world) == []


def test_a_drop_in_that_systemd_has_not_loaded_yet(world: World) -> None:
    cart(world, "", {"OTEL_SERVICE_NAME": "cart", **OWN})
    (world.etc / "cart.service.d").mkdir()
    (world.etc / "cart.service.d/20-otel.conf").write_text("[Service]\nEnvironment=OTEL_TRACES_SAMPLER=always_on\n")
    changed(world.etc / "cart.service.d/20-otel.conf")

    assert stale(world) == [("OTEL_TRACES_SAMPLER", "always_off", "always_on", "20-otel.conf:2")]


def test_what_the_main_process_was_started_with_counts_not_what_a_wrapper_added(world: World) -> None:
    variables = world.etc / "cart.env"
    variables.write_text("OTEL_SERVICE_NAME=cart\n")
    world.unit("cart.service", CART.format(file=variables), main=20, command="/bin/sh /srv/start.sh")
    world.process(
        20, ["/bin/sh", "/srv/start.sh"], {"OTEL_SERVICE_NAME": "cart", **OWN}, cgroup="/system.slice/cart.service"
    )
    world.process(
        21, ["/srv/cart"], {"OTEL_SERVICE_NAME": "basket", **OWN}, cgroup="/system.slice/cart.service", parent=20
    )
    changed(variables)

    assert (only(world.look()["applications"])["pid"], stale(world)) == (21, [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[Service]\nEnvironment=A=1 B=2\n", {"A": "1", "B": "2"}),
        ("[Service]\nEnvironment=A=1\nEnvironment=A=2\n", {"A": "2"}),
        ("[Service]\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\n", {"B": "2"}),
        ("[Service]\nEnvironment='A=1 2' \"B=x\"\n", {"A": "1 2", "B": "x"}),
        ("[Service]\nEnvironment=A=1 \\\n  # no\n  B=2\n", {"A": "1", "B": "2"}),
        ("[Service]\nEnvironment=A=50%% B=%n C=%i\n", {"A": "50%", "B": "cart@7.service", "C": "7"}),
        ("[Service]\nEnvironment=A=%H\n", {}),  # only systemd knows
        ("[Service]\nEnvironment=A=1 B=2\nUnsetEnvironment=A\n", {"B": "2"}),
        ("[Unit]\nEnvironment=A=1\n[Install]\nEnvironment=B=2\n", {}),
        ("[Service]\n# Environment=A=1\n;Environment=B=2\n", {}),
        ("[Service]\nEnvironmentFile={a}\nEnvironment=A=own\n", {"A": "a", "X": "x y"}),
        ("[Service]\nEnvironmentFile={a}\nEnvironmentFile=\n", {}),
        ("[Service]\nEnvironmentFile=-/nowhere\n", {}),
        ("[Service]\nEnvironmentFile={glob}\n", {"A": "b", "X": "x y"}),
        ("[Service]\nEnvironmentFile=/dev/zero\n", {}),
        ("\0\1\2", {}),
        ("", {}),
    ],
)
def test_what_the_files_of_a_unit_set(tmp_path: Path, text: str, found: dict[str, str]) -> None:
    (tmp_path / "a.env").write_text('# first\n\nA=a\nX="x y"\nnot a variable\n')
    (tmp_path / "b.env").write_text("A=b\n")
    unit = tmp_path / "cart@.service"
    unit.write_text(text.format(a=tmp_path / "a.env", glob=tmp_path / "*.env"))
    loaded = managed.Unit("cart@7.service", True, "simple", 20, [], "", "", "journal", [str(unit)])

    assert {name: each.value for name, each in managed.configured(loaded).items()} == found


def test_a_fifo_in_place_of_an_environment_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    unit = tmp_path / "cart.service"
    unit.write_text(f"[Service]\nEnvironmentFile={tmp_path}/fifo\n")

    assert managed.configured(managed.Unit("cart.service", True, "", 1, [], "", "", "", [str(unit)])) == {}


# --- units that do not run


def test_units_that_do_not_run_are_told(world: World) -> None:
    world.unit("cart.service", "[Service]\nEnvironment=OTEL_SERVICE_NAME=cart\n", state="failed", command="/srv/cart")
    world.unit("tempo.service", "", state="inactive", command="/usr/bin/tempo -config.file=/etc/tempo.yaml")
    world.unit("other.service", "", state="inactive", command="/srv/other")
    world.unit(
        "db.service", "[Service]\nEnvironment=OTEL_SERVICE_NAME=x\n", state="failed", command="/usr/bin/postgres"
    )
    world.unit(
        "once.service",
        "[Service]\nEnvironment=OTEL_SERVICE_NAME=x\n",
        state="inactive",
        command="/srv/once",
        kind="oneshot",
    )

    found = world.look()

    app, tempo = only(found["applications"]), only(found["tempos"])
    assert (app["running"], app["pid"], app["unit"], app["source"]) == (False, 0, "cart.service", "unit cart.service")
    assert app["service_source"] == "OTEL_SERVICE_NAME of unit cart.service"
    assert app["log"]["unit"] == "cart.service"
    assert (tempo["running"], tempo["unit"], tempo["url"]) == (False, "tempo.service", "")


def test_the_variables_in_the_command_of_a_unit(world: World) -> None:
    """As the packages of the Collector and of Grafana have them."""
    env = world.etc / "otelcol.env"
    env.write_text('OTELCOL_OPTIONS="--config /etc/otelcol.yaml --feature-gates=a"\nDIR=/etc/tempo\n')
    text = f"[Service]\nEnvironmentFile={env}\n"
    world.unit("otelcol.service", text, state="failed", command="/usr/bin/otelcol $OTELCOL_OPTIONS $NONE")
    world.unit("tempo.service", text, state="failed", command="/usr/bin/tempo -config.file=${DIR}/config.yml")

    found = world.look()

    assert only(found["collectors"])["command"] == "/usr/bin/otelcol --config /etc/otelcol.yaml --feature-gates=a"
    assert only(found["tempos"])["command"] == "/usr/bin/tempo -config.file=/etc/tempo/config.yml"


def test_a_unit_that_ends_again_and_again_does_not_run(world: World) -> None:
    world.unit("tempo.service", "", state="activating", command="/usr/bin/tempo -config.file=/etc/tempo.yaml")

    assert only(world.look()["tempos"])["running"] is False


def test_a_unit_that_runs_is_told_once(world: World) -> None:
    cart(world, "OTEL_SERVICE_NAME=cart\n", {"OTEL_SERVICE_NAME": "cart", **OWN})

    assert world.applications() == ["cart"]


def test_systemd_that_does_not_answer_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    asleep = threading.Event()
    world.unit("cart.service", "")
    monkeypatch.setattr(managed, "output_of", lambda *_asked: asleep.wait(30) and None)

    found = world.look(timeout=1.0)

    asleep.set()
    assert found["unseen"] == ["systemd did not answer in time"]


@pytest.mark.parametrize(
    "text", [None, "", "garbage", "Id=x\nMainPID=y\n\nLoadState=loaded\n", "Id=\n" * 1000, "=\0\n\n="]
)
def test_what_systemctl_may_print(world: World, monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    world.unit("cart.service", "")
    monkeypatch.setattr(managed, "output_of", lambda *_asked: text)

    assert managed.loaded(1.0) in (None, {})
