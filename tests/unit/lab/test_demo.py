"""The demo shows the page that the playbook prints, its verdict included."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.traceops.tracing.tests.integration.playbook import Run
from ansible_collections.traceops.tracing.tests.lab.demo import page

PRINTED = """
TASK [traceops.tracing.diagnose : Say why] *************************************
tracing  app -> otlp -> tempo -> grafana        1 host, 1 backend, 178 checks, 3.1 s
not checked: no span was sent (3 checks); 25 other reasons for 72 more (-v lists them)
report: report/report.html

ok: No fault found: 101 checks passed, 75 not checked
ok: [localhost]

TASK [traceops.tracing.diagnose : Stop the hosts that the root causes reach (diagnose_gate)] ***
skipping: [localhost]

PLAY RECAP *********************************************************************
"""


def test_the_page_ends_with_the_verdict_and_without_what_ansible_adds() -> None:
    lines = page(Run(0, PRINTED, {}, Path())).splitlines()
    assert lines[0].startswith("tracing  app -> otlp")
    assert lines[-3:] == ["report: report/report.html", "", "ok: No fault found: 101 checks passed, 75 not checked"]
