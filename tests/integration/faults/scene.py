"""Scenes: hosts with an application, Tempo and Grafana of their own, into which faults are built; one play for all.

A fault is a function that changes a `Scene`; `@causes("check.id")` names what the diagnosis must say. One scene may
have several faults. Each scene has servers of its own, so that the hosts of one play share nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import typing as t
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration.playbook import Run, assert_clean, run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.collector.running import Peer, collector
from ansible_collections.traceops.tracing.tests.lab.faults import FAULTS as LAB_FAULTS
from ansible_collections.traceops.tracing.tests.lab.faults import Plan, Urls
from ansible_collections.traceops.tracing.tests.lab.lab import neutral_environment
from ansible_collections.traceops.tracing.tests.servers import tcp_server

Settings = t.Dict[str, t.Any]


class Scene:
    """What a host is like before it is diagnosed.

    `plan` and `options` are the lab's; `said` is what the operator tells the role beyond that; `surroundings` are
    environment variables of the host's Python.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.directory.mkdir(parents=True)
        self.plan = Plan()
        self.options: Settings = {}
        self.said: Settings = {"diagnose_containers": []}
        self.surroundings: dict[str, str] = {}
        self.lab: Lab
        self.peer: Peer  # the Collector, once it runs
        self.held = ExitStack()  # what is to be stopped at the end
        self.idle = False  # whether the application is not even started
        self._steps: list[t.Callable[[], None]] = []
        self._afterwards: list[t.Callable[[], None]] = []
        self._arguments: t.Tuple[str, ...] = ()
        self._service: dict[str, str] | None = None

    @property
    def urls(self) -> Urls:
        return self.lab.urls

    def break_lab(self, name: str) -> None:
        """One of the lab's own faults."""
        LAB_FAULTS[name].apply(self.plan)

    def once_up(self, step: t.Callable[[], None]) -> None:
        """Do this when the lab's servers run, before the application does."""
        self._steps.append(step)

    def afterwards(self, step: t.Callable[[], None]) -> None:
        """Do this when the application has worked."""
        self._afterwards.append(step)

    def endpoint(self, url: str) -> None:
        """Application and operator have this endpoint."""
        self.plan.endpoint = lambda urls: url

    def server(self, running: t.ContextManager[int]) -> None:
        """The OTLP endpoint is this server on loopback."""
        self.endpoint(f"http://127.0.0.1:{self.held.enter_context(running)}")

    def collector(self, settings: t.Callable[[Urls], Settings], scheme: str = "http") -> None:
        """The OTLP endpoint is a real Collector; `settings` are those of `lab.collector.running.collector`."""

        def start() -> None:
            self.peer = peer = self.held.enter_context(collector(self.directory, **settings(self.urls)))
            self.endpoint(f"{scheme}://{peer.grpc if self.plan.protocol == 'grpc' else peer.http}")

        self.once_up(start)

    def well_known_port(
        self, port: int, target: t.Callable[[Urls], str], first: t.Callable[[bytes], None] = lambda start: None
    ) -> str:
        """An address of loopback that nobody else uses, where this port leads to `target`; `first` sees its start."""
        address = ".".join(str(number) for number in (127, *(1 + byte % 254 for byte in os.urandom(3))))
        self.once_up(lambda: self.held.enter_context(relayed((address, port), target(self.urls), first)))
        return address

    def service(self, *arguments: str, **environment: str) -> None:
        """The application is service.py with these variables beside its endpoint and name; its log is `service.log`."""
        self._arguments = arguments
        self._service = {**(self._service or {}), **environment}
        self.plan.expected_service = "shop"
        self.said.update(diagnose_log_paths=[], diagnose_process={"pid_file": str(self.directory / "pid")})

    def start(self) -> None:
        """Bring everything up, and let the application work."""
        self.lab = self.held.enter_context(Lab(fault=self.plan, directory=self.directory / "lab", **self.options))
        for step in self._steps:
            step()
        if self._service is not None:
            self._run_service(self._service)
        elif not self.idle:
            self.lab.run_app()
        for step in self._afterwards:
            step()

    def _run_service(self, changes: dict[str, str]) -> None:
        environment = {
            **neutral_environment(),
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.plan.endpoint(self.urls),
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
            "OTEL_SERVICE_NAME": "shop",
            **changes,
        }
        log = self.held.enter_context((self.directory / "service.log").open("w"))
        process = self.held.enter_context(  # leaving it closes its input, upon which it ends
            subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("service.py")), *self._arguments],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        )
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        (self.directory / "pid").write_text(str(process.pid), encoding="utf-8")

    def host(self) -> Settings:
        """The inventory's variables of this host."""
        variables = {"ansible_connection": "local", **self.lab.variables, **self.said}
        return {**variables, "ansible_python_interpreter": self._interpreter()}

    def _interpreter(self) -> str:
        if not self.surroundings:
            return sys.executable
        words = [f"{name}={value}" for name, value in self.surroundings.items()]
        script = self.directory / "python3"
        script.write_text(f'#!/bin/sh\nexec env {shlex.join(words)} {shlex.quote(sys.executable)} "$@"\n')
        script.chmod(0o755)
        return str(script)


