# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that ends a run on the terminal: details first, the verdict last."""

from __future__ import annotations

import re
import textwrap
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean, count
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch
from ansible_collections.traceops.tracing.plugins.module_utils._report import draw, fold
from ansible_collections.traceops.tracing.plugins.module_utils._report.lines import Line

WIDTH = 100
MAX_DIFFERENT = 10  # new findings, and those that are gone
MAX_EDGES = 12  # of the path that was found
_UNSENT = re.compile("no span (from this host )?was (sent|accepted)")  # as the reasons have it

_MARKS = {"ok": "√", "failed": "×", "warning": "!", "info": "i", "pending": "…", "unknown": "?", "suppressed": "~"}
_STYLES = {
    **{"ok": "ok", "failed": "failed", "warning": "warning", "info": "info", "pending": "warning"},
    **{"suppressed": "muted", "problem": "failed", "incomplete": "warning"},
}
_ASCII_MARKS = {**_MARKS, "ok": "+", "failed": "x", "pending": "."}
_ASCII = str.maketrans({"→": "->", "…": "...", "√": "+", "×": "x", "–": "-", "\u2019": "'"})

Report = t.Dict[str, t.Any]


def page(report: Report, paths: t.Sequence[str] = (), utf8: bool = True, verbose: bool = False) -> str:
    """The page for a report document as plain text."""
    return "\n".join(line.text for line in lines(report, paths, utf8, verbose))


def found(report: Report, utf8: bool = True) -> str:
    """The page of a run that only looked around, as plain text."""
    return "\n".join(line.text for line in found_lines(report, utf8))


def lines(report: Report, paths: t.Sequence[str] = (), utf8: bool = True, verbose: bool = False) -> t.List[Line]:
    """The page for a report document; `paths` are the files that were written. Plain ASCII unless `utf8`.

    `verbose` has every check that passed and every reason why one was not decided, which are one line else.
    """
    marks = _MARKS if utf8 else _ASCII_MARKS
    follows = fold.follows_from(report)
    folded = fold.fold(report)
    shown = [Line(_head(report, folded.firsts), "head")]
    shown += _styled(line for words in fold.merging(report) for line in _wrap("slices: ", words))
    shown += _styled(_found(report, MAX_EDGES))
    for hop, found_ in fold.by_hop(report, folded).items():
        body = _hop(found_, follows, marks, verbose)
        if body:
            shown += [Line(hop, "head"), *body]
    shown += _styled(_not_checked(report, folded.firsts, verbose), "muted")
    shown += [Line(f"report: {path}") for path in paths]
    shown += [Line(""), *_baseline(report, marks), *_environments(report), *_verdict(report)]
    return _safe(shown, utf8)


def found_lines(report: Report, utf8: bool = True) -> t.List[Line]:
    """The page of a run that only looked around: the path that was found, and what could not be seen."""
    shown = [_head(report, fold.fold(report).firsts), *_found(report, None)]
    if len(shown) == 1:
        shown.append("nothing of a span's path was found")
    for host, labels in report["evidence"]["hosts"].items():
        for words in (labels.get("discover") or {}).get("unseen") or []:
            shown += _wrap("not seen: ", f"{host}: {words}")
    return _safe(_styled(shown), utf8)


def _safe(shown: t.List[Line], utf8: bool) -> t.List[Line]:
    """Names of hosts are cleaned as well: the report may come from somebody else."""

    def text(line: Line) -> str:
        cleaned = clean(line.text).replace("\n", " ")
        return cleaned if utf8 else cleaned.translate(_ASCII).encode("ascii", "replace").decode()

    return [Line(text(line), line.style) for line in shown]


def _styled(texts: t.Iterable[str], style: str = "") -> t.List[Line]:
    return [Line(text, style) for text in texts]


def _found(report: Report, most: t.Optional[int]) -> t.List[str]:
    """The edges of the path that discovery found, at most so many."""
    edges = [edge for each in (report.get("path") or {"edges": {}})["edges"].values() for edge in each]
    several = len(report["evidence"]["hosts"]) > 1
    lines = [line for edge in edges[:most] for line in _wrap("  ", draw.sentence(edge, several), indent=6)]
    if len(edges) > len(edges[:most]):
        lines.append(f"  and {len(edges) - len(edges[:most])} more in the report")
    return ["path", *lines] if lines else []


def _head(report: Report, findings: t.Iterable[t.Dict[str, t.Any]]) -> str:
    evidence, checks = report["evidence"], {finding["id"] for finding in findings}
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


def _hop(
    found: t.List[fold.Line], follows: t.Mapping[str, str], marks: t.Mapping[str, str], verbose: bool
) -> t.List[Line]:
    body = _passes([line for line in found if line.finding["state"] == "ok"], marks, verbose)
    folded: t.Dict[str, t.List[str]] = {}
    for line in found:
        finding = line.finding
        state, cause = finding["state"], follows.get(finding["id"])
        if state in fold.FAILING and cause:
            folded.setdefault(cause, []).append(finding["id"])
        elif state in (*fold.FAILING, "pending", "suppressed"):
            body += _styled(_line(line, marks), _STYLES[state])
            if state in ("failed", "warning"):
                body += _styled(_explanation(finding))
            if state in ("pending", "suppressed"):
                body += _styled(_wrap(f"      {state}  ", finding["reason"]))
    for cause, ids in folded.items():
        body += _styled(_wrap("  - ", f"only because of {cause}: {', '.join(dict.fromkeys(ids))}"), "muted")
    return body


