# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form in which report.json has a report document: what hosts have in common stands in it once.

- `findings` are grouped by what they say, each with the number of an entry of `places`, a list of numbers of
  `subjects`;
- in `evidence`, what two hosts or applications of hosts saw alike is `{as: N}`, an entry of `evidence.results`, or
  `{as: N, but: {...}}`, that entry with the values of `but` in place of its own. An entry has no references itself;
- what is in a document twice (`evidence.run`), and evidence of what passed unless it is wanted, is left out.

A file may come from anywhere: how much it may become is bounded, and a number without an entry is refused.
Runs on the controller only.
"""

from __future__ import annotations

import collections
import json
import marshal
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import (
    Finding,
    Findings,
    Rows,
    Subject,
    by_subject,
)
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.shared import Kept, Shared, whole

SCHEMA = 3
EVIDENCE = ("compact", "full")  # what of it is kept: `full` is also what passed checks saw
MAX_FINDINGS = 10_000_000  # of a report, all subjects together
MAX_BYTES = 2 * 1024**3  # of all evidence, were it written out

Report = t.Dict[str, t.Any]

_SUBJECT = ("host", "application", "backend")
_LEFT_OUT: t.Dict[str, t.Any] = {"host": None, "application": None, "backend": None, "evidence": {}}
# The order of what a finding has.
_FIRST = ("id", "hop", *_SUBJECT, "state", "severity", "decisive", "title", "reason", "evidence")


class BadForm(ValueError):
    """A report whose references do not hold; the message says where."""


def pack(report: Report) -> Report:
    """A report document as it is written; with `run.evidence: full` passed checks keep what they saw."""
    full = report["run"].get("evidence") == "full"
    rest = {key: value for key, value in report.items() if key not in ("schema", "run", "findings", "evidence")}
    findings, subjects, places = _grouped(report["findings"], full)
    return {
        "schema": SCHEMA,
        "run": report["run"],
        **rest,
        "findings": findings,
        "subjects": [subject._asdict() for subject in subjects],
        "places": places,
        "evidence": _packed(report["evidence"]),
    }


def unpack(found: Report) -> Report:
    """The report document that was written in this form, or BadForm. What hosts have in common is one object."""
    rest = {key: value for key, value in found.items() if key not in ("findings", "subjects", "places", "evidence")}
    evidence = found["evidence"]
    if isinstance(evidence, dict):
        evidence = _unpacked(evidence, found.get("run"))
    return {**rest, "schema": document.SCHEMA, "findings": _ungrouped(found), "evidence": evidence}


# --- findings


class _Group(t.NamedTuple):
    said: Finding
    rows: t.List[int]


def _grouped(
    findings: t.Iterable[Finding], full: bool
) -> t.Tuple[t.List[Finding], t.List[Subject], t.List[t.List[int]]]:
    """Findings by what they say, the subjects, and the sets of subjects.

    Their order comes back: a subject has its findings in the order of the groups, else it is there several times.
    """
    groups: t.Dict[str, _Group] = {}
    same: t.Dict[int, t.Tuple[int, _Group]] = {}
    order: t.Dict[str, int] = {}  # of the checks
    subjects: t.List[Subject] = []
    for whom, said in by_subject(findings):
        last = len(order)
        for finding in said:
            known = same.get(id(finding))
            if known is None:
                plain = _plain(finding, full)
                at = order.setdefault(finding["id"], len(order))
                group = groups.setdefault(json.dumps(plain), _Group(plain, []))
                known = same[id(finding)] = at, group
            at, group = known
            if at <= last or not subjects or subjects[-1] is not whom:
                subjects.append(whom)
            last = at
            group.rows.append(len(subjects) - 1)
    sets: t.Dict[t.Tuple[int, ...], int] = {}
    ordered = sorted(groups.values(), key=lambda group: order[group.said["id"]])
    written = [{**said, "places": sets.setdefault(tuple(rows), len(sets))} for said, rows in ordered]
    return written, subjects, [list(rows) for rows in sets]


def _plain(finding: Finding, full: bool) -> Finding:
    """What a finding says, without whom it is about, and without what is empty."""
    left_out = {*_SUBJECT}
    if not finding.get("evidence") or (finding["state"] == "ok" and not full):
        left_out.add("evidence")
    return {key: value for key, value in finding.items() if key not in left_out}


def _ungrouped(found: Report) -> Findings:
    subjects = [_subject(each, number) for number, each in enumerate(_list(found, "subjects"))]
    places = _list(found, "places")
    for number, rows in enumerate(places):
        if not isinstance(rows, list) or not all(_is_number(row, subjects) for row in rows):
            raise BadForm(f"places[{number}] is no list of numbers of subjects")
    findings = _list(found, "findings")
    for number, each in enumerate(findings):
        at = each.get("places") if isinstance(each, dict) else None
        if not _is_number(at, places):
            raise BadForm(f"findings[{number}] has no number of an entry of places")
    if sum(len(places[each["places"]]) for each in findings) > MAX_FINDINGS:
        raise BadForm(f"it has more than {MAX_FINDINGS:,} findings")
    said: t.List[t.List[Finding]] = [[] for _subject_ in subjects]
    for each in findings:
        whole_ = {**_LEFT_OUT, **each}
        plain = {key: whole_[key] for key in (*_FIRST, *each) if key in whole_ and key != "places"}
        for row in places[each["places"]]:
            said[row].append(plain)
    return Findings(map(Rows, subjects, said))


def _list(found: Report, key: str) -> t.List[t.Any]:
    value = found.get(key)
    if not isinstance(value, list):
        raise BadForm(f"it has no list '{key}'")
    return value


def _subject(value: t.Any, number: int) -> Subject:
    names = [value.get(key) for key in _SUBJECT] if isinstance(value, dict) else [0]
    if not all(isinstance(name, (str, type(None))) for name in names):
        raise BadForm(f"subjects[{number}] has no host, application and backend")
    return Subject(*names)


# --- evidence


def _packed(evidence: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Evidence in which what is there several times stands once."""
    shared = Shared()
    known: t.Dict[int, t.Optional[Kept]] = {}
    uses: t.Counter[int] = collections.Counter()

    def keep(label: str, result: t.Any) -> t.Any:
        if isinstance(result, dict):
            if id(result) not in known:
                known[id(result)] = shared.keep(label, result)
            kept = known[id(result)]
            if kept is not None:
                uses[kept.number] += 1
        return result

    _each(evidence, keep)
    numbers: t.Dict[int, int] = {}

    def written(_label: str, result: t.Any) -> t.Any:
        kept = known[id(result)] if isinstance(result, dict) else None
        if kept is None or (uses[kept.number] == 1 and "as" not in result):
            return result
        number = numbers.setdefault(kept.number, len(numbers))
        return {"as": number, "but": kept.but} if kept.but else {"as": number}

    places = _each(evidence, written)
    rest = {key: value for key, value in evidence.items() if key != "run"}
    return {**rest, **places, "results": [shared.results[number] for number in numbers]}


