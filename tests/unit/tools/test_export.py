"""What of a checkout gets into the tree that tests run in, and into the tarball that is published."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.tools.export import export

ROOT = Path(__file__).resolve().parents[3]
PACKED = ("galaxy.yml", "README.md", "LICENSE", "requirements.txt", "meta/runtime.yml", "plugins/modules/tempo_info.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which git tracks PACKED and the Makefile; beside them lie a note and a file that is ignored."""
    require(shutil.which("git"), "git")
    made = tmp_path / "checkout"
    for name in (*PACKED, "Makefile", "tests/tools/export.py"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, made / name)
    (made / ".gitignore").write_text("*.log\n", encoding="utf-8")
    for words in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *words], cwd=made, check=True)
    (made / "plugins/my-key.pem").write_text("secret", encoding="utf-8")
    (made / "app.log").write_text("noise", encoding="utf-8")
    return made


def files(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}


def test_tests_see_files_that_git_does_not_know_yet(checkout: Path, tmp_path: Path) -> None:
    export(checkout, tmp_path / "tree")
    assert files(tmp_path / "tree") >= {*PACKED, "plugins/my-key.pem"}
    assert "app.log" not in files(tmp_path / "tree")


def test_what_git_does_not_know_is_not_published(checkout: Path, tmp_path: Path) -> None:
    words = ["make", "-o", "venv", "build", f"CACHE={tmp_path}", f"VENV={sys.prefix}", f"PYTHON={sys.executable}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(words, cwd=checkout, env=environment, check=True, capture_output=True)
    (tarball,) = (tmp_path / "dist").glob("traceops-tracing-*.tar.gz")
    with tarfile.open(tarball) as archive:
        packed = {member.name for member in archive if member.isfile()}
    # galaxy.yml becomes MANIFEST.json
    assert packed == {*PACKED[1:], "MANIFEST.json", "FILES.json"}


def test_a_file_that_was_tracked_once_is_published_no_more(checkout: Path, tmp_path: Path) -> None:
    export(checkout, tmp_path / "tree", tracked=True)
    subprocess.run(["git", "rm", "--quiet", "--cached", "LICENSE"], cwd=checkout, check=True)
    export(checkout, tmp_path / "tree", tracked=True)
    assert "LICENSE" not in files(tmp_path / "tree")
