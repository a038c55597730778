"""Name and connection: each cause that the way to an endpoint can have, provoked on loopback."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.servers import closed_port, tcp_server


def test_a_name_that_does_not_resolve() -> None:
    seen = ask("http://no-such-host.invalid:4318", timeout=10.0)
    assert seen["cause"] == "dns_failure"
    assert seen["message"].startswith("the name 'no-such-host.invalid' does not resolve on this host")
    assert seen["phases"]["dns"]["ok"] is False
    assert seen["phases"]["tcp"] == {"ok": None, "ms": 0.0, "cause": "not_run"}


def test_a_resolver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: released.wait(30) and [])
    seen = ask("http://tempo:4318", timeout=0.3)
    released.set()
    assert seen["cause"] == "dns_failure"
    assert seen["message"] == "the name 'tempo' was not resolved within 0.3 s"


def test_a_port_on_which_nothing_listens() -> None:
    port = closed_port()
    seen = ask(f"http://127.0.0.1:{port}")
    assert seen["cause"] == "connection_refused"
    assert seen["message"] == f"nothing listens at 127.0.0.1:{port}: the connection is refused"
    assert seen["phases"]["dns"]["addresses"] == [f"127.0.0.1:{port}"]
    assert seen["phases"]["tcp"]["tried"] == [{"address": f"127.0.0.1:{port}", "cause": "connection_refused"}]
    assert seen["phases"]["tcp"]["port"] == port
    assert seen["detected"] == ""


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose queue of connections is full, so that the kernel drops whoever comes next."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _unused in range(3):
            sock = waiting.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_packets_that_are_dropped() -> None:
    with full_backlog() as port:
        seen = ask(f"http://127.0.0.1:{port}", timeout=0.5)
    assert seen["cause"] == "connection_timeout"
    assert seen["message"] == f"no connection to 127.0.0.1:{port} within 0.5 s: packets are dropped on the way"


def test_a_host_without_a_route() -> None:
    # TCP to a multicast address fails in the kernel, whatever routes this machine has.
    seen = ask("http://224.0.0.1:4318")
    assert seen["cause"] == "no_route"
    assert seen["message"] == "there is no route from this host to 224.0.0.1:4318"


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("protocol", ["auto", "grpc", "http/protobuf"])
@pytest.mark.parametrize("hang_up", [reset, socket.socket.close], ids=["reset", "close"])
def test_a_connection_that_is_closed_at_once(protocol: str, hang_up: object) -> None:
    with tcp_server(hang_up) as port:  # type: ignore[arg-type]
        seen = ask(f"http://127.0.0.1:{port}", protocol=protocol)
    assert seen["cause"] == "connection_reset"
    assert seen["message"] == f"127.0.0.1:{port} takes the connection and closes it without an answer"
    assert seen["detected"] == "closed"
    assert seen["phases"]["tcp"]["ok"] is True


def test_the_second_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def two_addresses(_host: str, port: int, **_named: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    with tcp_server(socket.socket.close) as port:
        tcp = ask(f"http://localhost:{port}")["phases"]["tcp"]
    assert [one["cause"] for one in tcp["tried"]] == ["connection_refused", "ok"]
    assert tcp["address"] == f"127.0.0.1:{port}"


def test_of_several_failed_addresses_the_one_that_says_most_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def two_addresses(_host: str, port: int, **_named: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("224.0.0.1", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    seen = ask(f"http://tempo:{closed_port()}")
    assert seen["cause"] == "connection_refused"
    assert [one["cause"] for one in seen["phases"]["tcp"]["tried"]] == ["no_route", "connection_refused"]


def test_an_address_of_version_6() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        require(False, "IPv6 on loopback")
        raise
    with listener:
        port = listener.getsockname()[1]
        listener.close()
        seen = ask(f"http://[::1]:{port}")
    assert seen["cause"] == "connection_refused"
    assert seen["message"] == f"nothing listens at [::1]:{port}: the connection is refused"
    assert seen["endpoint"] == f"http://[::1]:{port}/v1/traces"
