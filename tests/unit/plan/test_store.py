"""What hosts told is kept by run, and what is done once for many hosts is done by the first who comes."""

from __future__ import annotations

import multiprocessing
import os
import stat
import time
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._plan import store

KEY = "play.yml:1 < roles/diagnose/tasks/main.yml:2"


def arrive(tmp_path: Path, host: str, key: str = KEY) -> store.Store:
    return store.arrive(str(tmp_path), key, host, f"word of {host}", "2026-11-29T01:00:00+00:00")


def test_hosts_of_a_play_come_to_the_run_that_the_first_of_them_began(tmp_path: Path) -> None:
    # given a run that a began
    first = arrive(tmp_path, "a")
    # when b comes
    other = arrive(tmp_path, "b")
    # then it is the same one, with one word for the canaries of all
    assert other.directory == first.directory
    assert other.run == {"run": "word of a", "started": "2026-11-29T01:00:00+00:00"}


def test_a_host_that_comes_a_second_time_begins_another_run(tmp_path: Path) -> None:
    arrive(tmp_path, "a").put("a", {"seen": "first"})
    again = arrive(tmp_path, "a")
    assert list(again.hosts()) == []
    assert arrive(tmp_path, "b").directory == again.directory
    current = store.current(str(tmp_path), KEY)
    assert current is not None
    assert current.directory == again.directory


def test_another_play_has_a_run_of_its_own(tmp_path: Path) -> None:
    assert arrive(tmp_path, "a").directory != arrive(tmp_path, "a", "other.yml:1").directory
    assert store.current(str(tmp_path), "third.yml:1") is None


def test_what_hosts_told_is_found_by_name(tmp_path: Path) -> None:
    run = arrive(tmp_path, "b")
    for host in ("b", "a/../ü", "a"):
        run.put(host, {"seen": host})
    assert sorted(entry["host"] for entry in run.hosts()) == ["a", "a/../ü", "b"]
    assert run.known("a/../ü")
    assert not run.known("c")
    assert run.host("b") == {"host": "b", "seen": "b"}
    assert run.host("c") is None


def test_nobody_else_reads_what_is_kept(tmp_path: Path) -> None:
    run = arrive(tmp_path, "a")
    run.keep("a", {"diagnose_tempo_password": "secret"})
    assert run.given("a") == {"diagnose_tempo_password": "secret"}
    modes = {stat.S_IMODE(os.stat(run.directory).st_mode), stat.S_IMODE(os.stat(Path(run.directory).parent).st_mode)}
    assert modes == {0o700}
    (given,) = Path(run.directory).glob("given-*")
    assert stat.S_IMODE(given.stat().st_mode) == 0o600


# --- what is done once


def test_what_is_made_once_is_found_by_the_next_also_in_later_batches(tmp_path: Path) -> None:
    run, made = arrive(tmp_path, "a"), []

    def make() -> str:
        made.append(1)
        return "what is made"

    # when it is wanted twice, and once more after a batch is over
    assert [run.once("code", make, 5), run.once("code", make, 5)] == ["what is made"] * 2
    run.close_batch({})
    assert run.once("code", make, 5) == "what is made"
    # then it is made once
    assert made == [1]


def test_who_waits_in_vain_for_what_is_made_once_makes_it(tmp_path: Path) -> None:
    # given a process that is gone in the middle of it
    run = arrive(tmp_path, "a")
    worker = multiprocessing.get_context("fork").Process(target=run.once, args=("code", lambda: os._exit(1), 5))
    worker.start()
    worker.join()
    # then the next one does not wait for it
    assert run.once("code", lambda: "made", 600) == "made"


def test_the_first_who_claims_does_it_and_tells_the_others(tmp_path: Path) -> None:
    run = arrive(tmp_path, "a")
    assert run.claim("count http://tempo:3200")
    assert not run.claim("count http://tempo:3200")
    run.settle("count http://tempo:3200", {"received": 3})
    assert run.settled("count http://tempo:3200", 5) == {"received": 3}


def test_who_does_not_claim_waits_for_who_did(tmp_path: Path) -> None:
    run = arrive(tmp_path, "a")
    fork = multiprocessing.get_context("fork")

    def work(claimed: object) -> None:
        assert run.claim("x")
        claimed.set()  # type: ignore[attr-defined]
        time.sleep(0.3)
        run.settle("x", "done")

    claimed = fork.Event()
    worker = fork.Process(target=work, args=(claimed,))
    worker.start()
    assert claimed.wait(20)
    assert run.settled("x", 20) == "done"
    worker.join()


def test_nobody_waits_for_a_process_that_is_gone(tmp_path: Path) -> None:
    run = arrive(tmp_path, "a")
    worker = multiprocessing.get_context("fork").Process(target=run.claim, args=("x",))
    worker.start()
    worker.join()
    before = time.monotonic()
    assert run.settled("x", 3600) is None
    assert run.settled("never claimed", 3600) is None
    assert time.monotonic() - before < 600


# --- batches


def test_a_batch_that_is_over_leaves_its_document_and_nothing_to_ask(tmp_path: Path) -> None:
    # given a batch of which the verdict was said
    run = arrive(tmp_path, "a")
    run.put("a", {"seen": 1})
    run.claim("x")
    run.settle("x", 1)
    run.ask("tempo", {"labels": {}})
    run.close_batch({"hosts": {"a": {}}})
    # when the next one comes
    later = arrive(tmp_path, "b")
    # then it counts and asks anew, beside what was seen before
    assert later.batches() == [{"hosts": {"a": {}}}]
    assert list(later.hosts()) == []
    assert later.asked() == {}
    assert later.claim("x")
    assert not later.known("a")


def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        store.Store(str(tmp_path / "nowhere")).put("a", {})
