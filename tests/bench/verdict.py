"""What the verdict and the reports of 5,000 hosts cost, with the whole library: time, memory, size, and how they grow.

Each fleet is judged in a process of its own, so that its peak of memory is its alone. Time is processor time.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Iterator, Mapping
from pathlib import Path

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import PARTS
from ansible_collections.traceops.tracing.plugins.module_utils._report import console, html, write
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge, library
from ansible_collections.traceops.tracing.tests.bench.measured import Measured
from ansible_collections.traceops.tracing.tests.unit.checks.cases import HOST, cases, document

HOSTS, FEWER = 5000, 500
FAULTS = ("network.otlp.connection-refused", "app.tracing.disabled", "sampling.ratio.zero")


class _Hosts(Mapping[str, t.Any]):
    """The hosts of a fleet, each made when it is looked at: as they are read from where a run keeps them."""

    def __init__(self, number: int, healthy: t.Any) -> None:
        self._number = number
        self._kinds = [json.dumps(document(cases()[fault]["fails"])["hosts"][HOST]) for fault in FAULTS]
        self._plain = json.dumps(healthy)

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[str]:
        return (f"app{n:04}" for n in range(self._number))

    def __getitem__(self, name: str) -> t.Any:
        n = int(name[3:])
        text = self._kinds[n // 10 % len(self._kinds)] if n % 10 == 0 else self._plain
        own = json.loads(text.replace("tempo:4318", f"tempo{n % 40}:4318"))
        for application in own["applications"].values():  # what no two hosts have in common
            application["otlp"].update(trace_ids=[f"{n:032x}"], took=n / 7000)
            if application["otlp"]["ok"]:
                application["otlp"]["phases"]["export"]["ms"] = n / 70
        return own


def fleet(number: int) -> evidence.Document:
    """Evidence of `number` hosts behind one backend, with all that a host can have; one in ten is broken."""
    healthy = document({})
    looked = healthy["hosts"][HOST]["discover"]
    for part in PARTS:  # what does not run is there for the sake of the declarations
        looked[part] = [program for program in looked[part] if program["running"]]
    hosts = _Hosts(number, healthy["hosts"][HOST])
    backend = healthy["backends"]["main"]
    backend["hosts"] = list(hosts)
    del backend["applications"]  # those of all hosts
    backend["canaries"]["traces"] = {name: {"found": True, "cause": "ok"} for name in hosts}
    return evidence.build(hosts, {"main": backend}, healthy["run"])


def measure() -> Iterator[Measured]:
    few, many, again = (_child(number) for number in (FEWER, HOSTS, FEWER))
    for key, value in again.items():  # the less disturbed one
        few[key] = min(few[key], value)
    yield Measured(f"{many['checks']:.0f} checks over {HOSTS} hosts, to the verdict", many["verdict"], "s", 10.0)
    yield Measured("all files of its report", many["files"], "s", 10.0)
    yield Measured("console page and report.html of these", many["pages"], "s", 5.0)
    yield Measured("peak memory, from evidence to files", many["peak"], "MiB", 1024.0)
    yield Measured("size of report.json, packed", many["json"], "MB", 10.0)
    yield Measured("size of the console page", many["console"], "kB", 20.0)
    yield Measured("size of report.html", many["html"], "MB", 1.0)
    yield Measured("report.json, read again", many["read"], "s", 10.0)
    times = HOSTS / FEWER
    for key, what in (("verdict", "time to the verdict"), ("files", "time of the files"), ("used", "memory")):
        yield Measured(
            f"{what} of {HOSTS} hosts, to {times:g} times that of {FEWER}", many[key] / few[key] / times, "x", 1.15
        )


def _child(number: int) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", __name__, str(number)], stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _judge_and_write(number: int) -> dict[str, float]:
    """What the child does."""
    checks = library.load([str(Path(library.__file__).parents[2] / "checks")])
    before = _peak_mib()
    seen = fleet(number)
    scopes = [check.scope for check in checks.checks]
    expected = (
        number * (scopes.count("application") + scopes.count("host")) + scopes.count("backend") + scopes.count("run")
    )
    clock = _Clock()
    report = judge.report(seen, checks)
    verdict = clock.lap()
    assert len(report["findings"]) == expected
    page, site = console.page(report), html.page(report, checks)
    pages = clock.lap()
    with tempfile.TemporaryDirectory() as directory:
        clock.lap()
        paths = write.write(report, directory, checks)
        files = clock.lap()
        peak = _peak_mib()
        written = Path(paths["json"]).read_bytes()
        packed = written if paths["json"].endswith(".gz") else gzip.compress(written)
        clock.lap()
        again = stored.read(paths["json"])
        read = clock.lap()
    assert again["verdict"] == report["verdict"]
    return {
        "checks": len(scopes),
        "verdict": verdict,
        "pages": pages,
        "files": files,
        "read": read,
        "peak": peak,
        "used": peak - before,
        "json": len(packed) / 1e6,
        "console": len(page) / 1000,
        "html": len(site) / 1e6,
    }


class _Clock:
    """Processor time, lap by lap."""

    def __init__(self) -> None:
        self._began = time.process_time()

    def lap(self) -> float:
        now = time.process_time()
        took, self._began = now - self._began, now
        return took


def _peak_mib() -> float:
    # Not getrusage: its ru_maxrss begins with the size of the process that started this one.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak.group(1)) / 1024 if peak else 0.0


if __name__ == "__main__":
    print(json.dumps(_judge_and_write(int(sys.argv[1]))))
