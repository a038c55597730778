"""The environment probe on real systemd units and real containers, and what `collect` makes of the host's probes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import environment
from ansible_collections.traceops.tracing.tests.integration.docker_engine import wait_until
from ansible_collections.traceops.tracing.tests.servers import http_answer, tcp_server

ROOT = Path(__file__).parents[6]  # what holds ansible_collections
SECRET = "s3cr3t-sentinel"
# A program called velo-sql that only waits; its options are read from its command line.
WAIT = "import time; time.sleep(600)"
OPTIONS = ["deploy-app", "--file", "/srv/trades.sql", "--enable-tracing", "--sampling-mode", "prod"]

UNIT = f"""
[Service]
Environment=RUST_LOG=velostream=debug OTEL_SERVICE_NAME=unit
EnvironmentFile=/etc/default/velo-sql
ExecStart=@/usr/bin/python3 velo-sql -c "{WAIT}" {" ".join(OPTIONS)} --otlp-endpoint http://tempo:4317
"""
SETTINGS = f"OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer {SECRET},x-scope-orgid=team-a\n"
DROP_IN = "[Service]\nEnvironment=OTEL_SERVICE_NAME=drop-in\n"


def defaults():
    return {name: spec.get("default") for name, spec in environment.ARGUMENT_SPEC.items()}


@pytest.fixture
def host(systemd_host):
    """A host with the unit velo-sql, which has a drop-in and an environment file."""
    container = systemd_host(
        volumes={
            str(ROOT): {"bind": "/collections", "mode": "ro"},
        }
    )
    write(container, "/etc/systemd/system/velo-sql.service", UNIT)
    write(container, "/etc/systemd/system/velo-sql.service.d/name.conf", DROP_IN)
    write(container, "/etc/default/velo-sql", SETTINGS)
    run(container, "systemctl", "daemon-reload")
    run(container, "systemctl", "start", "velo-sql")
    return container


def write(container, path, text):
    run(container, "sh", "-c", 'mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"', "write", path, text)


def run(container, *words, environment=None):
    code, output = container.exec_run(list(words), environment=environment)
    assert code == 0, output.decode()
    return output.decode()


def look_inside(container, **options):
    """The probe's result on that host, which has Python alone: neither Ansible nor the Docker SDK."""
    code = (
        "import json, sys\n"
        "from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure\n"
        "from ansible_collections.traceops.tracing.plugins.module_utils._probe import environment\n"
        "try: result = environment.run(json.loads(sys.argv[1]))\n"
        "except ProbeFailure as failure: result = {**failure.result, 'cause': failure.cause}\n"
        "print(json.dumps(result))"
    )
    variables = {"PYTHONPATH": "/collections", "PYTHONDONTWRITEBYTECODE": "1"}
    return json.loads(
        run(container, "python3", "-c", code, json.dumps({**defaults(), **options}), environment=variables)
    )


def test_a_running_unit(host):
    seen = look_inside(host, unit="velo-sql")

    assert (seen["cause"], seen["origin"], seen["program"]) == ("ok", "process", "velo-sql")
    assert seen["details"]["active_state"] == "active"
    assert seen["variables"] == {
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=********,x-scope-orgid=team-a",
        "OTEL_SERVICE_NAME": "drop-in",
        "RUST_LOG": "velostream=debug",
    }
    assert seen["options"]["--sampling-mode"] == "prod"
    assert seen["effective"]["endpoint"]["value"] == "http://tempo:4318"
    assert seen["effective"]["service_name"]["value"] == "velo-sql-trades.sql"
    assert seen["effective"]["new_traces_share"]["value"] == 0.0
    assert seen["effective"]["log_level"]["shows_spans"] is True


def test_the_same_process_by_name_and_by_pid_file(host):
    pid = run(host, "systemctl", "show", "--property=MainPID", "--value", "velo-sql").strip()
    write(host, "/run/velo-sql.pid", pid)

    by_name, by_file = look_inside(host, process_name="velo-sql"), look_inside(host, pid_file="/run/velo-sql.pid")

    assert by_name["pids"] == by_file["pids"] == [int(pid)]
    assert by_name["effective"] == by_file["effective"]


def test_a_stopped_unit_shows_what_it_would_start_with(host):
    run(host, "systemctl", "stop", "velo-sql")

    seen = look_inside(host, unit="velo-sql")

    assert (seen["cause"], seen["found"], seen["origin"]) == ("process_not_found", False, "unit")
    assert seen["details"]["active_state"] == "inactive"
    assert seen["variables"]["OTEL_SERVICE_NAME"] == "drop-in"
    assert seen["variables"]["OTEL_EXPORTER_OTLP_HEADERS"].startswith("authorization=********")
    assert seen["effective"]["endpoint"]["value"] == "http://tempo:4318"


def test_a_unit_that_does_not_exist(host):
    assert look_inside(host, unit="nope")["cause"] == "process_not_found"


def velo_sql(run_container, base_image, **options):
    """A container whose main process is called velo-sql."""
    words = " ".join(f"'{word}'" for word in ["-c", WAIT, *OPTIONS])
    return run_container(
        base_image,
        ["bash", "-c", f"exec -a velo-sql python3 {words}"],
        environment={"OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer {SECRET}", "RUST_LOG": "warn"},
        **options,
    )


