"""Who does not answer within the time of a host is left, and so is what was begun for it."""

from __future__ import annotations

import signal
import subprocess
import threading
import time

import pytest

from ansible_collections.traceops.tracing.plugins.plugin_utils.limits import TookTooLong, limited


def wait_for_ever(begun: list[subprocess.Popen[bytes]]) -> None:
    with limited(0.2):
        begun.append(subprocess.Popen(["sleep", "3600"]))
        begun[0].wait()


def test_what_takes_too_long_is_ended_with_the_processes_that_it_began() -> None:
    begun: list[subprocess.Popen[bytes]] = []
    with pytest.raises(TookTooLong):
        wait_for_ever(begun)
    assert begun[0].wait(60) == -signal.SIGTERM


def test_no_handler_of_errors_takes_it_for_its_own() -> None:
    assert not issubclass(TookTooLong, Exception)


def test_what_is_over_in_time_leaves_no_alarm() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with limited(3600):
        pass
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) == before


def test_the_time_out_of_a_task_still_counts() -> None:
    signal.setitimer(signal.ITIMER_REAL, 1800)
    try:
        with limited(3600):
            assert signal.getitimer(signal.ITIMER_REAL)[0] <= 1800
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 1700
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_in_another_thread_there_is_no_limit() -> None:
    done: list[bool] = []

    def work() -> None:
        with limited(0.01):
            time.sleep(0.1)
        done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
