# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Vector is read in its three formats; spans are followed through its inputs."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.tests.unit.path_files.reading import Files, collector

TOML = """
    [sources.otel]
    type = "opentelemetry"
    [sources.otel.grpc]
    address = "0.0.0.0:4317"
    [sources.otel.http]
    address = "0.0.0.0:4318"
    tls.enabled = true

    [transforms.tenth]
    type = "sample"
    inputs = ["otel.traces"]
    rate = 10

    [sinks.tempo]
    type = "opentelemetry"
    inputs = [ "tenth" ]
    protocol = { type = "http", uri = "http://${TEMPO}:4318/v1/traces", auth = { token = "hunter2" } }

    [sinks.logs]
    type = "opentelemetry"
    inputs = ["otel.logs"]
    protocol.uri = "http://logs:4318/v1/logs"
"""

YAML = """
    sources:
      otel: {type: opentelemetry, grpc: {address: 0.0.0.0:4317}, http: {address: "0.0.0.0:4318", tls: {enabled: true}}}
    transforms:
      tenth: {type: sample, inputs: [otel.traces], ratio: 0.1}
    sinks:
      tempo:
        type: opentelemetry
        inputs: [tenth]
        protocol: {uri: "http://mon01:4318/v1/traces", auth: {}}
"""

JSON = """
    {
      "sources": {"otel": {"type": "opentelemetry", "grpc": {"address": "0.0.0.0:4317"},
                  "http": {"address": "0.0.0.0:4318", "tls": {"enabled": true}}}},
      "transforms": {"tenth": {"type": "sample", "inputs": ["otel"], "rate": 10}},
      "sinks": {"tempo": {"type": "http", "inputs": ["ten*"], "uri": "http://mon01:4318/v1/traces", "auth": {}}}
    }
"""


@pytest.mark.parametrize(
    ("name", "text", "line"), [("vector.toml", TOML, 17), ("vector.yaml", YAML, 9), ("vector.json", JSON, 5)]
)
def test_each_format_says_the_same(name: str, text: str, line: int) -> None:
    files = Files()
    files[f"/etc/{name}"] = text
    found = collector(files, f"vector --config /etc/{name}", {"TEMPO": "mon01"}, "vector")
    assert [(each["protocol"], each["host"], each["port"], each["tls"]) for each in found["receivers"]] == [
        ("grpc", "0.0.0.0", 4317, False),
        ("http", "0.0.0.0", 4318, True),
    ]
    assert [(each["name"], each["kind"], each["share"], each["drops"]) for each in found["processors"]] == [
        ("tenth", "sample", 0.1, True)
    ]
    assert [(each["endpoint"], each["protocol"], each["headers"], each["source"]) for each in found["exporters"]] == [
        ("http://mon01:4318/v1/traces", "http", ["authorization"], f"/etc/{name}:{line}")
    ]
    assert [(each["processors"], each["exporters"]) for each in found["pipelines"]] == [(["tenth"], ["tempo"])]
    assert found["unread"] == []


def test_a_folder_names_components_by_their_files() -> None:
    files = Files()
    files["/etc/vector/sources/otel.yaml"] = "type: opentelemetry\ngrpc: {address: '0.0.0.0:4317'}\n"
    files["/etc/vector/sinks/tempo.toml"] = (
        'type = "opentelemetry"\ninputs = ["otel"]\nprotocol.uri = "http://tempo:4318"\n'
    )
    found = collector(files, "vector -C /etc/vector", kind="vector")
    assert [(each["name"], each["source"]) for each in found["receivers"]] == [
        ("otel", "/etc/vector/sources/otel.yaml:2")
    ]
    assert [(each["name"], each["source"], each["pipelines"]) for each in found["exporters"]] == [
        ("tempo", "/etc/vector/sinks/tempo.toml:3", ["otel"])
    ]


def test_its_own_metrics_are_where_an_exporter_of_them_is() -> None:
    text = "sources: {own: {type: internal_metrics}}\nsinks: {p: {type: prometheus_exporter, inputs: [own]}}\n"
    assert (
        collector(Files(vector_yaml=text), "vector -c /etc/vector.yaml", kind="vector")["metrics_address"]
        == "0.0.0.0:9598"
    )


def test_without_an_option_the_usual_file_is_read() -> None:
    files = Files()
    files["/etc/vector/vector.toml"] = TOML
    assert len(collector(files, "vector", {"TEMPO": "mon01"}, "vector")["receivers"]) == 2
    assert collector(Files(), "vector", kind="vector")["unread"] == ["/etc/vector/vector.yaml cannot be read"]
