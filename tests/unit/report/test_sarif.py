"""report.sarif: held to the official schema, with fingerprints that are the same in every run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import DOCS_URL
from ansible_collections.traceops.tracing.plugins.module_utils._report import sarif
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.compare import compare
from ansible_collections.traceops.tracing.tests.unit.report import reports

SCHEMA = json.loads((Path(__file__).parent / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
OFFICIAL = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def log_of(report: judge.Report) -> dict[str, Any]:
    """The run of the SARIF log, which is valid."""
    log = json.loads(sarif.page(report, reports.LIBRARY))
    assert [f"{list(error.path)}: {error.message}" for error in OFFICIAL.iter_errors(log)] == []
    (run,) = log["runs"]
    assert all(run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    found: dict[str, Any] = run
    return found


REPORTS: dict[str, Any] = {
    "healthy": reports.healthy,
    "refused": lambda: reports.of_case("network.otlp.connection-refused"),
    "warning": lambda: reports.of_case("grafana.link.missing"),
    "fleet": lambda: reports.fleet(30, refused=4, unreachable=2),
    "no links": lambda: reports.of_case("network.otlp.connection-refused", docs_url=""),
    "suppressed": lambda: reports.of_case(
        "network.otlp.connection-refused", suppress=[{"id": "network.*", "reason": "known"}]
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_valid(name: str) -> None:
    log_of(REPORTS[name]())


def test_what_fails_is_a_result_with_its_rule_and_its_place() -> None:
    run = log_of(reports.of_case("network.otlp.connection-refused", inventory="inventory/prod.yml"))
    result = next(each for each in run["results"] if each["ruleId"] == "network.otlp.connection-refused")
    assert result["level"] == "error"
    assert result["message"]["text"].startswith("nothing listens at http://tempo:4318/v1/traces")
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "inventory/prod.yml"
    assert place["logicalLocations"] == [
        {"name": "velo-sql-app.sql", "fullyQualifiedName": "app01/velo-sql-app.sql", "kind": "application"}
    ]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["helpUri"] == f"{DOCS_URL}#network.otlp.connection-refused"
    assert rule["shortDescription"]["text"] == "Does something listen at the OTLP endpoint?"


def test_what_passes_or_was_not_checked_is_no_result() -> None:
    assert log_of(reports.healthy())["results"] == [
        each for each in log_of(reports.healthy())["results"] if each["level"] == "note"
    ]


def test_fingerprints_are_the_same_in_every_run_and_differ_by_host() -> None:
    def prints(report: judge.Report) -> list[str]:
        results = log_of(report)["results"]
        return [each["partialFingerprints"]["traceopsFinding/v1"] for each in results if each["level"] == "error"]

    first = prints(reports.fleet(30, refused=4))
    assert len(set(first)) == len(first) >= 4
    later = reports.fleet(30, refused=4)
    changed = [{**each, "title": each["title"] + " again"} for each in later["findings"]]
    assert prints({**later, "findings": changed}) == first


def test_a_suppressed_finding_says_why() -> None:
    run = log_of(REPORTS["suppressed"]())
    result = next(each for each in run["results"] if each["ruleId"] == "network.otlp.connection-refused")
    assert result["suppressions"] == [{"kind": "external", "justification": "known"}]


def test_the_comparison_is_in_it() -> None:
    broken = reports.of_case("network.otlp.connection-refused")
    broken["baseline"] = compare(reports.healthy(), broken)
    states = {each["ruleId"]: each["baselineState"] for each in log_of(broken)["results"]}
    assert states["network.otlp.connection-refused"] == states["network.otlp.not-accepted"] == "new"
    broken["baseline"] = compare(broken, broken)
    assert {each["baselineState"] for each in log_of(broken)["results"]} == {"unchanged"}


def test_hostile_text_is_valid_and_harmless() -> None:
    changes = {"tempo_search.suggestions": [reports.HOSTILE + "\x00\ud800" + "x" * 100_000], "tempo_search.count": 0}
    seen = reports.document(changes)
    seen["run"]["inventory"] = "in ven\tory/\u202e<x>"
    page = sarif.page(judge.report(seen, reports.LIBRARY))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800]", page)
    log_of(judge.report(seen, reports.LIBRARY))


def test_of_too_many_results_the_gravest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 4)
    run = log_of(reports.fleet(30, refused=6))
    assert [each["level"] for each in run["results"]] == ["error"] * 4
    assert run["invocations"][0]["properties"]["resultsLeftOut"] > 0
