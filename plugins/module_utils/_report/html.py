# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""report.html: one file, nothing loaded, complete without its script and readable without its style.

What is shown is made here as plain data; `plugins/report_page/` has the template that shows it (with autoescape), its
style and its script. Whatever text the template is given is cleaned once more on its way out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean, count
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch
from ansible_collections.traceops.tracing.plugins.module_utils._report import fold, layout, quoted, steps
from ansible_collections.traceops.tracing.plugins.module_utils._report.matrix import matrix
from ansible_collections.traceops.tracing.plugins.module_utils._report.picture import picture
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.expressions import Text
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.judge import no_collection
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import HOPS, PATH, Check, Library

Report = t.Dict[str, t.Any]
Segments = t.List[t.Tuple[str, str]]  # (kind, text): kind is "" or "code" (a command) or "word" (a setting)

PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "report_page")
MAX_NAMES = 100  # hosts listed in one place; the table of hosts has all
MAX_REASONS = 200

SYMBOLS = {
    "ok": "√",
    "failed": "×",
    "problem": "×",
    "warning": "!",
    "info": "i",
    "pending": "…",
    "unknown": "?",
    "blocked": "⊘",
    "suppressed": "~",
    "skipped": "-",
    "none": "-",
    "incomplete": "?",
}
WORDS = {
    "ok": "passed",
    "none": "not checked",
    "skipped": "not checked",
    "blocked": "behind the fault",
    "unknown": "not known",
    "info": "note",
}
_STATUS = {"ok": "No fault found", "problem": "Problem", "incomplete": "Incomplete"}
_WORST = ("failed", "warning", "pending", "unknown", "blocked", "info", "suppressed", "ok", "skipped")


def page(report: Report, library: t.Optional[Library] = None) -> str:
    """The HTML page for a report document; with the library it explains the checks as well."""
    style, script = _part("style.css"), _part("page.js")
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'"
    with no_collection():
        text: str = _template().render(
            **_shown(report, library),
            style=_verbatim(style),
            script=_verbatim(script),
            policy=f"{policy}; form-action 'none'",
        )
    return text


def _shown(report: Report, library: t.Optional[Library]) -> t.Dict[str, t.Any]:
    """All that the template is given."""
    folded = fold.fold(report)
    lines = fold.by_hop(report, folded)
    follows = fold.follows_from(report)
    grid = matrix(report, folded)
    checks = {check.id: check for check in library.checks} if library else {}
    used = dict.fromkeys(finding["id"] for finding in folded.firsts)
    return {
        "symbols": SYMBOLS,
        "words": WORDS,
        "verdict": _verdict(report),
        "facts": _facts(report, folded),
        "environments": _environments(report),
        "baseline": _baseline(report),
        "hops": _hops(folded, follows),
        "picture": picture(report),
        "width": layout.WIDTH,
        "causes": [_cause(report, cause, checks) for cause in report["verdict"]["root_causes"]],
        "funnel": steps.funnel(report),
        "timelines": steps.timelines(report),
        "findings": [_hop(report, hop, found, follows, checks) for hop, found in lines.items()],
        "reasons": list(fold.reasons(folded.firsts).items())[:MAX_REASONS],
        "rows": grid.together() if len(grid.places) > 1 else [],
        "several": len(grid.places),
        "data": _verbatim(script_data(grid.data())) if len(grid.places) > 1 else "",
        "checks": [_explained(checks[check_id], checks) for check_id in used if check_id in checks],
        "explained": set(checks),
    }


def _template() -> t.Any:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FileSystemLoader(PAGE),
        finalize=_cleaned,
    )
    return environment.get_template("page.html.j2")


def _cleaned(value: t.Any) -> t.Any:
    """Text on its way into the page, without what moves a cursor or turns the direction of reading."""
    markup = hasattr(value, "__html__")  # the template's own
    return clean(value) if isinstance(value, str) and not markup else value


def _verbatim(text: str) -> t.Any:
    """Text of ours that the template does not escape."""
    import markupsafe

    return markupsafe.Markup(text)


