"""Evidence documents for the checks: the healthy one, and changes that make one check fail or pass.

A case is a dictionary of changes to `healthy.json` (real evidence of the lab, plus a process and two containers):
`label.path: value` sets a value (`settings.x` those of the run, `canary.x` the host's canary), and a few words
stand for several consistent changes:

- `otlp_fails: [phase, cause]`: the export stops in that phase; the canary then has no entry;
- `tls: {..}`: the endpoint uses TLS, and its certificate has these keys;
- `canaries: {hop: [sent, arrived]}`: how many canaries were accepted there, and how many of them Tempo has;
- `balance: {tempo: {..}}`: the balance sheet has these figures;
- `grafana_fails: [step, cause]`: the steps from that one on have no result;
- `probe_fails: {label: cause}`: a probe could not answer;
- `beside: {label: result}`: a second host of the backend has this evidence.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, PARTS
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary

HERE = Path(__file__).parent
HOST, BESIDE, BACKEND = "app01", "app02", "main"

Case = dict[str, Any]


@functools.lru_cache(maxsize=1)
def cases() -> dict[str, dict[str, Case]]:
    """{check id: {fails: changes, passes: changes, root: id}} of all files in `evidence/`."""
    found: dict[str, dict[str, Case]] = {}
    for path in sorted((HERE / "evidence").glob("*.yml")):
        for check_id, case in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if check_id.startswith("."):
                continue  # what several cases of the file share
            assert check_id not in found, f"{check_id} is in two files"
            found[check_id] = case
    return found


def document(changes: Case) -> evidence.Document:
    """The healthy evidence document with `changes`."""
    parts = json.loads((HERE / "healthy.json").read_text(encoding="utf-8"))
    for path, value in changes.items():
        shorthand = _SHORTHANDS.get(path)
        if shorthand:
            shorthand(parts, copy.deepcopy(value))
        else:
            _set(parts, path, copy.deepcopy(value))
    hosts = {HOST: parts["host"], **parts.get("beside", {})}
    return evidence.build(hosts, {BACKEND: {"hosts": list(hosts), **parts["backend"]}}, parts["run"])


_ELSEWHERE = {
    "settings": ["run", "settings"],
    "run": ["run"],
    **{part.name: ["backend", part.label, part.key, HOST] for part in PARTS.values()},
}


def _set(parts: Any, path: str, value: Any) -> None:
    root, _unused, rest = path.partition(".")
    where = _ELSEWHERE.get(root) or [_place(root), root]
    # A key with dots, such as a version or a port, stands in quotes.
    keys = [*where, *(part.strip('"') for part in re.findall(r'"[^"]*"|[^.]+', rest))]
    target = parts
    for key in keys[:-1]:
        target = target[int(key) if isinstance(target, list) else key]
    target[int(keys[-1]) if isinstance(target, list) else keys[-1]] = value


def _place(label: str) -> str:
    return "backend" if LABELS[label].scope == "backend" else "host"


def _otlp_fails(parts: Any, told: list[str]) -> None:
    phase, cause = told
    otlp = parts["host"]["otlp"]
    otlp.update(ok=False, cause=cause, message=f"tempo:4318 says {cause}", trace_ids=[])
    reached = True
    for name, seen in otlp["phases"].items():
        if name == phase:
            otlp["phases"][name] = {**seen, "ok": False, "cause": cause}
            reached = False
        elif not reached:
            otlp["phases"][name] = {"ok": None, "ms": 0.0, "cause": "not_run"}
    parts["backend"]["canaries"]["traces"] = {}
    parts["backend"]["grafana"]["trace"] = None


def _tls(parts: Any, certificate: dict[str, Any]) -> None:
    known = {
        "subject": "tempo",
        "issuer": "a CA",
        "names": ["tempo"],
        "not_before": "2025-11-23",
        "not_after": "2027-11-23",
        "days_left": 365,
    }
    parts["host"]["otlp"]["endpoint"] = "https://tempo:4318/v1/traces"
    parts["host"]["otlp"]["phases"]["tls"] = {
        "ok": True, "ms": 3.1, "cause": "ok", "certificate": {**known, **certificate},
    }  # fmt: skip


def _grafana_fails(parts: Any, told: list[str]) -> None:
    step, cause = told
    grafana = parts["backend"]["grafana"]
    names = [each["name"] for each in grafana["steps"]]
    grafana.update(ok=False, cause=cause, message=f"Grafana says {cause}")
    for each in grafana["steps"][names.index(step) :]:
        each.update(ok=False if each["name"] == step else None, cause=cause if each["name"] == step else "not_run")
    if names.index(step) <= names.index("find"):
        grafana.update(datasource=None, settings=None)
    if names.index(step) <= names.index("reach"):
        grafana.update(version=None)
    if grafana["trace"] and names.index(step) <= names.index("trace"):
        grafana["trace"] = {**grafana["trace"], "found": None}


def _probe_fails(parts: Any, told: dict[str, str]) -> None:
    for label, cause in told.items():
        parts[_place(label)][label].update(ok=False, cause=cause, message=f"{label} says {cause}")


def _canaries(parts: Any, told: dict[str, list[int]]) -> None:
    hops = {}
    for hop, (sent, arrived) in told.items():
        if hop != "otlp":
            parts["host"][hop] = {**copy.deepcopy(parts["host"]["otlp"]), "endpoint": f"http://{hop}:4318/v1/traces"}
        if not sent:
            continue
        cause = "ok" if arrived else "trace_not_found"
        trace = {"trace_id": "1" * 32, "found": arrived > 0, "visible_after": 0.01 if arrived else None, "cause": cause}
        hops[hop] = {**trace, **canary.loss(sent, arrived)}
    lost = sum(hop["lost"] for hop in hops.values())
    parts["backend"]["canaries"].update(
        ok=not lost,
        traces={HOST: hops["otlp"]} if "otlp" in hops else {},
        hops={HOST: hops},
        sent=sum(hop["sent"] for hop in hops.values()),
        lost=lost,
        search=None,
    )


def _sheet(parts: Any, told: dict[str, dict[str, Any]]) -> None:
    tempo = {"offered": 3, "accepted": 3, "refused": 0, "received": 3, "discarded": {}, "silent": 0}
    tempo.update(silent_reasons={}, stored=3, refused_untold=0, unexplained=0, restarted=False)
    change: dict[str, Any] = {"seconds": 3.5, "tempo": {**tempo, **told.get("tempo", {})}}
    change.update({name: figures for name, figures in told.items() if name != "tempo"})
    counts = {
        "tempo": {"accepted": 19, "refused": 0, "received": {"single-tenant": 19}, "discarded": {}},
        "collector": {
            **{"accepted": 5, "refused": 0, "failed": 0, "tail_kept": 5, "tail_dropped": 0, "tail_too_early": 0},
            **{"sent": {"otlp": 5}, "send_failed": {}, "enqueue_failed": {}},
        },
        "app": {"ended": 900, "dropped": 40, "exported": 850, "failed": 10},
    }
    read = {"ok": True, "cause": "ok", "start": 1795353513.0}
    snapshots = {
        name: {**read, "url": f"http://{name}/metrics", "message": "was read", "version": None, "counts": counted}
        for name, counted in counts.items()
    }
    parts["backend"]["balance"] = {
        "ok": True, "cause": "ok", "message": "", "took": 0.1, "taken": 1795445313.0, "snapshots": snapshots,
        "before": {**read, "message": "was read"}, "change": change,
    }  # fmt: skip


def _beside(parts: Any, told: dict[str, Any]) -> None:
    parts["beside"] = {BESIDE: {"unreachable": False, "backend": BACKEND, **told}}


_SHORTHANDS = {
    "beside": _beside,
    "canaries": _canaries,
    "balance": _sheet,
    "otlp_fails": _otlp_fails,
    "tls": _tls,
    "grafana_fails": _grafana_fails,
    "probe_fails": _probe_fails,
}
