"""Facts: what follows from the evidence by rules that no condition should spell out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel import programs
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import facts, logged


def log(**captured: tuple[str, str, int]) -> dict[str, Any]:
    """A log whose patterns captured these: pattern=(capture, its last value, how often since the start)."""
    return {
        "patterns": {
            name: {"count_since_start": count, "captures": {capture: {"last": value}}}
            for name, (capture, value, count) in captured.items()
        }
    }


def process(ratio: float | None, sampler: str = "traceidratio", origin: str = "OTEL_TRACES_SAMPLER") -> dict[str, Any]:
    return {
        "effective": {
            "ratio": {"value": ratio, "from": "OTEL_TRACES_SAMPLER_ARG"},
            "sampler": {"value": sampler, "from": origin},
        }
    }


@pytest.mark.parametrize(
    ("image", "program", "name", "role"),
    [
        ("grafana/tempo:2.10.8", "tempo", "anything", "tempo"),
        ("registry.example:5000/mirror/grafana/tempo@sha256:0123", "", "app", "tempo"),
        ("grafana/grafana-enterprise:12.3", "run.sh", "dashboards", "grafana"),
        ("acme/observability:7", "tempo", "obs-1", "tempo"),
        # The name of a container is what somebody chose: it counts where image and command say nothing.
        ("debian:12", "python3", "velo-tempo", "tempo"),
        ("debian:12", "python3", "tracing-backend-tempo-1", "tempo"),
        ("debian:12", "python3", "my_grafana", "grafana"),
        ("debian:12", "python3", "contemporary", None),
        # Neighbours of both, whatever they are called.
        ("otel/opentelemetry-collector-contrib:0.155.0", "otelcol-contrib", "tempo-collector", None),
        ("grafana/alloy:v1.9", "alloy", "grafana-alloy", None),
        ("grafana/agent:v0.44", "grafana-agent", "grafana-agent", None),
        ("grafana/grafana-image-renderer:3.12", "", "grafana-renderer", None),
        ("grafana/tempo-query:2.3.1", "", "tempo-query", None),
        ("prom/prometheus:v3", "prometheus", "grafana-prometheus", None),
        # What the image says is not overruled by a name.
        ("prom/prometheus:v3", "", "tempo-1", None),
        ("otel/opentelemetry-collector-contrib:0.155.0", "otelcol-contrib", "in-front-of-tempo", None),
    ],
)
def test_what_runs_in_a_container(image: str, program: str, name: str, role: str | None) -> None:
    assert programs.role_of(name, image, program) == role


def test_the_log_tells_the_ratio_that_the_application_started_with() -> None:
    labels = {"logs": log(sampling_ratio=("percent", "25.0", 1)), "environment": process(1.0)}
    said = facts.sampling(labels)
    assert said is not None
    assert (said["ratio"], said["velostream"], said["recorded_percent"]) == (0.25, True, 6.25)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"environment": {"effective": {"language": {"value": "python"}}}}, "OpenTelemetry for Python"),
        ({"environment": {"effective": {"language": {"value": "nodejs"}}}}, "OpenTelemetry for Node.js"),
        ({"environment": process(0.5, origin="velostream")}, "Velostream"),
        ({"environment": {"effective": {"language": {"value": None}}}}, "the SDK"),
        ({}, "the SDK"),
    ],
)
def test_the_words_of_a_fix_are_those_of_the_process(labels: dict[str, Any], name: str) -> None:
    assert logged.sdk(labels)["name"] == name


def test_an_earlier_start_in_the_log_tells_nothing() -> None:
    labels = {"logs": log(sampling_ratio=("percent", "0.0", 0)), "environment": process(0.5)}
    said = facts.sampling(labels)
    assert said is not None
    assert (said["ratio"], said["source"]) == (0.5, "OTEL_TRACES_SAMPLER_ARG")


def test_the_exact_ratio_is_taken_where_the_percentage_is_rounded() -> None:
    both = log(sampling_ratio=("percent", "1.2", 1), tracing_config=("ratio", "0.0123", 1))
    said = facts.sampling({"logs": both})
    assert said is not None
    assert said["ratio"] == 0.0123


@pytest.mark.parametrize(
    ("labels", "off", "always_off"),
    [
        ({"environment": process(0.01, "parentbased_always_off", "velostream")}, True, False),
        ({"environment": process(0.011, "parentbased_traceidratio", "velostream")}, False, False),
        ({"environment": process(0.01)}, False, False),
        ({"environment": process(0.0, "always_off")}, True, True),
        ({"environment": process(0.0)}, True, False),
    ],
)
def test_when_no_new_trace_is_recorded(labels: dict[str, Any], off: bool, always_off: bool) -> None:
    said = facts.sampling(labels)
    assert said is not None
    assert (said["off"], said["always_off"]) == (off, always_off)


def test_a_ratio_that_nothing_tells_is_not_known() -> None:
    assert facts.sampling({}) is None
    assert facts.sampling({"environment": process(None)}) is None


@pytest.mark.parametrize(
    ("tried", "configured", "same"),
    [
        ("http://tempo:4318/v1/traces", {"value": "http://tempo:4318", "host": "tempo", "port": 4318}, True),
        ("http://tempo:4318/v1/traces", {"value": "http://tempo:43", "host": "tempo", "port": 43}, False),
        ("http://tempo:4318/v1/traces", {"value": "http://temp:4318", "host": "temp", "port": 4318}, False),
        # The process's own loopback, from another place.
        ("http://app01:4318", {"value": "localhost:4318", "host": "localhost", "port": 4318, "loopback": True}, True),
        ("http://[::1]:4318", {"value": "http://[::1]:4318", "host": "::1", "port": 4318}, True),
    ],
)
def test_whether_the_process_uses_the_endpoint_that_was_tried(tried: str, configured: Any, same: bool) -> None:
    found = facts.endpoint({"otlp": {"endpoint": tried}, "environment": {"effective": {"endpoint": configured}}})
    assert found is not None
    assert found["same"] is same


def test_clocks_are_apart_by_what_both_measurements_leave_no_doubt_about() -> None:
    hosts = {
        "a": {"clock": {"offset_s": 25.0, "error_s": 0.5}},
        "b": {"clock": {"offset_s": -25.0, "error_s": 2}},
        "c": {},
    }
    found = facts.clocks(hosts)
    assert found == {
        "compared": 2,
        "ahead": "a",
        "behind": "b",
        "apart_s": 50.0,
        "apart_at_least_s": 46.0,
        "apart_at_most_s": 52.0,
    }
    assert facts.clocks({"a": hosts["a"], "c": {}}) is None


@pytest.mark.parametrize(
    ("rules", "in_series"),
    [
        ([("low64", 1e-9), ("js-xor", 1e-9)], True),
        ([("low64", 1e-9), ("java", 1e-9)], False),
        ([("js-xor", 1e-9), ("java", 1e-9)], True),
        ([("low64", 0.2), ("js-xor", 1e-9), ("java", 1e-9)], False),
        ([("low64", 1e-9), ("js-xor", 1e-3)], False),
    ],
)
def test_two_samplers_in_series(rules: list[tuple[str, float]], in_series: bool) -> None:
    told = [{"rule": rule, "sdk": rule, "ratio": 0.5, "p_value": p} for rule, p in rules]
    assert facts.samplers(told)["in_series"] is in_series


@pytest.mark.parametrize(
    ("otlp", "ports", "behind"),
    [
        ({"cause": "connection_reset", "endpoint": "http://localhost:4318/v1/traces"}, {}, True),
        ({"cause": "connection_reset", "endpoint": "http://localhost:14318"}, {}, False),
        # Docker's proxy takes the connection for the port that it publishes, whatever its number.
        ({"cause": "connection_reset", "endpoint": "http://localhost:14318"}, {"4318/tcp": ["0.0.0.0:14318"]}, True),
        ({"cause": "connection_refused", "endpoint": "http://localhost:4318"}, {}, False),
        ({"cause": "ok", "endpoint": "http://tempo:4318"}, {}, False),
    ],
)
def test_an_endpoint_behind_a_receiver_on_loopback(otlp: Any, ports: Any, behind: bool) -> None:
    port = int(otlp["endpoint"].split(":")[2].split("/")[0])
    labels = {
        "otlp": {**otlp, "phases": {"tcp": {"ok": True, "port": port}}},
        "containers": {"containers": {"tempo": {"image": "grafana/tempo:2.10.8", "ports": ports}}},
    }
    found = facts.of_backend({}, {}, [labels], {})
    assert bool(found["behind_loopback"]) is behind


def test_evidence_of_another_shape_gives_no_facts() -> None:
    strange = {"logs": [], "environment": "x", "otlp": None, "containers": {"containers": {"tempo": 7}}, "clock": 3}
    found = facts.of_application(strange, {}, {})
    told = {key: found[key] for key in ("containers", "network_shared", "sampling", "endpoint", "tracing_logged")}
    assert told == {
        "containers": {"tempo": [], "grafana": []},
        "network_shared": False,
        "sampling": None,
        "endpoint": None,
        "tracing_logged": None,
    }
    assert facts.of_backend({"tempo_info": 1, "grafana": []}, {"h": strange}, [strange], {})["endpoints_connected"] == 0


FACTS = sorted(
    {name for kind in (facts.HostFacts, facts.ApplicationFacts, facts.BackendFacts) for name in get_type_hints(kind)}
)


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_is_used_by_a_check(name: str) -> None:
    checks = Path(facts.__file__).parents[2] / "checks"
    words = "".join(path.read_text(encoding="utf-8") for path in checks.glob("*.yml"))
    assert f"facts.{name}" in words