@contextlib.contextmanager
def relayed(where: t.Tuple[str, int], target: str, first: t.Callable[[bytes], None]) -> t.Iterator[None]:
    """Connections to `where` are passed on to the host and port of the URL `target`, after `first` saw their start."""
    parts = urllib.parse.urlsplit(target)

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def pass_on(connection: socket.socket) -> None:
        first(connection.recv(5, socket.MSG_PEEK))
        with socket.create_connection((parts.hostname, parts.port)) as other:
            answers = threading.Thread(target=copy, args=(other, connection), daemon=True)
            answers.start()
            copy(connection, other)
            answers.join()

    with tcp_server(pass_on, *where):
        yield


Fault = t.Callable[[Scene], None]


class Caused(t.NamedTuple):
    """A fault, the id of the root cause that it must be given, and the severity from which that is a problem."""

    build: Fault
    id: str
    fail_on: str


FAULTS: dict[str, Caused] = {}


def causes(check_id: str, fail_on: str = "critical") -> t.Callable[[Fault], Fault]:
    """Register a fault under its function's name."""

    def register(build: Fault) -> Fault:
        FAULTS[build.__name__] = Caused(build, check_id, fail_on)
        return build

    return register


class Played(t.NamedTuple):
    """One play over many scenes: its hosts by name, and why some of them could not be had on this machine."""

    run: Run
    missing: t.Dict[str, str]

    def root_causes(self, host: str) -> list[str]:
        """The ids of this host's root causes and those of its backend."""
        if host in self.missing:
            pytest.skip(self.missing[host])
        assert self.run.report is not None, self.run.output
        backends = self.run.report["evidence"]["backends"]
        return [
            cause["id"]
            for cause in self.run.verdict["root_causes"]
            if host in (cause["hosts"] or backends[cause["backend"]]["hosts"])
        ]

    def findings(self, host: str, *states: str) -> list[str]:
        """`state: id: title` of this host's findings and those of its backend."""
        if host in self.missing:
            pytest.skip(self.missing[host])
        assert self.run.report is not None
        (seen,) = self.run.report["evidence"]["hosts"][host]["applications"].values()
        return [
            f"{found['state']}: {found['id']}: {found['title']}"
            for found in self.run.report["findings"]
            if found["state"] in states and (found["host"] or found["backend"]) in (host, seen["backend"])
        ]

    def told(self, host: str) -> str:
        """What failed on this host, for a test that fails."""
        return "\n".join(self.findings(host, "failed", "warning", "info", "pending", "unknown"))


def play(directory: Path, scenes: dict[str, t.Sequence[Fault]], **variables: t.Any) -> Played:
    """Build and start every scene, diagnose all of them in one play, and stop them."""
    hosts: dict[str, Scene] = {}
    missing: dict[str, str] = {}

    with ExitStack() as held:

        def start(name: str) -> None:
            scene = Scene(directory / name)
            held.push(scene.held)
            try:
                for fault in scenes[name]:
                    fault(scene)
                scene.start()
            except pytest.skip.Exception as error:  # what this one needs is not there; the others are played
                missing[name] = str(error)
            else:
                hosts[name] = scene

        # Applications wait for exporters that retry, so that several fit on one processor.
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(start, scenes))
        inventory = directory / "hosts.json"
        told = {"all": {"hosts": {name: hosts[name].host() for name in scenes if name in hosts}}}
        inventory.write_text(json.dumps(told), encoding="utf-8")
        run = run_playbook("diagnose", directory, variables, "-i", str(inventory), "-f", "4", timeout=600)
    assert_clean(run)
    return Played(run, missing)
