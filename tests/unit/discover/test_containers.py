"""What the engines say: containers whose processes are seen, and those that do not run or cannot be seen."""

from __future__ import annotations

import http.server
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client import engine_socket
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import engines
from ansible_collections.traceops.tracing.tests.unit.containers.fake_engine import engine, inspection, recorded, serve
from ansible_collections.traceops.tracing.tests.unit.discover.world import Socket, World, listens, only

CART = {"OTEL_SERVICE_NAME": "cart"}


def test_a_process_in_a_container_has_its_name_image_and_networks(world: World) -> None:
    inside = world.network("4026532001")
    cart = world.container(
        "shop-cart-1", "shop/cart:7", ["/sbin/tini", "--", "/srv/cart"], pid=20, ports={8080: 18080},
        networks={"shop": ("172.18.0.2", ["cart"])}, user="1000",
    )  # fmt: skip
    world.process(
        20, ["/sbin/tini", "--", "/srv/cart"], CART, network=inside, cgroup=f"/system.slice/docker-{cart}.scope"
    )
    world.process(21, ["/srv/cart"], CART, network=inside, cgroup=f"/system.slice/docker-{cart}.scope", parent=20)

    found = only(world.look()["applications"])

    assert (found["pid"], found["container"], found["image"], found["unit"]) == (21, "shop-cart-1", "shop/cart:7", "")
    assert (found["networks"], found["aliases"]) == (
        {"shop": "172.18.0.2"},
        [cart[:12], "cart", "shop-cart-1"],
    )
    assert found["published"] == [{"host_address": "0.0.0.0", "host_port": 18080, "port": 8080}]
    assert found["log"]["container"] == "shop-cart-1"


@pytest.mark.parametrize(
    "cgroup",
    [
        "/docker/{id}",
        "/system.slice/docker-{id}.scope",
        "/machine.slice/libpod-{id}.scope/container",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{id}.scope/container",
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-{id}.scope",
        "/kubepods/besteffort/pod1-2/{id}",
        "/../{id}",
        "1:name=systemd:/\n2:memory:/docker/{id}\n0::/\n",
    ],
)
def test_the_forms_of_a_containers_control_group(world: World, cgroup: str) -> None:
    cart = world.container("cart", "cart:1", ["/srv/cart"], pid=20)
    world.process(20, ["/srv/cart"], CART, cgroup=cgroup.format(id=cart))

    assert only(world.look()["applications"])["container"] == "cart"


def test_a_container_that_no_engine_tells_is_called_by_its_id(world: World) -> None:
    """As in Kubernetes."""
    world.process(20, ["/srv/cart"], CART, cgroup=f"/kubepods/besteffort/pod1/{'cd' * 32}")

    assert only(world.look()["applications"])["container"] == "cdcdcdcdcdcd"


def test_a_program_with_a_name_of_its_own_is_known_by_its_image(world: World) -> None:
    inside = world.network("4026532001")
    tempo = world.container("backend-1", "grafana/tempo:3.0.3", ["/entrypoint.sh"], pid=30)
    world.process(30, ["sh", "/entrypoint.sh"], network=inside, cgroup=f"/docker/{tempo}")
    world.process(31, ["/backend"], network=inside, cgroup=f"/docker/{tempo}", parent=30)
    world.sockets(Socket(31, "0A", "0.0.0.0:3200"), network=inside)

    found = only(world.look()["tempos"])

    assert (found["name"], found["pid"], found["source"]) == ("backend-1", 30, "container backend-1")
    assert listens(found) == ["0.0.0.0:3200"]


def test_an_image_of_ones_own_is_known_by_the_containers_name(world: World) -> None:
    grafana = world.container("monitoring-grafana-1", "registry.example/dashboards:2", ["/start"], pid=30)
    world.process(30, ["/start"], cgroup=f"/docker/{grafana}")
    postgres = world.container("postgres-for-grafana", "postgres:16", ["docker-entrypoint.sh", "postgres"], pid=40)
    world.process(40, ["postgres"], cgroup=f"/docker/{postgres}")

    found = only(world.look()["grafanas"])

    assert (found["container"], found["source"]) == (
        "monitoring-grafana-1",
        "container monitoring-grafana-1, by its name",
    )


