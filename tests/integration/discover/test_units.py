"""Units of a real systemd: settings that a running process has not, and what another user sees of all."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.traceops.tracing.tests.integration.discover.conftest import Boot
from ansible_collections.traceops.tracing.tests.integration.discover.host import Host

# Two workers, as a server that forks; more connections than the sink has places for are tried in vain.
APP = """import os, socket, time
for _worker in range(2):
    if os.fork() == 0:
        break
attempts = [socket.socket() for _attempt in range(4)]
for attempt in attempts:
    attempt.setblocking(False)
    attempt.connect_ex(("127.0.0.1", 4317))
time.sleep(3600)
"""
SINK = """import socket, time
server = socket.create_server(("127.0.0.1", 4317), backlog=0)
time.sleep(3600)
"""
SERVICE = {"OTEL_SERVICE_NAME": "cart", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}


@pytest.fixture(scope="module")
def host(boot: Boot) -> Host:
    host = boot("units01")
    host.write("/opt/app.py", APP)
    host.write("/opt/sink.py", SINK)
    host.write("/opt/start.sh", "#!/bin/sh\nexport OTEL_TRACES_SAMPLER=always_on\npython3 /opt/app.py\n")
    host.run("chmod 755 /opt/start.sh")
    host.write("/etc/default/cart", "".join(f"{name}={value}\n" for name, value in SERVICE.items()))
    host.unit("sink", "/usr/bin/python3 /opt/sink.py")
    host.listens(4317)
    host.unit("cart", "/usr/bin/python3 /opt/app.py", EnvironmentFile="/etc/default/cart")
    host.unit("stock", "/opt/start.sh", Environment="OTEL_SERVICE_NAME=stock OTEL_TRACES_SAMPLER=always_off")
    host.write(
        "/etc/systemd/system/idle.service",
        "[Service]\nEnvironment=OTEL_SERVICE_NAME=idle\nExecStart=/usr/bin/python3 /opt/app.py\n",
    )
    host.run("systemctl daemon-reload && systemctl start idle && systemctl stop idle; systemctl show idle -p LoadState")
    host.run("sh -c 'OTEL_SERVICE_NAME=of-a-shell setsid sleep 3600 >/dev/null 2>&1 &'")
    return host


@pytest.fixture(scope="module")
def seen(host: Host) -> t.Dict[str, t.Any]:
    """What is found after the files were changed, while the processes run on."""
    host.write("/etc/default/cart", "# changed\nOTEL_SERVICE_NAME=basket\nOTEL_EXPORTER_OTLP_HEADERS=key=s3ntinel\n")
    host.write("/etc/systemd/system/cart.service.d/new.conf", "[Service]\nEnvironment=OTEL_TRACES_SAMPLER=always_off\n")
    host.run("touch /etc/systemd/system/stock.service")
    return host.looked_at()


def of(seen: t.Dict[str, t.Any], unit: str) -> t.Dict[str, t.Any]:
    (found,) = [each for each in seen["applications"] if each["unit"] == unit]
    return dict(found)


def test_a_unit_that_was_not_restarted(seen: t.Dict[str, t.Any]) -> None:
    assert of(seen, "cart.service")["stale"] == [
        {
            "variable": "OTEL_EXPORTER_OTLP_HEADERS",
            "running": None,
            "configured": "key=********",
            "source": "/etc/default/cart:3",
        },
        {"variable": "OTEL_SERVICE_NAME", "running": "cart", "configured": "basket", "source": "/etc/default/cart:2"},
        {
            "variable": "OTEL_TRACES_SAMPLER",
            "running": None,
            "configured": "always_off",
            "source": "/etc/systemd/system/cart.service.d/new.conf:2",
        },
    ]


def test_what_a_script_changes_is_not_stale(seen: t.Dict[str, t.Any]) -> None:
    stock = of(seen, "stock.service")
    assert (stock["sampler"], stock["program"], stock["stale"]) == ("always_on", "app.py", [])


def test_a_server_and_its_workers_are_one_application_that_tries_in_vain(seen: t.Dict[str, t.Any]) -> None:
    cart = of(seen, "cart.service")
    (sink,) = [each for each in seen["listeners"] if each["port"] == 4317]
    assert {(each["port"], each["state"], each["pid"]) for each in cart["connections"]} == {
        (4317, "established", sink["pid"]),
        (4317, "trying", sink["pid"]),
    }
    assert sink["program"] == "sink.py"
    assert cart["log"] == {
        "unit": "cart.service",
        "source": "the standard output of unit cart.service goes to the journal",
    }


def test_nothing_else_is_an_application(seen: t.Dict[str, t.Any]) -> None:
    assert sorted(each["unit"] for each in seen["applications"] if each["running"]) == ["cart.service", "stock.service"]
    assert seen["unseen"] == []


def test_another_user_sees_what_the_units_files_say(host: Host, seen: t.Dict[str, t.Any]) -> None:
    host.inventory()
    host.run(
        "useradd -m plain && install -d -o plain /home/plain/.ssh && "
        "install -o plain -m 600 /root/.ssh/authorized_keys /home/plain/.ssh/authorized_keys"
    )
    found = host.looked_at("plain")
    assert (found["root"], of(found, "cart.service")["service"]) == (False, "basket")
    assert of(found, "cart.service")["source"] == "unit cart.service"
    assert any("become root" in sentence for sentence in found["unseen"])
