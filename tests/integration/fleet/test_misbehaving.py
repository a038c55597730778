"""Hosts over real SSH that misbehave each in a way of their own: the report has each, and the others are diagnosed."""

from __future__ import annotations

import json
import re
import typing as t

import pytest

from ansible_collections.traceops.tracing.tests import sshd
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.diagnose.test_fleet import shared
from ansible_collections.traceops.tracing.tests.integration.playbook import Run, run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab

WELL = ["app01", "app02"]
SICK = {f"{kind}01": said for kind, said in sshd.SAID.items()}
HANG = ("hangs01", "shell-hangs01")
SECONDS = 15  # that a host which hangs has


@pytest.fixture(scope="module", params=["0", "1"], ids=["files", "pipelining"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run over two hosts that are well and one of each that is not."""
    directory = tmp_path_factory.mktemp("fleet")
    kinds = [*sshd.SAID, "well", "well"]  # the first host is one that is not there
    try:
        hosts = sshd.Hosts(directory / "hosts", kinds)
        with hosts, Lab(directory=directory / "lab") as lab:
            lab.run_app()
            urls = {name: shared(lab.variables[name]) for name in ("diagnose_tempo_url", "diagnose_grafana_url")}
            told = json.loads(hosts.inventory.read_text(encoding="utf-8"))
            for name in HANG:
                told["all"]["children"]["app"]["hosts"][name]["diagnose_host_timeout"] = SECONDS
            hosts.inventory.write_text(json.dumps(told), encoding="utf-8")
            # Each is tried at once: a host that does not answer holds nobody else up.
            more = ("-i", str(hosts.inventory), "--forks", str(len(kinds)))
            environment = {**hosts.environment, "ANSIBLE_PIPELINING": request.param}
            return run_playbook("diagnose", directory, {**lab.variables, **urls}, *more, timeout=400, **environment)
    except sshd.Unavailable as error:
        require(False, str(error))
        raise


def seen(run: Run) -> t.Dict[str, t.Any]:
    assert run.report is not None, run.output
    hosts: t.Dict[str, t.Any] = run.report["evidence"]["hosts"]
    return hosts


def test_every_host_is_in_the_report(run: Run) -> None:
    assert sorted(seen(run)) == sorted([*WELL, *SICK]), run.output


def test_the_others_are_diagnosed(run: Run) -> None:
    assert sorted(name for name, host in seen(run).items() if not host["unreachable"]) == WELL
    passed = {finding["host"] for finding in (run.report or {})["findings"] if finding["state"] == "ok"}
    assert passed >= set(WELL)


@pytest.mark.parametrize("name", SICK)
def test_the_report_says_what_ails_it(run: Run, name: str) -> None:
    told = seen(run)[name]
    assert re.search(SICK[name], f"{told['reason']} {told['message']}"), run.output


def test_what_was_not_checked_is_no_pass_and_no_failure(run: Run) -> None:
    assert run.verdict["status"] == "incomplete", run.output
    assert "Traceback" not in run.output
    of_the_dead = [finding for finding in (run.report or {})["findings"] if finding["host"] in SICK]
    assert {finding["state"] for finding in of_the_dead} == {"skipped"}
