# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/report.schema.json: the JSON Schema of report.json, made of the same declarations that probes are held to.

What programs rely on (verdict, findings, baseline) has its keys required. Of the evidence any value may be missing or
null, since a probe tells what it saw. More keys may come everywhere. Runs on the controller only.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.document import SCHEMA as EVIDENCE_SCHEMA
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.findings import Subject
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.form import SCHEMA
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, PROBES
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import Run, Settings
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import Topology
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.compare import Comparison
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.evaluate import STATES
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import HOPS, SEVERITIES

Node = t.Dict[str, t.Any]


class Place(t.TypedDict):
    """An application of a host."""

    host: str
    name: str


class _Cause(t.TypedDict):
    """A failing check that no other failing check explains, in one place or in many."""

    id: str
    hop: str
    hosts: t.List[str]
    applications: t.List[Place]
    backend: t.Optional[str]
    title: str
    cause: str
    fix: t.List[str]
    proved: bool
    consequences: t.List[str]


class RootCause(_Cause, total=False):
    """A failing check that no other failing check explains, in one place or in many."""

    docs: str
    slices: t.List[str]  # of a merged report: the names of those that it is in


class Verdict(t.TypedDict):
    """The one sentence that ends the search, and what is behind it."""

    status: str
    sentence: str
    root_causes: t.List[RootCause]


class Environment(t.TypedDict):
    """The verdict of one environment, where an inventory has several: as if its hosts alone had been diagnosed."""

    name: str  # "" of hosts of whom nothing tells where they belong
    hosts: t.List[str]
    status: str
    sentence: str
    root_causes: t.List[str]  # their ids


class Finding(t.TypedDict):
    """What one check says, of one subject or of many: those of the entry of `places` with the number `places`."""

    id: str
    hop: str
    state: str
    severity: str
    decisive: bool
    title: str
    reason: str
    places: int


class MoreOfFinding(t.TypedDict, total=False):
    """What a finding has besides; of one that passed there is `evidence` only with `diagnose_evidence: full`."""

    evidence: t.Dict[str, t.Any]
    cause: str
    fix: t.List[str]
    proved: bool
    docs: str
    blocked_by: str


class Cell(t.TypedDict):
    """How many spans got as far as a step; `of` is how many could have, where fewer are a loss."""

    step: str
    number: int
    of: t.Optional[int]
    source: str
    lost: bool


_WORDS: t.Dict[t.Tuple[str, str], t.Sequence[str]] = {
    ("Verdict", "status"): ("ok", "problem", "incomplete"),
    ("Environment", "status"): ("ok", "problem", "incomplete"),
    ("Finding", "state"): STATES,
    ("Finding", "severity"): SEVERITIES,
    ("Finding", "hop"): HOPS,
    ("RootCause", "hop"): HOPS,
    ("Entry", "severity"): SEVERITIES,
}


def schema() -> Node:
    """The schema as a document of JSON Schema 2020-12."""
    made = _Maker()
    finding = {"allOf": [made.of(Finding), made.of(MoreOfFinding)]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "report.json of traceops.tracing",
        "description": "More keys may come; these stay.",
        "type": "object",
        "required": ["schema", "run", "verdict", "findings", "subjects", "places", "funnel", "path", "evidence"],
        "properties": {
            "schema": {"const": SCHEMA},
            "run": made.loose(Run),
            "verdict": made.of(Verdict),
            "environments": made.of(t.List[Environment]),
            "findings": {"type": "array", "items": finding},
            "subjects": {
                "description": "Whom findings are about: an application of a host, a host, a backend, or the run.",
                "type": "array",
                "items": _subject(),
            },
            "places": {
                "description": "Sets of subjects, as lists of their places in `subjects`.",
                "type": "array",
                "items": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            },
            "funnel": {"type": "object", "additionalProperties": made.of(t.List[Cell])},
            "path": made.of(Topology),
            "baseline": made.of(Comparison),
            "evidence": _evidence(made),
        },
        "$defs": dict(sorted(made.defs.items())),
    }


def _subject() -> Node:
    """A subject: an application has all three names, a backend only its own, the run none."""
    name = {"type": ["string", "null"]}
    return {"type": "object", "required": list(Subject._fields), "properties": dict.fromkeys(Subject._fields, name)}


