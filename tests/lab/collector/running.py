"""Run the Collector or rotel on loopback for a test, and read what they say."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import socket
import subprocess
import threading
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.lab.collector import binaries

_START_S = 30.0
_STOP_S = 10.0


class Peer:
    """A program that runs: `grpc` and `http` are HOST:PORT of its receivers, `lines` what it has said so far."""

    def __init__(self, words: t.Sequence[str], grpc: int, http: int) -> None:
        self.grpc, self.http = f"127.0.0.1:{grpc}", f"127.0.0.1:{http}"
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._said:
                self.lines.append(line)
                self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def says(self, text: str, within: float = 10.0) -> bool:
        """Whether a line with `text` has come or comes in time."""
        with self._said:
            return self._said.wait_for(
                lambda: any(text in line for line in self.lines) or self._ended(), within
            ) and any(text in line for line in self.lines)

    def _ended(self) -> bool:
        return self._process.poll() is not None

    def listens(self) -> bool:
        """Whether both receivers take connections before the start takes too long or the program ends."""
        until = time.monotonic() + _START_S
        for where in (self.grpc, self.http):
            host, port = where.split(":")
            while True:
                with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                    break
                if self._ended() or time.monotonic() > until:
                    return False
                time.sleep(0.05)
        return True

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()


def free_ports(count: int) -> list[int]:
    """Ports below those that the kernel gives to outgoing connections, so that nobody takes them by chance."""
    found: set[int] = set()
    while len(found) < count:
        port = random.randrange(15000, 32000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.add(port)
    return sorted(found)


@contextlib.contextmanager
def _running(start: t.Callable[[int, int], Peer]) -> Iterator[Peer]:
    peer = start(*free_ports(2))
    try:
        if not peer.listens():
            raise RuntimeError("the peer did not start: " + "".join(peer.lines[-20:]))
        yield peer
    finally:
        peer.stop()


@contextlib.contextmanager
def collector(directory: Path, **changes: t.Any) -> Iterator[Peer]:
    """The OpenTelemetry Collector with OTLP receivers and a debug exporter that prints every span.

    `grpc` and `http` are more settings of the receivers; `processors`, `exporters` and `extensions` are used by
    the one pipeline in the order given. It is for traces unless `signal` says logs or metrics. `metrics_port` is
    where it serves its own metrics.
    """
    program = binaries.collector()
    require(program, "the OpenTelemetry Collector (Go, and the Go module proxy to build it from)")

    def start(grpc: int, http: int) -> Peer:
        file = directory / f"collector-{grpc}.yaml"
        file.write_text(json.dumps(_config(grpc, http, copy.deepcopy(changes))), encoding="utf-8")  # JSON is YAML
        return Peer([str(program), "--config", str(file)], grpc, http)

    with _running(start) as peer:
        yield peer


def _config(grpc: int, http: int, changes: dict[str, t.Any]) -> dict[str, t.Any]:
    protocols = {
        "grpc": {"endpoint": f"127.0.0.1:{grpc}", **changes.get("grpc", {})},
        "http": {"endpoint": f"127.0.0.1:{http}", **changes.get("http", {})},
    }
    exporters = changes.get("exporters") or {"debug": {"verbosity": "detailed"}}
    processors, extensions = changes.get("processors", {}), changes.get("extensions", {})
    pipeline = {"receivers": ["otlp"], "processors": list(processors), "exporters": list(exporters)}
    metrics: dict[str, t.Any] = {"level": "none"}
    if "metrics_port" in changes:
        page = {"host": "127.0.0.1", "port": changes["metrics_port"]}
        metrics = {"level": "normal", "readers": [{"pull": {"exporter": {"prometheus": page}}}]}
    return {
        "receivers": {"otlp": {"protocols": protocols}},
        "processors": processors,
        "exporters": exporters,
        "extensions": extensions,
        "service": {
            "telemetry": {"metrics": metrics},
            "extensions": list(extensions),
            "pipelines": {changes.get("signal", "traces"): pipeline},
        },
    }


@contextlib.contextmanager
def rotel() -> Iterator[Peer]:
    """rotel with OTLP receivers; it prints that spans came, and throws them away."""
    program = binaries.rotel()
    require(program, "rotel (a wheel from PyPI for this platform)")

    def start(grpc: int, http: int) -> Peer:
        receivers = ["--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--otlp-http-endpoint", f"127.0.0.1:{http}"]
        return Peer([str(program), "start", *receivers, "--exporter", "blackhole", "--debug-log", "traces"], grpc, http)

    with _running(start) as peer:
        yield peer
