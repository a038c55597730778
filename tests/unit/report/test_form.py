"""The form of report.json: it becomes the report again that it was made of, and nothing else."""

from __future__ import annotations

import copy
import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import form, stored
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import Findings
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.shared import Shared, whole
from ansible_collections.traceops.tracing.plugins.module_utils._report import write
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.tests.unit.checks.cases import cases, document
from ansible_collections.traceops.tracing.tests.unit.report import reports

BROKEN = "network.otlp.connection-refused"


def exact(value: Any) -> str:
    """All that JSON has of a value, with the order of keys and 1 apart from true."""
    return json.dumps(value)


def through_a_file(report: judge.Report, directory: Path) -> judge.Report:
    return stored.read(write.write(report, str(directory))["json"])


def unquoted(report: judge.Report) -> list[dict[str, Any]]:
    """The findings, without what passed checks saw."""
    return [{**each, "evidence": {}} if each["state"] == "ok" else each for each in report["findings"]]


# --- a report and its file


def test_a_stored_report_of_any_fault_is_judged_again_as_it_was() -> None:
    for check_id, case in cases().items():
        report = judge.report(document(case["fails"]), reports.LIBRARY)
        read = form.unpack(json.loads(write.text(report)))
        again = judge.report(evidence.check_document(read["evidence"]), reports.LIBRARY)
        assert exact(read["evidence"]) == exact(report["evidence"]), check_id
        assert read["findings"] == unquoted(report), check_id
        assert again["findings"] == report["findings"], check_id
        assert again["verdict"] == report["verdict"] == read["verdict"], check_id


def test_a_stored_fleet_is_the_same_host_by_host(tmp_path: Path) -> None:
    report = reports.fleet(60, refused=7, unreachable=3)
    read = through_a_file(report, tmp_path)
    assert exact(read["evidence"]) == exact(report["evidence"])
    assert exact(list(read["findings"])) == exact(reports.plain({**report, "findings": unquoted(report)})["findings"])
    assert {**read, "findings": [], "evidence": {}} == {**report, "findings": [], "evidence": {}}


def test_what_is_read_is_written_as_it_was(tmp_path: Path) -> None:
    report = reports.fleet(30, refused=4)
    assert write.text(through_a_file(report, tmp_path)) == write.text(report)


def test_a_report_of_plain_lists_is_written_as_one_that_was_just_judged() -> None:
    report = reports.fleet(20, refused=2)
    assert write.text(reports.plain(report)) == write.text(report)


def test_passed_checks_keep_what_they_saw_when_that_is_wanted(tmp_path: Path) -> None:
    compact, full = reports.healthy(), reports.healthy(evidence="full")
    assert through_a_file(full, tmp_path)["findings"] == full["findings"]
    assert any(each["evidence"] for each in full["findings"] if each["state"] == "ok")
    written = json.loads(write.text(compact))["findings"]
    assert not [each for each in written if each["state"] == "ok" and "evidence" in each]


def test_a_failing_check_keeps_what_it_saw() -> None:
    written = json.loads(write.text(reports.of_case(BROKEN)))["findings"]
    assert [each for each in written if each["state"] == "failed" and each["evidence"]]


def test_the_report_of_one_host_has_its_evidence_in_place() -> None:
    written = json.loads(write.text(reports.healthy()))["evidence"]
    assert written["hosts"]["app01"]["discover"]["ok"] is True
    assert written["results"] == []


def test_hosts_alike_cost_a_part_of_what_each_would_alone() -> None:
    report = reports.fleet(60, refused=7)
    assert len(write.text(report)) < len(json.dumps(reports.plain(report))) / 10


def test_what_is_on_many_hosts_stands_once_with_its_places() -> None:
    written = json.loads(write.text(reports.fleet(50, refused=5)))
    (refused,) = [each for each in written["findings"] if each["id"] == BROKEN and each["state"] == "failed"]
    hosts = [written["subjects"][at]["host"] for at in written["places"][refused["places"]]]
    assert hosts == [f"app{n:04}" for n in range(5)]


@pytest.mark.skipif(not shutil.which("jq"), reason="there is no jq")
def test_the_examples_for_jq_hold(tmp_path: Path) -> None:
    report = reports.fleet(5, refused=2)
    where = write.write(report, str(tmp_path))["json"]
    page = (Path(__file__).parents[3] / "docs/diagnose.md").read_text(encoding="utf-8")
    commands = [line.strip() for line in page.splitlines() if line.startswith("    jq ")]
    said = [
        subprocess.run(["bash", "-c", command.replace("report.json", where).replace("app01", "app0001")],
                       stdout=subprocess.PIPE, check=True, text=True).stdout
        for command in commands
    ]  # fmt: skip
    assert said[0].splitlines() == [
        f"{each['id']} {each['host']}" for each in sorted_by_check(report) if each["state"] == "failed"
    ]
    assert json.loads(said[1]) == report["evidence"]["hosts"]["app0001"]["discover"]


