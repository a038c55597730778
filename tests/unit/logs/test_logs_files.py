"""Sources: compressed and rotated files, time bounds by seeking, what is refused and what is reported."""

from __future__ import annotations

import bz2
import calendar
import gzip
import lzma
import os
import shutil
import subprocess
import sys
import types
import typing as t
import zlib
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import reading
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.unit.logs.looking import look

TEXT = b"one hit\nnothing\ntwo hit\n"
START = calendar.timegm((2026, 2, 19, 0, 0, 0))


def zstd(data: bytes) -> bytes:
    require(shutil.which("zstd"), "the zstd program")
    return subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd], ids=lambda each: each.__name__)
def test_compressed_files_are_read_like_plain_ones(tmp_path: Path, compress) -> None:
    (tmp_path / "app.log.1.packed").write_bytes(compress(TEXT) + compress(b"three hit\n"))
    result = look(tmp_path / "app.log.1.packed", {"hit": r"(?P<n>\w+) hit"}, context=1)
    hit = result["patterns"]["hit"]
    assert hit["captures"]["n"]["values"] == {"one": 1, "two": 1, "three": 1}
    assert [(sample["line"], sample["before"], sample["after"]) for sample in hit["samples"]] == [
        (1, [], ["nothing"]), (3, ["nothing"], ["three hit"]), (4, ["two hit"], []),
    ]  # fmt: skip
    assert result["bytes_read"] == len(TEXT) + 10


def test_a_missing_zstd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.zst").write_bytes(b"\x28\xb5\x2f\xfd rest")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ProbeFailure) as caught:
        look(tmp_path / "x.zst", {"hit": "hit"})
    assert caught.value.cause == "library_missing"
    assert "needs the zstd program or the Python package 'zstandard'" in caught.value.message


class Zstandard(types.ModuleType):
    """Stands in for the package of this name, on data that zlib compressed behind zstd's four bytes."""

    ZstdError = zlib.error

    class ZstdDecompressor:
        def __init__(self, max_window_size: int) -> None:
            pass

        def decompressobj(self) -> Zstandard.Machine:
            return Zstandard.Machine()

    class Machine:
        def __init__(self) -> None:
            self._inner, self._magic = zlib.decompressobj(), 4

        def decompress(self, data: bytes) -> bytes:
            skipped, self._magic = data[self._magic :], max(0, self._magic - len(data))
            return self._inner.decompress(skipped)

        def __getattr__(self, name: str) -> t.Any:
            return getattr(self._inner, name)


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda packed: packed, None),
        (lambda packed: packed[:-4], "ends in the middle (zstd)"),
        (lambda packed: packed + b"garbage", "is damaged"),
    ],
    ids=["whole", "cut off", "with something behind it"],
)
def test_zst_by_the_package_where_the_program_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: t.Callable, error: str | None
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "zstandard", Zstandard("zstandard"))
    frames = [b"\x28\xb5\x2f\xfd" + zlib.compress(text) for text in (b"hit\n" * 2000, b"x" * 80 + b"last hit\n")]
    (tmp_path / "x.zst").write_bytes(damage(b"".join(frames)))
    result = look(tmp_path / "x.zst", {"hit": "hit"})
    assert result["patterns"]["hit"]["count"] == 2001
    assert (error or "None") in str(result["files"][0]["error"])


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be"])
def test_utf16_files_with_a_byte_order_mark(tmp_path: Path, codec: str) -> None:
    text = "eins\r\n🔍 hit Größe\r\n"
    bom = "\ufeff" if codec == "utf-16-be" else ""
    (tmp_path / "win.log").write_bytes((bom + text).encode(codec))
    hit = look(tmp_path / "win.log", {"hit": r"🔍 hit (?P<word>\w+)$"})["patterns"]["hit"]
    assert (hit["count"], hit["first"]["line"], hit["captures"]["word"]["last"]) == (1, 2, "Größe")


