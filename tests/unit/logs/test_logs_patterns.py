"""What the probe says about patterns: counts, places, captures, expectations, starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.tests.unit.logs.looking import look

LOG = """\
2026-02-19T10:00:00Z INFO app starting
2026-02-19T10:00:01Z INFO listening on 0.0.0.0:8080
2026-02-19T10:01:00Z ERROR request 17 failed after 250 ms
2026-02-19T10:02:00Z WARN request 18 failed after 750 ms
2026-02-19T10:04:00Z INFO done
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LOG)
    return path


def test_a_pattern_is_counted_with_its_first_and_last_line(log: Path) -> None:
    found = look(log, {"failed": r"request \d+ failed"})["patterns"]["failed"]
    assert found["count"] == 2
    assert found["first"] == {
        "file": str(log),
        "line": 3,
        "offset": LOG.index("2026-02-19T10:01:00Z"),
        "time": "2026-02-19T10:01:00.000Z",
        "text": "2026-02-19T10:01:00Z ERROR request 17 failed after 250 ms",
    }
    assert (found["last"]["line"], found["last"]["time"]) == (4, "2026-02-19T10:02:00.000Z")


def test_a_line_counts_once_however_often_it_matches(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("drop drop drop\ndrop\n")
    assert look(tmp_path / "x.log", {"drop": "drop", "any": "[dr]+o"})["patterns"]["drop"]["count"] == 2


def test_the_rate_is_over_the_time_that_the_log_covers(log: Path) -> None:
    assert look(log, {"failed": "failed"})["patterns"]["failed"]["rate_per_minute"] == 0.5


def test_named_groups_become_captures_with_figures(log: Path) -> None:
    captures = look(log, {"failed": r"request (?P<id>\d+) failed after (?P<ms>\d+) ms"})["patterns"]["failed"][
        "captures"
    ]
    assert captures["ms"] == {
        "first": "250", "last": "750", "values": {"250": 1, "750": 1}, "more": False,
        "min": 250.0, "max": 750.0, "mean": 500.0,
    }  # fmt: skip


def test_captures_that_are_not_numbers_have_no_figures(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("mode=dev\nmode=prod\nmode=dev\n")
    mode = look(tmp_path / "x.log", {"mode": r"mode=(?P<mode>\w+)"})["patterns"]["mode"]["captures"]["mode"]
    assert mode["values"] == {"dev": 2, "prod": 1}
    assert (mode["min"], mode["max"], mode["mean"]) == (None, None, None)


def test_only_the_first_twenty_distinct_values_are_counted_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("".join(f"id={n}\n" for n in range(25)))
    captured = look(tmp_path / "x.log", {"id": r"id=(?P<id>\d+)"})["patterns"]["id"]["captures"]["id"]
    assert len(captured["values"]) == 20
    assert captured["more"] is True
    assert (captured["last"], captured["max"], captured["mean"]) == ("24", 24.0, 12.0)


def test_the_last_samples_come_with_their_context(log: Path) -> None:
    found = look(log, {"request": "request"}, max_samples=1, context=1)["patterns"]["request"]
    (sample,) = found["samples"]
    assert sample["line"] == 4
    assert [line[21:] for line in sample["before"]] == ["ERROR request 17 failed after 250 ms"]
    assert [line[21:] for line in sample["after"]] == ["INFO done"]


def test_no_samples_on_request(log: Path) -> None:
    found = look(log, {"request": "request"}, max_samples=0)["patterns"]["request"]
    assert (found["count"], found["samples"]) == (2, [])


def test_a_list_of_expressions_matches_where_one_of_them_does(log: Path) -> None:
    patterns = {"life": {"regex": [r"app (?P<what>starting)", r"INFO (?P<what>done)"]}}
    found = look(log, patterns)["patterns"]["life"]
    assert (found["count"], found["captures"]["what"]["values"]) == (2, {"starting": 1, "done": 1})


def test_a_level_leaves_out_less_severe_lines(log: Path) -> None:
    patterns = {level: {"regex": "request", "level": level} for level in ("info", "warn", "error", "fatal")}
    found = look(log, patterns)["patterns"]
    assert {name: pattern["count"] for name, pattern in found.items()} == {"info": 2, "warn": 2, "error": 1, "fatal": 0}


@pytest.mark.parametrize(
    ("expectation", "met"),
    [
        ({"expect": "present"}, True),
        ({"expect": "absent"}, False),
        ({"min": 2}, True),
        ({"min": 3}, False),
        ({"max": 2}, True),
        ({"max": 1}, False),
        ({}, None),
    ],
)
def test_expectations(log: Path, expectation: dict, met: bool | None) -> None:
    result = look(log, {"failed": {"regex": "failed", **expectation}})
    assert result["ok"] is True
    assert result["patterns"]["failed"]["met"] is met
    too_few = met is False and "min" in expectation
    assert result["missing"] == (["failed"] if too_few else [])
    assert result["unexpected"] == (["failed"] if met is False and not too_few else [])


def test_what_was_expected_and_not_found_is_missing(log: Path) -> None:
    result = look(log, {"ready": {"regex": "is ready", "expect": "present"}})
    assert result["missing"] == ["ready"]
    assert "missing: ready" in result["message"]


def test_only_what_follows_the_last_start_counts_for_expectations(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("boot\nbroken\nboot\nfine\n")
    patterns = {
        "started": {"regex": "boot", "start": True},
        "broken": {"regex": "broken", "expect": "absent"},
        "fine": {"regex": "fine", "expect": "present"},
    }
    result = look(tmp_path / "x.log", patterns)
    assert (result["patterns"]["broken"]["count"], result["patterns"]["broken"]["count_since_start"]) == (1, 0)
    assert (result["missing"], result["unexpected"]) == ([], [])
    assert result["last_start"]["line"] == 3


def test_lines_that_one_start_prints_in_order_are_one_start(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("one\ntwo\nthree\nwork\none\nthree\n")
    patterns = {"started": {"regex": ["one", "two", "three"], "start": True}, "two": "two", "three": "three"}
    result = look(tmp_path / "x.log", patterns)
    assert result["last_start"]["line"] == 5
    assert result["patterns"]["two"]["count_since_start"] == 0
    assert result["patterns"]["three"]["count_since_start"] == 1


def test_a_start_in_one_log_says_nothing_about_another_program(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("boot\nbroken\n")
    (tmp_path / "b.log").write_text("broken\nboot\nbroken\n")
    patterns = {"started": {"regex": "boot", "start": True}, "broken": "broken"}
    result = look([tmp_path / "a.log", tmp_path / "b.log"], patterns)
    assert (result["patterns"]["broken"]["count"], result["patterns"]["broken"]["count_since_start"]) == (3, 2)


def test_the_levels_of_the_log_are_told(log: Path) -> None:
    assert look(log, {"x": "x"})["levels"] == ["info", "warn", "error"]


def test_secrets_are_masked_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("before token=abc123secret\nlogin password=hunter22 ok\n")
    patterns = {"login": r"login password=(?P<given>\S+)"}
    masked = look(tmp_path / "x.log", patterns, context=1)
    assert "hunter22" not in str(masked)
    assert "abc123secret" not in str(masked)
    assert masked["patterns"]["login"]["captures"]["given"]["last"] == "********"
    plain = look(tmp_path / "x.log", patterns, context=1, redact=False)
    assert plain["patterns"]["login"]["captures"]["given"]["last"] == "hunter22"
    assert plain["patterns"]["login"]["samples"][0]["before"] == ["before token=abc123secret"]


def test_a_number_that_is_a_secret_has_no_figures_and_is_not_shown_for_standing_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("2026-02-19T10:00:00Z login password=2026 for 7\n")
    captures = look(tmp_path / "x.log", {"login": r"password=(?P<pin>\d+) for (?P<id>\d)"})["patterns"]["login"][
        "captures"
    ]
    assert captures["pin"] == {
        "first": "********", "last": "********", "values": {"********": 1}, "more": False,
        "min": None, "max": None, "mean": None,
    }  # fmt: skip
    assert (captures["id"]["last"], captures["id"]["mean"]) == ("7", 7.0)


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ({}, "patterns: nothing to look for"),
        ({"x": "("}, "patterns: x: '(' is not a valid regular expression"),
        ({"x": ""}, "patterns: x: regex is not a regular expression"),
        ({"x": []}, "patterns: x: regex is not a regular expression"),
        ({"x": 5}, "patterns: x: is neither a regular expression nor a dictionary"),
        ({"x": {"regexp": "a"}}, "patterns: x: has no option 'regexp'"),
        ({"x": {"regex": "a", "level": "loud"}}, "patterns: x: level 'loud' is none of"),
        ({"x": {"regex": "a", "expect": "maybe"}}, "patterns: x: expect 'maybe' is none of"),
        ({"x": {"regex": "a", "min": "two"}}, "patterns: x: min 'two' is not a whole number"),
        ({"x": ["a"] * 5001}, "patterns: there are more than 5000 expressions"),
        ({"x": {"regex": "a", "min": 3, "max": 2}}, "patterns: x: expects at least 3 and at most 2"),
    ],
)
def test_bad_patterns_are_named(log: Path, patterns: dict, message: str) -> None:
    with pytest.raises(BadOption) as caught:
        look(log, patterns)
    assert caught.value.message.startswith(message)
    assert set(caught.value.result) == {
        "patterns", "missing", "unexpected", "last_start", "levels", "files", "bytes_read", "elapsed", "engine",
        "profiles", "recognised", "reasons", "reason", "other_signals",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"since": "yesterday"}, "since: 'yesterday' is no time"),
        ({"until": "10:00"}, "until: '10:00' is no time"),
        ({"since": "1h", "until": "2h"}, "since: "),
        ({"max_samples": 101}, "max_samples: 101 is not between 0 and 100"),
        ({"context": -1}, "context: -1 is not between 0 and 20"),
        ({"timeout": 0}, "timeout: 0 is not more than 0"),
        ({"max_decompressed": 0}, "max_decompressed: 0 is not more than 0"),
        ({"profiles": ["velostream"]}, "profiles: profiles are on the controller"),
    ],
)
def test_bad_options_are_named(log: Path, options: dict, message: str) -> None:
    with pytest.raises(BadOption) as caught:
        look(log, {"x": "x"}, **options)
    assert caught.value.message.startswith(message)


def test_nothing_to_read_is_told() -> None:
    with pytest.raises(BadOption) as caught:
        look([], {"x": "x"})
    assert caught.value.message == "paths: nothing to read; give paths, unit or container"
