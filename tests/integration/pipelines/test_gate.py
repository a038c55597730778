"""What a fault stops in a play that goes on, and what later plays are told."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET, Run
from ansible_collections.traceops.tracing.tests.lab import Lab

EXAMPLES = Path(__file__).parents[3] / "docs/examples"
LOCAL = "ansible_connection=local ansible_python_interpreter={{ansible_playbook_python}} diagnose_discover=false"


def shared(url: str) -> str:
    """The same server under a name that does not say loopback, so that hosts can share it."""
    return url.replace("127.0.0.1", "2130706433")


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two hosts of prod, one of which exports to a port where nothing listens, and one of dev, which is healthy."""
    directory = tmp_path_factory.mktemp("gate")
    with Lab(directory=directory / "prod") as prod, Lab(directory=directory / "dev") as dev:
        with Lab(directory=directory / "closed", fault="otlp-refused") as closed:
            refusing = closed.variables["diagnose_otlp_endpoint"]
        for lab in (prod, dev):
            lab.run_app()
        told = {
            "prod1": {**prod.variables, "diagnose_otlp_endpoint": refusing},
            "prod2": prod.variables,
            "dev1": dev.variables,
        }
        lines = ["[app]"]
        for name, variables in told.items():
            said = {
                key: shared(value) if key in ("diagnose_tempo_url", "diagnose_grafana_url") else value
                for key, value in variables.items()
            }
            (directory / "host_vars").mkdir(exist_ok=True)
            (directory / f"host_vars/{name}.json").write_text(json.dumps(said), encoding="utf-8")
            lines.append(f"{name} {LOCAL}")
        (directory / "inventory").write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield directory / "inventory"


def play(inventory: Path, book: Path, directory: Path, *args: str) -> Run:
    done = subprocess.run(
        ["ansible-playbook", "-i", str(inventory), str(book), "-e", f"diagnose_report_dir={directory}/report", *args],
        cwd=directory,
        env={**os.environ, **QUIET, "ANSIBLE_PIPELINING": "1"},
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    report = directory / "report/report.json"
    return Run(done.returncode, done.stdout, stored.read(str(report)) if report.exists() else None, directory)


def in_service(run: Run) -> list[str]:
    """The hosts that the play went on with."""
    return [name for name in ("prod1", "prod2", "dev1") if f"{name} is in service" in run.output]


@pytest.mark.parametrize(
    ("gate", "on", "failed"),
    [
        ("environment", ["dev1"], ["prod1", "prod2"]),
        ("host", ["prod2", "dev1"], ["prod1"]),
        ("all", [], ["prod1", "prod2", "dev1"]),
        ("none", ["prod1", "prod2", "dev1"], []),
    ],
)
def test_a_fault_in_prod_stops(gate: str, on: list[str], failed: list[str], inventory: Path, tmp_path: Path) -> None:
    # when the example rolls out, and one host of prod cannot export
    run = play(inventory, EXAMPLES / "provision.yml", tmp_path, "-e", f"diagnose_gate={gate}")
    # then only the hosts that it reaches are left out, and the recap blames them
    assert run.root_causes == ["network.otlp.connection-refused"], run.output
    assert in_service(run) == on
    assert [name for name, counts in run.recap.items() if counts["failed"]] == sorted(failed)
    assert run.code == (2 if failed else 0)


LATER = """
- hosts: app
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: traceops.tracing.diagnose
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "later: {{ hostvars.dev1.diagnose_result.status }}, {{ hostvars.prod1.diagnose_result.stopped | to_json }}"
- hosts: dev1
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: traceops.tracing.diagnose
    - ansible.builtin.debug:
        msg: "now: {{ diagnose_result.status }}, {{ diagnose_result.reports | length }} files"
"""


def test_later_plays_have_the_verdict_also_in_check_mode_and_of_the_last_diagnosis(
    inventory: Path, tmp_path: Path
) -> None:
    book = tmp_path / "later.yml"
    book.write_text(LATER, encoding="utf-8")
    run = play(inventory, book, tmp_path)
    assert "later: problem, {'prod1': ['network.otlp.connection-refused']}" in run.output.replace('\\"', "'"), (
        run.output
    )
    assert "now: ok, " in run.output, run.output
    assert "is no variable of this role" not in run.output
    # in check mode nothing is sent, so that only what was said otherwise is known
    checked = play(inventory, book, tmp_path, "--check")
    assert "later: " in checked.output, checked.output
    assert "0 files" in checked.output, checked.output
