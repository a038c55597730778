"""What a host gets to run is whole: a Python without Ansible visits with it, whichever form it comes in."""

from __future__ import annotations

import itertools
import json
import marshal
import os
import subprocess
import sys
import typing as t
from pathlib import Path
from types import CodeType, SimpleNamespace

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base import packed
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS
from ansible_collections.traceops.tracing.plugins.module_utils._plan import arrival
from ansible_collections.traceops.tracing.plugins.module_utils._plan.asked import OF_APPLICATION, OF_BACKEND, OF_HOST
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp import inside
from ansible_collections.traceops.tracing.plugins.plugin_utils import packing
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.unit.plan.test_values import OWN

MODULE = Path(packing.__file__).parents[1] / "modules/visit.py"
UTILS = Path(packed.__file__).parents[1]
OF_VISIT = sorted({LABELS[label].probe for label in (*OF_HOST, *OF_APPLICATION)})
EVERY = sorted({LABELS[label].probe for label in (*OF_HOST, *OF_APPLICATION, *OF_BACKEND)})
PATH = [path for path in sys.path if path.startswith(sys.base_prefix) and "site-packages" not in path]
# As ansible-core gives it: the options, in the place of the marker, as JSON.
MARKER = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"


def arguments(code: packed.Code, asked: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {"loader": packing.loader(), "code": code, "asked": packed.pack_options(asked), **more}


def answer(options: dict[str, t.Any], cwd: Path) -> dict[str, t.Any]:
    """What a host's Python, which has its standard library alone, answers to the module as it is sent."""
    program = MODULE.read_text(encoding="utf-8").replace(MARKER, json.dumps(options))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-"], input=program, capture_output=True, text=True, check=False, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, t.Any] = json.loads(done.stdout)
    return found


def asked(log: Path, **changes: t.Any) -> dict[str, t.Any]:
    given = {**OWN, "diagnose_log_paths": [str(log)], "diagnose_containers": [], "diagnose_timeout": 1, **changes}
    given["diagnose_tempo_url"] = given["diagnose_otlp_endpoint"] = "http://127.0.0.1:9"
    patterns = {"of": [["auto"], []], "patterns": {"started": "started"}}
    return {"host": "app01", "run": "word", "given": given, "offer": None, "visit": True, "patterns": [patterns]}


@pytest.mark.parametrize("compiled", [False, True], ids=["source", "compiled"])
def test_a_python_without_ansible_visits_its_host(tmp_path: Path, compiled: bool) -> None:
    # given a log, and nothing that listens
    (tmp_path / "app.log").write_text("started\n", encoding="utf-8")
    code = packing.for_probes(OF_VISIT, compiled)
    # when the host is visited
    found = answer(arguments(code, asked(tmp_path / "app.log")), tmp_path)
    # then all that was asked is answered, by the same Python
    assert found["python"] == packed.PYTHON
    assert {"otlp", "logs", "clock"} <= set(found["evidence"]), found
    assert found["evidence"]["otlp"]["cause"] == "connection_refused"
    assert found["evidence"]["logs"]["ok"], found["evidence"]["logs"]


@pytest.mark.parametrize("compiled", [False, True], ids=["source", "compiled"])
def test_it_has_what_every_probe_needs(tmp_path: Path, compiled: bool) -> None:
    # given the code for all probes, and a program that imports all of it
    code = packing.for_probes(EVERY, compiled)
    program = f"""\
import base64, importlib, json, sys, zlib
options = json.loads(sys.stdin.read())
space = {{"__name__": "packed"}}
exec(zlib.decompress(base64.b64decode(options["loader"])), space)
space["run"]({{**options, "asked": space["pack_options"]({{"probes": {{}}}})}})
for name in sorted(sys.meta_path[0]._modules):
    if name != "{packed.PACKAGE}._client.otlp.grpc":  # needs grpcio
        importlib.import_module(name)
print(len(sys.meta_path[0]._modules))
"""
    # when a Python with its standard library alone runs it
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        input=json.dumps(arguments(code, {})),
        capture_output=True,
        text=True,
        check=False,
    )
    # then only packages of others are missing that are imported where they are used
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


@pytest.mark.parametrize("compiled", [False, True], ids=["source", "compiled"])
def test_a_child_in_another_network_has_the_same_code(compiled: bool) -> None:
    # given a process that is not there, and what the host's own process came in
    sent = arguments(packing.for_probes(OF_VISIT, compiled), {})
    given = {"path": PATH, "sent": sent, "pid": 0, "params": {"ca_path": None}, "directory": "/nowhere"}
    # when a Python with its standard library alone is to join its network
    done = subprocess.run(
        [sys.executable, "-S", "-c", inside._CHILD],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        env={},
    )
    # then it gets as far as that network
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["cannot"].startswith("its network cannot be joined")


