"""The configuration files of programs, as these see them, and the URLs that follow from them."""

from __future__ import annotations

import http.server
import os
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._otel import program_files
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import urls
from ansible_collections.traceops.tracing.tests.unit.discover.world import Socket, World, only

COLLECTOR = """receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
exporters:
  otlp:
    endpoint: tempo:4317
    tls:
      insecure: true
service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlp]
"""
TEMPO = "server:\n  http_listen_port: {port}\n"


def test_the_configuration_of_a_collector(world: World) -> None:
    world.file("/etc/otelcol/config.yaml", COLLECTOR)
    world.process(20, ["/usr/bin/otelcol", "--config=/etc/otelcol/config.yaml"])

    found = only(world.look()["collectors"])

    assert found["files"] == ["/etc/otelcol/config.yaml"]
    assert only(found["configuration"]["exporters"])["endpoint"] == "tempo:4317"
    assert only(found["configuration"]["exporters"])["source"] == "/etc/otelcol/config.yaml:8"


def test_a_relative_path_begins_where_the_process_is(world: World) -> None:
    world.file("/srv/otel/config.yaml", COLLECTOR)
    world.process(20, ["/usr/bin/otelcol", "--config", "config.yaml"], cwd="/srv/otel")

    assert only(only(world.look()["collectors"])["configuration"]["receivers"])["port"] == 4317


def test_a_container_has_files_of_its_own(world: World) -> None:
    root = world.directory / "container"
    (root / "etc").mkdir(parents=True)
    (root / "etc/tempo.yaml").write_text(TEMPO.format(port=3299))
    world.file("/etc/tempo.yaml", TEMPO.format(port=1))
    inside = world.network("4026532001", "172.18.0.2")
    tempo = world.container(
        "tempo", "grafana/tempo:3", ["/tempo"], pid=20, networks={"shop": ("172.18.0.2", [])}, ports={3299: 13299}
    )
    world.process(20, ["/tempo", "-config.file=/etc/tempo.yaml"], root=root, network=inside, cgroup=f"/docker/{tempo}")

    found = only(world.look()["tempos"])

    assert (found["configuration"]["port"], found["url"]) == (3299, "http://localhost:13299")


def test_a_stopped_container_has_the_files_that_this_host_gives_it(world: World) -> None:
    here = world.directory / "tempo.yaml"
    here.write_text(TEMPO.format(port=3299))
    world.container(
        "tempo", "grafana/tempo:3", ["/tempo", "-config.file=/etc/tempo.yaml"], mounts={"/etc/tempo.yaml": str(here)}
    )

    assert only(world.look()["tempos"])["configuration"]["port"] == 3299


def test_a_readers_failure_costs_its_own_program_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = threading.Event()
    monkeypatch.setattr(program_files, "tempo", lambda *_all: asleep.wait(30) and ([], {}))
    world.process(20, ["/usr/bin/tempo"])
    world.process(30, ["/srv/cart"], {"OTEL_SERVICE_NAME": "cart"})

    found = world.look(timeout=1.0)

    asleep.set()
    assert only(found["tempos"])["configuration"] == {
        "unread": ["the configuration of /proc/20 could not be read in time"]
    }
    assert found["unseen"] == ["the configuration of /proc/20 could not be read in time"]
    assert only(found["applications"])["name"] == "cart"


