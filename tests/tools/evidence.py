"""Write tests/unit/checks/healthy.json: evidence.py CHECKOUT.

It is the evidence of a diagnosis of the embedded lab, as the playbook leaves it, with names, ports and times that stay
the same. What a lab on one machine does not have is made by the probes' own functions (the application's process,
the containers), or said below in FIGURES (a second service, a clock that is kept, Tempo's settings of a real stack).
"""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS
from ansible_collections.traceops.tracing.plugins.module_utils._probe import environment
from ansible_collections.traceops.tracing.plugins.module_utils._probe.containers import container
from ansible_collections.traceops.tracing.plugins.module_utils._probe.environment import process
from ansible_collections.traceops.tracing.tests.integration.playbook import run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.faults import plan_for
from ansible_collections.traceops.tracing.tests.tools import discovery

PORTS = {"tempo": 3200, "grafana": 3000, "otlp_grpc": 4317, "otlp_http": 4318}
FINISHED = datetime.datetime(2026, 11, 23, 14, 48, 33, tzinfo=datetime.timezone.utc)
HOST, LOG = "app01", "/var/log/velo-sql-app.log"
RECORDS = 60
STARTED = "2026-11-22T14:48:00Z"

# Cases bring these themselves (balance), or a service that is healthy does not need them.
LEFT_OUT = ("balance", "tempo_search_earlier")

# What the lab has not, by label and path.
FIGURES: dict[str, dict[str, Any]] = {
    # An application that still runs.
    "logs": {
        f"patterns.stopped.{name}": value
        for name, value in {
            **{"count": 0, "count_since_start": 0, "rate_per_minute": 0.0, "first": None, "last": None},
            **{"samples": [], "captures": {}},
        }.items()
    },
    "otlp": {
        "phases.export.ms": 1.1,
        "message": "http://tempo:4318/v1/traces accepted a span over http/protobuf in 1 ms",
    },
    "clock": {"ntp": {"synchronised": True, "source": "ntp.example", "offset_s": None, "by": "chrony"}},
    "coverage": {
        "services": {"quotes": {"state": "seen", "last": None, "instead": None}},
        "message": "Tempo has seen 1 of 1 expected services",
        "hosts": {"reported": 1, "seen": [HOST], "never": []},
        "instances": {"looked": 1, "duplicates": {}},
    },
    "linkage": {
        "calls": 20,
        "services": {"velo-sql-app.sql": 20, "quotes": 20},
        "edges": [{"parent": "velo-sql-app.sql", "child": "quotes", "spans": 20}],
    },
    "sampling_ratio": {
        "by_count": {"kept": 60, "offered": 60, "ratio": 1.0, "low": 0.7989, "high": 1.0, "confidence": 0.9999},
    },
    "tempo_info": {
        "config.trace_idle_s": 5.0,
        "config.flush_check_s": 5.0,
        "config.search_delay_s": 10.0,
        "config.receivers": {"otlp_grpc": "0.0.0.0:4317", "otlp_http": "0.0.0.0:4318"},
        "config.loopback_receivers": [],
        "config.metrics_generator": {"storage": True, "remote_write": True, "processors": True},
        "counters.spans_ahead": 0,
        "counters.spans_behind": 0,
        "counters.lagged_requests": 0,
        "counters.remote_write_failed": 0,
        "counters.remote_write_retried": 0,
        "counters.remote_write_sent": 100,
        "counters.uptime_s": 86400,
        "clock_offset_s": 0.2,
    },
}


def evidence(directory: Path, ports: dict[str, int] | None = None) -> dict[str, Any]:
    """`{run, host, backend}` of a diagnosis of the healthy lab; without `ports` the kernel picks them."""
    plan = dataclasses.replace(plan_for(None, "http/protobuf"), records=RECORDS)
    with Lab(fault=plan, directory=directory / "lab", ports=ports) as lab:
        lab.run_app()
        wanted = {**lab.variables, "diagnose_wait_search": True, "diagnose_containers": []}
        run = run_playbook("diagnose", directory, wanted)
        log = lab.log_path
    assert run.report is not None, run.output
    assert run.verdict["status"] == "ok", run.output
    document = run.report.get("evidence", run.report)
    (labels,) = document["hosts"].values()
    (backend,) = document["backends"].values()
    (application,) = labels.get("applications", {"": {}}).values()
    parts = {
        "run": {
            "id": "0" * 32,
            **{key: document["run"][key] for key in ("started", "finished", "check_mode", "fail_on")},
            "suppress": [],
            "settings": {**(labels.get("settings") or {}), **(application.get("settings") or {})},
        },
        "host": {name: value for name, value in {**labels, **application}.items() if name in LABELS},
        "backend": {name: value for name, value in backend.items() if name in LABELS},
    }
    ours = {log: LOG, "127.0.0.1:3000": "grafana:3000", "127.0.0.1": "tempo", "localhost": HOST}
    delta = FINISHED - datetime.datetime.fromisoformat(parts["run"]["finished"])
    told: dict[str, Any] = _told(parts, ours, delta)
    return told