def test_the_child_is_given_what_its_parent_came_in(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a probe that came packed
    given: list[dict[str, t.Any]] = []
    monkeypatch.setattr(inside, "__loader__", SimpleNamespace(sent={"loader": "L", "code": "C"}))
    monkeypatch.setattr(inside.os, "geteuid", lambda: 0)
    answered = SimpleNamespace(returncode=0, stdout=b'{"result": {"ok": true}}')

    def run(*_words: t.Any, **more: t.Any) -> SimpleNamespace:
        given.append(json.loads(more["input"]))
        return answered

    monkeypatch.setattr(inside.subprocess, "run", run)
    # when it starts a child in another network
    inside.attempt({"ca_path": None}, 1, 1.0)
    # then the child gets that
    assert given[0]["sent"] == {"loader": "L", "code": "C"}


def test_an_answer_with_a_secret_in_it_leaves_the_host_without(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a server that repeats the token
    said = {"tempo_info": {"ok": False, "message": "no token s3cr3t-token is known"}}
    monkeypatch.setattr(arrival.collect, "visit", lambda _planned: said)
    probes = {"tempo_info": {"tempo_url": "http://tempo:3200", "token": "s3cr3t-token"}}
    assert "s3cr3t" not in json.dumps(arrival.run(t.cast(t.Any, {"probes": probes}), False))


def test_code_for_another_python_is_left_alone(tmp_path: Path) -> None:
    code: packed.Code = {**packing.for_probes(OF_VISIT, True), "python": "cpython-999 00"}
    assert answer(arguments(code, asked(tmp_path / "app.log")), tmp_path) == {"python": packed.PYTHON}


def test_what_is_refused_is_said_in_a_sentence_without_the_secret(tmp_path: Path) -> None:
    code = packing.for_probes(OF_BACKEND_PROBES, False)
    probes = {"tempo_info": {"probe": "tempo_info", "tempo_url": "ftp://x", "token": "s3cr3t-token"}}
    found = answer(arguments(code, {"probes": probes}), tmp_path)
    assert "tempo_url" in found["refused"]
    assert "s3cr3t" not in json.dumps(found)


OF_BACKEND_PROBES = sorted({LABELS[label].probe for label in OF_BACKEND})


def test_check_mode_sends_nothing(tmp_path: Path) -> None:
    # given a server that takes spans
    lab = Tempo("2.10.8")
    try:
        options = asked(tmp_path / "app.log", diagnose_log_paths=[])
        options["given"]["diagnose_otlp_endpoint"] = lab.otlp_http
        # when the host is visited in check mode
        found = answer(arguments(packing.for_probes(OF_VISIT, False), options, _ansible_check_mode=True), tmp_path)
    finally:
        lab.stop()
    # then it is seen to listen, and gets none
    assert found["evidence"]["otlp"]["cause"] == "not_sent"
    assert list(lab.store.traces) == []


def test_an_old_python_is_told_which_one_is_needed() -> None:
    space: dict[str, t.Any] = {"__name__": "visit"}
    exec(compile(MODULE.read_text(encoding="utf-8"), str(MODULE), "exec"), space)
    space["sys"] = SimpleNamespace(version_info=(3, 6, 8, "final", 0))
    assert space["visited"]() == {"failed": True, "msg": "Python 3.8 or newer is needed, and this is 3.6"}


def codes_in(code: CodeType) -> t.Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from codes_in(each)


def lines(code: CodeType) -> list[int | None]:
    return list(itertools.chain.from_iterable([line] * ((end - start) // 2) for start, end, line in code.co_lines()))


@pytest.mark.parametrize("path", sorted(UTILS.rglob("*.py")), ids=lambda path: str(path.relative_to(UTILS)))
def test_tracebacks_have_the_same_lines_and_no_columns(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    whole = compile(text, "x.py", "exec", dont_inherit=True, optimize=2)
    small = packed.compiled(packed.Source("x.py", text))
    for one, other in zip(codes_in(whole), codes_in(small)):
        assert lines(other) == lines(one), one.co_qualname
        assert other.co_code == one.co_code
        assert {(start, end) for _line, _end_line, start, end in other.co_positions()} <= {(None, None)}
    assert len(marshal.dumps(small)) <= len(marshal.dumps(whole))


def test_what_is_seldom_needed_comes_as_source() -> None:
    """It is smaller so, and every byte is sent to every host."""
    roots = [f"{packed.PACKAGE}._probe.{probe}" for probe in OF_VISIT]
    at_once, every = (set(packing._needed(roots, look)) for look in (packing._IMPORT_AT_ONCE, packing._IMPORT))
    assert f"{packed.PACKAGE}._otel.alloy_files" in every - at_once
    assert not at_once - every
    assert len(packing.for_probes(OF_VISIT, True)["modules"]) < 550_000


def test_no_place_of_the_controller_is_told() -> None:
    code = packing.for_probes(OF_VISIT, True)
    assert os.path.dirname(str(UTILS)).encode() not in packed._unpacked(code["modules"])
