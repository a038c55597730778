# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence and checks in, findings out: one for each check and each application, host, backend or run it looks at."""

from __future__ import annotations

import fnmatch
import marshal
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import run as runs
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import Subject
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, PARTS
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import discoveries, topology
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch
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
    render,
    shown,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import SCOPES, Check, Library
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.memory import MAX_BYTES, Memory, Path

# What a finding can be. `failed`, `warning` and `info` are failing checks by severity; "not checked" has four
# forms: skipped (nobody asked, or it does not apply), blocked (by a failing check), unknown (it was tried).
STATES = ("failed", "warning", "info", "pending", "unknown", "blocked", "skipped", "suppressed", "ok")
FAILING = frozenset({"failed", "warning", "info"})
UNDECIDED = frozenset({"skipped", "blocked", "pending", "unknown"})
_STATE_OF = {"critical": "failed", "warning": "warning", "info": "info"}

_OUTCOME = ("ok", "cause", "message")

MAX_TOGETHER = 200  # different answers of a group of checks that are remembered
MAX_MADE = 1000  # different outcomes of a check that are kept for others that are equal
MAX_QUOTED = 20  # entries of a list or dictionary that a finding quotes


class Said(t.NamedTuple):
    """What one check says, of whichever subject: most hosts of a fleet have the very same ones."""

    check: Check
    state: str
    title: str
    reason: str = ""  # why it is not decided, or suppressed
    evidence: t.Mapping[str, t.Any] = {}
    cause: str = ""
    fix: t.Tuple[str, ...] = ()
    proved: bool = False
    blocked_by: str = ""

    def document(self) -> t.Dict[str, t.Any]:
        """The finding as report.json has it, but for its subject."""
        check = self.check
        document: t.Dict[str, t.Any] = {
            "id": check.id,
            "hop": check.hop,
            "host": None,
            "application": None,
            "backend": None,
            "state": self.state,
            "severity": check.severity,
            "decisive": check.decisive,
            "title": self.title,
            "reason": self.reason,
            "evidence": self.evidence,
        }
        if self.cause:
            document.update(cause=self.cause, fix=list(self.fix), proved=self.proved)
        if self.blocked_by:
            document["blocked_by"] = self.blocked_by
        return document


class Finding(t.NamedTuple):
    """What one check says about its subject; the backend of a host is null when its applications have several."""

    check: Check
    host: t.Optional[str]
    application: t.Optional[str]
    backend: t.Optional[str]
    state: str
    title: str
    reason: str
    evidence: t.Mapping[str, t.Any]
    cause: str
    fix: t.Tuple[str, ...]
    proved: bool
    blocked_by: str


Row = t.Tuple[Subject, t.Sequence[Said]]


class Judged:
    """What was said of each subject, in order; as an iterable the findings, which are made when they are looked at."""

    def __init__(self, rows: t.Sequence[Row]) -> None:
        self.rows = rows

    def __iter__(self) -> t.Iterator[Finding]:
        return (_about(each, at) for at, said in self.rows for each in said)

    def having(self, wanted: t.Callable[[Said], bool]) -> t.List[Finding]:
        """The findings of which that is so; what many subjects share is asked once."""
        known: t.Dict[int, bool] = {}
        found = []
        for at, said in self.rows:
            for each in said:
                is_wanted = known.get(id(each))
                if is_wanted is None:
                    is_wanted = known[id(each)] = wanted(each)
                if is_wanted:
                    found.append(_about(each, at))
        return found

    def states(self) -> t.Dict[str, int]:
        """The number of findings by state."""
        numbers = dict.fromkeys(STATES, 0)
        for _at, said in self.rows:
            for each in said:
                numbers[each.state] += 1
        return numbers


def _about(said: Said, at: Subject) -> Finding:
    check, state, title, reason, quoted, cause, fix, proved, blocked_by = said
    return Finding(check, *at, state, title, reason, quoted, cause, fix, proved, blocked_by)


