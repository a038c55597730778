# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From failing checks to root causes.

The failing checks of an application, its host, its backend and the run form a graph: an edge leads from a check to each
failing check that its `explains` names. A root cause is one that no edge reaches. Since explanations
have no circle, the root causes are also the smallest set that explains everything that fails.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.evaluate import FAILING, Finding, Judged
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import SEVERITIES, Library

MAX_TITLES = 5  # different titles of one check, before they become one line


class RootCause(t.NamedTuple):
    """One cause, in one place or in many; `consequences` are the ids of the checks that fail because of it."""

    findings: t.List[Finding]  # one for each application, host or backend, or a single one of the run
    consequences: t.List[str]
    title: str
    hosts: t.List[str]  # where it is; of a backend's cause those behind it, where there are several backends
    places: t.List[str]  # the same for a sentence: with the application, where a host has several

    def document(self) -> t.Dict[str, t.Any]:
        """The root cause as report.json has it; `backend` is null when it is about several."""
        first = self.findings[0]
        backends = {finding.backend for finding in self.findings}
        applications = [{"host": f.host, "name": f.application} for f in self.findings if f.application is not None]
        return {
            "id": first.check.id,
            "hop": first.check.hop,
            "hosts": self.hosts,
            "applications": applications,
            "backend": first.backend if len(backends) == 1 else None,
            "title": self.title,
            "cause": first.cause,
            "fix": list(first.fix),
            "proved": all(finding.proved for finding in self.findings),
            "consequences": self.consequences,
        }


def root_causes(judged: Judged, document: evidence.Document, library: Library, threshold: str) -> t.List[RootCause]:
    """The root causes in path order: those at or above `threshold` (a severity), or with such a consequence."""
    failing = judged.having(lambda said: said.state in FAILING)
    graph = _Graph(failing, document, library)
    grave = {check.id for check in library.checks if SEVERITIES.index(check.severity) >= SEVERITIES.index(threshold)}
    groups: t.Dict[str, t.List[Finding]] = {}
    reached: t.Dict[str, t.Set[str]] = {}
    for finding in failing:
        if graph.explained(finding):
            continue
        check_id, consequences = finding.check.id, graph.consequences(finding)
        if check_id in grave or consequences & grave:
            groups.setdefault(check_id, []).append(finding)
            reached.setdefault(check_id, set()).update(consequences)
    causes = []
    for check in library.checks:
        if check.id not in groups:
            continue
        folded = [other.id for other in library.checks if other.id in reached[check.id]]
        for title, members in _lines(groups[check.id]):
            hosts = _hosts(members, document["backends"])
            causes.append(RootCause(members, folded, title, hosts, _places(members, document) or hosts))
    return causes


def _hosts(findings: t.Sequence[Finding], backends: t.Mapping[str, t.Any]) -> t.List[str]:
    found: t.List[str] = []
    for finding in findings:
        if finding.host is not None:
            found.append(finding.host)
        elif finding.backend is not None and len(backends) > 1:
            found += backends[finding.backend].get("hosts") or []
    return list(dict.fromkeys(found))


def _places(findings: t.Sequence[Finding], document: evidence.Document) -> t.List[str]:
    return [evidence.place(document, f.host, f.application) for f in findings if f.host is not None]


def _lines(findings: t.List[Finding]) -> t.List[t.Tuple[str, t.List[Finding]]]:
    """Equal titles are one line; too many different ones are one line too, with the first as its example."""
    by_title: t.Dict[str, t.List[Finding]] = {}
    for finding in findings:
        by_title.setdefault(finding.title, []).append(finding)
    if len(by_title) <= MAX_TITLES:
        return list(by_title.items())
    return [(alike(findings[0].title, len(findings)), findings)]


def alike(title: str, hosts: int) -> str:
    """The title of one host as that of many."""
    return f"{title} (one of {hosts} alike)"


class _Graph:
    """The failing ids by where they fail, and what explains what among them."""

    def __init__(self, failing: t.Sequence[Finding], document: evidence.Document, library: Library) -> None:
        self._explained = library.explained
        self._backends = {  # of each host's applications
            host: {own.get("backend") for own in labels["applications"].values()}
            for host, labels in document["hosts"].items()
        }
        self._at: t.Dict[_Where, t.Set[str]] = {}
        self._on: t.Dict[t.Optional[str], t.Set[str]] = {}  # in any application of a host
        self._behind: t.Dict[t.Optional[str], t.Set[str]] = {}  # on any host of a backend, in any application of it
        for finding in failing:
            check_id = finding.check.id
            self._at.setdefault(_where(finding), set()).add(check_id)
            if finding.application is not None:
                self._on.setdefault(finding.host, set()).add(check_id)
                self._behind.setdefault(finding.backend, set()).add(check_id)
            elif finding.host is not None:
                for backend in self._backends[finding.host]:
                    self._behind.setdefault(backend, set()).add(check_id)

    def _around(self, finding: Finding) -> t.Set[str]:
        """The failing ids that can explain `finding` or be explained by it: of its subject and what is around."""
        places = [_RUN, _where(finding)]
        near: t.List[t.Set[str]] = []
        if finding.application is not None:
            places += [(finding.host, None, None), (None, None, finding.backend)]
        elif finding.host is not None:
            places += [(None, None, backend) for backend in self._backends[finding.host]]
            near.append(self._on.get(finding.host, set()))
        elif finding.backend is not None:
            near.append(self._behind.get(finding.backend, set()))
        else:
            near += self._at.values()
        return set().union(*near, *(self._at[place] for place in places if place in self._at))

    def explained(self, finding: Finding) -> bool:
        return any(finding.check.id in self._explained[other] for other in self._around(finding))

    def consequences(self, finding: Finding) -> t.FrozenSet[str]:
        """What fails because of `finding`, directly or through something else."""
        return self._explained[finding.check.id] & self._around(finding)


_Where = t.Tuple[t.Optional[str], t.Optional[str], t.Optional[str]]  # host, application, backend
_RUN: _Where = (None, None, None)


def _where(finding: Finding) -> _Where:
    if finding.host is not None:
        return finding.host, finding.application, None
    return None, None, finding.backend
