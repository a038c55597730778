"""container_info against a real Docker Engine: each state that it must tell apart, really caused."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import uuid

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe import containers
from ansible_collections.traceops.tracing.tests.integration.docker_engine import LABEL, wait_until

SLEEP = ["sleep", "600"]


def look(**options):
    """The probe's result with these options."""
    defaults = {name: spec.get("default") for name, spec in containers.ARGUMENT_SPEC.items()}
    return containers.run({**defaults, **options})


def look_at(container, **options):
    return look(names=[container.name], **options)["containers"][container.name]


@pytest.fixture
def network(docker_engine):
    """network() makes a network of its own; it is removed after the test."""
    made = []

    def make(**options):
        made.append(docker_engine.networks.create(f"traceops-{uuid.uuid4().hex[:10]}", labels={LABEL: "1"}, **options))
        return made[-1]

    yield make
    for item in made:
        item.reload()
        for attached in item.containers:
            item.disconnect(attached, force=True)
        item.remove()


def test_a_running_container(run_container, base_image):
    container = run_container(base_image, SLEEP, mem_limit="64m", nano_cpus=500_000_000)

    seen = look_at(container)

    assert (seen["state"], seen["running"], seen["exit_code"], seen["exit_reason"]) == ("running", True, None, "")
    assert (seen["restarts"], seen["oom_killed"], seen["health"], seen["finished"]) == (0, False, "none", "")
    assert os.path.exists(f"/proc/{seen['pid']}")
    assert seen["image"] == base_image
    assert seen["started"].startswith("20")
    assert seen["memory"]["limit"] == 64 * 1024 * 1024
    assert 0 < seen["memory"]["used"] < seen["memory"]["limit"]
    assert seen["cpu"]["cores_limit"] == 0.5
    assert seen["cpu"]["cores_used"] < 0.2


def test_a_busy_container_uses_what_it_may(run_container, base_image):
    container = run_container(base_image, ["python3", "-c", "while True: pass"], nano_cpus=200_000_000)

    seen = wait_until(lambda: _busy(look_at(container)), 60, "the container to use its share")

    assert seen["cpu"]["percent"] > 50
    assert seen["cpu"]["throttled_periods"] > 0


def _busy(seen):
    return seen if seen["cpu"]["percent"] > 50 and seen["cpu"]["throttled_periods"] else None


def test_a_container_that_exited_with_an_error(run_container, base_image):
    container = run_container(base_image, ["sh", "-c", "echo 'failed to read tempo.yaml'; exit 3"])
    container.wait(timeout=30)

    seen = look_at(container)

    assert (seen["state"], seen["running"], seen["exit_code"]) == ("exited", False, 3)
    assert seen["exit_reason"] == "ended with exit code 3"
    assert seen["log"] == ["failed to read tempo.yaml"]
    assert (seen["cpu"], seen["memory"]) == (None, None)


def test_a_container_that_was_killed_by_a_signal(run_container, base_image):
    container = run_container(base_image, SLEEP)
    container.kill("SIGKILL")
    container.wait(timeout=30)

    assert look_at(container)["exit_reason"] == "ended by signal SIGKILL"


def test_a_command_that_does_not_exist(docker_engine, run_container, base_image):
    container = run_container(base_image, ["/tempo"], start=False)
    with contextlib.suppress(Exception):
        container.start()

    seen = look_at(container)

    assert (seen["state"], seen["exit_code"]) == ("created", 127)
    assert "no such file or directory" in seen["exit_reason"]


def test_a_container_that_the_kernel_killed_for_its_memory(run_container, base_image):
    container = run_container(
        base_image, ["python3", "-c", "b = bytearray(512 * 1024 * 1024)"], mem_limit="32m", memswap_limit="32m"
    )
    container.wait(timeout=60)

    seen = look_at(container)

    assert (seen["oom_killed"], seen["exit_code"]) == (True, 137)
    assert seen["exit_reason"] == "killed by the kernel for using more memory than its limit"


def test_an_unhealthy_container_shows_what_its_check_said(run_container, base_image):
    check = {"test": ["CMD-SHELL", "echo 'GET /ready: 503, token=abcdef123456'; exit 1"]}
    container = run_container(
        base_image, SLEEP, healthcheck={**check, "interval": 200_000_000, "retries": 1, "start_period": 1_000_000}
    )

    seen = wait_until(lambda: _when(look_at(container), "health", "unhealthy"), 30, "the container to be unhealthy")

    assert seen["health_log"][-1]["exit_code"] == 1
    assert seen["health_log"][-1]["output"] == "GET /ready: 503, token=********"
    assert len(seen["health_log"]) <= 3


def _when(seen, key, value):
    return seen if seen[key] == value else None


