"""What every task pays for."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import profiles
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.unit.shared.test_layers import FILES, PACKAGE, imported, name_of

ACTION = "ansible_collections.traceops.tracing.plugins.action.collect"
ASKED = (
    f"import sys, {ACTION}; print([name for name in sys.modules if '._verdict' in name or '._probe.canaries' in name])"
)


def test_the_action_that_each_host_runs_loads_nothing_that_judges() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


# A visit of a healthy host, as the module `collect` makes it. Words are given to it as JSON: what it is asked.
VISIT = """\
import json, sys
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect
evidence = collect.visit(collect.plan(json.loads(sys.argv[1]), False, set()))
print(json.dumps({"evidence": evidence, "loaded": sorted(sys.modules)}))
"""
# What costs more to import than all that a healthy host is asked, or explains what is wrong on another one.
SPARED = (
    "requests",
    "urllib3",
    "urllib.request",
    "docker",
    "grpc",
    "yaml",
    "concurrent.futures",
    "_base.yaml_lines",
    "_client.otlp.grpc",
    "_client.otlp.tls",
    "_client.requests_http",
    "_client.tempo",
    "_otel.alloy_files",
    "_otel.collector_files",
    "_otel.fluent_files",
    "_otel.grafana_files",
    "_otel.reasons",
    "_otel.records",
    "_otel.tempo_errors",
    "_otel.tempo_files",
    "_otel.vector_files",
    "_plan",
    "_report",
    "_verdict",
)
# Files of ours that Ansible sends to each host; it compiles them there as they are imported.
MOST_FILES = 150


def visit(probes: dict[str, object]) -> tuple[dict[str, Any], set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", VISIT, json.dumps(probes)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return said["evidence"], set(said["loaded"])


def test_the_visit_of_a_healthy_host_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("2026-11-23T14:48:33Z INFO io.opentelemetry.sdk.trace started\n", encoding="utf-8")
    patterns = profiles.resolve({"profiles": ["auto"]}, str)["patterns"]
    with contextlib.ExitStack() as stack:
        lab = Tempo("2.10.8")
        stack.callback(lab.stop)
        way = {"endpoint": lab.otlp_http, "protocol": "http/protobuf", "like": "environment"}
        evidence, loaded = visit(
            {
                "environment": {"pid": os.getpid()},
                "logs": {"paths": [str(log)], "patterns": patterns},
                "clock": {"tempo_url": lab.url},
                "otlp": way,
                "otlp_sibling": {"probe": "otlp", "endpoint": lab.otlp_grpc, "send": False},
                "containers": {"docker_host": f"unix://{tmp_path}/none.sock"},
            }
        )
    causes = {label: result["cause"] for label, result in evidence.items()}
    assert causes == {
        **dict.fromkeys(("environment", "logs", "clock", "otlp"), "ok"),
        "otlp_sibling": "not_sent",
        "containers": "daemon_unreachable",
    }
    assert [name for name in SPARED if name in loaded or f"{PACKAGE}.{name}" in loaded] == []


def test_to_look_around_loads_the_readers_of_what_is_found_alone() -> None:
    """What runs beside the tests is found as well, so that it is only asked for what the probe imports itself."""
    load = f"import sys; from {PACKAGE}._probe import discover; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", load], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(done.stdout))
    assert f"{PACKAGE}._probe.discover.look" in loaded
    assert [name for name in SPARED if name in loaded or f"{PACKAGE}.{name}" in loaded] == []


def test_no_more_is_sent_to_a_host_than_it_may_be_asked_for() -> None:
    waiting, sent = ["_evidence.collect"], set[str]()
    files = {name_of(path): path for path in FILES}
    while waiting:
        name = waiting.pop()
        if name in files and name not in sent:
            sent.add(name)
            waiting += [*imported(files[name]), name.rpartition(".")[0]]
    assert {"_probe.discover.look", "_client.requests_http", "_otel.alloy_files"} <= sent
    assert [name for name in sent if name.startswith(("_plan", "_report", "_sampling", "_verdict"))] == []
    assert len(sent) <= MOST_FILES
