"""The published schema of report.json is what reports are."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._report import schema, write
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.compare import compare
from ansible_collections.traceops.tracing.tests.unit.checks.cases import cases
from ansible_collections.traceops.tracing.tests.unit.report import reports

PUBLISHED = json.loads((Path(__file__).parents[3] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED)


def errors(report: Any) -> list[str]:
    """Where the report.json of a report is not as published, and why."""
    return differences(json.loads(write.text(report)))


def differences(written: Any) -> list[str]:
    found = VALIDATOR.iter_errors(written)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message:.200}" for error in found]


def test_the_published_schema_is_up_to_date_and_a_schema() -> None:
    assert schema.schema() == PUBLISHED, "make docs"
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)


@pytest.mark.parametrize("check_id", [*sorted(cases())[::9], "network.otlp.connection-refused"])
def test_reports_of_all_kinds_are_valid(check_id: str) -> None:
    assert errors(reports.of_case(check_id)) == []


def test_a_fleet_with_hosts_that_were_not_reached_is_valid() -> None:
    assert errors(reports.fleet(20, refused=3, unreachable=2)) == []


def test_a_comparison_is_valid() -> None:
    broken, healthy = reports.of_case("network.otlp.connection-refused"), reports.healthy()
    for before, after in ((healthy, broken), (broken, healthy), (broken, broken)):
        assert errors({**after, "baseline": compare(before, after, "old.json")}) == []


def test_evidence_of_schema_1_is_valid_when_it_was_read() -> None:
    seen = copy.deepcopy(reports.healthy()["evidence"])
    for labels in seen["hosts"].values():
        (own,) = labels.pop("applications").values()
        labels.update(own)
    for labels in seen["backends"].values():
        del labels["applications"]
    lifted = evidence.check_document(json.loads(json.dumps({**seen, "schema": 1})))
    assert errors(judge.report(lifted, reports.LIBRARY)) == []


BROKEN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no verdict": lambda report: report.pop("verdict"),
    "a status of its own": lambda report: report["verdict"].update(status="fine"),
    "a state of its own": lambda report: report["findings"][0].update(state="maybe"),
    "a finding without a title": lambda report: report["findings"][0].pop("title"),
    "a fix that is no list": lambda report: report["verdict"]["root_causes"][0].update(fix="restart it"),
    "a later schema": lambda report: report.update(schema=4),
    "a finding that is nowhere": lambda report: report["findings"][0].pop("places"),
    "a subject without a host": lambda report: report["subjects"][0].pop("host"),
    "places by name": lambda report: report["places"].append(["app01"]),
    "a comparison without numbers": lambda report: report.update(baseline={"file": "x"}),
    "evidence of another kind": lambda report: report["evidence"]["backends"]["main"].update(tempo_info="x"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_otherwise_is_found(name: str) -> None:
    written = json.loads(write.text(reports.of_case("network.otlp.connection-refused")))
    BROKEN[name](written)
    assert differences(written)
