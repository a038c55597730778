"""A stack of its own on the engine: runs the playbooks, and looks at the result with Docker's API and HTTP alone."""

from __future__ import annotations

import base64
import json
import os
import signal
import ssl
import subprocess
import time
import typing as t
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import docker

from ansible_collections.traceops.tracing.tests.integration.docker_engine import LABEL
from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET, Run, run_playbook
from ansible_collections.traceops.tracing.tests.lab.collector.running import free_ports

KINDS = ("tempo", "grafana", "collector", "prometheus")
PASSWORD = "s3ntinel-Pa55word"


class Stack:
    """`variables` are what a user would write; `deploy(**more)` overrides some of them for one run."""

    def __init__(self, client: docker.DockerClient, versions: t.Mapping[str, str], directory: Path) -> None:
        self.client, self.directory = client, directory
        self.printed = ""  # what the first run said, where a test keeps it
        self.name = f"velo-{uuid.uuid4().hex[:8]}"
        tempo, grafana, grpc, http, prometheus = free_ports(5)
        self.ports = {"tempo": tempo, "grafana": grafana, "grpc": grpc, "http": http, "prometheus": prometheus}
        self.config = directory / "etc"
        self.variables: dict[str, t.Any] = {
            "stack_network": self.name,
            "stack_directory": str(self.config),
            "stack_pull": "never",
            "stack_labels": {LABEL: "1"},
            "stack_min_free_mb": 50,
            "stack_otlp_grpc_port": grpc,
            "stack_otlp_http_port": http,
            "stack_tempo": {"name": self.container("tempo"), "version": versions["tempo"], "http_port": tempo},
            "stack_grafana": {"name": self.container("grafana"), "port": grafana},
            "stack_collector": {"name": self.container("collector")},
            "stack_prometheus": {"name": self.container("prometheus"), "port": prometheus},
            "stack_grafana_admin_password": PASSWORD,
        }

    def container(self, kind: str) -> str:
        return f"{self.name}-{kind}"

    def with_settings(self, **more: t.Any) -> dict[str, t.Any]:
        """The variables with `more`; dictionaries are merged."""
        merged = dict(self.variables)
        for name, value in more.items():
            merged[name] = {**merged.get(name, {}), **value} if isinstance(value, dict) else value
        return merged

    def run(self, playbook: str, *arguments: str, **more: t.Any) -> Run:
        settings = self.with_settings(**more)
        return run_playbook(playbook, self.directory, settings, *arguments, timeout=900)

    def deploy(self, *arguments: str, **more: t.Any) -> Run:
        return self.run("deploy", *arguments, **more)

    def deploy_until(self, task: str, **more: t.Any) -> bool:
        """Deploy, and kill -9 the whole run as soon as it prints the name of `task`; whether it came to that."""
        given = self.directory / "killed.json"
        given.write_text(json.dumps(self.with_settings(**more)), encoding="utf-8")
        process = subprocess.Popen(
            ["ansible-playbook", "traceops.tracing.deploy", "-e", f"@{given}"],
            cwd=self.directory,
            env={**os.environ, **QUIET, "ANSIBLE_PIPELINING": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdout
        with process.stdout:
            reached = any(line.startswith("TASK") and task in line for line in process.stdout)
            if reached:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return reached

    def inspect(self, kind: str) -> dict[str, t.Any]:
        attributes: dict[str, t.Any] = self.client.containers.get(self.container(kind)).attrs
        return attributes

    def starts(self) -> dict[str, str]:
        """{kind: when it was started} of the containers that run."""
        running = self.client.containers.list(filters={"label": f"traceops.tracing.stack={self.name}"})
        names = {container.name: container.attrs["State"]["StartedAt"] for container in running}
        return {kind: names[self.container(kind)] for kind in KINDS if self.container(kind) in names}

    def send(self, name: str, ca: str | None = None) -> str:
        """Send one span over HTTP; its trace id."""
        trace, now = uuid.uuid4().hex, time.time_ns()
        span = {"traceId": trace, "spanId": uuid.uuid4().hex[:16], "name": name, "kind": 1}
        span.update(startTimeUnixNano=str(now - 1_000_000), endTimeUnixNano=str(now), status={"code": 2})
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "independent"}}]}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
        scheme = "https" if ca else "http"
        url = f"{scheme}://127.0.0.1:{self.ports['http']}/v1/traces"
        status, text = fetch(url, json.dumps(body).encode(), {"Content-Type": "application/json"}, ca)
        assert status == 200, text
        return trace

    def stored(self, trace: str, tenant: str = "") -> bool:
        """Whether Tempo has the trace within some seconds."""
        headers = {"X-Scope-OrgID": tenant} if tenant else {}
        url = f"http://127.0.0.1:{self.ports['tempo']}/api/traces/{trace}"
        return soon(lambda: fetch(url, headers=headers)[0] == 200)

    def through_grafana(self, path: str, ca: str | None = None, password: str = PASSWORD) -> tuple[int, str]:
        """What Grafana answers the administrator at `path`."""
        word = base64.b64encode(f"admin:{password}".encode()).decode()
        scheme = "https" if ca else "http"
        url = f"{scheme}://127.0.0.1:{self.ports['grafana']}{path}"
        return fetch(url, headers={"Authorization": f"Basic {word}"}, ca=ca)

    def remove(self) -> None:
        """Remove all of it, without the role."""
        for container in self.client.containers.list(all=True, filters={"name": self.name}):
            container.remove(force=True)
        for volume in self.client.volumes.list(filters={"name": self.name}):
            volume.remove(force=True)
        for network in self.client.networks.list(names=[self.name]):
            network.remove()


def fetch(
    url: str, body: bytes | None = None, headers: t.Mapping[str, str] | None = None, ca: str | None = None
) -> tuple[int, str]:
    """(status, body); status 0 when there is no answer."""
    context = ssl.create_default_context(cafile=ca) if ca else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(urllib.request.Request(url, body, dict(headers or {})), timeout=5) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)


def soon(done: t.Callable[[], bool], seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def assert_good(run: Run) -> None:
    """The run succeeded without a warning."""
    assert run.code == 0, run.output
    assert "[WARNING]" not in run.output, run.output


def changes(run: Run) -> int:
    assert_good(run)
    return run.recap["localhost"]["changed"]


def refusal(run: Run) -> str:
    """The one sentence of a run that failed; it is no traceback, and no other task failed."""
    assert run.code == 2, run.output
    assert "Traceback" not in run.output, run.output
    fatal = [line for line in run.output.splitlines() if line.startswith(("fatal:", "failed:"))]
    assert len(fatal) == 1, run.output
    return run.output
