"""log_grep on the journal of a real systemd, and on the logs of real containers."""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

import pytest
from docker.models.containers import Container

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import profiles
from ansible_collections.traceops.tracing.tests.integration.docker_engine import wait_until
from ansible_collections.traceops.tracing.tests.unit.logs.looking import look

ROOT = Path(__file__).resolve().parents[6]  # the directory that has ansible_collections

PROBE = """
import json, sys
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe import logs
options = {name: spec.get("default") for name, spec in logs.ARGUMENT_SPEC.items()}
try:
    print(json.dumps(logs.run({**options, **json.loads(sys.argv[1])})))
except ProbeFailure as failure:
    print(json.dumps({"ok": False, "cause": failure.cause, "message": failure.message}))
"""

# Says who it is, then what it is told to say, line by line.
APP = """#!/bin/sh
echo "app starting as $$"
echo "run $(cat /run/app-run 2>/dev/null)"
touch /run/app-says
tail -n +1 -f /run/app-says
"""

PATTERNS = {"starting": "app starting", "run": r"run (?P<run>\w+)", "said": r"said (?P<word>\w+)"}


def sh(container: Container, script: str) -> str:
    code, output = container.exec_run(["sh", "-c", script])
    assert code == 0, f"{script}: {output.decode()}"
    return output.decode()


def probe_inside(container: Container, user: str = "root", **options: t.Any) -> dict[str, t.Any]:
    _code, output = container.exec_run(
        ["env", "PYTHONPATH=/collection", "PYTHONDONTWRITEBYTECODE=1", "python3", "-c", PROBE, json.dumps(options)],
        user=user,
    )
    result: dict[str, t.Any] = json.loads(output)
    return result


@pytest.fixture
def host(systemd_host: t.Callable[..., Container]) -> Container:
    """A machine with systemd and journald whose unit app.service is in its first run."""
    container = systemd_host(
        volumes={
            str(ROOT): {"bind": "/collection", "mode": "ro"},
        }
    )
    sh(container, "echo one > /run/app-run")
    start_unit(container, "app", APP)
    says(container, "first")
    return container


def start_unit(container: Container, name: str, script: str, settings: str = "") -> None:
    program = f"/usr/local/bin/{name}"
    unit = f"[Service]\nExecStart={program}\n{settings}\n"
    for path, text in ((program, script), (f"/etc/systemd/system/{name}.service", unit)):
        sh(container, f"cat > {path} <<'END'\n{text.lstrip()}END")
    sh(container, f"chmod +x {program}; systemctl daemon-reload; systemctl start {name}")


def says(container: Container, word: str) -> None:
    """Let the app write a line, and wait until the journal has it."""
    sh(container, f"echo 'said {word}' >> /run/app-says")
    wait_until(lambda: f"said {word}" in sh(container, "journalctl -q -u app --no-pager"), 20, "the journal")


def test_the_journal_of_a_unit(host: Container) -> None:
    result = probe_inside(host, unit="app.service", patterns=PATTERNS, context=1)
    assert (result["ok"], result["message"]) == (True, "3 of 3 patterns found in 1 source")
    said = result["patterns"]["said"]
    assert (said["count"], said["count_since_start"], said["captures"]["word"]["last"]) == (1, 1, "first")
    assert said["first"]["file"] == "journal:app.service"
    now = float(sh(host, "date +%s"))
    assert abs(now - _epoch(said["first"]["time"])) < 60
    assert "run one" in said["samples"][0]["before"][0]


def test_a_restart_and_a_rotation_of_the_journal_in_the_middle(host: Container) -> None:
    sh(host, "journalctl --rotate")
    says(host, "second")
    sh(host, "systemctl stop app; rm /run/app-says; echo two > /run/app-run; systemctl start app")
    says(host, "third")
    sh(host, "journalctl --rotate")
    says(host, "fourth")
    result = probe_inside(host, unit="app", patterns=PATTERNS)
    assert {name: (found["count"], found["count_since_start"]) for name, found in result["patterns"].items()} == {
        "starting": (2, 1), "run": (2, 1), "said": (4, 2),
    }  # fmt: skip
    assert result["patterns"]["run"]["captures"]["run"]["values"] == {"one": 1, "two": 1}


# Systemd notes the start of a forking program when it has forked, and by then it may have written.
FORKS = """#!/bin/sh
echo "app starting"; sleep 0.5
sleep 300 &
"""

