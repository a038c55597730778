"""The playbooks of the stack are whole: what they import and the modules that they name can be found."""

from __future__ import annotations

import os
import subprocess


def test_the_playbooks_can_be_run_by_their_names() -> None:
    names = ("deploy", "teardown", "site")
    done = subprocess.run(
        ["ansible-playbook", "--syntax-check", *(f"traceops.tracing.{name}" for name in names)],
        env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "False", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [name for name in names if f"/{name}.yml" not in done.stdout] == [], done.stdout
