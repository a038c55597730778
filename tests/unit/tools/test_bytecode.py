"""Bytecode of zip files is kept by the content of its source, and made anew when what was kept cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

HOOK = Path(__file__).parents[2] / "tools" / "bytecode"


def imported(directory: Path, source: str) -> str:
    """What `answer.py` with this source, in a zip file, prints when it is imported."""
    archive = directory / "modules.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("answer.py", source)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(archive)!r}); import answer"],
        env={**os.environ, "PYTHONPATH": str(HOOK), "PYTHONPYCACHEPREFIX": str(directory / "cache")},
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout


def kept(directory: Path) -> list[Path]:
    return sorted(directory.glob("cache/zip-*/*"))


def test_equal_sources_are_compiled_once(tmp_path: Path) -> None:
    assert imported(tmp_path, "print(1)") == "1\n"
    (first,) = kept(tmp_path)
    when = first.stat().st_mtime_ns
    assert imported(tmp_path, "print(1)") == "1\n"
    assert [first.stat().st_mtime_ns] == [when]
    assert kept(tmp_path) == [first]


def test_another_source_is_another_module(tmp_path: Path) -> None:
    assert [imported(tmp_path, f"print({number})") for number in (1, 2)] == ["1\n", "2\n"]
    assert len(kept(tmp_path)) == 2


def test_what_can_not_be_used_is_made_anew(tmp_path: Path) -> None:
    imported(tmp_path, "print(1)")
    (first,) = kept(tmp_path)
    for broken in (b"", b"\xff", first.read_bytes()[:20]):
        first.write_bytes(broken)
        assert imported(tmp_path, "print(1)") == "1\n"


def test_a_cache_that_can_not_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    assert imported(tmp_path, "print(1)") == "1\n"
