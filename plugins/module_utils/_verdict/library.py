# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the check library: YAML files in which each check is data (docs/architecture.md has the keys)."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import shapes
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, PARTS
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.expressions import (
    BadExpression,
    Expression,
    Text,
    brief,
    compile_expression,
    compile_text,
    roots,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.views import declared_views

# The path of a span, then what cuts across it, then the diagnosis' own settings.
PATH = ("app", "sampling", "network", "collector", "tempo-ingest", "tempo-storage", "tempo-query", "grafana")
HOPS = (*PATH, "propagation", "clock", "settings")
SCOPES = ("application", "host", "backend", "run")
SEVERITIES = ("info", "warning", "critical")

MAX_FILE = 1024 * 1024  # bytes

_ID = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*){2,}")


class BadCheck(ValueError):
    """A check file cannot be used; the message names the file, the check and the key."""


class Check(t.NamedTuple):
    """One check. Expressions and texts are compiled; see docs/architecture.md for what each key means."""

    id: str
    hop: str
    scope: str
    severity: str
    question: str
    title: Text
    fails_when: Expression
    passes_when: t.Optional[Expression]
    needs: t.Tuple[Expression, ...]
    when: t.Optional[Expression]
    otherwise: Text
    pending_when: t.Optional[Expression]
    pending_as: Text
    proved_when: t.Optional[Expression]
    shows: t.Tuple[Expression, ...]
    cause: Text
    fix: t.Tuple[Text, ...]
    passes_as: t.Optional[Text]
    explains: t.Tuple[str, ...]
    decisive: bool
    matters: str
    example: str
    related: t.Tuple[str, ...]
    see: str

    @property
    def rank(self) -> t.Tuple[int, int, str]:
        """Sorts checks along the path, the gravest of a hop first."""
        return HOPS.index(self.hop), -SEVERITIES.index(self.severity), self.id


class Library(t.NamedTuple):
    """All checks in path order, and for each id the ids that its failure explains, directly or not."""

    checks: t.Tuple[Check, ...]
    explained: t.Dict[str, t.FrozenSet[str]]

    def get(self, check_id: str) -> t.Optional[Check]:
        return next((check for check in self.checks if check.id == check_id), None)


_REQUIRED = ("id", "hop", "scope", "severity", "question", "title", "fails_when", "cause", "fix")
_LISTS = ("needs", "shows", "fix", "explains", "related")
_OPTIONAL = (
    *("needs", "when", "otherwise", "passes_when", "passes_as"),
    *("pending_when", "pending_as", "proved", "proved_when", "shows"),
    *("counterfactual", "explains", "decisive", "matters", "example", "related", "see"),
)


def load(directories: t.Sequence[str], views: t.Optional[t.Mapping[str, shapes.Shape]] = None) -> Library:
    """The library of all `*.yml` in `directories`; a later directory's check replaces the one of the same id.

    A path that finds nothing in the view of its scope is refused; `views` are their shapes, where they are not those
    that the probes declare.
    """
    if views is None:
        views = declared_views()
    checks: t.Dict[str, Check] = {}
    files: t.Dict[str, str] = {}  # where each check is
    held: t.Set[t.Tuple[str, str]] = set()
    for directory in directories:
        found: t.Dict[str, str] = {}
        for path in _files(directory):
            for raw in _read(path):
                check = _of_its_application(_check(raw, path))
                _hold(check, views[check.scope], path, held)
                if check.id in found:
                    raise BadCheck(f"{path}: check '{check.id}' is also in {found[check.id]}")
                found[check.id], checks[check.id] = path, check
        files.update(found)
    ordered = tuple(sorted(checks.values(), key=lambda check: check.rank))
    return Library(ordered, _closed({check.id: _resolve(check, files) for check in ordered}, files))


def _files(directory: str) -> t.List[str]:
    try:
        names = sorted(os.listdir(directory))
    except OSError as error:
        raise BadCheck(f"check_dirs: {directory} cannot be read ({error.strerror})") from None
    files = [os.path.join(directory, name) for name in names if name.endswith((".yml", ".yaml"))]
    if not files:
        raise BadCheck(f"check_dirs: {directory} has no check file (*.yml)")
    return files