def _part(name: str) -> str:
    with open(os.path.join(PAGE, name), encoding="utf-8") as file:
        return file.read()


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def script_data(value: t.Any) -> str:
    """`value` as JSON that nothing in it can end the script element of."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return "".join(_IN_SCRIPT.get(letter, letter) for letter in text) if re.search("[<>&]", text) else text


def _verdict(report: Report) -> t.Dict[str, t.Any]:
    verdict = report["verdict"]
    causes = verdict["root_causes"]
    return {
        "status": verdict["status"],
        "word": _STATUS.get(verdict["status"], verdict["status"]),
        "sentence": verdict["sentence"],
        "proved": bool(causes) and all(cause["proved"] for cause in causes),
        "causes": len(causes),
    }


def _facts(report: Report, folded: fold.Folded) -> t.List[t.Tuple[str, str]]:
    """What the run was: [(what, how much)]."""
    evidence, run = report["evidence"], report["run"]
    applications = sum(len(labels["applications"]) for labels in evidence["hosts"].values())
    unreachable = [name for name, labels in evidence["hosts"].items() if labels.get("unreachable")]
    numbers = dict.fromkeys(_COUNTED, 0)
    for finding, rows in folded.groups:
        if finding["state"] in numbers:
            numbers[finding["state"]] += len(rows)
    states = [f"{number:,} {WORDS.get(state, state)}" for state, number in numbers.items() if number]
    facts = [
        ("hosts", f"{len(evidence['hosts']):,}"),
        ("applications", f"{applications:,}"),
        ("backends", f"{len(evidence['backends']):,}"),
        ("checks", str(len({finding["id"] for finding in folded.firsts}))),
        ("findings", ", ".join(states) or "none"),
        ("finished", str(run.get("finished") or "not known").replace("T", " ")[:19] + " UTC"),
    ]
    started, finished = epoch(run.get("started")), epoch(run.get("finished"))
    if started is not None and finished is not None and finished > started:
        facts.append(("took", f"{finished - started:.3g} s"))
    if unreachable:
        facts.append(("not reached", fold.named(unreachable)))
    if run.get("check_mode"):
        facts.append(("check mode", "no span was sent"))
    return [*facts, *(("slices", words) for words in fold.merging(report))]


_COUNTED = ("failed", "warning", "pending", "suppressed", "ok")


def _baseline(report: Report) -> t.Optional[t.Dict[str, t.Any]]:
    """What changed since an earlier run, where there is one to compare with."""
    found = report.get("baseline")
    if not isinstance(found, dict):
        return None
    lists = {}
    for key in ("new", "gone", "changed", "not_checked"):
        lists[key] = [_compared(each) for each in found.get(key) or []][:MAX_NAMES]
    return {
        "file": found.get("file"),
        "finished": str(found.get("finished") or "").replace("T", " ")[:19],
        "unchanged": found.get("unchanged", 0),
        **lists,
    }


def _environments(report: Report) -> t.Dict[str, t.Any]:
    """The verdict of each environment, the worst first, where there are several."""
    shown, left = fold.environments(report, MAX_NAMES)
    rows = [{**each, "hosts": len(each["hosts"]), "word": _STATUS[each["status"]]} for each in shown]
    return {"rows": rows, "left": left}


def _compared(entry: t.Any) -> t.Dict[str, str]:
    if not isinstance(entry, dict):
        return {"id": "", "text": str(entry)}
    where, title = str(entry.get("where") or ""), str(entry.get("title") or "")
    why = f"; {entry['why']}" if entry.get("why") else ""
    return {"id": str(entry.get("id") or ""), "text": f"{title} ({where}){why}" if where else f"{title}{why}"}


def _hops(folded: fold.Folded, follows: t.Mapping[str, str]) -> t.List[t.Dict[str, str]]:
    """The hops in order, each with what is to be said of it as a whole."""
    of_hop: t.Dict[str, t.List[t.Dict[str, t.Any]]] = {}
    for finding in folded.firsts:
        of_hop.setdefault(finding["hop"], []).append(finding)
    states = ((hop, _hop_state(of_hop.get(hop, []), follows)) for hop in HOPS)
    return [{"name": hop, "state": s} for hop, s in states if hop in PATH or s not in ("none", "ok")]


def _hop_state(findings: t.List[t.Dict[str, t.Any]], follows: t.Mapping[str, str]) -> str:
    """The worst that fails; else `blocked` by another hop; a hop passed when nothing decisive of it is open."""
    states = {"blocked" if f["state"] in fold.FAILING and f["id"] in follows else f["state"] for f in findings}
    for state in ("failed", "warning", "pending"):
        if state in states:
            return state
    if any(f["state"] in fold.FAILING and f["id"] in follows for f in findings):
        return "blocked"
    for state in ("blocked", "unknown", "skipped"):
        if any(f["decisive"] and f["state"] == state for f in findings):
            return state if state == "blocked" else "none"
    if "ok" in states:
        return "ok"
    return "blocked" if "blocked" in states else "none"


def _cause(report: Report, cause: t.Dict[str, t.Any], checks: t.Mapping[str, Check]) -> t.Dict[str, t.Any]:
    return {
        **cause,
        "where": _where(fold.places(report, cause)),
        "slices": fold.named(cause.get("slices") or []),
        "fix": [_step(step) for step in cause["fix"]],
        "matters": _matters(cause["id"], checks),
    }


def _matters(check_id: str, checks: t.Mapping[str, Check]) -> str:
    return checks[check_id].matters if check_id in checks else ""


def _where(places: t.Sequence[str], named: bool = True) -> t.Dict[str, t.Any]:
    """Places as one line of words, and where these are more, their names."""
    if len(places) <= 4:
        return {"words": ", ".join(places), "names": "", "left": 0}
    noun = "applications" if any(": " in place for place in places) else "hosts"
    return {
        "words": count(len(places), noun[:-1]),
        "names": ", ".join(places[:MAX_NAMES]) if named else "",
        "left": max(0, len(places) - MAX_NAMES),
    }


def _hop(
    report: Report,
    hop: str,
    lines: t.Sequence[fold.Line],
    follows: t.Mapping[str, str],
    checks: t.Mapping[str, Check],
) -> t.Dict[str, t.Any]:
    """The findings of a hop: those to look at, those that passed, and how many are open."""
    views = [_finding(report, line, follows, checks) for line in lines if line.finding["state"] not in _OPEN]
    views.sort(key=lambda view: (bool(view["after"]), _WORST.index(view["state"])))
    undecided = {line.finding["id"] for line in lines if line.finding["state"] in _OPEN}
    return {
        "name": hop,
        "loud": [view for view in views if view["state"] != "ok"],
        "passed": [view for view in views if view["state"] == "ok"],
        "open": len(undecided - {view["id"] for view in views}),
    }


_OPEN = ("skipped", "blocked", "unknown")


def _finding(
    report: Report, line: fold.Line, follows: t.Mapping[str, str], checks: t.Mapping[str, Check]
) -> t.Dict[str, t.Any]:
    finding = line.finding
    check = checks.get(finding["id"])
    passed = finding["state"] == "ok"
    return {
        "id": finding["id"],
        "state": finding["state"],
        "title": line.title,
        "where": _where(line.places, named=not passed),
        "reason": finding["reason"],
        "cause": finding.get("cause", ""),
        "fix": [_step(step) for step in finding.get("fix", [])],
        "proved": finding.get("proved", False),
        "after": follows.get(finding["id"], "") if finding["state"] in fold.FAILING else "",
        "first": line.places[0] if len(line.places) > 1 else "",
        "tables": quoted.seen(report, finding) if passed else quoted.tables(report, finding),
        "question": check.question if check else "",
        "matters": check.matters if check else "",
    }


# A command within a step of a fix: after a colon or at its start, to the end of its clause; and settings by name.
_PROGRAM = (
    r"(?:docker|podman|kubectl|curl|systemctl|journalctl|timedatectl|ss|openssl|grep|tail|chmod|chown|setfacl|usermod|"
    r"ip|dig|getent|nc|cat|ls|df|ps|ansible-playbook|chronyc|tempo|otelcol|du|date|nslookup)"
)
_CODE = re.compile(
    rf"(?P<code>(?:(?<=^)|(?<=: )|(?<=; )|(?<=or )|(?<=then ))(?:sudo )?{_PROGRAM} -?[^;,]*?[^;,\s]*(?=$|; |, |: ))"
    r"|(?P<word>\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:=[^\s,;()]+)?"
    r"|\bdiagnose_\w+|\b[a-z_]+(?:\.[a-z_]+)+\b(?!/)(?::? \d\w*)?)"
)


def _step(text: str) -> t.Dict[str, t.Any]:
    """A step of a fix in segments, and what of it can be copied into a shell or a file."""
    segments: Segments = []
    at = 0
    for found in _CODE.finditer(text[: quoted.MAX_TEXT]):
        segments += [("", text[at : found.start()]), (str(found.lastgroup), found.group())]
        at = found.end()
    segments = [segment for segment in [*segments, ("", text[at : quoted.MAX_TEXT])] if segment[1]]
    copied = [part for kind, part in segments if kind == "code"]
    copied = copied or [part for kind, part in segments if kind == "word" and "=" in part]
    return {"segments": segments, "copied": "\n".join(copied)}


def _explained(check: Check, checks: t.Mapping[str, Check]) -> t.Dict[str, t.Any]:
    """What a check means, for a reader who has nothing else."""
    related = [other for other in check.related if other in checks]
    related += [other for other in check.explains if other in checks and other not in related]
    return {
        "id": check.id,
        "question": check.question,
        "severity": check.severity,
        "decisive": check.decisive,
        "scope": check.scope,
        "title": _plain(check.title),
        "cause": _plain(check.cause),
        "matters": check.matters,
        "fix": [_plain(step) for step in check.fix],
        "example": check.example,
        "related": related,
    }


def _plain(text: Text) -> Segments:
    """A text of a check, in which something stands for what a run sees."""
    return [("", part) if isinstance(part, str) else ("word", quoted.title(part.source)) for part in text.parts]
