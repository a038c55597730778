"""What a running stack is like: its rights, its password, its images; looked at without our modules."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from ansible_collections.traceops.tracing.tests.integration.stack import registry
from ansible_collections.traceops.tracing.tests.integration.stack.deployed import (
    PASSWORD,
    Stack,
    changes,
    fetch,
    soon,
)


@pytest.fixture(scope="module")
def running(
    docker_engine: docker.DockerClient, versions: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack with generated password, deployed with everything that Ansible can print."""
    made = Stack(docker_engine, versions, tmp_path_factory.mktemp("running"))
    made.variables.update(stack_grafana_admin_password="", stack_grafana_generate_password=True)
    made.printed = made.deploy("-vvv", "--diff").output
    yield made
    made.remove()


def test_containers_may_do_no_more_than_they_need(running: Stack) -> None:
    for kind, user, data in (("tempo", "10001:10001", "/var/tempo"), ("grafana", "472:472", "/var/lib/grafana")):
        seen = running.inspect(kind)
        host = seen["HostConfig"]
        assert seen["Config"]["User"] == user
        assert (host["ReadonlyRootfs"], host["SecurityOpt"]) == (True, ["no-new-privileges"])
        process = Path(f"/proc/{seen['State']['Pid']}/status").read_text(encoding="utf-8")
        assert set(re.findall(r"^Cap(?:Prm|Eff|Bnd):\t(\w+)$", process, re.MULTILINE)) == {"0" * 16}
        assert host["Memory"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}
        mounts = {mount["Destination"]: mount for mount in seen["Mounts"]}
        assert mounts[data]["Name"] == f"{running.container(kind)}-data"
        assert os.stat(mounts[data]["Source"]).st_uid == int(user.partition(":")[0])
        published = [binding["HostIp"] for ports in host["PortBindings"].values() for binding in ports]
        assert set(published) == {"127.0.0.1"}


def test_grafana_is_healthy_by_its_own_check(running: Stack) -> None:
    assert soon(lambda: running.inspect("grafana")["State"]["Health"]["Status"] == "healthy")


def test_the_password_that_was_made_up_is_in_one_place(running: Stack) -> None:
    file = running.config / "grafana/admin_password"
    password = file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert running.through_grafana("/api/datasources", password=password)[0] == 200
    assert password not in running.printed
    assert password not in str(running.inspect("grafana"))
    others = [path for path in running.config.rglob("*") if path.is_file() and path != file]
    assert [path for path in others if password in path.read_text(encoding="utf-8")] == []
    # It is made up once.
    assert changes(running.deploy(stack_prove=False)) == 0
    assert file.read_text(encoding="utf-8") == password


def test_no_configuration_is_for_everyone(running: Stack) -> None:
    files = [path for path in running.config.rglob("*") if path.is_file()]
    assert [path for path in files if path.stat().st_mode & 0o007] == []


def test_grafana_lets_nobody_in_without_a_password(running: Stack) -> None:
    assert fetch(f"http://127.0.0.1:{running.ports['grafana']}/api/datasources")[0] == 401


def test_another_password_on_the_next_run_is_said_to_be_another(running: Stack) -> None:
    file = running.config / "grafana/admin_password"
    made_up = file.read_text(encoding="utf-8")
    run = running.deploy(stack_grafana_admin_password=PASSWORD, stack_grafana_generate_password=False)
    assert run.code == 2
    assert "refuses the password of admin: it keeps the one of its first start" in run.output
    assert PASSWORD not in run.output
    # The one that works is nowhere else, so it is still there, and the next run has nothing to mend.
    assert file.read_text(encoding="utf-8") == made_up
    assert changes(running.deploy(stack_prove=False)) == 0


def test_an_engine_that_describes_containers_in_its_own_words(running: Stack) -> None:
    """As with Podman: only image and labels are compared, and a label tells all settings."""
    as_podman = {"__stack_podman": True, "stack_prove": False}
    assert changes(running.deploy(**as_podman)) > 0
    before = running.starts()
    assert changes(running.deploy(**as_podman)) == 0
    assert changes(running.deploy(**as_podman, stack_grafana={"memory": "300m"})) == 1
    assert running.starts()["tempo"] == before["tempo"]
    assert running.inspect("grafana")["HostConfig"]["Memory"] == 300 << 20


def test_an_image_is_pulled_by_its_digest(running: Stack, tmp_path: Path) -> None:
    image = f"grafana/tempo:{running.variables['stack_tempo']['version']}"
    with registry.serving(running.client, image, tmp_path) as (address, digest):
        tempo = {"image": f"{address}/tempo", "digest": digest}
        pinned = {"stack_pull": "missing", "stack_tempo": tempo, "stack_prove": False}
        assert changes(running.deploy(**pinned)) > 0
    assert running.inspect("tempo")["Config"]["Image"] == f"{address}/tempo@{digest}"
    # It is there now, so nobody asks the registry.
    assert changes(running.deploy(**pinned)) == 0
    assert changes(running.deploy(**{**pinned, "stack_pull": "never"})) == 0
    running.client.images.remove(f"{address}/tempo@{digest}", force=True)
