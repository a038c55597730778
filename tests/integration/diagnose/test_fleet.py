"""Many hosts: each is visited once, a shared backend asked once, equal causes are one line, the dead stay visible."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import ansible_mitogen
import pytest

from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET, Run, assert_clean, run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.servers import closed_port, tcp_server

LOCAL = "ansible_connection=local ansible_python_interpreter={{ansible_playbook_python}}"


def shared(url: str) -> str:
    """The same server under a name that does not say loopback, so that hosts can share it."""
    return url.replace("127.0.0.1", "2130706433")


def diagnose(tmp_path: Path, lab: Lab, inventory: list[str], *args: str, **more: Any) -> Run:
    hosts = tmp_path / "inventory"
    hosts.write_text("\n".join(["[app]", *inventory]) + "\n", encoding="utf-8")
    urls = {name: shared(lab.variables[name]) for name in ("diagnose_tempo_url", "diagnose_grafana_url")}
    variables = {**lab.variables, **urls, **more}
    return run_playbook("diagnose", tmp_path, variables, "-i", str(hosts), *args)


def test_hosts_that_share_a_backend_ask_it_once(tmp_path: Path) -> None:
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        run = diagnose(tmp_path, lab, [f"app0{n} {LOCAL}" for n in (1, 2, 3)])
    assert_clean(run)
    assert run.report is not None
    assert run.verdict["status"] == "ok", run.output
    assert list(run.report["evidence"]["hosts"]) == ["app01", "app02", "app03"]
    (backend,) = run.report["evidence"]["backends"].values()
    assert backend["hosts"] == ["app01", "app02", "app03"]
    assert sorted(backend["canaries"]["found"]) == ["app01", "app02", "app03"]


def test_hosts_with_another_python_than_the_controller_get_code_for_theirs(tmp_path: Path) -> None:
    # given hosts of one interpreter, some of which have a Python whose code is another one's
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\nimportlib.util.MAGIC_NUMBER = b'\\0\\0\\r\\n'\n", encoding="utf-8"
    )
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nif [ -n "$ANOTHER" ]; then export PYTHONPATH={tmp_path}; fi\nexec {sys.executable} "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    way = f"ansible_connection=local ansible_python_interpreter={python}"
    other = f"""{way} ansible_shell_executable={tmp_path}/sh"""
    (tmp_path / "sh").write_text('#!/bin/sh\nexport ANOTHER=1\nexec /bin/sh "$@"\n', encoding="utf-8")
    (tmp_path / "sh").chmod(0o755)
    hosts = [*(f"app0{n} {way}" for n in (1, 2)), *(f"app0{n} {other}" for n in (3, 4)), f"app05 {way}"]
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        # when they are visited one after the other
        run = diagnose(tmp_path, lab, hosts, "--forks", "1")
    # then all of them are, and each has sent its canary
    assert_clean(run)
    assert run.report is not None
    assert run.verdict["status"] == "ok", run.output
    (backend,) = run.report["evidence"]["backends"].values()
    assert sorted(backend["canaries"]["found"]) == ["app01", "app02", "app03", "app04", "app05"]


def test_one_cause_on_many_hosts_is_one_root_cause(tmp_path: Path) -> None:
    with Lab(fault="otlp-refused", directory=tmp_path / "lab") as lab:
        lab.run_app()
        run = diagnose(tmp_path, lab, [f"app0{n} {LOCAL}" for n in (1, 2, 3)])
    assert run.root_causes == ["network.otlp.connection-refused"], run.output
    assert run.verdict["root_causes"][0]["hosts"] == ["app01", "app02", "app03"]


def test_an_unreachable_host_stays_in_the_report_and_stops_nobody(tmp_path: Path) -> None:
    dead = f"gone ansible_host=127.0.0.1 ansible_port={closed_port()} ansible_ssh_common_args='-o BatchMode=yes'"
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        run = diagnose(tmp_path, lab, [f"app01 {LOCAL}", dead])
    assert "Traceback" not in run.output
    assert run.report is not None, run.output
    assert run.report["evidence"]["hosts"]["gone"]["unreachable"] is True
    states = {finding["state"] for finding in run.report["findings"] if finding["host"] == "gone"}
    assert states == {"skipped"}
    assert run.verdict["status"] == "incomplete", "what a host would have said is decisive"
    assert "gone" in run.verdict["sentence"]


BREAKS = """
DOCUMENTATION = "{name: breaks, short_description: breaks, description: breaks, author: nobody, options: {}}"
from ansible.plugins.connection import local


class Connection(local.Connection):
    transport = "breaks"

    def exec_command(self, *args, **kwargs):
        raise RuntimeError("the stream ended\\n  File 'somewhere', line 1")
