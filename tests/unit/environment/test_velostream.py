"""What Velostream makes of its options."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel import app_settings as settings
from ansible_collections.traceops.tracing.plugins.module_utils._otel import velostream
from ansible_collections.traceops.tracing.plugins.module_utils._probe.environment import (
    contradictions as _contradictions,
)

BASE = "velo-sql deploy-app --file /srv/apps/trades.sql --enable-tracing"


def effective(line=BASE, **variables):
    words = line.split()
    return settings.effective(variables, settings.relevant_options(words), words)


def test_its_service_is_named_after_the_file_with_its_extension():
    assert effective()["service_name"] == {"value": "velo-sql-trades.sql", "from": "--file"}
    assert effective("velo-sql deploy-app --file=a.sql")["service_name"]["value"] == "velo-sql-a.sql"


def test_tracing_is_on_only_when_asked_for():
    assert effective()["enabled"] == {"value": True, "from": "--enable-tracing"}
    assert effective("velo-sql deploy-app --file a.sql")["enabled"]["value"] is None  # the SQL file may switch it on


def test_it_exports_over_http_and_rewrites_the_port_of_grpc():
    found = effective(f"{BASE} --otlp-endpoint http://tempo:4317")

    assert (found["endpoint"]["value"], found["endpoint"]["port"]) == ("http://tempo:4318", 4318)
    assert found["protocol"]["value"] == "http/protobuf"


@pytest.mark.parametrize(("port", "subjects"), [(4317, ["port_rewritten"]), (4318, [])])
def test_it_is_said_that_the_port_is_another_one(port, subjects):
    line = f"{BASE} --otlp-endpoint http://tempo:{port}"
    options = settings.relevant_options(line.split())

    said = _contradictions.contradictions({}, options, effective(line))

    assert [each["subject"] for each in said] == subjects
    assert all("http://tempo:4318" in each["message"] for each in said)


def test_variables_win_over_the_option_without_a_word():
    line, variables = f"{BASE} --otlp-endpoint http://a:4318", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:4318"}
    found, options = effective(line, **variables), settings.relevant_options(line.split())

    (contradiction,) = _contradictions.contradictions(variables, options, found)

    assert found["endpoint"]["value"] == "http://b:4318"
    assert contradiction["subject"] == "option_overridden"
    assert contradiction["settings"] == ["--otlp-endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"]


@pytest.mark.parametrize(
    ("options", "ratio", "share", "delay", "sampler"),
    [
        ("", 0.25, 0.0625, 2000.0, "parentbased_traceidratio"),
        ("--sampling-mode debug", 1.0, 1.0, 500.0, "parentbased_traceidratio"),
        ("--sampling-mode dev", 0.5, 0.25, 1000.0, "parentbased_traceidratio"),
        ("--sampling-mode prod", 0.01, 0.0, 5000.0, "parentbased_always_off"),
        ("--sampling-mode=production", 0.01, 0.0, 5000.0, "parentbased_always_off"),
        ("--sampling-mode prod --sampling-ratio 0.05", 0.05, 0.0025, 5000.0, "parentbased_traceidratio"),
        ("--sampling-ratio 0", 0.0, 0.0, 2000.0, "parentbased_always_off"),
        ("--sampling-mode fast", None, None, None, "parentbased_traceidratio"),
        ("--sampling-ratio many", None, None, 2000.0, "parentbased_traceidratio"),
        ("--sampling-ratio nan", None, None, 2000.0, "parentbased_traceidratio"),
    ],
)
def test_how_many_new_traces_it_records(options, ratio, share, delay, sampler):
    found = effective(f"{BASE} {options}")

    assert (found["ratio"]["value"], found["new_traces_share"]["value"]) == (ratio, share)
    assert (found["schedule_delay_ms"]["value"], found["sampler"]["value"]) == (delay, sampler)


def test_a_mode_that_it_refuses_is_named():
    line = f"{BASE} --sampling-mode fast"

    (found,) = _contradictions.contradictions({}, settings.relevant_options(line.split()), effective(line))

    assert found["subject"] == "mode_unknown"
    assert found["message"] == "--sampling-mode is 'fast'; known are debug, dev, staging and prod"


def test_variables_of_the_sdk_have_no_effect_and_contradict_nothing():
    variables = {
        "OTEL_TRACES_SAMPLER": "always_off",
        "OTEL_TRACES_SAMPLER_ARG": "x",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_SDK_DISABLED": "true",
        "OTEL_SERVICE_NAME": "shop",
    }
    found = effective(**variables)

    assert (found["ratio"]["value"], found["exporter"]["value"], found["sdk_disabled"]["value"]) == (
        0.25,
        "otlp",
        False,
    )
    assert found["service_name"]["value"] == "velo-sql-trades.sql"
    assert _contradictions.contradictions(variables, {}, found) == []


@pytest.mark.parametrize(
    ("directives", "level"),
    [
        ("", "info"),
        ("debug", "debug"),
        ("warn,velostream=debug", "debug"),
        ("velostream=debug,warn", "debug"),
        ("velostream", "trace"),
        ("velostream=info,velostream::velostream::observability=trace", "trace"),
        # The crate's module path has `velostream` twice: this directive names nothing.
        ("velostream::observability=trace", "off"),
        ("info,rdkafka=trace", "info"),
        ("OFF", "off"),
        ("debug/traceparent", "debug"),
        ("debug,,", "debug"),
    ],
)
def test_the_level_at_which_its_spans_are_logged(directives, level):
    assert velostream.log_level(directives) == level
    shows = effective(RUST_LOG=directives)["log_level"]["shows_spans"]
    assert shows is (level in ("debug", "trace"))


@pytest.mark.parametrize(
    ("words", "is_it"), [(["/usr/bin/velo-sql-multi"], True), (["python3", "velo-sql"], False), ([], False)]
)
def test_which_programs_it_is(words, is_it):
    assert velostream.is_it(words) is is_it
