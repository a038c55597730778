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
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import by_subject
from ansible_collections.traceops.tracing.plugins.module_utils._report import fold

Report = t.Dict[str, t.Any]

MAX_ENVIRONMENTS = 100

# Characters that XML 1.0 has no way to write.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def page(report: Report) -> str:
    """The XML for a report document: failed checks are failures, what was not decided is skipped."""
    return "".join(parts(report))


def parts(report: Report) -> t.Iterator[str]:
    """The same piece by piece: of 5,000 hosts there are a million cases."""
    numbers = fold.numbers(report)
    skipped = sum(number for state, number in numbers.items() if state not in ("ok", "info", "warning", "failed"))
    total, failed = sum(numbers.values()), numbers.get("failed", 0)
    time = _attribute(str(report["run"].get("finished") or ""))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites><testsuite name="traceops.tracing" timestamp={time} '
    yield f'tests="{total}" failures="{failed}" errors="0" skipped="{skipped}">\n{_properties(report)}'
    known: t.Dict[int, t.Tuple[str, str]] = {}  # what stands before and after the subject, by what is said
    for whom, said in by_subject(report["findings"]):
        name = _attribute(fold.subject(report, whom._asdict()))
        cases = []
        for finding in said:
            around = known.get(id(finding))
            if around is None:
                around = known[id(finding)] = _case(finding)
            cases.append(f"{around[0]}{name}{around[1]}")
        if cases:
            yield "\n".join(cases) + "\n"
    yield "</testsuite></testsuites>\n"


def _properties(report: Report) -> str:
    """The comparison with an earlier report and the environments, where there are any."""
    found = {f"baseline.{name}": str(number) for name, number in fold.differences(report).items()}
    for each in fold.environments(report, MAX_ENVIRONMENTS)[0]:
        found[f"environment.{each['name']}"] = each["status"]
    told = "".join(f"<property name={_attribute(name)} value={_attribute(value)}/>" for name, value in found.items())
    return f"<properties>{told}</properties>\n" if told else ""


def _case(finding: t.Dict[str, t.Any]) -> t.Tuple[str, str]:
    """A test case before and after the name of its subject."""
    return f"<testcase classname={_attribute(finding['id'])} name=", _outcome(finding)


def _outcome(finding: t.Dict[str, t.Any]) -> str:
    state, title = finding["state"], finding["title"]
    if state == "ok":
        return "/>"
    if state == "failed":
        link = [f"see {finding['docs']}"] if finding.get("docs") else []
        words = "\n".join([title, finding["cause"], *finding["fix"], *link])
        return f"><failure message={_attribute(title)}>{_text(words)}</failure></testcase>"
    if state in ("warning", "info"):
        return f"><system-out>{_text(f'{state}: {title}')}</system-out></testcase>"
    reason = finding["reason"] or f"blocked by {finding.get('blocked_by')}"
    return f"><skipped message={_attribute(f'{state}: {reason}')}/></testcase>"


@functools.lru_cache(maxsize=16384)
def _text(value: str) -> str:
    return escape(_NOT_XML.sub("", clean(value)))


@functools.lru_cache(maxsize=16384)
def _attribute(value: str) -> str:
    return quoteattr(_NOT_XML.sub("", clean(value)))
