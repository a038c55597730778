# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds findings for people: equal outcomes of many hosts become one line."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import count, excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import Subject, by_subject
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.united import APART
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.causes import MAX_TITLES, alike
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import HOPS

FAILING = ("failed", "warning", "info")


class Group(t.NamedTuple):
    """Findings of one check that say the same."""

    finding: t.Dict[str, t.Any]  # the first of them
    rows: t.List[int]  # whom they are about, as numbers of rows


class Folded(t.NamedTuple):
    """All findings of a report by what they say: of 5,000 hosts there are a million and more."""

    groups: t.List[Group]  # in the order of the findings
    rows: t.List[Subject]

    @property
    def firsts(self) -> t.List[t.Dict[str, t.Any]]:
        """One finding of each group."""
        return [group.finding for group in self.groups]


def fold(report: t.Dict[str, t.Any]) -> Folded:
    """The findings of a report document, gone through once."""
    known: t.Dict[t.Tuple[str, str, str, str, str], Group] = {}
    same: t.Dict[int, t.List[int]] = {}  # the rows of the group, by the dictionary that many subjects may share
    rows: t.List[Subject] = []
    for whom, said in by_subject(report["findings"]):
        row = len(rows)
        rows.append(whom)
        for finding in said:
            found = same.get(id(finding))
            if found is None:
                says = (finding["state"], finding["reason"], finding["title"], finding.get("blocked_by", ""))
                key = (finding["id"], *says)
                group = known.get(key)
                if group is None:
                    known[key] = group = Group({**finding, **whom._asdict()}, [])
                found = same[id(finding)] = group.rows
            found.append(row)
    return Folded(list(known.values()), rows)


MAX_LOUD = 1000


def loud(report: t.Dict[str, t.Any]) -> t.List[t.Dict[str, t.Any]]:
    """The findings that neither passed nor were skipped; of too many those that say the same are one, with `alike`."""
    found = [
        {**finding, **whom._asdict()}
        for whom, said in by_subject(report["findings"])
        for finding in said
        if finding["state"] not in ("ok", "skipped")
    ]
    if len(found) <= MAX_LOUD:
        return found
    groups = (group for group in fold(report).groups if group.finding["state"] not in ("ok", "skipped"))
    return [{**finding, "alike": len(rows)} for finding, rows in groups]


def numbers(report: t.Dict[str, t.Any]) -> t.Dict[str, int]:
    """The number of findings by state, for the states that there are."""
    found: t.Dict[str, int] = {}
    for _whom, said in by_subject(report["findings"]):
        for finding in said:
            state = finding["state"]
            found[state] = found.get(state, 0) + 1
    return found


class Line(t.NamedTuple):
    """Findings of one check with one outcome, and the hosts (or applications of hosts) they are about."""

    finding: t.Dict[str, t.Any]  # the first of them
    title: str
    places: t.List[str]


def by_hop(report: t.Dict[str, t.Any], folded: t.Optional[Folded] = None) -> t.Dict[str, t.List[Line]]:
    """The lines of each hop that has findings, in path order, with findings in the order they came."""
    groups, rows = folded or fold(report)
    backends = report["evidence"]["backends"]
    names = ["" if row.host is None else subject(report, row._asdict()) for row in rows]
    outcomes: t.Dict[t.Tuple[str, ...], t.Dict[str, Line]] = {}
    for finding, found in groups:
        key = (finding["hop"], finding["id"], finding["state"], finding["reason"])
        line = outcomes.setdefault(key, {}).setdefault(finding["title"], Line(finding, finding["title"], []))
        if finding["host"] is not None:
            line.places.extend([names[row] for row in found])
        elif len(backends) > 1:
            behind = [host for row in found for host in (backends.get(rows[row].backend) or {}).get("hosts") or []]
            seen = set(line.places)  # a host may have several backends
            line.places.extend(host for host in dict.fromkeys(behind) if host not in seen)
    lines: t.Dict[str, t.List[Line]] = {hop: [] for hop in HOPS}
    for (hop, *_rest), by_title in outcomes.items():
        lines[hop] += _merged(list(by_title.values()))
    return {name: found for name, found in lines.items() if found}


def _merged(lines: t.List[Line]) -> t.List[Line]:
    """Lines that differ in their titles only (an endpoint, a number) become one when they are many."""
    if len(lines) <= MAX_TITLES:
        return lines
    first, places = lines[0], [place for line in lines for place in line.places]
    return [Line(first.finding, alike(first.title, len(places)), places)]


def subject(report: t.Dict[str, t.Any], finding: t.Dict[str, t.Any]) -> str:
    """What a finding is about: a host, an application where its host has several, a backend's id, or `run`."""
    if finding["host"] is not None:
        return document.place(report["evidence"], finding["host"], finding["application"])
    return finding["backend"] or "run"


def places(report: t.Dict[str, t.Any], cause: t.Dict[str, t.Any]) -> t.List[str]:
    """Where a root cause is, as a sentence names it."""
    if cause["applications"]:
        return [document.place(report["evidence"], each["host"], each["name"]) for each in cause["applications"]]
    found: t.List[str] = cause["hosts"]
    return found


