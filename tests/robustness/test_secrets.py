"""Every module runs into every kind of failure with secrets in its options: none of them is in any output."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET, run_playbook
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server

PASSWORD, TOKEN, HEADER = "s3ntinel-pa55word", "s3ntinel-t0ken", "s3ntinel-h3ader"
# By reference: Ansible quotes the lines of a failing play, and these are the user's own.
SECRETS = {"the_password": PASSWORD, "the_token": TOKEN, "the_header": HEADER}
BASIC = {"url_username": "admin", "url_password": "{{ the_password }}", "headers": {"X-Api-Key": "{{ the_header }}"}}
BEARER = {"token": "{{ the_token }}", "headers": {"X-Api-Key": "{{ the_header }}"}}
# As read from a file: no request can carry the end of a line, and who says so may quote it escaped.
LINES = {"token": "{{ the_token }}\n", "headers": {"X-Api-Key": "{{ the_header }}\n"}}
MODULES: dict[str, tuple[str, dict[str, Any]]] = {
    "tempo_search": ("tempo_url", {}),
    "tempo_trace": ("tempo_url", {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}),
    "tempo_info": ("tempo_url", {}),
    "grafana_datasource_test": ("grafana_url", {}),
    "otlp_probe": ("endpoint", {"protocol": "http/protobuf"}),
}
PROBES = {"grafana_datasource_test": "grafana", "otlp_probe": "otlp"}


@pytest.fixture
def endpoints() -> Iterator[list[str]]:
    """URLs that fail in different ways: refused, unauthorized, a server that echoes the request, garbage, no URL."""

    def echo(connection: Any) -> None:
        connection.sendall(http_answer(500, connection.recv(65536), "text/plain"))

    denied = answering(http_answer(401, b'{"message":"Unauthorized"}'))
    with tcp_server(denied) as a, tcp_server(echo) as b, tcp_server(answering(b"\x00\xffgarbage")) as c:
        yield [*(f"http://127.0.0.1:{port}" for port in (closed_port(), a, b, c)), "http://u:{{ the_password }}@ x"]


def tasks(endpoints: list[str]) -> Iterator[dict[str, Any]]:
    for module, (option, more) in MODULES.items():
        for url in endpoints:
            options = {option: url, "timeout": 3, **more}
            yield {f"traceops.tracing.{module}": {**options, **BASIC}}
            yield {f"traceops.tracing.{module}": {**options, **BEARER}}
        probe = {"probe": PROBES.get(module, module), "timeout": 3, **more, **BASIC}
        # The last URL cannot be used, which ends collect before any probe runs.
        for urls in (endpoints[:-1], endpoints[-1:]):
            probes = {f"it{number}": {**probe, option: url} for number, url in enumerate(urls)}
            yield {"traceops.tracing.collect": {"probes": probes}}
        # A password with a slash, which no URL may have.
        yield {f"traceops.tracing.{module}": {option: "http://u:{{ the_password }}/@127.0.0.1:9", **more}}
        yield {f"traceops.tracing.{module}": {option: endpoints[0], **more, **LINES}}
    yield {"traceops.tracing.collect": {"probes": {"misspelt": {**BASIC, **BEARER, "tempo_token": "{{ the_token }}"}}}}
    yield {"traceops.tracing.container_info": {"docker_host": "tcp://u:{{ the_password }}/@127.0.0.1:9"}}
    yield {"traceops.tracing.tempo_info": {"tempo_url": endpoints[0], "timeout": "soon", **BASIC, **BEARER}}


def test_no_module_shows_a_secret(endpoints: list[str], tmp_path: Path) -> None:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"name": "Fail", "ignore_errors": True, **task} for task in tasks(endpoints)],
    }
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps(SECRETS), encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", "-vvv", "--diff", "-e", f"@{secrets}", str(path)],
        env={**os.environ, **QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        check=False,
    )
    output = done.stdout.decode("utf-8", "replace")
    assert output.count("TASK [Fail]") == len(play["tasks"]), output[-3000:]
    assert "Traceback" not in output
    for secret in SECRETS.values():
        shown = [line for line in output.splitlines() if secret in line]
        assert not shown, shown[0]


@pytest.mark.parametrize("args", [("-vvv", "--diff"), ("-vvv", "--check")])
def test_the_playbook_shows_no_secret(args: tuple[str, ...], endpoints: list[str], tmp_path: Path) -> None:
    echo = endpoints[2]
    variables = {
        "diagnose_tempo_url": echo,
        "diagnose_grafana_url": echo,
        "diagnose_otlp_endpoint": echo,
        "diagnose_grafana_username": "admin",
        "diagnose_grafana_password": PASSWORD,
        "diagnose_tempo_username": "reader",
        "diagnose_tempo_password": PASSWORD,
        "diagnose_tempo_token": PASSWORD,
        "diagnose_otlp_headers": {"Authorization": f"Bearer {PASSWORD}"},
        "diagnose_containers": [],
        "diagnose_timeout": 3,
    }
    run = run_playbook("diagnose", tmp_path, variables, *args)
    reports = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "report").glob("*"))
    assert "PLAY RECAP" in run.output
    assert PASSWORD not in run.output
    assert PASSWORD not in reports


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("diagnose_tempo_url", f"http://admin:{PASSWORD}@tempo:3200"),
        ("diagnose_otlp_endpoint", f"admin:{PASSWORD}/@x@collector:4317"),
        ("diagnose_tempo_token", f"{PASSWORD}\n"),
        ("diagnose_grafana_token", f"{PASSWORD} \u20ac"),
    ],
)
def test_a_secret_that_is_refused_is_not_shown(variable: str, value: str, tmp_path: Path) -> None:
    run = run_playbook("diagnose", tmp_path, {variable: value}, "-vvv")
    assert run.code != 0
    assert run.report is None
    assert variable in run.output
    assert PASSWORD not in run.output


def test_each_server_is_given_its_own_secrets_alone(tmp_path: Path) -> None:
    """The application's headers go to its endpoint, Tempo's and Grafana's credentials to these."""
    heard: dict[str, bytes] = {}

    def hears(name: str) -> Callable[[socket.socket], None]:
        def handle(connection: socket.socket) -> None:
            heard[name] = heard.get(name, b"") + connection.recv(65536)
            connection.sendall(http_answer(200, b"{}"))

        return handle

    with contextlib.ExitStack() as held:
        names = ("otlp_endpoint", "collector_endpoint", "tempo_otlp_endpoint", "tempo_url", "grafana_url")
        urls = {name: f"http://127.0.0.1:{held.enter_context(tcp_server(hears(name)))}" for name in names}
        variables = {
            **{f"diagnose_{name}": url for name, url in urls.items()},
            "diagnose_otlp_protocol": "http/protobuf",
            "diagnose_otlp_headers": {"X-Key": "of-the-application"},
            "diagnose_tempo_token": "of-tempo",
            "diagnose_grafana_token": "of-grafana",
            "diagnose_containers": [],
            "diagnose_timeout": 2,
        }
        run_playbook("diagnose", tmp_path, variables)
    assert set(heard) == set(names)
    told = {
        name: {word for word in (b"of-the-application", b"of-tempo", b"of-grafana") if word in heard[name]}
        for name in names
    }
    assert told == {
        "otlp_endpoint": {b"of-the-application"},
        "collector_endpoint": set(),
        "tempo_otlp_endpoint": set(),
        "tempo_url": {b"of-tempo"},
        "grafana_url": {b"of-grafana"},
    }
