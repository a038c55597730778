"""Copy the checkout to TREE, in which Ansible's tools can see it as a collection: export.py [--tracked] CHECKOUT TREE.

Files that git ignores stay behind, with --tracked also those that git does not know (nobody publishes a note or a key
that lies in the checkout). Files that are gone are removed, unchanged files keep their time stamps.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

LEFT_BEHIND = "playbooks/collections/"  # the link that makes the checkout itself usable as a collection


def wanted(checkout: Path, tracked: bool) -> set[str]:
    untracked = [] if tracked else ["--others", "--exclude-standard"]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", *untracked],
        cwd=checkout, check=True, capture_output=True,
    ).stdout.decode().split("\0")  # fmt: skip
    return {name for name in listed if name and not name.startswith(LEFT_BEHIND) and (checkout / name).is_file()}


def same(source: Path, target: Path) -> bool:
    if not target.is_file():
        return False
    a, b = source.stat(), target.stat()
    return (a.st_size, a.st_mode, int(a.st_mtime_ns / 1000)) == (b.st_size, b.st_mode, int(b.st_mtime_ns / 1000))


def export(checkout: Path, tree: Path, tracked: bool = False) -> None:
    names = wanted(checkout, tracked)
    for name in names:
        source, target = checkout / name, tree / name
        if not same(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.{os.getpid()}")
            shutil.copy2(source, partial)
            partial.replace(target)
    for path in sorted(tree.rglob("*"), reverse=True):
        relative = path.relative_to(tree).as_posix()
        if relative.startswith(("tests/output", ".")) or "__pycache__" in relative:
            continue
        if path.is_file() and relative not in names:
            path.unlink(missing_ok=True)
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


if __name__ == "__main__":
    *options, source, target = sys.argv[1:]
    export(Path(source).resolve(), Path(target).resolve(), tracked="--tracked" in options)
