# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""report.html: one file without scripts or outside parts, readable without its style as well.

All text is escaped here, whatever it went through before. Hosts with equal outcomes share a row, so that
the page of thousands of hosts stays small.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._report import draw, fold
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.funnel import STEPS
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.judge import count
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import HOPS, PATH

Report = t.Dict[str, t.Any]

MAX_DRAWN = 40  # programs in the drawing
MAX_HOSTS = 200  # names or reasons listed in one place; the rest is a number
DOCS = "https://github.com/traceops/tracing/blob/main/docs/checks.md"

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1c2330;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #d6dbe3}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:#f4f6f9;padding:.6rem;overflow:auto;white-space:pre-wrap}
.sentence{font-size:1.15rem;padding:.8rem 1rem;background:#f4f6f9;overflow-wrap:anywhere}
.sentence{border-width:0 0 0 .4rem;border-style:solid}
.path{display:flex;flex-wrap:wrap;gap:.4rem;padding:0;list-style:none}
.path li{padding:.3rem .7rem;border-width:2px;border-style:solid;border-radius:.4rem}.path .failed{font-weight:bold}
.ok{border-color:#2e7d46}.problem,.failed{border-color:#b3261e}.warning,.incomplete,.pending{border-color:#b26a00}
.info{border-color:#2b5fa8}.none,.skipped,.unknown,.blocked,.suppressed{border-color:#8a93a3}
details{margin:.5rem 0;padding:.3rem .8rem;border-left:.3rem solid #8a93a3;overflow-wrap:anywhere}
summary{cursor:pointer}table{border-collapse:collapse;font-size:13px}
th,td{border:1px solid #d6dbe3;padding:.2rem .5rem;text-align:left;vertical-align:top}
.scroll{overflow-x:auto}svg text{fill:currentColor;font:12px system-ui,sans-serif}
svg circle{fill:currentColor}svg rect,svg path{fill:none;stroke:currentColor}
svg .failed{stroke:#b3261e;stroke-width:2}svg .assumed{stroke-dasharray:4 3}
.note{color:#5a6474}
@media(prefers-color-scheme:dark){body{color:#e4e8ef;background:#151a22}pre,.sentence{background:#1f2630}
h2,th,td{border-color:#3a4352}.note{color:#9aa5b5}a{color:#8ab4f8}}
""".strip()

_WORD = {"ok": "passed", "none": "not checked", "blocked": "behind the fault"}
_WORST = ("failed", "warning", "pending", "unknown", "blocked", "info", "suppressed", "ok", "skipped")
_LETTER = {"ok": "√", "failed": "×", "warning": "!", "info": "i", "pending": "…", "unknown": "?", "suppressed": "~"}


def page(report: Report) -> str:
    """The HTML page for a report document."""
    status, sentence = report["verdict"]["status"], report["verdict"]["sentence"]
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    body = [
        "<h1>Why do the traces not appear?</h1>" if status == "problem" else "<h1>Tracing diagnosis</h1>",
        f'<p class="sentence {_e(status)}"><strong>{_e(status)}</strong>: {_e(sentence)}</p>',
        _run(report),
        _path(report),
        _found(report),
        _funnel(report),
        _root_causes(report),
        _findings(report),
        _not_checked(report),
        _hosts(report),
        '<p class="note">The evidence of every host is in report.json beside this file.</p>',
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Tracing: {_e(status)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body></html>\n"
    )


def _e(value: t.Any) -> str:
    return html.escape(str(value), quote=True)


def _run(report: Report) -> str:
    evidence, run = report["evidence"], report["run"]
    facts = [
        count(len(evidence["hosts"]), "host"),
        count(len(evidence["backends"]), "backend"),
        count(len({finding["id"] for finding in report["findings"]}), "check"),
        f"finished {run.get('finished')}",
    ]
    if run.get("check_mode"):
        facts.append("check mode: no span was sent")
    return f'<p class="note">{_e(", ".join(facts))}</p>'


def _path(report: Report) -> str:
    """The hops in order, each with what is to be said of it as a whole."""
    follows = fold.follows_from(report)
    of_hop: t.Dict[str, t.List[t.Dict[str, t.Any]]] = {}
    for finding in report["findings"]:
        of_hop.setdefault(finding["hop"], []).append(finding)
    items = []
    for hop in HOPS:
        state = _hop_state(of_hop.get(hop, []), follows)
        if hop in PATH or state not in ("none", "ok"):
            items.append(f'<li class="{state}"><a href="#{hop}">{hop}</a>: {_WORD.get(state, state)}</li>')
    return f'<h2>The path of a span</h2><ol class="path">{"".join(items)}</ol>'


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


def _found(report: Report) -> str:
    """The path that discovery found: drawn while it can be taken in at a glance, and in words."""
    path = report.get("path") or {"nodes": {}, "edges": {}}
    edges = [edge for each in path["edges"].values() for edge in each]
    if not edges:
        return ""
    several = len(report["evidence"]["hosts"]) > 1
    drawn = f'<div class="scroll">{draw.svg(path, several)}</div>' if len(path["nodes"]) <= MAX_DRAWN else ""
    items = "".join(
        f'<li class="{draw.state(edge)}">{_e(draw.sentence(edge, several))}</li>' for edge in edges[:MAX_HOSTS]
    )
    rest = f'<p class="note">{len(edges) - MAX_HOSTS} more are in report.json.</p>' if len(edges) > MAX_HOSTS else ""
    return f"<h2>The path that was found</h2>{drawn}<ul>{items}</ul>{rest}"


def _funnel(report: Report) -> str:
    """Whose spans got how far; a loss is marked where it is first seen."""
    columns = report["funnel"]
    if not columns:
        return ""
    head = "".join(f"<th>{_e(whose)}</th>" for whose in columns)
    rows = []
    for step in STEPS:
        cells = [[cell for cell in told if cell["step"] == step] for told in columns.values()]
        if any(cells):
            rows.append(f"<tr><th>{_e(step)}</th>{''.join(f'<td>{_counts(found)}</td>' for found in cells)}</tr>")
    return f"<h2>How far spans get</h2><table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _counts(cells: t.Sequence[t.Dict[str, t.Any]]) -> str:
    return "<br>".join(
        f"{'<strong>× {number} of {of}</strong>'.format(**cell) if cell['lost'] else cell['number']} "
        f'<span class="note">{_e(cell["source"])}</span>'
        for cell in cells
    )


def _root_causes(report: Report) -> str:
    causes = report["verdict"]["root_causes"]
    if not causes:
        return ""
    parts = ["<h2>Root causes</h2>"]
    for cause in causes:
        proved = " <strong>(proved)</strong>" if cause["proved"] else ""
        parts.append(f"<h3>{_e(cause['hop'])}: {_e(cause['title'])}{proved}</h3>")
        places = fold.places(report, cause)
        if places:
            parts.append(f"<p>on {_names(places)}</p>")
        parts.append(f"<p>{_e(cause['cause'])}</p>{_fix(cause['fix'])}<p>{_link(cause['id'])}</p>")
        if cause["consequences"]:
            ids = ", ".join(_link(check_id) for check_id in cause["consequences"])
            parts.append(f'<p class="note">Fails only because of it: {ids}</p>')
    return "".join(parts)


def _findings(report: Report) -> str:
    parts = ["<h2>Findings</h2>"]
    for hop, lines in fold.by_hop(report).items():
        shown = [line for line in lines if line.finding["state"] not in ("skipped", "blocked", "unknown")]
        parts.append(f'<h3 id="{_e(hop)}">{_e(hop)}</h3>')
        if not shown:
            parts.append('<p class="note">not checked</p>')
        shown.sort(key=lambda line: _WORST.index(line.finding["state"]))
        parts += [_finding(line) for line in shown]
    return "".join(parts)


def _finding(line: fold.Line) -> str:
    finding = line.finding
    state = finding["state"]
    opened = " open" if state in ("failed", "warning") else ""
    who = f" ({_e(fold.named(line.places))})" if line.places else ""
    parts = [f'<details class="{_e(state)}"{opened}><summary>{_LETTER.get(state, "-")} {_e(line.title)}{who}</summary>']
    if finding["reason"]:
        parts.append(f"<p>{_e(state)}: {_e(finding['reason'])}</p>")
    if finding.get("cause"):
        parts.append(f"<p>{_e(finding['cause'])}</p>{_fix(finding['fix'])}")
    if finding["evidence"]:
        whose = f" of {_e(line.places[0])}" if len(line.places) > 1 else ""
        quoted = json.dumps(finding["evidence"], indent=1, ensure_ascii=False)
        parts.append(f"<p>Evidence{whose}:</p><pre>{_e(quoted)}</pre>")
    if len(line.places) > 1:
        parts.append(f"<p>On {_names(line.places)}</p>")
    parts.append(f"<p>{_link(finding['id'])}</p></details>")
    return "".join(parts)


def _not_checked(report: Report) -> str:
    reasons = fold.reasons(report["findings"])
    if not reasons:
        return ""
    shown = list(reasons.items())[:MAX_HOSTS]
    rows = "".join(f"<tr><td>{_e(reason)}</td><td>{number}</td></tr>" for reason, number in shown)
    if len(reasons) > len(shown):
        rows += f"<tr><td>and {len(reasons) - len(shown)} more reasons</td><td></td></tr>"
    return f"<h2>Not checked</h2><table><tr><th>why</th><th>checks</th></tr>{rows}</table>"


def _hosts(report: Report) -> str:
    """Hosts x checks, one row for all with the same outcome; checks that nobody could decide are left out.

    A host with several applications has a row for each of them, in which its own findings stand as well.
    """
    hosts, subjects = _outcomes(report)
    outcomes = {place: {**hosts.get(host, {}), **found} for (host, place), found in subjects.items()}
    if not outcomes:
        return ""
    ids = list(dict.fromkeys(i for found in outcomes.values() for i, state in found.items() if state != "skipped"))
    rows: t.Dict[t.Tuple[str, ...], t.List[str]] = {}
    for place, found in outcomes.items():
        rows.setdefault(tuple(found.get(check_id, "skipped") for check_id in ids), []).append(place)
    head = "".join(f"<th>{_e(check_id)}</th>" for check_id in ids)
    body = []
    for states, places in sorted(rows.items(), key=lambda row: (-sum(s == "failed" for s in row[0]), -len(row[1]))):
        cells = "".join(f'<td title="{_e(state)}">{_LETTER.get(state, "-")}</td>' for state in states)
        body.append(f"<tr><th>{_names(places)}</th>{cells}</tr>")
    return (
        f'<h2>Hosts</h2><p class="note">√ passed, × failed, ! warning, i note, … pending, ? could not be determined, '
        '~ suppressed, - not checked</p><div class="scroll"><table>'
        f"<tr><th>hosts</th>{head}</tr>{''.join(body)}</table></div>"
    )


def _outcomes(
    report: Report,
) -> t.Tuple[t.Dict[str, t.Dict[str, str]], t.Dict[t.Tuple[str, str], t.Dict[str, str]]]:
    """{check id: state} of each host as such, and of each of its applications (by host and place)."""
    hosts: t.Dict[str, t.Dict[str, str]] = {}
    subjects: t.Dict[t.Tuple[str, str], t.Dict[str, str]] = {}
    for finding in report["findings"]:
        if finding["application"] is not None:
            place = fold.subject(report, finding)
            subjects.setdefault((finding["host"], place), {})[finding["id"]] = finding["state"]
        elif finding["host"] is not None:
            hosts.setdefault(finding["host"], {})[finding["id"]] = finding["state"]
    for host, found in hosts.items():
        if not report["evidence"]["hosts"][host]["applications"]:
            subjects[host, host] = found
    return hosts, subjects


def _names(places: t.Sequence[str]) -> str:
    listed = ", ".join(_e(place) for place in places[:MAX_HOSTS])
    more = f" and {len(places) - MAX_HOSTS} more" if len(places) > MAX_HOSTS else ""
    if len(places) <= 8:
        return listed
    noun = "applications" if any(": " in place for place in places) else "hosts"
    return f"<details><summary>{len(places)} {noun}</summary>{listed}{more}</details>"


def _fix(steps: t.Sequence[str]) -> str:
    return f"<ol>{''.join(f'<li>{_e(step)}</li>' for step in steps)}</ol>" if steps else ""


def _link(check_id: str) -> str:
    return f'<a href="{DOCS}#{_e(check_id)}">{_e(check_id)}</a>'
