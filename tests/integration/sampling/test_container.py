"""The role against containers of a real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.tests.integration.docker_engine import LABEL, wait_until
from ansible_collections.traceops.tracing.tests.integration.sampling.playing import changed, play, said

SLEEP = ["sleep", "infinity"]
SECRET = "geheim-0815"


def targets(name: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": "shop", "kind": "docker", "container": name, **more}]


def environment(container: Any) -> dict[str, str]:
    """That of the container's first process."""
    output = container.exec_run(["cat", "/proc/1/environ"]).output.decode()
    return dict(line.split("=", 1) for line in output.split("\0") if line)


@pytest.fixture
def shop(docker_engine: Any, run_container: Any, base_image: str) -> Any:
    """A container with something of everything that a new one could lose."""
    network = docker_engine.networks.create("traceops-sampling", labels={LABEL: "1"})
    back = docker_engine.networks.create("traceops-sampling-back", labels={LABEL: "1"})
    container = run_container(
        base_image,
        SLEEP,
        environment={"TOKEN": SECRET, "OTEL_TRACES_SAMPLER": "always_on"},
        network="traceops-sampling",
        volumes=["/data"],
        tmpfs={"/scratch": "size=1m"},
        ports={"8080/tcp": ("127.0.0.1", None)},
        mem_limit="64m",
        labels={"team": "a"},
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 2},
    )
    back.connect(container, aliases=["behind"])
    yield container
    for found in docker_engine.containers.list(all=True, filters={"name": container.name}):
        found.remove(force=True, v=True)
    network.remove()
    back.remove()


def test_a_container_gets_a_mode_and_loses_nothing(docker_engine: Any, shop: Any, tmp_path: Path) -> None:
    shop.exec_run(["sh", "-c", "echo kept > /data/file"])
    given, first_id = targets(shop.name), shop.id

    check = play(tmp_path, "--check", "--diff", targets=given)
    assert changed(check) > 0
    assert "-OTEL_TRACES_SAMPLER=always_on" in check.output
    assert "+OTEL_TRACES_SAMPLER=parentbased_traceidratio" in check.output
    assert SECRET not in check.output
    assert docker_engine.containers.get(shop.name).id == first_id

    applied = play(tmp_path, "-vvv", targets=given)
    assert changed(applied) > 0
    assert SECRET not in applied.output
    new = docker_engine.containers.get(shop.name)
    assert new.id != first_id
    assert environment(new)["OTEL_TRACES_SAMPLER_ARG"] == "0.25"
    assert environment(new)["TOKEN"] == SECRET
    assert new.exec_run(["cat", "/data/file"]).output == b"kept\n"
    assert sorted(new.attrs["NetworkSettings"]["Networks"]) == ["traceops-sampling", "traceops-sampling-back"]
    assert "behind" in new.attrs["NetworkSettings"]["Networks"]["traceops-sampling-back"]["Aliases"]
    for key in ("Memory", "Tmpfs", "RestartPolicy"):
        assert new.attrs["HostConfig"][key] == shop.attrs["HostConfig"][key]
    assert new.attrs["Config"]["Labels"] == shop.attrs["Config"]["Labels"]
    assert new.attrs["Config"]["Image"] == shop.attrs["Config"]["Image"]
    assert new.attrs["NetworkSettings"]["Ports"]["8080/tcp"]

    assert changed(play(tmp_path, "--check", targets=given)) == 0
    assert changed(play(tmp_path, targets=given)) == 0
    assert docker_engine.containers.get(shop.name).id == new.id

    assert changed(play(tmp_path, targets=given, mode="prod")) > 0
    assert environment(docker_engine.containers.get(shop.name))["OTEL_TRACES_SAMPLER_ARG"] == "0.01"
    assert len(docker_engine.containers.list(all=True, filters={"name": shop.name})) == 1


def test_a_container_that_does_not_stay_up_is_replaced_by_the_old_one(
    docker_engine: Any, run_container: Any, base_image: str, tmp_path: Path
) -> None:
    fussy = run_container(
        base_image, ["sh", "-c", '[ "$OTEL_TRACES_SAMPLER_ARG" = 0.25 ] && exit 3; exec sleep infinity']
    )

    run = play(tmp_path, targets=targets(fussy.name))

    assert said(run) == (
        f"shop: the container '{fussy.name}' does not stay up with the new environment (exit code 3); "
        "the old container is back and runs again"
    )
    assert [found.id for found in docker_engine.containers.list(filters={"name": fussy.name})] == [fussy.id]


def test_a_container_that_fails_its_health_check_is_replaced_by_the_old_one(
    docker_engine: Any, run_container: Any, base_image: str, tmp_path: Path
) -> None:
    second = 10**9
    check = {
        "test": ["CMD-SHELL", '[ "$OTEL_TRACES_SAMPLER_ARG" != 0.25 ]'],
        "interval": second,
        "retries": 1,
        "timeout": second,
    }
    fussy = run_container(base_image, SLEEP, healthcheck=check)
    wait_until(lambda: docker_engine.containers.get(fussy.name).health == "healthy", 30, "the health check")

    run = play(tmp_path, targets=targets(fussy.name))

    assert "(its health check fails); the old container is back and runs again" in said(run)
    assert docker_engine.containers.get(fussy.name).id == fussy.id


def test_a_container_that_does_not_run_is_not_started(
    docker_engine: Any, run_container: Any, base_image: str, tmp_path: Path
) -> None:
    stopped = run_container(base_image, SLEEP, start=False)
    try:
        assert changed(play(tmp_path, targets=targets(stopped.name))) > 0
        new = docker_engine.containers.get(stopped.name)
        assert new.status == "created"
        assert "OTEL_TRACES_SAMPLER_ARG=0.25" in new.attrs["Config"]["Env"]
    finally:
        docker_engine.containers.get(stopped.name).remove(force=True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"labels": {"com.docker.compose.project": "web"}}, "belongs to the Compose project 'web', which would undo"),
        ({"auto_remove": True}, "is removed when it stops (--rm), so it cannot be replaced safely"),
    ],
)
def test_a_container_that_is_not_ours_to_replace_is_left_alone(
    docker_engine: Any, run_container: Any, base_image: str, tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    container = run_container(base_image, SLEEP, **options)

    assert sentence in said(play(tmp_path, targets=targets(container.name)))

    assert docker_engine.containers.get(container.name).id == container.id


def test_a_container_that_is_not_there_is_named(docker_engine: Any, tmp_path: Path) -> None:
    assert said(play(tmp_path, targets=targets("no-such-shop"))) == "shop: there is no container 'no-such-shop'"
