"""How long the verdict takes: the whole library over the evidence of 5,000 hosts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import PARTS
from ansible_collections.traceops.tracing.plugins.module_utils._report import console, html
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge, library
from ansible_collections.traceops.tracing.tests.bench.measured import Measured
from ansible_collections.traceops.tracing.tests.unit.checks.cases import HOST, cases, document

HOSTS = 5000
FAULTS = ("network.otlp.connection-refused", "app.tracing.disabled", "sampling.ratio.zero")


def fleet(number: int) -> evidence.Document:
    """Evidence of `number` hosts behind one backend, with all that a host can have; one in ten is broken."""
    healthy = document({})
    looked = healthy["hosts"][HOST]["discover"]
    for part in PARTS:  # what does not run is there for the sake of the declarations
        looked[part] = [program for program in looked[part] if program["running"]]
    kinds = [json.dumps(document(cases()[fault]["fails"])["hosts"][HOST]) for fault in FAULTS]
    plain = json.dumps(healthy["hosts"][HOST])
    hosts = {}
    for n in range(number):
        text = kinds[n // 10 % len(kinds)] if n % 10 == 0 else plain
        hosts[f"app{n:04}"] = own = json.loads(text.replace("tempo:4318", f"tempo{n % 40}:4318"))
        for application in own["applications"].values():  # what no two hosts have in common
            application["otlp"].update(trace_ids=[f"{n:032x}"], took=n / 7000)
            if application["otlp"]["ok"]:
                application["otlp"]["phases"]["export"]["ms"] = n / 70
    backend = healthy["backends"]["main"]
    backend["hosts"] = list(hosts)
    del backend["applications"]  # those of all hosts
    backend["canaries"]["traces"] = {name: {"found": True, "cause": "ok"} for name in hosts}
    return evidence.build(hosts, {"main": backend}, healthy["run"])


def measure() -> Iterator[Measured]:
    seen, checks = fleet(HOSTS), library.load([str(Path(library.__file__).parents[2] / "checks")])
    scopes = [check.scope for check in checks.checks]
    expected = (
        HOSTS * (scopes.count("application") + scopes.count("host")) + scopes.count("backend") + scopes.count("run")
    )
    started = time.process_time()
    report = judge.report(seen, checks)
    took = time.process_time() - started
    assert len(report["findings"]) == expected
    yield Measured(f"{len(scopes)} checks over {HOSTS} hosts, to the verdict", took, "s", 10.0)
    started = time.process_time()
    page, site = console.page(report), html.page(report, checks)
    yield Measured("console page and report.html of these", time.process_time() - started, "s", 5.0)
    yield Measured("size of the console page", len(page) / 1000, "kB", 20.0)
    yield Measured("size of report.html", len(site) / 1e6, "MB", 1.0)
