"""Runs against earlier runs: a fault comes and goes on the lab, and stored reports are judged again."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.tests.integration.playbook import Run, assert_clean, run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.unit.report import test_sarif, test_schema

FAULT = "grafana.datasource.unreachable"


@dataclasses.dataclass
class Runs:
    """Four runs on one lab: healthy, with a fault, with the fault that is known by now, and repaired."""

    directory: Path
    healthy: Run
    broken: Run
    known: Run
    repaired: Run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The fault is a data source that leads where nobody listens, which is one cause whatever follows from it."""
    root = tmp_path_factory.mktemp("baseline")
    with Lab(directory=root / "lab") as lab:
        lab.run_app()

        def run(name: str, **more: Any) -> Run:
            return run_playbook("diagnose", root / name, {**lab.variables, **more})

        def against(other: Run) -> dict[str, Any]:
            return {"diagnose_baseline": str(other.directory / "report"), "diagnose_fail_on": "new"}

        healthy = run("healthy")
        (source,) = [source for source in lab.grafana.sources if source.type == "tempo"]
        source.url = lab.urls.nowhere
        broken = run("broken", **against(healthy))
        known = run("known", **against(broken))
        source.url = lab.tempo_url
        repaired = run("repaired", **against(known))
        yield Runs(root, healthy, broken, known, repaired)


def compared(run: Run) -> dict[str, Any]:
    assert run.report is not None, run.output
    found: dict[str, Any] = run.report["baseline"]
    return found


def test_a_fault_that_comes_is_exactly_one_new_finding(runs: Runs) -> None:
    assert_clean(runs.healthy)
    assert runs.healthy.code == 0, runs.healthy.output
    assert runs.healthy.report is not None
    assert "baseline" not in runs.healthy.report
    found = compared(runs.broken)
    assert [entry["id"] for entry in found["new"]] == [FAULT], found["new"]
    assert (found["gone"], found["changed"]) == ([], [])
    assert found["file"] == str(runs.healthy.directory / "report" / "report.json")
    assert runs.broken.code == 2, runs.broken.output
    assert "1 new, 0 gone" in runs.broken.output


def test_a_fault_that_is_known_is_not_new_and_fails_nothing(runs: Runs) -> None:
    found = compared(runs.known)
    assert (found["new"], found["gone"], found["changed"]) == ([], [], [])
    assert found["unchanged"] >= 1
    assert runs.known.verdict["status"] == "problem"
    assert runs.known.code == 0, runs.known.output


def test_a_fault_that_goes_is_exactly_one_gone_finding(runs: Runs) -> None:
    found = compared(runs.repaired)
    assert [entry["id"] for entry in found["gone"]] == [FAULT], found["gone"]
    assert (found["new"], found["changed"]) == ([], [])
    assert runs.repaired.code == 0, runs.repaired.output
    assert " gone  " in runs.repaired.output


def test_the_files_of_real_runs_are_as_published(runs: Runs) -> None:
    for run in (runs.healthy, runs.broken, runs.known, runs.repaired):
        assert test_schema.errors(run.report) == []
        log = json.loads((run.directory / "report" / "report.sarif").read_text(encoding="utf-8"))
        assert [error.message for error in test_sarif.OFFICIAL.iter_errors(log)] == []
    metrics = (runs.broken.directory / "report" / "metrics.prom").read_text(encoding="utf-8")
    assert 'traceops_baseline_findings{change="new"} 1' in metrics
    assert "- new: " in (runs.broken.directory / "report" / "report.md").read_text(encoding="utf-8")
    assert '<property name="baseline.new" value="1"/>' in (runs.broken.directory / "report" / "junit.xml").read_text()


def report(runs: Runs, name: str, **variables: Any) -> Run:
    """The playbook `report`, with the reports of these runs as variables by their names."""
    return run_playbook("report", runs.directory / name, variables)


def test_a_stored_report_is_judged_again_without_a_host(runs: Runs) -> None:
    stored = str(runs.known.directory / "report" / "report.json")
    again = report(runs, "again", report=stored)
    assert_clean(again)
    assert again.code == 2, "it ends as the diagnosis would; without a comparison each critical finding counts"
    assert again.report is not None
    assert runs.known.report is not None
    assert again.report["findings"] == runs.known.report["findings"]
    assert f"{FAULT}: see the verdict above" in again.output
    known = [{"id": "grafana.datasource.*", "reason": "being rebuilt"}]
    excused = report(runs, "excused", report=stored, diagnose_suppress=known, diagnose_docs_url="")
    assert excused.code == 0, excused.output
    assert "docs/checks.md#" not in json.dumps(excused.report)


def test_two_reports_are_compared(runs: Runs) -> None:
    reports = {"report": str(runs.repaired.directory / "report"), "baseline": str(runs.known.directory / "report")}
    both = report(runs, "both", **reports)
    assert [entry["id"] for entry in compared(both)["gone"]] == [FAULT]
    assert both.code == 0, both.output


def test_what_cannot_be_compared_is_one_sentence_before_any_host_is_visited(runs: Runs) -> None:
    for name, variables, words in (
        ("nothing", {"diagnose_fail_on": "new"}, "compares with an earlier report, and none was given"),
        ("nowhere", {"diagnose_baseline": "/nowhere/report.json"}, "there is no file /nowhere/report.json"),
        ("url", {"diagnose_docs_url": "javascript:alert(1)"}, "expected https://HOST/PATH, or nothing for no links"),
    ):
        refused = run_playbook("diagnose", runs.directory / name, {"diagnose_service": "x", **variables})
        assert refused.code == 2
        assert words in refused.output
        assert "Find what is left to do" not in refused.output
        assert "Traceback" not in refused.output
    refused = report(runs, "no report", report="/nowhere")
    assert "there is no file /nowhere" in refused.output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
def test_a_full_disk_costs_the_reports_and_not_the_verdict(runs: Runs) -> None:
    tiny = runs.directory / "tiny"
    tiny.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tiny)]
    if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("this root cannot mount a tmpfs")
    try:
        stored = str(runs.known.directory / "report" / "report.json")
        full = report(runs, "full", report=stored, diagnose_report_dir=str(tiny))
        assert os.listdir(tiny) == []
    finally:
        subprocess.run(["umount", str(tiny)], check=True)
    assert full.code == 2
    assert f"report_dir: {tiny} cannot be written (No space left on device)" in full.output
    assert f"root cause: grafana, {FAULT}" in full.output or FAULT in full.output.split("root cause: ", 1)[1]


def test_explain_says_what_a_finding_means(runs: Runs) -> None:
    told = run_playbook("explain", runs.directory / "told", {"id": FAULT})
    assert_clean(told)
    assert told.code == 0, told.output
    assert f"{FAULT}\n" in told.output
    assert "\nhow to fix it\n" in told.output
    slip = run_playbook("explain", runs.directory / "slip", {"id": "grafana.datasource.unreachabel"})
    assert slip.code == 2
    assert f"no check 'grafana.datasource.unreachabel'; the nearest is {FAULT}" in slip.output
