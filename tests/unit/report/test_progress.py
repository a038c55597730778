"""What a run tells while it goes on."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._report import progress


def test_hosts_are_counted_together_and_told_at_steps(tmp_path: Path) -> None:
    place, said = progress.place(str(tmp_path), "run/1"), []
    for number in range(20):
        now = 10.0 + number
        state = progress.add(place, "visited", number != 4, now, lambda s, now=now: progress.is_due(s, 20, now, False))
        said += [progress.told(state, "visited", 20, now)] if state else []
    assert said == [
        "  visited: 5 of 20 hosts, 1 not reached, 5 s",
        "  visited: 10 of 20 hosts, 1 not reached, 10 s",
        "  visited: 15 of 20 hosts, 1 not reached, 15 s",
        "  visited: 19 of 20 hosts, 1 not reached, 19 s",
    ]


def test_who_was_not_reached_when_looking_around_is_missed_in_the_visit(tmp_path: Path) -> None:
    place = progress.place(str(tmp_path), "word")
    progress.add(place, "looked around", False, 0, lambda _state: False)
    progress.add(place, "visited", True, 10, lambda _state: False)
    state = progress.add(place, "visited", True, 20, lambda found: progress.is_due(found, 3, 20, False))
    assert state is not None
    assert progress.told(state, "visited", 3, 20) == "  visited: 2 of 3 hosts, 1 not reached, 10 s"


def test_many_processes_lose_no_host(tmp_path: Path) -> None:
    place = progress.place(str(tmp_path), "word")
    at_once = [
        threading.Thread(target=progress.add, args=(place, "visited", True, 0, lambda _state: False))
        for _each in range(40)
    ]
    for each in at_once:
        each.start()
    for each in at_once:
        each.join()
    assert json.loads(Path(place).read_text())["phases"]["visited"][0] == 40


@pytest.mark.parametrize(("hosts", "now"), [(1, 60.0), (20, 0.5)], ids=["one host", "at once"])
def test_what_needs_no_number_is_not_told(hosts: int, now: float) -> None:
    assert not progress.is_due(progress.State(hosts, 0, 0.0, 0), hosts, now, True)


SENT = {"app01": {"otlp": 1}, "app02": {"otlp": 1, "otlp_tempo": 1}}


def test_what_a_canary_waits_for_and_how_much_longer() -> None:
    asked = {"probe": "canaries", "sent": SENT, "search": True, "tempo_url": "http://user:secret@tempo:3200"}
    waits = progress.wait({"tempo_info": {"probe": "tempo_info"}, "canaries": asked})
    assert waits is not None
    assert progress.beat("app01", waits, 5) == (
        "  app01: waits for 3 canaries, each by its id and in a search, at http://tempo:3200, at most 120 s more"
    )
    assert progress.beat("app01", waits, 140).endswith(", for 140 s")


def test_a_single_canary_and_a_host_that_does_not_answer() -> None:
    waits = progress.wait(
        {"canaries of a": {"probe": "canaries", "sent": {"app01": {"otlp": 1}}, "tempo_url": "http://t"}}
    )
    assert (
        progress.beat("a\x1b[2Jpp01", waits, 1)
        == "  app01: waits for the canary by its id, at http://t, at most 4 s more"
    )
    assert progress.wait({"otlp": {"probe": "otlp"}}) is None
    assert progress.beat("app01", None, 30) == "  app01: no answer yet after 30 s"