def test_a_rotated_set_is_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("boot\nnew\n")
    (tmp_path / "app.log.1").write_text("boot\nmiddle\n")
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(b"oldest\n"))
    (tmp_path / "app.log.10").write_text("ancient\n")
    (tmp_path / "other.log").write_text("other\n")
    result = look(tmp_path / "*.log*", {"word": "(?P<word>oldest|middle|new|ancient|other)"})
    assert [Path(file["path"]).name for file in result["files"]] == [
        "app.log.10", "app.log.2.gz", "app.log.1", "app.log", "other.log",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        ["app.log-20260217.gz", "app.log-20260218", "app.log"],
        ["app.log.2026-02-17", "app.log.2026-02-18", "app.log"],
        ["app.log.3", "app.log.2", "app.log.1", "app.log"],
    ],
)
def test_dates_and_numbers_order_a_rotated_set(tmp_path: Path, names: list) -> None:
    for name in names:
        (tmp_path / name).write_text("x\n")
    files, errors = reading.listed([str(tmp_path / "app.log*")])
    assert [Path(file.path).name for file in files] == names
    assert len({file.series for file in files}) == 1
    assert errors == []


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(TEXT)
    os.link(tmp_path / "app.log", tmp_path / "link.log")
    result = look([tmp_path / "app.log", tmp_path / "*.log"], {"hit": "hit"})
    assert result["patterns"]["hit"]["count"] == 2


def timed(minutes: int) -> bytes:
    """A day of log, a line per second and a hit per minute."""
    lines = []
    for second in range(minutes * 60):
        clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        what = "hit" if second % 60 == 0 else "nothing to see here"
        lines.append(f"2026-02-19T{clock}Z INFO {what}\n")
    return "".join(lines).encode()


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("day") / "day.log"
    path.write_bytes(timed(24 * 60))
    return path


@pytest.mark.parametrize("engine", ["grep", "python"])
@pytest.mark.parametrize(
    ("bounds", "count"),
    [
        ({"since": "2026-02-19T23:00:00Z"}, 60),
        ({"since": "2026-02-19T23:00:01Z"}, 59),
        ({"until": "2026-02-19T00:59:59Z"}, 60),
        ({"until": "2026-02-19T01:00:00Z"}, 61),
        ({"since": "2026-02-19T10:00:00Z", "until": "2026-02-19T10:30:00Z"}, 31),
        ({"since": "2026-02-20"}, 0),
        ({"until": "2026-02-18T00:00:00Z"}, 0),
        ({"since": "2026-02-18T00:00:00Z", "until": "2026-02-21T00:00:00Z"}, 1440),
    ],
)
def test_bounds_are_found_by_seeking(day: Path, engine: str, bounds: dict, count: int) -> None:
    result = look(day, {"hit": "hit"}, engine=engine, **bounds)
    assert result["patterns"]["hit"]["count"] == count
    (file,) = result["files"]
    assert (file["order"], file["sought"]) == ("rising", True)
    assert result["bytes_read"] <= (count + 1) * 60 * 46


def test_a_long_stretch_without_times_does_not_stop_the_search(tmp_path: Path) -> None:
    trace = b"  at some.place(Some.java:1)\n" * 12_000
    lines = [b"2026-02-19T%02d:00:00Z hit\n" % hour + (trace if hour == 12 else b"") for hour in range(24)]
    filler = b"2026-02-19T23:30:00Z INFO nothing to see here\n" * 60_000
    (tmp_path / "x.log").write_bytes(b"".join(lines) + filler)
    for hour in (11, 12, 13):
        result = look(tmp_path / "x.log", {"hit": "hit"}, since=f"2026-02-19T{hour}:00:00Z")
        assert result["patterns"]["hit"]["count"] == 24 - hour


def test_line_numbers_are_unknown_after_seeking_and_offsets_are_not(day: Path) -> None:
    first = look(day, {"hit": "hit"}, since="2026-02-19T12:00:00Z")["patterns"]["hit"]["first"]
    assert first["line"] is None
    assert day.read_bytes()[first["offset"] :].startswith(b"2026-02-19T12:00:00Z INFO hit\n")


@pytest.mark.parametrize("engine", ["grep", "python"])
def test_a_file_that_is_not_in_order_is_read_in_full(tmp_path: Path, engine: str) -> None:
    day = timed(60)
    (tmp_path / "x.log").write_bytes(day + timed(30) + b"2026-02-19T00:59:30Z ERROR\n  hit in a continuation line\n")
    result = look(tmp_path / "x.log", {"hit": "hit"}, since="2026-02-19T00:20:00Z", engine=engine)
    (file,) = result["files"]
    assert (file["order"], file["sought"]) == ("unordered", False)
    assert result["patterns"]["hit"]["count"] == 40 + 10 + 1
    assert result["patterns"]["hit"]["last"]["time"] == "2026-02-19T00:59:30.000Z"


