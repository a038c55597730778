"""Evidence in words: what a reader sees of a finding."""

from __future__ import annotations

from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._report import quoted
from ansible_collections.traceops.tracing.tests.unit.report import reports


def tables(check_id: str) -> dict[str, dict[str, str]]:
    """{caption: {name: value}} of the finding of a check that fails."""
    report = reports.of_case(check_id)
    (finding,) = [each for each in report["findings"] if each["id"] == check_id]
    return {table.caption: {row.name: row.value for row in table.rows} for table in quoted.tables(report, finding)}


def test_the_request_and_its_answer() -> None:
    rows = tables("network.otlp.connection-refused")["Request to the OTLP endpoint"]
    assert rows["request"] == "one span to http://tempo:4318/v1/traces over http/protobuf"
    assert rows["connected"].startswith("no: connection refused")
    assert rows["answer"]


def test_the_steps_of_grafana() -> None:
    rows = tables("grafana.datasource.unreachable")["What Grafana answered"]
    assert rows["√ reach"].startswith("Grafana ")
    assert any(name.startswith("×") for name in rows)


def test_no_finding_is_told_as_a_dump() -> None:
    for check_id in ("app.exporter.export-failed", "tempo-ingest.balance.silent-loss", "grafana.service-graph.empty"):
        values = [value for rows in tables(check_id).values() for value in rows.values()]
        assert values
        assert not [value for value in values if "entries)" in value or value.startswith(("{", '["'))], check_id


def test_a_setting_says_where_it_is_from() -> None:
    report: dict[str, Any] = {
        "run": {"settings": {"tempo_url": "http://tempo:3200", "sources": {"tempo_url": "/proc/273"}}},
        "evidence": {"hosts": {}, "backends": {}},
    }
    finding = {"host": None, "application": None, "backend": None, "evidence": {"settings.tempo_url": "x"}}
    assert quoted.tables(report, finding) == [
        quoted.Table("Settings", [quoted.Row("diagnose_tempo_url", "http://tempo:3200 (from /proc/273)", True)])
    ]


def test_the_lines_of_a_log_in_their_file() -> None:
    line = {"file": "/var/log/a.log", "line": 7, "time": "2026-11-28T01:02:03Z", "text": "export \x1b[31mfailed"}
    logs = {
        "patterns": {"export_failed": {"count": 3, "last": line, "samples": []}, "ready": {"count": 1, "last": line}}
    }
    report: dict[str, Any] = {
        "run": {},
        "evidence": {"hosts": {"a": {"applications": {"shop": {"logs": logs}}}}, "backends": {}},
    }
    evidence = {"logs.patterns.export_failed": {"count": 3}}
    finding = {"host": "a", "application": "shop", "backend": None, "evidence": evidence}
    assert quoted.tables(report, finding) == [
        quoted.Table(
            "Application's log: export failed, 3 times",
            [quoted.Row("/var/log/a.log:7 at 2026-11-28T01:02:03Z", "export failed", True)],
        )
    ]


def test_values_in_words() -> None:
    assert quoted.words(None) == "not known"
    assert quoted.words([True, False]) == "yes, no"
    assert quoted.words({"rate_limit_bytes": 1, "more": []}) == "rate limit bytes: 1; more: none"
    assert quoted.words("x" * 5000).endswith(" ... (3000 more characters)")
    assert quoted.title("otlp.phases.tcp.ok") == "OTLP endpoint: tcp"
