"""The hosts of these tests; each is booted once."""

from __future__ import annotations

import os
import shutil
import typing as t

import docker
import pytest
from docker.models.containers import Container

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.discover.host import Host
from ansible_collections.traceops.tracing.tests.integration.docker_engine import LABEL, WITH_ENGINE, booted, image

Boot = t.Callable[..., Host]


@pytest.fixture(scope="module")
def boot(docker_engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Boot]:
    """boot(name, volumes=...) -> a Host that is removed after the module's tests."""
    require(os.geteuid() == 0, "root")
    require(shutil.which("ssh") and shutil.which("ssh-keygen"), "ssh and ssh-keygen")
    built = image(docker_engine, "discover", WITH_ENGINE)
    directory = tmp_path_factory.mktemp("hosts")
    started: t.List[Container] = []

    def run(reference: str, command: t.List[str], **options: t.Any) -> Container:
        container = docker_engine.containers.create(reference, command, labels={LABEL: "1"}, **options)
        started.append(container)
        container.start()
        container.reload()
        return container

    def start(name: str, **options: t.Any) -> Host:
        return Host(name, booted(run, built, hostname=name, engine=True, **options), directory)

    yield start
    for container in started:
        container.remove(force=True, v=True)
