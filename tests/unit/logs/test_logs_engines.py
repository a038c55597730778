"""Both engines say the same about any log: GNU grep's candidates are a prefilter and nothing else."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import grep, patterns, profiles, reading
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.scan import Shared
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.unit.logs.looking import look, profile, seen

PATTERNS = {
    "start": {"regex": ["velo-sql v", "Initializing OpenTelemetry"], "start": True},
    "exporter": r"exporter created successfully for (?P<endpoint>\S+)",
    "failed": {"regex": r"failed to export (?P<spans>\d+) spans: (?P<reason>.*)", "expect": "absent"},
    "symbol": "🔍 \\w",
    "check": "✅",
    "umlaut": "größer",
    "nocase": "(?i)refused by",
    "either": r"queue full|channel closed",
    "anchored": r"^\[2026.*drop$",
    "digits": {"regex": r"4317", "level": "warn"},
    "pressure": r"pressure=(?P<pressure>[\d.]+)",
}

_TIMES = [
    "",
    "[2026-02-19T10:00:00Z INFO a] ",
    "[2026-02-19T10:00:01Z WARN b] ",
    "2026-02-19 09:59:59,5 ERROR ",
    "E0219 10:00:00.1 ",
]
_WORDS = [
    "velo-sql v1", "Initializing OpenTelemetry distributed", "exporter created successfully for http://t:4318",
    "failed to export 12 spans: connection refused", "✅", "größer", "Refused By peer", "REFUSED BY", "queue full",
    "drop", "channel closed", "🔍", "🔍 Span", "4317", "pressure=0.85", "pressure=.", "noise", "password=hunter22",
    "x" * 300, "\t", "12:34:",
]  # fmt: skip
_text = st.builds(
    lambda time, words: (time + " ".join(words)).encode(),
    st.sampled_from(_TIMES),
    st.lists(st.sampled_from(_WORDS), max_size=5),
)
_damaged = st.builds(
    lambda line, how: how(line),
    _text,
    st.sampled_from(
        [
            lambda line: line,
            lambda line: line.decode().encode("utf-8").decode("mac_roman").encode(),
            lambda line: line.decode("latin-1").encode(),
            lambda line: b"\x1b[32m" + line[:30] + b"\x1b[0m" + line[30:],
            lambda line: line[: len(line) // 2] + b"\x1b[1m" + line[len(line) // 2 :],
            lambda line: line[: len(line) // 2] + b"\0" + line[len(line) // 2 :],
            lambda line: line[: len(line) // 2] + b"\xff\xf0\x9f" + line[len(line) // 2 :],
            lambda line: line[1:],
        ]
    ),
)
_line = st.one_of(_damaged, _damaged, _text, st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"")))
_log = st.builds(
    lambda lines, ends, last: b"".join(line + end for line, end in zip(lines, ends * len(lines))) + last,
    st.lists(_line, max_size=40),
    st.lists(st.sampled_from([b"\n", b"\n", b"\r\n"]), min_size=1, max_size=3),
    st.sampled_from([b"", b"exporter created successfully for x", b"\n\n", "🔍".encode()]),
)


@pytest.fixture(scope="module", autouse=True)
def _gnu_grep() -> None:
    require(grep.program(), "GNU grep")


def both(path: Path, patterns: dict, **options) -> dict:
    by_grep, by_python = (look(path, patterns, engine=engine, **options) for engine in ("grep", "python"))
    assert (by_grep["engine"], by_python["engine"]) == ("grep", "python")
    assert json.dumps(seen(by_grep), sort_keys=True) == json.dumps(seen(by_python), sort_keys=True)
    return by_grep


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(log=_log, context=st.integers(0, 2), since=st.sampled_from([None, "2026-02-19T10:00:00Z"]))
def test_any_log(log: bytes, context: int, since: str | None) -> None:
    assume(not log.startswith(tuple(magic for magic, _form in reading.MAGIC)))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "app.log"
        path.write_bytes(log)
        both(path, PATTERNS, context=context, since=since)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(log=_log, data=st.data())
def test_any_log_with_blocks_cut_anywhere(log: bytes, data: st.DataObject) -> None:
    """The same with tiny chunks and lines, so that cuts fall on every kind of place."""
    assume(not log.startswith(tuple(magic for magic, _form in reading.MAGIC)))
    chunk, longest, lines = data.draw(st.tuples(st.integers(1, 512), st.integers(8, 128), st.integers(1, 9)))
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "CHUNK", chunk)
        patch.setattr(reading, "MAX_LINE", longest)
        patch.setattr(reading, "_MOST_LINES", lines)
        path = Path(directory) / "app.log"
        path.write_bytes(log)
        both(path, PATTERNS, context=1)


EDGES = {
    "empty": b"",
    "only a newline": b"\n",
    "no trailing newline": b"a\nqueue full",
    "CRLF": b"[2026 drop\r\nqueue full\r\n",
    "NUL bytes": b"\0\0queue full\0\n\0\nexporter created successfully for \0x\n",
    "invalid UTF-8": b"\xc3\x28 queue full \xa0\xa1\n\xf0\x9f\x94 exporter created successfully for \xff\n",
    "a line of 200 kB": b"x" * 200_000 + b"queue full\nqueue full" + b"y" * 200_000 + b"\nqueue full\n",
    "a candidate line of 200 kB at the end": b"queue full\n" + b"queue full " * 20_000,
    "lines of exactly the limit": (b"z" * 65536 + b"\n") * 2 + b"queue full" + b"z" * 65526 + b"\nqueue full\n",
    "digits like grep's positions": b"12:34:queue full\n1:0:4317 WARN 4317\n4317:\n",
    "byte order mark": b"\xef\xbb\xbfqueue full\n",
    "one long run of escapes": b"\x1b[31m" * 5000 + b"queue" + b"\x1b[0m" + b" full\n",
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(tmp_path: Path, name: str) -> None:
    (tmp_path / "app.log").write_bytes(EDGES[name])
    both(tmp_path / "app.log", PATTERNS, context=2, max_samples=5)


def test_patterns_that_no_literal_narrows_down(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"a1\n\nb22\n")
    result = both(tmp_path / "app.log", {"number": r"\d+", "any": "", "empty": "^$"} | {"any": ".*"})
    assert {name: found["count"] for name, found in result["patterns"].items()} == {"number": 2, "any": 3, "empty": 1}


def test_a_line_that_is_too_long_for_grep_is_left_to_python(tmp_path: Path) -> None:
    """grep keeps a line whole and has little memory: Python reads on from where it gave up."""
    path = tmp_path / "app.log"
    path.write_bytes(b"queue full\n" * 3 + b"queue full" + b"x" * 50_000_000 + b"\nlast queue full\n")
    by_grep, by_python = (look(path, {"drop": "queue full"}, engine=engine) for engine in ("grep", "python"))
    assert json.dumps(seen(by_grep)) == json.dumps(seen(by_python))
    assert (by_python["patterns"]["drop"]["count"], by_python["patterns"]["drop"]["last"]["line"]) == (5, 5)


def test_grep_is_chosen_where_it_is_faster(tmp_path: Path) -> None:
    small, big = tmp_path / "small.log", tmp_path / "big.log"
    small.write_bytes(b"queue full\n")
    big.write_bytes(b"queue full\n" * 40_000)
    assert look(small, {"drop": "queue full"})["engine"] == "python"
    assert look(big, {"drop": "queue full"})["engine"] == "grep"
    assert look(big, {"any": r"\d+"})["engine"] == "python"


def test_without_gnu_grep_python_does_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grep, "program", lambda: None)
    (tmp_path / "big.log").write_bytes(b"queue full\n" * 40_000)
    assert look(tmp_path / "big.log", {"drop": "queue full"})["engine"] == "python"
    with pytest.raises(ProbeFailure, match="this host has no GNU grep") as caught:
        look(tmp_path / "big.log", {"drop": "queue full"}, engine="grep")
    assert caught.value.cause == "grep_missing"


def test_the_velostream_profile_is_all_prefiltered() -> None:
    assert b"" not in grep.needles_of(patterns.parse(profile("velostream")))


EVERY = patterns.parse(profiles.resolve({"profiles": ["auto"]}, str)["patterns"])
NEEDLES = sorted({mark for pattern in EVERY for each in pattern.alternatives for mark in each.marks})
_of_needles = st.lists(
    st.one_of(st.sampled_from(NEEDLES), st.sampled_from([b" ", b"\n", b"0a1b", b"face", b"x", b"7"])), max_size=12
)


@settings(max_examples=200, deadline=None)
@given(parts=_of_needles, many=st.booleans())
def test_a_needle_that_a_block_is_said_to_lack_is_not_in_it(parts: list[bytes], many: bool) -> None:
    kinds = b"".join(b"kind %s of line\n" % str(n).translate(_WORDY).encode() for n in range(4000)) if many else b""
    data = kinds + b"".join(parts) + b"\n"
    absent = Shared(EVERY).absent(data)
    assert not [mark for mark in absent if mark in data]


_WORDY = str.maketrans("0123456789", "ghijklmnop")


def test_ordinary_lines_have_few_needles() -> None:
    data = b"2026-11-28T06:00:00Z INFO web: GET /api/orders/0815 200 in 12 ms\n" * 1000
    assert len(Shared(EVERY).absent(data)) > 0.95 * len(NEEDLES)


@settings(max_examples=100, deadline=None)
@given(needles=st.lists(st.sampled_from(NEEDLES), min_size=1, max_size=40), sample=_of_needles)
def test_what_grep_looks_for_stands_in_every_needle(needles: list[bytes], sample: list[bytes]) -> None:
    ends = grep.rare_ends(needles, b"".join(sample))
    assert all(any(end in needle for end in ends) for needle in needles)
    assert b"" not in ends
