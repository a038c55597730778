# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Fluent Bit is read in both of its formats, with what it includes."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.tests.unit.path_files.reading import Files, collector

CLASSIC = """
    # traces only
    @SET backend=mon01
    [SERVICE]
        HTTP_Server  On
        HTTP_Port    2021
    [INPUT]
        Name   opentelemetry
        Listen 127.0.0.1
        port   14318
    [OUTPUT]
        name        opentelemetry
        Match       v1_*
        Host        ${backend}
        Port        ${PORT:-4318}
        traces_uri  /otlp/v1/traces
        header      Authorization Bearer hunter2
        header      X-Scope-OrgID shop
        tls         on
    [OUTPUT]
        Name  stdout
        Match logs.*
"""

YAML = """
    env: {backend: mon01}
    service: {http_server: on}
    pipeline:
      inputs:
        - name: opentelemetry
          alias: in
          processors:
            traces:
              - name: sampling
                type: probabilistic
                sampling_settings: {sampling_percentage: 40}
      outputs:
        - name: opentelemetry
          match: "*"
          host: ${backend}
          port: 4317
          grpc: on
          header:
            - X-Scope-OrgID shop
"""


def test_a_classic_file() -> None:
    found = collector(Files(fluent_conf=CLASSIC), "fluent-bit -c /etc/fluent.conf", kind="fluent-bit")
    assert found["receivers"] == [
        {
            "name": "input/opentelemetry.0",
            "protocol": "http",
            "host": "127.0.0.1",
            "port": 14318,
            "tls": False,
            "pipelines": ["input/opentelemetry.0"],
            "source": "/etc/fluent.conf:9",
        }
    ]
    tempo, stdout = found["exporters"]
    assert (tempo["endpoint"], tempo["protocol"], tempo["source"]) == (
        "https://mon01:4318/otlp/v1/traces",
        "http",
        "/etc/fluent.conf:13",
    )
    assert (tempo["headers"], tempo["insecure"]) == (["Authorization", "X-Scope-OrgID"], False)
    assert (stdout["kind"], stdout["pipelines"]) == ("stdout", [])
    assert found["pipelines"][0]["exporters"] == ["output/opentelemetry.0"]
    assert found["metrics_address"] == "0.0.0.0:2021"


def test_a_yaml_file() -> None:
    found = collector(Files(fluent_yaml=YAML), "fluent-bit --config=/etc/fluent.yaml", kind="fluent-bit")
    assert [(each["name"], each["host"], each["port"]) for each in found["receivers"]] == [("in", "0.0.0.0", 4318)]
    assert [(each["kind"], each["share"], each["drops"]) for each in found["processors"]] == [("sampling", 0.4, True)]
    [tempo] = found["exporters"]
    assert (tempo["endpoint"], tempo["protocol"], tempo["headers"]) == ("http://mon01:4317", "grpc", ["X-Scope-OrgID"])
    assert found["pipelines"][0]["processors"] == ["in/sampling"]
    assert found["metrics_address"] == "0.0.0.0:2020"


def test_included_files_count_once_and_a_circle_ends() -> None:
    files = Files()
    files["/etc/fb/fluent-bit.conf"] = "@INCLUDE conf.d/*.conf\n@INCLUDE fluent-bit.conf\n"
    files["/etc/fb/conf.d/in.conf"] = "[INPUT]\n    Name opentelemetry\n"
    files["/etc/fb/conf.d/out.conf"] = (
        "@INCLUDE conf.d/in.conf\n[OUTPUT]\n    Name opentelemetry\n    Host tempo\n    Port 4318\n"
    )
    found = collector(files, "fluent-bit -c /etc/fb/fluent-bit.conf", kind="fluent-bit")
    assert [each["source"] for each in found["receivers"]] == ["/etc/fb/conf.d/in.conf:2"]
    assert [(each["endpoint"], each["source"]) for each in found["exporters"]] == [
        ("http://tempo:4318", "/etc/fb/conf.d/out.conf:4")
    ]


def test_plugins_of_the_command_line() -> None:
    command = "fluent-bit -i opentelemetry -p port=14318 -o opentelemetry -p host=tempo -p port=4318 -m *"
    found = collector(Files(), command, kind="fluent-bit")
    assert [(each["port"], each["source"]) for each in found["receivers"]] == [(14318, "command line")]
    assert [(each["endpoint"], each["pipelines"]) for each in found["exporters"]] == [
        ("http://tempo:4318", ["input/opentelemetry.0"])
    ]


@pytest.mark.parametrize(
    ("match", "takes"), [("*", True), ("v1_traces", True), ("v1_*", True), ("logs", False), ("*logs*", False)]
)
def test_an_output_takes_what_its_match_fits(match: str, takes: bool) -> None:
    text = f"[INPUT]\n  Name opentelemetry\n[OUTPUT]\n  Name opentelemetry\n  Match {match}\n"
    found = collector(Files(fluent_conf=text), "fluent-bit -c /etc/fluent.conf", kind="fluent-bit")
    assert bool(found["exporters"][0]["pipelines"]) == takes
