"""log_grep meets files that nobody should have, and expressions that nobody should write."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import files, limits
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.unit.logs.looking import look, profile

HIT = {"hit": "hit"}


def refused(path: Path, patterns: dict | None = None, **options) -> ProbeFailure:
    with pytest.raises(ProbeFailure) as caught:
        look(path, patterns or HIT, **options)
    return caught.value


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.log")
    failure = refused(tmp_path / "fifo.log")
    assert (failure.cause, failure.message) == (
        "not_a_file", f"{tmp_path}/fifo.log: is a pipe, socket or device, not a file",
    )  # fmt: skip


def test_who_waits_to_write_into_a_pipe_goes_on_waiting(tmp_path: Path) -> None:
    """A writer that was let in by our opening the pipe would die of SIGPIPE when it is closed again."""
    os.mkfifo(tmp_path / "fifo.log")
    writer = subprocess.Popen(["sh", "-c", f"touch {tmp_path}/ready; echo hit > {tmp_path}/fifo.log"])
    try:
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        time.sleep(0.2)
        refused(tmp_path / "fifo.log")
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(0.5)
    finally:
        writer.kill()
        writer.wait()


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/tty", "/dev/null"])
def test_devices_are_refused(device: str) -> None:
    assert refused(Path(device)).cause in ("not_a_file", "unreadable")


def test_a_socket_and_a_directory_are_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert refused(tmp_path / "s").cause == "not_a_file"
    assert refused(tmp_path).message == f"{tmp_path}: is a directory, not a file"


def test_a_symlink_loop_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.log").symlink_to(tmp_path / "b.log")
    (tmp_path / "b.log").symlink_to(tmp_path / "a.log")
    failure = refused(tmp_path / "a.log")
    assert (failure.cause, failure.message) == ("unreadable", f"{tmp_path}/a.log: too many levels of symbolic links")


def test_directories_that_contain_themselves_do_not_hold_up_a_glob(tmp_path: Path) -> None:
    (tmp_path / "one" / "two").mkdir(parents=True)
    for name in ("loop", "other"):
        (tmp_path / "one" / name).symlink_to(tmp_path)
    for where in (".", "one", "one/two"):
        (tmp_path / where / "x.log").write_text("hit\n")
    result = look(tmp_path / "**" / "*.log", HIT)
    assert (len(result["files"]), result["patterns"]["hit"]["count"]) == (3, 3)
    assert look(tmp_path / "one" / "**", HIT)["patterns"]["hit"]["count"] == 2


def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    """As another user, since root may read everything."""
    require(os.getuid() == 0, "root, to become another user")
    path = tmp_path / "secret.log"
    path.write_text("hit\n")
    path.chmod(0o600)
    for parent in (tmp_path, *tmp_path.parents):
        if parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            look(path, HIT)
        except ProbeFailure as failure:
            os._exit(0 if failure.cause == "permission_denied" and "permission denied" in failure.message else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_name_that_is_no_name(tmp_path: Path) -> None:
    assert refused(tmp_path / ("x" * 300)).cause == "unreadable"
    assert refused(Path("")).cause == "not_a_file"
    assert refused(Path("a\0b")).cause == "unreadable"


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_what_was_readable_of_a_truncated_archive_is_reported(tmp_path: Path, compress) -> None:
    noise = os.urandom(1 << 20).hex().encode()
    packed = compress(
        b"hit one\n" + b"\n".join(noise[at : at + 80] for at in range(0, len(noise), 80)) + b"\nhit two\n"
    )
    (tmp_path / "x.log.gz").write_bytes(packed[: len(packed) * 9 // 10])
    result = look(tmp_path / "x.log.gz", HIT)
    (file,) = result["files"]
    assert re.fullmatch(r"\S+/x\.log\.gz: ends in the middle \(\w+\); what was before is read", file["error"])
    assert file["bytes"] > 1 << 19
    assert (result["ok"], result["patterns"]["hit"]["count"]) == (True, 1)


def test_a_truncated_zst_is_reported_too(tmp_path: Path) -> None:
    require(shutil.which("zstd"), "the zstd program")
    text = b"hit\n" + b"".join(b"%d\n" % n for n in range(300_000))
    packed = subprocess.run(["zstd", "-qc"], input=text, stdout=subprocess.PIPE, check=True).stdout
    (tmp_path / "x.zst").write_bytes(packed[: len(packed) // 2])
    result = look(tmp_path / "x.zst", HIT)
    assert "is damaged" in result["files"][0]["error"]
    assert result["patterns"]["hit"]["count"] == 1


@pytest.mark.parametrize("form", ["gz", "bz2", "xz"])
def test_an_archive_that_is_damaged_in_the_middle(tmp_path: Path, form: str) -> None:
    compress = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[form]
    packed = bytearray(compress(os.urandom(300_000)))
    packed[len(packed) // 2 : len(packed) // 2 + 64] = b"\0" * 64
    (tmp_path / "x").write_bytes(bytes(packed))
    with_error = look([tmp_path / "x", __file__], HIT)["files"][0]
    assert "damaged" in with_error["error"] or "ends in the middle" in with_error["error"]


def test_an_archive_of_nothing_but_its_magic(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"\x1f\x8b")
    failure = refused(tmp_path / "x.gz")
    assert (failure.cause, failure.message) == (
        "damaged",
        f"{tmp_path}/x.gz: ends in the middle (gzip); what was before is read",
    )


def test_a_decompression_bomb_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"hit\n" + b"\0" * (32 << 20), 9))
    result = look(tmp_path / "bomb.gz", HIT, max_decompressed=4 << 20)
    assert result["files"][0]["error"] == (
        f"{tmp_path}/bomb.gz: holds more than 4194304 bytes (max_decompressed); the rest was not read"
    )
    assert result["bytes_read"] <= 4 << 20


def test_an_archive_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.xz").write_bytes(lzma.compress(b"hit\n", preset=9))
    failure = refused(tmp_path / "x.xz")
    assert (failure.cause, failure.message) == (
        "too_large", f"{tmp_path}/x.xz: needs more memory to decompress than a log may take",
    )  # fmt: skip


def test_five_thousand_rotated_files(tmp_path: Path) -> None:
    for n in range(5000):
        (tmp_path / f"app.log.{n}").write_text(f"{n} hit\n")
    result = look(tmp_path / "app.log*", {"hit": r"(?P<n>\d+) hit"})
    assert (len(result["files"]), result["patterns"]["hit"]["count"]) == (5000, 5000)
    assert [result["patterns"]["hit"]["captures"]["n"][end] for end in ("first", "last")] == ["4999", "0"]


CATASTROPHES = {
    "nested": (r"(a+)+$", "a" * 60 + "b"),
    "alternatives": (r"^(?:a|a?)+$", "a" * 60 + "b"),
    "behind a literal": (r"x(?:\w+\s?)+:", "x" + "word" * 20 + "!"),
    "many stars": (r"needle.*.*.*.*.*=z", "needle" + "=" * 5000),
}


@pytest.mark.parametrize("name", CATASTROPHES)
@pytest.mark.parametrize("engine", ["python", "grep"])
def test_an_expression_that_backtracks_without_end_is_stopped_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, name: str
) -> None:
    monkeypatch.setattr(limits, "MATCH_LIMIT", 0.5)
    regex, line = CATASTROPHES[name]
    (tmp_path / "x.log").write_text(f"fine\n{line}\n")
    failure = refused(tmp_path / "x.log", {"good": "fine", "evil": regex}, engine=engine)
    assert failure.cause == "regex_timeout"
    assert failure.message.startswith("patterns: evil: took more than ")
    assert failure.result["patterns"]["good"]["count"] == 1


def test_inside_collect_such_an_expression_is_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MATCH_LIMIT", 0.5)
    regex, line = CATASTROPHES["nested"]
    (tmp_path / "x.log").write_text(f"fine\n{line}\n")
    options = {"paths": [str(tmp_path / "x.log")]}
    planned = collect.plan(
        {
            "logs": {**options, "patterns": {"evil": regex}},
            "other": {"probe": "logs", **options, "patterns": {"ok": "fine"}},
        },
        check_mode=False,
        secrets=set(),
    )
    evidence = collect.visit(planned)
    assert (evidence["logs"]["ok"], evidence["logs"]["cause"]) == (False, "regex_timeout")
    assert "evil" in evidence["logs"]["message"]
    assert evidence["other"]["patterns"]["ok"]["count"] == 1


def test_outside_the_main_thread_the_log_is_read_without_the_timer(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("hit\n")
    counts: list[int] = []
    thread = threading.Thread(target=lambda: counts.append(look(tmp_path / "x.log", HIT)["patterns"]["hit"]["count"]))
    thread.start()
    thread.join()
    assert counts == [1]


def test_the_whole_scan_has_a_limit_too(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"nothing here\n" * 200_000)
    failure = refused(tmp_path / "x.log", engine="python", timeout=1e-9)
    assert failure.cause == "timed_out"
    assert failure.message.startswith("timeout: the logs were not read to the end in 1e-09 s")


@pytest.mark.parametrize("name", ["empty members", "padding", "a hole"])
def test_the_limit_holds_where_there_is_nothing_to_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").write_bytes(gzip.compress(b"") * (300_000 if name == "empty members" else 1))
    if name == "a hole":
        (tmp_path / "x").write_bytes(b"")
    if name != "empty members":
        os.truncate(tmp_path / "x", 1 << 40)
    began = time.monotonic()
    assert refused(tmp_path / "x", timeout=0.2).cause == "timed_out"
    assert time.monotonic() - began < 10


def test_hostile_text_is_shown_harmless(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(
        b"hit \x1b]0;owned\x07\x1b[2J{{ lookup('pipe', 'id') }} \xe2\x80\xae\x00\x9b31m "
        b"https://u:pw@h/ Bearer abcdefghijklm\n"
    )
    sample = look(tmp_path / "x.log", HIT)["patterns"]["hit"]["samples"][0]["text"]
    assert sample == "hit {{ lookup('pipe', 'id') }} \ufffd31m https://********@h/ Bearer ********"


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"x\xff\x1b[31m.log")).write_text("hit\n")
    result = look(tmp_path / "x*", HIT)
    assert result["files"][0]["path"] == f"{tmp_path}/x\ufffd.log"
    assert result["patterns"]["hit"]["first"]["file"] == f"{tmp_path}/x\ufffd.log"


def test_an_expression_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("hit\n")
    assert look(tmp_path / "x.log", {"odd": "\udcff", **HIT}, engine="grep")["patterns"]["odd"]["count"] == 0


@pytest.mark.parametrize("engine", ["python", "grep"])
def test_a_disk_that_fails_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    (tmp_path / "x.log").write_text("hit\n")
    (tmp_path / "y.log").write_text("hit\n")
    really_placed = files.Scan._place

    def fails_once(scan: files.Scan, read_at: object) -> None:
        monkeypatch.setattr(files.Scan, "_place", really_placed)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files.Scan, "_place", fails_once)
    result = look(tmp_path / "*.log", HIT, engine=engine)
    assert [file["error"] for file in result["files"]] == [f"{tmp_path}/x.log: input/output error", None]


def test_a_file_that_can_be_opened_and_not_read(tmp_path: Path) -> None:
    """The memory of a process looks like a file, and has nothing at address 0."""
    (tmp_path / "x.log").write_text("hit\n")
    result = look(["/proc/self/mem", tmp_path / "x.log"], HIT)
    assert [file["error"] for file in result["files"]] == ["/proc/self/mem: input/output error", None]


def test_an_enormous_number_of_patterns(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"word 1999 x\n" * 30_000)
    patterns = {f"p{n}": f"word {n} [xy]" for n in range(2000)}
    found = look(tmp_path / "x.log", patterns, engine="grep")["patterns"]
    assert (found["p1999"]["count"], found["p199"]["count"]) == (30_000, 0)


def test_an_enormous_expression(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"y" * 300_000 + b"\n" + b"x" * 60_000 + b"\n")
    patterns = {"long": "x" * 60_000, "longer": "z" * 300_000, "y": "y{9}"}
    for engine in ("grep", "python"):
        found = look(tmp_path / "x.log", patterns, engine=engine)["patterns"]
        assert {name: pattern["count"] for name, pattern in found.items()} == {"long": 1, "longer": 0, "y": 1}


HUNGRY = {
    "a line of fifty megabytes": b"TokioSpanProcessor: queue full, dropping span " * 1_100_000,
    "lines of two bytes that all match": b"x\n" * 300_000,
    "long lines that match many patterns": (
        b"queue full, dropping span; Adaptive sampling: pressure=0.9, base=0.2, effective=0.1; channel closed; "
        b"pan completed successfully in 3ms; pan failed after 3ms: x; export loop started; "
        + "🔍".encode() * 15_000
        + b"\n"
    )
    * 150,
}


@pytest.mark.parametrize("engine", ["python", "grep"])
@pytest.mark.parametrize("name", HUNGRY)
def test_memory_stays_bounded(tmp_path: Path, name: str, engine: str) -> None:
    """In a process of its own, by the kernel's own account."""
    (tmp_path / "x.log").write_bytes(HUNGRY[name])
    script = (
        "import sys, re; from ansible_collections.traceops.tracing.tests.unit.logs.looking import look, profile;"
        "patterns = {**profile('velostream'), 'all': '(?P<all>.*)', 'x': '(?P<x>x)', 'drop': 'queue full'};"
        "patterns.update({f'p{n}': each for n, each in enumerate(['pan', 'loop', '3ms', 'pressure', 'channel'] * 6)});"
        "result = look(sys.argv[1], patterns, engine=sys.argv[2], context=1, max_samples=100);"
        "peak = int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read()).group(1));"
        "print(result['patterns']['all']['count'], peak)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "x.log"), engine], stdout=subprocess.PIPE, check=True
    )
    count, kib = map(int, done.stdout.split())
    assert count == max(1, HUNGRY[name].count(b"\n"))
    assert kib < 64 * 1024


def test_the_profile_finds_nothing_in_noise(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(os.urandom(1 << 20))
    found = look(tmp_path / "x.log", profile("velostream"))["patterns"]
    assert {name for name, pattern in found.items() if pattern["count"]} == set()
