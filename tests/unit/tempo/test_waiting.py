"""Waiting asks at least once, grows its pauses and does not overshoot."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import wait_for
from ansible_collections.traceops.tracing.tests.probing import FakeClock


def test_without_a_time_out_it_asks_once() -> None:
    clock = FakeClock()
    waited = wait_for(lambda: 0, lambda found: found > 0, 0.0, clock)
    assert (waited.last, waited.attempts, waited.elapsed, clock.slept) == (0, 1, 0.0, [])


def test_it_ends_with_the_first_answer_that_is_enough() -> None:
    clock, answers = FakeClock(), iter([0, 0, 3])
    waited = wait_for(lambda: next(answers), lambda found: found > 0, 60.0, clock)
    assert (waited.last, waited.attempts) == (3, 3)
    assert waited.elapsed == pytest.approx(0.125)


def test_to_say_no_it_looks_twice_where_one_look_may_be_wrong() -> None:
    clock, answers = FakeClock(), iter([0, 1])
    waited = wait_for(lambda: next(answers), bool, 0.0, clock, confirm=1.0)
    assert (waited.last, waited.attempts, clock.slept) == (1, 2, [1.0])


def test_a_look_that_took_longer_than_the_time_out_is_confirmed_too() -> None:
    clock = FakeClock()
    waited = wait_for(lambda: clock.sleep(50.0), bool, 5.0, clock, confirm=1.0)
    assert (waited.attempts, clock.slept) == (2, [50.0, 1.0, 50.0])


def test_looks_over_a_longer_wait_need_no_confirmation() -> None:
    clock = FakeClock()
    waited = wait_for(lambda: None, bool, 5.0, clock, confirm=1.0)
    assert waited.elapsed == pytest.approx(5.0)


@pytest.mark.parametrize("timeout", [-1.0, float("nan"), float("inf")])
def test_what_is_no_time_to_wait_is_refused(timeout: float) -> None:
    with pytest.raises(BadOption, match=r"wait_timeout: .* is not between 0 and 86400 seconds"):
        wait_for(lambda: 0, bool, timeout, FakeClock())


def test_pauses_grow_to_their_longest_and_the_last_one_ends_at_the_time_out() -> None:
    clock = FakeClock()
    waited = wait_for(lambda: None, lambda found: False, 5.0, clock, longest=1.0)
    assert clock.slept[:3] == pytest.approx([0.05, 0.075, 0.1125])
    assert max(clock.slept) == 1.0
    assert sum(clock.slept) == pytest.approx(5.0)
    assert waited.elapsed == pytest.approx(5.0)
