# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence and checks in, findings out: one for each check and each application, host, backend or run it looks at."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import run as runs
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, PARTS
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import discoveries, topology
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import facts, suppress, views
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.closures import (
    Function,
    following,
    is_path,
    paths,
    truthy,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.expressions import (
    BadExpression,
    Expression,
    Search,
    epoch,
    render,
    shown,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import SCOPES, Check, Library
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.memory import Memory

# What a finding can be. `failed`, `warning` and `info` are failing checks by severity; "not checked" has four
# forms: skipped (nobody asked, or it does not apply), blocked (by a failing check), unknown (it was tried).
STATES = ("failed", "warning", "info", "pending", "unknown", "blocked", "skipped", "suppressed", "ok")
FAILING = frozenset({"failed", "warning", "info"})
UNDECIDED = frozenset({"skipped", "blocked", "pending", "unknown"})
_STATE_OF = {"critical": "failed", "warning": "warning", "info": "info"}

_OUTCOME = ("ok", "cause", "message")

MAX_QUOTED = 20  # entries of a list or dictionary that a finding quotes


class Subject(t.NamedTuple):
    """What a finding is about: an application of a host (all three), a host, a backend (alone), or the run (none)."""

    host: t.Optional[str] = None
    application: t.Optional[str] = None
    backend: t.Optional[str] = None


class Finding(t.NamedTuple):
    """What one check says about its subject; the backend of a host is null when its applications have several."""

    check: Check
    host: t.Optional[str]
    application: t.Optional[str]
    backend: t.Optional[str]
    state: str
    title: str
    reason: str = ""  # why it is not decided, or suppressed
    evidence: t.Mapping[str, t.Any] = {}
    cause: str = ""
    fix: t.Tuple[str, ...] = ()
    proved: bool = False
    blocked_by: str = ""

    def document(self) -> t.Dict[str, t.Any]:
        """The finding as report.json has it."""
        check, host, application, backend, state, title, reason, quoted, cause, fix, proved, blocked_by = self
        document: t.Dict[str, t.Any] = {
            "id": check.id,
            "hop": check.hop,
            "host": host,
            "application": application,
            "backend": backend,
            "state": state,
            "severity": check.severity,
            "decisive": check.decisive,
            "title": title,
            "reason": reason,
            "evidence": quoted,
        }
        if cause:
            document.update(cause=cause, fix=list(fix), proved=proved)
        if blocked_by:
            document["blocked_by"] = blocked_by
        return document


def evaluate(document: evidence.Document, library: Library) -> t.List[Finding]:
    """All findings, in path order within the run, then each backend, then each host and its applications.

    `document` may have `path`, what `topology` makes of it; without, it is worked out.
    """
    document = document if "path" in document else {**document, "path": topology(discoveries(document))}
    search, moments = Search(0.0), _Moments(document["run"])
    by_scope = {scope: [c for c in library.checks if c.scope == scope] for scope in SCOPES}
    steps = {scope: [_steps(check, search) for check in checks] for scope, checks in by_scope.items()}

    def decided(scope: str, at: Subject, view: t.Any, labels: t.Mapping[str, t.Any]) -> t.List[_Decision]:
        search.now, suppressions = moments.of(labels)
        found = [_decide(each, view, search, at) for each in steps[scope]]
        return [d._replace(finding=_suppressed(d.finding, suppressions)) for d in found] if suppressions else found

    decisions = _Decisions(
        run=decided("run", Subject(), views.run_view(document), {}),
        backends={
            name: decided("backend", Subject(backend=name), views.backend_view(document, name), labels)
            for name, labels in document["backends"].items()
        },
        hosts={},
        applications={},
    )
    for host, labels in document["hosts"].items():
        at = Subject(host, None, _only_backend(labels))
        missing = _not_seen(labels)
        seen = None if missing else views.host_view(document, host)
        decisions.hosts[host] = (
            decided("host", at, seen, labels) if seen else [_unseen(check, at, missing) for check in by_scope["host"]]
        )
        for name, own in labels["applications"].items():
            at = Subject(host, name, own.get("backend"))
            decisions.applications[host, name] = (
                [_unseen(check, at, missing) for check in by_scope["application"]]
                if seen is None
                else decided("application", at, views.application_view(document, host, name, seen["facts"]), labels)
            )
    return _block(decisions, document, library)


class _Moments:
    """When what is judged was seen, and which suppressions hold of it: in a merged report each slice has its own."""

    def __init__(self, run: t.Mapping[str, t.Any]) -> None:
        self._run = run
        self._known: t.Dict[str, t.Tuple[float, t.List[suppress.Entry]]] = {}

    def of(self, labels: t.Mapping[str, t.Any]) -> t.Tuple[float, t.List[suppress.Entry]]:
        name = str(labels.get("slice") or "")
        if name not in self._known:
            own = runs.of(self._run, labels)
            now = epoch(own.get("finished"))
            self._known[name] = (now if now is not None else 0.0, suppress.active(own.get("suppress") or [], now))
        return self._known[name]


def whole_only(library: Library) -> bool:
    """Whether a check of the run looks at hosts or backends, so that what it says of all is not so of some of them."""
    return any(
        path[:1] not in (("run",), ("settings",))
        for check in library.checks
        if check.scope == "run"
        for path in _read(check, [])
    )


def _only_backend(labels: t.Mapping[str, t.Any]) -> t.Optional[str]:
    backends = {own.get("backend") for own in labels["applications"].values()}
    return backends.pop() if len(backends) == 1 else None


def _not_seen(labels: t.Mapping[str, t.Any]) -> str:
    """Why there is no evidence of a host; empty when there is."""
    if not labels.get("unreachable"):
        return ""
    why = labels.get("reason")
    return f"the host could not be looked at: {shown(why)}" if why else "the host could not be reached"


class _Decision(t.NamedTuple):
    finding: Finding
    blockable: bool = False  # undecided for want of something that a failure elsewhere may have withheld
    stopped: str = ""  # the probe that did not get as far as this check needs


class _Decisions(t.NamedTuple):
    """All decisions by what they are about."""

    run: t.List[_Decision]
    backends: t.Dict[str, t.List[_Decision]]
    hosts: t.Dict[str, t.List[_Decision]]
    applications: t.Dict[t.Tuple[str, str], t.List[_Decision]]  # by host and application


class _Need(t.NamedTuple):
    """A need of a check, taken apart once for all that is asked: a path is split for no host again."""

    source: str
    label: str  # "otlp", "backend.grafana"
    name: str  # its last name
    find: Function  # the value, in a view
    probe: Function  # the result that the label names, in a view
    withheld: bool  # what a probe that could not answer tells of this is nothing to judge by


class _Steps(t.NamedTuple):
    """A check with the functions of its conditions."""

    check: Check
    needs: t.Tuple[_Need, ...]
    when: t.Optional[Function]
    fails_when: Function
    passes_when: t.Optional[Function]
    memory: Memory  # of what did not fail
    aged: bool  # it asks how old something is, so that what it found holds at that moment only


def _steps(check: Check, search: Search) -> _Steps:
    when, passes_when = (each and search.finder(each) for each in (check.when, check.passes_when))
    needs = tuple(_need(need, search) for need in check.needs)
    memory = Memory(_read(check, needs), [path for need in check.needs for path in _names(need)])
    aged = any("age(" in expression.source for expression in _expressions(check))
    return _Steps(check, needs, when, search.finder(check.fails_when), passes_when, memory, aged)


def _expressions(check: Check) -> t.Iterator[Expression]:
    """All that decides about a check, or is quoted where it passes or does not apply."""
    texts = [part for text in (check.otherwise, check.passes_as) if text for part in text.parts]
    for each in (*check.needs, check.when, check.fails_when, check.passes_when, *texts):
        if isinstance(each, Expression):
            yield each


def _read(check: Check, needs: t.Sequence[_Need]) -> t.Iterator[t.Tuple[str, ...]]:
    """Where the evidence is that decides whether a check passes or does not apply, and how that is said."""
    texts = [part for text in (check.otherwise, check.passes_as) if text for part in text.parts]
    computed = [need for need in check.needs if not _names(need)]
    for each in (*computed, check.when, check.fails_when, check.passes_when, *texts):
        if isinstance(each, Expression):
            yield from paths(each.tree)
    for need in needs:
        if need.withheld:
            yield (*need.label.split("."), "ok")


def _names(need: Expression) -> t.Set[t.Tuple[str, ...]]:
    """The path of a need that is names only: what is there is looked at no further."""
    return paths(need.tree) if is_path(need.tree) else set()


def _need(need: Expression, search: Search) -> _Need:
    name = need.label.rpartition(".")[2]
    label = LABELS.get(name)
    judged = label is not None and label.judged
    probe = following(tuple(need.label.split(".")))
    withheld = not judged and need.source.rpartition(".")[2] not in _OUTCOME
    return _Need(need.source, need.label, name, search.finder(need), probe, withheld)


def _decide(steps: _Steps, view: t.Any, search: Search, at: Subject) -> _Decision:
    check, memory = steps.check, steps.memory
    key = memory.key(view)
    if key is not None and steps.aged:
        key += repr(search.now).encode()
    known = memory.recall(key)
    if known is not None:
        state, title, reason, told, blockable = known
        return _Decision(Finding(check, *at, state, title, reason, told), blockable)
    try:
        values = []
        for need in steps.needs:
            value = need.find(view)
            missing = _missing(need, value, view)
            if missing is not None:
                return _undecided(check, at, *missing)
            values.append(value)
        if steps.when is not None and not truthy(steps.when(view)):
            reason = render(check.otherwise, search, view)
            memory.remember(key, ("skipped", check.question, reason, {}, True))
            return _undecided(check, at, "skipped", reason, True)
        if truthy(steps.fails_when(view)):
            return _Decision(_failing(check, [*zip(check.needs, values)], view, search, at))
        if steps.passes_when is not None and not truthy(steps.passes_when(view)):
            first = steps.needs[0]
            return _undecided(check, at, *_stopped(first.label, first.probe(view)))
        # A pass is a statement; an own check without one gets this.
        title = render(check.passes_as, search, view) if check.passes_as else f"{check.id} found no fault"
        # Of what passes, only plain values are quoted: there are thousands of such findings.
        told = {n.source: _leaf(v) for n, v in zip(steps.needs, values) if not isinstance(v, (dict, list))}
        memory.remember(key, ("ok", title, "", told, False))
        return _Decision(Finding(check, *at, "ok", title, evidence=told))
    except BadExpression as error:
        return _undecided(check, at, "unknown", f"the evidence has another shape than expected: {error}", False)


def _undecided(check: Check, at: Subject, state: str, reason: str, blockable: bool, stopped: str = "") -> _Decision:
    return _Decision(Finding(check, *at, state, check.question, reason), blockable, stopped)


def _failing(
    check: Check, needed: t.Sequence[t.Tuple[Expression, t.Any]], view: t.Any, search: Search, at: Subject
) -> Finding:
    """The finding of a check that fails, or that may still pass by itself."""
    quoted = {need.source: _bounded(value) for need, value in needed}
    quoted.update({shown_.source: _bounded(search(shown_, view)) for shown_ in check.shows})
    pending = check.pending_when is not None and truthy(search(check.pending_when, view))
    return Finding(
        check,
        *at,
        "pending" if pending else _STATE_OF[check.severity],
        render(check.title, search, view),
        render(check.pending_as, search, view) if pending else "",
        quoted,
        cause=render(check.cause, search, view),
        # A step that is made of evidence may not apply: then nothing is left of it.
        fix=tuple(filter(None, (render(step, search, view).strip() for step in check.fix))),
        proved=not pending and check.proved_when is not None and truthy(search(check.proved_when, view)),
    )


def _missing(need: _Need, value: t.Any, view: t.Any) -> t.Optional[t.Tuple[str, str, bool, str]]:
    """What `_undecided` takes when the evidence that a check needs is not there; None when it is."""
    name = need.name
    if name == "settings":
        option = need.source.partition(".")[2]
        words = f"no {option.replace('_', ' ')} was given (diagnose_{option})"
        return None if truthy(value) else ("skipped", words, False, "")
    if name == "facts":
        return None if value is not None else _unknown_fact(need.source.split(".")[1], view)
    if value is not None and not need.withheld:
        return None
    probe = need.probe(view)
    failed = isinstance(probe, dict) and probe.get("ok") is False
    if failed and need.withheld:
        return "unknown", f"{name}: {_said(probe)}", True, ""
    if value is not None:
        return None
    if probe is None:
        return _absent(name, view)
    if failed:
        return _stopped(need.label, probe)
    return "skipped", f"{name} does not tell {need.source}", True, ""


def _absent(name: str, view: t.Any) -> t.Tuple[str, str, bool, str]:
    """The same where the evidence `name` is not there at all."""
    part = PARTS.get(name)
    if part:
        source = f"backend.{part.label}"
        lookup = _probe(source, view)
        if isinstance(lookup, dict) and lookup.get("ok") is False and not lookup.get("sent"):
            return _stopped(source, lookup)
        return "skipped", part.withheld, True, ""
    label = LABELS.get(name)
    if label and label.nobody_asked:
        return "skipped", label.nobody_asked, False, ""
    return "skipped", (label.withheld if label else "") or f"{name} was not probed", True, ""


def _unknown_fact(name: str, view: t.Any) -> t.Tuple[str, str, bool, str]:
    """Why a fact is not known: what it is made of could not be read, was not asked for, or does not tell it."""
    fact = facts.SOURCES[name]
    seen = {label: _probe(label, view) for label in fact.labels}
    for label, probe in seen.items():
        known = LABELS.get(label)
        if isinstance(probe, dict) and probe.get("ok") is False and not (known and known.judged):
            return "unknown", f"{label}: {_said(probe)}", True, ""
    if any(probe is not None for probe in seen.values()):
        return "skipped", fact.untold, True, ""
    absent = [_absent(label, view) for label in seen]
    return "skipped", " and ".join(reason for _state, reason, _blockable, _stopped in absent), False, ""


def _probe(label: str, view: t.Any) -> t.Any:
    """The result that `label` ("otlp", "backend.grafana") names."""
    return following(tuple(label.split(".")))(view)


def _stopped(label: str, probe: t.Any) -> t.Tuple[str, str, bool, str]:
    return "skipped", f"{label.rpartition('.')[2]} did not get that far: {_said(probe)}", True, label


def _said(probe: t.Any) -> str:
    return shown(probe.get("message") or probe.get("cause")) if isinstance(probe, dict) else "nothing"


def _unseen(check: Check, at: Subject, why: str) -> _Decision:
    return _Decision(Finding(check, *at, "skipped", check.question, why))


def _bounded(value: t.Any) -> t.Any:
    """Evidence as a finding quotes it: texts cleaned and cut, lists and dictionaries one level deep and not long."""
    if isinstance(value, dict):
        return {str(key): _leaf(item) for key, item in list(value.items())[:MAX_QUOTED]}
    if isinstance(value, list):
        return [_leaf(item) for item in value[:MAX_QUOTED]]
    return _leaf(value)


def _leaf(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return f"({len(value)} entries)"
    return shown(value) if isinstance(value, (str, list)) else value


def matching(entry: t.Mapping[str, t.Any], finding: Finding) -> bool:
    """Whether a suppression `{id, host, application}` is about this finding; all may be patterns as in file names."""
    pairs = (
        (finding.check.id, entry.get("id")),
        (finding.host or finding.backend or "", entry.get("host") or "*"),
        # One that names an application is not about hosts and backends.
        (finding.application, entry.get("application")),
    )
    return all(
        wanted is None or (name is not None and fnmatch.fnmatchcase(name, str(wanted))) for name, wanted in pairs
    )


def _suppressed(finding: Finding, entries: t.Sequence[t.Mapping[str, t.Any]]) -> Finding:
    if finding.state in FAILING:
        for entry in entries:
            if matching(entry, finding):
                until = f" (until {shown(entry['until'])})" if entry.get("until") else ""
                return finding._replace(state="suppressed", reason=shown(entry.get("reason")) + until)
    return finding


def _block(decisions: _Decisions, document: evidence.Document, library: Library) -> t.List[Finding]:
    """All findings; what could not be decided because of a failing check becomes `blocked` by it."""

    def failing(decided: t.Iterable[_Decision]) -> t.List[Check]:
        return [finding.check for finding, _blockable, _stopped in decided if finding.state in FAILING]

    def settle(decided: t.List[_Decision], near: t.List[Check], far: t.Iterable[Check]) -> t.List[Finding]:
        """`near` fail on the same subject, `far` around it; the former may also have stopped a probe."""
        blockers = [*near, *far]
        if not blockers:
            return [finding for finding, _blockable, _stopped in decided]
        stopped_by = {check.needs[0].label: check.id for check in reversed(near) if check.needs}
        settled = []
        for finding, blockable, stopped in decided:
            if blockable:
                by = next((b.id for b in blockers if finding.check.id in library.explained[b.id]), None)
                by = by or stopped_by.get(stopped)
                if by:
                    finding = finding._replace(state="blocked", blocked_by=by)
            settled.append(finding)
        return settled

    in_run = failing(decisions.run)
    in_backend = {name: failing(decided) for name, decided in decisions.backends.items()}
    on_host = {name: failing(decided) for name, decided in decisions.hosts.items()}
    in_application = {key: failing(decided) for key, decided in decisions.applications.items()}
    findings = settle(decisions.run, in_run, _flat(*in_backend.values(), *on_host.values(), *in_application.values()))
    for name, decided in decisions.backends.items():
        labels = document["backends"][name]
        behind = _flat(
            *(on_host.get(host, []) for host in labels.get("hosts") or []),
            *(in_application.get((each["host"], each["name"]), []) for each in labels["applications"]),
        )
        findings += settle(decided, in_backend[name], [*in_run, *behind])
    for host, decided in decisions.hosts.items():
        applications = document["hosts"][host]["applications"]
        around = _flat(*(in_backend.get(own.get("backend"), []) for own in applications.values()))
        on_it = _flat(on_host[host], *(in_application[host, name] for name in applications))
        findings += settle(decided, on_it, [*in_run, *around])
        for name, own in applications.items():
            near = _flat(in_application[host, name], on_host[host])
            far = [*in_run, *in_backend.get(own.get("backend"), [])]
            findings += settle(decisions.applications[host, name], near, far)
    return findings


def _flat(*lists: t.List[Check]) -> t.List[Check]:
    """All checks in `lists`, each once, in path order."""
    return sorted({check.id: check for checks in lists for check in checks}.values(), key=lambda check: check.rank)