def _passes(passes: t.List[fold.Line], marks: t.Mapping[str, str], verbose: bool) -> t.List[Line]:
    """What passed at a hop: all of it, or the one that tells most and the number of the others."""
    if verbose:
        return _styled((text for line in passes for text in _line(line, marks)), "ok")
    telling = sorted((line for line in passes if _telling(line.finding)), key=_tells_less)
    rest = {line.finding["id"] for line in passes} - {line.finding["id"] for line in telling[:1]}
    if not telling:
        return _styled([f"  {marks['ok']} {count(len(rest), 'check')} passed"] if rest else [], "ok")
    first = telling[0]
    more = f" (and {count(len(rest), 'more check')} passed)" if rest else ""
    return _styled(_line(first._replace(title=first.title + more), marks), "ok")


def _telling(finding: t.Dict[str, t.Any]) -> bool:
    """Whether a passing check says what it saw; one without words of its own says its id."""
    return finding["severity"] == "critical" and not finding["title"].startswith(finding["id"])


def _tells_less(line: fold.Line) -> t.Tuple[bool, bool]:
    """What was seen tells more than what was not."""
    return not line.finding["decisive"], bool({"no", "not"} & set(line.title.split()))


def _line(line: fold.Line, marks: t.Mapping[str, str]) -> t.List[str]:
    who = f"{fold.named(line.places)}  " if line.places else ""
    return _wrap(f"  {marks[line.finding['state']]} {who}", line.title, indent=6)


def _explanation(finding: t.Dict[str, t.Any]) -> t.List[str]:
    proved = ["      proved by a probe"] if finding.get("proved") else []
    fixes = [line for step in finding.get("fix", []) for line in _wrap("      fix    ", step)]
    see = [f"      see    {finding['docs']}"] if finding.get("docs") else []  # in one piece, so that it can be opened
    return [*_wrap("      cause  ", finding.get("cause", "")), *proved, *fixes, *see]


def _not_checked(report: Report, findings: t.List[t.Dict[str, t.Any]], verbose: bool) -> t.List[str]:
    lines: t.List[str] = []
    if report["run"].get("check_mode"):
        # By name, since no report is written that would have them.
        ids = dict.fromkeys(finding["id"] for finding in findings if _UNSENT.search(finding["reason"]))
        if ids:
            lines += _wrap(
                "not checked: ", f"no span was sent in check mode ({count(len(ids), 'check')}): {', '.join(ids)}"
            )
        findings = [finding for finding in findings if finding["id"] not in ids]
    reasons = fold.reasons(findings)
    if verbose:
        for reason, checks in reasons.items():
            lines += _wrap("not checked: ", f"{reason} ({count(checks, 'check')})")
    elif reasons:
        first, checks = next(iter(reasons.items()))
        others = len(reasons) - 1
        more = f"; {count(others, 'other reason')} for {sum(reasons.values()) - checks} more (-v lists them)"
        lines += _wrap("not checked: ", f"{first} ({count(checks, 'check')}){more if others else ''}")
    return lines


def _baseline(report: Report, marks: t.Mapping[str, str]) -> t.List[Line]:
    """What differs from an earlier report: the numbers, and what is new or gone by name."""
    if not report.get("baseline"):
        return []
    shown = _styled(_wrap("compared: ", fold.compared(report)), "warning" if report["baseline"]["new"] else "")
    for name in ("new", "gone"):
        found, left = fold.compared_lines(report["baseline"][name], MAX_DIFFERENT)
        for entry, places in found:
            state = entry["state"]  # of a new one as grave as it is; of one that is gone it passes
            who = f"{fold.named(places)}  " if places else ""
            shown += _styled(_wrap(f"  {marks[state]} {name}  {who}", entry["title"], indent=6), _STYLES[state])
        shown += [Line(f"    {left} more {name} in the report")] if left else []
    return shown


def _environments(report: Report) -> t.List[Line]:
    """The verdict of each environment, where there are several."""
    shown, left = fold.environments(report, MAX_DIFFERENT)
    lines = []
    for each in shown:
        words = f"{count(len(each['hosts']), 'host')}, {each['status']}: {each['sentence']}"
        lines += _styled(_wrap(f"environment {each['name']}: ", words, indent=4), _STYLES[each["status"]])
    return [*lines, *([Line(f"    other environments: {left}")] if left else [])]


def _verdict(report: Report) -> t.List[Line]:
    verdict = report["verdict"]
    shown = _styled(_wrap(f"{verdict['status']}: ", verdict["sentence"]), _STYLES[verdict["status"]])
    for cause in verdict["root_causes"]:
        places = fold.where(report, cause)
        where = [cause["hop"], *([places] if places else [])]
        after = len(cause["consequences"])
        folded = f" ({count(after, 'consequence')} folded)" if after else ""
        shown += _styled(_wrap("root cause: ", f"{', '.join(where)}: {cause['id']}{folded}"))
    fix = [step for cause in verdict["root_causes"][:1] for step in (cause.get("fix") or [])[:1]]
    return shown + _styled((line for step in fix for line in _wrap("fix: ", step)), "info")


def _wrap(first: str, text: str, indent: t.Optional[int] = None) -> t.List[str]:
    later = " " * (len(first) if indent is None else indent)
    return textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False
    ) or [first.rstrip()]
