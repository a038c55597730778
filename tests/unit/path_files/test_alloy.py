# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Grafana Alloy does with spans is read from its components, which lead to each other."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.tests.unit.path_files.reading import Files, collector

GATEWAY = """
    // spans of the shop
    otelcol.receiver.otlp "default" {
      grpc { }
      http {
        endpoint = "127.0.0.1:14318"
      }
      output {
        traces = [otelcol.processor.probabilistic_sampler.tenth.input]
        logs   = [otelcol.exporter.loki.default.input]
      }
    }

    otelcol.processor.probabilistic_sampler "tenth" {
      sampling_percentage = 10
      output { traces = [otelcol.processor.batch.default.input] }
    }

    otelcol.processor.batch "default" {
      output {
        traces = [
          otelcol.exporter.otlp.tempo.input, /* the shop's */
          otelcol.connector.spanmetrics.red.input,
        ]
      }
    }

    otelcol.connector.spanmetrics "red" {
      output { metrics = [otelcol.exporter.prometheus.default.input] }
    }

    otelcol.exporter.otlp "tempo" {
      client {
        endpoint = env("TEMPO") + ":4317"
        headers  = {
          "X-Scope-OrgID" = "shop",
          authorization   = "Basic " + local.file.token.content,
        }
        tls {
          insecure = true
        }
      }
    }
"""


def test_a_gateway_is_followed_from_its_receiver_to_its_exporter() -> None:
    files = Files(config_alloy=GATEWAY)
    found = collector(
        files, "/bin/alloy run --storage.path=/var/lib/alloy /etc/config.alloy", {"TEMPO": "mon01"}, "alloy"
    )

    assert found["pipelines"] == [
        {
            "name": "otelcol.receiver.otlp.default",
            "receivers": ["otelcol.receiver.otlp.default"],
            "processors": [
                "otelcol.processor.probabilistic_sampler.tenth",
                "otelcol.processor.batch.default",
                "otelcol.connector.spanmetrics.red",
            ],
            "exporters": ["otelcol.exporter.otlp.tempo", "otelcol.connector.spanmetrics.red"],
            "source": "/etc/config.alloy:2",
        }
    ]
    assert [(each["protocol"], each["host"], each["port"], each["source"]) for each in found["receivers"]] == [
        ("grpc", "0.0.0.0", 4317, "/etc/config.alloy:3"),
        ("http", "127.0.0.1", 14318, "/etc/config.alloy:5"),
    ]
    assert [(each["kind"], each["share"]) for each in found["processors"]] == [
        ("probabilistic_sampler", 0.1),
        ("batch", None),
    ]
    tempo = next(each for each in found["exporters"] if each["kind"] == "otlp")
    assert (tempo["endpoint"], tempo["insecure"], tempo["source"]) == ("mon01:4317", True, "/etc/config.alloy:33")
    assert tempo["headers"] == ["X-Scope-OrgID", "authorization"]
    assert found["signals"] == ["traces", "metrics", "logs"]
    assert found["metrics_address"] == "127.0.0.1:12345"
    assert found["unread"] == []


def test_all_files_of_a_folder_are_one_configuration() -> None:
    files = Files()
    files["/etc/alloy/in.alloy"] = (
        'otelcol.receiver.otlp "a" {\n grpc {}\n output { traces = [otelcol.exporter.otlphttp.b.input] }\n}\n'
    )
    files["/etc/alloy/out.alloy"] = 'otelcol.exporter.otlphttp "b" {\n client { endpoint = "http://tempo:4318" }\n}\n'
    files["/etc/alloy/notes.txt"] = "not for it"
    found = collector(files, "alloy run /etc/alloy --server.http.listen-addr=0.0.0.0:12345", kind="alloy")
    assert [(each["endpoint"], each["pipelines"], each["source"]) for each in found["exporters"]] == [
        ("http://tempo:4318", ["otelcol.receiver.otlp.a"], "/etc/alloy/out.alloy:2")
    ]
    assert found["metrics_address"] == "0.0.0.0:12345"


@pytest.mark.parametrize(
    ("written", "endpoint"),
    [
        ('"tempo:4317"', "tempo:4317"),
        ("`tempo:4317`", "tempo:4317"),
        ('sys.env("HOST") + ":4317"', "mon01:4317"),
        ('coalesce(sys.env("UNSET"), "tempo:4317")', "tempo:4317"),
        ('string.format("%s:%d", env("HOST"), 4317)', "mon01:4317"),
        ('nonsensitive("tempo:4317")', "tempo:4317"),
        ("argument.endpoint.value", ""),
        ("local.file.endpoint.content", ""),
        ('json_path(local.file.all.content, ".endpoint")[0]', ""),
    ],
)
def test_addresses_are_computed_as_far_as_a_file_can_tell(written: str, endpoint: str) -> None:
    text = f'otelcol.exporter.otlp "x" {{\n  client {{\n    endpoint = {written}\n  }}\n}}\n'
    found = collector(Files(a_alloy=text), "alloy run /etc/a.alloy", {"HOST": "mon01"}, "alloy")
    assert found["exporters"][0]["endpoint"] == endpoint
    said = "/etc/a.alloy:3: the address comes from another component, which cannot be followed"
    assert (said in found["unread"]) == (not endpoint)


