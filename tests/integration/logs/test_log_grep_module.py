"""The module and its actions as a playbook uses them: profiles are resolved on the controller."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET

STORY = """\
[2026-02-19T10:00:00Z INFO  velostream] 🔍 Initializing OpenTelemetry distributed tracing for service 'velo-sql-app.sql'
[2026-02-19T10:00:00Z INFO  velostream] ✅ OTLP HTTP exporter created successfully for http://tempo:4318 (gzip enabled)
[2026-02-19T10:00:00Z INFO  velostream] ✅ OpenTelemetry tracer initialized - spans will be exported to Tempo
[2026-02-19T10:00:09Z WARN  velostream] TokioSpanProcessor: failed to export 12 spans: refused token=sentinel-secret-1
"""


def old_python() -> str | None:
    """The oldest Python that a target may have."""
    pyenv = Path.home() / ".pyenv" / "versions"
    found = [shutil.which("python3.8"), *map(str, sorted(pyenv.glob("3.8.*/bin/python")))]
    return next((path for path in found if path and "shims" not in path), None)


def play(directory: Path, tasks: list[dict[str, t.Any]], *args: str, python: str = sys.executable) -> tuple[list, str]:
    """Run tasks on this host; the result of each (by the JSON callback's file), and all output."""
    results = directory / "results.json"
    registered = [{**task, "register": f"r{n}", "ignore_errors": True} for n, task in enumerate(tasks)]
    keep = {
        "ansible.builtin.copy": {
            "dest": str(results),
            "content": "{{ [" + ", ".join(f"r{n}" for n in range(len(tasks))) + "] | to_json }}",
        },
        "check_mode": False,
    }
    playbook = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [*registered, keep]}]
    (directory / "play.json").write_text(json.dumps(playbook))
    done = subprocess.run(
        ["ansible-playbook", "-e", f"ansible_python_interpreter={python}", str(directory / "play.json"), *args],
        cwd=directory, env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=120, check=False,
    )  # fmt: skip
    output = done.stdout.decode()
    assert done.returncode == 0, output
    return json.loads(results.read_text()), output


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_text(STORY)
    return tmp_path / "app.log"


@pytest.mark.parametrize("which", ["same", "old"])
def test_a_profile_by_name(tmp_path: Path, log: Path, which: str) -> None:
    python = sys.executable if which == "same" else old_python()
    require(python, "Python 3.8")
    task = {"traceops.tracing.log_grep": {"paths": [str(log)], "profiles": ["velostream"]}}
    (result,), output = play(tmp_path, [task], "-vvv", "--diff", python=str(python))
    assert (result["changed"], result["ok"], result["unexpected"]) == (False, True, ["export_failed"])
    assert result["patterns"]["exporter_created"]["captures"]["endpoint"]["last"] == "http://tempo:4318"
    assert "sentinel-secret-1" not in output
    assert "[WARNING]" not in output


def test_inside_collect_for_every_entry_that_is_about_logs(tmp_path: Path, log: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "shop.yml").write_text("patterns: {refused: {regex: 'refused', max: 0}}\n")
    probes = {
        "logs": {"paths": [str(log)], "profiles": ["velostream"]},
        "shop": {"probe": "logs", "paths": [str(log)], "profiles": ["shop"], "profile_dirs": ["mine"]},
    }
    (result,), _output = play(tmp_path, [{"traceops.tracing.collect": {"probes": probes}}], "--check")
    assert result["evidence"]["logs"]["patterns"]["tracer_initialized"]["count"] == 1
    assert result["evidence"]["shop"]["unexpected"] == ["refused"]


def test_what_is_wrong_is_one_sentence(tmp_path: Path, log: Path) -> None:
    wrong = [
        {"paths": [str(log)], "profiles": ["nope"]},
        {"paths": [str(log)], "patterns": {"x": "("}},
        {"paths": ["/nope.log"], "patterns": {"x": "x"}},
        {"patterns": {"x": "x"}},
    ]
    results, output = play(tmp_path, [{"traceops.tracing.log_grep": options} for options in wrong])
    assert [result["failed"] for result in results] == [True] * len(wrong)
    assert results[0]["msg"].startswith("profiles: there is no profile 'nope'; known are fluent_bit, otel_collector, ")
    assert results[1]["msg"].startswith("patterns: x: '(' is not a valid regular expression")
    assert (results[2]["msg"], results[2]["cause"]) == ("/nope.log: no such file or directory", "not_found")
    assert results[3]["msg"] == "paths: nothing to read; give paths, unit or container"
    assert "Traceback" not in output
