"""Runs playbooks of the collection as a user does, and reads what they leave behind."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.tests.lab.lab import neutral_environment

QUIET = {
    # Said by Ansible about every run without an inventory; all other warnings count.
    "ANSIBLE_LOCALHOST_WARNING": "False",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_RETRY_FILES_ENABLED": "0",
    "PYTHONIOENCODING": "utf-8",
    "LC_ALL": "C.UTF-8",
}


@dataclasses.dataclass
class Run:
    """What a playbook run printed and left; `report` is report.json, or None when none was written."""

    code: int
    output: str
    report: dict[str, Any] | None
    directory: Path

    @property
    def verdict(self) -> dict[str, Any]:
        assert self.report is not None, self.output
        verdict: dict[str, Any] = self.report["verdict"]
        return verdict

    @property
    def root_causes(self) -> list[str]:
        return [cause["id"] for cause in self.verdict["root_causes"]]

    def findings(self, *states: str) -> list[str]:
        assert self.report is not None, self.output
        return [finding["id"] for finding in self.report["findings"] if finding["state"] in states]

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """{host: {ok: 5, changed: 0, ...}} from PLAY RECAP."""
        lines = self.output.split("PLAY RECAP", 1)[-1].splitlines()
        found = (re.match(r"(\S+)\s+: (ok=.*)", line) for line in lines)
        return {m[1]: {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", m[2])} for m in found if m}


def run_playbook(
    playbook: str, directory: Path, variables: dict[str, Any], *args: str, timeout: float = 180, **environment: str
) -> Run:
    """Run `traceops.tracing.<playbook>` in `directory`; the report goes to directory/report.

    What else runs on a machine of tests is none of theirs, so that nobody looks around unless a test wants it.
    Modules go through a pipe, which costs fewer processes than the files that are Ansible's default.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = directory / "report" / "report.json"
    for old in (written, written.with_suffix(".json.gz")):
        old.unlink(missing_ok=True)  # an old report must not speak for this run
    given = directory / "variables.json"
    usual = {"diagnose_report_dir": str(directory / "report"), "diagnose_discover": False}
    given.write_text(json.dumps({**usual, **variables}), encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", f"traceops.tracing.{playbook}", "-e", f"@{given}", *args],
        cwd=directory,
        env={**neutral_environment(), **QUIET, "ANSIBLE_PIPELINING": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    report = stored.read(str(written)) if written.exists() else None
    if report is not None:
        report["findings"] = list(report["findings"])
    return Run(done.returncode, done.stdout.decode("utf-8", "replace"), report, directory)


def assert_clean(run: Run) -> None:
    """No traceback, no warning, nothing changed on any host."""
    assert "Traceback" not in run.output, run.output
    assert "[WARNING]" not in run.output, run.output
    assert run.recap, run.output
    assert all(host["changed"] == 0 for host in run.recap.values()), run.recap
