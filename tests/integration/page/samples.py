"""Reports for the browser: of one host, of 50 with mixed faults, of 5,000; all from the lab's evidence."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._report import html
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge
from ansible_collections.traceops.tracing.tests.bench import verdict
from ansible_collections.traceops.tracing.tests.unit.checks.cases import BACKEND, HOST, cases, document
from ansible_collections.traceops.tracing.tests.unit.report import reports

FAULTS = (
    "network.otlp.connection-refused",
    "network.otlp.other-protocol",
    "network.tls.expired",
    "app.tracing.disabled",
    "app.exporter.export-failed",
    "app.log.unreadable",
    "sampling.ratio.zero",
    "clock.host.unsynchronised",
)


@dataclasses.dataclass
class Sample:
    """A report document, and its page on disk."""

    report: judge.Report
    path: Path


def one() -> judge.Report:
    return reports.of_case("network.otlp.connection-refused")


def fifty(last: str = "app49") -> judge.Report:
    """Every third host works; the others have a fault each, of several kinds; the last was not reached."""
    healthy = document({})
    known = [fault for fault in FAULTS if fault in cases()]
    hosts: dict[str, t.Any] = {}
    for n in range(49):
        changes = {} if n % 3 == 0 else cases()[known[n % len(known)]]["fails"]
        hosts[f"app{n:02}"] = json.loads(json.dumps(document(changes)["hosts"][HOST]))
    hosts["app02"]["discover"]["applications"][0]["name"] = last  # and a program is called like it
    hosts[last] = None
    backend = healthy["backends"][BACKEND]
    backend["hosts"] = [name for name, labels in hosts.items() if labels is not None]
    del backend["applications"]
    return judge.report(evidence.build(hosts, {BACKEND: backend}, healthy["run"]), reports.LIBRARY)


def thousands() -> judge.Report:
    return judge.report(verdict.fleet(verdict.HOSTS), reports.LIBRARY)


def written(name: str, directory: Path) -> Sample:
    """The report `name` with its page in `directory`."""
    report = {"one": one, "fifty": fifty, "thousands": thousands}[name]()
    path = page(report, directory / f"{name}.html")
    return Sample({"path": report["path"], "verdict": report["verdict"], "findings": _loud(report)}, path)


def page(report: judge.Report, path: Path) -> Path:
    """The page of a report, at `path`."""
    path.write_text(html.page(report, reports.LIBRARY), encoding="utf-8")
    return path


def _loud(report: judge.Report) -> list[dict[str, t.Any]]:
    """The findings that a page has to show in words; of thousands of others only numbers are wanted."""
    return [each for each in report["findings"] if each["state"] in ("failed", "warning", "info", "pending")]
