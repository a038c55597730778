"""Images under the names of the real ones, made here: the lab on a Debian, and the real Collector. Nothing is pulled.

With TEMPO_BIN, Tempo's image is made from that program, and the tests run against the real one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sysconfig
import tarfile
import typing as t
from pathlib import Path

import docker

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.lab.collector import binaries

ROOT = Path(__file__).resolve().parents[3]
NAMESPACE = "ansible_collections/traceops/tracing"
# What the lab imports; the image's Python is that of the packages, or its binary wheels would not load.
LIBRARIES = ("grpc", "google", "opentelemetry", "yaml", "_yaml", "typing_extensions.py")
SCRIPT = """#!/usr/bin/python3
import sys
sys.path[:0] = ["/lab", "/lab/libraries"]
from ansible_collections.traceops.tracing.tests.lab.container import {name}
sys.exit({name}.main())
"""
# For health checks, as busybox has it in Grafana's image.
WGET = """#!/usr/bin/python3
import ssl, sys, urllib.request
urllib.request.urlopen(sys.argv[-1], timeout=5, context=ssl._create_unverified_context())
"""
GRAFANA, COLLECTOR, PROMETHEUS = "12.3.0", "0.155.0", "v3.5.0"
TEMPOS = ("2.3.1", "2.7.2", "2.10.8", "3.0.3")


def build(client: docker.DockerClient, base: str) -> dict[str, str]:
    """Make all images; {"tempo": the version to test with, ...}."""
    lab = _lab(client, base)
    real = os.environ.get("TEMPO_BIN")
    versions = {"tempo": _version(real) if real else "2.10.8"}
    for version in TEMPOS:
        program = Path(real).read_bytes() if real and version == versions["tempo"] else None
        image(
            client,
            base if program else lab,
            f"grafana/tempo:{version}",
            {"tempo": program or SCRIPT.format(name="tempo").encode()},
            entrypoint=["/tempo"],
            user="10001:10001",
            environment=[f"TEMPO_VERSION={version}"],
        )
    image(
        client,
        lab,
        f"grafana/grafana:{GRAFANA}",
        {"run.sh": SCRIPT.format(name="grafana").encode(), "usr/bin/wget": WGET.encode()},
        entrypoint=["/run.sh"],
        user="472",
    )
    prometheus = SCRIPT.format(name="prometheus").encode()
    image(
        client,
        lab,
        f"prom/prometheus:{PROMETHEUS}",
        {"bin/prometheus": prometheus, "bin/promtool": prometheus},
        entrypoint=["/bin/prometheus"],
        user="nobody",
    )
    collector = binaries.collector()
    require(collector, "the OpenTelemetry Collector (Go, and the Go module proxy to build it from)")
    image(
        client,
        base,
        f"otel/opentelemetry-collector-contrib:{COLLECTOR}",
        {"otelcol-contrib": Path(str(collector)).read_bytes()},
        entrypoint=["/otelcol-contrib"],
        user="10001",
    )
    return versions


def _version(program: str) -> str:
    said = subprocess.run([program, "-version"], check=True, capture_output=True, text=True)
    found = re.search(r"version v?(\d+\.\d+\.\d+)", said.stdout + said.stderr)
    assert found, f"TEMPO_BIN={program} does not say its version"
    return found.group(1)


def _lab(client: docker.DockerClient, base: str) -> str:
    """The image with the lab's sources and the libraries that they need; named by what is in it."""
    files = {
        f"lab/{NAMESPACE}/{path.relative_to(ROOT)}": path.read_bytes()
        for folder in ("tests/lab", "tests/contract/recordings")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix in (".py", ".json")
    }
    files[f"lab/{NAMESPACE}/tests/__init__.py"] = b""
    digest = hashlib.sha256(b"".join(name.encode() + data for name, data in files.items())).hexdigest()[:12]
    reference = f"traceops-test-lab:{digest}"
    if not client.images.list(reference):
        libraries = f"traceops-test-lab-libraries:{base.rpartition(':')[2]}"
        if not client.images.list(libraries):
            image(client, base, libraries, dict(_libraries()))
        image(client, libraries, reference, files)
    return reference


def _libraries() -> t.Iterator[tuple[str, bytes]]:
    packages = Path(sysconfig.get_path("purelib"))
    for name in LIBRARIES:
        for path in [packages / name, *sorted((packages / name).rglob("*"))]:
            if path.is_file() and path.suffix != ".pyc" and "/cloud/" not in str(path):
                yield f"lab/libraries/{path.relative_to(packages)}", path.read_bytes()


def _content(base: str, files: t.Mapping[str, bytes], *settings: t.Any) -> str:
    digest = hashlib.sha256(repr((base, settings)).encode())
    for name, data in sorted(files.items()):
        digest.update(f"\0{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def image(
    client: docker.DockerClient,
    base: str,
    reference: str,
    files: t.Mapping[str, bytes],
    *,
    entrypoint: t.Sequence[str] = (),
    user: str = "",
    environment: t.Sequence[str] = (),
) -> None:
    """Commit `files` on `base` as `reference`, unless it is there with the same content."""
    content = _content(base, files, entrypoint, user, environment)
    for image in client.images.list(reference):
        if image.labels.get("traceops.test.content") == content:
            return
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            tar.addfile(member, io.BytesIO(data))
    container = client.containers.create(base, ["true"])
    try:
        container.put_archive("/", archive.getvalue())
        # As instructions, which Podman heeds too; it ignores the body of the request.
        instructions = [
            f"ENTRYPOINT {json.dumps(list(entrypoint))}",
            "CMD []",
            *([f"USER {user}"] if user else []),
            *(f"ENV {variable}" for variable in ("PATH=/usr/local/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1")),
            *(f"ENV {variable}" for variable in environment),
            f"LABEL traceops.test.content={content}",
        ]
        repository, _unused, tag = reference.rpartition(":")
        container.commit(repository, tag, changes=instructions)
    finally:
        container.remove(force=True)
