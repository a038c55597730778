"""The real programs of the scene, had as other tests have them, and where a host finds them."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.docker_engine import CACHE
from ansible_collections.traceops.tracing.tests.lab.collector import binaries
from ansible_collections.traceops.tracing.tests.sdks import builds

ROOT = Path(__file__).resolve().parents[6]  # the directory that has ansible_collections
APPS = Path(__file__).with_name("apps")
LAB = """#!/usr/bin/python3
import sys
sys.path += ["/collection", "/opt/lab"]
from ansible_collections.traceops.tracing.tests.lab.container import {name}
sys.exit({name}.main())
"""
AGENT = "/opt/opentelemetry-javaagent.jar"

Mounts = t.Dict[str, t.Dict[str, str]]


def collection() -> Mounts:
    """The collection, for probes that run without Ansible."""
    return {str(ROOT): {"bind": "/collection", "mode": "ro"}}


def backends() -> Mounts:
    """What the lab's Tempo and Grafana need."""
    return {sysconfig.get_path("purelib"): {"bind": "/opt/lab", "mode": "ro"}}


def collector() -> Mounts:
    program = binaries.collector()
    require(program, "the OpenTelemetry Collector (Go, and the Go module proxy to build it from)")
    return {str(program): {"bind": "/usr/local/bin/otelcol", "mode": "ro"}}


def python() -> Mounts:
    place = _built("python", "1.45.2")
    (libraries,) = place.glob("venv/lib/python3*/site-packages")
    return {
        str(libraries): {"bind": "/opt/checkout/libraries", "mode": "ro"},
        str(APPS / "checkout.py"): {"bind": "/opt/checkout/checkout.py", "mode": "ro"},
    }


def nodejs() -> Mounts:
    place = _built("nodejs", "0.301.0")
    return {
        str(place / "node_modules"): {"bind": "/opt/cart/node_modules", "mode": "ro"},
        str(APPS / "cart.js"): {"bind": "/opt/cart/cart.js", "mode": "ro"},
    }


def java(directory: Path) -> Mounts:
    """The machine's own runtime with the files that it links to, the agent, and a program compiled in `directory`."""
    place = _built("java", "2.33.1")
    runtime = Path(str(shutil.which("java"))).resolve().parents[1]
    links = {str(path.resolve().relative_to("/etc").parts[0]) for path in runtime.rglob("*") if _leads_to_etc(path)}
    subprocess.run(["javac", "-d", str(directory), str(APPS / "Stock.java")], check=True, capture_output=True)
    return {
        str(directory): {"bind": "/opt/stock", "mode": "ro"},
        str(place / "opentelemetry-javaagent-2.33.1.jar"): {"bind": AGENT, "mode": "ro"},
        str(runtime): {"bind": "/opt/java", "mode": "ro"},
        **{f"/etc/{name}": {"bind": f"/etc/{name}", "mode": "ro"} for name in links if name.startswith("java")},
    }


def _leads_to_etc(path: Path) -> bool:
    return path.is_symlink() and str(path.resolve()).startswith("/etc/")


def _built(language: str, version: str) -> Path:
    (build,) = (each for each in builds.BUILDS if (each.language, each.version) == (language, version))
    try:
        builds.prepare(build, CACHE / "sdks")
    except builds.NotHad as error:
        require(False, f"{build.product} {version} ({error})")
    return CACHE / "sdks" / language / version


def lab_program(name: str) -> str:
    """The program `tempo` or `grafana` of a host with the mounts of `backends` and `collection`."""
    return LAB.format(name=name)


def tempo_files(http: int, grpc: int, otlp: int) -> str:
    return f"""\
server:
  http_listen_port: {http}
distributor:
  receivers:
    otlp:
      protocols:
        grpc:
          endpoint: 0.0.0.0:{grpc}
        http:
          endpoint: 0.0.0.0:{otlp}
storage:
  trace:
    backend: local
    local:
      path: /var/tempo/blocks
"""
