"""What the tests of the role `watch` need from package registries; kept outside the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.docker_engine import CACHE, locked

PACKAGES = ("ansible-core==2.19.14", "requests", "docker", "jmespath")


def promtool() -> str:
    """The path of promtool: an installed one, else that of Debian's package prometheus."""
    installed = shutil.which("promtool")
    if installed:
        return installed
    place = CACHE / "promtool"
    with locked(CACHE / "promtool.lock"):
        if not (place / "usr/bin/promtool").exists():
            require(shutil.which("apt-get") and shutil.which("dpkg-deb"), "promtool, or apt-get to fetch it")
            fresh = place.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            (package, *_others) = [*_downloaded(fresh), None]
            require(package, "promtool (Debian's package prometheus)")
            subprocess.run(["dpkg-deb", "-x", str(package), str(fresh)], check=True)
            shutil.rmtree(place, ignore_errors=True)
            fresh.rename(place)
    return str(place / "usr/bin/promtool")


def _downloaded(place: Path) -> list[Path]:
    """Debian's package prometheus in that folder; the lists of a fresh machine are empty or old."""
    with locked(CACHE / "apt.lock"):
        for first in (True, False):
            got = subprocess.run(
                ["apt-get", "download", "-qq", "prometheus"], cwd=place, capture_output=True, check=False
            )
            if got.returncode == 0:
                break
            if first:
                subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False)
    return [*place.glob("prometheus_*.deb")]


def wheels(python: str) -> Path:
    """A folder with the wheels of PACKAGES for that version of Python (`3.11`)."""
    place = CACHE / f"wheels-watch-{python}"
    with locked(CACHE / "wheels-watch.lock"):
        if not place.is_dir():
            fresh = place.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            words = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                "--only-binary",
                ":all:",
                "--python-version",
                python,
            ]
            got = subprocess.run([*words, "-d", str(fresh), *PACKAGES], capture_output=True, text=True, check=False)
            require(got.returncode == 0, f"wheels of ansible-core from a package index ({got.stderr.strip()[-200:]})")
            fresh.rename(place)
    return place
