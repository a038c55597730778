"""Settings and counters keep one name while Tempo's change with its versions."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel.config_page import flatten
from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import parse_metrics
from ansible_collections.traceops.tracing.plugins.module_utils._otel.tempo_state import counters, rates, settings
from ansible_collections.traceops.tracing.tests.contract.replay import passage, recorded


def recorded_settings(version: str) -> dict[str, t.Any]:
    page = next(item for item in recorded(f"tempo-{version}") if item.path == "/status/config")
    return settings(flatten(page.answer.body.decode()), "localhost")


@pytest.mark.parametrize(
    ("version", "idle", "check", "cutoff", "delay", "rate"),
    [
        ("2.3.1", 10.0, 10.0, None, 20.0, 15_000_000),
        ("2.10.8", 5.0, 10.0, None, 15.0, 15_000_000),
        ("3.0.3", 5.0, 5.0, 30.0, 30.0, 30_000_000),
    ],
)
def test_recorded_settings_that_decide_when_a_search_shows_a_trace(
    version: str, idle: float, check: float, cutoff: float | None, delay: float, rate: int
) -> None:
    found = recorded_settings(version)
    assert (found["trace_idle_s"], found["flush_check_s"]) == (idle, check)
    assert (found["query_end_cutoff_s"], found["search_delay_s"]) == (cutoff, delay)
    assert found["limits"]["rate_limit_bytes"] == rate
    assert found["limits"]["max_bytes_per_trace"] == 5_000_000
    assert found["retention_s"] == 336 * 3600
    assert found["max_search_range_s"] == 168 * 3600
    assert (found["multitenancy"], found["stream_over_http"]) == (False, False)
    assert found["receivers"] == {"otlp_grpc": "127.0.0.1:24317", "otlp_http": "127.0.0.1:24318"}
    assert found["loopback_receivers"] == ["otlp_grpc", "otlp_http"]


def test_a_receiver_without_an_endpoint_listens_where_its_version_says() -> None:
    page = {
        "distributor.receivers.otlp.protocols.grpc": "",
        "distributor.receivers.otlp.protocols.http": "",
        "distributor.receivers.otlp.protocols.http.endpoint": "0.0.0.0:4318",
        "distributor.receivers.zipkin.endpoint": "0.0.0.0:9411",
    }
    found = settings(page, "localhost")
    assert found["receivers"] == {
        "otlp_grpc": "localhost:4317",
        "otlp_http": "0.0.0.0:4318",
        "zipkin": "0.0.0.0:9411",
    }
    assert found["loopback_receivers"] == ["otlp_grpc"]
    assert settings(page, "0.0.0.0")["loopback_receivers"] == []


def test_switches_that_are_left_out_of_the_page_are_off() -> None:
    assert settings({"target": "all"}, "")["multitenancy"] is False
    on = settings({"multitenancy_enabled": "true", "stream_over_http_enabled": "true"}, "")
    assert (on["multitenancy"], on["stream_over_http"]) == (True, True)


def test_a_tenant_wide_retention_goes_before_the_compactors() -> None:
    page = {
        "overrides.defaults.compaction.block_retention": "1h0m0s",
        "compactor.compaction.block_retention": "336h0m0s",
    }
    assert settings(page, "")["retention_s"] == 3600
    assert settings({**page, "overrides.defaults.compaction.block_retention": "0s"}, "")["retention_s"] == 336 * 3600


@pytest.mark.parametrize("version", ["2.3.1", "2.10.8", "3.0.3"])
def test_a_recorded_tempo_without_a_metrics_generator(version: str) -> None:
    assert recorded_settings(version)["metrics_generator"] == {
        "storage": False, "remote_write": False, "processors": False,
    }  # fmt: skip


GENERATOR = """GET /status/config
---
metrics_generator:
    storage:
        path: /var/tempo/generator
        remote_write:
            - url: http://prometheus:9090/api/v1/write
              name: prometheus
overrides:
    defaults:
        metrics_generator:
            processors:
                - service-graphs
