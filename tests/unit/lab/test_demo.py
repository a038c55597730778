"""The demo shows the page that the playbook prints, its verdict included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.tests.integration.playbook import Run
from ansible_collections.traceops.tracing.tests.lab.demo import found_and_well, page

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


RECEIVER = "http://127.0.0.1:24576"
MINE, OTHER = {"host": "localhost", "name": "checkout (pid 7)"}, {"host": "localhost", "name": "checkout (pid 8)"}


def seen(*causes: dict[str, Any]) -> Run:
    """A run on a machine on which a second service of the same name sends to a Tempo of its own."""
    leads = [("checkout (pid 8)", "http://127.0.0.1:24510"), ("checkout (pid 7)", RECEIVER)]
    edges = [{"origin": f"localhost/{name}", "to": "localhost/tempo (pid 5)", "address": url} for name, url in leads]
    applications = {"checkout (pid 7)": {"backend": "mine"}, "checkout (pid 8)": {"backend": "theirs"}}
    report = {
        "path": {"edges": {"localhost": edges}},
        "evidence": {"hosts": {"localhost": {"applications": applications}}},
        "verdict": {"root_causes": list(causes)},
    }
    return Run(0, "", report, Path())


def test_the_service_that_sends_to_the_labs_receiver_is_the_demos() -> None:
    assert found_and_well(seen(), RECEIVER)
    assert not found_and_well(seen(), "http://127.0.0.1:4318")


@pytest.mark.parametrize(
    ("applications", "backend", "well"),
    [
        ([OTHER], "theirs", True),
        ([OTHER], "mine", True),
        ([], "theirs", True),
        ([MINE], "mine", False),
        ([OTHER, MINE], None, False),
        ([], "mine", False),
        ([], None, False),
    ],
)
def test_faults_of_others_on_this_machine_are_none_of_the_demos(
    applications: list[dict[str, str]], backend: str | None, well: bool
) -> None:
    cause = {"id": "network.otlp.silent", "applications": applications, "backend": backend}
    assert found_and_well(seen(cause), RECEIVER) is well