def test_a_load_balancer_a_faro_and_a_tail_sampler() -> None:
    found = collector(
        Files(
            a_alloy="""
            faro.receiver "web" {
              server { listen_address = "0.0.0.0" }
              output { traces = [otelcol.processor.tail_sampling.keep.input] }
            }
            otelcol.processor.tail_sampling "keep" {
              policy {
                name = "a"
                type = "probabilistic"
                probabilistic { sampling_percentage = 5 }
              }
              output { traces = [otelcol.exporter.loadbalancing.tempos.input] }
            }
            otelcol.exporter.loadbalancing "tempos" {
              resolver { dns { hostname = "tempos.example" } }
              protocol { otlp { client { tls { insecure = true } } } }
            }
            """
        ),
        "alloy run /etc/a.alloy",
        kind="alloy",
    )
    assert [(each["host"], each["port"]) for each in found["receivers"]] == [("0.0.0.0", 12347)]
    assert [(each["kind"], each["drops"], each["share"]) for each in found["processors"]] == [
        ("tail_sampling", True, 0.05)
    ]
    assert [(each["endpoint"], each["insecure"]) for each in found["exporters"]] == [("tempos.example:4317", True)]


def test_what_cannot_be_followed_is_said() -> None:
    found = collector(
        Files(
            a_alloy="""
            import.git "lib" {
              repository = "https://user:hunter2@git.example/lib"
            }
            declare "gateway" {
              otelcol.exporter.otlp "inner" { client { endpoint = "x:4317" } }
            }
            remotecfg { url = "https://fleet.example" }
            """
        ),
        "alloy run /etc/a.alloy",
        kind="alloy",
    )
    assert found["unread"] == [
        "/etc/a.alloy:1: what import.git takes in cannot be followed",
        "/etc/a.alloy:4: the components of a declare block are not followed",
        "/etc/a.alloy:7: more of its configuration comes from a server, which cannot be followed",
    ]
    assert found["exporters"] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('otelcol.exporter.otlp "x" {', "line 1: a } is missing"),
        ("}", "line 1: a } without a {"),
        ('a "b" {\n  c = \n}', "line 3: no value begins like this"),
        ("a = /* never closed", "line 1: a comment or a text is not closed"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text: str, why: str) -> None:
    found = collector(Files(a_alloy=text), "alloy run /etc/a.alloy", kind="alloy")
    assert found["unread"] == [f"/etc/a.alloy cannot be read: {why}"]


def test_alloy_may_run_what_a_collector_has() -> None:
    files = Files(
        a_yaml="exporters: {otlp: {endpoint: '${env:T}'}}\nservice: {pipelines: {traces: {exporters: [otlp]}}}\n"
    )
    for command in ("alloy run --config.format=otelcol /etc/a.yaml", "alloy otel --config=/etc/a.yaml"):
        found = collector(files, command, {"T": "tempo:4317"}, "alloy")
        assert [(each["endpoint"], each["source"]) for each in found["exporters"]] == [("tempo:4317", "/etc/a.yaml:1")]
    found = collector(files, "alloy run --config.format=promtail /etc/a.yaml", kind="alloy")
    assert found["unread"] == ["a configuration of the format promtail is not followed"]


def test_an_object_may_have_raw_keys() -> None:
    text = 'otelcol.exporter.otlp "x" {\n  client {\n    endpoint = "a:1"\n    headers = {`b` = `c`}\n  }\n}\n'
    assert collector(Files(a_alloy=text), "alloy run /etc/a.alloy", kind="alloy")["exporters"][0]["headers"] == ["b"]


def test_components_of_other_signals_are_not_told() -> None:
    text = """
        otelcol.receiver.prometheus "p" { output { metrics = [otelcol.exporter.loki.l.input] } }
        otelcol.exporter.loki "l" { forward_to = [] }
        otelcol.exporter.otlp "unused" { client { endpoint = "tempo:4317" } }
    """
    found = collector(Files(a_alloy=text), "alloy run /etc/a.alloy", kind="alloy")
    assert (found["receivers"], found["pipelines"], found["signals"]) == ([], [], ["metrics"])
    assert [(each["name"], each["pipelines"]) for each in found["exporters"]] == [("otelcol.exporter.otlp.unused", [])]
