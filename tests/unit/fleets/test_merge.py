"""Ten reports of parts of a fleet are judged as one report of all of it."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.merge import Merger
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import Library, load
from ansible_collections.traceops.tracing.tests.bench.verdict import fleet
from ansible_collections.traceops.tracing.tests.unit.checks.cases import document

CHECKS = Path(__file__).parents[3] / "plugins/checks"
BACKEND = "main"


@pytest.fixture(scope="module")
def library() -> Library:
    return load([str(CHECKS)])


def part(whole: evidence.Document, hosts: list[str], **run: Any) -> evidence.Document:
    """What a run over these hosts alone would have seen of the same things."""
    kept = set(hosts)
    backends = {}
    for backend_id, labels in whole["backends"].items():
        mine = copy.deepcopy(labels)
        mine["hosts"] = [host for host in labels["hosts"] if host in kept]
        mine["applications"] = [each for each in labels["applications"] if each["host"] in kept]
        for of in ("traces", "hops"):
            sent = labels.get("canaries", {}).get(of, {})
            # What no host of the fleet sent is everybody's.
            mine["canaries"][of] = {k: v for k, v in sent.items() if k in kept or k not in whole["hosts"]}
        if mine["hosts"]:
            backends[backend_id] = mine
    chosen = {host: copy.deepcopy(whole["hosts"][host]) for host in hosts}
    return {**whole, "run": {**whole["run"], **run}, "hosts": chosen, "backends": backends}


def merged(*parts: tuple[str, evidence.Document]) -> evidence.Document:
    merger = Merger()
    for name, each in parts:
        merger.add(name, f"{name}/report.json", each)
    found = merger.document()
    json.dumps(found)
    return evidence.check_document(found)


def sliced(whole: evidence.Document, number: int) -> list[tuple[str, evidence.Document]]:
    """As a job template with job slicing does it: every tenth host, each slice a run of its own."""
    hosts = list(whole["hosts"])
    return [(f"slice-{n}", part(whole, hosts[n::number], id=f"run{n}")) for n in range(number)]


def told(report: judge.Report) -> dict[str, Any]:
    """What a report says, without which slices said it."""
    verdict = copy.deepcopy(report["verdict"])
    for cause in verdict["root_causes"]:
        cause.pop("slices", None)
    return {"verdict": verdict, "findings": report["findings"], "funnel": report["funnel"], "path": report["path"]}


def at(moment: str) -> dict[str, str]:
    return {"started": f"2026-11-23T{moment}:00.000+00:00", "finished": f"2026-11-23T{moment}:30.000+00:00"}


def test_slices_of_a_fleet_have_the_verdict_of_one_run_over_all(library: Library) -> None:
    whole = fleet(100)
    one = judge.report(whole, library)
    assert one["verdict"]["status"] == "problem"
    ten = judge.report(merged(*sliced(whole, 10)), library)
    assert told(ten) == told(one)
    assert {len(cause["slices"]) for cause in ten["verdict"]["root_causes"]} <= set(range(1, 11))
    assert {key: each["hosts"] for key, each in ten["run"]["slices"].items()} == {f"slice-{n}": 10 for n in range(10)}


def test_the_order_of_the_reports_changes_nothing(library: Library) -> None:
    parts = sliced(fleet(60), 6)
    first = judge.report(merged(*parts), library)
    random.Random(7).shuffle(parts)
    again = judge.report(merged(*parts), library)
    assert told(again) == told(first)


def test_merged_reports_can_be_merged_again(library: Library) -> None:
    parts = sliced(fleet(60), 6)
    inner = merged(*parts[:4])
    both = merged(("north", inner), *parts[4:], parts[0])  # one of them is there twice
    assert told(judge.report(both, library)) == told(judge.report(merged(*parts), library))
    assert sorted(both["run"]["slices"]) == sorted(name for name, _each in parts)
    assert both["run"]["duplicates"] == []


def test_what_slices_had_apart_stays_apart_when_merged_again() -> None:
    entry = {"id": "network.*", "host": None, "application": None, "reason": "known", "until": None}
    first = asked("eu1", "a", "10:00", {"settings.canaries": 7, "run.suppress": [entry]})
    second, third = (asked(host, host, "10:00", {"settings.canaries": 3}) for host in ("us1", "as1"))
    again = asked("eu1", "b", "11:00", {"settings.canaries": 7})
    at_once = merged(("eu", first), ("us", second), ("as", third), ("again", again))
    for inner, others in (
        (merged(("eu", first), ("us", second)), (("as", third), ("again", again))),
        (merged(("eu", first), ("again", again)), (("as", third), ("us", second))),
    ):
        twice = merged(("inner", inner), *others)
        for key in ("settings", "suppress", "duplicates", "check_mode", "fail_on", "started", "finished", "id"):
            assert twice["run"][key] == at_once["run"][key], key
        for name, own in at_once["run"]["slices"].items():
            assert {**twice["run"]["slices"][name], "source": ""} == {**own, "source": ""}
        assert twice["hosts"] == at_once["hosts"]
        assert twice["backends"] == at_once["backends"]


def test_of_a_host_in_two_reports_the_later_run_counts_and_it_is_said(library: Library) -> None:
    whole = fleet(40)
    before = part(whole, list(whole["hosts"]), id="a", **at("10:00"))
    again = part(whole, ["app0000", "app0001"], id="b", **at("11:00"))
    healthy = copy.deepcopy(whole["hosts"]["app0001"])
    again["hosts"]["app0000"] = healthy
    for order in ((("all", before), ("again", again)), (("again", again), ("all", before))):
        both = merged(*order)
        assert both["run"]["duplicates"] == [
            {"host": name, "slice": "again", "instead_of": ["all"], "lost": False} for name in ("app0000", "app0001")
        ]
        hosts = {host for cause in judge.report(both, library)["verdict"]["root_causes"] for host in cause["hosts"]}
        assert "app0000" not in hosts
        assert "app0030" in hosts
        assert both["run"]["started"] == before["run"]["started"]
        assert both["run"]["finished"] == again["run"]["finished"]


def test_a_host_that_the_later_run_did_not_reach_is_not_reached(library: Library) -> None:
    whole = fleet(3)
    before = part(whole, list(whole["hosts"]), id="a", **at("10:00"))
    again = part(whole, ["app0001"], id="b", **at("11:00"))
    again["hosts"]["app0001"] = {"unreachable": True, "reason": "", "applications": {}}
    again["backends"] = {}
    both = merged(("all", before), ("again", again))
    assert both["run"]["duplicates"] == [{"host": "app0001", "slice": "again", "instead_of": ["all"], "lost": True}]
    assert both["hosts"]["app0001"]["unreachable"]
    assert "app0001" not in both["backends"][BACKEND]["hosts"]
    assert "app0001" not in both["backends"][BACKEND]["canaries"]["traces"]
    judge.report(both, library)


# --- one Tempo and Grafana that several slices asked


def asked(host: str, run: str, when: str, changes: dict[str, Any]) -> evidence.Document:
    """The evidence of a run over one host, at its own time."""
    seen = document({**changes, "run.id": run, **{f"run.{key}": value for key, value in at(when).items()}})
    text = json.dumps(seen).replace('"app01"', json.dumps(host))
    return evidence.check_document(json.loads(text))


def failing(report: judge.Report) -> dict[str, set[str]]:
    """The failing checks by what they are about."""
    found: dict[str, set[str]] = {}
    for each in report["findings"]:
        if each["state"] in ("failed", "warning"):
            found.setdefault(each["host"] or each["backend"] or "run", set()).add(each["id"])
    return found


def test_canaries_that_one_slice_lost_are_lost_and_those_of_another_are_not(library: Library) -> None:
    lost = asked("eu1", "a", "10:00", {"canaries": {"otlp": [10, 0]}})
    there = asked("us1", "b", "10:00", {"canaries": {"otlp": [10, 10]}})
    both = merged(("eu", lost), ("us", there))
    (backend,) = both["backends"].values()
    assert (backend["canaries"]["sent"], backend["canaries"]["lost"]) == (20, 10)
    assert backend["canaries"]["message"].startswith("10 of 20 traces")
    assert backend["canaries"]["missing"] == ["eu1"]
    found = failing(judge.report(both, library))
    assert found["eu1"] >= failing(judge.report(lost, library))["eu1"]
    assert found.get("us1", set()) == failing(judge.report(there, library)).get("us1", set())


def test_a_tempo_that_answers_one_slice_and_not_another_is_told_as_each_saw_it(library: Library) -> None:
    fails = asked("eu1", "a", "10:00", {"probe_fails": {"tempo_info": "connection_refused"}})
    works = asked("us1", "b", "11:00", {})
    for order in ((("eu", fails), ("us", works)), (("us", works), ("eu", fails))):
        both = merged(*order)
        assert len(both["backends"]) == 2
        found = failing(judge.report(both, library))
        for host, seen in (("eu1", fails), ("us1", works)):
            alone = failing(judge.report(seen, library))
            ((_name, own),) = both["hosts"][host]["applications"].items()
            assert found.get(own["backend"], set()) == alone.get(BACKEND, set())
    assert sorted(both["backends"]) == [BACKEND, f"{BACKEND} (as seen from us)"]
    assert failing(judge.report(fails, library))[BACKEND]


def test_balances_are_added_and_one_look_counts_once() -> None:
    sheet = {"tempo": {"offered": 30, "received": 20, "silent": 10}}
    first, second = (asked(host, run, "10:00", {"balance": sheet}) for host, run in (("eu1", "a"), ("us1", "b")))
    same = merged(("eu", first), ("us", second))["backends"][BACKEND]["balance"]
    assert same["change"] == first["backends"][BACKEND]["balance"]["change"]
    second["backends"][BACKEND]["balance"]["taken"] += 1000
    both = merged(("eu", first), ("us", second))["backends"][BACKEND]["balance"]
    assert (both["change"]["tempo"]["offered"], both["change"]["tempo"]["silent"]) == (60, 20)
    long = first["backends"][BACKEND]["balance"]["change"]["seconds"]
    assert both["change"]["seconds"] == pytest.approx(2 * long)


def test_services_that_any_slice_expects_are_expected() -> None:
    seen = {"state": "seen", "last": None, "instead": None}
    first = asked("eu1", "a", "10:00", {"coverage.services": {"cart": {**seen, "state": "never"}, "shop": seen}})
    second = asked("us1", "b", "11:00", {"coverage.services": {"pay": seen, "shop": {**seen, "state": "never"}}})
    (backend,) = merged(("us", second), ("eu", first))["backends"].values()
    states = {name: each["state"] for name, each in backend["coverage"]["services"].items()}
    assert states == {"cart": "never", "pay": "seen", "shop": "never"}
    assert backend["coverage"]["message"] == "Tempo has seen 1 of 3 expected services"


@pytest.mark.parametrize(
    ("first", "second", "seen", "never"),
    [
        ((["eu1"], []), (None, None), ["eu1"], ["us1"]),
        ((None, None), (None, None), None, None),
        ((["eu1"], []), (["us1"], []), ["eu1", "us1"], []),
        ((["eu1"], []), ([], ["us1"]), ["eu1"], ["us1"]),
    ],
)
def test_hosts_that_report_are_those_of_all_slices(first: Any, second: Any, seen: Any, never: Any) -> None:
    one, other = (
        asked(host, run, "10:00", {"coverage.hosts": {"reported": 3, "seen": names[0], "never": names[1]}})
        for host, run, names in (("eu1", "a", first), ("us1", "b", second))
    )
    (backend,) = merged(("eu", one), ("us", other))["backends"].values()
    assert backend["coverage"]["hosts"] == {"reported": 3, "seen": seen, "never": never}


# --- each slice has its own time and settings


def test_a_slice_is_judged_at_its_own_time(library: Library, tmp_path: Path) -> None:
    own = """
