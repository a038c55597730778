"""What every task pays for."""

from __future__ import annotations

import subprocess
import sys

ACTION = "ansible_collections.traceops.tracing.plugins.action.collect"
ASKED = (
    f"import sys, {ACTION}; print([name for name in sys.modules if '._verdict' in name or '._probe.canaries' in name])"
)


def test_the_action_that_each_host_runs_loads_nothing_that_judges() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