def test_a_stopped_container_is_told_and_does_not_run(world: World) -> None:
    world.container("cart", "cart:1", ["python3", "app.py"], env=["OTEL_SERVICE_NAME=cart"])
    world.container("tempo", "grafana/tempo:3", ["/tempo"])
    world.container("db", "postgres:16", ["docker-entrypoint.sh", "postgres"], env=["OTEL_SERVICE_NAME=cart"])

    found = world.look()

    app, tempo = only(found["applications"]), only(found["tempos"])
    assert (app["running"], app["pid"], app["service"], app["source"]) == (False, 0, "cart", "container cart")
    assert app["service_source"] == "OTEL_SERVICE_NAME of container cart"
    assert (tempo["running"], tempo["url"]) == (False, "")
    assert found["unseen"] == []


def test_a_command_within_a_shells_script(world: World) -> None:
    world.container("one", "own:1", ["/bin/sh", "-c", "cd /srv && exec /tempo -config.file=/etc/tempo.yaml"])
    world.container("two", "own:1", ["sh", "-c", "otelcol --config /etc/otel.yaml;"])

    found = world.look()

    assert only(found["tempos"])["command"] == "/tempo -config.file=/etc/tempo.yaml"
    assert only(found["collectors"])["command"] == "otelcol --config /etc/otel.yaml"


def test_programs_of_a_container_that_is_like_a_host_have_names_of_their_own(world: World) -> None:
    host = world.container("app01", "debian", ["/sbin/init"], pid=20)
    world.process(20, ["/sbin/init"], cgroup=f"/docker/{host}/init.scope")
    world.process(21, ["/usr/bin/otelcol"], cgroup=f"/docker/{host}/system.slice/otelcol.service", parent=20)
    world.process(22, ["/usr/bin/tempo"], cgroup=f"/docker/{host}/system.slice/tempo.service", parent=20)

    found = world.look()

    assert (only(found["collectors"])["name"], only(found["tempos"])["name"]) == ("otelcol", "tempo")
    assert only(found["tempos"])["container"] == "app01"


def test_a_running_container_whose_processes_cannot_be_seen(world: World) -> None:
    """As a user in the group docker sees it: /proc/PID/environ of others is closed."""
    world.container(
        "cart", "cart:1", ["python3", "app.py"], pid=99, env=["OTEL_SERVICE_NAME=cart"],
        networks={"shop": ("172.18.0.2", [])},
    )  # fmt: skip
    world.container("tempo", "grafana/tempo:3", ["/tempo"], pid=98, ports={3200: 13200})

    found = world.look()

    app, tempo = only(found["applications"]), only(found["tempos"])
    assert (app["running"], app["service"], app["own_network"], app["listens"]) == (True, "cart", True, [])
    assert app["pid"] == 0, "99 is the number that the engine has for it"
    assert tempo["url"] == "http://localhost:13200"
    assert "the processes of 2 containers cannot be seen: only the engine tells of them" in found["unseen"]


def test_a_container_whose_processes_have_no_tracing_settings_is_no_application(world: World) -> None:
    """Its entry point took them away, or it runs something else."""
    cart = world.container("cart", "cart:1", ["env", "-i", "/srv/cart"], pid=20, env=["OTEL_SERVICE_NAME=cart"])
    world.process(20, ["/srv/cart"], {}, cgroup=f"/docker/{cart}")

    assert world.look()["applications"] == []


def test_a_container_in_another_ones_network_has_its_ports(world: World) -> None:
    first = world.container("pod", "pause", ["/pause"], running=True, ports={3200: 13200})
    world.container("tempo", "grafana/tempo:3", ["/tempo"], running=True, mode=f"container:{first}", networks={})

    assert only(world.look()["tempos"])["url"] == "http://localhost:13200"


def test_a_container_in_the_hosts_network(world: World) -> None:
    world.container("tempo", "grafana/tempo:3", ["/tempo"], running=True, mode="host", networks={})

    found = only(world.look()["tempos"])

    assert (found["own_network"], found["url"]) == (False, "http://localhost:3200")


@pytest.mark.parametrize("product", ["docker-20.10.24", "podman-4.3.1"])
def test_recorded_containers(world: World, product: str) -> None:
    exchanges = recorded(product)
    with engine(exchanges) as server:
        found, unseen = engines.containers(server.url, time.monotonic() + 5)

    assert unseen == []
    assert found
    assert all(each.id and each.name and each.words for each in found)
    assert all(request.startswith("GET ") for request in server.asked)