def _unpacked(evidence: t.Dict[str, t.Any], run: t.Any) -> t.Dict[str, t.Any]:
    results = evidence.get("results")
    if not isinstance(results, list):
        raise BadForm("it has no list 'evidence.results'")
    sizes: t.Dict[int, int] = {}
    left = MAX_BYTES

    def found(label: str, result: t.Any) -> t.Any:
        nonlocal left
        if not isinstance(result, dict) or "as" not in result:
            return result
        number, but = result["as"], result.get("but")
        if not _is_number(number, results) or not isinstance(results[number], dict):
            raise BadForm(f"the evidence '{label}' is that of no entry of evidence.results")
        if not isinstance(but, (dict, type(None))):
            raise BadForm(f"the evidence '{label}' has 'but', but not as a dictionary")
        if number not in sizes:
            sizes[number] = len(marshal.dumps(results[number], 2))
        left -= sizes[number]
        if left < 0:
            raise BadForm(f"its evidence would be more than {MAX_BYTES // 1024**3} GiB")
        return whole(results[number], but)

    places = _each(evidence, found)
    schema = {key: value for key, value in evidence.items() if key == "schema"}
    rest = {key: value for key, value in evidence.items() if key != "results"}
    return {**schema, "run": run, **rest, **places}


def _each(evidence: t.Mapping[str, t.Any], change: t.Callable[[str, t.Any], t.Any]) -> t.Dict[str, t.Any]:
    """{hosts, backends} of evidence, with each label's value changed; what has another shape stays."""
    return {
        key: {name: _labels(labels, change) for name, labels in evidence[key].items()}
        for key in ("hosts", "backends")
        if isinstance(evidence.get(key), dict)
    }


def _labels(labels: t.Any, change: t.Callable[[str, t.Any], t.Any]) -> t.Any:
    if not isinstance(labels, dict):
        return labels
    return {
        label: {name: _labels(own, change) for name, own in value.items()}
        if label == "applications" and isinstance(value, dict)
        else change(label, value)
        for label, value in labels.items()
    }


def _is_number(value: t.Any, of: t.Sequence[t.Any]) -> bool:
    """Whether it is the number of one of these; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(of)
