"""What cannot be seen is said: another user, a /proc that hides processes, a host that has nothing of it."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration.discover import programs
from ansible_collections.traceops.tracing.tests.integration.discover.conftest import Boot
from ansible_collections.traceops.tracing.tests.integration.discover.host import Host, looked_at


@pytest.fixture(scope="module")
def host(boot: Boot) -> Host:
    """A host with an application that runs as one user, a Collector of root, and a third user who looks."""
    made = boot("app01", volumes={**programs.python(), **programs.collector()})
    programs.run_collector(made, "127.0.0.1:4399")
    made.listens(4318)
    programs.run_checkout(made, programs.exporting("checkout", "http://127.0.0.1:4318"))
    made.user("ops")
    return made


def test_another_user_is_told_what_only_root_sees(host: Host) -> None:
    seen = host.looked_at(user="ops")
    (application,), (collector,) = seen["applications"], seen["collectors"]
    assert (seen["ok"], seen["root"], application["name"], collector["name"]) == (True, False, "checkout", "otelcol")
    # The files of unit and Collector are for everyone; whose the sockets are, and the containers, is not.
    assert (application["endpoint"], application["unit"]) == ("http://127.0.0.1:4318", "checkout.service")
    assert [each["endpoint"] for each in collector["configuration"]["exporters"]] == ["127.0.0.1:4399"]
    assert {each["pid"] for each in seen["listeners"] if each["port"] == 4318} == {0}
    assert len(seen["unseen"]) >= 3
    assert all("become root" in sentence for sentence in seen["unseen"]), seen["unseen"]


def test_a_proc_that_hides_the_processes_of_others(host: Host) -> None:
    host.run("mount -o remount,hidepid=2 /proc")
    try:
        seen = host.looked_at(user="ops")
    finally:
        host.run("mount -o remount,hidepid=0 /proc")
    assert (seen["ok"], seen["root"]) == (True, False)
    assert "/proc shows only the processes of this user (hidepid): become root" in seen["unseen"]


@pytest.mark.parametrize("user", ["root", "nobody"])
def test_a_host_without_any_of_it(
    user: str, run_container: t.Callable[..., t.Any], base_image: str, tmp_path: Path
) -> None:
    container = run_container(base_image, ["sleep", "600"])
    connection = {"ansible_connection": "community.docker.docker_api", "ansible_host": container.name}
    connection["ansible_docker_docker_host"] = os.environ["DOCKER_HOST"]  # each lane has an engine of its own
    python = {"ansible_python_interpreter": "/usr/bin/python3", "ansible_remote_tmp": "/tmp"}
    seen = looked_at(tmp_path, {**connection, **python, "ansible_user": user})
    assert (seen["ok"], seen["cause"], seen["root"]) == (True, "ok", user == "root")
    assert [seen[part] for part in ("applications", "collectors", "tempos", "grafanas")] == [[], [], [], []]
    assert seen["message"].startswith("found 0 applications, 0 collectors, 0 Tempos and 0 Grafanas among 1 process")
    assert bool(seen["unseen"]) == (user != "root"), seen["unseen"]
