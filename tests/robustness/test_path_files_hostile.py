# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files that want to hurt: the readers end soon, raise nothing, say what was not read, show no secret."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._otel import file_reading, program_files
from ansible_collections.traceops.tracing.tests.unit.path_files.reading import Files

Reader = Callable[[Files, dict[str, str]], Any]
MIB = 1024 * 1024


def reader(kind: str, path: str, *words: str) -> tuple[str, Reader]:
    """(path of the file, what reads it as a program of this kind does)."""

    def read(files: Files, environment: dict[str, str]) -> Any:
        if kind in ("tempo", "grafana"):
            function = program_files.tempo if kind == "tempo" else program_files.grafana
            return function(words, environment, files.read, files.list_dir)
        return program_files.collector(kind, words, environment, files.read, files.list_dir)

    return path, read


READERS: dict[str, tuple[str, Reader]] = {
    "otelcol": reader("otelcol", "/etc/f.yaml", "otelcol", "--config=/etc/f.yaml"),
    "alloy": reader("alloy", "/etc/f.alloy", "alloy", "run", "/etc/f.alloy"),
    "agent": reader("grafana-agent", "/etc/f.yaml", "agent", "-config.file=/etc/f.yaml", "-config.expand-env"),
    "fluent": reader("fluent-bit", "/etc/f.conf", "fluent-bit", "-c", "/etc/f.conf"),
    "fluent, YAML": reader("fluent-bit", "/etc/f.yaml", "fluent-bit", "-c", "/etc/f.yaml"),
    "vector": reader("vector", "/etc/f.yaml", "vector", "-c", "/etc/f.yaml"),
    "vector, TOML": reader("vector", "/etc/f.toml", "vector", "-c", "/etc/f.toml"),
    "tempo": reader("tempo", "/etc/f.yaml", "tempo", "-config.file=/etc/f.yaml", "-config.expand-env"),
    "grafana": reader("grafana", "/etc/f.ini", "grafana", "--config=/etc/f.ini", "--homepath=/g"),
    "grafana, data sources": reader("grafana", "/g/conf/provisioning/datasources/f.yaml", "grafana", "--homepath=/g"),
}

