# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report document: evidence, findings and the one sentence that ends the search."""

from __future__ import annotations

import contextlib
import gc
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import count, excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import SCHEMA, Document, place
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import Findings, Rows
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import docs_link
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import discoveries, topology
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import compare, environments
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.causes import RootCause, root_causes
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.evaluate import (
    FAILING,
    UNDECIDED,
    Judged,
    Row,
    Said,
    evaluate,
    whole_only,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.funnel import columns
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import Library

# The last two are for a comparison with an earlier report: new findings of that severity.
FAIL_ON = ("critical", "warning", "never", "new", "new-warning")
MAX_NAMED = 3  # hosts or reasons that a sentence names

Report = t.Dict[str, t.Any]


def report(
    document: Document, library: Library, baseline: t.Optional[Report] = None, baseline_file: str = ""
) -> Report:
    """{schema, run, verdict: {status, sentence, root_causes}, findings, funnel, path, evidence} of evidence.

    The severity from which a failing check is a problem is `run.fail_on`; with `never` and `new` it is `critical`.
    With an earlier report as `baseline` it also has `baseline`, what differs (see `compare`).
    """
    with no_collection():
        made = _report(document, library)
        if baseline is not None:
            made = {**made, "baseline": compare.compare(baseline, made, baseline_file)}
        return made


def _report(document: Document, library: Library) -> Report:
    path = topology(discoveries(document))
    findings = evaluate({**document, "path": path}, library)
    apart = _environments(findings, document, library)
    return {
        "schema": SCHEMA,
        "run": document["run"],
        "verdict": _verdict(findings, document, library),
        **({"environments": apart} if apart else {}),
        "findings": _documents(findings, document),
        "funnel": columns(document),
        "path": path,
        "evidence": document,
    }


def _verdict(findings: Judged, document: Document, library: Library) -> t.Dict[str, t.Any]:
    """{status, sentence, root_causes} of the findings in a document."""
    causes = root_causes(findings, document, library, threshold(str(document["run"].get("fail_on"))))
    missing = decisive_gaps(findings, document)
    return {
        "status": "problem" if causes else "incomplete" if missing else "ok",
        "sentence": _sentence(findings, causes, missing, _several(document)),
        "root_causes": [_linked({**cause.document(), **_slices(cause, document)}, document) for cause in causes],
    }


def _environments(findings: Judged, document: Document, library: Library) -> t.List[t.Dict[str, t.Any]]:
    """The verdict of each environment, where there are several: what a run over its hosts alone would say."""
    groups = environments.environments(document)
    if sum(bool(name) for name in groups) < 2:
        return []
    of_host = {host: name for name, hosts in groups.items() for host in hosts}
    parts: t.Dict[str, t.List[Row]] = {name: [] for name in groups}
    of_backend = {
        each: of_host[labels["hosts"][0]] for each, labels in document["backends"].items() if labels.get("hosts")
    }
    of_run = [row for row in findings.rows if row[0].host is None and row[0].backend is None]
    for row in findings.rows:
        at = row[0]
        name = of_host[at.host] if at.host is not None else of_backend.get(at.backend or "")
        if name is not None:
            parts[name].append(row)
    told, together = [], whole_only(library)
    for name, hosts in groups.items():
        part = environments.within(document, hosts)
        shared = any(labels is not document["backends"][each] for each, labels in part["backends"].items())
        its = evaluate(part, library) if shared or together else Judged([*of_run, *parts[name]])
        found = _verdict(its, part, library)
        ids = list(dict.fromkeys(cause["id"] for cause in found["root_causes"]))
        told.append({"name": name, "hosts": hosts, **found, "root_causes": ids})
    return told


def _slices(cause: RootCause, document: Document) -> t.Dict[str, t.Any]:
    """{slices: the names of those that a root cause is in}, in a merged report."""
    slices = document["run"].get("slices")
    if not slices:
        return {}
    behind = [(document["backends"].get(each.backend) or {}).get("hosts") or [] for each in cause.findings]
    hosts = cause.hosts or [host for its in behind for host in its] or list(document["hosts"])
    keys = dict.fromkeys(document["hosts"][host].get("slice") for host in hosts if host in document["hosts"])
    return {"slices": sorted({excerpt(slices[key].get("name") or key, 60) for key in keys if key in slices})}


def _documents(judged: Judged, document: Document) -> Findings:
    """The findings as report.json has them; what is said of many is made once."""
    made: t.Dict[int, t.Dict[str, t.Any]] = {}

    def one(said: Said) -> t.Dict[str, t.Any]:
        known = made.get(id(said))
        if known is None:
            plain = said.document()
            known = made[id(said)] = _linked(plain, document) if said.state in FAILING else plain
        return known

    return Findings(Rows(at, [one(each) for each in said]) for at, said in judged.rows)


def _linked(found: t.Dict[str, t.Any], document: Document) -> t.Dict[str, t.Any]:
    """A finding or root cause with the address of the page about its check, where that is published."""
    link = docs_link(document["run"], found["id"])
    return {**found, "docs": link} if link else found


def threshold(fail_on: str) -> str:
    """The severity from which a failing check is a problem."""
    return "warning" if fail_on in ("warning", "new-warning") else "critical"


@contextlib.contextmanager
def no_collection() -> t.Iterator[None]:
    """Without the garbage collector: it finds no circle in findings, but walks all evidence for each few of them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _several(document: Document) -> bool:
    """Whether there is more than one host or application, so that it must be said which one is meant."""
    return len(document["hosts"]) > 1 or any(len(labels["applications"]) > 1 for labels in document["hosts"].values())


def decisive_gaps(judged: Judged, document: Document) -> t.Dict[str, t.List[str]]:
    """Why decisive checks are not decided: {reason: [places, or empty]}."""
    gaps: t.Dict[str, t.List[str]] = {}
    for finding in judged.having(lambda said: said.check.decisive and said.state in UNDECIDED):
        names = gaps.setdefault(finding.reason or finding.title, [])
        if finding.host is not None:
            names.append(place(document, finding.host, finding.application))
    return {reason: list(dict.fromkeys(names)) for reason, names in gaps.items()}


def _sentence(judged: Judged, causes: t.Sequence[RootCause], gaps: t.Mapping[str, t.List[str]], several: bool) -> str:
    if causes:
        return _problem(causes)
    numbers = judged.states()
    also = _besides(numbers["warning"], numbers["suppressed"])
    if gaps:
        return f"Nothing failed{also}, but something decisive was not checked: {_reasons(gaps, several)}"
    undecided = sum(numbers[state] for state in UNDECIDED)
    left = f", {undecided} not checked" if undecided else ""
    return f"No fault found: {count(numbers['ok'], 'check')} passed{left}{also}"


def _besides(warnings: int, suppressed: int) -> str:
    """What else there is, in brackets: ` (2 warnings, 1 suppressed)`."""
    told = []
    if warnings:
        told.append(count(warnings, "warning"))
    if suppressed:
        told.append(f"{suppressed} suppressed")
    return f" ({', '.join(told)})" if told else ""


def _reasons(gaps: t.Mapping[str, t.List[str]], several: bool) -> str:
    """The first reasons, with where they hold when there is more than one place."""
    told = [f"{reason} ({named(places)})" if places and several else reason for reason, places in gaps.items()]
    if len(told) <= MAX_NAMED:
        return "; ".join(told)
    return f"{'; '.join(told[:MAX_NAMED])}; and {len(told) - MAX_NAMED} more"


def _problem(causes: t.Sequence[RootCause]) -> str:
    first = causes[0]
    where = f" (on {named(first.places)})" if first.places else ""
    others = [cause.title for cause in causes[1:]]
    if not others:
        return f"{first.title}{where}"
    if len(others) == 1:
        return f"{first.title}{where}; and {others[0]}"
    return f"{first.title}{where}; and {len(others)} more root causes"


def named(places: t.Sequence[str]) -> str:
    """A few hosts, or applications on them, by name; many as a number."""
    if len(places) <= MAX_NAMED:
        return ", ".join(places)
    return f"{len(places)} {'applications' if any(': ' in each for each in places) else 'hosts'}"


def grounds(report_document: Report) -> t.List[t.Dict[str, t.Any]]:
    """Why the play is to fail, as {id, hosts, backend}: the root causes, or what is new where only that counts."""
    if not _only_new(report_document):
        causes: t.List[t.Dict[str, t.Any]] = report_document["verdict"]["root_causes"]
        return causes
    return [
        {"id": entry["id"], "hosts": [] if entry["host"] is None else [entry["host"]], "backend": entry["backend"]}
        for entry in _new(report_document)
    ]


def failing_at(report_document: Report, fail_on: str) -> bool:
    """Whether the play is to fail: `fail_on` is a severity, `never`, or only what is new at a severity."""
    if fail_on.startswith("new"):
        return bool(_new(report_document))
    return fail_on != "never" and report_document["verdict"]["status"] == "problem"


def _only_new(report_document: Report) -> bool:
    fail_on = str(report_document["run"].get("fail_on"))
    return fail_on.startswith("new") and bool(_new(report_document))


def _new(report_document: Report) -> t.List[compare.Entry]:
    """The new findings that count at `run.fail_on`; none without an earlier report."""
    fail_on, found = str(report_document["run"].get("fail_on")), report_document.get("baseline")
    return compare.counting(found, threshold(fail_on)) if found else []
