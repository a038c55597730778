"""Hosts over real SSH that misbehave each in a way of their own: the report has each, and the others are diagnosed."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t
from pathlib import Path

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


class Visited(t.NamedTuple):
    """A run, and the commands of the ssh clients that still wait for a host after it."""

    run: Run
    waiting: t.List[str]


@pytest.fixture(scope="module", params=["0", "1"], ids=["files", "pipelining"])
def visited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Visited:
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
            run = run_playbook("diagnose", directory, {**lab.variables, **urls}, *more, timeout=400, **environment)
            return Visited(run, clients_of([hosts.addresses[name] for name in HANG]))
    except sshd.Unavailable as error:
        require(False, str(error))
        raise


def clients_of(addresses: t.Sequence[str]) -> t.List[str]:
    """The commands of all ssh clients for these addresses, without the masters that Ansible keeps for a next run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            if words[0] == "ssh" and set(addresses) & set(words):
                found.append(" ".join(words))
    return found


@pytest.fixture(scope="module")
def run(visited: Visited) -> Run:
    return visited.run


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


def test_no_ssh_goes_on_to_wait_for_a_host_that_hangs(visited: Visited) -> None:
    assert visited.waiting == []
