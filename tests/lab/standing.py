"""The lab as a host has it: Tempo, Grafana and a service, each a process with its files, for discovery to find.

with Standing(directory):
    ...  # a diagnosis without a variable
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.lab.lab import neutral_environment

_ROOT = Path(__file__).resolve().parents[5]  # the directory that has ansible_collections
_SERVICE = Path(__file__).resolve().parents[1] / "integration/faults/service.py"
_SERVER = """\
import sys
sys.path.append({root!r})
from ansible_collections.traceops.tracing.tests.lab.container import {name}
sys.exit({name}.main())
"""
PATIENCE = 30.0  # seconds until a program listens


class Standing:
    """Starts the three when entered, and stops them; none of their ports is a usual one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.tempo, self.otlp_grpc, self.otlp_http, self.grafana = _free_ports(4)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Standing:
        for name in ("tempo", "grafana", "grafana/provisioning/datasources", "bin"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        self._write("tempo.yaml", _TEMPO.format(self=self))
        self._write("grafana.ini", _GRAFANA.format(self=self))
        self._write("grafana/provisioning/datasources/tempo.yml", _SOURCE.format(self=self))
        try:
            self._run("tempo", f"-config.file={self.directory}/tempo.yaml", port=self.tempo, TEMPO_VERSION="2.10.8")
            self._run("grafana", "server", f"--config={self.directory}/grafana.ini", port=self.grafana)
            self._run_service()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_unused: object) -> None:
        self._stack.close()

    def _write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text, encoding="utf-8")

    def _run(self, name: str, *arguments: str, port: int, **environment: str) -> None:
        """One of the lab's servers under the name of the real program."""
        self._write(f"bin/{name}", _SERVER.format(root=str(_ROOT), name=name))
        self._start(name, [str(self.directory / "bin" / name), *arguments], environment)
        _wait_for(port)

    def _run_service(self) -> None:
        environment = {
            "OTEL_SERVICE_NAME": "checkout",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.otlp_http}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
        }
        service = self._start("checkout", [str(_SERVICE)], environment)
        deadline = time.monotonic() + PATIENCE
        while "ready" not in (self.directory / "checkout.log").read_text(encoding="utf-8"):
            if service.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the service does not start: see {self.directory}/checkout.log")
            time.sleep(0.1)

    def _start(self, name: str, command: t.List[str], environment: t.Dict[str, str]) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self.directory / f"{name}.log").open("wb"))
        own = {**neutral_environment(), "PYTHONPATH": str(_ROOT), **environment}
        process = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, env=own
        )
        self._stack.callback(_end, process)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def _free_ports(count: int) -> t.List[int]:
    """Ports below those that the kernel gives to connections, so that nobody takes one in between."""
    found: t.List[int] = []
    for port in range(23000 + os.getpid() % 4000, 32000):
        with contextlib.suppress(OSError), socket.create_server(("0.0.0.0", port)):
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports below 32000")


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"nothing listens on port {port} after {PATIENCE:g} s") from None
            time.sleep(0.1)


_TEMPO = """\
server:
  http_listen_port: {self.tempo}
distributor:
  receivers:
    otlp:
      protocols:
        grpc:
          endpoint: 0.0.0.0:{self.otlp_grpc}
        http:
          endpoint: 0.0.0.0:{self.otlp_http}
storage:
  trace:
    backend: local
    local:
      path: {self.directory}/tempo/blocks
"""

_GRAFANA = """\
[server]
http_port = {self.grafana}
[security]
admin_user = admin
admin_password = admin
[auth.anonymous]
enabled = true
org_role = Admin
[paths]
data = {self.directory}/grafana
provisioning = {self.directory}/grafana/provisioning
"""

_SOURCE = """\
apiVersion: 1
datasources:
  - name: Tempo
    uid: tempo
    type: tempo
    access: proxy
    url: http://127.0.0.1:{self.tempo}
    isDefault: true
"""
