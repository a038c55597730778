"""The playbook on a machine of which nothing is said; what else runs on it is found, too, and none of this."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration.playbook import Run, assert_clean, run_playbook
from ansible_collections.traceops.tracing.tests.lab.standing import Standing


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Standing]:
    with Standing(tmp_path_factory.mktemp("standing")) as found:
        yield found


def page(run: Run) -> str:
    """Its page, each line of the path on one line."""
    return " ".join(run.output.split())


def way(standing: Standing) -> str:
    """How the page says where our service sends, up to who says so."""
    return f"-> http://127.0.0.1:{standing.otlp_http} (OTEL_EXPORTER_OTLP_ENDPOINT in /proc/"


def test_only_the_path_is_shown_when_nothing_else_is_wanted(standing: Standing, tmp_path: Path) -> None:
    run = run_playbook("diagnose", tmp_path, {"diagnose_discover": True, "diagnose_only_discover": True})
    assert_clean(run)
    assert run.code == 0
    assert way(standing) in page(run)
    assert f"data source Tempo -> http://127.0.0.1:{standing.tempo}" in page(run)
    assert run.report is None, "nothing is written"
    assert not (tmp_path / "report").exists()


def test_check_mode_shows_the_path_and_sends_nothing(standing: Standing, tmp_path: Path) -> None:
    run = run_playbook("diagnose", tmp_path, {"diagnose_discover": True}, "--check")
    assert_clean(run)
    assert way(standing) in page(run)
    assert "check mode: no span was sent" in page(run)


def test_what_a_variable_says_wins_and_the_rest_is_found(standing: Standing, tmp_path: Path) -> None:
    told = {
        "diagnose_discover": True,
        "diagnose_process": {"name": "service.py"},
        "diagnose_tempo_url": "http://127.0.0.1:9",
    }
    run = run_playbook("diagnose", tmp_path, {**told, "diagnose_service": "checkout", "diagnose_fail_on": "never"})
    assert run.report is not None, run.output
    (host,) = run.report["evidence"]["hosts"].values()
    settings = host["settings"]
    assert settings["otlp_endpoint"] == f"http://127.0.0.1:{standing.otlp_http}"
    assert settings["tempo_url"] == "http://127.0.0.1:9"
    assert [each["variable"] for each in settings["otherwise"]] == ["diagnose_tempo_url"]
    assert "app.settings.otherwise" in run.findings("info")
