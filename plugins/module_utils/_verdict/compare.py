# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is new, gone or changed since an earlier report (`diagnose_baseline`).

A finding is the same in both reports when its check and what it is about are. New is one that fails and did not fail
then, gone one that failed then and passes now. What was not looked at this time, such as a host beyond `--limit` or a
check that something else blocks, is neither: it is in `not_checked`. One that fails only because of another new one (or
failed only because of another that is gone) is folded under it, so that one fault is one finding.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import place
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import Findings
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.evaluate import FAILING
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import SEVERITIES

Report = t.Dict[str, t.Any]
Finding = t.Dict[str, t.Any]


class Entry(t.TypedDict):
    """A finding that differs, and what it was; exactly one of host and backend is set, or none for the run."""

    id: str
    host: t.Optional[str]
    application: t.Optional[str]
    backend: t.Optional[str]
    where: str  # as a sentence names it: host, "host: application", backend; "" for the run
    severity: str  # of the check, or of what is folded under it where that is graver
    title: str  # of today; of then, where it is gone or not checked
    before: str  # its state then; "" when it was not there
    state: str  # its state today; "" when it is not there
    why: str  # what changed, or why it was not checked; "" otherwise
    consequences: t.List[str]  # ids of checks that are folded under it


class Comparison(t.TypedDict):
    """`baseline` of report.json."""

    file: str  # of the earlier report
    finished: str  # when that run ended
    new: t.List[Entry]
    gone: t.List[Entry]
    changed: t.List[Entry]  # it fails in both, with another state or other words
    not_checked: t.List[Entry]  # failed then; nobody knows today
    unchanged: int  # findings that fail in both


_Key = t.Tuple[str, t.Optional[str], t.Optional[str], t.Optional[str]]  # check, host, application, backend

# What was there: a suppressed finding fails, too.
_THERE = FAILING | {"suppressed"}


def compare(before: Report, after: Report, file: str = "") -> Comparison:
    """What differs between two report documents, of which the earlier one is from `file`.

    `before` may be of schema 1, whose findings name no application: its hosts had one each.
    """
    by_application = before.get("schema") != 1
    wanted = {each["id"] for report in (before, after) for each in _said(report) if each["state"] in _THERE}
    then, now = _keyed(before, wanted, by_application), _keyed(after, wanted, by_application)
    new: t.List[Entry] = []
    gone: t.List[Entry] = []
    changed: t.List[Entry] = []
    not_checked: t.List[Entry] = []
    unchanged = 0
    for key, finding in now.items():
        old = then.get(key)
        if finding["state"] in FAILING and (old is None or old["state"] not in _THERE):
            new.append(_entry(after, finding, old, finding))
        elif finding["state"] in _THERE and old is not None and old["state"] in _THERE:
            why = _difference(old, finding)
            unchanged += not why
            changed += [_entry(after, finding, old, finding, why)] if why else []
    for key, old in then.items():
        if old["state"] not in _THERE:
            continue
        today = now.get(key)
        if today is None or today["state"] not in (*_THERE, "ok"):
            not_checked.append(_entry(before, old, old, today, _why_not(after, key, today)))
        elif today["state"] == "ok":
            gone.append(_entry(before, old, old, today))
    return {
        "file": file,
        "finished": str((before.get("run") or {}).get("finished") or ""),
        "new": _folded(new, after),
        "gone": _folded(gone, before),
        "changed": changed,
        "not_checked": not_checked,
        "unchanged": unchanged,
    }


def _said(report: Report) -> t.Iterator[Finding]:
    """All findings of a report, of any subject."""
    findings = report["findings"]
    return (each for row in findings.rows for each in row.said) if isinstance(findings, Findings) else iter(findings)


def counting(comparison: Comparison, threshold: str) -> t.List[Entry]:
    """The new findings at or above `threshold` (a severity)."""
    least = SEVERITIES.index(threshold)
    return [entry for entry in comparison["new"] if SEVERITIES.index(entry["severity"]) >= least]


def _keyed(report: Report, wanted: t.Set[str], by_application: bool) -> t.Dict[_Key, Finding]:
    """The findings of `wanted` checks by what they are about; a host's keeps its key when it gets another backend."""
    found: t.Dict[_Key, Finding] = {}
    findings = report["findings"]
    if isinstance(findings, Findings):
        findings = (
            {**each, **row.subject._asdict()} for row in findings.rows for each in row.said if each["id"] in wanted
        )
    for each in findings:
        if each["id"] in wanted:
            host = each.get("host")
            application = each.get("application") if by_application else None
            found[each["id"], host, application, None if host is not None else each.get("backend")] = each
    return found


