# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an OpenTelemetry Collector does with spans is read from what its command line names."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.tests.unit.path_files.reading import Files, collector

GATEWAY = """
    receivers:
      otlp:
        protocols:
          grpc:
            endpoint: 0.0.0.0:4317
          http:
    processors:
      memory_limiter: {limit_mib: 512}
      batch:
    exporters:
      otlp/tempo:
        endpoint: tempo:4317
        tls:
          insecure: true
        headers:
          x-scope-orgid: shop
    service:
      pipelines:
        traces:
          receivers: [otlp]
          processors: [memory_limiter, batch]
          exporters: [otlp/tempo]
"""


def test_a_gateway_is_read_with_the_line_of_everything() -> None:
    found = collector(Files(gateway_yaml=GATEWAY), "otelcol --config /etc/gateway.yaml")

    assert [(each["protocol"], each["host"], each["port"], each["source"]) for each in found["receivers"]] == [
        ("grpc", "0.0.0.0", 4317, "/etc/gateway.yaml:5"),
        ("http", "localhost", 4318, "/etc/gateway.yaml:6"),
    ]
    assert [(each["kind"], each["drops"]) for each in found["processors"]] == [
        ("memory_limiter", True),
        ("batch", False),
    ]
    assert found["exporters"] == [
        {
            "name": "otlp/tempo",
            "kind": "otlp",
            "protocol": "grpc",
            "endpoint": "tempo:4317",
            "insecure": True,
            "headers": ["x-scope-orgid"],
            "pipelines": ["traces"],
            "source": "/etc/gateway.yaml:12",
        }
    ]
    assert found["pipelines"][0]["processors"] == ["memory_limiter", "batch"]
    assert found["pipelines"][0]["source"] == "/etc/gateway.yaml:19"
    assert found["metrics_address"] == "localhost:8888"
    assert found["unread"] == []


def test_a_later_file_wins_mappings_are_joined_and_lists_replaced() -> None:
    files = Files(gateway_yaml=GATEWAY)
    files["/etc/site.yaml"] = """
        exporters:
          otlp/tempo:
            endpoint: mon01:4317
          debug:
        service:
          pipelines:
            traces:
              exporters: [otlp/tempo, debug]
    """
    found = collector(files, "otelcol --config=/etc/gateway.yaml --config=file:/etc/site.yaml")

    [tempo, debug] = found["exporters"]
    assert (tempo["endpoint"], tempo["source"], tempo["insecure"]) == ("mon01:4317", "/etc/site.yaml:3", True)
    assert (debug["kind"], debug["endpoint"], debug["pipelines"]) == ("debug", "", ["traces"])
    assert found["pipelines"][0]["receivers"] == ["otlp"]
    assert found["pipelines"][0]["exporters"] == ["otlp/tempo", "debug"]


def test_a_gate_adds_the_exporters_of_files_up() -> None:
    files = Files(
        gateway_yaml=GATEWAY, more_yaml="{exporters: {debug: }, service: {pipelines: {traces: {exporters: [debug]}}}}"
    )
    command = (
        "otelcol --config /etc/gateway.yaml --config /etc/more.yaml --feature-gates=confmap.enableMergeAppendOption"
    )
    assert collector(files, command)["pipelines"][0]["exporters"] == ["otlp/tempo", "debug"]


def test_settings_and_inline_configurations_of_the_command_line_count_last() -> None:
    found = collector(
        Files(gateway_yaml=GATEWAY),
        "otelcol --set=exporters.otlp/tempo.endpoint=last:4317 --config=/etc/gateway.yaml "
        "--config=yaml:exporters::otlp/tempo::tls::insecure:\u00a0false".replace("\u00a0", "\n"),
    )
    # The command line of this test is split at spaces; YAML wants one behind the colon, a newline will do.
    assert found["exporters"][0]["endpoint"] == "last:4317"
    assert found["exporters"][0]["source"] == "command line, --set"


@pytest.mark.parametrize(
    ("written", "endpoint"),
    [
        ("${env:BACKEND}", "mon01:4317"),
        ("${BACKEND}", "mon01:4317"),
        ("${env:HOST}:4317", "mon01:4317"),
        ("${env:NAMED:-tempo:4317}", "tempo:4317"),
        ("${env:OUTER}", "mon01:4317"),
        ("${env:${env:WHICH}}", "mon01:4317"),
        ("http://$${HOST}:4318", "http://${HOST}:4318"),
        ("${env:UNSET}", ""),
        ("$BACKEND", "$BACKEND"),  # not since 0.107
    ],
)
def test_variables_are_put_in_as_the_collector_does(written: str, endpoint: str) -> None:
    environment = {"BACKEND": "mon01:4317", "HOST": "mon01", "OUTER": "${env:BACKEND}", "WHICH": "BACKEND"}
    text = GATEWAY.replace("endpoint: tempo:4317", f"endpoint: {written}")
    found = collector(Files(gateway_yaml=text), "otelcol --config /etc/gateway.yaml", environment)
    assert found["exporters"][0]["endpoint"] == endpoint
    assert found["exporters"][0]["source"] == "/etc/gateway.yaml:12"
    assert ("/etc/gateway.yaml:12: a variable in the address cannot be followed" in found["unread"]) == (
        "$" in endpoint
    )


