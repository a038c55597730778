"""The configuration page and the metrics page, read without a library."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._otel.config_page import flatten
from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import by_label, parse_metrics, total
from ansible_collections.traceops.tracing.tests.contract.replay import recorded

PAGE = """GET /status/config
---
target: all
server:
    http_listen_port: 3200
    empty: ""
    quoted: "a: b"
distributor:
    receivers:
        otlp:
            protocols:
                grpc:
                    endpoint: 0.0.0.0:4317
                http: null
    forwarders:
        - name: x
          otlp:
            endpoints:
                - y
storage:
    after: 5m0s
"""


def test_a_configuration_page_becomes_paths_and_scalars() -> None:
    flat = flatten(PAGE)
    assert flat["target"] == "all"
    assert flat["server.http_listen_port"] == "3200"
    assert flat["server.empty"] == ""
    assert flat["server.quoted"] == "a: b"
    assert flat["distributor.receivers.otlp.protocols.grpc.endpoint"] == "0.0.0.0:4317"
    assert flat["distributor.receivers.otlp.protocols.http"] == ""
    assert flat["storage.after"] == "5m0s"


@pytest.mark.parametrize("version", ["2.3.1", "2.10.8", "3.0.3"])
def test_it_agrees_with_a_yaml_library_on_recorded_pages(version: str) -> None:
    page = next(item for item in recorded(f"tempo-{version}") if item.path == "/status/config").answer.body.decode()

    def scalars(node: object, path: str) -> dict[str, str]:
        if not isinstance(node, dict):
            return {} if isinstance(node, list) else {path: "" if node is None else str(node)}
        return {key: value for name in node for key, value in scalars(node[name], f"{path}.{name}".strip(".")).items()}

    flat = flatten(page)
    expected = scalars(yaml.load(page.partition("---\n")[2], yaml.BaseLoader), "")
    assert len(expected) > 500
    for path, value in expected.items():
        assert flat[path] == ("" if value == "null" else value), path


@pytest.mark.parametrize(
    "text", ["", "\x00\x00", "<html>a: b</html>", "a: b\n", "---\na: b\n", "GET /status/config\n---\n:\n"]
)
def test_another_page_has_no_settings(text: str) -> None:
    assert flatten(text) == {}


METRICS = """# HELP tempo_build_info A metric
# TYPE tempo_build_info gauge
tempo_build_info{branch="HEAD",version="2.10.8"} 1
spans_total{tenant="a",note="say \\"hi\\", {x} \\\\ and\\nmore"} 5 1795399157000
spans_total{tenant="b"} 2.5e+01
spans_total{tenant="b",} 1
plain 0
odd{tenant="x" 5
nan NaN
not a metric at all
"""


def test_samples_are_read_with_labels_values_and_time_stamps() -> None:
    metrics = parse_metrics(METRICS)
    assert metrics["tempo_build_info"] == [({"branch": "HEAD", "version": "2.10.8"}, 1.0)]
    assert metrics["spans_total"][0] == ({"tenant": "a", "note": 'say "hi", {x} \\ and\nmore'}, 5.0)
    assert total(metrics, "spans_total") == 31.0
    assert by_label(metrics, "spans_total", "tenant") == {"a": 5.0, "b": 26.0}


def test_an_absent_metric_is_not_zero() -> None:
    metrics = parse_metrics(METRICS)
    assert total(metrics, "plain") == 0
    assert total(metrics, "gone") is None
    assert by_label(metrics, "gone", "tenant") == {}


def test_lines_that_are_no_samples_are_left_out() -> None:
    metrics = parse_metrics(METRICS)
    assert "odd" not in metrics
    assert set(metrics) == {"tempo_build_info", "spans_total", "plain", "nan"}


def test_an_exemplar_is_not_the_value() -> None:
    text = (
        'tempo_x_bucket{le="1.0",path="{id}"} 5 # {trace_id="4bf9"} 0.67 1520879607.789\ntempo_y_total 7 1520879607.789'
    )
    metrics = parse_metrics(text)
    assert metrics["tempo_x_bucket"] == [({"le": "1.0", "path": "{id}"}, 5.0)]
    assert total(metrics, "tempo_y_total") == 7.0
