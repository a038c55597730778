"""The playbooks of the stack are whole: what they import and the modules that they name can be found."""

from __future__ import annotations

import os
import subprocess

import pytest


@pytest.mark.parametrize("playbook", ["deploy", "teardown", "site"])
def test_a_playbook_can_be_run_by_its_name(playbook: str) -> None:
    done = subprocess.run(
        ["ansible-playbook", "--syntax-check", f"traceops.tracing.{playbook}"],
        env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "False", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
