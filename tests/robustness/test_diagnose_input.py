"""Wrong input to the playbook ends in one sentence that names the option or the URL: no traceback, no hang."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.traceops.tracing.tests.integration.playbook import Run, run_playbook
from ansible_collections.traceops.tracing.tests.servers import closed_port, http_answer, tcp_server

GARBAGE = b"\x00\xff{" * (10 * 1024 * 1024 // 3)


def nowhere() -> dict[str, Any]:
    """Variables that point everywhere at a port where nothing listens."""
    dead = f"http://127.0.0.1:{closed_port()}"
    return {
        "diagnose_otlp_endpoint": dead,
        "diagnose_tempo_url": dead,
        "diagnose_grafana_url": dead,
        "diagnose_containers": [],
        "diagnose_timeout": 3,
    }


def inventory(directory: Path, hosts: dict[str, dict[str, Any]]) -> str:
    """A file with these hosts and their variables; all of them are this machine."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    told = {"all": {"hosts": {name: {**local, **variables} for name, variables in hosts.items()}}}
    path = directory / "hosts.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return str(path)


class Refusal(NamedTuple):
    """A value that cannot be used, and the words that one line of the error must have."""

    variable: str
    value: object
    words: tuple[str, ...]


OF_A_HOST = [
    Refusal("diagnose_otlp_protocol", "thrift", ("diagnose_otlp_protocol", "thrift", "http/protobuf")),
    Refusal("diagnose_fail_on", "sometimes", ("diagnose_fail_on", "sometimes", "critical")),
    Refusal("diagnose_timeout", "soon", ("diagnose_timeout", "float")),
    Refusal("diagnose_timeout", "nan", ("diagnose_timeout", "nan", "3600 seconds")),
    Refusal("diagnose_timeout", 0, ("diagnose_timeout", "more than 0")),
    Refusal("diagnose_canaries", 0, ("diagnose_canaries", "between 1 and 100000")),
    Refusal("diagnose_process", {"nmae": "velo-sql"}, ("nmae",)),
    Refusal("diagnose_process", "unit=shop.service", ("diagnose_process", "no dictionary", "NAME.service")),
    Refusal("diagnose_process", {"name": "velo-sql", "unit": "velo.service"}, ("diagnose_process", "name and unit")),
    Refusal("diagnose_otlp_headers", "Authorization=x", ("diagnose_otlp_headers", "no dictionary", "Bearer TOKEN")),
    Refusal("diagnose_client_key", "/etc/key.pem", ("diagnose_client_key", "diagnose_client_cert")),
    Refusal("diagnose_tempo_url", "tempo:3200", ("diagnose_tempo_url", "'tempo:3200'", "http://HOST:PORT")),
    Refusal("diagnose_tempo_url", "http://tempo:99999", ("diagnose_tempo_url", "http://tempo:99999")),
    Refusal("diagnose_tempo_url", "http://tempo:0", ("diagnose_tempo_url", "http://tempo:0")),
    Refusal("diagnose_tempo_url", "http://tempo:3200\n", ("diagnose_tempo_url", "http://tempo:3200")),
    Refusal("diagnose_grafana_url", "http://grafana:65536", ("diagnose_grafana_url", "http://grafana:65536")),
    Refusal("diagnose_grafana_url", "http://gra fana", ("diagnose_grafana_url", "http://HOST:PORT")),
    Refusal("diagnose_grafana_url", "http://u:hunter2@h:3000", ("diagnose_grafana_url", "'http://********@h:3000'")),
    Refusal("diagnose_otlp_endpoint", "u:hunter2/@h:4318", ("diagnose_otlp_endpoint", "'********@h:4318'")),
    Refusal("diagnose_grafana_token", "hunter2\n", ("diagnose_grafana_token", "line break")),
    Refusal("diagnose_otlp_endpoint", "http//tempo", ("diagnose_otlp_endpoint", "http//tempo")),
    Refusal("diagnose_otlp_endpoint", "ftp://tempo:4318", ("diagnose_otlp_endpoint", "ftp://tempo:4318")),
    Refusal("diagnose_tenant", "../x y", ("tenant", "../x y")),
    Refusal("diagnose_log_profiles", ["velostraem"], ("velostraem", "velostream")),
]
OF_THE_RUN = [
    Refusal("diagnose_check_dirs", ["/nonexistent/checks"], ("check_dirs", "/nonexistent/checks")),
    Refusal("diagnose_report_dir", "/proc/nope", ("report_dir", "/proc/nope")),
]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One play, with a host for each value that cannot be used; `host3` has OF_A_HOST[3]."""
    directory = tmp_path_factory.mktemp("refused")
    logs = {"diagnose_log_paths": [str(directory / "app.log")]}
    hosts = {
        f"host{number}": {
            **nowhere(),
            **(logs if case.variable == "diagnose_log_profiles" else {}),
            case.variable: case.value,
        }
        for number, case in enumerate(OF_A_HOST)
    }
    return run_playbook("diagnose", directory, {}, "-i", inventory(directory, hosts), timeout=600)


@pytest.mark.parametrize("number", range(len(OF_A_HOST)), ids=lambda number: OF_A_HOST[number].variable)
def test_a_value_that_cannot_be_used_is_refused(number: int, refused: Run) -> None:
    case, host = OF_A_HOST[number], f"host{number}"
    assert (refused.recap[host]["failed"], refused.recap[host]["changed"]) == (1, 0)
    (fatal,) = (line for line in refused.output.splitlines() if line.startswith(f"fatal: [{host}]"))
    assert all(word in fatal for word in case.words), fatal


def test_nothing_is_reported_when_every_value_is_refused(refused: Run) -> None:
    assert refused.code != 0
    assert refused.report is None
    assert "Traceback" not in refused.output
    assert "hunter2" not in refused.output


@pytest.mark.parametrize("case", OF_THE_RUN, ids=lambda case: case.variable)
def test_a_value_of_the_run_that_cannot_be_used_is_refused(case: Refusal, tmp_path: Path) -> None:
    run = run_playbook("diagnose", tmp_path, {**nowhere(), case.variable: case.value})
    assert run.code != 0
    assert "Traceback" not in run.output
    assert run.report is None
    assert any(all(word in line for word in case.words) for line in run.output.splitlines()), run.output


def reset(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def garbage(connection: socket.socket) -> None:
    connection.recv(65536)
    with contextlib.suppress(OSError):
        connection.sendall(http_answer(200, GARBAGE, "application/json"))


def not_json(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(http_answer(200, b"<html>\x1b[31mWelcome</html>", "text/html"))


SERVERS: dict[str, Callable[[socket.socket], None]] = {
    "not_json": not_json,
    "reset": reset,
    "ten_megabytes_of_garbage": garbage,
}
URLS = ("tempo_url", "grafana_url", "otlp_endpoint")
LOGS = ("directory", "missing", "loop")


class Odd(NamedTuple):
    """One play with a host for each odd log (`LOG_log`) and for each odd server at each URL (`SERVER_as_URL`)."""

    run: Run
    directory: Path
    urls: dict[str, str]  # of the odd servers, by host

    def sentences(self, host: str, *states: str) -> list[str]:
        """`id: title reason` of the findings of the host and its backend."""
        assert self.run.report is not None, self.run.output
        (seen,) = self.run.report["evidence"]["hosts"][host]["applications"].values()
        return [
            f"{finding['id']}: {finding['title']} {finding['reason']}"
            for finding in self.run.report["findings"]
            if (finding["host"] or finding["backend"]) in (host, seen["backend"])
            and finding["state"] in (states or (finding["state"],))
        ]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Odd:
    directory = tmp_path_factory.mktemp("odd")
    logs = {name: directory / f"{name}.log" for name in LOGS}
    logs["directory"].mkdir()
    logs["loop"].symlink_to(logs["loop"])  # a link to itself: unreadable for root, too
    hosts = {f"{name}_log": {**nowhere(), "diagnose_log_paths": [str(path)]} for name, path in logs.items()}
    with contextlib.ExitStack() as held:
        urls = {
            f"{server}_as_{url}": f"http://127.0.0.1:{held.enter_context(tcp_server(SERVERS[server]))}"
            for server in SERVERS
            for url in URLS
        }
        for host, url in urls.items():
            hosts[host] = {**nowhere(), f"diagnose_{host.partition('_as_')[2]}": url}
        run = run_playbook("diagnose", directory, {}, "-i", inventory(directory, hosts), timeout=600)
    assert "Traceback" not in run.output
    return Odd(run, directory, urls)


@pytest.mark.parametrize(("log", "word"), [("directory", "directory"), ("loop", "loop.log")])
def test_a_log_that_can_not_be_read_is_named(log: str, word: str, odd: Odd) -> None:
    said = next(line for line in odd.sentences(f"{log}_log", "warning", "failed") if "app.log.unreadable" in line)
    assert str(odd.directory / f"{log}.log") in said
    assert word in said


def test_a_log_that_does_not_exist_is_named(odd: Odd) -> None:
    assert any("missing.log" in sentence for sentence in odd.sentences("missing_log"))


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_answers_nonsense_is_named(server: str, url: str, odd: Odd) -> None:
    host = f"{server}_as_{url}"
    assert odd.sentences(host, "failed")
    names = (odd.urls[host].removeprefix("http://"), url)
    said = [sentence for sentence in odd.sentences(host) if any(name in sentence for name in names)]
    assert said, "\n".join(odd.sentences(host))
    assert all(len(sentence) < 700 and "\x1b" not in sentence and "\x00" not in sentence for sentence in said)
