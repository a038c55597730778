# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a Tempo listens and what it takes in is read from its file and its options."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.traceops.tracing.tests.unit.path_files.reading import Files, tempo

SERVER = """
    server:
      http_listen_address: 127.0.0.1
      http_listen_port: 3210
    http_api_prefix: /tempo/
    multitenancy_enabled: true
    distributor:
      receivers:
        otlp:
          protocols:
            grpc:
              endpoint: "0.0.0.0:14317"
            http:
        zipkin:
    storage:
      trace:
        backend: s3
        s3: {bucket: traces, access_key: hunter2}
"""


def test_a_file_is_read_with_the_line_of_its_port() -> None:
    found = tempo(Files(tempo_yaml=SERVER), "tempo -config.file=/etc/tempo.yaml")
    receivers = found.pop("receivers")
    assert found == {
        "target": "all",
        "host": "127.0.0.1",
        "port": 3210,
        "path": "/tempo",
        "tls": False,
        "multitenancy": True,
        "storage": "s3",
        "source": "/etc/tempo.yaml:3",
        "unread": [],
    }
    assert [(each["protocol"], each["host"], each["port"], each["source"]) for each in receivers] == [
        ("grpc", "0.0.0.0", 14317, "/etc/tempo.yaml:11"),
        ("http", "localhost", 4318, "/etc/tempo.yaml:12"),
        ("zipkin", "localhost", 9411, "/etc/tempo.yaml:13"),
    ]


def test_options_win_over_the_file() -> None:
    command = (
        "tempo -config.file /etc/tempo.yaml --server.http-listen-port=3333 -target=querier -multitenancy.enabled=false"
    )
    found = tempo(Files(tempo_yaml=SERVER.replace("multitenancy_enabled: true", "")), command)
    assert (found["port"], found["source"]) == (3333, "command line, -server.http-listen-port")
    assert (found["target"], found["receivers"], found["multitenancy"]) == ("querier", [], False)


def test_without_settings_the_defaults_are_said_to_be_such() -> None:
    found = tempo(Files(tempo_yaml="storage: {trace: {backend: local}}\n"), "tempo -config.file=/etc/tempo.yaml")
    assert (found["port"], found["host"], found["source"]) == (3200, "", "/etc/tempo.yaml")
    assert [(each["protocol"], each["port"], each["source"]) for each in found["receivers"]] == [
        ("jaeger_grpc", 14250, "/etc/tempo.yaml (default)"),
        ("jaeger_thrift_http", 14268, "/etc/tempo.yaml (default)"),
        ("grpc", 4317, "/etc/tempo.yaml (default)"),
    ]


@pytest.mark.parametrize(
    ("written", "port"), [("${PORT}", 3210), ("${PORT:-3300}", 3210), ("${UNSET:-3300}", 3300), ("${UNSET}", 3200)]
)
def test_variables_are_put_in_only_when_the_option_says_so(written: str, port: int) -> None:
    files = Files(tempo_yaml=SERVER.replace("3210", written))
    found = tempo(files, "tempo -config.file=/etc/tempo.yaml -config.expand-env=true", {"PORT": "3210"})
    assert (found["port"], found["unread"]) == (port, [])
    plain = tempo(files, "tempo -config.file=/etc/tempo.yaml", {"PORT": "3210"})
    assert plain["unread"] == ["/etc/tempo.yaml names variables, which Tempo takes as text without -config.expand-env"]


def test_what_envsubst_does_to_a_variable_is_not_followed() -> None:
    files = Files(tempo_yaml=SERVER.replace("/tempo/", "/${NAME,,}/"))
    found = tempo(files, "tempo -config.file=/etc/tempo.yaml -config.expand-env", {"NAME": "A"})
    assert found["unread"] == ["/etc/tempo.yaml:4: what is done to a variable cannot be followed"]


@pytest.mark.parametrize("version", ["2.3.1", "2.7.2", "2.10.8", "3.0.3"])
def test_the_files_of_the_role_stack_are_read(version: str) -> None:
    golden = pathlib.Path(__file__).parents[1] / "stack" / "golden"
    files = Files(tls_yml=(golden / f"tempo-{version}-tls.yml").read_text("utf-8"))
    found = tempo(files, "tempo -config.file=/etc/tls.yml")
    assert found["unread"] == []
    assert [(each["protocol"], each["host"], each["port"], each["tls"]) for each in found["receivers"]] == [
        ("grpc", "0.0.0.0", 4317, True),
        ("http", "0.0.0.0", 4318, True),
    ]


def test_a_missing_file_and_none_are_said() -> None:
    assert tempo(Files(), "tempo -config.file=/etc/tempo.yaml")["unread"] == ["/etc/tempo.yaml cannot be read"]
    assert tempo(Files(), "tempo")["unread"] == ["the command line names no configuration"]
