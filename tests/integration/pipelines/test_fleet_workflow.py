"""The workflow of docs/examples/awx over slices of an inventory, each job as a runner of AWX starts it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.tests.integration.pipelines.test_examples import (
    CREDENTIALS,
    EXAMPLES,
    ROOT,
    artifacts,
    required,
    shell,
)
from ansible_collections.traceops.tracing.tests.lab import Lab

AWX = EXAMPLES / "awx"
WORKFLOW = json.loads((AWX / "workflow.json").read_text(encoding="utf-8"))
TEMPLATES = {each["name"]: each for each in WORKFLOW["job_templates"]}
HOSTS, SLICES = 3, 2


def slice_of(hosts: dict[str, Any], number: int, count: int) -> dict[str, Any]:
    """The part of an inventory that a slice gets: every so many hosts (awx.main.models.inventory)."""
    return dict(list(hosts.items())[number - 1 :: count])


def job(template: str, private: Path, hosts: dict[str, Any], **extra: Any) -> subprocess.CompletedProcess[str]:
    told = TEMPLATES[template]
    for name in ("project", "env", "inventory"):
        (private / name).mkdir(parents=True)
    shutil.copy(AWX / told["playbook"], private / "project")
    (private / "inventory/hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    variables = {**(yaml.safe_load(told["extra_vars"]) or {}), **extra}
    (private / "env/extravars").write_text(json.dumps(variables), encoding="utf-8")
    return shell(f"ansible-runner run {private} -p {told['playbook']}", private)


def test_the_slices_of_a_workflow_are_one_verdict(tmp_path: Path) -> None:
    folder = str(tmp_path / "shared")
    with Lab(fault="otlp-refused", directory=tmp_path / "lab") as lab:
        lab.run_app()
        told = {name: value for name, value in lab.variables.items() if name not in CREDENTIALS}
        host = {**told, "ansible_connection": "local", "diagnose_discover": False}
        host["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        hosts = {f"app{n}": host for n in range(HOSTS)}
        begun = job("Fleet: begin", tmp_path / "begin", {})
        assert begun.returncode == 0, begun.stdout
        handed_on = artifacts(tmp_path / "begin")
        for number in range(1, SLICES + 1):
            part = slice_of(hosts, number, SLICES)
            extra = {**handed_on, "awx_job_id": 40 + number, "tracing_folder": folder}
            done = job("Fleet: slice", tmp_path / f"slice{number}", part, **extra)
            assert done.returncode == 0, done.stdout
        extra = {**handed_on, "tracing_folder": folder}
        missing = job("Fleet: verdict", tmp_path / "missing", {}, **extra, tracing_slices=SLICES + 1)
        done = job("Fleet: verdict", tmp_path / "verdict", {}, **extra, tracing_slices=SLICES)
    assert missing.returncode == 2, missing.stdout
    assert "2 of 3 slices left a report" in " ".join(missing.stdout.split())
    assert done.returncode == 2, done.stdout
    found = artifacts(tmp_path / "verdict")
    assert found["tracing_status"] == "problem"
    assert f"(on app0, app1, app{HOSTS - 1})" in found["tracing_sentence"]
    assert "merged of 2 reports: slice-41 slice-42" in done.stdout
    assert os.path.isfile(os.path.join(folder, "fleet/report.html"))


def test_the_workflow_goes_from_the_slices_to_the_verdict() -> None:
    (workflow,) = WORKFLOW["workflow_job_templates"]
    nodes = {each["identifier"]: each for each in workflow["related"]["workflow_nodes"]}
    assert {each["unified_job_template"]["name"] for each in nodes.values()} == set(TEMPLATES)
    following = {
        name: [other["identifier"] for key in ("success_nodes", "always_nodes") for other in node["related"][key]]
        for name, node in nodes.items()
    }
    assert following == {"begin": ["slice"], "slice": ["verdict"], "verdict": []}
    for template in TEMPLATES.values():
        assert (AWX / template["playbook"]).is_file()
    count = yaml.safe_load(TEMPLATES["Fleet: verdict"]["extra_vars"])["tracing_slices"]
    assert count == TEMPLATES["Fleet: slice"]["job_slice_count"]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ansible-builder makes of the definition, without an engine that would build it."""
    folder = tmp_path_factory.mktemp("environment")
    done = shell(f"ansible-builder create -f {AWX / 'execution-environment.yml'} -c {folder}/context", folder)
    assert done.returncode == 0, done.stdout
    assert "outdated" not in done.stdout
    return folder / "context"


def test_an_execution_environment_has_the_collection(context: Path) -> None:
    asked = yaml.safe_load((context / "_build/requirements.yml").read_text(encoding="utf-8"))
    assert asked == {"collections": [{"name": "traceops.tracing"}]}
    lines = next(context.glob("*file")).read_text(encoding="utf-8")
    assert "ansible-core" in lines
    assert "ansible-runner" in lines


def test_the_collection_brings_what_it_needs_into_an_execution_environment(tmp_path: Path) -> None:
    done = shell(f"ansible-builder introspect {ROOT.parents[2]} --write-pip {tmp_path}/needed", tmp_path)
    assert done.returncode == 0, done.stdout
    needed = {line.split("#")[0].strip() for line in (tmp_path / "needed").read_text(encoding="utf-8").splitlines()}
    assert {line.partition(">")[0] for line in needed if line} >= required() - {"ansible-core"}
