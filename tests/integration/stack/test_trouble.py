"""What can go wrong is said in one sentence before the running stack is touched."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.playbook import Run, run_playbook
from ansible_collections.traceops.tracing.tests.integration.stack.deployed import (
    PASSWORD,
    Stack,
    assert_good,
    changes,
    refusal,
)


@pytest.fixture(scope="module")
def deployed(stack: Stack) -> Stack:
    assert_good(stack.deploy())
    return stack


def refused(stack: Stack, **more: object) -> str:
    """The sentence; the stack runs on as before, and the next run has nothing to mend."""
    before = state(stack)
    said = refusal(stack.deploy(**more))
    assert state(stack) == before
    return said


def state(stack: Stack) -> tuple[dict[str, str], bytes]:
    """When each container was started, and Tempo's configuration."""
    return stack.starts(), (stack.config / "tempo/tempo.yml").read_bytes()


def test_an_override_with_a_typo_is_refused_in_tempos_words(deployed: Stack) -> None:
    said = refused(deployed, stack_tempo_config_extra={"query_frontend": {"serch": {}}, "ingestr": {}})
    assert "refuses its configuration, nothing was replaced" in said
    assert "field serch not found in type frontend.Config" in said
    assert "field ingestr not found in type app.Config" in said


def test_an_engine_that_does_not_start_the_program_is_not_called_a_bad_configuration(deployed: Stack) -> None:
    said = refused(deployed, stack_tempo={"memory": "1m", "log_level": "debug"})
    assert "could not be asked about its configuration, nothing was replaced" in said
    assert "memory limit" in said


def test_an_unknown_version_is_refused(deployed: Stack) -> None:
    said = refused(deployed, stack_tempo={"version": "latest"})
    assert "stack_tempo.version: 'latest' cannot be used; expected a version from 2.3 to 3.x in full" in said


def test_a_missing_image_offline_is_named(deployed: Stack) -> None:
    said = refused(deployed, stack_tempo={"version": "2.9.99"})
    assert "stack_pull is never" in said
    assert "grafana/tempo:2.9.99" in said


def test_an_image_that_can_not_be_pulled_is_named(deployed: Stack) -> None:
    image = "127.0.0.1:1/tempo"
    said = refused(deployed, stack_pull="missing", stack_tempo={"image": image})
    assert (
        f"the image {image}:{deployed.variables['stack_tempo']['version']} is not on localhost and cannot be pulled"
        in said
    )