def _read(path: str) -> t.List[t.Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_FILE + 1)
        if len(text) > MAX_FILE:
            raise BadCheck(f"{path}: a check file may have {MAX_FILE} characters at most")
        content = yaml.load(text, Loader=loader)
    except OSError as error:
        raise BadCheck(f"{path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise BadCheck(f"{path} is not UTF-8 text") from None
    except yaml.YAMLError as error:
        raise BadCheck(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise BadCheck(f"{path} is nested too deeply") from None
    if not isinstance(content, list):
        raise BadCheck(f"{path}: a check file is a list of checks")
    return content


def _check(raw: t.Any, path: str) -> Check:
    """One entry of a file as a Check; every complaint names file, check and key."""
    if not isinstance(raw, dict):
        raise BadCheck(f"{path}: an entry is {type(raw).__name__}, not a check with keys")
    where = f"{path}: check {brief(raw.get('id', '(without id)'))}"
    _keys(raw, where)
    _kinds(raw, where)
    _words(raw, where)
    return _compiled(raw, where)


def _keys(raw: t.Mapping[str, t.Any], where: str) -> None:
    """All keys that a check must have, none that it cannot have, and those together that belong together."""
    for key in _REQUIRED:
        if raw.get(key) in (None, "", []):
            raise BadCheck(f"{where}: the key '{key}' is missing")
    unknown = sorted(str(key) for key in raw if key not in _REQUIRED and key not in _OPTIONAL)
    if unknown:
        raise BadCheck(f"{where}: there is no key '{unknown[0]}'; known are {', '.join((*_REQUIRED, *_OPTIONAL))}")
    for condition, its_words in (("when", "otherwise"), ("pending_when", "pending_as")):
        if (condition in raw) != (its_words in raw):
            raise BadCheck(f"{where}: '{condition}' and '{its_words}' (the words for it) come together")
    if "proved" in raw and "proved_when" in raw:
        raise BadCheck(f"{where}: 'proved' and 'proved_when' exclude each other")


# (keys, their kind, how a message says it); expressions and texts are checked where they are compiled.
_KINDS: t.Tuple[t.Tuple[t.Tuple[str, ...], type, str], ...] = (
    (("id", "question", "matters", "example", "see"), str, "text"),
    (_LISTS, list, "a list"),
    (("decisive", "proved"), bool, "true or false"),
)


def _kinds(raw: t.Mapping[str, t.Any], where: str) -> None:
    for keys, kind, words in _KINDS:
        for key in keys:
            if key in raw and not isinstance(raw[key], kind):
                raise BadCheck(f"{where}: '{key}' must be {words}")


def _words(raw: t.Mapping[str, t.Any], where: str) -> None:
    """Values that are one of a few words, or have a form."""
    for key, words in (("hop", HOPS), ("scope", SCOPES), ("severity", SEVERITIES)):
        if raw[key] not in words:
            raise BadCheck(f"{where}: '{key}' is {brief(raw[key])}, but must be one of {', '.join(words)}")
    label = raw.get("counterfactual", "")
    if not isinstance(label, str) or not re.fullmatch(r"\w*", label):
        raise BadCheck(f"{where}: 'counterfactual' is the label of an OTLP probe, not {brief(label)}")
    if not _ID.fullmatch(raw["id"]) or not raw["id"].startswith(raw["hop"] + "."):
        raise BadCheck(f"{where}: the id must be 'hop.subject.problem' in lower case and begin with '{raw['hop']}.'")


def _compiled(raw: t.Mapping[str, t.Any], where: str) -> Check:
    def compiled(key: str, value: t.Any, compiler: t.Callable[[t.Any], t.Any]) -> t.Any:
        try:
            return compiler(value)
        except BadExpression as error:
            raise BadCheck(f"{where}: '{key}': {error}") from None

    def optional(key: str, compiler: t.Callable[[t.Any], t.Any]) -> t.Any:
        return compiled(key, raw[key], compiler) if raw.get(key) is not None else None

    def each(key: str, compiler: t.Callable[[t.Any], t.Any]) -> t.Tuple[t.Any, ...]:
        return tuple(compiled(key, item, compiler) for item in raw.get(key, []))

    needs = each("needs", compile_expression)
    proof = "fails_when" if raw.get("proved") else "proved_when"
    tried = [_COUNTERFACTUAL.format(label=raw["counterfactual"])] if raw.get("counterfactual") else []
    return Check(
        id=raw["id"],
        hop=raw["hop"],
        scope=raw["scope"],
        severity=raw["severity"],
        question=raw["question"].strip(),
        title=compiled("title", raw["title"], compile_text),
        fails_when=compiled("fails_when", raw["fails_when"], compile_expression),
        needs=needs,
        when=optional("when", compile_expression),
        otherwise=compiled("otherwise", raw.get("otherwise", ""), compile_text),
        passes_when=optional("passes_when", compile_expression) or _reached(raw, needs),
        pending_when=optional("pending_when", compile_expression),
        pending_as=compiled("pending_as", raw.get("pending_as", ""), compile_text),
        proved_when=optional(proof, compile_expression),
        shows=each("shows", compile_expression),
        cause=compiled("cause", raw["cause"], compile_text),
        fix=tuple(compiled("fix", step, compile_text) for step in (*tried, *raw["fix"])),
        passes_as=optional("passes_as", compile_text),
        explains=each("explains", _name),
        decisive=raw.get("decisive", False),
        matters=raw.get("matters", "").strip(),
        example=raw.get("example", "").rstrip(),
        related=each("related", _name),
        see=raw.get("see", "").strip(),
    )


# The step that a counterfactual proved; it renders to nothing where none was accepted.
_COUNTERFACTUAL = (
    "{{{label}.passes_with && join(' ', ['set', {label}.passes_with, "
    "'(proved: the same span was accepted with it)']) || ''}}"
)


def _reached(raw: t.Mapping[str, t.Any], needs: t.Sequence[Expression]) -> t.Optional[Expression]:
    """What must hold for a pass where the check does not say: each phase that it needs went well.

    A probe that stopped in that phase, for another reason than this check's, saw nothing of what comes after it.
    """
    phases = [need.source for need in needs if need.source.endswith(".ok")]
    return compile_expression(" && ".join(phases)) if phases else None


_OF_APPLICATIONS = {*PARTS, *(label.name for label in LABELS.values() if label.scope == "application")}


def _of_its_application(check: Check) -> Check:
    """A host's check that looks at what an application has is the application's: once all such checks said `host`."""
    named = {name for value in check for expression in _expressions(value) for name in roots(expression.tree)}
    return check._replace(scope="application") if check.scope == "host" and named & _OF_APPLICATIONS else check


def _hold(check: Check, view: shapes.Shape, path: str, held: t.Set[t.Tuple[str, str]]) -> None:
    """Refuse a path that no evidence can have; `held` are the scopes and sources of expressions that were looked at."""
    for key, value in zip(check._fields, check):
        for expression in _expressions(value):
            if (check.scope, expression.source) in held:
                continue
            held.add((check.scope, expression.source))
            try:
                shapes.infer(expression.tree, view)
            except shapes.BadPath as error:
                where = f"{path}: check '{check.id}': '{key}'"
                raise BadCheck(f"{where}: '{' '.join(expression.source.split())}': {error}") from None


def _expressions(value: t.Any) -> t.Iterator[Expression]:
    """The expressions in what a key of a check holds."""
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, tuple):  # a Text is one, too
        for part in value:
            yield from _expressions(part)


def _name(value: t.Any) -> str:
    if not isinstance(value, str):
        raise BadExpression(f"an id is text, not {brief(value)}")
    return value


def _resolve(check: Check, files: t.Mapping[str, str]) -> t.FrozenSet[str]:
    """The ids that `check` explains, its prefixes (`network.otlp.*`) spelt out; itself never.

    `files` has the ids of all checks, and where each of them is.
    """
    ids: t.Set[str] = set()
    where = f"{files[check.id]}: check '{check.id}'"
    for word in check.explains:
        found = (
            [i for i in files if i.startswith(word[:-1])] if word.endswith(".*") else [word] if word in files else []
        )
        if not found:
            raise BadCheck(f"{where}: 'explains' names '{word}', which no check has")
        ids.update(found)
    for word in check.related:
        if word not in files:
            raise BadCheck(f"{where}: 'related' names '{word}', which no check has")
    return frozenset(ids - {check.id})


def _closed(explained: t.Mapping[str, t.FrozenSet[str]], files: t.Mapping[str, str]) -> t.Dict[str, t.FrozenSet[str]]:
    """What explains a thing explains what follows from it; a circle is refused, it would leave no root cause."""
    done: t.Dict[str, t.FrozenSet[str]] = {}

    def walk(check_id: str, trail: t.Tuple[str, ...]) -> t.FrozenSet[str]:
        if check_id in trail:
            members = trail[trail.index(check_id) :]
            where, circle = dict.fromkeys(files[i] for i in members), " -> ".join((*members, check_id))
            raise BadCheck(f"{', '.join(where)}: the checks explain each other in a circle: {circle}")
        if check_id not in done:
            direct = explained[check_id]
            done[check_id] = direct.union(*(walk(target, (*trail, check_id)) for target in sorted(direct)))
        return done[check_id]

    return {check_id: walk(check_id, ()) for check_id in explained}