def sorted_by_check(report: judge.Report) -> list[dict[str, Any]]:
    order = {check.id: at for at, check in enumerate(reports.LIBRARY.checks)}
    return sorted(report["findings"], key=lambda each: order[each["id"]])


# --- findings in memory


def test_findings_are_a_sequence_of_dictionaries() -> None:
    findings = reports.fleet(3, refused=1)["findings"]
    plain = list(findings)
    assert isinstance(findings, Findings)
    assert (len(findings), findings[0], findings[-1]) == (len(plain), plain[0], plain[-1])
    assert findings[3:5] == plain[3:5]
    assert findings == plain
    assert findings != plain[1:]
    assert findings != [*plain[1:], plain[0]]
    for beyond in (len(plain), -len(plain) - 1):
        with pytest.raises(IndexError):
            findings[beyond]


def test_findings_in_any_order_come_back_in_it() -> None:
    """A report of somebody else's program, or of checks that are no more."""
    plain = reports.plain(reports.fleet(3, refused=1))
    mixed = [*plain["findings"][::-3], *plain["findings"][::2], plain["findings"][0]]
    read = form.unpack(json.loads(write.text({**plain, "findings": mixed})))
    assert read["findings"] == unquoted({"findings": mixed})


# --- results


def result(**changes: Any) -> dict[str, Any]:
    """What a probe tells, with much that is the same everywhere."""
    return {"ok": True, "took": 0.5, "lines": ["a line"] * 40, "inner": {"one": 1, "ms": 3.5}, **changes}


SEEN: dict[str, list[dict[str, Any]]] = {
    "equal": [result(), result()],
    "another time": [result(), result(took=0.7, inner={"one": 1, "ms": 4.5})],
    "an id besides": [result(), result(id="x")],
    "a value less": [result(), {"ok": True}],
    "null for a dictionary": [result(), result(inner=None)],
    "nothing in a dictionary": [result(), result(inner={})],
    "one and true": [result(), result(inner={"one": True, "ms": 3.5})],
    "one and 1.0": [result(), result(inner={"one": 1.0, "ms": 3.5})],
    "one and true in a list": [result(lines=[1] * 40), result(lines=[True] * 40)],
    "keys in another order": [result(), dict(reversed(result().items()))],
    "names of references": [{"as": 0}, {"as": 1, "but": {"as": 2}}, {"but": {}}],
    "nothing": [{}, {}],
    "deep": [{"a": {"b": {"c": {"d": [{"e": {}}]}}}}] * 2,
}


@pytest.mark.parametrize("name", SEEN)
def test_results_come_back_to_the_last_letter(name: str) -> None:
    hosts = {f"app{n}": {"discover": each, "applications": {"": {"logs": each}}} for n, each in enumerate(SEEN[name])}
    seen = evidence.build(hosts, {"main": {"hosts": list(hosts), "grafana": SEEN[name][0]}}, {"id": "x"})
    assert [exact(each["discover"]) for each in seen["hosts"].values()] == [exact(each) for each in SEEN[name]]
    report = judge.report(seen, reports.LIBRARY)
    assert exact(form.unpack(json.loads(write.text(report)))["evidence"]) == exact(seen)


def test_a_result_that_differs_in_a_value_shares_the_rest() -> None:
    shared = Shared()
    first, second = shared.share("logs", result()), shared.share("logs", result(took=9))
    assert second == result(took=9)
    assert second["lines"] is first["lines"]
    assert len(shared.results) == 1


def test_what_is_deeper_than_anybody_looks_is_kept_apart_where_it_differs() -> None:
    def deep(number: int) -> dict[str, Any]:
        value: dict[str, Any] = {"number": number}
        for _level in range(50):
            value = {"in": value, "lines": ["a line"] * 40}
        return value

    shared = Shared()
    assert [shared.share("logs", deep(number)) for number in (1, 2, 1)] == [deep(1), deep(2), deep(1)]


def test_values_take_the_place_of_others_as_in_jq() -> None:
    assert whole({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 3}, "d": [2]}) == {"a": {"b": 3, "c": 2}, "d": [2]}
    assert whole({"a": {"b": 1}}, {"a": None}) == {"a": None}
    assert whole({"a": 1}, None) == {"a": 1}


# --- large ones


def test_a_large_report_is_packed_and_the_other_file_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = reports.of_case(BROKEN)
    assert Path(write.write(report, str(tmp_path))["json"]).name == "report.json"
    monkeypatch.setattr(write, "MAX_PLAIN", 1000)
    packed = write.write(report, str(tmp_path))["json"]
    assert Path(packed).name == "report.json.gz"
    assert "report.json" not in os.listdir(tmp_path)
    assert gzip.decompress(Path(packed).read_bytes()).decode() == write.text(report)
    assert stored.read(stored.latest(str(tmp_path)))["verdict"] == report["verdict"]
    assert stored.within(str(tmp_path)) == packed
    monkeypatch.undo()
    write.write(report, str(tmp_path))
    assert stored.within(str(tmp_path)) == str(tmp_path / "report.json")
    assert "report.json.gz" not in os.listdir(tmp_path)


# --- files from anywhere


