"""The role `watch` on a host with a real systemd: its timer fires, a fault comes, and it is removed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.discover import programs
from ansible_collections.traceops.tracing.tests.integration.discover.host import Host
from ansible_collections.traceops.tracing.tests.integration.docker_engine import (
    LABEL,
    SYSTEMD,
    booted,
    image,
    wait_until,
)
from ansible_collections.traceops.tracing.tests.integration.playbook import Run, run_playbook
from ansible_collections.traceops.tracing.tests.integration.watch import tools

ROOT = Path(__file__).resolve().parents[3]
FILES = ROOT / "roles/watch/files"
STATE = "/var/lib/traceops-watch"
TEXTFILE = "/var/lib/prometheus/node-exporter/traceops.prom"
SECRET = "s3ntinel-Pa55word"
FAULT, CAUSE = "grafana-wrong-url", "grafana.datasource.unreachable"
# Writes each body that comes as a line.
RECEIVER = """import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/tmp/told", "ab") as file:
            file.write(body + b"\\n")
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8099), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def host(docker_engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host with the lab on the usual ports, and somebody who is told."""
    require(shutil.which("ssh") and shutil.which("ssh-keygen"), "ssh and ssh-keygen")
    built = image(docker_engine, "watch", (*SYSTEMD, "python3-venv", "iproute2"))
    started = []

    def run(reference: str, command: list[str], **options: Any) -> Any:
        container = docker_engine.containers.create(reference, command, labels={LABEL: "1"}, **options)
        started.append(container)
        container.start()
        container.reload()
        return container

    asked = docker_engine.containers.run(
        built, ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], remove=True
    )
    wheels = {str(tools.wheels(asked.decode().strip())): {"bind": "/opt/wheels", "mode": "ro"}}
    mounts = {**programs.collection(), **programs.backends(), **wheels}
    try:
        found = Host("watch01", booted(run, built, mounts, hostname="watch01"), tmp_path_factory.mktemp("host"))
        found.write("/opt/receiver.py", RECEIVER)
        found.unit("receiver", "/usr/bin/python3 /opt/receiver.py")
        lab(found)
        yield found
    finally:
        for container in started:
            container.remove(force=True, v=True)


def lab(host: Host, *arguments: str) -> None:
    """(Re)start the lab, and wait until its application has run."""
    words = ["/usr/bin/python3 -m ansible_collections.traceops.tracing.tests.lab --directory /var/lab", *arguments]
    host.run("rm -f /tmp/lab-is-up")
    path = "PYTHONPATH=/collection:/opt/lab PYTHONDONTWRITEBYTECODE=1"
    host.unit("lab", " ".join(words), Environment=path, StandardOutput="file:/tmp/lab-is-up")
    wait_until(lambda: host.run("cat /tmp/lab-is-up 2>/dev/null; true"), 60, "the lab")


class Watch:
    """Plays `traceops.tracing.watch` against the host."""

    def __init__(self, host: Host, directory: Path) -> None:
        self.host, self.directory = host, directory
        told = json.loads(host.run("cat /var/lab/variables.json"))
        self.variables = {
            "watch_hosts": "watch01",
            "watch_schedule": "*:0/4",  # and when the timer is started
            "watch_random_delay": "0",
            "watch_keep": 2,
            "watch_variables": {**told, "diagnose_discover": False, "diagnose_containers": []},
            "watch_webhook_url": f"http://127.0.0.1:8099/{SECRET}",
            "watch_webhook_headers": {"Authorization": f"Bearer {SECRET}"},
            "watch_pip_wheels": "/opt/wheels",
            "watch_ansible_core": tools.PACKAGES[0],
        }

    def play(self, *args: str, **more: Any) -> Run:
        inventory = self.directory / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"watch01": self.host.inventory()}}}), encoding="utf-8")
        given = {**self.variables, **{f"watch_{name}": value for name, value in more.items()}}
        run = run_playbook("watch", self.directory, given, "-i", str(inventory), *args, timeout=600)
        assert run.code == 0, run.output
        assert "Traceback" not in run.output, run.output
        assert "[WARNING]" not in run.output, run.output
        assert SECRET not in run.output, run.output
        return run

    def changed(self, *args: str, **more: Any) -> int:
        return self.play(*args, **more).recap["watch01"]["changed"]

    def quiet(self) -> None:
        """No run goes on and none comes."""
        self.host.run("systemctl stop traceops-watch.timer")
        wait_until(lambda: self.service("ActiveState") in ("inactive", "failed"), 120, "the run to end")

    def next_run(self) -> dict[str, Any]:
        """The report of the next run that the timer starts."""
        before = self.latest()
        self.host.run("systemctl start traceops-watch.timer")
        wait_until(lambda: self.latest() not in ("", before), 120, "a report of a run that the timer started")
        report: dict[str, Any] = json.loads(self.host.run(f"cat {STATE}/latest/report.json"))
        return report

    def latest(self) -> str:
        return self.host.run(f"readlink {STATE}/latest; true")

    def service(self, name: str) -> str:
        return self.host.run(f"systemctl show -P {name} traceops-watch.service")

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.host.run("cat /tmp/told 2>/dev/null; true").splitlines()]

    def files(self) -> str:
        return self.host.run(
            "ls -d /opt/traceops-watch /etc/traceops-watch /etc/systemd/system/traceops* 2>/dev/null; true"
        )


@pytest.fixture(scope="module")
def watch(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """The watch as it is after its first run; it is installed in the usual sequence."""
    found = Watch(host, tmp_path_factory.mktemp("watch"))
    host.run(f"mkdir -p {Path(TEXTFILE).parent}")
    assert found.changed("--check", "--diff") > 0
    assert found.files() == ""
    assert found.changed("-vvv", "--diff") > 0
    wait_until(found.latest, 180, "the first run")
    return found


def metric(host: Host, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", host.run(f"cat {TEXTFILE}"), re.M)
    assert found is not None, name
    return float(found[1])


def test_nothing_changes_the_second_time(watch: Watch) -> None:
    assert watch.changed("--check") == 0
    assert watch.changed() == 0


def test_a_fault_is_told_once_and_the_reports_rotate(watch: Watch, host: Host) -> None:
    watch.quiet()
    assert watch.service("Result") == "success", host.run("journalctl -u traceops-watch --no-pager | tail -50")
    assert metric(host, 'traceops_status{status="ok"}') == 1, host.run(
        "journalctl -u traceops-watch --no-pager | tail -50"
    )
    assert watch.told() == []
    lab(host, "--fault", FAULT)
    report = watch.next_run()
    watch.quiet()
    assert [cause["id"] for cause in report["verdict"]["root_causes"]] == [CAUSE]
    assert [entry["id"] for entry in report["baseline"]["new"]] == [CAUSE]
    (told,) = wait_until(watch.told, 10, "somebody to be told")
    assert (told["before"], told["status"], told["root_causes"][0]["id"]) == ("ok", "problem", CAUSE)
    assert watch.service("Result") == "success", "a problem that was found is no failure of the watch"
    watch.next_run()
    watch.quiet()
    assert len(watch.told()) == 1, "the verdict is the same"
    wait_until(lambda: len(host.run(f"ls {STATE}/reports").split()) == 2, 10, "no more than two reports to be kept")
    assert metric(host, 'traceops_status{status="problem"}') == 1
    assert metric(host, "traceops_watch_report_written") == 1
    assert metric(host, 'traceops_watch_canary_visible_seconds{by="id",hop="otlp"}') >= 0


def test_metrics_and_rules_are_what_prometheus_takes(watch: Watch, host: Host, tmp_path: Path) -> None:
    program, written = tools.promtool(), host.run(f"cat {TEXTFILE}") + "\n"
    checked = subprocess.run([program, "check", "metrics"], input=written, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    shutil.copy(FILES / "traceops-rules.yml", tmp_path)
    shutil.copy(Path(__file__).with_name("rules_test.yml"), tmp_path)
    for words in (["check", "rules", "traceops-rules.yml"], ["test", "rules", "rules_test.yml"]):
        done = subprocess.run([program, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    there = set(re.findall(r"^# TYPE (\w+)", written, re.M))
    for name in ("traceops-rules.yml", "traceops-dashboard.json"):
        assert set(re.findall(r"traceops_\w+", (FILES / name).read_text(encoding="utf-8"))) <= there


def test_secrets_are_for_root_alone_and_on_no_command_line(watch: Watch, host: Host) -> None:
    assert host.run("stat -c %a /etc/traceops-watch /etc/traceops-watch/*.json").split() == ["700", "600", "600", "600"]
    seen = host.run(
        "systemctl cat traceops-watch.service traceops-watch.timer; journalctl -u traceops-watch --no-pager"
    )
    assert SECRET not in seen
    assert "url_password" not in host.run("journalctl --no-pager"), "what a probe is asked is logged by nobody"
    assert SECRET not in host.run(f"grep -rl {SECRET} /opt/traceops-watch /etc/systemd {STATE} 2>/dev/null; true")


def test_a_run_that_hangs_is_ended_and_counted(watch: Watch, host: Host) -> None:
    watch.quiet()
    kept = watch.latest()
    assert watch.changed(timeout="2s") > 0
    wait_until(lambda: metric(host, "traceops_watch_report_written") == 0, 60, "a run that was ended")
    watch.quiet()
    assert metric(host, "traceops_watch_exit_status") == -1
    assert metric(host, 'traceops_status{status="problem"}') == 1, "the verdict is that of the last report"
    assert watch.latest() == kept
    assert host.run("pgrep ansible-playb; true") == ""


def test_it_is_removed(watch: Watch, host: Host) -> None:
    assert watch.changed(state="absent") > 0
    assert watch.files() == ""
    assert host.run(f"ls {TEXTFILE} 2>/dev/null; true") == ""
    assert host.run(f"ls {STATE}/latest/report.json"), "reports stay"
    assert watch.changed(state="absent") == 0
    assert watch.changed(state="absent", purge_reports=True) > 0
    assert host.run(f"ls {STATE} 2>/dev/null; true") == ""
