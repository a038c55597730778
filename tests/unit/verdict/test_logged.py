"""What a log tells of exports: whether they fail now, why, and whose log it is."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import logged

TRACE = "2026-11-28T06:00:00Z"
AT = 1795845600.0  # the same moment
SETTINGS = {"service": "shop"}


def labels(
    cause: str = "", counts: dict[str, int] | None = None, otlp: Any = None, **more: Any
) -> dict[str, dict[str, Any]]:
    """A log whose patterns matched so often since the start, and that gives this cause."""
    reason = {"cause": cause, "words": "x", "time": TRACE, "protocol": "http", "before_end_s": 1.0, **more}
    return {
        "logs": {
            "reason": reason if cause else None,
            "recognised": "otel_go",
            "patterns": {name: {"count_since_start": count} for name, count in (counts or {}).items()},
        },
        **({"otlp": otlp} if otlp else {}),
    }


def stored(*starts: float) -> dict[str, Any]:
    return {"tempo_search": {"count": len(starts), "traces": [{"start": start} for start in starts]}}


@pytest.mark.parametrize(
    ("cause", "more", "backend", "failing"),
    [
        ("", {}, {}, False),
        ("connection_refused", {}, {}, True),
        ("connection_refused", {"before_end_s": None}, {}, True),
        # Long ago, by the log's own times.
        ("connection_refused", {"before_end_s": logged.RECENT_S + 1}, {}, False),
        # Tempo has a trace that is about as young, or only older ones.
        ("connection_refused", {}, stored(AT), False),
        ("connection_refused", {}, stored(AT - logged.RECENT_S - 60), True),
        ("connection_refused", {}, stored(AT - 9999, AT + 5), False),
        # Without a time of either, a trace decides.
        ("connection_refused", {"time": None}, stored(AT), False),
    ],
)
def test_whether_exports_fail_now(cause: str, more: dict[str, Any], backend: dict[str, Any], failing: bool) -> None:
    told = logged.exports(labels(cause, {"export_failed": 2} if cause else {}, **more), backend, SETTINGS)
    assert told["failing"] is failing


@pytest.mark.parametrize(
    ("counts", "count", "times"),
    [
        ({"export_failed": 1}, 1, "once"),
        ({"export_failed": 2, "export_dropped": 3}, 5, "5 times"),
        # Attempts that were tried again count where nothing failed for good.
        ({"export_failed": 2, "export_retry": 9}, 2, "2 times"),
        ({"export_retry": 9}, 9, "9 times"),
    ],
)
def test_how_often_exports_failed(counts: dict[str, int], count: int, times: str) -> None:
    told = logged.exports(labels("connection_refused", counts), {}, {})
    assert (told["count"], told["times"]) == (count, times)


@pytest.mark.parametrize(
    ("cause", "detected", "decided"),
    [
        ("connection_reset", "grpc", "protocol_mismatch"),
        ("connection_reset", "http", "connection_reset"),
        ("connection_reset", None, "connection_reset"),
        ("connection_refused", "grpc", "connection_refused"),
    ],
)
def test_the_wire_tells_why_a_connection_broke(cause: str, detected: str | None, decided: str) -> None:
    told = logged.exports(labels(cause, {"export_failed": 1}, {"detected": detected}), {}, {})
    assert told["cause"] == decided


def test_a_partial_success_without_failures_is_no_failed_export() -> None:
    told = logged.exports(labels("partial_success", {"partial_success": 1}), {}, {})
    assert (told["cause"], told["failing"]) == ("", False)


def test_patterns_of_a_users_own_give_words_without_a_cause() -> None:
    pattern = {"count_since_start": 2, "last": {"text": "it broke", "time": TRACE}}
    told = logged.exports({"logs": {"patterns": {"export_failed": pattern}}}, {}, {})
    assert (told["cause"], told["words"], told["last"]) == ("unknown", "it broke", TRACE)


@pytest.mark.parametrize(
    ("profile", "of", "name"),
    [
        ("otel_go", "application", "one of OpenTelemetry for Go"),
        ("velostream", "application", "one of Velostream"),
        ("otel_collector", "collector", "a collector's"),
        ("tempo", "tempo", "Tempo's"),
        ("tempo_server", "tempo", "Tempo's"),
        ("mine", "application", "'mine'"),
        ("", "", ""),
    ],
)
def test_whose_log_it_is(profile: str, of: str, name: str) -> None:
    told = logged.log({"logs": {"recognised": profile, "profiles": {profile: 7}}})
    assert (told["of"], told["name"], told["lines"]) == (of, name, 7)


@pytest.mark.parametrize(
    ("levels", "shows"), [([], True), (["warn", "error"], False), (["error", "info"], True), (["debug"], True)]
)
def test_whether_a_log_shows_info(levels: list[str], shows: bool) -> None:
    assert logged.log({"logs": {"levels": levels}})["shows_info"] is shows


def test_a_log_is_heard_by_any_line_of_its_sdk() -> None:
    assert logged.exports(labels(counts={"sdk_heard": 1}), {}, {})["heard"]
    assert not logged.exports(labels(counts={"sdk_heard": 0, "disabled": 1}), {}, {})["heard"]


@pytest.mark.parametrize(
    ("recognised", "language", "name"),
    [
        ("otel_go", "java", "OpenTelemetry for Go"),
        ("otel_collector", "java", "OpenTelemetry for Java"),
        ("", "", "the SDK"),
    ],
)
def test_the_words_are_of_the_sdk_that_wrote_the_log_or_else_of_the_program(
    recognised: str, language: str, name: str
) -> None:
    effective = {"language": {"value": language}}
    assert logged.sdk({"logs": {"recognised": recognised}, "environment": {"effective": effective}})["name"] == name


def test_traces_are_stored_only_where_a_service_was_asked_for() -> None:
    assert logged.stored(stored(AT), SETTINGS)
    assert not logged.stored(stored(AT), {})
    assert not logged.stored(stored(), SETTINGS)


@pytest.mark.parametrize(
    ("lines", "without"),
    [
        ({}, False),
        ({"exporter_failed": 4}, True),
        # It tried again, and could.
        ({"exporter_failed": 4, "exporter_created": 9}, False),
        ({"exporter_failed": 4, "export_failed": 9}, False),
        ({"exporter_failed": 4, "exporter_created": 2}, True),
        # Of another program in the same log.
        ({"exporter_failed": 4, "observability_failed": 9, "exporter_created": 5}, True),
    ],
)
def test_an_exporter_that_is_built_at_the_second_try_is_there(lines: dict[str, int], without: bool) -> None:
    found = labels()
    found["logs"]["patterns"] = {
        name: {"count_since_start": 1, "last": {"file": "app.log", "line": line}} for name, line in lines.items()
    }
    assert logged.log(found)["without_exporter"] is without


@pytest.mark.parametrize(
    ("labels", "whose"),
    [
        ({"logs": {"recognised": "otel_java"}}, None),
        ({"logs": {"recognised": "otel_java"}, "collector_logs": {"recognised": ""}}, "collector_logs"),
        # A collector's log that was given as the application's.
        ({"logs": {"recognised": "otel_collector"}}, "logs"),
        ({"logs": {"recognised": "", "patterns": {"export_dropped": {"count_since_start": 1}}}}, "logs"),
        ({"logs": {"recognised": "", "patterns": {"export_dropped": {"count_since_start": 0}}}}, None),
    ],
)
def test_which_log_is_the_collectors(labels: dict[str, Any], whose: str | None) -> None:
    assert logged.collector_logs(labels) is (labels[whose] if whose else None)