def test_a_variable_may_hold_a_whole_list_and_a_file_a_whole_part() -> None:
    files = Files(exporters_yaml="otlphttp:\n  endpoint: https://collector.example:4318\n")
    files["/etc/otelcol.yaml"] = """
        receivers: {otlp: {protocols: {grpc: }}}
        exporters: ${file:/etc/exporters.yaml}
        service: {pipelines: {traces: {receivers: [otlp], exporters: "${env:EXPORTERS}"}}}
    """
    found = collector(files, "otelcol --config /etc/otelcol.yaml", {"EXPORTERS": "[otlphttp]"})
    [exporter] = found["exporters"]
    assert (exporter["endpoint"], exporter["protocol"]) == ("https://collector.example:4318", "http")
    assert (exporter["pipelines"], exporter["source"]) == (["traces"], "/etc/exporters.yaml:2")


def test_what_cannot_be_followed_is_said() -> None:
    found = collector(
        Files(otelcol_yaml="receivers: ${s3:bucket/receivers.yaml}\nservice: {pipelines: {metrics: }}\n"),
        "otelcol --config=http://user:hunter2@conf.example/a --config=/etc/missing.yaml --config=/etc/otelcol.yaml",
    )
    assert found["unread"] == [
        "command line, --config: what http: leads to cannot be followed",
        "/etc/missing.yaml cannot be read",
        "/etc/otelcol.yaml:1: what s3: leads to cannot be followed",
    ]
    assert found["pipelines"] == []
    assert found["signals"] == ["metrics"]


def test_no_configuration_is_said() -> None:
    assert collector(Files(), "otelcol")["unread"] == ["the command line names no configuration"]


def test_only_traces_count_and_a_receiver_that_no_pipeline_uses_has_none() -> None:
    found = collector(
        Files(
            otelcol_yaml="""
            receivers:
              otlp: {protocols: {grpc: }}
              otlp/unused: {protocols: {http: {endpoint: ":14318", tls: {cert_file: /etc/cert.pem}}}}
              hostmetrics: {scrapers: {cpu: }}
            exporters:
              prometheusremotewrite: {endpoint: https://prometheus.example/push}
              otlp: {endpoint: tempo:4317}
            service:
              pipelines:
                traces: {receivers: [otlp], exporters: [otlp]}
                metrics: {receivers: [hostmetrics, otlp], exporters: [prometheusremotewrite]}
            """
        ),
        "otelcol --config /etc/otelcol.yaml",
    )
    assert [(each["name"], each["port"], each["tls"], each["pipelines"]) for each in found["receivers"]] == [
        ("otlp", 4317, False, ["traces"]),
        ("otlp/unused", 14318, True, []),
    ]
    assert [each["name"] for each in found["exporters"]] == ["otlp"]
    assert found["signals"] == ["traces", "metrics"]


def test_older_receivers_have_their_own_ports() -> None:
    found = collector(
        Files(
            otelcol_yaml="""
            receivers:
              jaeger: {protocols: {grpc: , thrift_http: {endpoint: "0.0.0.0:14268"}, thrift_compact: }}
              zipkin:
              kafka: {brokers: [kafka:9092]}
            service: {pipelines: {traces: {receivers: [jaeger, zipkin, kafka]}}}
            """
        ),
        "otelcol --config /etc/otelcol.yaml",
    )
    assert [(each["protocol"], each["host"], each["port"]) for each in found["receivers"]] == [
        ("jaeger_grpc", "localhost", 14250),
        ("jaeger_thrift_http", "0.0.0.0", 14268),
        ("jaeger_thrift_compact", "localhost", 6831),
        ("zipkin", "localhost", 9411),
        ("kafka", "", None),
    ]


def test_a_gate_opens_servers_to_all_as_before_0_104() -> None:
    command = "otelcol --config /etc/gateway.yaml --feature-gates=-component.UseLocalHostAsDefaultHost"
    assert collector(Files(gateway_yaml=GATEWAY), command)["receivers"][1]["host"] == "0.0.0.0"


