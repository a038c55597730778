"""Hosts x checks in little space."""

from __future__ import annotations

import json

from ansible_collections.traceops.tracing.plugins.module_utils._report import fold
from ansible_collections.traceops.tracing.plugins.module_utils._report.matrix import LETTERS, Matrix, matrix
from ansible_collections.traceops.tracing.tests.unit.report import reports


def of(report: reports.judge.Report) -> Matrix:
    return matrix(report, fold.fold(report))


def test_every_host_has_the_outcomes_of_its_findings() -> None:
    report = reports.fleet(60, refused=7, unreachable=2)
    found = of(report)
    assert [name for name, _pattern in found.places] == [f"app{n:04}" for n in range(60)]
    column = {check_id: place for place, (check_id, _hop) in enumerate(found.checks)}
    own = {f"{f['host']} {f['id']}": f["state"] for f in report["findings"] if f["host"] is not None}
    for name, pattern in found.places:
        for check_id, place in column.items():
            assert found.patterns[pattern][place] == LETTERS[own.get(f"{name} {check_id}", "skipped")], (name, check_id)


def test_equal_hosts_share_a_pattern() -> None:
    few, many = (of(reports.fleet(number, refused=7, unreachable=2)) for number in (60, 600))
    assert len(few.patterns) == len(many.patterns) == 3
    assert len(json.dumps(many.data())) - len(json.dumps(few.data())) < 540 * 20, "characters for another host"


def test_without_scripting_it_is_a_table_of_words() -> None:
    rows = of(reports.fleet(60, refused=7, unreachable=2)).together()
    assert [len(row["names"]) for row in rows] == [7, 51, 2]
    assert "network.otlp.connection-refused" in rows[0]["states"]["failed"]
    assert rows[0]["passed"] > 10
