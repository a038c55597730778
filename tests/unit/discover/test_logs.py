"""Where an application's log goes."""

from __future__ import annotations

import os
from typing import Any

import pytest

from ansible_collections.traceops.tracing.tests.unit.discover.world import World, only

CART = {"OTEL_SERVICE_NAME": "cart"}
UNIT = "/system.slice/cart.service"


def log(world: World) -> Any:
    return only(world.look()["applications"])["log"]


def test_the_journal_of_the_unit_when_standard_output_goes_there(world: World) -> None:
    """JOURNAL_STREAM has device and inode of the socket (systemd.exec)."""
    journal = world.directory / "journal"
    journal.write_text("")
    status = os.stat(journal)
    stream = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
    world.process(20, ["/srv/cart"], {**CART, **stream}, cgroup=UNIT, files={1: str(journal), 2: str(journal)})

    assert log(world) == {
        "unit": "cart.service",
        "source": "the standard output of unit cart.service goes to the journal",
    }


def test_the_file_behind_standard_output(world: World) -> None:
    world.process(20, ["/srv/cart"], CART, cgroup=UNIT, files={1: "/var/log/cart/out", 2: "/var/log/cart/err"})

    assert log(world) == {"paths": ["/var/log/cart/out", "/var/log/cart/err"], "source": "/proc/20/fd/1"}


def test_files_that_are_open_for_writing(world: World) -> None:
    world.process(20, ["/srv/cart"], CART, files={0: "/dev/null", 1: "/dev/null", 2: "/dev/pts/3"})
    world.open(20, 5, "/var/log/cart/cart.log")
    world.open(20, 6, "/var/log/cart/cart.log.1", flags="0100000")  # read
    world.open(20, 7, "/var/log/cart/data.db")
    world.open(20, 8, "/var/log/cart/old.log (deleted)")
    world.open(20, 9, "/var/log/cart/cart-2026-11-28.log", flags="0102002")

    assert log(world) == {
        "paths": ["/var/log/cart/cart.log", "/var/log/cart/cart-2026-11-28.log"],
        "source": "/proc/20/fd",
    }


def test_a_worker_may_have_the_log_open(world: World) -> None:
    world.process(20, ["/srv/cart"], CART)
    world.process(21, ["/srv/cart"], CART, parent=20, files={1: "/dev/null", 4: "/var/log/cart.log"})

    assert log(world) == {"paths": ["/var/log/cart.log"], "source": "/proc/21/fd"}


def test_the_engines_log_of_a_container(world: World) -> None:
    cart = world.container("cart", "cart:1", ["/srv/cart"], pid=20)
    world.process(20, ["/srv/cart"], CART, cgroup=f"/docker/{cart}", files={1: "pipe:[4711]", 2: "pipe:[4712]"})

    assert log(world) == {"container": "cart", "source": "the engine keeps the log of container cart"}


def test_a_container_whose_engine_keeps_none_has_files_of_its_own(world: World) -> None:
    cart = world.container("cart", "cart:1", ["/srv/cart"], pid=20, driver="none")
    world.process(20, ["/srv/cart"], CART, cgroup=f"/docker/{cart}", files={1: "pipe:[4711]", 7: "/var/log/cart.log"})

    assert log(world) == {"paths": [f"{world.proc}/20/root/var/log/cart.log"], "source": "/proc/20/fd"}


@pytest.mark.parametrize(
    "files", [{}, {1: "/dev/null"}, {1: "/dev/pts/0", 2: "/dev/pts/0"}, {1: "pipe:[5]"}, {1: "socket:[5]"}]
)
def test_a_log_that_goes_nowhere_known(world: World, files: dict[int, str]) -> None:
    world.process(20, ["/srv/cart"], CART, files=files)

    assert log(world) == {}