CRASHES_TWICE = """#!/bin/sh
echo x >> /run/runs; echo "run r$(wc -l < /run/runs)"
[ "$(wc -l < /run/runs)" -ge 3 ] || exit 1
sleep 300
"""


def test_a_program_that_writes_before_systemd_notes_its_start(host: Container) -> None:
    start_unit(host, "forks", FORKS, "Type=forking")
    sh(host, "systemctl restart forks")
    starting = probe_inside(host, unit="forks", patterns=PATTERNS)["patterns"]["starting"]
    assert (starting["count"], starting["count_since_start"]) == (2, 1)


def test_a_program_that_systemd_restarts_by_itself(host: Container) -> None:
    start_unit(host, "crashes", CRASHES_TWICE, "Restart=on-failure\nRestartSec=10ms")
    wait_until(lambda: "run r3" in sh(host, "journalctl -q -u crashes --no-pager"), 20, "the third run")
    run = probe_inside(host, unit="crashes", patterns=PATTERNS)["patterns"]["run"]
    assert (run["count"], run["count_since_start"], run["captures"]["run"]["last"]) == (3, 1, "r3")


def test_time_bounds_in_the_journal(host: Container) -> None:
    time.sleep(1.1)  # the journal's own clock has to move on
    between = sh(host, "date +%s.%N").strip()[:14]
    says(host, "late")
    late = probe_inside(host, unit="app", patterns=PATTERNS, since=between)
    early = probe_inside(host, unit="app", patterns=PATTERNS, until=between)
    assert late["patterns"]["said"]["captures"]["word"]["values"] == {"late": 1}
    assert early["patterns"]["said"]["captures"]["word"]["values"] == {"first": 1}


def test_a_unit_that_is_not_there(host: Container) -> None:
    result = probe_inside(host, unit="nope.service", patterns=PATTERNS)
    assert (result["cause"], result["message"]) == (
        "not_found", "unit: there is no unit 'nope.service', and the journal has nothing of it",
    )  # fmt: skip


def test_a_unit_that_has_said_nothing(host: Container) -> None:
    sh(host, "printf '[Service]\\nExecStart=/bin/true\\n' > /etc/systemd/system/quiet.service; systemctl daemon-reload")
    result = probe_inside(host, unit="quiet", patterns=PATTERNS)
    assert (result["ok"], result["bytes_read"]) == (True, 0)


def test_the_name_of_a_unit_is_never_an_option(host: Container) -> None:
    result = probe_inside(host, unit="--file=/etc/passwd", patterns={"root": "root"})
    assert result["ok"] is False


def test_a_user_who_may_not_read_the_journal(host: Container) -> None:
    result = probe_inside(host, user="nobody", unit="app", patterns=PATTERNS)
    assert (result["ok"], result["cause"]) == (False, "permission_denied")


def test_a_host_without_a_journal(run_container: t.Callable[..., Container], base_image: str) -> None:
    container = run_container(base_image, ["sleep", "60"], volumes={str(ROOT): {"bind": "/collection", "mode": "ro"}})
    sh(container, "rm -f /bin/journalctl /usr/bin/journalctl")
    result = probe_inside(container, unit="app", patterns=PATTERNS)
    assert (result["cause"], result["message"]) == ("journal_unavailable", "unit: there is no journalctl on this host")


# Containers.

TALKER = """
n=$(cat /count 2>/dev/null || echo 0); n=$((n + 1)); echo $n > /count
echo "app starting"; echo "run r$n"; echo "said out$n"; echo "said err$n" >&2
sleep 300
"""


def container_log(container: Container, **options: t.Any) -> dict[str, t.Any]:
    return look([], PATTERNS, container=container.name, **options)


def logged(container: Container, text: str) -> None:
    wait_until(lambda: text.encode() in container.logs(), 20, f"the log of {container.name}")


@pytest.fixture
def talker(run_container: t.Callable[..., Container], base_image: str) -> Container:
    container = run_container(base_image, ["sh", "-c", TALKER])
    logged(container, "said err1")
    return container


def test_the_log_of_a_container(talker: Container) -> None:
    result = container_log(talker)
    said = result["patterns"]["said"]
    assert said["captures"]["word"]["values"] == {"out1": 1, "err1": 1}
    assert (said["count"], said["count_since_start"]) == (2, 2)
    assert said["first"]["file"] == f"container:{talker.name}"
    assert abs(time.time() - _epoch(said["first"]["time"])) < 60