def test_bounds_apply_to_compressed_files_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(timed(60) + b"  hit in a continuation line\n"))
    result = look(tmp_path / "x.gz", {"hit": "hit"}, since="2026-02-19T00:50:00Z")
    assert result["patterns"]["hit"]["count"] == 11
    assert result["files"][0]["order"] == "unknown"


def test_a_compressed_file_last_written_before_the_time_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(timed(2)))
    os.utime(tmp_path / "x.gz", (START, START))
    result = look(tmp_path / "x.gz", {"hit": "hit"}, since="2026-02-19T00:50:00Z")
    assert result["bytes_read"] == 0
    assert "so it was not read" in result["files"][0]["note"]


def test_a_log_without_times_is_read_in_full(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(TEXT)
    result = look(tmp_path / "x.log", {"hit": "hit"}, since="1h")
    assert result["patterns"]["hit"]["count"] == 2
    assert result["files"][0]["order"] == "unknown"


def test_one_unreadable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(TEXT)
    result = look([tmp_path / "a.log", tmp_path / "nope.log", tmp_path / "*.none"], {"hit": "hit"})
    assert (result["ok"], result["patterns"]["hit"]["count"]) == (True, 2)
    assert [file["error"] for file in result["files"]] == [None, f"{tmp_path}/nope.log: no such file or directory"]
    assert "2 could not be read to the end" in result["message"]


@pytest.mark.parametrize(
    ("change", "note"),
    [("removed", "was removed"), ("rotated", "was replaced (rotated)"), ("truncated", "was truncated")],
)
@pytest.mark.parametrize("engine", ["grep", "python", "utf-16"])
def test_what_happens_to_a_file_while_it_is_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, change: str, note: str
) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(TEXT if engine != "utf-16" else TEXT.decode().encode("utf-16"))
    really_opened = reading.opened

    def opened_then_changed(name: str) -> reading.Opened:
        file = really_opened(name)
        if change == "removed":
            path.unlink()
        elif change == "rotated":
            path.rename(tmp_path / "app.log.1")
            path.write_bytes(b"new\n")
        else:
            path.write_bytes(b"")
        return file

    monkeypatch.setattr(reading, "opened", opened_then_changed)
    result = look(path, {"hit": "hit"}, engine="auto" if engine == "utf-16" else engine)
    assert result["patterns"]["hit"]["count"] == (0 if change == "truncated" else 2)
    assert note in result["files"][0]["note"]


def test_a_file_that_is_rotated_after_it_was_listed_is_found_under_its_new_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.log").write_bytes(TEXT)
    (tmp_path / "app.log.1").write_bytes(b"older hit\n")
    really_listed = reading.listed

    def listed_then_rotated(paths: list) -> tuple:
        found = really_listed(paths)
        (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
        (tmp_path / "app.log").rename(tmp_path / "app.log.1")
        (tmp_path / "app.log").write_bytes(b"new hit\n")
        return found

    monkeypatch.setattr(reading, "listed", listed_then_rotated)
    result = look(tmp_path / "app.log", {"hit": r"(?P<n>\w+) hit"})
    assert list(result["patterns"]["hit"]["captures"]["n"]["values"]) == ["one", "two", "new"]
    assert [Path(file["path"]).name for file in result["files"]] == ["app.log.1", "app.log"]
    assert "is another file than the one that was listed" in result["files"][1]["note"]


@pytest.mark.parametrize("engine", ["grep", "python"])
def test_what_is_written_while_the_file_is_read_is_left_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(TEXT)
    really_opened = reading.opened

    def opened_then_grown(name: str) -> reading.Opened:
        file = really_opened(name)
        with path.open("ab") as stream:
            stream.write(b"late hit\n")
        return file

    monkeypatch.setattr(reading, "opened", opened_then_grown)
    result = look(path, {"hit": "hit"}, engine=engine)
    assert (result["patterns"]["hit"]["count"], result["files"][0]["note"]) == (2, None)
