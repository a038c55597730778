"""Finding an application's processes: in a made-up /proc, and among the real ones."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._client import proc as proc_files
from ansible_collections.traceops.tracing.plugins.module_utils._probe import environment
from ansible_collections.traceops.tracing.plugins.module_utils._probe.environment import process
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.unit.containers.fake_engine import engine, inspection, recorded


def look(**options):
    defaults = {name: spec.get("default") for name, spec in environment.ARGUMENT_SPEC.items()}
    return environment.run({**defaults, **options})


def failure_of(**options):
    with pytest.raises(ProbeFailure) as failure:
        look(**options)
    return failure.value


def cause_of(**options):
    try:
        return look(**options)["cause"]
    except ProbeFailure as failure:
        return failure.cause


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """proc(pid, words, environment) adds a process to an otherwise empty /proc."""
    root = tmp_path / "proc"
    root.mkdir()
    monkeypatch.setattr(proc_files, "PROC", str(root))

    def add(pid, words, variables=None, comm=None):
        folder = root / str(pid)
        folder.mkdir()
        (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
        (folder / "environ").write_bytes(b"".join(f"{k}={v}\0".encode() for k, v in (variables or {}).items()))
        (folder / "comm").write_text((comm or os.path.basename(words[0] if words else "kworker"))[:15] + "\n")
        return folder

    add(1, ["/sbin/init"])
    return add


def test_a_process_by_the_name_of_its_program(proc):
    proc(20, ["/usr/bin/velo-sql", "deploy-app", "--enable-tracing"], {"OTEL_SERVICE_NAME": "shop", "HOME": "/"})
    proc(21, ["/usr/bin/velo-sqlx"])
    proc(22, ["tail", "-f", "velo-sql"])

    seen = look(process_name="velo-sql")

    assert (seen["ok"], seen["found"], seen["origin"], seen["pid"], seen["pids"]) == (True, True, "process", 20, [20])
    assert (seen["variables"], seen["options"]) == ({"OTEL_SERVICE_NAME": "shop"}, {"--enable-tracing": True})
    assert seen["program"] == "velo-sql"
    assert seen["message"] == "process_name 'velo-sql': pid 20 runs with 2 settings that concern tracing"


@pytest.mark.parametrize(
    "words",
    [
        ["/usr/bin/python3.11", "-u", "/srv/shop.py", "--port", "80"],
        ["python3", "-W", "ignore", "shop.py"],
        ["python", "-m", "shop.py"],
        ["java", "-Xmx1g", "-cp", "/lib/a.jar", "-javaagent:/otel.jar", "-jar", "/srv/shop.py"],
        ["node", "--require", "./tracing.js", "shop.py"],
        ["/srv/shop.py"],
    ],
)
def test_a_script_by_its_own_name(proc, words):
    proc(30, words)

    assert look(process_name="shop.py")["pids"] == [30]


@pytest.mark.parametrize(
    "words",
    [["python3", "-c", "shop.py"], ["python3", "other.py", "shop.py"], ["vi", "shop.py"], ["python3"], ["java", "-cp"]],
)
def test_a_name_that_is_only_an_argument_does_not_count(proc, words):
    proc(30, words)

    assert failure_of(process_name="shop.py").cause == "process_not_found"


def test_a_process_by_the_name_that_the_kernel_keeps(proc):
    proc(40, ["shop: worker process"], comm="shop")

    assert look(process_name="shop")["pids"] == [40]


def test_of_several_the_one_with_most_settings_is_described(proc):
    proc(50, ["/bin/shop"], {})
    proc(51, ["/bin/shop", "--worker"], {"OTEL_SERVICE_NAME": "shop", "OTEL_TRACES_EXPORTER": "otlp"})
    proc(52, ["/bin/shop", "--worker"], {"OTEL_SERVICE_NAME": "shop2", "OTEL_TRACES_EXPORTER": "otlp"})

    seen = look(process_name="shop")

    assert (seen["pids"], seen["pid"]) == ([50, 51, 52], 51)
    assert seen["differing"] == ["OTEL_SERVICE_NAME", "OTEL_TRACES_EXPORTER"]


def test_kernel_threads_and_zombies_have_no_command_line(proc):
    proc(60, [], comm="shop")

    assert failure_of(process_name="shop").cause == "process_not_found"


def test_bytes_that_are_no_text(proc):
    folder = proc(70, ["/bin/shop"])
    (folder / "environ").write_bytes(b"OTEL_SERVICE_NAME=sh\xffop\0NO_EQUALS\0=\0")

    assert look(process_name="shop")["variables"] == {"OTEL_SERVICE_NAME": "sh\ufffdop"}


def test_nothing_found_keeps_the_keys_of_a_success(proc):
    proc(80, ["/bin/shop"])
    success, failure = look(process_name="shop"), failure_of(process_name="other")

    assert failure.message == "process_name 'other': nothing runs on this host"
    assert set(failure.result) | {"cause"} == set(success)
    assert (failure.result["found"], failure.result["effective"]) == (False, {})


@pytest.mark.parametrize("name", ["/usr/bin/shop", " "])
def test_a_name_that_is_none(name):
    with pytest.raises(BadOption) as failure:
        look(process_name=name)

    assert f"process_name: '{name}' is not the name of a program" in failure.value.message


def test_a_pid_file(proc, tmp_path):
    proc(90, ["/bin/shop"])
    (tmp_path / "shop.pid").write_text("90\n")

    assert look(pid_file=str(tmp_path / "shop.pid"))["pids"] == [90]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no process id"),
        ("abc", "holds no process id"),
        ("-1", "holds no process id"),
        ("91\n", "nothing runs"),
    ],
)
def test_a_pid_file_that_leads_nowhere(proc, tmp_path, content, words):
    (tmp_path / "shop.pid").write_text(content)

    failure = failure_of(pid_file=str(tmp_path / "shop.pid"))

    assert failure.cause == "process_not_found"
    assert words in failure.message


def test_a_missing_pid_file_is_named(tmp_path):
    failure = failure_of(pid_file=str(tmp_path / "gone.pid"))

    assert failure.cause == "process_not_found"
    assert failure.message == f"pid_file: {tmp_path}/gone.pid cannot be read (No such file or directory)"


def test_a_pid_file_that_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert "is not a regular file" in failure_of(pid_file=str(tmp_path / "pipe")).message
    assert "is not a regular file" in failure_of(pid_file=str(tmp_path)).message


@pytest.fixture
def program():
    """A real process with tracing settings and a secret; yields its pid file's content."""
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    variables = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=s3cr3t-sentinel", "OTEL_SERVICE_NAME": "shop"}
    with subprocess.Popen(
        [sys.executable, "-c", code, "--otlp-endpoint", "http://u:s3cr3t-sentinel@tempo:4317"],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        running.stdout.readline()
        yield running
        running.kill()


def test_a_real_process(program, tmp_path):
    (tmp_path / "pid").write_text(str(program.pid))

    seen = look(pid_file=str(tmp_path / "pid"))

    assert seen["variables"] == {
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=********",
        "OTEL_SERVICE_NAME": "shop",
    }
    assert seen["own_network"] is False
    assert "s3cr3t-sentinel" not in str(seen)


@pytest.mark.parametrize(
    ("name", "local", "state", "ports", "found"),
    [
        ("tcp", "00000000:10DE", "0A", [4318], True),
        ("tcp6", "00000000000000000000000000000000:10DD", "0A", [4317, 4318], True),
        ("tcp", "0100007F:10DE", "01", [4318], False),
        ("tcp", "0100007F:10DE", "0A", [4317], False),
        ("tcp", "rubbish", "0A", [4318], False),
    ],
)
def test_who_listens_in_the_network_of_a_process(proc, name, local, state, ports, found):
    folder = proc(110, ["/bin/shop"], {}) / "net"
    folder.mkdir()
    (folder / "tcp").write_text("  sl  local_address rem_address   st\n\n")
    (folder / name).write_text(f"  sl  local_address rem_address   st\n   0: {local} 00000000:0000 {state} 0 0\n")

    assert proc_files.listens(110, ports) is found


def test_who_listens_in_a_network_that_can_not_be_read_is_not_known(proc):
    proc(110, ["/bin/shop"], {})

    assert proc_files.listens(110, [4318]) is None


def test_an_environment_that_this_user_may_not_read(program):
    require(os.geteuid() == 0, "root, to become a user without permission")
    # Not in tmp_path: pytest closes its directories to other users.
    with tempfile.NamedTemporaryFile("w") as pid_file:
        os.chmod(pid_file.name, 0o644)
        pid_file.write(str(program.pid))
        pid_file.flush()
        os.seteuid(65534)
        try:
            failure = failure_of(pid_file=pid_file.name)
        finally:
            os.seteuid(0)

    assert failure.cause == "permission_denied"
    assert failure.message.endswith("this user may not read its environment; become root")
    assert (failure.result["found"], failure.result["pids"]) == (True, [program.pid])


SHOW = """\
LoadState=loaded
ActiveState=inactive
SubState=dead
NRestarts=3
MainPID=0
ControlGroup=
Environment=OTEL_SERVICE_NAME=shop "OTEL_RESOURCE_ATTRIBUTES=team=a b"
EnvironmentFiles={file} (ignore_errors=no)
ExecStart={{ path=/usr/bin/velo-sql ; argv[]=/usr/bin/velo-sql deploy-app --enable-tracing ; ignore_errors=no ; pid=0 }}
"""


@pytest.fixture
def systemctl(monkeypatch):
    """systemctl(text): what `systemctl show` prints from now on; None: there is no systemd."""

    def says(text):
        monkeypatch.setattr(process, "output_of", lambda words, seconds: text)

    return says


def test_a_unit_that_does_not_run_shows_what_it_would_start(systemctl, tmp_path):
    settings = tmp_path / "shop.env"
    settings.write_text("# comment\nOTEL_SERVICE_NAME='shop-file'\n\nOTEL_TRACES_EXPORTER=none\n")
    systemctl(SHOW.format(file=settings))

    failure = failure_of(unit="shop")

    assert (failure.cause, failure.message) == ("process_not_found", "unit 'shop': nothing runs on this host")
    assert (failure.result["found"], failure.result["origin"]) == (False, "unit")
    assert failure.result["details"] == {
        "load_state": "loaded",
        "active_state": "inactive",
        "sub_state": "dead",
        "restarts": 3,
    }
    assert failure.result["variables"] == {
        "OTEL_RESOURCE_ATTRIBUTES": "team=a b",
        "OTEL_SERVICE_NAME": "shop-file",
        "OTEL_TRACES_EXPORTER": "none",
    }
    assert failure.result["options"] == {"--enable-tracing": True}


def test_a_units_main_process_is_the_application(systemctl, proc):
    proc(100, ["/usr/bin/velo-sql", "--enable-tracing"], {"OTEL_SERVICE_NAME": "shop"})
    systemctl(SHOW.format(file="").replace("MainPID=0", "MainPID=100").replace("inactive", "active"))

    seen = look(unit="shop")

    assert (seen["origin"], seen["pid"], seen["details"]["active_state"]) == ("process", 100, "active")


def test_a_unit_that_does_not_exist(systemctl):
    systemctl("LoadState=not-found\nActiveState=inactive\n")

    failure = failure_of(unit="nope")

    assert (failure.cause, failure.message) == ("process_not_found", "there is no systemd unit 'nope' on this host")


def test_a_host_without_systemd(systemctl):
    systemctl(None)

    assert failure_of(unit="shop").cause == "systemd_missing"


@pytest.mark.parametrize("unit", ["--host=evil", "velo-*", " "])
def test_a_unit_that_looks_like_an_option_or_a_pattern_is_refused(unit):
    with pytest.raises(BadOption) as failure:
        look(unit=unit)

    assert failure.value.message == f"unit: '{unit}' is not the name of a systemd unit"


def test_a_time_limit_that_is_none():
    with pytest.raises(BadOption):
        look(process_name="shop", timeout=0)


def test_a_search_that_does_not_end(monkeypatch):
    forever = threading.Event()
    monkeypatch.setattr(process, "by_name", lambda name: forever.wait())

    failure = failure_of(process_name="shop", timeout=0.05)

    assert (failure.cause, failure.message) == ("timeout", "process_name 'shop': not found within 0.05 s")
    forever.set()


def container_with(variables, **state):
    """Recorded exchanges in which velo-tempo was configured with these variables."""
    exchanges = recorded()
    inspected = inspection(exchanges, "velo-tempo")
    inspected["Config"]["Env"] = [*variables, "PATH=/bin"]
    inspected["State"].update(state)
    exchanges["GET /containers/velo-tempo/json"] = {"status": 200, "json": inspected}
    return exchanges, inspected


def test_a_containers_process_knows_more_than_its_configuration(proc):
    exchanges, inspected = container_with(["OTEL_SERVICE_NAME=configured"], Pid=110)
    # Its entrypoint has set one more variable and replaced itself.
    folder = proc(110, ["/tempo"], {"OTEL_SERVICE_NAME": "configured", "OTEL_TRACES_EXPORTER": "none"})
    (folder / "cgroup").write_text(f"0::/system.slice/docker-{inspected['Id']}.scope\n")

    with engine(exchanges) as server:
        seen = look(container="velo-tempo", docker_host=server.url)

    assert (seen["origin"], seen["pid"], seen["program"]) == ("process", 110, "tempo")
    assert seen["variables"] == {"OTEL_SERVICE_NAME": "configured", "OTEL_TRACES_EXPORTER": "none"}


@pytest.mark.parametrize(
    "main",
    [
        ["/sbin/docker-init", "--", "/velo-sql", "--enable-tracing", "--sampling-mode", "prod"],
        ["/bin/sh", "-c", "/velo-sql --enable-tracing --sampling-mode prod | tee /log"],
    ],
    ids=["init", "shell"],
)
def test_a_containers_application_is_seen_behind_what_starts_it(proc, main):
    exchanges, inspected = container_with([], Pid=110)
    for pid, words in ((110, main), (117, ["/velo-sql", "--enable-tracing", "--sampling-mode", "prod"])):
        (proc(pid, words, {"RUST_LOG": "warn"}) / "cgroup").write_text(f"0::/docker/{inspected['Id']}\n")

    with engine(exchanges) as server:
        seen = look(container="velo-tempo", docker_host=server.url)

    assert (seen["program"], seen["pids"]) == ("velo-sql", [110, 117])
    assert seen["effective"]["sampler"] == {"value": "parentbased_always_off", "from": "velostream"}
    assert seen["differing"] == []


def test_a_container_on_another_machine_is_known_by_its_configuration(proc):
    exchanges, _inspected = container_with(["OTEL_SERVICE_NAME=tempo"], Pid=110)
    # The same number is another program here.
    (proc(110, ["/bin/shop"], {"OTEL_SERVICE_NAME": "shop"}) / "cgroup").write_text("0::/user.slice\n")

    with engine(exchanges) as server:
        seen = look(container="velo-tempo", docker_host=server.url)

    assert (seen["origin"], seen["variables"]) == ("container", {"OTEL_SERVICE_NAME": "tempo"})
    assert (seen["details"], seen["own_network"]) == ({"state": "running"}, None)


def test_a_container_that_does_not_exist():
    with engine(recorded()) as server:
        failure = failure_of(container="nope", docker_host=server.url)

    assert (failure.cause, failure.message) == ("process_not_found", "there is no container 'nope'")


@pytest.mark.parametrize("key", ["State", "Config", "Path", "Args", "Id"])
def test_an_engine_that_answers_with_something_else(key):
    exchanges, inspected = container_with([])
    inspected[key] = 7

    with engine(exchanges) as server:
        assert cause_of(container="velo-tempo", docker_host=server.url) in ("ok", "engine_error")


def test_without_an_engine():
    assert failure_of(container="velo-app", docker_host="unix:///nowhere").cause == "daemon_unreachable"
