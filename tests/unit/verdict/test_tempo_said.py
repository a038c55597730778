"""What Tempo said is found wherever it stands, and each meaning once."""

from __future__ import annotations

from ansible_collections.traceops.tracing.plugins.module_utils._verdict.tempo_said import said

RING = "500: 'error querying ingesters in Querier.SearchRecent: error getting replication set for ring (0): empty ring'"
REFUSED = "tempo:4318 answers 503: 'DoBatch: InstancesCount <= 0'"


def test_an_answer_and_what_grafana_passed_on_are_one_meaning() -> None:
    backend = {
        "tempo_info": {"at_least": "2.10"},
        "tempo_search": {"message": RING},
        "grafana": {"steps": [{"name": "search", "message": RING}]},
    }
    (found,) = said(backend, [], [])
    assert (found["word"], found["side"], found["seen_in"]) == ("ingester-ring-empty", "ring", "tempo_search")
    assert "ingester.lifecycler" in found["setting"]


def test_both_sides_of_a_ring_are_seen() -> None:
    found = said({"tempo_search": {"message": RING}}, [], [{"otlp": {"message": REFUSED}}])
    assert [each["word"] for each in found] == ["ingester-ring-empty", "ring-no-instances"]
    assert not any(each["logged"] for each in found)


def test_a_log_counts_since_the_last_start_only() -> None:
    def log(count: int) -> dict[str, object]:
        line = {"count": 3, "count_since_start": count, "last": {"text": f'level=error err="{REFUSED}"'}}
        return {"tempo_logs": {"patterns": {"ring_failed": line}}}

    assert said({}, [log(0)], []) == []
    (found,) = said({}, [log(2)], [])
    assert (found["word"], found["logged"]) == ("ring-no-instances", True)


def test_what_a_healthy_start_prints_is_left_out() -> None:
    reason = "Ingester not ready: ingester check ready failed: waiting for 15s after being ready"
    assert said({"tempo_info": {"ready_reason": reason}}, [], []) == []


def test_of_a_line_in_a_log_the_words_that_mean_something_are_told() -> None:
    line = (
        'level=error caller=app.go:231 msg="module failed" module=ingester err="failed to start ingester, because it'
        " depends on module overrides, which has failed: invalid service state: Failed, expected: Running, failure:"
        " starting module overrides: failed to load runtime config: field rate_limit_byte not found in type"
        ' overrides.LegacyOverrides"'
    )
    logs = {"patterns": {"start_failed": {"count_since_start": 1, "last": {"text": line}}}}
    (found,) = said({}, [{"tempo_logs": logs}], [])
    assert found["text"].startswith("… ")
    assert found["text"].endswith("field rate_limit_byte not found in type overrides.LegacyOverrides")
    assert "caller=" not in found["text"]
