"""`/tempo` of an image: `-config.file=FILE`, `-config.verify=true`, `-health`; TEMPO_VERSION says which it is.

Accepted spans are on disk before they are acknowledged, and read back at the next start.
"""

from __future__ import annotations

import os
import re
import struct
import sys
import urllib.error
import urllib.request
from pathlib import Path

import yaml
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from ansible_collections.traceops.tracing.tests.lab.container import serving, tempo_config
from ansible_collections.traceops.tracing.tests.lab.otlp import version_of
from ansible_collections.traceops.tracing.tests.lab.store import Store
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo


class DiskStore(Store):
    """A store that writes to `directory` what it takes, and begins with what is there."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory
        for file in sorted(directory.glob("*/*.spans")):
            data = file.read_bytes()
            while len(data) >= 4:
                (size,) = struct.unpack_from(">I", data)
                part, data = data[4 : 4 + size], data[4 + size :]
                if len(part) == size:
                    super().add(file.parent.name, ResourceSpans.FromString(part), bytes.fromhex(file.stem), size)

    def add(self, tenant: str, batch: ResourceSpans, trace_id: bytes, size: int) -> None:
        part = batch.SerializeToString()
        file = self._directory / tenant / f"{trace_id.hex()}.spans"
        file.parent.mkdir(exist_ok=True)
        with file.open("ab") as out:
            out.write(struct.pack(">I", len(part)) + part)
            out.flush()
            os.fsync(out.fileno())
        super().add(tenant, batch, trace_id, size)


def main() -> int:
    flags = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])
    if "health" in flags:
        return _health(flags.get("health.url") or "http://127.0.0.1:3200/ready")
    version = os.environ["TEMPO_VERSION"]
    file = flags.get("config.file", "")
    try:
        text = Path(file).read_text(encoding="utf-8")
    except OSError as error:
        return _fatal(f"failed to read configFile {file}: open {file}: {(error.strerror or '').lower()}")
    wrong = tempo_config.refusals(text, version)
    if wrong:
        lines = "".join(f"\n  {line}" for line in wrong)
        return _fatal(f"failed to parse configFile {file}: yaml: unmarshal errors:{lines}")
    if flags.get("config.verify") == "true":
        return 1 if version_of(version) < (2, 4) else 0  # 2.3 says it the wrong way round, as the real one does
    return _serve(yaml.safe_load(text), version)


def _health(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return 0 if answer.status == 200 else 1
    except urllib.error.URLError:
        return 1


def _fatal(message: str) -> int:
    print(f"failed parsing config: {message}", file=sys.stderr)
    return 1


def _serve(config: dict, version: str) -> int:
    trace = config["storage"]["trace"]
    directory = Path(trace.get("local", {}).get("path", "/tmp/blocks"))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        store = DiskStore(directory)
    except OSError as error:
        store_error = f"failed to create store: mkdir {directory}: {(error.strerror or '').lower()}"
        reason = f"failed to init module services: error initialising module: store: {store_error}"
        print(f'level=error ts=0 caller=main.go:118 msg="error running Tempo" err="{reason}"', file=sys.stderr)
        return 1
    protocols = config["distributor"]["receivers"]["otlp"]["protocols"]
    tls = protocols["grpc"].get("tls")
    tempo = Tempo(
        tempo_config.profile_for(version),
        store=store,
        multitenant=config.get("multitenancy_enabled", False),
        stream_over_http=config.get("stream_over_http_enabled", False),
        receiver_tls=(tls["cert_file"], tls["key_file"]) if tls else None,
    )
    for endpoint, url in (
        (f"0.0.0.0:{config['server']['http_listen_port']}", tempo.url),
        (protocols["grpc"]["endpoint"], tempo.otlp_grpc),
        (protocols["http"]["endpoint"], tempo.otlp_http),
    ):
        host, _unused, port = endpoint.rpartition(":")
        if host == "0.0.0.0":  # what listens on a container's loopback is reached by nobody
            serving.forward(int(port), int(re.search(r":(\d+)$", url).group(1)))
    serving.serve_until_told()
    tempo.stop()
    return 0