def where(report: t.Dict[str, t.Any], cause: t.Dict[str, t.Any]) -> str:
    """Where a root cause is, in a few words: names, or in a merged report how many hosts of how many slices."""
    found, slices = places(report, cause), cause.get("slices") or []
    if not slices:
        return named(found)
    hosts = count(len(set(cause["hosts"])), "host") if cause["hosts"] else ""
    among = f"in {count(len(slices), 'slice')} ({named(slices)})"
    if len(found) == 1:
        return f"{found[0]} {among}"
    return f"{hosts} {among}" if hosts else among


def merging(report: t.Dict[str, t.Any]) -> t.List[str]:
    """What is to be said of a report that was merged, in sentences: of which slices, and which hosts several saw."""
    run, backends = report["run"], report["evidence"]["backends"]
    slices = run.get("slices") or {}
    if not slices:
        return []
    names = list(dict.fromkeys(excerpt(own.get("name") or key, 60) for key, own in slices.items()))
    said = [f"merged of {count(len(slices), 'report')}: {named(names)}"]
    twice = run.get("duplicates") or []
    lost = [each["host"] for each in twice if each.get("lost")]
    if twice:
        hosts = named([each["host"] for each in twice])
        said.append(f"{count(len(twice), 'host')} in several reports, of which the later one counts: {hosts}")
    if lost:
        said.append(f"reached by an earlier run, but not by the later one: {named(lost)}")
    apart = [name for name in backends if APART in name]
    if apart:
        said.append(f"did not answer all slices alike, so each is judged by what it saw: {named(apart)}")
    return said


_STATUSES = ("problem", "incomplete", "ok")


def environments(report: t.Dict[str, t.Any], most: int) -> t.Tuple[t.List[t.Dict[str, t.Any]], str]:
    """The environments, the worst first and at most so many, with what the others are ("2 problem, 5 ok")."""
    found = sorted(report.get("environments") or [], key=lambda each: _STATUSES.index(each["status"]))
    shown = [{**each, "name": each["name"] or NOWHERE} for each in found]
    left = [each["status"] for each in found[most:]]
    others = ", ".join(f"{left.count(status)} {status}" for status in _STATUSES if status in left)
    return shown[:most], others


NOWHERE = "not known"  # the environment of hosts of whom nothing tells it


def reasons(findings: t.Iterable[t.Dict[str, t.Any]]) -> t.Dict[str, int]:
    """Why checks were not decided: {reason: number of checks}, decisive ones first, blocked ones last.

    Of findings that say the same one is enough.
    """
    ids: t.Dict[t.Tuple[bool, str], t.Set[str]] = {}
    decisive: t.Set[str] = set()
    for finding in findings:
        blocked = finding["state"] == "blocked"
        if blocked or finding["state"] in ("skipped", "unknown"):
            reason = f"blocked by {finding['blocked_by']}" if blocked else finding["reason"]
            ids.setdefault((blocked, reason), set()).add(finding["id"])
            if finding["decisive"]:
                decisive.add(reason)
    order = sorted(ids, key=lambda key: (key[0], key[1] not in decisive, -len(ids[key]), key[1]))
    return {reason: len(ids[blocked, reason]) for blocked, reason in order}


def follows_from(report: t.Dict[str, t.Any]) -> t.Dict[str, str]:
    """For each check that fails only because of a root cause, the id of that cause."""
    causes = report["verdict"]["root_causes"]
    found: t.Dict[str, str] = {}
    for cause in causes:
        for check_id in cause["consequences"]:
            found.setdefault(check_id, cause["id"])
    # On another host it may be a root cause itself: then it is not folded.
    for cause in causes:
        found.pop(cause["id"], None)
    return found


def differences(report: t.Dict[str, t.Any]) -> t.Dict[str, int]:
    """How many findings differ from the earlier report, by kind; empty where nothing was compared."""
    found = report.get("baseline")
    if not found:
        return {}
    numbers = {name: len(found[name]) for name in ("new", "gone", "changed", "not_checked")}
    return {**numbers, "unchanged": found["unchanged"]}


def compared(report: t.Dict[str, t.Any]) -> str:
    """The comparison in one sentence; "" where nothing was compared."""
    numbers = differences(report)
    if not numbers:
        return ""
    told = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in numbers.items())
    when = report["baseline"]["finished"]
    return f"{told} since {when[:19].replace('T', ' ') or 'the earlier report'} ({report['baseline']['file']})"


def compared_lines(
    entries: t.Sequence[t.Dict[str, t.Any]], most: int
) -> t.Tuple[t.List[t.Tuple[t.Dict[str, t.Any], t.List[str]]], int]:
    """Entries of a comparison that say the same as one, with where they are; at most so many, and how many are left."""
    lines: t.Dict[t.Tuple[str, str], t.Tuple[t.Dict[str, t.Any], t.List[str]]] = {}
    for entry in entries:
        line = lines.setdefault((entry["id"], entry["title"]), (entry, []))
        line[1].extend([entry["where"]] if entry["where"] else [])
    return list(lines.values())[:most], max(0, len(lines) - most)


def named(places: t.Sequence[str], most: int = 4) -> str:
    """A few names, or the first ones and a number."""
    between = ", " if any(" " in place for place in places) else " "
    if len(places) <= most:
        return between.join(places)
    return f"{between.join(places[: most - 1])} and {len(places) - most + 1} more"