"""


def test_a_host_whose_connection_breaks_in_a_way_of_its_own_is_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a connection plugin with exceptions that are not Ansible's
    (tmp_path / "breaks.py").write_text(BREAKS, encoding="utf-8")
    monkeypatch.setenv("ANSIBLE_CONNECTION_PLUGINS", str(tmp_path))
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        run = diagnose(tmp_path, lab, [f"app01 {LOCAL}", f"gone {LOCAL} ansible_connection=breaks"])
    assert run.report is not None, run.output
    assert run.report["evidence"]["hosts"]["gone"]["reason"] == "no module can be run there: the stream ended"
    assert run.recap["gone"]["failed"] == 0
    assert run.recap["app01"]["failed"] == 0


def test_with_nothing_running_the_verdict_says_what_is_not_running(tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    variables = {"diagnose_otlp_endpoint": dead, "diagnose_tempo_url": dead, "diagnose_grafana_url": dead}
    run = run_playbook("diagnose", tmp_path, variables, timeout=60)
    assert_clean(run)
    assert run.root_causes == ["tempo-ingest.tempo.down", "grafana.server.unreachable"]
    assert "Tempo is not running" in run.verdict["sentence"]
    assert "Grafana is not running" in run.verdict["sentence"]


def test_a_tempo_that_never_answers_costs_one_time_out_and_little_more(tmp_path: Path) -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with tcp_server(silent) as api, tcp_server(silent) as receiver:
        urls = {
            "diagnose_tempo_url": f"http://127.0.0.1:{api}",
            "diagnose_otlp_endpoint": f"http://127.0.0.1:{receiver}",
        }
        nowhere = f"http://127.0.0.1:{closed_port()}"
        more = {"diagnose_service": "shop", "diagnose_timeout": 5, "diagnose_containers": []}
        run = run_playbook("diagnose", tmp_path, {**urls, **more, "diagnose_grafana_url": nowhere})
    assert_clean(run)
    assert run.root_causes == ["tempo-ingest.tempo.silent", "grafana.server.unreachable"]
    assert run.report is not None
    (host,), (backend,) = (run.report["evidence"][part].values() for part in ("hosts", "backends"))
    (application,) = host["applications"].values()
    seen = [found for part in (host, application, backend) for found in part.values() if isinstance(found, dict)]
    waits = [found["took"] for found in seen if "took" in found]
    # Before, 5 s were waited to count what Tempo has.
    assert sum(waits) < 5, waits


RESCUE = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Prove it
      block:
        - ansible.builtin.fail:
          when: inventory_hostname == 'app02'
      rescue:
        - ansible.builtin.include_role:
            name: traceops.tracing.diagnose
"""


def test_in_a_rescue_only_the_hosts_that_come_there_are_diagnosed(tmp_path: Path) -> None:
    # given three hosts of a play, one of which fails
    inventory, play, given = (tmp_path / name for name in ("inventory", "rescue.yml", "given.json"))
    inventory.write_text("\n".join(f"app0{n} {LOCAL}" for n in (1, 2, 3)) + "\n", encoding="utf-8")
    play.write_text(RESCUE, encoding="utf-8")
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        settings = {**lab.variables, "diagnose_report_dir": str(tmp_path / "report")}
        given.write_text(json.dumps(settings), encoding="utf-8")
        done = subprocess.run(
            ["ansible-playbook", "-i", str(inventory), "-e", f"@{given}", str(play)],
            env={**os.environ, **QUIET},
            check=False,
            capture_output=True,
            text=True,
        )
    # then the play goes on with a report of that host alone
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report/report.json").read_text(encoding="utf-8"))
    assert list(report["evidence"]["hosts"]) == ["app02"]


PLAY = """
- hosts: app
  gather_facts: false
  {how}
  roles:
    - role: traceops.tracing.diagnose
"""


def play(tmp_path: Path, how: str) -> tuple[str, Path]:
    """What a play of two hosts prints that goes about them so, and where its reports are."""
    inventory, book, given = (tmp_path / name for name in ("inventory", "own.yml", "given.json"))
    inventory.write_text("\n".join(["[app]", *(f"app0{n} {LOCAL}" for n in (1, 2))]) + "\n", encoding="utf-8")
    book.write_text(PLAY.format(how=how), encoding="utf-8")
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        urls = {name: shared(lab.variables[name]) for name in ("diagnose_tempo_url", "diagnose_grafana_url")}
        more = {"diagnose_report_dir": str(tmp_path / "report"), "diagnose_discover": False}
        settings = {**lab.variables, **urls, **more}
        given.write_text(json.dumps(settings), encoding="utf-8")
        command = ["ansible-playbook", "-i", str(inventory), "-e", f"@{given}", str(book)]
        done = subprocess.run(command, env={**os.environ, **QUIET}, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr, tmp_path / "report"


def hosts_of(reports: Path) -> list[str]:
    return list(json.loads((reports / "report.json").read_text(encoding="utf-8"))["evidence"]["hosts"])


def test_the_report_of_a_serial_play_covers_all_batches(tmp_path: Path) -> None:
    said, reports = play(tmp_path, "serial: 1")
    assert hosts_of(reports) == ["app01", "app02"], said
    report = json.loads((reports / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"]["status"] == "ok", said
    (backend,) = report["evidence"]["backends"].values()
    assert backend["hosts"] == ["app01", "app02"]
    assert sorted(backend["canaries"]["found"]) == ["app01", "app02"], "those of the first batch are still known"


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_where_hosts_do_not_wait_for_each_other_the_last_one_judges_all(tmp_path: Path, strategy: str) -> None:
    said, reports = play(tmp_path, f"strategy: {strategy}")
    assert hosts_of(reports) == ["app01", "app02"], said
    assert said.count("No fault found") == 1, said
    assert "failed=0" in said


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_hosts_are_visited_through_mitogen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: str) -> None:
    # given mitogen's strategies, of whose kind ansible-core 2.19 says that they will go
    monkeypatch.setenv("ANSIBLE_STRATEGY_PLUGINS", str(Path(ansible_mitogen.__file__).parent / "plugins" / "strategy"))
    monkeypatch.setenv("ANSIBLE_DEPRECATION_WARNINGS", "False")
    said, reports = play(tmp_path, f"strategy: mitogen_{strategy}")
    assert hosts_of(reports) == ["app01", "app02"], said
    assert said.count("No fault found") == 1, said
    assert "failed=0" in said
