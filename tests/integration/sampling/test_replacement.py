"""What a container keeps when another one takes its place, and what it gets back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from docker.types import IPAMConfig, IPAMPool, LogConfig, Mount, Ulimit

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._sampling import container
from ansible_collections.traceops.tracing.tests.integration.docker_engine import LABEL

SLEEP = ["sleep", "infinity"]
SUBNETS = ("10.213.1.0/24", "10.213.2.0/24")


def replaced(name: str, timeout: float = 60.0) -> dict[str, Any]:
    given = {"name": name, "environment": {"RATIO": "0.25"}, "settle": 0.2, "docker_host": None, "timeout": timeout}
    return container.run(given, False)


@pytest.fixture
def networks(docker_engine: Any) -> Iterator[list[Any]]:
    made = [
        docker_engine.networks.create(
            f"traceops-replace-{number}", labels={LABEL: "1"}, ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=subnet)])
        )
        for number, subnet in enumerate(SUBNETS)
    ]
    yield made
    for network in made:
        network.reload()
        for attached in network.containers:
            volumes = [mount["Name"] for mount in attached.attrs["Mounts"] if mount["Type"] == "volume"]
            attached.remove(force=True)
            for volume in volumes:
                docker_engine.volumes.get(volume).remove()
        network.remove()


def settings(found: Any) -> dict[str, Any]:
    """What a container was created with, without what names it or is given anew."""
    config, host = dict(found.attrs["Config"]), dict(found.attrs["HostConfig"])
    config.pop("Env")
    for key in ("ContainerIDFile", "Binds", "Mounts"):  # what is mounted follows
        host.pop(key, None)
    host["Links"] = sorted(host.get("Links") or [])
    mounts = sorted(
        (mount["Destination"], mount["Type"], mount.get("Name") or mount.get("Source"), mount["RW"])
        for mount in found.attrs["Mounts"]
    )
    endpoints = {
        name: (
            (endpoint["IPAMConfig"] or {}).get("IPv4Address"),
            sorted(alias for alias in endpoint["Aliases"] or [] if alias != found.short_id),
        )
        for name, endpoint in found.attrs["NetworkSettings"]["Networks"].items()
    }
    return {"config": config, "host": host, "mounts": mounts, "endpoints": endpoints}


def test_nothing_but_the_variables_differs(
    docker_engine: Any, run_container: Any, base_image: str, networks: list[Any]
) -> None:
    api, (front, back) = docker_engine.api, networks
    second = 10**9
    host_config = api.create_host_config(
        binds=["/srv:/srv:ro"],
        mounts=[Mount("/named", "traceops-named", type="volume"), Mount("/bare", None, type="volume")],
        tmpfs={"/scratch": "size=1m"},
        port_bindings={"8080/tcp": ("127.0.0.1", 28080), "8125/udp": 28125},
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 2},
        log_config=LogConfig(type="json-file", config={"max-size": "1m"}),
        ulimits=[Ulimit(name="nofile", soft=512, hard=1024)],
        devices=["/dev/null:/dev/nothing:r"],
        cap_add=["SYS_PTRACE"],
        cap_drop=["MKNOD"],
        extra_hosts={"tempo": "10.9.8.7"},
        dns=["10.9.8.6"],
        dns_search=["example.org"],
        group_add=["audio"],
        sysctls={"net.ipv4.ip_unprivileged_port_start": "0"},
        security_opt=["no-new-privileges"],
        mem_limit="64m",
        mem_reservation="32m",
        nano_cpus=5 * 10**8,
        pids_limit=50,
        shm_size="8m",
        oom_score_adj=100,
        read_only=True,
        init=True,
        ipc_mode="private",
        pid_mode="host",
        network_mode=front.name,
    )
    endpoint = api.create_endpoint_config(aliases=["shop", "store"], ipv4_address="10.213.1.77")
    made = api.create_container(
        base_image,
        ["infinity"],
        name="traceops-replace-all",
        hostname="shop-host",
        domainname="example.org",
        user="1000:1000",
        entrypoint=["sleep"],
        working_dir="/srv",
        environment={"TOKEN": "a=b", "RATIO": "1"},
        labels={LABEL: "1", "team": "a"},
        ports=[8080, (8125, "udp"), 9000],
        volumes=["/anonymous"],
        stdin_open=True,
        tty=True,
        stop_signal="SIGINT",
        healthcheck={"test": ["CMD", "true"], "interval": second, "timeout": second, "retries": 3},
        mac_address="02:42:0a:d5:01:63",
        host_config=host_config,
        networking_config=api.create_networking_config({front.name: endpoint}),
    )
    back.connect(made["Id"], aliases=["behind"], ipv4_address="10.213.2.78")
    old = docker_engine.containers.get(made["Id"])
    old.start()
    old.reload()

    assert replaced(old.name)["changed"] is True

    new = docker_engine.containers.get("traceops-replace-all")
    assert new.id != old.id
    assert settings(new) == settings(old)
    assert sorted(new.attrs["Config"]["Env"]) == sorted(
        [*(line for line in old.attrs["Config"]["Env"] if line != "RATIO=1"), "RATIO=0.25"]
    )
    assert replaced(old.name)["changed"] is False


def test_a_network_that_was_named_by_its_id_is_the_same_one(
    docker_engine: Any, run_container: Any, base_image: str, networks: list[Any]
) -> None:
    old = run_container(base_image, SLEEP, network=networks[0].id)

    assert replaced(old.name)["changed"] is True

    new = docker_engine.containers.get(old.name)
    assert list(new.attrs["NetworkSettings"]["Networks"]) == [networks[0].name]


@pytest.mark.parametrize("shared", ["network_mode", "pid_mode", "ipc_mode"])
def test_a_container_that_others_live_in_is_left_alone(
    docker_engine: Any, run_container: Any, base_image: str, shared: str
) -> None:
    old = run_container(base_image, SLEEP, ipc_mode="shareable")
    sidecar = run_container(base_image, SLEEP, **{shared: f"container:{old.name}"})

    with pytest.raises(ProbeFailure) as failure:
        replaced(old.name)

    assert failure.value.cause == "not_supported"
    assert sidecar.name in failure.value.message
    assert docker_engine.containers.get(old.name).status == "running"


def test_what_an_interrupted_run_left_is_named(docker_engine: Any, run_container: Any, base_image: str) -> None:
    old = run_container(base_image, SLEEP)
    left = run_container(base_image, SLEEP, start=False, name=old.name + container.KEPT)

    with pytest.raises(ProbeFailure, match=f"there is a container '{left.name}', which a run that was interrupted"):
        replaced(old.name)

    assert docker_engine.containers.get(old.name).status == "running"
    old.remove(force=True)
    with pytest.raises(ProbeFailure, match=f"there is no container '{old.name}'; there is '{left.name}': rename"):
        replaced(old.name)


def test_a_container_may_take_its_time_to_stop(docker_engine: Any, run_container: Any, base_image: str) -> None:
    """It gets Docker's ten seconds, whatever the limit for the rest."""
    stubborn = run_container(base_image, ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"])
    try:
        assert replaced(stubborn.name, timeout=9.0)["changed"] is True
    finally:
        docker_engine.containers.get(stubborn.name).remove(force=True)


@pytest.mark.parametrize("step", ["stop", "rename", "create", "start"])
def test_whatever_fails_the_old_container_runs_again(
    docker_engine: Any, run_container: Any, base_image: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    old = run_container(base_image, SLEEP)
    real = getattr(container.Changer, step)

    def fails_once(*args: Any) -> Any:
        monkeypatch.setattr(container.Changer, step, real)
        raise ProbeFailure("timeout", "too late")

    monkeypatch.setattr(container.Changer, step, fails_once)

    with pytest.raises(ProbeFailure, match=r"^too late; the old container is back and runs again$"):
        replaced(old.name)

    found = docker_engine.containers.list(all=True, filters={"name": old.name})
    assert [(each.id, each.name, each.status) for each in found] == [(old.id, old.name, "running")]