HOSTILE = {
    "empty": "",
    "10 MB": "# a comment that goes on\n" * (10 * MIB // 25),
    "10 MB in a line": "a: " + "x" * (10 * MIB),
    "1 MiB of pairs": "".join(f"k{number}: v\n" for number in range(MIB // 10)),
    "1 MiB of lists": "[" * MIB,
    "1 MiB of entries": "- a\n" * (MIB // 4),
    "1 MiB of quotes": 'a: "' + "x\n" * (MIB // 2 - 10),
    "1 MiB of open texts": 'a = """' + "x\n" * (MIB // 2 - 10),
    "1 MiB of comments": "/*/" * (MIB // 3),
    "1 MiB of parentheses": "a=" + "(" * (MIB - 2),
    "1 MiB of calls": "a=b" + "()" * (MIB // 2 - 3),
    "1 MiB of variables": "${a" * (MIB // 3),
    "an alias bomb": "a0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 60)),
    "a merge bomb": "a0: &a0 {k: v}\n"
    + "".join(f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}]\n  k{n}: v\n" for n in range(1, 999)),
    "an alias within itself": "receivers: &r\n  otlp: *r\n",
    "deep blocks": "".join(" " * n + "a:\n" for n in range(1000)),
    "deep braces": "a {" * 5000,
    "deep tables": "[" + ".".join("a" * 500) + "]\n",
    "NUL": "receivers:\n  otlp\0:\n",
    "binary": bytes(range(256)).decode("latin-1") * 100,
    "replaced bytes": "\ufffd\ufffd: \ufffd\n" * 100,
    "halves of characters": 'receivers: {"otlp/\udcff": {protocols: {grpc: {endpoint: "\\ud800:4317"}}}}\n',
    "directions": "a: \u202eb\u2066\n",
    "a list": "- a\n- b\n",
    "a number": "1\n",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", READERS)
def test_hostile_files_end_soon_and_are_said(kind: str, name: str) -> None:
    path, read = READERS[kind]
    files = Files()
    files.texts[path] = HOSTILE[name]
    began = time.process_time()
    _files, found = read(files, {})
    took = time.process_time() - began
    json.dumps(found).encode("utf-8")
    assert failures(found) == []
    assert all(len(sentence) < 700 and "\n" not in sentence for sentence in found["unread"])
    assert took < 3 * file_reading.SECONDS
    if len(HOSTILE[name]) > 2 * MIB:
        assert f"{path} is larger than 1 MiB: only its beginning is read" in found["unread"]


def failures(found: Any) -> list[str]:
    """The sentences of the net that catches what nobody foresaw; it is there, and should have nothing to do."""
    return [sentence for sentence in found["unread"] if re.search(r"\(\w+\)$", sentence)]


WHOLE: dict[str, Any] = {
    "otelcol": {
        "receivers": {
            "otlp": {"protocols": {"grpc": {"endpoint": "a:1", "tls": {"cert_file": "c"}}}},
            "zipkin": {"endpoint": "a:2"},
        },
        "processors": {
            "probabilistic_sampler": {"sampling_percentage": 1},
            "tail_sampling": {"policies": [{"type": "probabilistic", "probabilistic": {"sampling_percentage": 1}}]},
            "filter": {"traces": {"span": ["x"]}, "spans": {"include": {}}, "trace_conditions": ["x"]},
        },
        "connectors": {"forward": {}},
        "exporters": {
            "otlp": {"endpoint": "a:3", "tls": {"insecure": True}, "headers": {"a": "b"}},
            "otlphttp": {"traces_endpoint": "http://a:4", "headers": [{"name": "a", "value": "b"}]},
            "loadbalancing": {
                "protocol": {"otlp": {"tls": {"insecure": True}}},
                "resolver": {
                    "static": {"hostnames": ["a"]},
                    "dns": {"hostname": "b", "port": 1},
                    "k8s": {"service": "c", "ports": [1]},
                },
            },
            "kafka": {"brokers": ["a:5"]},
        },
        "service": {
            "telemetry": {
                "metrics": {"level": "x", "readers": [{"pull": {"exporter": {"prometheus": {"host": "a", "port": 1}}}}]}
            },
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": ["filter"], "exporters": ["otlp", "kafka", "forward"]}
            },
        },
    },
    "agent": {
        "traces": {
            "configs": [
                {
                    "name": "a",
                    "receivers": {"otlp": {"protocols": {"grpc": {}}}},
                    "remote_write": [
                        {
                            "endpoint": "a:1",
                            "insecure": True,
                            "protocol": "http",
                            "headers": {"a": "b"},
                            "basic_auth": {},
                        }
                    ],
                    "tail_sampling": {"policies": [{"type": "a"}]},
                    "load_balancing": {"exporter": {"insecure": True}, "resolver": {"kubernetes": {"service": "a"}}},
                }
            ]
        },
        "metrics": {"a": "b"},
    },
    "fluent, YAML": {
        "env": {"A": "b"},
        "includes": ["other.yaml"],
        "service": {"http_server": "on", "http_port": 1},
        "pipeline": {
            "inputs": [
                {
                    "name": "opentelemetry",
                    "port": 1,
                    "processors": {"traces": [{"name": "sampling", "sampling_settings": {"sampling_percentage": 1}}]},
                }
            ],
            "outputs": [{"name": "opentelemetry", "match": "*", "host": "a", "header": ["a b"], "tls": "on"}],
        },
    },
    "vector": {
        "sources": {
            "o": {
                "type": "opentelemetry",
                "grpc": {"address": "a:1", "tls": {"enabled": True}},
                "http": {"address": "b:2"},
            }
        },
        "transforms": {"s": {"type": "sample", "inputs": ["o.traces"], "rate": 2, "ratio": 0.1}},
        "sinks": {
            "t": {
                "type": "opentelemetry",
                "inputs": ["s"],
                "protocol": {"uri": "http://a/v1/traces", "auth": {}, "request": {"headers": {"a": "b"}}},
            }
        },
    },
    "tempo": {
        "target": "all",
        "http_api_prefix": "/t",
        "multitenancy_enabled": True,
        "server": {"http_listen_address": "a", "http_listen_port": 1, "http_tls_config": {"cert_file": "a"}},
        "distributor": {"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "a:1"}}}}},
        "storage": {"trace": {"backend": "s3"}},
    },
    "grafana, data sources": {
        "datasources": [{"name": "a", "type": "tempo", "uid": "b", "url": "http://c", "access": "proxy"}]
    },
}


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a tree."""
    yield at
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(each, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], by: Any) -> Any:
    if not at:
        return by
    copy = list(value) if isinstance(value, list) else dict(value)
    copy[at[0]] = replaced(value[at[0]], at[1:], by)
    return copy


@pytest.mark.parametrize("kind", WHOLE)
def test_nothing_fails_where_a_value_is_of_another_kind(kind: str) -> None:
    path, read = READERS[kind]
    assert read(with_text(path, yaml.safe_dump(WHOLE[kind])), {})[1]["unread"] in (
        [],
        ["/etc/other.yaml cannot be read"],
    )
    for at in paths(WHOLE[kind]):
        for other in (
            None,
            [],
            {},
            [[]],
            [None],
            {"a": None},
            {"a": {"b": "c"}},
            [{"a": "b"}],
            "text",
            7,
            True,
            -1.5,
            "9" * 400,
        ):
            _files, found = read(with_text(path, yaml.safe_dump(replaced(WHOLE[kind], at, other))), {})
            json.dumps(found)
            assert failures(found) == [], (at, other)


def with_text(path: str, text: str) -> Files:
    files = Files()
    files.texts[path] = text
    return files


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("receivers: ${file:/etc/f.yaml}\n", {}),
        ("receivers: [${file:/etc/f.yaml}, ${file:/etc/f.yaml}]\n", {}),
        ("receivers: ${env:A}\n", {"A": "${env:A}"}),
        ("receivers: ${env:A}\n", {"A": "[${env:A}, '${env:A}']"}),
        ("receivers: x${env:A}\n", {"A": "${env:B}${env:B}", "B": "${env:A}${env:A}"}),
        ("receivers: ${yaml:${env:A}}\n", {"A": "${yaml:x}"}),
        ("".join(f"a{n}: ${{file:/etc/big.yaml}}\n" for n in range(900)), {}),
    ],
)
def test_values_that_refer_to_each_other_end(text: str, environment: dict[str, str]) -> None:
    path, read = READERS["otelcol"]
    files = with_text(path, text)
    files.texts["/etc/big.yaml"] = "a: [" + "1, " * 9000 + "1]\n"
    began = time.process_time()
    _files, found = read(files, environment)
    assert time.process_time() - began < 3 * file_reading.SECONDS
    assert failures(found) == []


def test_a_folder_of_many_files_is_read_up_to_a_bound() -> None:
    files = Files()
    for number in range(300):
        files.texts[f"/etc/alloy/{number}.alloy"] = ""
    read, found = program_files.collector("alloy", ["alloy", "run", "/etc/alloy"], {}, files.read, files.list_dir)
    assert len(read) == file_reading.MAX_FILES
    assert len(found["unread"]) <= file_reading.MAX_UNREAD


SECRET = "s3ntinel-f1le"
URLS = [
    f"https://user:{SECRET}@tempo:4318",
    f"https://{SECRET}@tempo:4318",
    f"https://user:{SECRET}/{SECRET}@tempo:4318",
    f"https://user:{SECRET}#{SECRET}@tempo:4318",
    f"https://tempo:4318/otlp?api-key={SECRET}",
    f"https://tempo:4318/otlp#{SECRET}",
    f"user:{SECRET}@tempo:4317",
    f"tcp://tempo:9000?username=a&password={SECRET}",
    f"https://tempo:4318/?x=1&token={SECRET}",
]
COLLECTOR = """
extensions:
  basicauth: {client_auth: {username: a, password: SECRET}}
  bearertokenauth: {token: SECRET}
receivers:
  otlp: {protocols: {grpc: {auth: {authenticator: SECRET}, tls: {key_pem: "SECRET"}}, http: }}
  kafka: {brokers: [a:1], auth: {plain_text: {username: a, password: SECRET}}}
processors:
  attributes: {actions: [{key: SECRET, value: SECRET, action: insert}]}
  filter: {traces: {span: ['attributes["SECRET"] == "SECRET"']}}
  tail_sampling: {policies: [{name: SECRET, type: string_attribute, string_attribute: {key: SECRET, values: [SECRET]}}]}
exporters:
  otlp:
    endpoint: "URL"
    headers: {authorization: "Bearer SECRET", "SECRET SECRET": SECRET}
    tls:
      key_pem: |
        -----BEGIN PRIVATE KEY-----
        SECRET
  otlphttp: {endpoint: "URL", headers: [{name: a, value: SECRET}], auth: {authenticator: SECRET}}
  azuremonitor: {connection_string: "InstrumentationKey=SECRET"}
  datadog: {api: {key: SECRET}}
  kafka: {brokers: ["URL"], auth: {sasl: {username: a, password: SECRET}}}
  logzio: {account_token: SECRET}
service:
  telemetry:
    resource: {secret: SECRET}
    metrics: {address: "URL", readers: [{periodic: {exporter: {otlp: {headers: {a: SECRET}}}}}]}
  pipelines: {traces: {receivers: [otlp, kafka], processors: [attributes, filter, tail_sampling],
    exporters: [otlp, otlphttp, azuremonitor, datadog, kafka, logzio]}}
# SECRET
"""
SECRETS: dict[str, tuple[str, str]] = {
    "otelcol": ("otelcol", COLLECTOR),
    "otelcol, by variables": (
        "otelcol",
        COLLECTOR.replace("SECRET", "${env:SECRET_VALUE}").replace("URL", "${env:SECRET_URL}"),
    ),
    "otelcol, broken": ("otelcol", COLLECTOR + "SECRET: [SECRET"),
    "otelcol, twice": ("otelcol", COLLECTOR + "extensions: SECRET"),
    "otelcol, schemes": ("otelcol", "exporters: {otlp: {endpoint: '${vault:SECRET}', headers: {a: '${s3:SECRET}'}}}\n"),
    "otelcol, default": ("otelcol", "exporters: {otlp: {endpoint: 'URL', headers: {a: '${env:A:-SECRET}'}}}\n"),
    "alloy": (
        "alloy",
        """
        otelcol.auth.basic "a" { client_auth { username = "SECRET" password = "SECRET" } }
        otelcol.receiver.otlp "a" {
          grpc { }
          output { traces = [otelcol.exporter.otlp.a.input, otelcol.exporter.otlphttp.b.input] }
        }
        otelcol.exporter.otlp "a" {
          client {
            endpoint = "URL"
            headers  = { "a" = "SECRET", "SECRET SECRET" = "b" }
            tls { key_pem = `SECRET` }
          }
        }
        otelcol.exporter.otlphttp "b" {
          client {
            endpoint = "https://user:" + env("SECRET_VALUE") + "@tempo:4318"
            auth     = otelcol.auth.basic.a.handler
          }
        }
        prometheus.remote_write "c" { endpoint { url = "URL" basic_auth { password = "SECRET" } } }
        // SECRET
        """,
    ),
    "alloy, broken": ("alloy", 'a "SECRET" { b = "SECRET"'),
    "agent": (
        "agent",
        """
        traces:
          configs:
            - name: a
              receivers: {otlp: {protocols: {grpc: }}}
              remote_write:
                - {endpoint: "URL", basic_auth: {username: a, password: SECRET}, headers: {a: SECRET}}
                - {endpoint: "URL", oauth2: {client_id: SECRET, client_secret: SECRET}}
                - {endpoint: "${SECRET_URL}", headers: {a: "${SECRET_VALUE}"}}
        """,
    ),
    "fluent": (
        "fluent",
        """
        @SET secret=SECRET
        [INPUT]
            Name opentelemetry
            tls.key_passwd SECRET
        [OUTPUT]
            Name opentelemetry
            Host URL
            Header Authorization Bearer SECRET
            Header SECRET_SECRET:SECRET x
            http_user a
            http_passwd SECRET
            proxy http://a:SECRET@b:1
        """,
    ),
    "fluent, YAML": (
        "fluent, YAML",
        """
        env: {secret: SECRET}
        pipeline:
          inputs: [{name: opentelemetry}]
          outputs: [{name: opentelemetry, host: "URL", header: ["Authorization Bearer SECRET"], http_passwd: SECRET}]
        """,
    ),
    "vector": (
        "vector",
        """
        secret: {file: {type: file, path: SECRET}}
        sources: {o: {type: opentelemetry, grpc: {address: 0.0.0.0:4317, tls: {key_pass: SECRET}}}}
        sinks:
          t: {type: opentelemetry, inputs: [o], protocol: {uri: "URL", auth: {strategy: bearer, token: SECRET},
              request: {headers: {a: SECRET}}, tls: {key_pass: SECRET}}}
          u: {type: datadog_traces, inputs: [o], endpoint: "URL", default_api_key: SECRET}
        """,
    ),
    "vector, TOML": (
        "vector, TOML",
        """
        [sources.o]
        type = "opentelemetry"
        grpc.address = "0.0.0.0:4317"
        [sinks.t]
        type = "http"
        inputs = ["o"]
        uri = 'URL'
        auth = { strategy = "basic", user = "a", password = "SECRET" }
        request.headers.a = '''
        SECRET'''
        """,
    ),
    "tempo": (
        "tempo",
        """
        server: {http_listen_address: "URL", http_tls_config: {cert_file: SECRET, key: SECRET}}
        distributor: {receivers: {otlp: {protocols: {grpc: {endpoint: "URL", tls: {key_pem: SECRET}}}}}}
        storage: {trace: {backend: s3, s3: {access_key: SECRET, secret_key: SECRET, endpoint: "URL"}}}
        metrics_generator: {storage: {remote_write: [{url: "URL", basic_auth: {password: SECRET}}]}}
        """,
    ),
    "grafana": (
        "grafana",
        """
        [server]
        root_url = URL
        serve_from_sub_path = true
        http_addr = URL
        cert_pass = SECRET
        [database]
        url = mysql://root:SECRET@db/grafana
        [security]
        admin_password = SECRET
        secret_key = ${SECRET_VALUE}
        """,
    ),
    "grafana, data sources": (
        "grafana, data sources",
        """
        datasources:
          - {name: a, type: tempo, url: "URL", basicAuthUser: SECRET, basicAuthPassword: SECRET, password: SECRET,
             secureJsonData: {httpHeaderValue1: SECRET, tlsClientKey: "SECRET"}, jsonData: {httpHeaderName1: SECRET}}
          - {name: b, type: tempo, url: "${SECRET_URL}", secureJsonData: {x: $__file{/run/SECRET}}}
          - {name: c, type: tempo, url: "$__vault{SECRET}"}
        """,
    ),
}


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_of_a_file_comes_out(name: str, url: str) -> None:
    kind, text = SECRETS[name]
    path, read = READERS[kind]
    environment = {"SECRET_VALUE": SECRET, "SECRET_URL": url}
    files = Files()
    files[path] = text.replace("SECRET_", "\0").replace("SECRET", SECRET).replace("URL", url).replace("\0", "SECRET_")
    if kind == "grafana":
        files["/g/conf/provisioning/datasources/x.yaml"] = "datasources: []\n"
    assert SECRET not in json.dumps(read(files, environment))


@pytest.mark.parametrize(
    "words",
    [
        f"otelcol --set=exporters.otlp.headers.authorization={SECRET} --set=exporters.otlp.endpoint=https://a:{SECRET}@b:1",
        f"otelcol --config=yaml:exporters::otlp::headers::a:\t{SECRET}",
        f"otelcol --config=yaml:[{SECRET}",
        f"otelcol --config=https://user:{SECRET}@conf.example/a?token={SECRET}",
        f"otelcol --config=vault:{SECRET}",
        f"otelcol --config=env:CONFIGURATION --set={SECRET}",
    ],
)
def test_no_secret_of_a_command_line_comes_out(words: str) -> None:
    files = Files()
    environment = {"CONFIGURATION": f"exporters: {{otlp: {{headers: {{a: {SECRET}}}}}}}\n{SECRET}: ["}
    found = program_files.collector("otelcol", words.split(" "), environment, files.read, files.list_dir)
    assert SECRET not in json.dumps(found)