"""


def test_a_metrics_generator_that_is_set_up() -> None:
    found = settings(flatten(GENERATOR), "")["metrics_generator"]
    assert found == {"storage": True, "remote_write": True, "processors": True}


@pytest.mark.parametrize(
    "page",
    [
        {"overrides.per_tenant_override_config": "/etc/overrides.yaml"},
        {"overrides.user_configurable_overrides.enabled": "true"},
        {"overrides.metrics_generator_processors": ""},
    ],
)
def test_processors_may_be_switched_on_elsewhere(page: dict[str, str]) -> None:
    assert settings({"target": "all", **page}, "")["metrics_generator"]["processors"] is True


def test_a_page_that_could_not_be_read_leaves_every_setting_unknown() -> None:
    found = settings({}, "localhost")
    assert set(found.pop("limits").values()) == {None}
    assert set(found.values()) == {None}


def recorded_counters(version: str, after: str) -> dict[str, t.Any]:
    return counters(parse_metrics(passage(f"tempo-{version}", after)), 1_795_399_999.0)


@pytest.mark.parametrize("version", ["2.3.1", "2.10.8", "3.0.3"])
def test_recorded_counters_after_a_few_spans(version: str) -> None:
    found = recorded_counters(version, "metrics_after_ingest")
    assert (found["accepted"], found["refused"], found["received"]) == (8, 1, 9)
    assert found["traces_created"] == 6
    assert found["flush_failures"] == 0
    assert found["tenants"] == {"single-tenant": 9}
    assert found["uptime_s"] > 0


@pytest.mark.parametrize(
    ("version", "discarded"),
    [
        ("2.3.1", {"rate_limited": 80, "trace_too_large": 15, "live_traces_exceeded": 5}),
        ("2.10.8", {"rate_limited": 80, "live_traces_exceeded": 27, "trace_too_large": 0, "unknown_error": 0}),
        ("3.0.3", {"rate_limited": 80, "trace_too_large": 15, "live_traces_exceeded": 12}),
    ],
)
def test_recorded_counters_after_limits_name_what_was_dropped(version: str, discarded: dict[str, int]) -> None:
    found = recorded_counters(version, "metrics_after_limits")
    assert found["discarded"] == discarded
    assert found["discarded_total"] == sum(discarded.values())


def test_a_counter_that_was_never_incremented_is_zero_only_beside_its_siblings() -> None:
    fresh = counters(parse_metrics("tempo_distributor_ingester_clients 1\ntempo_ingester_flush_queue_length 0\n"), None)
    assert (fresh["received"], fresh["traces_created"], fresh["discarded"]) == (0, 0, {})
    assert (fresh["blocklist"], fresh["uptime_s"]) == (None, None)
    querier = counters(parse_metrics("tempo_querier_ingester_clients 1\n"), None)
    assert (querier["received"], querier["traces_created"]) == (None, None)


FUTURE = "tempo_spans_distance_in_future_seconds"


def test_spans_far_from_their_time_are_counted_over_tenants() -> None:
    page = "".join(
        f'{FUTURE}_bucket{{tenant="{tenant}",le="{bound}"}} {count}\n'
        for tenant, counts in (("a", (7, 8, 9, 10)), ("b", (5, 5, 5, 5)))
        for bound, count in zip(("300", "1800", "3600", "+Inf"), counts)
    )
    page += f'{FUTURE}_count{{tenant="a"}} 10\n{FUTURE}_count{{tenant="b"}} 5\n'
    found = counters(parse_metrics(page), None)
    assert (found["spans_ahead"], found["spans_behind"]) == (3, None)
    assert counters(parse_metrics(page.replace('le="300"', 'le="3e+02"')), None)["spans_ahead"] == 3
    assert counters(parse_metrics(f'{FUTURE}_bucket{{le="x"}} 1\n{FUTURE}_count NaN\n'), None)["spans_ahead"] == 0


@pytest.mark.parametrize(
    ("page", "unlisted"),
    [
        ("", None),
        ('tempodb_blocklist_tenant_index_builder{tenant="a"} 1\ntempodb_blocklist_length{tenant="a"} 4\n', 0),
        # Its blocks could never be listed, not even as none.
        ('tempodb_blocklist_tenant_index_builder{tenant="b"} 1\ntempodb_blocklist_length{tenant="a"} 4\n', 1),
        # Another process lists them.
        ('tempodb_blocklist_tenant_index_builder{tenant="b"} 0\ntempodb_blocklist_length{tenant="a"} 4\n', 0),
    ],
)
def test_tenants_whose_blocks_could_never_be_listed(page: str, unlisted: int | None) -> None:
    assert counters(parse_metrics(page), None)["tenants_unlisted"] == unlisted


def test_metrics_that_could_not_be_read_leave_every_counter_unknown() -> None:
    assert set(counters({}, None).values()) == {None}


def test_rates_are_per_second_and_unknown_after_a_restart() -> None:
    before = {"accepted": 10, "refused": 5, "received": 15, "discarded_total": 0, "traces_created": None}
    after = {"accepted": 20, "refused": 0, "received": 15, "discarded_total": 3, "traces_created": 1}
    assert rates(before, after, 4.0) == {
        "accepted": 2.5,
        "refused": None,
        "received": 0.0,
        "discarded_total": 0.75,
        "traces_created": None,
    }