# --- engines that do not answer as they should


def asked(answer: bytes | None) -> list[str]:
    """What is said of an engine that answers with these bytes, or not at all."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if answer is None:
                time.sleep(0.5)
            self.wfile.write(answer or b"")

        def address_string(self) -> str:
            return "unix"

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serve(Handler) as url:
        found, unseen = engines.containers(url, time.monotonic() + (0.1 if answer is None else 10))
    assert found == []
    return [sentence.replace(url[7:], "SOCKET") for sentence in unseen]


def spoken(status: str, body: bytes = b"[]") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "the engine at SOCKET did not answer in time"),
        (b"", "the engine at SOCKET does not answer as an engine does"),
        (b"SSH-2.0-OpenSSH\r\n", "the engine at SOCKET does not answer as an engine does"),
        (spoken("403 Forbidden"), "the engine at SOCKET answers with status 403; become root or join its group"),
        (spoken("500 Oops"), "the engine at SOCKET answers with status 500"),
        (spoken("200 OK", b"<html>"), "the engine at SOCKET gives answers that are not JSON"),
        (spoken("200 OK", b"[" * 100_000), "the engine at SOCKET gives answers that are not JSON"),
    ],
)
def test_an_engine_that_does_not_answer_as_it_should(world: World, answer: bytes | None, said: str) -> None:
    assert asked(answer) == [said]


@pytest.mark.parametrize("answer", [b"{}", b"null", b"[null, 5]", b'[{"Id": null}]'])
def test_an_answer_of_another_form_is_no_container(world: World, answer: bytes) -> None:
    assert asked(spoken("200 OK", answer)) in ([], ["the engine at SOCKET does not answer as an engine does"])


@pytest.mark.parametrize(
    ("path", "value"),
    [("State", 5), ("Config", "x"), ("NetworkSettings", "x"), ("Mounts", 7), ("Args", 5), ("HostConfig", "x")],
)
def test_a_container_of_another_form_is_said(world: World, path: str, value: object) -> None:
    exchanges = recorded()
    name = next(
        each["json"]["Name"][1:]
        for each in exchanges.values()
        if isinstance(each.get("json"), dict) and each["json"].get("Name")
    )
    inspection(exchanges, name)[path] = value
    with engine(exchanges) as server:
        _found, unseen = engines.containers(server.url, time.monotonic() + 5)

    assert unseen == [f"what the engine says of container {name} is not of the API's form"]


def test_the_sockets_of_all_engines_are_found_once(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with engine({}) as system, engine({}) as mine:
        (tmp_path / "run/user/1000/podman").mkdir(parents=True)
        (tmp_path / "run/user/1000/podman/podman.sock").symlink_to(mine.url[7:])
        (tmp_path / "run/user/1000/docker.sock").write_text("no socket")
        monkeypatch.setattr(engine_socket, "SYSTEM_SOCKETS", (system.url[7:], str(tmp_path / "gone")))

        found = engine_socket.found_sockets(system.url)

    assert found == [system.url[7:], str(tmp_path / "run/user/1000/podman/podman.sock")]


def test_an_engine_that_does_not_run(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its socket is left behind."""
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    monkeypatch.setattr(engine_socket, "SYSTEM_SOCKETS", ("left.sock",))
    with socket.socket(socket.AF_UNIX) as left:
        left.bind("left.sock")

    assert world.look()["unseen"] == ["the engine at left.sock does not run"]


def test_an_engine_elsewhere_is_not_asked(world: World) -> None:
    assert world.look(docker_host="tcp://192.0.2.9:2376")["unseen"] == [
        "the containers of an engine elsewhere are not looked at"
    ]


def test_many_containers_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "MAX_CONTAINERS", 3)
    for number in range(5):
        world.container(f"tempo-{number}", "grafana/tempo:3", ["/tempo"], running=number == 4)

    found = world.look()

    assert len(found["tempos"]) == 3
    assert found["tempos"][0]["name"] == "tempo-4", "those that run come first"
    assert "2 of 5 containers are not looked at" in found["unseen"]
    assert json.dumps(found)
