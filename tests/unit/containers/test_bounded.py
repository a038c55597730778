"""Calls that would not end by themselves."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base import bounded


def test_what_the_call_returns_is_passed_on():
    assert bounded.bounded(lambda: 42, 5) == 42
    assert bounded.bounded(lambda: None, 5) is None


def test_what_the_call_raises_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        bounded.bounded(lambda: 1 // 0, 5)


def test_a_call_that_never_ends_is_left_behind():
    forever = threading.Event()

    with pytest.raises(bounded.TookTooLong):
        bounded.bounded(forever.wait, 0.05)

    forever.set()


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["echo", "hello"], "hello\n"),
        (["printf", "\\377"], "\ufffd"),
        (["false"], None),
        (["no-such-program"], None),
        (["sh", "-c", "echo $HOME"], "\n"),  # nothing of this process's environment
    ],
)
def test_what_a_program_prints(words, output):
    assert bounded.output_of(words, 30) == output


def test_a_program_that_does_not_end_is_ended():
    assert bounded.output_of(["sleep", "60"], 0.05) is None


def test_a_program_that_prints_too_much_is_cut(monkeypatch):
    monkeypatch.setattr(bounded, "MAX_OUTPUT", 4)

    assert bounded.output_of(["echo", "hello"], 30) == "hell"