# --- reading as a process sees it


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root file system beside a secret of this host."""
    (tmp_path / "secret").write_text("secret of the host")
    found = tmp_path / "root"
    (found / "etc/conf.d").mkdir(parents=True)
    (found / "etc/plain.yaml").write_text("plain")
    (found / "etc/link.yaml").symlink_to("plain.yaml")
    (found / "etc/absolute.yaml").symlink_to("/etc/plain.yaml")
    (found / "config").symlink_to("/etc")
    (found / "etc/up.yaml").symlink_to("../../../../etc/plain.yaml")
    (found / "etc/out.yaml").symlink_to("../../secret")
    (found / "etc/out-absolute.yaml").symlink_to(str(tmp_path / "secret"))
    (found / "etc/around").symlink_to("around")
    os.mkfifo(found / "etc/fifo")
    (found / "etc/big.yaml").write_text("x" * (2 * proc.MAX_FILE))
    (found / "etc/binary").write_bytes(b"\xff\xfe\x00a")
    return found


@pytest.mark.parametrize(
    "path",
    ["/etc/plain.yaml", "/etc/link.yaml", "/etc/absolute.yaml", "/config/plain.yaml", "/etc/up.yaml",
     "//etc/./plain.yaml", "/etc/conf.d/../plain.yaml"],
)  # fmt: skip
def test_a_file_that_is_there(root: Path, path: str) -> None:
    assert proc.file_under(str(root), path) == "plain"


@pytest.mark.parametrize(
    "path",
    ["/etc/out.yaml", "/etc/out-absolute.yaml", "/../secret", "/etc/around", "/etc/fifo", "/etc", "/", "", "/etc/none",
     "/etc/plain.yaml/x", "/a\0b", "/" + "x" * 5000],
)  # fmt: skip
def test_what_is_no_file_of_it(root: Path, path: str) -> None:
    assert proc.file_under(str(root), path) is None


def test_devices_are_not_read(tmp_path: Path) -> None:
    assert proc.file_under("/", "/dev/zero") is None


def test_a_big_file_is_cut_and_a_binary_one_is_text(root: Path) -> None:
    assert proc.file_under(str(root), "/etc/big.yaml") == "x" * proc.MAX_FILE
    assert proc.file_under(str(root), "/etc/binary") == "\ufffd\ufffd\0a"


def test_the_names_in_a_folder(root: Path) -> None:
    (root / "etc/conf.d/b.yaml").write_text("")
    (root / "etc/conf.d/a.yaml").write_text("")
    assert proc.names_under(str(root), "/config/conf.d") == ["a.yaml", "b.yaml"]
    assert proc.names_under(str(root), "/etc/plain.yaml") == proc.names_under(str(root), "/none") == []


# --- URLs


@pytest.fixture
def answering() -> Iterator[socketserver.TCPServer]:
    """A server that answers as both Tempo and Grafana, on a port of its own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = {"/api/echo": b"echo", "/api/health": b'{"database": "ok", "version": "13.1.0"}'}.get(self.path, b"")
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("at", "url"),
    [
        ("0.0.0.0:13200", "http://localhost:13200/tempo"),
        ("127.0.0.1:13200", "http://localhost:13200/tempo"),
        ("192.0.2.2:13200", "http://192.0.2.2:13200/tempo"),
        ("[::]:13200", "http://localhost:13200/tempo"),
        ("[fd00::2]:13200", "http://[fd00::2]:13200/tempo"),
    ],
)
def test_the_url_of_a_program_of_this_host(world: World, at: str, url: str) -> None:
    world.file("/etc/tempo.yaml", TEMPO.format(port=13200) + "http_api_prefix: /tempo\n")
    world.process(20, ["/usr/bin/tempo", "-config.file=/etc/tempo.yaml"])
    world.sockets(Socket(20, "0A", at))

    assert only(world.look()["tempos"])["url"] == url


def test_what_listens_elsewhere_than_its_files_say_is_asked(world: World, answering: socketserver.TCPServer) -> None:
    """A file that was changed after the start, or that cannot be read."""
    port = answering.server_address[1]
    world.process(20, ["/usr/bin/tempo"])
    world.sockets(Socket(20, "0A", f"127.0.0.1:{port}"), Socket(20, "0A", "127.0.0.1:1"))

    assert only(world.look()["tempos"])["url"] == f"http://localhost:{port}"


def test_what_answers_on_the_usual_port_is_found_without_its_process(
    world: World, answering: socketserver.TCPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a user who cannot see whose socket it is."""
    port = answering.server_address[1]
    monkeypatch.setattr(urls, "USUAL", {"tempo": port, "grafana": port})
    world.sockets(Socket(0, "0A", f"127.0.0.1:{port}"))

    found = world.look()

    tempo, grafana = only(found["tempos"]), only(found["grafanas"])
    assert (tempo["url"], tempo["running"], tempo["pid"]) == (f"http://localhost:{port}", True, 0)
    assert tempo["source"] == f"what answers at http://localhost:{port}/api/echo"
    assert grafana["source"] == f"what answers at http://localhost:{port}/api/health"


def test_a_known_program_on_the_usual_port_is_not_asked(
    world: World, answering: socketserver.TCPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = answering.server_address[1]
    monkeypatch.setattr(urls, "USUAL", {"grafana": port})
    world.process(20, ["node", "app.js"], {"OTEL_SERVICE_NAME": "cart"})
    world.sockets(Socket(20, "0A", f"0.0.0.0:{port}"))

    assert world.look()["grafanas"] == []


@pytest.mark.parametrize("kind", ["tempo", "grafana"])
def test_what_answers_otherwise_is_neither(answering: socketserver.TCPServer, kind: str) -> None:
    port = answering.server_address[1]
    assert urls.answers(kind, "127.0.0.1", port, "", False, float("inf"))
    assert not urls.answers(kind, "127.0.0.1", port, "/other", False, float("inf"))
    assert not urls.answers(kind, "127.0.0.1", port, "\r\nX: y", False, float("inf"))
    assert not urls.answers(kind, "127.0.0.1", port, "", True, float("inf"))
    assert not urls.answers(kind, "127.0.0.1", 1, "", False, float("inf"))
    assert not urls.answers(kind, "127.0.0.1", port, "", False, 0.0)
