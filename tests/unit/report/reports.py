"""Report documents for the tests of their forms."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge, library
from ansible_collections.traceops.tracing.tests.unit.checks.cases import cases, document

LIBRARY = library.load([str(Path(library.__file__).parents[2] / "checks")])

HOSTILE = '</title><script>alert(1)</script>"\'&|*`[x](javascript:alert(2))\x1b[31m\u202e{{ lookup("pipe","id") }}]]>'


def of_case(check_id: str, **run: Any) -> judge.Report:
    """The report of the evidence that makes a check fail."""
    seen = document(cases()[check_id]["fails"])
    seen["run"].update(run)
    return judge.report(seen, LIBRARY)


def healthy(**run: Any) -> judge.Report:
    seen = document({})
    seen["run"].update(run)
    return judge.report(seen, LIBRARY)


def plain(report: judge.Report) -> dict[str, Any]:
    """A report of which everything may be changed, as JSON has it."""
    made: dict[str, Any] = json.loads(json.dumps({**report, "findings": list(report["findings"])}))
    return made


@functools.lru_cache(maxsize=2)
def fleet(number: int, refused: int, unreachable: int = 0) -> judge.Report:
    """`number` hosts behind one backend; the first `refused` of them cannot connect, the last were not reached."""
    good, bad = (document(case) for case in ({}, cases()["network.otlp.connection-refused"]["fails"]))
    good["run"]["finished"] = "2026-11-23T14:48:33+00:00"
    texts = [json.dumps(seen["hosts"]["app01"]) for seen in (bad, good)]
    hosts: dict[str, Any] = {}
    for n in range(number):
        hosts[f"app{n:04}"] = json.loads(texts[n >= refused])
    for name in list(hosts)[number - unreachable :]:
        hosts[name] = None
    backend = good["backends"]["main"]
    backend["hosts"] = [name for name, labels in hosts.items() if labels is not None]
    del backend["applications"]  # those of all hosts
    backend["canaries"]["traces"] = {name: {"found": True, "cause": "ok"} for name in backend["hosts"][refused:]}
    return judge.report(evidence.build(hosts, {"main": backend}, good["run"]), LIBRARY)