- id: app.own.old
  hop: app
  scope: application
  severity: critical
  question: Is the last start recent?
  needs: [logs.last_start.time]
  fails_when: "age(logs.last_start.time) > `600`"
  title: "started {age(logs.last_start.time)} s ago"
  cause: x
  fix: [y]
  passes_as: "started {age(logs.last_start.time)} s ago"
  example: z
"""
    (tmp_path / "own.yml").write_text(own, encoding="utf-8")
    checks = load([str(CHECKS), str(tmp_path)])
    first = asked("eu1", "a", "10:00", {"logs.last_start.time": "2026-11-23T10:00:20+00:00"})
    second = asked("us1", "b", "14:00", {"logs.last_start.time": "2026-11-23T14:00:10+00:00"})
    report = judge.report(merged(("eu", first), ("us", second)), checks)
    titles = {each["host"]: each["title"] for each in report["findings"] if each["id"] == "app.own.old"}
    assert titles == {"eu1": "started 10 s ago", "us1": "started 20 s ago"}


def test_a_suppression_of_one_slice_does_not_reach_another(library: Library) -> None:
    fault = {"otlp_fails": ["tcp", "connection_refused"]}
    entry = {"id": "network.*", "host": None, "application": None, "reason": "known", "until": None}
    first, second = asked("eu1", "a", "10:00", {**fault, "run.suppress": [entry]}), asked("us1", "b", "10:00", fault)
    report = judge.report(merged(("eu", first), ("us", second)), library)
    found = failing(report)
    assert "network.otlp.connection-refused" not in found.get("eu1", set())
    assert "network.otlp.connection-refused" in found["us1"]


def test_settings_that_differ_stay_those_of_their_slice(library: Library) -> None:
    first = asked("eu1", "a", "10:00", {"run.check_mode": True, "settings.canaries": 7})
    second = asked("us1", "b", "10:00", {"settings.canaries": 3})
    both = merged(("eu", first), ("us", second))
    assert both["run"]["check_mode"] is False
    assert both["run"]["slices"]["eu"]["check_mode"] is True
    assert "canaries" not in both["run"]["settings"]
    assert {key: each["settings"] for key, each in both["run"]["slices"].items()} == {
        "eu": {"canaries": 7}, "us": {"canaries": 3},
    }  # fmt: skip
    # A slice in check mode sent nothing.
    cells = judge.report(both, library)["funnel"]["canaries"]
    assert cells[0]["number"] == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [(("never", "never"), "never"), (("never", "critical"), "critical"), (("critical", "warning"), "warning")],
)
def test_the_strictest_severity_of_all_slices_counts(given: tuple[str, str], expected: str) -> None:
    first, second = (
        asked(host, run, "10:00", {"run.fail_on": fail_on})
        for host, run, fail_on in (("eu1", "a", given[0]), ("us1", "b", given[1]))
    )
    assert merged(("eu", first), ("us", second))["run"]["fail_on"] == expected


def test_slices_of_one_name_are_told_apart_and_counted_once(library: Library) -> None:
    fault = {"otlp_fails": ["tcp", "connection_refused"]}
    parts = [(name, asked(host, host, "10:00", fault)) for name, host in (("eu", "e1"), ("eu", "e2"), ("us", "u1"))]
    report = judge.report(merged(*parts), library)
    assert sorted(report["run"]["slices"]) == ["eu", "eu 2", "us"]
    (cause,) = report["verdict"]["root_causes"]
    assert (cause["hosts"], cause["slices"]) == (["e1", "e2", "u1"], ["eu", "us"])


def test_senders_with_applications_go_with_their_host() -> None:
    first = asked("eu1", "a", "10:00", {})
    hops = first["backends"][BACKEND]["canaries"]["hops"]
    hops[canary.sender("eu1", "shop")] = hops["eu1"]
    later = asked("eu1", "b", "11:00", {})
    other = asked("us1", "a", "10:00", {})
    both = part(first, ["eu1"])
    both["hosts"]["us1"] = other["hosts"]["us1"]
    both["backends"][BACKEND]["hosts"].append("us1")
    both["backends"][BACKEND]["applications"] += other["backends"][BACKEND]["applications"]
    (backend,) = merged(("eu", both), ("again", later))["backends"].values()
    assert canary.sender("eu1", "shop") not in backend["canaries"]["hops"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("slices", [1]),
        ("slices", {"a": 1}),
        ("slices", {"a": {"name": 1}}),
        ("slices", {"a": {"settings": []}}),
        ("slices", {"a": {"suppress": [1]}}),
        ("duplicates", {"host": "a"}),
        ("duplicates", [1]),
        ("duplicates", [{"host": 1}]),
        ("duplicates", [{"instead_of": []}]),
        ("duplicates", [{"host": "a", "instead_of": [{}]}]),
    ],
)
def test_a_merged_report_of_another_form_is_refused(key: str, value: Any) -> None:
    seen = merged(("eu", asked("eu1", "a", "10:00", {})), ("us", asked("us1", "b", "10:00", {})))
    seen["run"][key] = value
    with pytest.raises(evidence.BadEvidence, match=f"run.{key}"):
        evidence.check_document(seen)
