# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that ends a run on the terminal."""

from __future__ import annotations

import re
import textwrap
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._report import draw, fold
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.expressions import epoch
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.judge import count

WIDTH = 100
MAX_PASSES = 3  # passing checks of a hop that get a line of their own
MAX_REASONS = 6
MAX_EDGES = 12  # of the path that was found
_UNSENT = re.compile("no span (from this host )?was (sent|accepted)")  # as the reasons have it

_MARKS = {"ok": "√", "failed": "×", "warning": "!", "info": "i", "pending": "…", "unknown": "?", "suppressed": "~"}
_ASCII_MARKS = {**_MARKS, "ok": "+", "failed": "x", "pending": "."}
_ASCII = str.maketrans({"→": "->", "…": "...", "√": "+", "×": "x", "–": "-", "\u2019": "'"})

Report = t.Dict[str, t.Any]


def page(report: Report, paths: t.Sequence[str] = (), utf8: bool = True) -> str:
    """The page for a report document; `paths` are the files that were written. Plain ASCII unless `utf8`."""
    marks = _MARKS if utf8 else _ASCII_MARKS
    follows = fold.follows_from(report)
    lines = [_head(report), *_found(report, MAX_EDGES)]
    for hop, found in fold.by_hop(report).items():
        body = _hop(found, follows, marks)
        if body:
            lines += [hop, *body]
    lines += ["", *_not_checked(report), *_verdict(report)]
    lines += [f"report: {path}" for path in paths]
    text = clean("\n".join(lines))  # names of hosts as well, when the report comes from somebody else
    return text if utf8 else text.translate(_ASCII).encode("ascii", "replace").decode()


def found(report: Report, utf8: bool = True) -> str:
    """The page of a run that only looked around: the path that was found, and what could not be seen."""
    lines = [_head(report), *_found(report, None)]
    if len(lines) == 1:
        lines.append("nothing of a span's path was found")
    for host, labels in report["evidence"]["hosts"].items():
        for words in (labels.get("discover") or {}).get("unseen") or []:
            lines += _wrap("not seen: ", f"{host}: {words}")
    text = clean("\n".join(lines))
    return text if utf8 else text.translate(_ASCII).encode("ascii", "replace").decode()


def _found(report: Report, most: t.Optional[int]) -> t.List[str]:
    """The edges of the path that discovery found, at most so many."""
    edges = [edge for each in (report.get("path") or {"edges": {}})["edges"].values() for edge in each]
    several = len(report["evidence"]["hosts"]) > 1
    lines = [line for edge in edges[:most] for line in _wrap("  ", draw.sentence(edge, several), indent=6)]
    if len(edges) > len(edges[:most]):
        lines.append(f"  and {len(edges) - len(edges[:most])} more in the report")
    return ["path", *lines] if lines else []


def _head(report: Report) -> str:
    evidence, checks = report["evidence"], {finding["id"] for finding in report["findings"]}
    applications = sum(len(labels["applications"]) for labels in evidence["hosts"].values())
    counts = [
        count(len(evidence["hosts"]), "host"),
        *([count(applications, "application")] if applications > len(evidence["hosts"]) else []),
        count(len(evidence["backends"]), "backend"),
        count(len(checks), "check"),
    ]
    started, finished = epoch(report["run"].get("started")), epoch(report["run"].get("finished"))
    if started is not None and finished is not None and finished > started:
        counts.append(f"{finished - started:.3g} s")
    unreachable = [name for name, labels in evidence["hosts"].items() if labels.get("unreachable")]
    if unreachable:
        counts.append(f"not reached: {fold.named(unreachable)}")
    if report["run"].get("check_mode"):
        counts.append("check mode: no span was sent")
    return f"tracing  app -> otlp -> tempo -> grafana        {', '.join(counts)}"


def _hop(found: t.List[fold.Line], follows: t.Mapping[str, str], marks: t.Mapping[str, str]) -> t.List[str]:
    body: t.List[str] = []
    passes = [line for line in found if line.finding["state"] == "ok"]
    telling = sorted((line for line in passes if _telling(line.finding)), key=lambda line: not line.finding["decisive"])
    telling = telling[:MAX_PASSES]
    for line in telling:
        body += _line(line, marks)
    rest = len({line.finding["id"] for line in passes} - {line.finding["id"] for line in telling})
    if rest:
        body.append(f"  {marks['ok']} {count(rest, 'more check' if telling else 'check')} passed")
    folded: t.Dict[str, t.List[str]] = {}
    for line in found:
        finding = line.finding
        state, cause = finding["state"], follows.get(finding["id"])
        if state in fold.FAILING and cause:
            folded.setdefault(cause, []).append(finding["id"])
        elif state in (*fold.FAILING, "pending", "suppressed"):
            body += _line(line, marks)
            if state in ("failed", "warning"):
                body += _explanation(finding)
            if state in ("pending", "suppressed"):
                body += _wrap(f"      {state}  ", finding["reason"])
    for cause, ids in folded.items():
        body += _wrap("  - ", f"only because of {cause}: {', '.join(dict.fromkeys(ids))}")
    return body


def _telling(finding: t.Dict[str, t.Any]) -> bool:
    """Whether a passing check says what it saw; one without words of its own repeats its question."""
    return finding["severity"] == "critical" and not finding["title"].endswith("?")


def _line(line: fold.Line, marks: t.Mapping[str, str]) -> t.List[str]:
    who = f"{fold.named(line.places)}  " if line.places else ""
    return _wrap(f"  {marks[line.finding['state']]} {who}", line.title, indent=6)


def _explanation(finding: t.Dict[str, t.Any]) -> t.List[str]:
    proved = ["      proved by a probe"] if finding.get("proved") else []
    fixes = [line for step in finding.get("fix", []) for line in _wrap("      fix    ", step)]
    see = _wrap("      see    ", f"docs/checks.md#{finding['id']}")
    return [*_wrap("      cause  ", finding.get("cause", "")), *proved, *fixes, *see]


def _not_checked(report: Report) -> t.List[str]:
    findings, lines = report["findings"], []
    if report["run"].get("check_mode"):
        # By name, since no report is written that would have them.
        ids = dict.fromkeys(finding["id"] for finding in findings if _UNSENT.search(finding["reason"]))
        if ids:
            lines += _wrap(
                "not checked: ", f"no span was sent in check mode ({count(len(ids), 'check')}): {', '.join(ids)}"
            )
        findings = [finding for finding in findings if finding["id"] not in ids]
    reasons = fold.reasons(findings)
    for reason, checks in list(reasons.items())[:MAX_REASONS]:
        lines += _wrap("not checked: ", f"{reason} ({count(checks, 'check')})")
    if len(reasons) > MAX_REASONS:
        lines.append(f"not checked: {len(reasons) - MAX_REASONS} more reasons in the report")
    return lines


def _verdict(report: Report) -> t.List[str]:
    verdict = report["verdict"]
    lines = _wrap(f"{verdict['status']}: ", verdict["sentence"])
    for cause in verdict["root_causes"]:
        places = fold.places(report, cause)
        where = [cause["hop"], *([fold.named(places)] if places else [])]
        after = len(cause["consequences"])
        folded = f" ({count(after, 'consequence')} folded)" if after else ""
        lines += _wrap("root cause: ", f"{', '.join(where)}: {cause['id']}{folded}")
    return lines


def _wrap(first: str, text: str, indent: t.Optional[int] = None) -> t.List[str]:
    later = " " * (len(first) if indent is None else indent)
    return textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False
    ) or [first.rstrip()]
