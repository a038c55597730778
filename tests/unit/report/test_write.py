"""Reports are written whole or not at all, also where there is no room."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._report import write
from ansible_collections.traceops.tracing.tests.unit.report import reports

FORMS = ["junit.xml", "metrics.prom", "report.html", "report.json", "report.md", "report.sarif"]


def test_all_forms_are_written_for_owner_and_group_alone(tmp_path: Path) -> None:
    write.write(reports.healthy(), str(tmp_path / "a" / "b"))
    assert sorted(os.listdir(tmp_path / "a" / "b")) == FORMS
    assert {stat.S_IMODE((tmp_path / "a" / "b" / name).stat().st_mode) for name in FORMS} == {0o640}


def _contents(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in sorted(os.listdir(directory))}


# A process of its own, since a limit holds for the whole process.
_LIMITED = """
import resource, sys
from ansible_collections.traceops.tracing.plugins.module_utils._report import write
from ansible_collections.traceops.tracing.tests.unit.report import reports
report = reports.of_case("network.otlp.connection-refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    write.write(report, sys.argv[1])
except OSError as error:
    print(error.strerror)
"""


def test_a_file_that_may_not_grow_leaves_the_reports_of_before(tmp_path: Path) -> None:
    write.write(reports.healthy(), str(tmp_path))
    before = _contents(tmp_path)
    size = min(len(content) for content in before.values()) + 100  # the first files fit, the large ones do not
    command = [sys.executable, "-c", _LIMITED, str(tmp_path), str(size)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.stdout.decode().strip() == "File too large"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert _contents(tmp_path) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
def test_a_full_disk_leaves_the_reports_of_before_and_no_other_file(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("this root cannot mount a tmpfs")
    try:
        directory = tmp_path / "report"
        write.write(reports.healthy(), str(directory))
        before = _contents(directory)
        (tmp_path / "filler").write_bytes(b"x" * (os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_bsize - 65536))
        with pytest.raises(OSError, match="No space left on device"):
            write.write(reports.of_case("network.otlp.connection-refused"), str(directory))
        assert _contents(directory) == before
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_directory_that_cannot_be_made_is_an_error_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        write.write(reports.healthy(), str(tmp_path / "file" / "report"))
    assert os.listdir(tmp_path) == ["file"]