def at(report: dict[str, Any], *keys: Any) -> Any:
    for key in keys:
        report = report[key]
    return report


HOST = ("evidence", "hosts", "app0001")
WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a result that is not there": (
        lambda it: at(it, *HOST).update(discover={"as": 10**9}), "the evidence 'discover' is that of no entry"),
    "a result before the first": (
        lambda it: at(it, *HOST).update(discover={"as": -1}), "the evidence 'discover' is that of no entry"),
    "a result by name": (
        lambda it: at(it, *HOST).update(discover={"as": "x\x1b[31m"}), "the evidence 'discover' is that of no entry"),
    "true for a number": (
        lambda it: at(it, *HOST).update(discover={"as": True}), "the evidence 'discover' is that of no entry"),
    "values that are a list": (
        lambda it: at(it, *HOST).update(discover={"as": 0, "but": [1]}), "the evidence 'discover' has 'but', but not"),
    "a result that is a list": (
        lambda it: at(it, "evidence", "results").__setitem__(0, []), "is that of no entry of evidence.results"),
    "no results": (lambda it: at(it, "evidence").pop("results"), "it has no list 'evidence.results'"),
    "no subjects": (lambda it: it.pop("subjects"), "it has no list 'subjects'"),
    "places of another kind": (lambda it: it.update(places={}), "it has no list 'places'"),
    "a subject that is not there": (
        lambda it: at(it, "places", 0).append(10**9), "places[0] is no list of numbers of subjects"),
    "a subject before the first": (
        lambda it: at(it, "places", 0).append(-1), "places[0] is no list of numbers of subjects"),
    "a subject of another kind": (
        lambda it: at(it, "subjects").append({"host": []}), "has no host, application and backend"),
    "places that are not there": (
        lambda it: at(it, "findings", 0).update(places=10**9), "findings[0] has no number of an entry of places"),
    "a finding that is none": (
        lambda it: at(it, "findings").insert(0, []), "findings[0] has no number of an entry of places"),
    "a finding without a state": (lambda it: at(it, "findings", 0).pop("state"), "not all of its findings have"),
    "evidence of another kind": (lambda it: it.update(evidence=[]), "the evidence has no 'schema"),
    "hosts of another kind": (lambda it: at(it, "evidence").update(hosts=[]), "the evidence has no dictionary 'hosts'"),
    "an application that is none": (
        lambda it: at(it, *HOST).update(applications={"x": 3}), "no dictionary 'hosts.app0001.applications.x'"),
    "no run": (lambda it: it.pop("run"), "the evidence has no dictionary 'run'"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_hold_is_one_sentence(name: str, tmp_path: Path) -> None:
    change, words = WRONG[name]
    written = json.loads(write.text(reports.fleet(5, refused=2)))
    change(written)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(stored.BadReport) as error:
        stored.read(str(path))
    assert words in str(error.value)
    assert str(error.value).startswith(str(path))
    assert not {"\n", "\x1b"} & set(str(error.value))


def test_a_result_that_refers_to_itself_is_plain_data(tmp_path: Path) -> None:
    """References lead from hosts to results and no further: nothing goes in a circle."""
    written = json.loads(write.text(reports.fleet(5, refused=2)))
    written["evidence"]["results"][0] = {"as": 0, "but": {"as": 0}, "ok": False}
    path = tmp_path / "report.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    judge.report(stored.read(str(path))["evidence"], reports.LIBRARY)


def test_a_small_file_does_not_become_more_than_anybody_can_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = json.loads(write.text(reports.fleet(5, refused=2)))
    path = tmp_path / "report.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    limits = {"MAX_FINDINGS": "it has more than 100 findings", "MAX_BYTES": "its evidence would be more"}
    for limit, words in limits.items():
        with monkeypatch.context() as tight:
            tight.setattr(form, limit, 100)
            with pytest.raises(stored.BadReport, match=words):
                stored.read(str(path))


def test_a_bomb_of_references_is_refused_before_it_is_made(tmp_path: Path) -> None:
    # given a result of a megabyte that ten thousand hosts have, and a finding of each of them a thousand times
    written = json.loads(write.text(reports.fleet(5, refused=2)))
    bomb = copy.deepcopy(written)
    bomb["evidence"]["results"].append({"ok": True, "collectors": [{"name": "x" * 100}] * 10_000})
    number = len(bomb["evidence"]["results"]) - 1
    for n in range(10_000):
        bomb["evidence"]["hosts"][f"h{n}"] = {"applications": {}, "discover": {"as": number}}
    many = copy.deepcopy(written)
    many["subjects"] = [{"host": "app0001", "application": None, "backend": None}] * 10_001
    many["places"] = [list(range(10_001))]
    many["findings"] = [{**many["findings"][0], "places": 0}] * 1000
    # then neither is read
    for file, words in ((bomb, "its evidence would be more than 2 GiB"), (many, "more than 10,000,000 findings")):
        path = tmp_path / "report.json"
        path.write_text(json.dumps(file), encoding="utf-8")
        with pytest.raises(stored.BadReport, match=words):
            stored.read(str(path))
