"""What a merged report says of its slices, in every form."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import form
from ansible_collections.traceops.tracing.plugins.module_utils._report import (
    console,
    fold,
    html,
    markdown,
    schema,
    write,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.tests.unit.fleets.test_merge import asked, at, merged, part
from ansible_collections.traceops.tracing.tests.unit.report import reports

FAULT = {"otlp_fails": ["tcp", "connection_refused"]}


def regions(number: int, changes: dict[str, Any]) -> judge.Report:
    """Two hosts in each of so many regions, all with the same fault."""
    parts = [
        (f"region-{n}", asked(f"app{n}{letter}", f"{n}{letter}", "10:00", changes))
        for n in range(number)
        for letter in "ab"
    ]
    return judge.report(merged(*parts), reports.LIBRARY)


def test_a_cause_is_said_with_its_hosts_and_slices() -> None:
    report = regions(3, FAULT)
    (cause,) = report["verdict"]["root_causes"]
    assert fold.where(report, cause) == "6 hosts in 3 slices (region-0 region-1 region-2)"
    page = " ".join(console.page(report).split())
    assert "slices: merged of 6 reports: region-0 region-1 region-2" in page
    assert "root cause: network, 6 hosts in 3 slices (region-0 region-1 region-2)" in page
    assert "on 6 hosts in 3 slices" in markdown.page(report)
    site = html.page(report, reports.LIBRARY)
    assert "in the slices region-0 region-1 region-2" in site
    assert "merged of 6 reports" in site


def test_hosts_that_several_saw_are_named() -> None:
    first = asked("app1", "a", "10:00", {})
    later = part(first, ["app1"], id="b", **at("11:00"))
    later["hosts"]["app1"] = {"unreachable": True, "reason": "", "applications": {}}
    later["backends"] = {}
    report = judge.report(merged(("eu", first), ("again", later)), reports.LIBRARY)
    page = " ".join(console.page(report).split())
    assert "1 host in several reports, of which the later one counts: app1" in page
    assert "reached by an earlier run, but not by the later one: app1" in page


def test_a_backend_that_did_not_answer_all_alike_is_named() -> None:
    fails = asked("eu1", "a", "10:00", {"probe_fails": {"tempo_info": "connection_refused"}})
    report = judge.report(merged(("eu", fails), ("us", asked("us1", "b", "11:00", {}))), reports.LIBRARY)
    assert "did not answer all slices alike" in " ".join(console.page(report).split())


def test_a_report_of_one_run_says_nothing_of_slices() -> None:
    report = reports.of_case("network.otlp.connection-refused")
    assert fold.merging(report) == []
    assert "slices" not in report["verdict"]["root_causes"][0]
    assert "slice" not in console.page(report)


def test_hostile_names_of_slices_are_harmless() -> None:
    parts = [(reports.HOSTILE * 9, asked(host, host, "10:00", FAULT)) for host in ("a", "b")]
    report = judge.report(merged(*parts), reports.LIBRARY)
    for name, text in write.forms(report, reports.LIBRARY).items():
        if name != "report.json":
            assert "<script>alert" not in text, name
            assert "\x1b" not in text, name
    assert "\x1b" not in console.page(report)
    assert len(report["verdict"]["root_causes"][0]["slices"][0]) <= 61


@pytest.mark.parametrize("changes", [{}, FAULT])
def test_a_merged_report_has_the_published_form(changes: dict[str, Any]) -> None:
    jsonschema.validate(form.pack(regions(2, changes)), schema.schema())