def evaluate(document: evidence.Document, library: Library) -> Judged:
    """All findings, in path order within the run, then each backend, then each host and its applications.

    `document` may have `path`, what `topology` makes of it; without, it is worked out.
    """
    document = document if "path" in document else {**document, "path": topology(discoveries(document))}
    search, moments = Search(0.0), _Moments(document["run"])
    by_scope = {scope: [c for c in library.checks if c.scope == scope] for scope in SCOPES}
    steps = {scope: [_steps(check, search) for check in checks] for scope, checks in by_scope.items()}
    groups = {scope: _Groups(of_scope) for scope, of_scope in steps.items()}

    def decided(scope: str, at: Subject, view: t.Any, labels: t.Mapping[str, t.Any]) -> t.List[_Decision]:
        search.now, suppressions = moments.of(labels)
        found = groups[scope].decide(view, search)
        return [_suppressed(each, at, suppressions) for each in found] if suppressions else found

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
        missing = _not_seen(labels)
        seen = None if missing else views.host_view(document, host)
        decisions.hosts[host] = (
            decided("host", Subject(host, None, _only_backend(labels)), seen, labels)
            if seen
            else [_unseen(each, missing) for each in steps["host"]]
        )
        for name, own in labels["applications"].items():
            at = Subject(host, name, own.get("backend"))
            decisions.applications[host, name] = (
                [_unseen(each, missing) for each in steps["application"]]
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
    said: Said
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
    paths: t.FrozenSet[Path]  # where the evidence is that decides whether it passes or does not apply
    there: t.FrozenSet[Path]  # of what only matters whether it is there
    memory: Memory  # of what did not fail
    aged: bool  # it asks how old something is, so that what it found holds at that moment only
    made: t.Dict[t.Any, _Decision]  # all that was decided, by what it says: of equal ones the first is taken

    def decision(self, said: Said, blockable: bool = False, stopped: str = "") -> _Decision:
        """What was decided, as one that was made before where that is equal."""
        fresh = _Decision(said, blockable, stopped)
        try:
            key = marshal.dumps([*said[1:4], said.evidence, *said[5:], blockable, stopped], 2)
        except ValueError:  # not plain
            return fresh
        if len(self.made) >= MAX_MADE:
            self.made.clear()
        return self.made.setdefault(key, fresh)


def _steps(check: Check, search: Search) -> _Steps:
    when, passes_when = (each and search.finder(each) for each in (check.when, check.passes_when))
    needs = tuple(_need(need, search) for need in check.needs)
    aged = any("age(" in expression.source for expression in _expressions(check))
    paths_, there = frozenset(_read(check, needs)), frozenset(path for need in check.needs for path in _names(need))
    memory = Memory(paths_, there)
    return _Steps(check, needs, when, search.finder(check.fails_when), passes_when, paths_, there, memory, aged, {})


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


class _Groups:
    """Checks by the labels that they read: what all of a group say is looked up at once where evidence is alike.

    A group in which some read what every host has for itself goes on without these.
    """

    def __init__(self, steps: t.Sequence[_Steps]) -> None:
        self._number = len(steps)
        by_labels: t.Dict[t.FrozenSet[str], t.List[_Member]] = {}
        self._alone: t.List[_Member] = []
        for member in enumerate(steps):
            read = member[1].paths | member[1].there
            if member[1].memory.useful and read:
                by_labels.setdefault(frozenset(path[0] for path in read), []).append(member)
            else:
                self._alone.append(member)
        self._groups = [_Group(members) for members in by_labels.values()]

    def decide(self, view: t.Any, search: Search) -> t.List[_Decision]:
        """What each check says of a view."""
        found: t.List[t.Any] = [None] * self._number
        for group in self._groups:
            group.decide(view, search, found)
        if not all(group.memory.useful for group in self._groups):
            self._regroup()
        for at, steps in self._alone:
            found[at], _follows = _decide(steps, view, search)
        return found

    def _regroup(self) -> None:
        groups = []
        for group in self._groups:
            good = [member for member in group.members if member[1].memory.useful]
            if group.memory.useful:
                groups.append(group)
                continue
            if len(good) == len(group.members):  # each is useful alone, and all together are not
                good = []
            self._alone += [member for member in group.members if member not in good]
            groups += [_Group(good)] if good else []
        self._groups = groups


_Member = t.Tuple[int, _Steps]  # with its place among the checks of a scope


class _Group:
    """Checks that read the same labels, and what was said by all of them."""

    def __init__(self, members: t.List[_Member]) -> None:
        self.members = members
        paths_ = {path for _at, steps in members for path in steps.paths}
        there = {path for _at, steps in members for path in steps.there}
        self.memory = Memory(paths_, there, MAX_BYTES * len(members), MAX_TOGETHER)
        self._aged = any(steps.aged for _at, steps in members)

    def decide(self, view: t.Any, search: Search, found: t.List[t.Any]) -> None:
        """Put what each says of a view into its place of `found`."""
        key = _key(self.memory, self._aged, view, search)
        known = self.memory.recall(key)
        if known is None:
            known = []
            for at, steps in self.members:
                found[at], follows = _decide(steps, view, search)
                known.append(found[at] if follows else None)
            self.memory.remember(key, known)
            return
        for (at, steps), decision in zip(self.members, known):
            found[at] = decision or _work_out(steps, view, search)[0]


def _decide(steps: _Steps, view: t.Any, search: Search) -> t.Tuple[_Decision, bool]:
    """What a check says of a view, and whether that follows from what its memory looks at."""
    key = _key(steps.memory, steps.aged, view, search)
    known: t.Optional[_Decision] = steps.memory.recall(key)
    if known is not None:
        return known, True
    decision, follows = _work_out(steps, view, search)
    if follows:
        steps.memory.remember(key, decision)
    return decision, follows


def _key(memory: Memory, aged: bool, view: t.Any, search: Search) -> t.Optional[bytes]:
    """What a memory knows a view by, at this moment where that matters."""
    key = memory.key(view)
    return key + repr(search.now).encode() if key is not None and aged else key


def _work_out(steps: _Steps, view: t.Any, search: Search) -> t.Tuple[_Decision, bool]:
    """The same, without a look at what was said of others."""
    check = steps.check
    try:
        values = []
        for need in steps.needs:
            value = need.find(view)
            missing = _missing(need, value, view)
            if missing is not None:
                return _undecided(steps, *missing), False
            values.append(value)
        if steps.when is not None and not truthy(steps.when(view)):
            return _undecided(steps, "skipped", render(check.otherwise, search, view), True), True
        if truthy(steps.fails_when(view)):
            return steps.decision(_failing(check, [*zip(check.needs, values)], view, search)), False
        if steps.passes_when is not None and not truthy(steps.passes_when(view)):
            first = steps.needs[0]
            return _undecided(steps, *_stopped(first.label, first.probe(view))), False
        # A pass is a statement; an own check without one gets this.
        title = render(check.passes_as, search, view) if check.passes_as else f"{check.id} found no fault"
        # Of what passes, only plain values are quoted: there are thousands of such findings.
        told = {n.source: _leaf(v) for n, v in zip(steps.needs, values) if not isinstance(v, (dict, list))}
        return steps.decision(Said(check, "ok", title, evidence=told)), True
    except BadExpression as error:
        reason = f"the evidence has another shape than expected: {error}"
        return _undecided(steps, "unknown", reason, False), False


def _undecided(steps: _Steps, state: str, reason: str, blockable: bool, stopped: str = "") -> _Decision:
    return steps.decision(Said(steps.check, state, steps.check.question, reason), blockable, stopped)


def _failing(check: Check, needed: t.Sequence[t.Tuple[Expression, t.Any]], view: t.Any, search: Search) -> Said:
    """The finding of a check that fails, or that may still pass by itself."""
    quoted = {need.source: _bounded(value) for need, value in needed}
    quoted.update({shown_.source: _bounded(search(shown_, view)) for shown_ in check.shows})
    pending = check.pending_when is not None and truthy(search(check.pending_when, view))
    return Said(
        check,
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


def _unseen(steps: _Steps, why: str) -> _Decision:
    return _undecided(steps, "skipped", why, False)


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


def _matching(entry: t.Mapping[str, t.Any], check: Check, at: Subject) -> bool:
    """Whether a suppression `{id, host, application}` is about this; all may be patterns as in file names."""
    pairs = (
        (check.id, entry.get("id")),
        (at.host or at.backend or "", entry.get("host") or "*"),
        # One that names an application is not about hosts and backends.
        (at.application, entry.get("application")),
    )
    return all(
        wanted is None or (name is not None and fnmatch.fnmatchcase(name, str(wanted))) for name, wanted in pairs
    )


def _suppressed(decision: _Decision, at: Subject, entries: t.Sequence[t.Mapping[str, t.Any]]) -> _Decision:
    said = decision.said
    if said.state in FAILING:
        for entry in entries:
            if _matching(entry, said.check, at):
                until = f" (until {shown(entry['until'])})" if entry.get("until") else ""
                reason = shown(entry.get("reason")) + until
                return decision._replace(said=said._replace(state="suppressed", reason=reason))
    return decision


def _block(decisions: _Decisions, document: evidence.Document, library: Library) -> Judged:
    """All that was decided; what could not be because of a failing check becomes `blocked` by it."""
    blocked: t.Dict[t.Tuple[int, str], Said] = {}

    def failing(decided: t.Iterable[_Decision]) -> t.List[Check]:
        return [said.check for said, _blockable, _stopped in decided if said.state in FAILING]

    def settle(decided: t.List[_Decision], near: t.List[Check], far: t.Iterable[Check]) -> t.List[Said]:
        """`near` fail on the same subject, `far` around it; the former may also have stopped a probe."""
        blockers = [*near, *far]
        if not blockers:
            return [said for said, _blockable, _stopped in decided]
        stopped_by = {check.needs[0].label: check.id for check in reversed(near) if check.needs}
        settled = []
        for said, blockable, stopped in decided:
            if blockable:
                by = next((b.id for b in blockers if said.check.id in library.explained[b.id]), None)
                by = by or stopped_by.get(stopped)
                if by:
                    key = id(said), by
                    known = blocked.get(key)
                    if known is None:
                        known = blocked[key] = said._replace(state="blocked", blocked_by=by)
                    said = known
            settled.append(said)
        return settled

    in_run = failing(decisions.run)
    in_backend = {name: failing(decided) for name, decided in decisions.backends.items()}
    on_host = {name: failing(decided) for name, decided in decisions.hosts.items()}
    in_application = {key: failing(decided) for key, decided in decisions.applications.items()}
    around = _flat(*in_backend.values(), *on_host.values(), *in_application.values())
    rows = [(Subject(), settle(decisions.run, in_run, around))]
    for name, decided in decisions.backends.items():
        labels = document["backends"][name]
        behind = _flat(
            *(on_host.get(host, []) for host in labels.get("hosts") or []),
            *(in_application.get((each["host"], each["name"]), []) for each in labels["applications"]),
        )
        rows.append((Subject(backend=name), settle(decided, in_backend[name], [*in_run, *behind])))
    for host, decided in decisions.hosts.items():
        labels = document["hosts"][host]
        around = _flat(*(in_backend.get(own.get("backend"), []) for own in labels["applications"].values()))
        on_it = _flat(on_host[host], *(in_application[host, name] for name in labels["applications"]))
        rows.append((Subject(host, None, _only_backend(labels)), settle(decided, on_it, [*in_run, *around])))
        for name, own in labels["applications"].items():
            near = _flat(in_application[host, name], on_host[host])
            far = [*in_run, *in_backend.get(own.get("backend"), [])]
            at = Subject(host, name, own.get("backend"))
            rows.append((at, settle(decisions.applications[host, name], near, far)))
    return Judged(rows)


def _flat(*lists: t.List[Check]) -> t.List[Check]:
    """All checks in `lists`, each once, in path order."""
    return sorted({check.id: check for checks in lists for check in checks}.values(), key=lambda check: check.rank)