def test_a_containers_process_as_it_really_runs(run_container, base_image):
    container = velo_sql(run_container, base_image)

    def seen():
        result = environment.run({**defaults(), "container": container.name})
        return result if result["program"] == "velo-sql" else None

    # bash becomes the program a moment after the start.
    found = wait_until(seen, 10, "the program to replace its shell")

    assert (found["own_network"], found["own_listener"], found["details"]) == (True, False, {"state": "running"})
    assert found["variables"] == {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=********", "RUST_LOG": "warn"}


def test_a_containers_process_behind_an_init_and_a_shell(run_container, base_image):
    words = " ".join(f"'{word}'" for word in ["-c", WAIT, *OPTIONS])
    line = f'bash -c "exec -a velo-sql python3 {words}"; true'
    container = run_container(base_image, ["bash", "-c", line], environment={"RUST_LOG": "warn"}, init=True)

    def seen():
        result = environment.run({**defaults(), "container": container.name})
        return result if result["program"] == "velo-sql" else None

    found = wait_until(seen, 10, "the shell to start the program")

    assert len(found["pids"]) == 3
    assert found["effective"]["sampler"]["from"] == "velostream"


def test_a_collector_beside_a_container_is_seen(run_container, base_image):
    container = velo_sql(run_container, base_image)
    listens = "import socket, time; server = socket.create_server(('127.0.0.1', 4318)); time.sleep(600)"
    run_container(base_image, ["python3", "-c", listens], network_mode=f"container:{container.id}")

    def seen():
        result = environment.run({**defaults(), "container": container.name})
        return result if result["own_listener"] else None

    assert wait_until(seen, 20, "the other container's receiver to be seen")["own_network"] is True


def test_a_stopped_containers_configuration(run_container, base_image):
    container = velo_sql(run_container, base_image, start=False)

    seen = json.loads(collect({"environment": {"container": container.name}}).split(" => ", 1)[1])["evidence"][
        "environment"
    ]

    assert (seen["ok"], seen["cause"], seen["origin"]) == (False, "process_not_found", "container")
    assert seen["variables"]["RUST_LOG"] == "warn"


def collect(probes, *options):
    """What Ansible prints of the module `collect` on this host."""
    words = ["ansible", "localhost", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}", *options]
    words += ["-m", "traceops.tracing.collect", "-a", json.dumps({"probes": probes})]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done.stdout


def test_collect_shows_no_secret_of_any_host_probe(run_container, base_image):
    container = velo_sql(run_container, base_image)
    probes = {
        "containers": {"names": [container.name]},
        "environment": {"container": container.name},
        "clock": {"tempo_url": f"http://user:{SECRET}@127.0.0.1:1", "token": SECRET, "headers": {"X-Key": SECRET}},
    }

    printed = collect(probes, "-vvv", "--diff")

    assert '"authorization=********"' in printed
    assert '"cause": "connection_refused"' in printed


def test_a_dead_engine_is_evidence_and_hides_nothing_else():
    probes = {
        "containers": {"names": ["velo-tempo"], "docker_host": "unix:///nowhere.sock"},
        "clock": {"tempo_url": "http://127.0.0.1:1"},
    }

    seen = json.loads(collect(probes).split(" => ", 1)[1])["evidence"]

    assert (seen["containers"]["ok"], seen["containers"]["cause"]) == (False, "daemon_unreachable")
    assert seen["containers"]["missing"] == ["velo-tempo"]
    assert (seen["clock"]["ok"], seen["clock"]["cause"]) == (False, "connection_refused")


PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - traceops.tracing.collect:
        probes:
          clock: {tempo_url: "{{ url }}", token: "{{ secret }}", headers: {X-Key: "{{ secret }}"}}
    - traceops.tracing.grafana_datasource_test:
        grafana_url: "{{ url }}"
        token: "{{ secret }}"
"""


def processes_with(text):
    """The command lines and environments of processes on this machine that hold `text`."""
    found = []
    for name in ("cmdline", "environ"):
        for entry in Path("/proc").glob(f"[0-9]*/{name}"):
            with contextlib.suppress(OSError):
                if text.encode() in entry.read_bytes():
                    found.append(entry)
    return found


def test_a_token_is_in_no_process_listing_while_it_is_used(tmp_path):
    secret = uuid.uuid4().hex  # other tests run beside this one, and have theirs in processes
    asked = []

    def handle(connection):
        # The moment of use: the request has arrived, and the module waits.
        request = connection.recv(65536)
        asked.append((secret.encode() in request, processes_with(secret)))
        connection.sendall(http_answer(200, b"ready", "text/plain", "Date: Mon, 23 Nov 2026 12:00:00 GMT"))

    (tmp_path / "play.yml").write_text(PLAYBOOK)
    with tcp_server(handle) as port:
        (tmp_path / "vars.json").write_text(json.dumps({"url": f"http://127.0.0.1:{port}", "secret": secret}))
        words = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-vvv", "-e", "@vars.json", "play.yml"]
        words += ["-e", f"ansible_python_interpreter={sys.executable}"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"cause": "ok"' in done.stdout
    assert secret not in done.stdout + done.stderr
    assert len(asked) == 4
    assert all(sent and not listed for sent, listed in asked)