_ALIKE: Node = {
    "description": "An entry of `results` by its place there, but for the values of `but`: `results[as] * but` in jq.",
    "type": "object",
    "required": ["as"],
    "properties": {"as": {"type": "integer", "minimum": 0}, "but": {"type": "object"}},
}


def _evidence(made: _Maker) -> Node:
    """What hosts and backends told, by label."""
    made.defs["alike"] = _ALIKE
    alike = {"$ref": "#/$defs/alike"}

    def labels(scope: str) -> Node:
        return {
            name: _either([alike, made.loose(PROBES[label.probe]().Result)])
            for name, label in sorted(LABELS.items())
            if label.scope == scope
        }

    settings, text = _either([alike, made.loose(Settings)]), {"type": ["string", "null"]}
    application = {"type": "object", "properties": {"backend": text, "settings": settings, **labels("application")}}
    host = {
        "type": "object",
        "required": ["applications"],
        "properties": {
            "unreachable": {"type": ["boolean", "null"]},
            "reason": text,
            "slice": text,
            "settings": settings,
            "applications": {"type": "object", "additionalProperties": application},
            **labels("host"),
        },
    }
    backend = {
        "type": "object",
        "required": ["hosts", "applications"],
        "properties": {
            "hosts": {"type": "array", "items": {"type": "string"}},
            "applications": made.of(t.List[Place]),
            "slice": text,
            "settings": settings,
            **labels("backend"),
        },
    }
    return {
        "description": "What was seen. Judged again, it gives the same findings.",
        "type": "object",
        "required": ["schema", "hosts", "backends", "results"],
        "properties": {
            "schema": {"const": EVIDENCE_SCHEMA},
            "results": {
                "description": "What several hosts or applications saw alike.",
                "type": "array",
                "items": {"type": "object"},
            },
            "hosts": {"type": "object", "additionalProperties": host},
            "backends": {"type": "object", "additionalProperties": backend},
        },
    }


_LEAVES = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


class _Maker:
    """Makes schemas of types; each declared dictionary is one entry of `defs`."""

    def __init__(self) -> None:
        self.defs: t.Dict[str, Node] = {}

    def of(self, hint: t.Any, loose: bool = False) -> Node:
        """The schema of a type; with `loose` of one in which everything may be missing or null."""
        if hint in _LEAVES:
            return {"type": _LEAVES[hint]}
        origin, arguments = t.get_origin(hint), t.get_args(hint)
        if origin is list:
            return {"type": "array", "items": self._inner(arguments[0], loose)}
        if origin is dict:
            return {"type": "object", "additionalProperties": self._inner(arguments[1], loose)}
        if origin is t.Union:
            return _either([self.of(option, loose) for option in arguments])
        return self._declared(hint, loose) if hasattr(hint, "__total__") else {}

    def loose(self, hint: t.Any) -> Node:
        return self._inner(hint, True)

    def _inner(self, hint: t.Any, loose: bool) -> Node:
        found = self.of(hint, loose)
        return _either([found, {"type": "null"}]) if loose and found else found

    def _declared(self, hint: t.Any, loose: bool) -> Node:
        name = f"{hint.__module__.rpartition('module_utils.')[2].replace('_', '')}.{hint.__name__}"
        if name not in self.defs:
            self.defs[name] = {}  # it may be within itself
            fields = t.get_type_hints(hint)
            words = (hint.__doc__ or "").strip().partition("\n")[0]
            self.defs[name] = {
                **({"description": words} if words and not words.startswith("dict(") else {}),
                "type": "object",
                **({} if loose else {"required": sorted(hint.__required_keys__)}),
                "properties": {key: self._field(hint, key, field, loose) for key, field in fields.items()},
            }
        return {"$ref": f"#/$defs/{name}"}

    def _field(self, hint: t.Any, key: str, field: t.Any, loose: bool) -> Node:
        words = _WORDS.get((hint.__name__, key))
        return {"enum": list(words)} if words and not loose else self._inner(field, loose)


def _either(options: t.Sequence[Node]) -> Node:
    """One of several; plain types as a list of them."""
    flat: t.List[Node] = []
    for option in options:
        if not option:
            return {}
        flat += [each for each in option.get("anyOf", [option]) if each not in flat]
    if all(set(each) == {"type"} for each in flat):
        types = sorted(
            {name for each in flat for name in ([each["type"]] if isinstance(each["type"], str) else each["type"])}
        )
        return {"type": types if len(types) > 1 else types[0]}
    return {"anyOf": flat}
