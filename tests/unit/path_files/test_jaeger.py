# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Jaeger of version 1 has options and variables, one of version 2 is a Collector."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.tests.unit.path_files.reading import Files, collector


@pytest.mark.parametrize(
    ("command", "environment", "grpc"),
    [
        ("jaeger-all-in-one", {}, ("localhost", 4317, False, "command line (default)")),
        (
            "jaeger-all-in-one",
            {"COLLECTOR_OTLP_GRPC_HOST_PORT": "0.0.0.0:4317"},
            ("0.0.0.0", 4317, False, "environment, COLLECTOR_OTLP_GRPC_HOST_PORT"),
        ),
        (
            "jaeger-collector --collector.otlp.grpc.host-port=:14317 --collector.otlp.grpc.tls.enabled",
            {"COLLECTOR_OTLP_GRPC_HOST_PORT": "0.0.0.0:4317"},
            ("", 14317, True, "command line, --collector.otlp.grpc.host-port"),
        ),
    ],
)
def test_options_win_over_variables(command: str, environment: dict[str, str], grpc: tuple[object, ...]) -> None:
    found = collector(Files(), command, environment, "jaeger")
    first = found["receivers"][0]
    assert (first["host"], first["port"], first["tls"], first["source"]) == grpc
    assert found["exporters"][0]["kind"] == "memory"
    assert found["metrics_address"] == ":14269"


def test_otlp_may_be_off_and_storage_is_named() -> None:
    environment = {"COLLECTOR_OTLP_ENABLED": "false", "SPAN_STORAGE_TYPE": "elasticsearch"}
    found = collector(Files(), "jaeger-collector --collector.zipkin.host-port=:9411", environment, "jaeger")
    assert [each["protocol"] for each in found["receivers"]] == ["jaeger_grpc", "jaeger_thrift_http", "zipkin"]
    assert found["exporters"][0]["kind"] == "elasticsearch"
    assert found["exporters"][0]["source"] == "environment, SPAN_STORAGE_TYPE"


def test_version_2_is_a_collector() -> None:
    text = "receivers: {otlp: {protocols: {grpc: }}}\nservice: {pipelines: {traces: {receivers: [otlp]}}}\n"
    found = collector(Files(jaeger_yaml=text), "/cmd/jaeger/jaeger --config /etc/jaeger.yaml", kind="jaeger")
    assert found["receivers"][0]["source"] == "/etc/jaeger.yaml:1"


def test_version_2_has_a_configuration_of_its_own() -> None:
    found = collector(Files(), "/cmd/jaeger/jaeger", {"JAEGER_LISTEN_HOST": "0.0.0.0"}, kind="jaeger")
    assert [(each["host"], each["port"]) for each in found["receivers"]] == [
        ("0.0.0.0", port) for port in (4317, 4318, 14250, 14268, 6831, 6832, 9411)
    ]
    assert found["pipelines"][0]["exporters"] == ["jaeger_storage_exporter"]
    assert found["unread"] == []
