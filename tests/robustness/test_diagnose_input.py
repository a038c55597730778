"""Wrong input to the playbook ends in one sentence that names the option or the URL: no traceback, no hang."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.tests.integration.playbook import Run, run_playbook
from ansible_collections.traceops.tracing.tests.servers import closed_port, http_answer, tcp_server

GARBAGE = b"\x00\xff{" * (10 * 1024 * 1024 // 3)


@pytest.fixture
def nothing() -> dict[str, Any]:
    """Variables that point everywhere at a port where nothing listens."""
    dead = f"http://127.0.0.1:{closed_port()}"
    return {
        "diagnose_otlp_endpoint": dead,
        "diagnose_tempo_url": dead,
        "diagnose_grafana_url": dead,
        "diagnose_containers": [],
        "diagnose_timeout": 3,
    }


def sentences(run: Run) -> list[str]:
    """The titles and reasons of the report's findings."""
    assert run.report is not None, run.output
    return [f"{finding['title']} {finding['reason']}" for finding in run.report["findings"]]


def refused(run: Run, *words: str) -> None:
    """The play failed before it did anything, and one line of its error has all `words`."""
    assert run.code != 0
    assert "Traceback" not in run.output
    assert run.report is None
    assert any(all(word in line for word in words) for line in run.output.splitlines()), run.output


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("diagnose_otlp_protocol", "thrift", ("diagnose_otlp_protocol", "thrift", "http/protobuf")),
        ("diagnose_fail_on", "sometimes", ("diagnose_fail_on", "sometimes", "critical")),
        ("diagnose_timeout", "soon", ("diagnose_timeout", "float")),
        ("diagnose_timeout", "nan", ("diagnose_timeout", "nan", "3600 seconds")),
        ("diagnose_timeout", 0, ("diagnose_timeout", "more than 0")),
        ("diagnose_canaries", 0, ("diagnose_canaries", "between 1 and 100000")),
        ("diagnose_process", {"nmae": "velo-sql"}, ("nmae",)),
        ("diagnose_process", "unit=shop.service", ("diagnose_process", "no dictionary", "NAME.service")),
        ("diagnose_process", {"name": "velo-sql", "unit": "velo.service"}, ("diagnose_process", "name and unit")),
        ("diagnose_otlp_headers", "Authorization=x", ("diagnose_otlp_headers", "no dictionary", "Bearer TOKEN")),
        ("diagnose_client_key", "/etc/key.pem", ("diagnose_client_key", "diagnose_client_cert")),
        ("diagnose_tempo_url", "tempo:3200", ("diagnose_tempo_url", "'tempo:3200'", "http://HOST:PORT")),
        ("diagnose_tempo_url", "http://tempo:99999", ("diagnose_tempo_url", "http://tempo:99999")),
        ("diagnose_tempo_url", "http://tempo:0", ("diagnose_tempo_url", "http://tempo:0")),
        ("diagnose_tempo_url", "http://tempo:3200\n", ("diagnose_tempo_url", "http://tempo:3200")),
        ("diagnose_grafana_url", "http://grafana:65536", ("diagnose_grafana_url", "http://grafana:65536")),
        ("diagnose_grafana_url", "http://gra fana", ("diagnose_grafana_url", "http://HOST:PORT")),
        ("diagnose_grafana_url", "", ("diagnose_grafana_url", "http://HOST:PORT")),
        ("diagnose_grafana_url", "http://u:hunter2@h:3000", ("diagnose_grafana_url", "'http://********@h:3000'")),
        ("diagnose_otlp_endpoint", "u:hunter2/@h:4318", ("diagnose_otlp_endpoint", "'********@h:4318'")),
        ("diagnose_grafana_token", "hunter2\n", ("diagnose_grafana_token", "line break")),
        ("diagnose_otlp_endpoint", "http//tempo", ("diagnose_otlp_endpoint", "http//tempo")),
        ("diagnose_otlp_endpoint", "ftp://tempo:4318", ("diagnose_otlp_endpoint", "ftp://tempo:4318")),
        ("diagnose_tenant", "../x y", ("tenant", "../x y")),
        ("diagnose_check_dirs", ["/nonexistent/checks"], ("check_dirs", "/nonexistent/checks")),
        ("diagnose_report_dir", "/proc/nope", ("report_dir", "/proc/nope")),
        ("diagnose_log_profiles", ["velostraem"], ("velostraem", "velostream")),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(
    variable: str, value: object, words: tuple[str, ...], nothing: dict[str, Any], tmp_path: Path
) -> None:
    logs = {"diagnose_log_paths": [str(tmp_path / "app.log")]} if variable == "diagnose_log_profiles" else {}
    run = run_playbook("diagnose", tmp_path, {**nothing, **logs, variable: value})
    refused(run, *words)
    assert "hunter2" not in run.output


def test_a_log_that_is_a_directory_is_named(nothing: dict[str, Any], tmp_path: Path) -> None:
    run = run_playbook("diagnose", tmp_path, {**nothing, "diagnose_log_paths": [str(tmp_path)]})
    assert "app.log.unreadable" in run.findings("warning", "failed")
    assert any(str(tmp_path) in sentence and "directory" in sentence for sentence in sentences(run))


def test_a_log_that_does_not_exist_is_named(nothing: dict[str, Any], tmp_path: Path) -> None:
    run = run_playbook("diagnose", tmp_path, {**nothing, "diagnose_log_paths": [str(tmp_path / "nope.log")]})
    assert any("nope.log" in sentence for sentence in sentences(run))


def test_a_log_that_can_not_be_opened_is_named(nothing: dict[str, Any], tmp_path: Path) -> None:
    loop = tmp_path / "loop.log"  # a link to itself: unreadable for root, too
    loop.symlink_to(loop)
    run = run_playbook("diagnose", tmp_path, {**nothing, "diagnose_log_paths": [str(loop)]})
    assert "app.log.unreadable" in run.findings("warning", "failed")
    assert any("loop.log" in sentence for sentence in sentences(run))


def reset(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def garbage(content_type: str) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        with contextlib.suppress(OSError):
            connection.sendall(http_answer(200, GARBAGE, content_type))

    return handle


def not_json(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(http_answer(200, b"<html>\x1b[31mWelcome</html>", "text/html"))


@pytest.fixture(params=[not_json, reset, garbage("application/json")], ids=["not JSON", "reset", "10 MB of garbage"])
def odd_server(request: pytest.FixtureRequest) -> Iterator[str]:
    with tcp_server(request.param) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("variable", ["diagnose_tempo_url", "diagnose_grafana_url", "diagnose_otlp_endpoint"])
def test_a_server_that_answers_nonsense_is_named(
    variable: str, odd_server: str, nothing: dict[str, Any], tmp_path: Path
) -> None:
    run = run_playbook("diagnose", tmp_path, {**nothing, variable: odd_server})
    assert "Traceback" not in run.output
    assert run.verdict["status"] == "problem"
    names = (odd_server.removeprefix("http://"), variable.removeprefix("diagnose_"))
    said = [sentence for sentence in sentences(run) if any(name in sentence for name in names)]
    assert said, "\n".join(sentences(run))
    assert all(len(sentence) < 700 and "\x1b" not in sentence and "\x00" not in sentence for sentence in said)
