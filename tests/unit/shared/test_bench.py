"""The benchmark measures everything, keeps what it measured, and says what is over its limit or missing."""

from __future__ import annotations

import json
import sys
import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests import bench
from ansible_collections.traceops.tracing.tests.bench import __main__ as command
from ansible_collections.traceops.tracing.tests.bench.measured import Measured, in_turn, ratio

GOOD = Measured("a", 1.0, "s", 2.0, {"wall s": [0.5, 1.0, 1.5]})
OVER = Measured("b", 3.0, "s", 2.0)
TOLD = Measured("c", 3.0, "x", None)


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., tuple[int, t.Any]]:
    """ran(figures of the part tempo, figures of the part otlp) -> (exit code, bench.json)."""

    def run(*parts: t.Iterable[Measured]) -> tuple[int, t.Any]:
        names = ("tempo", "otlp")[: len(parts)]
        for name, figures in zip(names, parts):
            part = types.ModuleType(name)
            part.measure = lambda figures=figures: figures  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, f"{bench.__name__}.{name}", part)
        code = command.main(["--output", str(tmp_path / "new/bench.json"), *names])
        return code, json.loads((tmp_path / "new/bench.json").read_text(encoding="utf-8"))

    return run


def breaking() -> t.Iterator[Measured]:
    yield GOOD
    raise RuntimeError("no sshd")


def test_figures_within_their_limits_are_kept_with_their_single_values(ran: t.Any) -> None:
    code, told = ran([GOOD, TOLD])
    assert (code, told["ok"]) == (0, True)
    first, second = told["parts"]["tempo"]["figures"]
    assert (first["value"], first["limit"], first["ok"], first["values"]) == (
        1.0,
        2.0,
        True,
        {"wall s": [0.5, 1.0, 1.5]},
    )
    assert (second["limit"], second["ok"]) == (None, True)
    assert told["environment"].keys() >= {
        "cores",
        "memory_mib",
        "python",
        "ansible_core",
        "os",
        "commit",
        "load_before",
    }


def test_what_is_over_its_limit_does_not_keep_the_rest_from_being_measured(ran: t.Any) -> None:
    code, told = ran([OVER, GOOD], [GOOD])
    assert (code, told["ok"]) == (1, False)
    assert [[each["ok"] for each in part["figures"]] for part in told["parts"].values()] == [[False, True], [True]]


def test_what_cannot_be_measured_is_an_error_of_its_own(ran: t.Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = ran(breaking(), [GOOD])
    assert code == 1
    first, second = told["parts"]["tempo"]["figures"]
    assert first["ok"]
    assert (second["ok"], second["value"], second["error"]) == (False, None, "RuntimeError: no sshd")
    assert told["parts"]["otlp"]["figures"], "the next part was measured"
    assert "ERROR" in capsys.readouterr().out


def test_a_part_that_says_nothing_is_no_success(ran: t.Any) -> None:
    code, told = ran([])
    assert (code, told["ok"]) == (1, False)


def test_a_part_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["fleets"]) == 2
    assert "there is no part 'fleets'; known are discover, fleet, logs," in capsys.readouterr().err


def test_what_is_compared_takes_turns_and_no_one_is_always_first() -> None:
    order: list[str] = []
    taken = in_turn(3, {"a": lambda: order.append("a") or 1.0, "b": lambda: order.append("b") or 2.0})
    assert "".join(order) == "abbaab"
    assert taken == {"a": [1.0] * 3, "b": [2.0] * 3}


def test_a_ratio_is_one_of_medians() -> None:
    figure = ratio("a / b", "x", 1.2, {"a": [9.0, 1.0, 2.0], "b": [4.0, 4.0, 90.0]}, "a", "b")
    assert (figure.value, figure.values) == (0.5, {"a s": [9.0, 1.0, 2.0], "b s": [4.0, 4.0, 90.0]})
