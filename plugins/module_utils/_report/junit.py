# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""junit.xml: one test case per check and host or application, for continuous integration."""

from __future__ import annotations

import functools
import re
import typing as t
from xml.sax.saxutils import escape, quoteattr

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._report import fold

Report = t.Dict[str, t.Any]

MAX_ENVIRONMENTS = 100

# Characters that XML 1.0 has no way to write.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def page(report: Report) -> str:
    """The XML for a report document: failed checks are failures, what was not decided is skipped."""
    findings = report["findings"]
    cases = [_case(finding, fold.subject(report, finding)) for finding in findings]
    states = [finding["state"] for finding in findings]
    skipped = sum(state not in ("ok", "info", "warning", "failed") for state in states)
    attributes = f'tests="{len(cases)}" failures="{states.count("failed")}" errors="0" skipped="{skipped}"'
    time = _attribute(str(report["run"].get("finished") or ""))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites><testsuite name="traceops.tracing" timestamp={time} {attributes}>\n'
        + _properties(report)
        + "\n".join(cases)
        + "\n</testsuite></testsuites>\n"
    )


def _properties(report: Report) -> str:
    """The comparison with an earlier report and the environments, where there are any."""
    found = {f"baseline.{name}": str(number) for name, number in fold.differences(report).items()}
    for each in fold.environments(report, MAX_ENVIRONMENTS)[0]:
        found[f"environment.{each['name']}"] = each["status"]
    told = "".join(f"<property name={_attribute(name)} value={_attribute(value)}/>" for name, value in found.items())
    return f"<properties>{told}</properties>\n" if told else ""


def _case(finding: t.Dict[str, t.Any], subject: str) -> str:
    head = f"<testcase classname={_attribute(finding['id'])} name={_attribute(subject)}"
    state, title = finding["state"], finding["title"]
    if state == "ok":
        return f"{head}/>"
    if state == "failed":
        link = [f"see {finding['docs']}"] if finding.get("docs") else []
        words = "\n".join([title, finding["cause"], *finding["fix"], *link])
        return f"{head}><failure message={_attribute(title)}>{_text(words)}</failure></testcase>"
    if state in ("warning", "info"):
        return f"{head}><system-out>{_text(f'{state}: {title}')}</system-out></testcase>"
    reason = finding["reason"] or f"blocked by {finding.get('blocked_by')}"
    return f"{head}><skipped message={_attribute(f'{state}: {reason}')}/></testcase>"


@functools.lru_cache(maxsize=16384)
def _text(value: str) -> str:
    return escape(_NOT_XML.sub("", clean(value)))


@functools.lru_cache(maxsize=16384)
def _attribute(value: str) -> str:
    return quoteattr(_NOT_XML.sub("", clean(value)))
