"""Reports of strangers, and runs of real SDKs: the playbook names what was wrong, and is quiet once that is mended."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.traceops.tracing.tests.integration.faults import test_matrix
from ansible_collections.traceops.tracing.tests.integration.playbook import Run, assert_clean
from ansible_collections.traceops.tracing.tests.integration.reports.cases import (
    MENDED,
    Case,
    all_cases,
    by_log,
    cases,
    caused_cases,
    diagnose,
    diagnose_tempos,
    mended,
    reported,
    tempo_cases,
)

CASES = cases()
FAULTY = [case for case in CASES if not case.healthy]
HEALTHY = [case for case in CASES if case.healthy]
TOLD_BY_LOG = [case for case in FAULTY if "by_log" in case.told["expected"]]


OF_TEMPO = tempo_cases()


class Played(t.NamedTuple):
    """One play, by application."""

    run: Run
    roots: dict[str, list[dict[str, t.Any]]]
    failing: dict[str, list[dict[str, t.Any]]]  # findings, warnings too

    def told(self, name: str) -> str:
        """What failed there, for a test that fails."""
        return "\n".join(f"{found['id']}: {found['title']}" for found in self.failing.get(name, []))


def played(run: Run) -> Played:
    assert_clean(run)
    assert run.report is not None
    roots: dict[str, list[dict[str, t.Any]]] = {}
    failing: dict[str, list[dict[str, t.Any]]] = {}
    for cause in run.verdict["root_causes"]:
        for place in cause["applications"]:
            roots.setdefault(place["name"], []).append(cause)
    for found in run.report["findings"]:
        if found["state"] in ("failed", "warning"):
            failing.setdefault(found["application"] or "", []).append(found)
    return Played(run, roots, failing)


@pytest.fixture(scope="module")
def as_reported(tmp_path_factory: pytest.TempPathFactory) -> Played:
    views = [*map(reported, FAULTY), *map(by_log, TOLD_BY_LOG)]
    return played(diagnose(tmp_path_factory.mktemp("reported"), views))


@pytest.fixture(scope="module")
def when_mended(tmp_path_factory: pytest.TempPathFactory) -> Played:
    views = [*map(mended, FAULTY), *map(reported, HEALTHY)]
    return played(diagnose(tmp_path_factory.mktemp("mended"), views))


@pytest.fixture(scope="module")
def tempos(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = diagnose_tempos(tmp_path_factory.mktemp("tempos"), OF_TEMPO)
    assert_clean(run)
    return run


def causes_behind(host: str, run: Run) -> list[dict[str, t.Any]]:
    """The root causes of this host and of its backend."""
    assert run.report is not None
    backends = run.report["evidence"]["backends"]
    causes: list[dict[str, t.Any]] = run.verdict["root_causes"]
    return [cause for cause in causes if host in (cause["hosts"] or backends[cause["backend"]]["hosts"])]


@pytest.mark.parametrize("case", OF_TEMPO, ids=lambda case: case.name)
def test_what_tempos_own_log_tells_is_named(case: Case, tempos: Run) -> None:
    expected = case.told["expected"]
    found = causes_behind(case.name, tempos)
    assert [cause["id"] for cause in found] == ([] if case.healthy else [expected["root"]])
    assert all(re.search(expected["says"], "\n".join([each["title"], *each["fix"]])) for each in found), found


def test_a_tempo_that_was_mended_is_not_accused(tempos: Run) -> None:
    assert causes_behind(MENDED, tempos) == []


@pytest.mark.parametrize("case", caused_cases(), ids=lambda case: case.name)
def test_what_the_lab_can_cause_is_a_fault_that_is_named(case: Case) -> None:
    """Its play is one of the matrix', which holds the verdict to the same id."""
    assert test_matrix.FAULTS[case.told["fault"]].id == case.told["expected"]["root"]


@pytest.mark.parametrize("case", FAULTY, ids=lambda case: case.name)
def test_the_cause_is_named(case: Case, as_reported: Played) -> None:
    expected = case.told["expected"]
    found = as_reported.roots.get(case.name, [])
    assert [cause["id"] for cause in found] == [expected["root"]], as_reported.told(case.name)
    # What is said of several applications in one line has the words of the first: look at this one's finding.
    (own,) = [each for each in as_reported.failing[case.name] if each["id"] == expected["root"]]
    said = "\n".join([own["title"], own["cause"], *own["fix"]])
    assert re.search(expected.get("says", ""), said), said


@pytest.mark.parametrize("case", TOLD_BY_LOG, ids=lambda case: case.name)
def test_the_log_alone_names_it_as_well(case: Case, as_reported: Played) -> None:
    name = by_log(case).name
    found = [cause["id"] for cause in as_reported.roots.get(name, [])]
    assert found == [case.told["expected"]["by_log"]], as_reported.told(name)


@pytest.mark.parametrize("case", HEALTHY, ids=lambda case: case.name)
def test_what_works_is_not_accused(case: Case, when_mended: Played) -> None:
    failing = [found["id"] for found in when_mended.failing.get(case.name, [])]
    assert failing == case.told["expected"].get("warns", []), when_mended.told(case.name)


@pytest.mark.parametrize("case", FAULTY, ids=lambda case: case.name)
def test_once_mended_nothing_fails(case: Case, when_mended: Played) -> None:
    assert when_mended.failing.get(case.name, []) == [], when_mended.told(case.name)


def test_the_verdict_is_ok_with_everything_mended(when_mended: Played) -> None:
    """Applications among them that log refused metrics and logs, and whose database is down."""
    assert when_mended.run.code == 0, when_mended.run.output
    assert (when_mended.run.verdict["status"], when_mended.run.verdict["root_causes"]) == ("ok", [])


def test_there_are_enough_cases_of_many_languages() -> None:
    languages = {case.told["product"]["language"] for case in CASES}
    assert len(CASES) >= 60
    assert len(languages) >= 12, languages


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_a_case_says_where_it_is_from_and_what_was_wrong(case: Case) -> None:
    told = case.told
    assert set(told) - FIELDS == set()
    assert ("url" in told["source"]) != ("run" in told["source"])
    kinds = {"tempo_log": ("tempo", "tempo_log"), "fault": ("fault",)}
    path = next((fields for kind, fields in kinds.items() if kind in told), ("endpoint", "protocol"))
    assert all(str(told[field]).strip() for field in ("title", "said_by", "cause", *path))
    assert case.healthy or told["mended"]["how"]


FIELDS = {
    *("title", "source", "product", "said_by", "cause", "cause_known", "endpoint", "protocol", "log", "recording"),
    *("log_note", "settings", "substitute", "trusts", "expected", "mended", "tempo", "tempo_log", "fault"),
}
