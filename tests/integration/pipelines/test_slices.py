"""The playbook `report` merges the reports of slices and regions, as `ansible-playbook` is called on a command line."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._report import write
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.tests.bench.verdict import fleet
from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET
from ansible_collections.traceops.tracing.tests.unit.fleets.test_merge import sliced
from ansible_collections.traceops.tracing.tests.unit.report import reports

NUMBER, SLICES = 40, 4


def whole() -> evidence.Document:
    return fleet(NUMBER)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four slices as each form that a report has: two directories, one of them packed, a file and a bundle."""
    here = tmp_path_factory.mktemp("slices")
    for number, (name, seen) in enumerate(sliced(whole(), SLICES)):
        report = judge.report(seen, reports.LIBRARY)
        written = write.write(report, str(here / "slices" / name), reports.LIBRARY, {} if number == 3 else None)
        if number == 1:
            packed = gzip.compress(Path(written["json"]).read_bytes())
            Path(f"{written['json']}.gz").write_bytes(packed)
            os.remove(written["json"])
        if number == 3:
            os.remove(written["json"])
    return here


def play(here: Path, report: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ansible-playbook", "traceops.tracing.report", "-e", json.dumps({"report": report})],
        cwd=here,
        env={**os.environ, **QUIET},
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_reports_of_all_slices_are_one_verdict(place: Path) -> None:
    done = play(place, "slices/*")
    assert done.returncode == 2, done.stdout
    assert f"{NUMBER} hosts, 1 backend" in done.stdout
    assert "merged of 4 reports: slice-0 slice-1 slice-2 slice-3" in done.stdout
    told = json.loads((place / "tracing-report-again/report.json").read_text(encoding="utf-8"))
    one = judge.report(whole(), reports.LIBRARY)["verdict"]
    assert told["verdict"]["sentence"] == one["sentence"]
    assert [{k: v for k, v in c.items() if k != "slices"} for c in told["verdict"]["root_causes"]] == one["root_causes"]


def test_slices_have_the_names_that_they_are_given(place: Path) -> None:
    done = play(place, ["europe=slices/slice-[01]", "america=slices/slice-3/bundle.tar.gz"])
    assert done.returncode == 2, done.stdout
    assert "merged of 3 reports: europe america" in done.stdout


def test_each_file_that_cannot_be_used_is_named_and_nothing_is_judged(place: Path) -> None:
    (place / "cut.json").write_text("{", encoding="utf-8")
    done = play(place, ["slices/*", "cut.json", "nowhere.json"])
    assert done.returncode == 2, done.stdout
    words = " ".join(done.stdout.split())
    assert "nowhere.json" in words
    assert "root cause" not in words
    assert "Traceback" not in words
    done = play(place, ["slices/*", "cut.json"])
    assert "cut.json is no report: it is cut off" in " ".join(done.stdout.split())