def _entry(
    report: Report, finding: Finding, old: t.Optional[Finding], new: t.Optional[Finding], why: str = ""
) -> Entry:
    host, application, severity = finding.get("host"), finding.get("application"), finding.get("severity")
    return {
        "id": finding["id"],
        "host": host,
        "application": application,
        "backend": finding.get("backend") if host is None else None,
        "where": _where(report, finding),
        "severity": severity if severity in SEVERITIES else "info",
        "title": str(finding.get("title") or ""),
        "before": old["state"] if old else "",
        "state": new["state"] if new else "",
        "why": why,
        "consequences": [],
    }


def _where(report: Report, finding: Finding) -> str:
    """What a finding is about, as a sentence names it."""
    host, hosts = finding.get("host"), (report.get("evidence") or {}).get("hosts") or {}
    if host is None:
        return str(finding.get("backend") or "")
    known = isinstance((hosts.get(host) or {}).get("applications"), dict)
    return place(report["evidence"], host, finding.get("application")) if known else str(host)


# Numbers that are measured anew each time: times, counts, ids. Not those of ports, addresses, versions and names.
_MEASURED = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\b[0-9a-f]{32}\b|\b[0-9a-f]{16}\b"
    r"|(?<![\w:.,/-])(?<!port )\d+(?:[.,]\d+)?(?:ms|s|min|h|d|%|[KMGT]i?B|B)?(?![\w:/-]|[.,]\d)"
)


def _difference(old: Finding, new: Finding) -> str:
    """What is not the same in a finding that was there already; "" when only measured numbers differ."""
    if old["state"] != new["state"]:
        return f"{old['state']} then, {new['state']} now"
    for key, words in (("title", "it says something else"), ("cause", "it has another cause")):
        if _MEASURED.sub("#", str(old.get(key) or "")) != _MEASURED.sub("#", str(new.get(key) or "")):
            return words
    return ""


def _why_not(after: Report, key: _Key, today: t.Optional[Finding]) -> str:
    """Why a finding of the earlier report is not decided today."""
    if today is not None:
        blocked = f"blocked by {today['blocked_by']}" if today.get("blocked_by") else ""
        return str(blocked or today.get("reason") or today["state"])
    _check_id, host, application, backend = key
    hosts, backends = after["evidence"]["hosts"], after["evidence"]["backends"]
    if host is not None and host not in hosts:
        return "the host was not part of this run"
    if application is not None and application not in hosts[host]["applications"]:
        return "the application was not found this time"
    if backend is not None and backend not in backends:
        return "the backend was not part of this run"
    return "there is no such check any more"


def _folded(entries: t.List[Entry], report: Report) -> t.List[Entry]:
    """Those that stand for themselves, with those that fail only because of them folded under them."""
    leaders: t.Dict[_Place, Entry] = {}
    standing: t.Set[int] = set()
    for cause in (report.get("verdict") or {}).get("root_causes") or []:
        spread = set(cause.get("hosts") or [])
        for entry in entries:
            if entry["id"] == cause["id"] and (entry["host"] is None or entry["host"] in spread):
                standing.add(id(entry))
                for check_id in cause.get("consequences") or []:
                    for host, application in _reach(entry):
                        leaders.setdefault((check_id, host, application), entry)
    alone = []
    for entry in entries:
        over = None
        if id(entry) not in standing:
            around = ((entry["id"], host, application) for host, application in _around(entry))
            over = next((leaders[where] for where in around if where in leaders), None)
        if over is None:
            alone.append(entry)
            continue
        over["severity"] = max(over["severity"], entry["severity"], key=SEVERITIES.index)
        if entry["id"] not in over["consequences"]:
            over["consequences"].append(entry["id"])
    return alone


_Place = t.Tuple[str, t.Optional[str], t.Optional[str]]  # check, host, application
_ANY = "\0"  # what no host and no application is called


def _reach(leader: Entry) -> t.List[t.Tuple[t.Optional[str], t.Optional[str]]]:
    """Where something can fail because of `leader`: on its host and in its application, and around them."""
    host, application = leader["host"], leader["application"]
    return [(host, application), (_ANY, None), *([(host, _ANY)] if application is not None else [])]


def _around(entry: Entry) -> t.List[t.Tuple[t.Optional[str], t.Optional[str]]]:
    """Where the reason of `entry` can be."""
    host, application = entry["host"], entry["application"]
    if host is None:
        return [(_ANY, None)]
    return [(host, application), (host, None if application is not None else _ANY), (None, None)]
