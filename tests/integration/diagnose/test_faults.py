"""Each fault of the lab, really caused, is named as the root cause by the playbook."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration.playbook import assert_clean, run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab

ROOT_CAUSES = {
    "tempo-down": "tempo-ingest.tempo.down",
    "otlp-refused": "network.otlp.connection-refused",
    "wrong-protocol": "network.otlp.other-protocol",
    "exporter-init-failed-in-log": "app.exporter.init-failed",
    "tracing-disabled": "app.tracing.disabled",
    "sampling-zero": "sampling.ratio.zero",
    "service-name-differs": "tempo-query.service.near-miss",
    "grafana-wrong-url": "grafana.datasource.unreachable",
    "grafana-no-datasource": "grafana.datasource.missing",
    "tempo-empty": "tempo-ingest.balance.silent-loss",
}


@pytest.mark.parametrize("tempo", ["2.3.1", "2.10.8", "3.0.3"])
def test_a_healthy_stack_has_no_failing_check(tempo: str, tmp_path: Path) -> None:
    with Lab(tempo=tempo, directory=tmp_path / "lab") as lab:
        lab.run_app()
        run = run_playbook("diagnose", tmp_path, lab.variables)
    assert_clean(run)
    assert run.findings("failed") == []
    assert run.verdict["status"] == "ok", run.output
    assert run.code == 0, run.output


@pytest.mark.parametrize(("fault", "cause"), ROOT_CAUSES.items())
def test_a_fault_is_the_root_cause(fault: str, cause: str, tmp_path: Path) -> None:
    with Lab(fault=fault, directory=tmp_path / "lab") as lab:
        lab.run_app()
        run = run_playbook("diagnose", tmp_path, lab.variables)
    assert_clean(run)
    assert run.root_causes == [cause], run.output
    assert run.verdict["status"] == "problem"
    assert run.code != 0, "the play fails on a critical finding, after the reports are written"


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