def _told(value: Any, names: dict[str, str], delta: datetime.timedelta) -> Any:
    """`value` with names instead of addresses, and times moved by `delta`."""
    if isinstance(value, dict):
        told = {_told(key, names, delta): _told(held, names, delta) for key, held in value.items()}
        # What is on loopback here is on another machine in this evidence.
        return {**told, "loopback": False} if told.get("host") in ("tempo", "grafana") and "loopback" in told else told
    if isinstance(value, list):
        return [_told(item, names, delta) for item in value]
    if isinstance(value, float) and 1.5e9 < value < 2.5e9:
        return round(value + delta.total_seconds(), 3)
    if not isinstance(value, str):
        return value
    for here, there in names.items():
        value = value.replace(here, there)
    value = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?", lambda m: _moved(m[0], delta), value)
    return re.sub(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", lambda m: _moved_date(m[0], delta), value)


def _moved(text: str, delta: datetime.timedelta) -> str:
    """An ISO 8601 time, in the form that it had."""
    zone = "Z" if text.endswith("Z") else "+00:00" if text.endswith("+00:00") else ""
    bare = text[: len(text) - len(zone)] if zone else text
    moved = datetime.datetime.fromisoformat(bare) + delta
    digits = len(bare.partition(".")[2])
    return moved.strftime("%Y-%m-%dT%H:%M:%S") + (f".{moved.microsecond:06}"[: digits + 1] if digits else "") + zone


def _moved_date(text: str, delta: datetime.timedelta) -> str:
    return email.utils.format_datetime(email.utils.parsedate_to_datetime(text) + delta, usegmt=True)


def of_process() -> environment.Result:
    """What the probe tells of an application that systemd runs: Velostream, which logs about its spans."""
    words = ["/usr/bin/velo-sql", "deploy-app", "--file", "app.sql", "--enable-tracing"]
    words += ["--otlp-endpoint", "http://tempo:4318", "--sampling-mode", "debug"]
    details: process.Details = {"load_state": "loaded", "active_state": "active", "sub_state": "running", "restarts": 0}
    found = process.Found("process", [proc.Process(4711, words, {"RUST_LOG": "debug"})], details)
    with mock.patch.object(process, "by_unit", return_value=found), mock.patch.object(
        proc, "own_network", return_value=False
    ):
        result = environment.run({"unit": "velo-sql", "timeout": 10.0})
    result["effective"]["service_name"]["value"] = "velo-sql-app.sql"
    return result


def of_containers() -> dict[str, Any]:
    """What the probe tells of the two containers of a stack in which all is well."""
    answers = {
        "velo-tempo": _inspection("velo-tempo", "grafana/tempo:2.10.8", "/tempo", "10001:10001", (3200, 4317, 4318)),
        "velo-grafana": _inspection("velo-grafana", "grafana/grafana:13.1.0", "/run.sh", "472", (3000,)),
    }
    containers = {}
    for name, answer in answers.items():
        owner, path = (10001, "/var/tempo") if name == "velo-tempo" else (472, "/var/lib/grafana")
        containers[name] = {
            **container.describe(answer, None, [], answer),
            "memory": {"used": 100_000_000, "limit": 1_000_000_000, "percent": 10.0},
            "cpu": {"cores_used": 0.1, "cores_limit": None, "percent": 5.0, "throttled_periods": 0},
            "mounts": [_mount(owner, path)],
            "paths": {},
            "log": ["ready"],
            "log_error": "",
            "reaches": container.reaches(name, answers),
        }
    return {
        "ok": True,
        "cause": "ok",
        "message": "containers: 2 running",
        "engine": {"version": "26.1.5", "api_version": "1.45", "name": "docker"},
        "missing": [],
        "containers": containers,
        "networks": container.networks([{"Name": "monitoring", "Driver": "bridge"}], list(answers), answers),
        "took": 0.3,
    }


def _inspection(name: str, image: str, program: str, user: str, ports: tuple[int, ...]) -> dict[str, Any]:
    published = {f"{port}/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(port)}] for port in ports}
    return {
        "Name": f"/{name}",
        "Path": program,
        "Image": "sha256:0",
        "State": {
            "Status": "running",
            "Pid": 100,
            "StartedAt": "2026-11-22T14:48:00Z",
            "Health": {"Status": "healthy"},
        },
        "Config": {"Image": image, "User": user},
        "HostConfig": {"NetworkMode": "monitoring", "RestartPolicy": {"Name": "unless-stopped"}},
        "NetworkSettings": {"Ports": published, "Networks": {"monitoring": {"IPAddress": "172.18.0.2"}}},
    }


def _mount(owner: int, destination: str) -> dict[str, Any]:
    known = {"exists": True, "directory": True, "owner": owner, "group": owner, "mode": "0755", "read_only": False}
    space = {"size": 100_000_000_000, "free": 50_000_000_000, "free_percent": 50.0, "free_inodes": 1000, "error": ""}
    volume = "/var/lib/docker/volumes/data/_data"
    return {
        "type": "volume",
        "source": volume,
        "destination": destination,
        "read_only": False,
        "name": "data",
        "host": {**known, **space},
    }


def main(checkout: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        parts = evidence(Path(directory), PORTS)
    parts["host"].update(environment={**of_process(), "took": 0.02}, containers=of_containers())
    parts["host"] = {"discover": discovery.found(HOST), **parts["host"]}
    parts["run"]["started"] = parts["run"]["finished"]
    found = parts["backend"]["tempo_search"]
    found.update(traces=found["traces"][:2], count=2)
    for label in LEFT_OUT:
        parts["backend"].pop(label, None)
    parts["run"]["settings"]["containers"] = ["velo-tempo", "velo-grafana"]
    parts["run"]["settings"]["found_as"] = "velo-sql-app.sql"
    for label, figures in FIGURES.items():
        result = parts["backend" if LABELS[label].scope == "backend" else "host"][label]
        for path, value in figures.items():
            *above, last = path.split(".")
            target = result
            for name in above:
                target = target[name]
            target[last] = value
    written = json.dumps(parts, indent=1, ensure_ascii=False) + "\n"
    (checkout / "tests/unit/checks/healthy.json").write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
