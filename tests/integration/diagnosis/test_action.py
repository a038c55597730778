"""The action `diagnosis` in a playbook, with evidence that is given to it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET
from ansible_collections.traceops.tracing.tests.unit.checks.cases import HOST, cases, document


def given(check_id: str | None = None) -> dict[str, Any]:
    """The options for the evidence that makes a check fail; healthy evidence without one."""
    seen = document(cases()[check_id]["fails"] if check_id else {})
    labels = {key: value for key, value in seen["hosts"][HOST].items() if key not in ("unreachable", "backend")}
    return {"hosts": {HOST: labels}, "backends": seen["backends"], "settings": seen["run"]["settings"]}


OWN_CHECK = {
    "id": "app.own.check", "hop": "app", "scope": "host", "severity": "critical", "question": "Is it mine?",
    "fails_when": "host == 'app01'", "title": "own check on {host}", "cause": "It is mine.", "fix": ["nothing"],
}  # fmt: skip

TASKS: dict[str, dict[str, Any]] = {
    "refused": {**given("network.otlp.connection-refused"), "report_dir": "report"},
    "never": {**given("network.otlp.connection-refused"), "fail_on": "never"},
    "healthy": given(),
    "warning": {**given("grafana.link.missing"), "fail_on": "warning"},
    "suppressed": {
        **given("network.otlp.connection-refused"),
        "suppress": [{"id": "network.*", "reason": "known", "until": "2099-12-31"}],
    },
    "own": {**given(), "check_dirs": ["own"]},
    "bad_own": {**given(), "check_dirs": ["bad"]},
    "no_dir": {**given(), "check_dirs": ["nowhere"]},
    "bad_suppress": {**given(), "suppress": [{"id": "no.such.check", "reason": "x"}]},
    "bad_hosts": {"hosts": {"app01": "text"}},
    "bad_backend": {"hosts": {}, "backends": {"main": {"hosts": ["app09"]}}},
    "bad_fail_on": {**given(), "fail_on": "always"},
    "bad_option": {**given(), "reports": "x"},
    "stopped": {"hosts": {}, "stop": ["network.otlp.connection-refused"]},
    "not_visited": {"visited": True},
    "nothing": {"report_dir": "report"},
    "unwritable": {**given(), "report_dir": "own/app.yml/report"},
}


@dataclasses.dataclass
class Played:
    """What the playbook printed, its results by task, and where it ran."""

    output: str
    results: dict[str, Any]
    directory: Path


def play(directory: Path, *args: str, **environment: str) -> Played:
    for folder, checks in (("own", [OWN_CHECK]), ("bad", [{**OWN_CHECK, "fail_when": "x"}])):
        (directory / folder).mkdir(parents=True)
        (directory / folder / "app.yml").write_text(yaml.safe_dump(checks), encoding="utf-8")
    tasks = [
        {"name": name, "traceops.tracing.diagnosis": options, "ignore_errors": True, "register": f"result_{name}"}
        for name, options in TASKS.items()
    ]
    kept = "{{ " + ", ".join(f"{name!r}: result_{name}" for name in TASKS).join(["{", "}"]) + " }}"
    tasks.append(
        {"ansible.builtin.copy": {"content": kept, "dest": str(directory / "results.json")}, "check_mode": False}
    )
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (directory / "play.yml").write_text(json.dumps(book), encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", "play.yml", *args],
        cwd=directory, env={**os.environ, **QUIET, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=180, check=False,
    )  # fmt: skip
    output = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, output
    return Played(output, json.loads((directory / "results.json").read_text(encoding="utf-8")), directory)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("diagnosis"))


def test_it_returns_the_verdict_and_writes_the_reports(played: Played) -> None:
    result = played.results["refused"]
    assert (
        result["verdict"]["sentence"]
        == "nothing listens at http://tempo:4318/v1/traces (connection refused) (on app01)"
    )
    assert result["changed"] is False
    report = json.loads((played.directory / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == result["verdict"]
    assert sorted(result["reports"]) == ["html", "json", "junit", "markdown", "prometheus", "sarif"]
    assert all(Path(path).is_file() for path in result["reports"].values())


def test_findings_are_those_that_want_attention(played: Played) -> None:
    result = played.results["refused"]
    assert {finding["state"] for finding in result["findings"]} == {"failed", "blocked"}
    assert result["counts"]["ok"] > 50


@pytest.mark.parametrize(
    ("task", "failing", "status"),
    [
        ("never", False, "problem"),
        ("healthy", False, "ok"),
        ("warning", True, "problem"),
        ("suppressed", False, "incomplete"),
        ("own", True, "problem"),
    ],
)
def test_what_is_to_make_the_play_fail(task: str, failing: bool, status: str, played: Played) -> None:
    result = played.results[task]
    assert result["failing"] is failing
    assert result["failed"] is False, "the task itself reports; the role fails afterwards"
    assert result["verdict"]["status"] == status
    assert result["reports"] == {}, "without report_dir nothing is written"


def test_own_checks_are_read_from_beside_the_playbook(played: Played) -> None:
    assert played.results["own"]["verdict"]["sentence"] == "own check on app01 (on app01)"


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("bad_own", "bad/app.yml: check 'app.own.check': there is no key 'fail_when'; known are"),
        ("no_dir", "nowhere cannot be read (No such file or directory)"),
        ("bad_suppress", "suppress: no check has the id 'no.such.check'"),
        ("bad_hosts", "hosts: the evidence of 'app01' is neither a dictionary nor null"),
        ("bad_backend", "backends: 'main' names the host 'app09', which 'hosts' does not have"),
        ("bad_fail_on", "value of fail_on must be one of: critical, warning, never, new, new-warning, got: always"),
        ("bad_option", "Unsupported parameters"),
        ("nothing", "one of the following is required: hosts, report, visited, stop"),
        ("not_visited", "no host was visited, so that there is nothing to judge"),
        ("unwritable", "report_dir: "),
    ],
)
def test_what_can_not_be_meant_is_one_sentence(task: str, words: str, played: Played) -> None:
    result = played.results[task]
    assert result["failed"] is True
    assert words in result["msg"]
    assert "\n" not in result["msg"]


def test_there_is_no_traceback_and_no_warning(played: Played) -> None:
    assert "Traceback" not in played.output
    assert "[WARNING]" not in played.output


def test_the_page_is_printed_though_the_task_is_quiet(played: Played) -> None:
    assert "  × app01  nothing listens at http://tempo:4318/v1/traces (connection refused)" in played.output
    assert f"report: {played.directory}/report/report.html" in played.output


def task(played: Played, name: str) -> str:
    """What the task of this name printed."""
    return played.output.split(f"TASK [{name}] ", 1)[1].split("\nTASK [", 1)[0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stopped", "network.otlp.connection-refused: see the verdict above"),
        ("not_visited", "no host was visited, so that there is nothing to judge"),
        ("bad_own", "there is no key 'fail_when'"),
    ],
)
def test_a_failure_is_said_without_the_source_of_the_role(name: str, words: str, played: Played) -> None:
    printed = task(played, name)
    assert words in printed
    assert "Origin:" not in printed, printed
    assert "^ column" not in printed, printed


def test_the_verdict_is_the_last_that_is_said(played: Played) -> None:
    page = task(played, "refused").split("\nok: [localhost]")[0].splitlines()
    assert page[-3].startswith("problem: nothing listens at http://tempo:4318")
    assert page[-2].startswith("root cause: network, app01: network.otlp.connection-refused")
    assert page[-1].startswith("fix: ")


def test_colours_are_those_of_the_terminal_and_not_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "ansible.log"
    played = play(tmp_path / "coloured", "-v", ANSIBLE_FORCE_COLOR="1", ANSIBLE_NOCOLOR="0", ANSIBLE_LOG_PATH=str(log))
    assert "\x1b[0;31m  × app01  nothing listens at" in played.output
    kept = log.read_text(encoding="utf-8")
    assert "  × app01  nothing listens at" in kept
    assert "\x1b" not in kept
    assert "more checks passed)" not in kept, "with -v each check that passed has its line"
    refused = kept.split("TASK [refused]", 1)[1].split("TASK [", 1)[0]
    assert '"findings"' not in refused, "with -v the page has more, and what stands in the report is not printed"


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    played = play(tmp_path / "check", "--check")
    assert not (played.directory / "report").exists()
    assert played.results["refused"]["reports"] == {}
    assert "check mode: no span was sent" in played.output