def test_a_container_that_was_restarted(talker: Container) -> None:
    talker.restart(timeout=1)
    logged(talker, "said err2")
    patterns = container_log(talker)["patterns"]
    assert {name: (found["count"], found["count_since_start"]) for name, found in patterns.items()} == {
        "starting": (2, 1), "run": (2, 1), "said": (4, 2),
    }  # fmt: skip
    assert patterns["run"]["captures"]["run"]["last"] == "r2"


def test_a_container_that_is_stopped_and_time_bounds(talker: Container) -> None:
    time.sleep(0.2)
    between = f"{time.time():.3f}"
    talker.stop(timeout=1)
    talker.start()
    logged(talker, "said err2")
    talker.stop(timeout=1)
    late = container_log(talker, since=between)["patterns"]["said"]
    early = container_log(talker, until=between)["patterns"]["said"]
    assert (late["count"], late["count_since_start"]) == (2, 2)
    assert (early["count"], early["count_since_start"]) == (2, 0)


def test_a_container_whose_log_is_rotated(run_container: t.Callable[..., Container], base_image: str) -> None:
    container = run_container(
        base_image,
        ["sh", "-c", "for n in $(seq 2000); do echo said w$n; done; echo run done; sleep 300"],
        log_config={"Type": "json-file", "Config": {"max-size": "20k", "max-file": "3"}},
    )
    logged(container, "run done")
    result = container_log(container)
    kept = container.logs().count(b"said")
    assert 0 < kept < 2000
    assert result["patterns"]["said"]["count"] == kept
    assert result["patterns"]["said"]["captures"]["word"]["last"] == "w2000"


def test_a_container_that_is_not_there(docker_engine: t.Any) -> None:
    with pytest.raises(ProbeFailure) as caught:
        look([], PATTERNS, container="traceops-nope")
    assert (caught.value.cause, caught.value.message) == (
        "not_found", "container: there is no container 'traceops-nope'",
    )  # fmt: skip


def test_an_engine_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProbeFailure) as caught:
        look([], PATTERNS, container="any", docker_host=f"unix://{tmp_path}/none.sock")
    assert caught.value.cause == "daemon_unreachable"
    assert caught.value.message.startswith("container: no Docker Engine answers at ")


def _epoch(iso: str) -> float:
    import calendar

    return calendar.timegm(time.strptime(iso[:19], "%Y-%m-%dT%H:%M:%S"))


# One log, three places.

RECORDINGS = Path(__file__).parents[2] / "unit" / "logs" / "sdk_recordings" / "reported"
SAME = (
    "java-sdk1.68.0-h-404.log",
    "nodejs-n053-g-401.log",
    "nodejs-nnew-g-partial.log",
    "python-v115-g-403.log",
    "go-gnew-e-headers.log",
    "rust-rnew-e-sampler.log",
)


def meant(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """What findings are made of: no times, no places."""
    patterns = {name: (found["count"], found["captures"]) for name, found in result["patterns"].items()}
    reasons = {
        cause: (reason["count"], reason["count_since_start"], reason["words"])
        for cause, reason in result["reasons"].items()
    }
    return {"patterns": patterns, "reasons": reasons, "recognised": result["recognised"]}


def test_the_same_lines_mean_the_same_in_a_file_a_journal_and_a_container(
    host: Container, run_container: t.Callable[..., Container], base_image: str
) -> None:
    patterns = profiles.resolve({"profiles": ["auto"]}, str)["patterns"]
    logs = {f"sdk{number}": RECORDINGS / name for number, name in enumerate(SAME)}
    for name, path in logs.items():
        host.exec_run(["sh", "-c", f'printf %s "$1" > /var/log/{name}.log', "write", path.read_text()])
        start_unit(host, name, f"#!/bin/sh\ncat /var/log/{name}.log; exec sleep 300\n")
    for name, path in logs.items():
        told = run_container(base_image, ["sh", "-c", 'printf %s "$1"; sleep 300', "tell", path.read_text()])
        last = path.read_text().splitlines()[-1].strip()
        logged(told, last)
        journal = f"journalctl -q -u {name} --no-pager -o cat"
        wait_until(lambda last=last, journal=journal: last in sh(host, journal), 20, "the journal")

        in_file = probe_inside(host, paths=[f"/var/log/{name}.log"], patterns=patterns)
        in_journal = probe_inside(host, unit=name, patterns=patterns)
        in_container = look([], patterns, container=told.name)

        assert in_file["reasons"] or any(found["count"] for found in in_file["patterns"].values()), path.name
        assert meant(in_journal) == meant(in_file), path.name
        assert meant(in_container) == meant(in_file), path.name
