"""The worked examples of docs/examples do what their comments say, against the lab."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET
from ansible_collections.traceops.tracing.tests.lab import Lab

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs/examples"
TOKEN = "glsa_lab_admin"
CREDENTIALS = ("diagnose_grafana_username", "diagnose_grafana_password")


@pytest.fixture(params=["", "otlp-refused"], ids=["healthy", "refused"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A checkout with an inventory, as a pipeline finds it, and the fault of what is diagnosed."""
    with Lab(fault=request.param or None, directory=tmp_path / "lab") as lab:
        lab.run_app()
        # The token is the pipeline's secret and not one of the inventory.
        told = {name: value for name, value in lab.variables.items() if name not in CREDENTIALS}
        host = {**told, "ansible_connection": "local", "diagnose_discover": False}
        inventory = {
            "all": {"hosts": {"app01": {**host, "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}}
        }
        (tmp_path / "inventory").write_text(json.dumps(inventory), encoding="utf-8")
        yield tmp_path, request.param


def installs(command: str) -> bool:
    """Whether a step installs what is installed here."""
    return " install " in command


def shell(command: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run as both services do: the step ends at the first command that fails."""
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command],
        cwd=directory,
        env={**os.environ, **QUIET, "ANSIBLE_PIPELINING": "1", **environment},
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def required() -> set[str]:
    """The packages that the collection needs at run time."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {re.split("[=<>~]", line)[0] for line in lines if line and not line.startswith("#")}


def test_a_job_of_github_ends_as_the_verdict_does_and_keeps_the_report(project: tuple[Path, str]) -> None:
    directory, fault = project
    job = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text(encoding="utf-8"))["jobs"]["diagnose"]
    summary, failed = directory / "summary.md", False
    for step in job["steps"]:
        if "run" in step and not installs(step["run"]) and (not failed or step.get("if") == "always()"):
            secrets = dict.fromkeys(step.get("env", {}), TOKEN)
            done = shell(step["run"], directory, GITHUB_STEP_SUMMARY=str(summary), **secrets)
            failed = failed or done.returncode != 0
            if "ansible-playbook" in step["run"]:
                assert done.returncode == (2 if fault else 0), done.stdout
    assert failed == bool(fault)
    assert ("network.otlp.connection-refused" in summary.read_text(encoding="utf-8")) == bool(fault)
    kept = [step["with"] for step in job["steps"] if "with" in step]
    paths = [directory / each[key] for each in kept for key in ("path", "sarif_file") if key in each]
    assert len(paths) == 2
    assert all(path.exists() for path in paths), paths


def test_a_job_of_gitlab_ends_as_the_verdict_does_and_keeps_the_report(project: tuple[Path, str]) -> None:
    directory, fault = project
    job = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text(encoding="utf-8"))["tracing"]
    done = shell("\n".join(job["script"]), directory, GRAFANA_TOKEN=TOKEN)
    assert done.returncode == (2 if fault else 0), done.stdout
    junit = directory / job["artifacts"]["reports"]["junit"]
    assert ("<failure" in junit.read_text(encoding="utf-8")) == bool(fault)


def test_a_job_template_of_awx_runs_its_project(project: tuple[Path, str]) -> None:
    """As a runner of AWX does it: a private folder with the project, the inventory and the template's variables."""
    directory, fault = project
    (template,) = json.loads((EXAMPLES / "awx/job-template.json").read_text(encoding="utf-8"))["job_templates"]
    assert (EXAMPLES / "awx" / template["playbook"]).exists()
    private = directory / "private"
    for name in ("project", "env", "inventory"):
        (private / name).mkdir(parents=True)
    (private / "project/tracing.yml").write_bytes((EXAMPLES / "awx" / template["playbook"]).read_bytes())
    (private / "inventory/hosts.json").write_bytes((directory / "inventory").read_bytes())
    # A credential of AWX arrives as a variable, too.
    extra = {**yaml.safe_load(template["extra_vars"]), "diagnose_grafana_token": TOKEN}
    (private / "env/extravars").write_text(json.dumps(extra), encoding="utf-8")
    done = shell(f"ansible-runner run {private} -p {template['playbook']} --forks {template['forks']}", directory)
    assert done.returncode == (2 if fault else 0), done.stdout
    told = artifacts(private)
    assert told["tracing_status"] == ("problem" if fault else "ok"), told
    assert ("refused" in told["tracing_sentence"]) == bool(fault)


def artifacts(private: Path) -> dict[str, Any]:
    """What the job hands to the next one of its workflow."""
    events = [json.loads(path.read_text(encoding="utf-8")) for path in private.glob("artifacts/*/job_events/*.json")]
    found = [each["event_data"].get("artifact_data") for each in events]
    return next(each for each in found if each)


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_what_a_job_installs_is_what_the_collection_needs(name: str) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    (line,) = re.findall(r"pip install (.*)", text)
    assert set(line.split()) == required()
