"""Runs the sampling playbook and reads what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.tests.integration.playbook import Run, run_playbook


def play(directory: Path, *args: str, **variables: Any) -> Run:
    """Run traceops.tracing.sampling with `sampling_<name>` for each of `variables`."""
    given = {f"sampling_{name}": value for name, value in {"prove": False, "settle": 1, **variables}.items()}
    run = run_playbook("sampling", directory, given, *args, timeout=600)
    assert "Traceback" not in run.output, run.output
    assert "[WARNING]" not in run.output, run.output
    return run


def changed(run: Run) -> int:
    assert run.code == 0, run.output
    return sum(host["changed"] for host in run.recap.values())


def said(run: Run) -> str:
    """What a failed run said, each message once; it is one sentence for the user."""
    assert run.code != 0, run.output
    # Of a loop's item that is rescued, Ansible prints the result, too; the last message is the one that stands.
    found = re.findall(r'"msg": ("(?:[^"\\]|\\.)*")', run.output)
    assert found, run.output
    return str(json.loads(found[-1]))


def kinds(run: Run, task: str) -> list[str]:
    """The result words (ok, changed, skipping ...) of every task with this name."""
    parts = re.split(r"^(?:TASK|RUNNING HANDLER) \[", run.output, flags=re.MULTILINE)
    lines = [
        line for part in parts if part.startswith(f"traceops.tracing.sampling : {task}]") for line in part.splitlines()
    ]
    return [found[1] for line in lines if (found := re.match(r"(ok|changed|skipping|fatal|failed|included): ", line))]