def test_a_port_in_use_is_named(deployed: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(deployed, stack_grafana={"port": port})
    assert f"port {port} of localhost is in use by another program; nothing was changed" in said


def test_a_port_in_use_on_one_address_can_not_be_published_on_all(deployed: Stack) -> None:
    # given a program that a connection to 127.0.0.1 does not meet
    with socket.create_server(("127.0.0.2", 0)) as other:
        port = other.getsockname()[1]
        said = refused(deployed, stack_otlp_bind_address="0.0.0.0", stack_otlp_http_port=port)
    assert f"port {port} of localhost is in use by another program; nothing was changed" in said


def test_containers_may_swap_their_ports(deployed: Stack) -> None:
    # Each is in the way of the other as long as it runs with its old port.
    swapped = {
        "stack_tempo": {"http_port": deployed.ports["grafana"]},
        "stack_grafana": {"port": deployed.ports["tempo"]},
    }
    assert_good(deployed.deploy(stack_prove=False, **swapped))
    assert_good(deployed.deploy())


def test_a_daemon_that_is_down_is_said_to_be(deployed: Stack, tmp_path: Path) -> None:
    said = refused(deployed, stack_docker_host=f"unix://{tmp_path}/none.sock")
    assert f"the Docker Engine on localhost at unix://{tmp_path}/none.sock cannot be asked" in said


def test_a_full_disk_is_said_to_be_full(deployed: Stack, tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=False, capture_output=True
    )
    require(mounted.returncode == 0, "the right to mount a tmpfs")
    try:
        said = refused(deployed, stack_directory=f"{tmp_path}/etc")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert f"has only 0 MB free at {tmp_path}; stack_min_free_mb wants 50; nothing was changed" in said


def test_space_that_can_not_be_read_is_not_taken_for_enough(
    deployed: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "df").write_text("#!/bin/sh\necho df: broken >&2\nexit 1\n", encoding="utf-8")
    (tmp_path / "df").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    said = refused(deployed)
    assert f"the free space of {deployed.config} on localhost cannot be read (df: broken); nothing was changed" in said


def test_a_container_of_somebody_else_is_left_alone(deployed: Stack) -> None:
    other = deployed.client.containers.create("grafana/tempo:2.10.8", name=f"{deployed.name}-other")
    try:
        said = refused(deployed, stack_tempo={"name": other.name})
        assert f"there is a container {other.name} on localhost that is not of this stack" in said
        other.reload()
    finally:
        other.remove(force=True)


def test_a_network_of_somebody_else_is_left_alone(deployed: Stack) -> None:
    name = f"{deployed.name}-other"
    other = deployed.client.networks.create(name)
    member = deployed.client.containers.create("grafana/tempo:2.10.8", name=f"{name}-member", network=name)
    try:
        for playbook in ("deploy", "teardown"):
            run = deployed.run(
                playbook,
                stack_network=name,
                stack_tempo={"name": f"{name}-tempo"},
                stack_grafana={"name": f"{name}-grafana"},
            )
            assert f"there is a network {name} on localhost that is not of this stack" in refusal(run)
        member.reload()
        assert list(member.attrs["NetworkSettings"]["Networks"]) == [name]
        assert [network.id for network in deployed.client.networks.list(names=[name])] == [other.id]
    finally:
        member.remove(force=True)
        other.remove()


UNUSABLE: list[tuple[dict, str]] = [
    ({"stack_directory": "/"}, "stack_directory: '/' cannot be used"),
    ({"stack_directory": "/opt"}, "expected a directory of its own"),
    ({"stack_grafana_admin_password": ""}, "stack_grafana_admin_password is not given"),
    ({"stack_tempo": {"storage": "s3"}}, "stack_tempo.s3 does not name bucket and endpoint"),
    (
        {"stack_tls": {"otlp_certificate": "/pki/a.crt"}},
        "of stack_tls.otlp_certificate and stack_tls.otlp_key only one",
    ),
    (
        {"stack_tls": {"otlp_certificate": "/pki/a.crt", "otlp_key": "/etc/hostname"}},
        "stack_tls.otlp_certificate: there is no file /pki/a.crt on the controller",
    ),
    ({"stack_tempo": {"retenton": "1h"}}, "retenton"),
    ({"stack_otlp_http_port": 70000}, "expected different ports from 1 to 65535"),
    ({"stack_otlp_http_port": 4318, "stack_grafana": {"port": 4318}}, "expected different ports from 1 to 65535"),
    ({"stack_grafana": {"memory": "512 mb"}}, "expected sizes such as 512m or 2g"),
    (
        {"stack_prometheus": {"enabled": True, "retention": "two weeks"}},
        "stack_prometheus.retention: 'two weeks' cannot be used",
    ),
    ({"stack_tenants": ["a-b", "a_b"]}, "two of a-b, a_b would have the same data source"),
    ({"stack_tenants": ["a b/c"]}, "stack_tenants: 'a b/c' cannot be used"),
]


@pytest.fixture(scope="module")
def unusable(deployed: Stack) -> Run:
    """One run with a host for each of UNUSABLE, which would all be the stack that runs; it stays as it was."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {
        f"host{number}": {**local, **deployed.with_settings(**more)} for number, (more, _unused) in enumerate(UNUSABLE)
    }
    inventory = deployed.directory / "unusable.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    before = state(deployed)
    run = run_playbook("deploy", deployed.directory, {}, "-i", str(inventory), timeout=900)
    assert run.code == 2, run.output
    assert "Traceback" not in run.output, run.output
    assert state(deployed) == before
    return run


@pytest.mark.parametrize("number", range(len(UNUSABLE)), ids=[sentence for _unused, sentence in UNUSABLE])
def test_settings_that_can_not_be_used_are_named(unusable: Run, number: int) -> None:
    starts = (f"fatal: [host{number}]", f"failed: [host{number}]")
    (fatal,) = (line for line in unusable.output.splitlines() if line.startswith(starts))
    assert UNUSABLE[number][1] in fatal
    assert unusable.recap[f"host{number}"]["changed"] == 0


def test_a_proof_that_fails_ends_with_the_diagnosis(deployed: Stack) -> None:
    # given a receiver that listens inside the container only, which Tempo itself finds nothing wrong with
    http = {"http": {"endpoint": "127.0.0.1:4318"}}
    extra = {"distributor": {"receivers": {"otlp": {"protocols": http}}}}
    run = deployed.deploy(stack_tempo_config_extra=extra)
    # then the step that failed is named, after a report that says why
    assert run.code == 2
    assert "the stack was started, but send a canary through each port failed: 127.0.0.1:" in run.output
    assert [cause["id"] for cause in run.verdict["root_causes"]] == ["tempo-ingest.receiver.loopback"]
    assert PASSWORD not in run.output


def test_after_all_that_there_is_nothing_to_mend(deployed: Stack) -> None:
    assert_good(deployed.deploy())
    assert changes(deployed.deploy(stack_prove=False)) == 0