def test_a_container_that_restarts_again_and_again(run_container, base_image):
    container = run_container(base_image, ["sh", "-c", "exit 1"], restart_policy={"Name": "always"})

    seen = wait_until(lambda: _when(look_at(container), "state", "restarting"), 60, "the container to be restarting")

    assert seen["restarts"] > 0
    assert seen["restart_policy"] == "always"
    assert seen["exit_code"] == 1


def test_a_missing_container_is_named(run_container, base_image):
    container = run_container(base_image, SLEEP)

    seen = look(names=[container.name, "velo-tempo"])

    assert seen["missing"] == ["velo-tempo"]
    assert list(seen["containers"]) == [container.name]
    assert seen["message"] == "containers: 1 running; missing: velo-tempo"


def resolves(container, name):
    """Whether `name` really resolves inside the container."""
    code = f"import socket; socket.gethostbyname({name!r})"
    return container.exec_run(["python3", "-c", code]).exit_code == 0


def test_containers_on_one_network_reach_each_other_by_name_and_alias(
    docker_engine, run_container, base_image, network
):
    shared = network()
    grafana = run_container(base_image, SLEEP, network=shared.name)
    tempo = run_container(base_image, SLEEP, start=False)
    docker_engine.networks.get("bridge").disconnect(tempo)
    shared.connect(tempo, aliases=["tempo"])
    tempo.start()

    seen = look_at(grafana)

    names = seen["reaches"][tempo.name]
    assert {"tempo", tempo.name} <= set(names)
    assert all(resolves(grafana, name) for name in names)


def test_a_missing_alias(run_container, base_image, network):
    shared = network()
    grafana = run_container(base_image, SLEEP, network=shared.name)
    tempo = run_container(base_image, SLEEP, network=shared.name)

    seen = look_at(grafana)

    assert "tempo" not in seen["reaches"][tempo.name]
    assert not resolves(grafana, "tempo")


def test_no_shared_network(run_container, base_image, network):
    grafana = run_container(base_image, SLEEP, network=network().name)
    tempo = run_container(base_image, SLEEP, network=network().name)

    seen = look(names=[grafana.name, tempo.name])

    assert seen["containers"][grafana.name]["reaches"] == {}
    assert not resolves(grafana, tempo.name)


def test_on_the_default_network_only_addresses_work(run_container, base_image):
    grafana = run_container(base_image, SLEEP)
    tempo = run_container(base_image, SLEEP)

    seen = look_at(grafana)

    assert seen["reaches"][tempo.name] == []
    assert not resolves(grafana, tempo.name)


def test_a_container_in_another_ones_network_reaches_what_that_one_reaches(run_container, base_image, network):
    shared = network()
    tempo = run_container(base_image, SLEEP, network=shared.name)
    proxy = run_container(base_image, SLEEP, network=shared.name, ports={"4317/tcp": ("127.0.0.1", 0)})
    sidecar = run_container(base_image, SLEEP, network_mode=f"container:{proxy.id}")

    seen = look_at(sidecar, expected_ports={sidecar.name: [4317, 4318]})

    assert tempo.name in seen["reaches"][tempo.name]
    assert seen["missing_ports"] == ["4318/tcp"]
    assert resolves(sidecar, tempo.name)


def test_an_unpublished_port(run_container, base_image):
    container = run_container(base_image, SLEEP, ports={"4317/tcp": ("127.0.0.1", 0)})

    seen = look_at(container, expected_ports={container.name: [4317, "4318/tcp"]})

    assert seen["missing_ports"] == ["4318/tcp"]
    assert seen["ports"]["4317/tcp"][0].startswith("127.0.0.1:")


def test_ports_of_a_stopped_container_are_those_it_would_publish(run_container, base_image):
    container = run_container(base_image, ["true"], ports={"4317/tcp": ("127.0.0.1", 14317)}, start=False)

    seen = look_at(container, expected_ports={container.name: [4317]})

    assert (seen["ports"], seen["missing_ports"]) == ({"4317/tcp": ["127.0.0.1:14317"]}, [])


def test_a_read_only_mount(run_container, base_image, tmp_path):
    container = run_container(base_image, SLEEP, volumes={str(tmp_path): {"bind": "/var/tempo", "mode": "ro"}})

    (mount,) = look_at(container)["mounts"]

    assert (mount["destination"], mount["source"], mount["read_only"]) == ("/var/tempo", str(tmp_path), True)
    assert container.exec_run(["touch", "/var/tempo/x"]).exit_code != 0


def test_a_mount_that_another_user_owns(run_container, base_image, tmp_path):
    os.chown(tmp_path, 10001, 10001)
    container = run_container(base_image, SLEEP, volumes={str(tmp_path): {"bind": "/var/tempo", "mode": "rw"}})

    (mount,) = look_at(container)["mounts"]

    assert (mount["host"]["owner"], mount["host"]["group"], mount["read_only"]) == (10001, 10001, False)