@pytest.mark.parametrize(
    ("name", "settings", "drops", "share"),
    [
        ("batch", "", False, None),
        ("probabilistic_sampler", "{sampling_percentage: 12.5}", True, 0.125),
        ("probabilistic_sampler", "{sampling_percentage: 100}", False, 1.0),
        ("probabilistic_sampler", "", True, 0.0),
        (
            "tail_sampling",
            "{policies: [{name: all, type: probabilistic, probabilistic: {sampling_percentage: 10}}]}",
            True,
            0.1,
        ),
        ("tail_sampling", "{policies: [{name: a, type: latency}, {name: b, type: status_code}]}", True, None),
        ("filter/health", '{traces: {span: [\'attributes["url.path"] == "/health"\']}}', True, None),
        ("filter/metrics", "{metrics: {metric: ['name == \"up\"']}}", False, None),
        ("filter", "{trace_conditions: [span.name == 'a']}", True, None),
    ],
)
def test_processors_say_whether_they_drop_and_how_much_they_keep(
    name: str, settings: str, drops: bool, share: float | None
) -> None:
    text = f"processors: {{{name}: {settings}}}\nservice: {{pipelines: {{traces: {{processors: [{name}]}}}}}}\n"
    [processor] = collector(Files(otelcol_yaml=text), "otelcol --config /etc/otelcol.yaml")["processors"]
    assert (processor["drops"], processor["share"], processor["pipelines"]) == (drops, share, ["traces"])


def test_a_load_balancer_has_an_entry_for_each_of_its_backends() -> None:
    found = collector(
        Files(
            otelcol_yaml="""
            exporters:
              loadbalancing:
                protocol: {otlp: {tls: {insecure: true}}}
                resolver:
                  static:
                    hostnames:
                      - backend-1
                      - backend-2:14317
            service: {pipelines: {traces: {exporters: [loadbalancing]}}}
            """
        ),
        "otelcol --config /etc/otelcol.yaml",
    )
    assert [(each["endpoint"], each["insecure"], each["source"]) for each in found["exporters"]] == [
        ("backend-1:4317", True, "/etc/otelcol.yaml:7"),
        ("backend-2:14317", True, "/etc/otelcol.yaml:8"),
    ]


def test_a_connector_says_which_pipelines_of_traces_it_feeds() -> None:
    found = collector(
        Files(
            otelcol_yaml="""
            receivers: {otlp: {protocols: {grpc: }}}
            connectors: {forward: , spanmetrics: }
            exporters: {otlp_grpc: {endpoint: tempo:4317}}
            service:
              pipelines:
                traces/in: {receivers: [otlp], exporters: [forward, spanmetrics]}
                traces/out: {receivers: [forward], exporters: [otlp_grpc]}
                metrics: {receivers: [spanmetrics], exporters: [otlp_grpc]}
            """
        ),
        "otelcol --config /etc/otelcol.yaml",
    )
    assert [(each["kind"], each["pipelines"], each.get("feeds")) for each in found["exporters"]] == [
        ("otlp_grpc", ["traces/out"], None),
        ("forward", ["traces/in"], ["traces/out"]),
        ("spanmetrics", ["traces/in"], []),
    ]


@pytest.mark.parametrize(
    ("metrics", "address"),
    [
        ("", "localhost:8888"),
        ("{level: none}", ""),
        ("{address: ':18888'}", ":18888"),
        ("{address: 0.0.0.0:8888}", "0.0.0.0:8888"),
        ("{readers: [{pull: {exporter: {prometheus: {host: '::', port: 9464}}}}]}", "[::]:9464"),
        ("{readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0}}}}]}", "0.0.0.0:8888"),
        ("{readers: [{periodic: {exporter: {otlp: {endpoint: https://a:4318}}}}]}", ""),
    ],
)
def test_where_its_own_metrics_are(metrics: str, address: str) -> None:
    text = f"service: {{telemetry: {{metrics: {metrics}}}, pipelines: {{traces: }}}}\n"
    assert collector(Files(otelcol_yaml=text), "otelcol --config /etc/otelcol.yaml")["metrics_address"] == address


def test_without_an_environment_nothing_is_said_to_be_unset() -> None:
    text = "exporters: {otlp: {endpoint: '${env:TEMPO}'}}\nservice: {pipelines: {traces: {exporters: [otlp]}}}\n"
    assert collector(Files(otelcol_yaml=text), "otelcol --config /etc/otelcol.yaml")["unread"] == [
        "/etc/otelcol.yaml:1: the environment variable TEMPO is not known: the environment cannot be read"
    ]


def test_a_whole_configuration_may_be_a_variable() -> None:
    environment = {
        "CONF": "exporters:\n  otlp:\n    endpoint: tempo:4317\nservice: {pipelines: {traces: {exporters: [otlp]}}}"
    }
    [exporter] = collector(Files(), "otelcol --config=env:CONF", environment)["exporters"]
    assert (exporter["endpoint"], exporter["source"]) == ("tempo:4317", "environment, CONF")
