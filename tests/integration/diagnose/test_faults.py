"""What the playbook does on the lab: healthy, with a fault, a second time, and in check mode."""

from __future__ import annotations

import inspect
from pathlib import Path

from ansible_collections.traceops.tracing.tests.integration.faults import test_matrix
from ansible_collections.traceops.tracing.tests.integration.faults.scene import Fault, play
from ansible_collections.traceops.tracing.tests.integration.playbook import assert_clean, run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.faults import FAULTS as LAB_FAULTS

VERSIONS = ("2.3.1", "2.10.8", "3.0.3")


def test_a_healthy_stack_has_no_failing_check(tmp_path: Path) -> None:
    def of(version: str) -> Fault:
        return lambda scene: scene.options.update(tempo=version)

    played = play(tmp_path, {f"tempo-{version}": [of(version)] for version in VERSIONS})
    assert played.run.findings("failed") == []
    assert played.run.verdict["status"] == "ok", played.run.output
    assert played.run.code == 0, played.run.output
    assert len(played.run.report["evidence"]["backends"]) == len(VERSIONS)


def test_the_play_fails_on_a_critical_finding_after_the_reports_are_written(tmp_path: Path) -> None:
    with Lab(fault="otlp-refused", directory=tmp_path / "lab") as lab:
        lab.run_app()
        run = run_playbook("diagnose", tmp_path, lab.variables)
    assert_clean(run)
    assert run.root_causes == ["network.otlp.connection-refused"], run.output
    assert run.verdict["status"] == "problem"
    assert run.code != 0


def test_each_fault_of_the_lab_is_one_of_the_matrix() -> None:
    """There it is really caused, and named as the root cause (faults/test_matrix.py)."""
    built = "".join(inspect.getsource(fault.build) for fault in test_matrix.FAULTS.values())
    assert [name for name in LAB_FAULTS if f'break_lab("{name}")' not in built] == []


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        first = run_playbook("diagnose", tmp_path, lab.variables)
        second = run_playbook("diagnose", tmp_path, lab.variables)
    assert_clean(first)
    assert_clean(second)
    assert second.code == 0, second.output


def test_check_mode_sends_no_span_and_says_what_it_skips(tmp_path: Path) -> None:
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        before = len(lab.store.traces)
        run = run_playbook("diagnose", tmp_path, lab.variables, "--check")
        after = len(lab.store.traces)
    assert_clean(run)
    assert after == before, "a canary was sent in check mode"
    assert run.report is None, "check mode writes no report"
    page = " ".join(run.output.split("TASK [traceops.tracing.diagnose : Say why]", 1)[1].split())
    named = page.split("not checked: no span was sent in check mode", 1)[1].split("not checked:", 1)[0]
    needs_a_span = (
        "network.otlp.not-accepted",
        "network.path.not-found",
        "tempo-ingest.balance.silent-loss",
        "tempo-storage.canary.lost",
        "grafana.trace.missing",
    )
    assert [check_id for check_id in needs_a_span if check_id not in named] == [], run.output
    assert "incomplete: Nothing failed, but something decisive was not checked: " in page
