"""The logs that ten SDK builds left in their states (tests/unit/logs/sdk_recordings/made): is the cause named?"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.tests.sdks import judge, table
from ansible_collections.traceops.tracing.tests.sdks.states import STATES

MADE = Path(__file__).parent.parent / "logs" / "sdk_recordings" / "made"
RUNS = json.loads((MADE / "runs.json").read_text(encoding="utf-8"))
BY_NAME = {state.name: state for state in STATES}


@functools.lru_cache(maxsize=None)
def cell(file: str) -> table.Cell:
    run: dict[str, Any] = next(each for each in RUNS if each["file"] == file)
    state, log = BY_NAME[run["state"]], MADE / file
    result = judge.read(log, f"otel_{run['language']}")
    found = judge.findings(result, log.stat().st_mtime if state.healthy else None)
    news = log.read_text(encoding="utf-8").splitlines() if run["speaks"] else []
    twins = [BY_NAME[name] for name in run["reads_like"]]
    judged = table.Judged(news, twins, int(run["arrived"]), judge.matched(result), found.causes, found.accused)
    return table.cell(state, judged)


def test_every_language_is_there_in_every_state() -> None:
    languages = {run["language"] for run in RUNS}
    assert {(run["language"], run["state"]) for run in RUNS} == {(one, name) for one in languages for name in BY_NAME}
    assert {path.name for path in MADE.glob("*.log")} == {run["file"] for run in RUNS}


@pytest.mark.parametrize("file", [run["file"] for run in RUNS if BY_NAME[run["state"]].healthy])
def test_nothing_is_said_against_traces_that_arrive(file: str) -> None:
    assert cell(file) == (table.QUIET, "")


def test_at_least_95_percent_of_what_is_printed_is_named() -> None:
    cells = {(run["file"], "", ""): cell(run["file"]) for run in RUNS}
    assert table.figures(cells.values()).good, "\n".join(table.exceptions(cells))
