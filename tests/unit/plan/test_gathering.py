"""What hosts told, put together: who is visited again, who asks for all, and the evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._plan import applications, found, gathering, store
from ansible_collections.traceops.tracing.tests.unit.plan.test_plan import TEMPO, given
from ansible_collections.traceops.tracing.tests.unit.plan.test_values import OWN
from ansible_collections.traceops.tracing.tests.unit.topology import samples

ONLY_BACKEND = {**OWN, "diagnose_tempo_url": TEMPO, "diagnose_grafana_url": "http://grafana:3000"}


def run_of(tmp_path: Path, **hosts: dict[str, Any]) -> store.Store:
    """The store of a run with these entries; `given` in one are the variables of that host."""
    kept = store.arrive(str(tmp_path), "play", "a", "word", "2026-11-29T01:00:00+00:00")
    for host, entry in hosts.items():
        variables = entry.pop("given", given(service="shop"))
        planned = applications.planned(found.settled(variables, entry.get("offer")), host, "word")
        kept.keep(host, variables)
        kept.put(host, {"planned": planned, "offer": None, "looked": None, **entry})
    return kept


def seen(**labels: Any) -> dict[str, Any]:
    return {"evidence": labels}


def test_who_counted_asks_for_all(tmp_path: Path) -> None:
    kept = run_of(tmp_path, a={"seen": seen()}, b={"seen": seen()})
    kept.claim(TEMPO)
    kept.settle(TEMPO, {"host": "b", "counted": {"ok": True, "snapshots": {}}})
    assert list(gathering.gathered(kept)["asking"]) == ["b"]


def test_where_the_one_who_counted_is_gone_the_first_that_is_left_asks(tmp_path: Path) -> None:
    gone = {"unreachable": True, "msg": "no route"}
    kept = run_of(tmp_path, a={"seen": gone}, b={"seen": seen()}, c={"seen": seen()})
    kept.claim(TEMPO)
    kept.settle(TEMPO, {"host": "a", "counted": None})
    left = gathering.gathered(kept)
    assert list(left["asking"]) == ["b"]
    evidence = gathering.evidence(kept)
    assert evidence.hosts["a"]["unreachable"] is True
    assert evidence.hosts["b"]["unreachable"] is False


def test_what_was_asked_is_asked_no_more_and_is_in_the_evidence(tmp_path: Path) -> None:
    kept = run_of(tmp_path, a={"seen": seen()})
    host, known = next(iter(gathering.gathered(kept)["asking"].items()))
    ids = list(known)
    told = gathering.answers(ids, seen(tempo_info={"ok": True}))
    assert told == {ids[0]: {"tempo_info": {"ok": True}}}
    kept.ask(ids[0], {"labels": told[ids[0]]})
    assert gathering.gathered(kept) == {"again": [], "asking": {}}
    (backend,) = gathering.evidence(kept).backends.values()
    assert (backend["hosts"], backend["tempo_info"]) == ([host], {"ok": True})


def test_a_backend_that_could_not_be_asked_has_no_evidence(tmp_path: Path) -> None:
    assert gathering.answers(["x"], {"unreachable": True, "msg": "gone"}) == {}


def test_the_questions_know_what_was_counted_and_sent(tmp_path: Path) -> None:
    accepted = {"ok": True, "trace_ids": ["1" * 32]}
    kept = run_of(tmp_path, a={"seen": seen(otlp=accepted)}, b={"seen": seen(otlp=accepted)})
    kept.claim(TEMPO)
    kept.settle(TEMPO, {"host": "a", "counted": {"ok": True, "snapshots": {}}})
    host, known = next(iter(gathering.gathered(kept)["asking"].items()))
    assert kept.settled(f"asks {host}") == known, "so that it need not look at all hosts again"
    asked = gathering.questions(kept, host, kept.given(host), known)
    assert asked["canaries"]["sent"] == {"a": {"otlp": 1}, "b": {"otlp": 1}}
    assert asked["canaries"]["run"] == "word"
    assert asked["balance"]["before"] == {"ok": True, "snapshots": {}}


def test_hosts_that_were_only_looked_around_on_are_visited_again(tmp_path: Path) -> None:
    entry = {"looked": seen(discover=samples.host()), "seen": gathering.LOOKED_ONLY}
    kept = run_of(tmp_path, a=dict(entry), b={"seen": {"unreachable": True}, "looked": {"unreachable": True}})
    assert gathering.gathered(kept) == {"again": ["a"], "asking": {}}
    assert kept.settled("visit a again")["offer"]["applications"] == [], "what all hosts found, for this one"


def test_a_host_that_could_not_look_around_is_visited_all_the_same(tmp_path: Path) -> None:
    kept = run_of(tmp_path, a={"looked": seen(discover={"ok": False}), "seen": gathering.LOOKED_ONLY})
    assert gathering.gathered(kept)["again"] == ["a"]
    assert kept.settled("visit a again") == {"offer": None}


def test_a_host_without_applications_beside_others_that_have_some_has_none(tmp_path: Path) -> None:
    # given two hosts that were visited at once, of which one has an application
    at_once = {"seen": seen(), "at_once": True, "given": ONLY_BACKEND}
    kept = run_of(
        tmp_path,
        app={**at_once, "looked": seen(discover=samples.shop())},
        db={**at_once, "looked": seen(discover=samples.host())},
    )
    # then the other is not told that its application is missing
    hosts = gathering.evidence(kept).hosts
    assert hosts["db"]["applications"] == {}
    assert hosts["app"]["applications"] != {}


def test_a_host_alone_keeps_the_application_of_its_variables(tmp_path: Path) -> None:
    entry = {"seen": seen(), "at_once": True, "looked": seen(discover=samples.host()), "given": ONLY_BACKEND}
    assert list(gathering.evidence(run_of(tmp_path, db=entry)).hosts["db"]["applications"]) == [""]


def test_entries_are_plain_data(tmp_path: Path) -> None:
    kept = run_of(tmp_path, a={"seen": seen(clock={"ok": True})})
    assert json.loads(json.dumps(gathering.evidence(kept)._asdict()))["hosts"]["a"]["clock"] == {"ok": True}