def test_a_full_mount(run_container, base_image, tmp_path):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=True)
    try:
        container = run_container(base_image, SLEEP, volumes={str(tmp_path): {"bind": "/var/tempo", "mode": "rw"}})
        container.exec_run(["dd", "if=/dev/zero", "of=/var/tempo/wal", "bs=64k"])

        (mount,) = look_at(container)["mounts"]

        assert (mount["host"]["size"], mount["host"]["free"], mount["host"]["free_percent"]) == (1048576, 0, 0.0)
        container.remove(force=True)
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_paths_inside_an_image_without_a_shell(docker_engine, run_container):
    image = scratch_image(docker_engine, {"etc/tempo.yaml": b"server: {}\n"})
    container = run_container(image, ["/tempo"], start=False)

    paths = look_at(container, paths=["/etc/tempo.yaml", "/etc", "/var/tempo"])["paths"]

    assert paths["/etc/tempo.yaml"]["size"] == len(b"server: {}\n")
    assert (paths["/etc/tempo.yaml"]["directory"], paths["/etc"]["directory"]) == (False, True)
    assert not paths["/var/tempo"]["exists"]
    docker_engine.images.remove(image, force=True)


def scratch_image(client, files):
    """An image with these files and nothing else."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    name = f"traceops-scratch-{uuid.uuid4().hex[:10]}"
    client.api.import_image_from_data(buffer.getvalue(), repository=name, tag="1")
    return f"{name}:1"


def test_last_words_are_masked_and_bounded(run_container, base_image):
    script = "import sys\nfor i in range(50): print('line', i)\nprint('Authorization: Bearer abcdef0123456789')"
    container = run_container(base_image, ["python3", "-c", script])
    container.wait(timeout=30)

    log = look_at(container, log_lines=3)["log"]

    assert log == ["line 48", "line 49", "Authorization: Bearer ********"]


def test_a_log_that_is_not_kept_is_no_failure(run_container, base_image):
    container = run_container(base_image, SLEEP, log_config={"Type": "none"})

    seen = look_at(container)

    assert seen["log"] == []
    assert "does not support reading" in seen["log_error"]


def test_selection_by_pattern_label_and_compose_project(run_container, base_image):
    project = f"stack{uuid.uuid4().hex[:6]}"
    tempo = run_container(
        base_image, SLEEP, name=f"{project}-tempo-1", labels={"com.docker.compose.project": project, "role": "store"}
    )
    grafana = run_container(
        base_image, SLEEP, name=f"{project}-grafana-1", labels={"com.docker.compose.project": project}
    )
    other = run_container(base_image, SLEEP)

    assert set(look(compose_project=project)["containers"]) == {tempo.name, grafana.name}
    assert set(look(name_pattern=f"^{project}-t")["containers"]) == {tempo.name}
    assert set(look(labels=[f"com.docker.compose.project={project}", "role"])["containers"]) == {tempo.name}
    assert set(look(labels=["role=store"], names=[other.name])["containers"]) == {tempo.name, other.name}
    assert {tempo.name, grafana.name, other.name} <= set(look()["containers"])


def test_a_user_who_may_not_use_the_socket(docker_engine):
    assert docker_engine.ping()
    os.seteuid(65534)
    try:
        with pytest.raises(ProbeFailure) as failure:
            look(docker_host=os.environ["DOCKER_HOST"])
    finally:
        os.seteuid(0)

    assert failure.value.cause == "permission_denied"
    assert "become root or join the socket's group" in failure.value.message


def module(options, *words):
    """What Ansible says of a task with these options, run on this machine."""
    command = ["ansible", "localhost", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}", *words]
    command += ["-m", "traceops.tracing.container_info", "-a", json.dumps(options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("check", [[], ["--check"]], ids=["real", "check mode"])
def test_the_module_changes_nothing_and_masks_secrets(check, run_container, base_image):
    container = run_container(base_image, ["sh", "-c", "echo password=s3cr3t-sentinel; sleep 600"])
    wait_until(container.logs, 10, "the container's log line")

    done = module({"names": [container.name], "expected_ports": {container.name: [3200]}}, "-vvv", "--diff", *check)

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"missing_ports": [\n                "3200/tcp"' in done.stdout
    assert '"changed": false' in done.stdout
    assert "s3cr3t-sentinel" not in done.stdout + done.stderr


def test_the_module_fails_with_the_cause_and_the_keys_of_a_success():
    done = module({"names": ["velo-tempo"], "docker_host": "unix:///nowhere.sock"})

    assert done.returncode == 2
    answer = json.loads(done.stdout.split(" => ", 1)[1])
    assert answer["cause"] == "daemon_unreachable"
    assert answer["msg"] == "no Docker Engine answers at unix:///nowhere.sock (the socket does not exist)"
    assert (answer["ok"], answer["containers"], answer["missing"]) == (False, {}, ["velo-tempo"])
