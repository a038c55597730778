# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""metrics.prom: for the text file collector of the Prometheus node exporter."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import by_subject
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch
from ansible_collections.traceops.tracing.plugins.module_utils._report import fold
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.evaluate import STATES

Report = t.Dict[str, t.Any]

STATUSES = ("ok", "incomplete", "problem")


def page(report: Report) -> str:
    """The metrics of a report document. Hosts are no labels: with thousands of them the series would be too many.

    Applications are, where they have names: those of a fleet have few.
    """
    verdict = report["verdict"]
    by_state = {**dict.fromkeys(STATES, 0), **fold.numbers(report)}
    failing: t.Dict[t.Tuple[str, str, str], int] = {}
    for whom, said in by_subject(report["findings"]):
        for finding in said:
            if finding["state"] in ("failed", "warning"):
                key = (finding["id"], finding["severity"], whom.application or "")
                failing[key] = failing.get(key, 0) + 1
    lines = [
        *metric("status", "Verdict of the last tracing diagnosis: 1 for the one that holds."),
        *(sample("status", int(verdict["status"] == status), status=status) for status in STATUSES),
        *metric("finished_timestamp_seconds", "When the last tracing diagnosis ended."),
        sample("finished_timestamp_seconds", epoch(report["run"].get("finished")) or 0),
        *metric("hosts", "Hosts that were diagnosed, and how many of them could not be reached."),
        sample("hosts", len(report["evidence"]["hosts"]), reached="all"),
        sample("hosts", sum(bool(h.get("unreachable")) for h in report["evidence"]["hosts"].values()), reached="no"),
        *metric("findings", "Findings by state."),
        *(sample("findings", number, state=state) for state, number in by_state.items()),
        *metric("failing_checks", "Hosts or backends on which a check fails, by application where it has a name."),
        *(
            sample("failing_checks", n, check=i, severity=severity, **_named(application))
            for (i, severity, application), n in sorted(failing.items())
        ),
        *_environments(report),
        *_baseline(report),
        *metric("root_causes", "Root causes, with the number of hosts that they are about."),
        *(sample("root_causes", n, check=i, hop=hop) for (i, hop), n in sorted(_roots(verdict).items())),
    ]
    return "\n".join(lines) + "\n"


MAX_ENVIRONMENTS = 100  # the worst ones: more series than that are too many


def _environments(report: Report) -> t.List[str]:
    """The verdict and the hosts of each environment, where there are several."""
    shown, _left = fold.environments(report, MAX_ENVIRONMENTS)
    if not shown:
        return []
    return [
        *metric("environment_status", "Verdict by environment: 1 for the one that holds."),
        *(
            sample("environment_status", int(each["status"] == status), environment=each["name"], status=status)
            for each in shown
            for status in STATUSES
        ),
        *metric("environment_hosts", "Hosts by environment."),
        *(sample("environment_hosts", len(each["hosts"]), environment=each["name"]) for each in shown),
    ]


def _baseline(report: Report) -> t.List[str]:
    """What differs from an earlier report, where one was given."""
    numbers = fold.differences(report)
    if not numbers:
        return []
    words = "Failing findings against the earlier report of diagnose_baseline."
    return [
        *metric("baseline_findings", words),
        *(sample("baseline_findings", number, change=name) for name, number in numbers.items()),
    ]


def _named(application: str) -> t.Dict[str, str]:
    return {"application": application} if application else {}


def _roots(verdict: t.Dict[str, t.Any]) -> t.Dict[t.Tuple[str, str], int]:
    found: t.Dict[t.Tuple[str, str], int] = {}
    for cause in verdict["root_causes"]:
        key = (cause["id"], cause["hop"])
        found[key] = found.get(key, 0) + max(1, len(cause["hosts"]))
    return found


def metric(name: str, words: str) -> t.List[str]:
    return [f"# HELP traceops_{name} {words}", f"# TYPE traceops_{name} gauge"]


def sample(name: str, value: float, **labels: str) -> str:
    pairs = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
    return f"traceops_{name}{{{pairs}}} {value:.15g}" if pairs else f"traceops_{name} {value:.15g}"


def _label(text: str) -> str:
    return clean(text).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
