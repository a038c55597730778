"""Stacks for the tests: the images are made once, and each module has a stack of its own."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from ansible_collections.traceops.tracing.tests.integration.stack import images
from ansible_collections.traceops.tracing.tests.integration.stack.deployed import Stack


@pytest.fixture(scope="session")
def versions(docker_engine: docker.DockerClient, base_image: str) -> dict[str, str]:
    """The versions to test with; their images are there."""
    return images.build(docker_engine, base_image)


@pytest.fixture(scope="module")
def stack(
    docker_engine: docker.DockerClient, versions: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack that is not deployed yet."""
    made = Stack(docker_engine, versions, tmp_path_factory.mktemp("stack"))
    yield made
    made.remove()
