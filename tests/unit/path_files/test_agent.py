# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Grafana Agent has its traces in its static configuration, or is an Alloy of former days."""

from __future__ import annotations

from ansible_collections.traceops.tracing.tests.unit.path_files.reading import Files, collector

STATIC = """
    server: {log_level: info}
    metrics: {wal_directory: /tmp/wal}
    traces:
      configs:
        - name: default
          receivers:
            otlp:
              protocols:
                grpc:
          batch: {timeout: 5s}
          tail_sampling:
            policies: [{type: always_sample}]
          remote_write:
            - endpoint: ${TEMPO:-tempo}:4317
              insecure: true
              basic_auth: {username: shop, password: hunter2}
            - endpoint: https://traces.example/otlp
              protocol: http
"""


def test_a_static_instance_is_a_pipeline() -> None:
    found = collector(
        Files(agent_yaml=STATIC),
        "agent -config.file=/etc/agent.yaml -config.expand-env",
        {"TEMPO": "mon01"},
        "grafana-agent",
    )
    assert [(each["protocol"], each["host"], each["port"]) for each in found["receivers"]] == [
        ("grpc", "0.0.0.0", 4317)
    ]
    assert found["pipelines"] == [
        {
            "name": "traces",
            "receivers": ["otlp"],
            "processors": ["batch", "tail_sampling"],
            "exporters": ["otlp/0", "otlphttp/1"],
            "source": "/etc/agent.yaml:5",
        }
    ]
    assert [
        (each["endpoint"], each["protocol"], each["insecure"], each["headers"], each["source"])
        for each in found["exporters"]
    ] == [
        ("mon01:4317", "grpc", True, ["authorization"], "/etc/agent.yaml:14"),
        ("https://traces.example/otlp", "http", False, [], "/etc/agent.yaml:17"),
    ]
    assert found["signals"] == ["traces", "metrics"]
    assert found["metrics_address"] == "127.0.0.1:12345"


def test_several_instances_keep_their_names_apart() -> None:
    text = """
        traces:
          configs:
            - {name: a, receivers: {zipkin: }, remote_write: [{endpoint: "a:4317"}]}
            - {name: b, receivers: {zipkin: }, remote_write: [{endpoint: "b:4317"}]}
    """
    found = collector(Files(agent_yaml=text), "grafana-agent --config.file /etc/agent.yaml", kind="grafana-agent")
    assert [(each["name"], each["pipelines"]) for each in found["exporters"]] == [
        ("otlp/0/a", ["traces/a"]),
        ("otlp/0/b", ["traces/b"]),
    ]


def test_flow_mode_is_read_as_alloy() -> None:
    files = Files(agent_river='otelcol.exporter.otlp "t" {\n  client {\n    endpoint = "tempo:4317"\n  }\n}\n')
    found = collector(files, "grafana-agent-flow run /etc/agent.river", kind="grafana-agent")
    assert [each["source"] for each in found["exporters"]] == ["/etc/agent.river:3"]
