"""tempo_search, tempo_trace and tempo_info as tasks of a play, against the lab's Tempo."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.contract.test_tempo_live import CHILD, ROOT, WHOLE, send, span
from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.servers import closed_port

SECRET = "s3ntinel-t0ken"


class Played(t.NamedTuple):
    """The registered results of a play by module, and all that it printed."""

    results: dict[str, dict[str, t.Any]]
    output: str


@pytest.fixture(scope="module")
def tempo() -> Iterator[Tempo]:
    """The lab's Tempo with one trace in it."""
    server = Tempo("2.10.8")
    try:
        send(
            server.otlp_http,
            "velo-sql-app.sql",
            span(WHOLE, ROOT, "", "process:market_data", 2, 0),
            span(WHOLE, CHILD, ROOT, "sql_query:select", 1, 100),
        )
        yield server
    finally:
        server.stop()


def play(directory: Path, modules: dict[str, dict[str, t.Any]], *args: str) -> Played:
    """Run one play with a task for each of `modules` (module: arguments); failures are ignored and registered."""
    kept = directory / "results.json"
    tasks: list[dict[str, t.Any]] = [
        {f"traceops.tracing.{name}": given, "register": name, "ignore_errors": True} for name, given in modules.items()
    ]
    every = "{{ {" + ", ".join(f"'{name}': {name}" for name in modules) + "} | to_json }}"
    tasks.append({"ansible.builtin.copy": {"content": every, "dest": str(kept), "mode": "0600"}, "check_mode": False})
    playbook = directory / "play.json"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", str(playbook), "-vvv", "--diff", *args],
        env={**os.environ, **QUIET},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout + done.stderr
    return Played(json.loads(kept.read_text(encoding="utf-8")), done.stdout + done.stderr)


@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check mode"])
def test_they_read_and_change_nothing_in_either_mode(tempo: Tempo, mode: list[str], tmp_path: Path) -> None:
    found = play(
        tmp_path,
        {
            "tempo_search": {
                "tempo_url": tempo.url,
                "service_name": "velo-sql-app.sql",
                "min_traces": 1,
                "select": "traces[].trace_id",
            },
            "tempo_trace": {"tempo_url": tempo.url, "trace_id": WHOLE},
            "tempo_info": {"tempo_url": tempo.url},
        },
        *mode,
    ).results
    assert [result["changed"] for result in found.values()] == [False, False, False]
    assert [result["ok"] for result in found.values()] == [True, True, True]
    assert found["tempo_search"]["selected"] == [WHOLE]
    assert (found["tempo_trace"]["complete"], found["tempo_trace"]["span_count"]) == (True, 2)
    assert (found["tempo_info"]["ready"], found["tempo_info"]["version"]) == (True, "2.10.8")


def test_a_failure_has_the_keys_of_a_success_and_shows_no_secret(tempo: Tempo, tmp_path: Path) -> None:
    secrets = {"token": SECRET + "1", "url_password": SECRET + "2", "headers": {"X-Key": SECRET + "3"}, "tenant": "a"}
    modules: dict[str, dict[str, t.Any]] = {
        "tempo_search": {"service_name": "shop"},
        "tempo_trace": {"trace_id": WHOLE},
        "tempo_info": {},
    }
    (tmp_path / "well").mkdir()
    well = play(tmp_path / "well", {name: {**given, "tempo_url": tempo.url} for name, given in modules.items()})
    dead = f"http://admin:{SECRET}4@127.0.0.1:{closed_port()}"
    ill = play(tmp_path, {name: {**given, **secrets, "tempo_url": dead} for name, given in modules.items()})
    for name, result in ill.results.items():
        assert result["failed"]
        assert result["cause"] == "connection_refused"
        assert result["msg"].endswith("nothing listens there (connection refused)")
        assert well.results[name].keys() <= result.keys()
    assert SECRET not in ill.output


def test_a_bad_option_is_one_sentence(tempo: Tempo, tmp_path: Path) -> None:
    found = play(
        tmp_path,
        {
            "tempo_search": {"tempo_url": tempo.url, "start": "soon"},
            "tempo_trace": {"tempo_url": "tempo:3200", "trace_id": WHOLE},
            "tempo_info": {"tempo_url": tempo.url, "timeout": -1},
        },
    ).results
    assert [result["cause"] for result in found.values()] == ["bad_option"] * 3
    assert [result["msg"].split(":")[0] for result in found.values()] == ["start", "tempo_url", "timeout"]
