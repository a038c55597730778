# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""report.sarif: SARIF 2.1.0 (OASIS, errata 01), for code scanning and other collectors of findings.

A finding that fails is a result, its check the rule. What it is about is a logical location. GitHub and others show no
result without a file, so that each has one: the inventory that the host is from, else the host's name. They would also
take results on one line of it for one; the fingerprint, which is the same in every run, keeps them apart.
"""

from __future__ import annotations

import hashlib
import json
import typing as t
from urllib.parse import quote

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import by_subject
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import docs_link
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch
from ansible_collections.traceops.tracing.plugins.module_utils._report import fold
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import Check, Library

Report = t.Dict[str, t.Any]
Finding = t.Dict[str, t.Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAX_RESULTS = 25_000  # what GitHub takes of a run (2026); the gravest are kept

_LEVELS = {"critical": "error", "warning": "warning", "info": "note"}
_SHOWN = (*fold.FAILING, "suppressed")


def page(report: Report, library: t.Optional[Library] = None) -> str:
    """The SARIF log for a report document; `library` has more words about the rules."""
    found = [
        {**finding, **whom._asdict()}
        for whom, said in by_subject(report["findings"])
        for finding in said
        if finding["state"] in _SHOWN
    ]
    found.sort(key=lambda finding: list(_LEVELS).index(finding["severity"]))
    shown, run = found[:MAX_RESULTS], report["run"]
    ids = {check_id: at for at, check_id in enumerate(dict.fromkeys(finding["id"] for finding in shown))}
    checks = {check.id: check for check in library.checks} if library else {}
    severities = {finding["id"]: finding["severity"] for finding in shown}
    rules = [_rule(each, severities[each], checks.get(each), docs_link(run, each)) for each in ids]
    state = _baseline_state(report)
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "traceops.tracing", "organization": "traceops", "rules": rules}},
                "invocations": [_invocation(report, len(found) - len(shown))],
                "automationDetails": {"id": "traceops.tracing/"},
                "columnKind": "unicodeCodePoints",
                "results": [_result(report, finding, ids[finding["id"]], state(finding)) for finding in shown],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, separators=(",", ":")) + "\n"


def _rule(check_id: str, severity: str, check: t.Optional[Check], link: str) -> t.Dict[str, t.Any]:
    rule: t.Dict[str, t.Any] = {
        "id": check_id,
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"tags": ["tracing", check_id.split(".", 1)[0]]},
    }
    if link:
        rule["helpUri"] = link
    if check is not None:
        steps = "\n".join(f"{number}. {step.source}" for number, step in enumerate(check.fix, 1))
        rule["shortDescription"] = {"text": check.question}
        rule["fullDescription"] = {"text": check.matters or check.cause.source}
        rule["help"] = {"text": f"{check.cause.source}\n\n{steps}"}
    return rule


def _invocation(report: Report, left_out: int) -> t.Dict[str, t.Any]:
    run, verdict = report["run"], report["verdict"]
    properties: t.Dict[str, t.Any] = {"status": verdict["status"], "sentence": _text(verdict["sentence"])}
    if left_out:
        properties["resultsLeftOut"] = left_out
    told: t.Dict[str, t.Any] = {"executionSuccessful": True, "properties": properties}
    for key, name in (("started", "startTimeUtc"), ("finished", "endTimeUtc")):
        if epoch(run.get(key)) is not None:
            told[name] = _utc(str(run[key]))
    return told


def _utc(time: str) -> str:
    return time[:-6] + "Z" if time.endswith("+00:00") else time


def _result(report: Report, finding: Finding, rule: int, baseline: str) -> t.Dict[str, t.Any]:
    words = "\n".join([finding["title"], finding.get("cause", ""), *finding.get("fix", [])]).strip()
    fingerprint = hashlib.sha256("\0".join(map(str, _key(finding))).encode("utf-8", "replace")).hexdigest()
    result: t.Dict[str, t.Any] = {
        "ruleId": finding["id"],
        "ruleIndex": rule,
        "level": _LEVELS[finding["severity"]],
        "message": {"text": _text(words) or finding["id"]},
        "locations": [_location(report, finding)],
        # The second name is the one that GitHub looks for.
        "partialFingerprints": {"traceopsFinding/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint[:16]}:1"},
    }
    if finding["state"] == "suppressed":
        reason = {"justification": _text(finding["reason"])} if finding["reason"] else {}
        result["suppressions"] = [{"kind": "external", **reason}]
    if baseline:
        result["baselineState"] = baseline
    return result


def _location(report: Report, finding: Finding) -> t.Dict[str, t.Any]:
    """The file that the host is from, and what the finding is about by its full name."""
    host, application, backend = finding["host"], finding["application"], finding["backend"]
    kinds = [("host", host), ("application", application)] if host is not None else [("backend", backend)]
    names = [(kind, _text(str(name))) for kind, name in kinds if name]
    uri = report["run"].get("inventory") or host or backend or "run"
    location: t.Dict[str, t.Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(str(uri), safe="/._-~", errors="replace")},
            "region": {"startLine": 1},
        }
    }
    if names:
        full = "/".join(name for _kind, name in names)
        location["logicalLocations"] = [{"name": names[-1][1], "fullyQualifiedName": full, "kind": names[-1][0]}]
    return location


def _key(finding: t.Mapping[str, t.Any]) -> t.Tuple[t.Any, ...]:
    """What makes a finding the same in every run."""
    host = finding["host"]
    return finding["id"], host, finding["application"], finding["backend"] if host is None else None


def _baseline_state(report: Report) -> t.Callable[[Finding], str]:
    """What the comparison with an earlier report says of a finding; "" without one."""
    baseline = report.get("baseline")
    if not baseline:
        return lambda finding: ""
    told = {_key(entry): "new" for entry in baseline["new"]}
    told.update((_key(entry), "updated") for entry in baseline["changed"])
    folded = {(check_id, entry["host"]) for entry in baseline["new"] for check_id in entry["consequences"]}

    def state(finding: Finding) -> str:
        after = (finding["id"], finding["host"]) in folded or (finding["id"], None) in folded
        return told.get(_key(finding), "new" if after else "unchanged")

    return state


def _text(value: str) -> str:
    """Text as JSON and whoever shows it can bear it."""
    return clean(value).encode("utf-8", "replace").decode("utf-8")
