"""The other forms of a report, and how they are written."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.plugins.module_utils._report import (
    console,
    explain,
    junit,
    markdown,
    prometheus,
    write,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.compare import compare
from ansible_collections.traceops.tracing.tests.unit.report import reports

ROOT = Path(__file__).parents[3]


def test_every_form_is_written(tmp_path: Path) -> None:
    report = reports.of_case("network.otlp.connection-refused")
    paths = write.write(report, str(tmp_path / "a" / "report"))
    assert {form: Path(path).name for form, path in paths.items()} == {
        "json": "report.json",
        "html": "report.html",
        "markdown": "report.md",
        "junit": "junit.xml",
        "prometheus": "metrics.prom",
        "sarif": "report.sarif",
    }
    assert stored.read(paths["json"])["evidence"] == report["evidence"]
    assert sorted(os.listdir(tmp_path / "a" / "report")) == sorted(Path(path).name for path in paths.values())


def test_the_document_has_the_keys_that_programs_rely_on() -> None:
    report = reports.of_case("network.otlp.connection-refused")
    assert list(report) == ["schema", "run", "verdict", "findings", "funnel", "path", "evidence"]
    assert list(report["verdict"]) == ["status", "sentence", "root_causes"]
    assert list(report["verdict"]["root_causes"][0]) == [
        "id", "hop", "hosts", "applications", "backend", "title", "cause", "fix", "proved", "consequences", "docs",
    ]  # fmt: skip
    wanted = {"id", "hop", "host", "application", "state", "severity", "title", "evidence"}
    assert all(wanted <= set(finding) for finding in report["findings"])


def test_a_reader_never_sees_half_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write.write(reports.healthy(), str(tmp_path))
    before = (tmp_path / "report.json").read_text(encoding="utf-8")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write.write(reports.of_case("network.otlp.connection-refused"), str(tmp_path))
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == before
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_markdown() -> None:
    page = markdown.page(reports.of_case("network.otlp.connection-refused"))
    assert page.startswith("# Tracing: problem\n\nnothing listens at http://tempo:4318/v1/traces (connection refused)")
    assert (
        "[`network.otlp.connection-refused`](<https://github.com/traceops/tracing/blob/main/docs/checks.md#network.otlp.connection-refused>)"
        in page
    )
    assert ", proved\non app01" in page
    assert "1. check whether it is running" in page
    assert "| because of network.otlp.connection-refused | network.otlp.not-accepted | app01 |" in page
    assert "## Not checked" in page


def test_markdown_shows_text_from_outside_as_it_is() -> None:
    changes = {"tempo_search.suggestions": ["a|b](x)<img>\n# *c*"], "tempo_search.count": 0}
    page = markdown.page(reports.judge.report(reports.document(changes), reports.LIBRARY))
    assert r"a\|b\](x)\<img\> \# \*c\*" in page


def test_junit() -> None:
    report = reports.of_case("network.otlp.connection-refused")
    suite = ET.fromstring(junit.page(report).encode())[0]
    failures = [case.get("classname") for case in suite if case.find("failure") is not None]
    assert failures == ["network.otlp.connection-refused", "network.otlp.not-accepted"]
    assert suite.get("failures") == "2"
    assert suite.get("tests") == str(len(report["findings"])) == str(len(suite))
    assert suite.get("skipped") == str(sum(case.find("skipped") is not None for case in suite))
    reason = next(case for case in suite if case.get("classname") == "network.path.not-found").find("skipped")
    assert reason is not None
    assert reason.get("message") == "blocked: otlp did not get that far: tempo:4318 says connection_refused"


def test_junit_is_xml_whatever_is_in_it() -> None:
    changes = {"tempo_search.suggestions": [reports.HOSTILE + "\x00\ud800"], "tempo_search.count": 0}
    suite = ET.fromstring(junit.page(reports.judge.report(reports.document(changes), reports.LIBRARY)).encode())
    assert suite.tag == "testsuites"


def test_a_comparison_is_told_in_every_form_and_hostile_text_is_harmless() -> None:
    broken = reports.of_case("network.otlp.connection-refused")
    for finding in broken["findings"]:
        finding["title"] = f"{finding['title']} {reports.HOSTILE}"
    broken["baseline"] = compare(reports.healthy(), broken, f"old/{reports.HOSTILE}")
    page = markdown.page(broken)
    block = page.split("## Against the earlier report", 1)[1].split("## ", 1)[0]
    assert block.startswith("\n\n1 new, 0 gone, 0 changed, 0 not checked, 0 unchanged since ")
    assert "\n- new: nothing listens at http://tempo:4318/v1/traces" in block
    assert "<script>" not in block
    (found,) = ET.fromstring(junit.page(broken).encode())[0].findall("properties")
    assert [(each.get("name"), each.get("value")) for each in found][:2] == [
        ("baseline.new", "1"),
        ("baseline.gone", "0"),
    ]
    assert 'traceops_baseline_findings{change="not_checked"} 0' in prometheus.page(broken)
    assert "traceops_baseline" not in prometheus.page(reports.healthy())
    assert "<properties>" not in junit.page(reports.healthy())


def test_links_are_of_one_form_and_can_be_left_out() -> None:
    own = "https://wiki.example/checks"
    broken = reports.of_case("network.otlp.connection-refused", docs_url=own)
    link = f"{own}#network.otlp.connection-refused"
    for form, page in (
        ("markdown", markdown.page(broken)),
        ("junit", junit.page(broken)),
        ("console", console.page(broken)),
    ):
        assert link in page, form
    assert broken["verdict"]["root_causes"][0]["docs"] == link
    none = reports.of_case("network.otlp.connection-refused", docs_url="")
    for page in (markdown.page(none), junit.page(none), console.page(none), json.dumps(none["verdict"])):
        assert "checks.md" not in page


def test_prometheus() -> None:
    page = prometheus.page(reports.fleet(40, refused=3, unreachable=2))
    assert 'traceops_status{status="problem"} 1' in page
    assert 'traceops_status{status="ok"} 0' in page
    assert "traceops_finished_timestamp_seconds 1795445313" in page
    assert 'traceops_hosts{reached="all"} 40\ntraceops_hosts{reached="no"} 2' in page
    labels = 'check="network.otlp.connection-refused",severity="critical",application="velo-sql-app.sql"'
    assert f"traceops_failing_checks{{{labels}}} 3" in page
    assert 'traceops_root_causes{check="network.otlp.connection-refused",hop="network"} 3' in page
    sample = re.compile(r'traceops_\w+(\{\w+="[^"\n]*"(,\w+="[^"\n]*")*\})? -?\d+(\.\d+)?')
    assert [line for line in page.splitlines() if not line.startswith("#") and not sample.fullmatch(line)] == []


def test_the_page_about_the_checks_is_up_to_date() -> None:
    written = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert written == explain.page(reports.LIBRARY), "make docs"


def test_the_readme_shows_what_is_printed_today() -> None:
    shown = (ROOT / "README.md").read_text(encoding="utf-8").split("## What it says", 1)[1].split("## ", 1)[0]
    words = " ".join(shown.split())
    check = next(check for check in reports.LIBRARY.checks if check.id == "network.otlp.other-protocol")
    assert f" {len(reports.LIBRARY.checks)} checks, " in words
    assert f"cause {check.cause.source}" in words
    assert re.search(r" checks passed\) .* \(-v lists them\) report: .* problem: .* root cause: .* fix: ", words)
    assert [step.source for step in check.fix if "{" not in step.source and f"fix {step.source}" not in words] == []


def test_every_finding_leads_to_a_section() -> None:
    page = explain.page(reports.LIBRARY)
    for check in reports.LIBRARY.checks:
        assert f'<a id="{check.id}"></a>\n### {check.id}\n' in page
    assert set(re.findall(r"\(#([^)]+)\)", page)) <= {check.id for check in reports.LIBRARY.checks}


def test_failure_modes_name_checks_that_exist() -> None:
    page = (ROOT / "docs" / "failure-modes.md").read_text(encoding="utf-8")
    modes, beyond = page.split("## Beyond these")
    rows = [line.strip("| ").split(" | ") for line in modes.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[0] != "mode"]
    assert all(len(row) == 3 for row in rows)
    assert len({mode for mode, _what, _seen in rows}) == len(rows) == 71
    checks = {check.id for check in reports.LIBRARY.checks}
    named = r"`([a-z-]+(?:\.[a-z0-9-]+){2,})`"
    assert set(re.findall(named, page)) <= checks
    blind = [mode for mode, _what, seen in rows if not re.search(named, seen)]
    assert blind == [mode for mode, _what, seen in rows if seen.startswith("not seen: ")]
    assert all("search" in seen or "nothing is broken" in seen for mode, _what, seen in rows if mode in blind)
    assert re.findall(named, beyond)
