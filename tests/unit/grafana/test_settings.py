"""The settings of a data source as facts that checks can judge."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client.grafana import DataSource, parse_datasource
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.settings import describe, settings_of


def source(json_data: dict[str, t.Any] | None = None, **given: t.Any) -> DataSource:
    entry = {"id": 1, "uid": "tempo", "name": "Tempo", "type": "tempo", "access": "proxy", "url": "http://tempo:3200"}
    parsed = parse_datasource({**entry, "jsonData": json_data or {}, **given})
    assert parsed
    return parsed


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://tempo:3200", ("http", "tempo", 3200, "", False)),
        ("http://localhost:3100/", ("http", "localhost", 3100, "", True)),
        ("https://tempo.example/tempo", ("https", "tempo.example", 443, "/tempo", False)),
        ("http://127.0.0.53", ("http", "127.0.0.53", 80, "", True)),
        ("http://[::1]:4317", ("http", "::1", 4317, "", True)),
    ],
)
def test_the_parts_of_the_url_are_facts(url: str, parts: tuple[t.Any, ...]) -> None:
    assert tuple(settings_of(source(url=url), [])["url"].values()) == parts


@pytest.mark.parametrize("url", ["http://tempo:99999", "http://[::1", ""])
def test_an_impossible_url_has_no_parts(url: str) -> None:
    assert settings_of(source(url=url), [])["url"] is None


def test_a_header_counts_when_it_has_a_value() -> None:
    names = {"httpHeaderName1": "X-Scope-OrgID", "httpHeaderName2": "X-Empty"}
    with_values = source(names, secureJsonFields={"httpHeaderValue1": True})
    assert describe(with_values)["headers"] == ["X-Scope-OrgID"]
    assert settings_of(with_values, [])["tenant_header"]
    assert not settings_of(source(names, secureJsonFields={"httpHeaderValue2": True}), [])["tenant_header"]


def test_links_say_whether_and_what_they_point_at() -> None:
    # The first is the setting of a public demo: traces to logs, by way of Prometheus.
    tempo = source(
        {
            "tracesToLogs": {"datasourceUid": "prom"},
            "serviceMap": {"datasourceUid": "gone"},
            "lokiSearch": {"datasourceUid": ""},
            "tracesToMetrics": "not an object",
        }
    )
    prometheus = source(uid="prom", name="Prometheus", type="prometheus")
    assert settings_of(tempo, [tempo, prometheus])["links"] == [
        {
            "setting": "tracesToLogs",
            "uid": "prom",
            "found": True,
            "name": "Prometheus",
            "type": "prometheus",
            "fits": False,
        },
        {"setting": "serviceMap", "uid": "gone", "found": False, "name": None, "type": None, "fits": None},
    ]


@pytest.mark.parametrize(
    ("setting", "kind", "fits"),
    [
        ("tracesToLogs", "loki", True),
        ("tracesToLogsV2", "elasticsearch", True),
        ("tracesToLogsV2", "grafana-vendor-logs-datasource", True),
        ("tracesToLogsV2", "jaeger", False),
        ("tracesToMetrics", "prometheus", True),
        ("tracesToMetrics", "loki", False),
        ("serviceMap", "grafana-amazonprometheus-datasource", True),
        ("serviceMap", "tempo", False),
        ("lokiSearch", "loki", True),
        ("lokiSearch", "elasticsearch", False),
        ("tracesToProfiles", "grafana-pyroscope-datasource", True),
        ("tracesToProfiles", "prometheus", False),
    ],
)
def test_a_link_fits_or_not_by_what_the_setting_is_for(setting: str, kind: str, fits: bool) -> None:
    tempo = source({setting: {"datasourceUid": "other"}})
    (link,) = settings_of(tempo, [tempo, source(uid="other", name="Other", type=kind)])["links"]
    assert link["fits"] is fits


@pytest.mark.parametrize(
    ("json_data", "streaming"),
    [
        ({}, False),
        ({"streamingEnabled": {"search": True}}, True),
        ({"streamingEnabled": {"metrics": True}}, True),
        ({"streamingEnabled": {"search": False}}, False),
        ({"streamingEnabled": "yes"}, False),
    ],
)
def test_streaming_is_a_fact(json_data: dict[str, t.Any], streaming: bool) -> None:
    assert settings_of(source(json_data), [])["streaming"] is streaming


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.0.0.1", True), ("[::1]", True), ("0.0.0.0", True), ("tempo", False)],
)
def test_whether_the_url_stays_on_grafanas_machine(host: str, loopback: bool) -> None:
    facts = settings_of(source(url=f"http://{host}:3200"), [])
    assert facts["url"]["loopback"] is loopback


def test_other_settings_are_facts() -> None:
    tempo = source({"tlsSkipVerify": True, "traceQuery": {"timeShiftEnabled": True}}, access="direct", basicAuth=True)
    facts = settings_of(tempo, [])
    assert facts["access"] == "direct"
    assert facts["tls_skip_verify"]
    assert facts["basic_auth"]
    assert facts["time_shift"]
    assert len(facts["time_shifts"]) == 2


def test_what_is_shown_has_no_credentials() -> None:
    shown = describe(source(url="http://admin:hunter2@tempo:3200/", name="Te\x1b[31mmpo"))
    assert shown["url"] == "http://tempo:3200/"
    assert shown["name"] == "Tempo"


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "tempo",
        {},
        {"id": -1, "type": "datasource"},
        {"type": "tempo"},
        {"id": True, "type": "tempo"},
        {"id": 1},
    ],
)
def test_what_is_no_data_source_is_left_out(entry: t.Any) -> None:
    assert parse_datasource(entry) is None
