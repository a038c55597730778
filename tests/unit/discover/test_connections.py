"""Who listens where, and who talks to whom, by the sockets of each network."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.tests.unit.discover.world import (
    HOST,
    Socket,
    World,
    connections,
    listens,
    only,
)

CART = {"OTEL_SERVICE_NAME": "cart"}
LISTEN, ESTABLISHED, SYN_SENT = "0A", "01", "02"


def test_an_application_that_is_connected_to_the_collector_beside_it(world: World) -> None:
    world.process(20, ["/srv/cart"], CART)
    world.process(30, ["/usr/bin/otelcol"])
    world.sockets(
        Socket(30, LISTEN, "127.0.0.1:4317"),
        Socket(30, LISTEN, "[::]:4318"),
        Socket(20, ESTABLISHED, "127.0.0.1:40000", "127.0.0.1:4317"),
        Socket(30, ESTABLISHED, "127.0.0.1:4317", "127.0.0.1:40000"),
        Socket(20, ESTABLISHED, "192.0.2.2:40001", "192.0.2.9:5432"),
    )

    found = world.look()

    assert connections(only(found["applications"])) == ["127.0.0.1:4317 established 30"]
    assert listens(only(found["collectors"])) == ["127.0.0.1:4317", ":::4318"]
    assert only(found["collectors"])["connections"] == [], "it did not open what came in"


def test_an_application_that_tries_in_vain(world: World) -> None:
    world.process(20, ["/srv/cart"], {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://192.0.2.77:14318"})
    world.sockets(Socket(20, SYN_SENT, "192.0.2.2:40000", "192.0.2.77:14318"))

    assert connections(only(world.look()["applications"])) == ["192.0.2.77:14318 trying"]


def test_ipv4_through_a_socket_of_ipv6(world: World) -> None:
    """As Java connects."""
    world.process(20, ["/srv/cart"], CART)
    world.sockets(Socket(20, ESTABLISHED, "[::ffff:192.0.2.2]:40000", "[::ffff:192.0.2.5]:4317"))

    assert connections(only(world.look()["applications"])) == ["192.0.2.5:4317 established"]


def test_what_is_open_in_a_forked_worker_is_the_applications(world: World) -> None:
    world.process(20, ["/srv/cart"], CART)
    world.process(21, ["/srv/cart"], CART, parent=20)
    world.sockets(Socket(21, ESTABLISHED, "192.0.2.2:40000", "192.0.2.5:4317"))

    assert connections(only(world.look()["applications"])) == ["192.0.2.5:4317 established"]


def test_a_port_is_of_interest_when_a_found_program_listens_there(world: World) -> None:
    world.process(20, ["/usr/bin/otelcol"])
    world.process(30, ["/usr/bin/tempo"])
    world.sockets(
        Socket(30, LISTEN, "0.0.0.0:14317"),
        Socket(20, ESTABLISHED, "127.0.0.1:40000", "127.0.0.1:14317"),
        Socket(20, ESTABLISHED, "192.0.2.2:40001", "192.0.2.2:14317"),
    )

    assert connections(only(world.look()["collectors"])) == [
        "127.0.0.1:14317 established 30",
        "192.0.2.2:14317 established 30",
    ]


def test_a_container_reaches_another_ones_address(world: World) -> None:
    inside, other = world.network("4026532001", "172.18.0.2"), world.network("4026532002", "172.18.0.3")
    cart = world.container("cart", "cart:1", ["/srv/cart"], pid=20, networks={"shop": ("172.18.0.2", ["cart"])})
    tempo = world.container("tempo", "grafana/tempo:3", ["/tempo"], pid=30, networks={"shop": ("172.18.0.3", [])})
    world.process(20, ["/srv/cart"], CART, network=inside, cgroup=f"/docker/{cart}")
    world.process(30, ["/tempo"], network=other, cgroup=f"/docker/{tempo}")
    world.sockets(Socket(20, ESTABLISHED, "172.18.0.2:40000", "172.18.0.3:4317"), network=inside)
    world.sockets(Socket(30, LISTEN, "[::]:4317"), Socket(30, LISTEN, "[::]:3200"), network=other)

    found = world.look()

    app = only(found["applications"])
    assert connections(app) == ["172.18.0.3:4317 established 30"]
    assert (app["namespace"], app["own_network"], found["namespace"]) == (inside, True, HOST)
    assert only(found["tempos"])["url"] == "http://172.18.0.3:3200"


def test_a_port_that_the_engine_passes_on_is_the_containers(world: World) -> None:
    inside = world.network("4026532001", "172.18.0.2")
    otel = world.container(
        "otel", "otel/opentelemetry-collector:1", ["/otelcol"], pid=30, ports={4317: 14317},
        networks={"shop": ("172.18.0.2", [])},
    )  # fmt: skip
    world.process(20, ["/srv/cart"], CART)
    world.process(30, ["/otelcol"], network=inside, cgroup=f"/docker/{otel}")
    world.process(40, ["/usr/bin/docker-proxy", "-host-port", "14317"])
    world.sockets(Socket(40, LISTEN, "0.0.0.0:14317"), Socket(20, ESTABLISHED, "127.0.0.1:40000", "127.0.0.1:14317"))
    world.sockets(Socket(30, LISTEN, "0.0.0.0:4317"), network=inside)

    found = world.look()

    assert connections(only(found["applications"])) == ["127.0.0.1:14317 established 30"]
    assert only(found["collectors"])["published"] == [{"host_address": "0.0.0.0", "host_port": 14317, "port": 4317}]


def test_an_application_that_is_set_up_in_its_code_is_told_by_its_connection(world: World) -> None:
    world.process(20, ["python3", "/srv/cart.py"])
    world.process(21, ["curl", "http://192.0.2.5:4318/v1/traces"])
    world.process(22, ["/srv/other"])
    world.sockets(
        Socket(20, SYN_SENT, "192.0.2.2:40000", "192.0.2.5:4318"),
        Socket(21, ESTABLISHED, "192.0.2.2:40001", "192.0.2.5:4318"),
        Socket(22, ESTABLISHED, "192.0.2.2:40002", "192.0.2.5:443"),
    )

    app = only(world.look()["applications"])

    assert (app["pid"], app["tells"]) == (20, ["a connection to port 4318"])
    assert (app["endpoint"], app["endpoint_source"]) == ("http://192.0.2.5:4318", "the connection of /proc/20")
    assert (app["service"], app["protocol"], connections(app)) == ("", "", ["192.0.2.5:4318 trying"])


def test_it_is_told_in_every_network(world: World) -> None:
    """As in a pod of Kubernetes, where no engine tells which containers there are."""
    inside = world.network("4026532001", "10.42.0.7")
    world.process(20, ["/srv/cart"], network=inside, cgroup=f"/kubepods/besteffort/pod1/{'cd' * 32}")
    world.sockets(Socket(20, ESTABLISHED, "10.42.0.7:40000", "10.43.0.9:4317"), network=inside)

    app = only(world.look()["applications"])

    assert (app["container"], app["endpoint"], app["own_network"]) == ("cdcdcdcdcdcd", "http://10.43.0.9:4317", True)


def test_all_listening_sockets_are_told_with_their_programs(world: World) -> None:
    world.process(20, ["python3", "/srv/shop/http.py"])
    world.process(21, ["nginx: master process /usr/sbin/nginx"])
    world.sockets(
        Socket(20, LISTEN, "0.0.0.0:8080"), Socket(21, LISTEN, "[::1]:4318"), Socket(0, LISTEN, "127.0.0.1:4317")
    )

    found = world.look()

    assert [(each["address"], each["port"], each["pid"], each["program"]) for each in found["listeners"]] == [
        ("127.0.0.1", 4317, 0, ""),
        ("::1", 4318, 21, "nginx"),
        ("0.0.0.0", 8080, 20, "http.py"),
    ]
    assert found["addresses"] == ["192.0.2.2"]
    assert found["applications"] == []


def test_many_connections_are_bounded(world: World) -> None:
    world.process(20, ["/srv/cart"], CART)
    world.sockets(*(Socket(20, ESTABLISHED, "192.0.2.2:40000", f"198.51.100.{i}:4317") for i in range(1, 60)))

    assert len(only(world.look()["applications"])["connections"]) == 30


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   0: 0100007F:10DD",
        "   0: ZZ00007F:10DD 00000000:0000 0A 0 0 0 0 0 1 1",
        "   0: 0100007F:10DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 x 1",
        "   0: 01:10DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7 1",
        "\0" * 200,
    ],
)
def test_lines_of_sockets_that_are_no_lines(world: World, line: str) -> None:
    (world.directory / "net" / HOST / "tcp").write_text(f"  sl  local_address\n{line}\n")

    assert proc.sockets("self") == []


# --- what the names of endpoints mean


def resolved(world: World, endpoint: str, **more: object) -> list[str]:
    world.process(20, ["/srv/cart"], {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, **more)  # type: ignore[arg-type]
    answer: list[str] = only(world.look()["applications"])["resolved"]
    return answer


def test_an_endpoint_in_the_hosts_file(world: World) -> None:
    world.file("/etc/hosts", "127.0.0.1 localhost\n192.0.2.7\tOtel.example otel # the collector\n")

    assert resolved(world, "http://otel:4318") == ["192.0.2.7"]


def test_an_endpoint_that_is_an_address(world: World) -> None:
    assert resolved(world, "http://[fd00::7]:4318") == ["fd00::7"]


def test_localhost_without_a_hosts_file(world: World) -> None:
    assert resolved(world, "localhost:4317") == ["127.0.0.1"]


def test_an_endpoint_that_the_resolver_knows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [
        (2, 1, 6, "", ("192.0.2.8", 0)),
        (2, 1, 6, "", ("192.0.2.8", 0)),
        (10, 1, 6, "", ("fd00::8%eth0", 0, 0, 0)),
    ]
    monkeypatch.setattr("socket.getaddrinfo", lambda host, *_rest, **_more: answer if host == "otel.example" else [])

    assert resolved(world, "https://otel.example/v1/traces") == ["192.0.2.8", "fd00::8"]


def test_a_container_reaches_others_by_their_aliases(world: World) -> None:
    inside = world.network("4026532001")
    cart = world.container("cart", "cart:1", ["/srv/cart"], pid=20, networks={"shop": ("172.18.0.2", [])})
    world.container("other", "x", ["/x"], running=True, networks={"else": ("172.19.0.9", ["otel"])})
    world.container("mine", "x", ["/x"], running=True, networks={"shop": ("172.18.0.9", ["otel"])})
    world.container("gone", "x", ["/x"], networks={"shop": ("172.18.0.8", ["otel"])})

    assert resolved(world, "http://otel:4318", network=inside, cgroup=f"/docker/{cart}") == ["172.18.0.9"]


def test_what_only_the_hosts_own_file_knows_is_nothing_to_a_container(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_all, **_more: [(2, 1, 6, "", ("192.0.2.7", 0))])
    inside = world.network("4026532001")
    root = world.directory / "container"
    (root / "etc").mkdir(parents=True)
    (root / "etc/hosts").write_text("172.18.0.2 cart\n")
    monkeypatch.setattr(proc, "file_under", lambda root, path: "192.0.2.7 otel\n" if root == "/" else "172.18.0.2 cart")

    assert resolved(world, "http://otel:4318", network=inside, root=root) == []


def test_a_resolver_that_does_not_answer_costs_the_rest_of_the_time_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    asleep = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_all, **_more: asleep.wait(30) and [])
    world.process(20, ["/srv/cart"], {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"})

    found = world.look(timeout=1.0)

    asleep.set()
    assert only(found["applications"])["resolved"] == []
