"""What a check decided for one host is remembered for those that have the same values, and for no others."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import closures, evaluate, expressions
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.memory import MAX_BYTES, MAX_KNOWN, Memory
from ansible_collections.traceops.tracing.tests.unit.checks.cases import HOST, cases, document
from ansible_collections.traceops.tracing.tests.unit.verdict.test_closures import ALL, CHECKS, MORE, seen


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("otlp.phases.tcp.ok", {("otlp", "phases", "tcp", "ok")}),
        ("a.b == `1` && !(c.d)", {("a", "b"), ("c", "d")}),
        ("logs.patterns.export_failed.samples[0].text", {("logs", "patterns", "export_failed", "samples")}),
        ("containers.containers.*.state", {("containers", "containers")}),
        ("tried[?cause == 'x'].name", {("tried",)}),
        ("sort_by(not_null(a.b, c), &d)[0]", {("a", "b"), ("c",)}),
        ("a | b", {("a",)}),
        ("[a, {x: b.c}]", {("a",), ("b", "c")}),
        ("a[1:]", {("a",)}),
        ("keys(@)", {()}),
        ("`1`", set()),
    ],
)
def test_the_paths_at_which_an_expression_reads(source: str, paths: set[tuple[str, ...]]) -> None:
    assert closures.paths(expressions.compile_expression(source).tree) == paths


def only(value: Any, paths: set[tuple[str, ...]]) -> Any:
    """Of a document what is at these paths."""
    if () in paths:
        return value
    kept: dict[str, Any] = {}
    for path in paths:
        found, into = value, kept
        for key in path[:-1]:
            found = found.get(key) if isinstance(found, dict) else None
            into = into.setdefault(key, {})
        if isinstance(found, dict) and path[-1] in found:
            into[path[-1]] = found[path[-1]]
    return kept


@pytest.mark.parametrize("source", [*ALL, *MORE])
def test_nothing_else_changes_the_value_of_an_expression(source: str) -> None:
    expression = expressions.compile_expression(source)
    paths = sorted(closures.paths(expression.tree), key=len)
    needed = {path for path in paths if not any(path[:end] in paths for end in range(len(path)))}
    views = [*seen(), {"a": {"b": [{"c": 1, "b": 2}], "c": 2}, "b": {"c": 3}, "c": [1]}, {"a": [{"b": 2, "c": 1}]}]
    for view in views:
        assert outcome(expression, view) == outcome(expression, only(view, needed))


def outcome(expression: expressions.Expression, view: Any) -> Any:
    try:
        return expressions.Search(0.0)(expression, view)
    except expressions.BadExpression as error:
        return str(error)


def test_hosts_are_told_what_each_is_told_alone() -> None:
    """All evidence that makes a check fail or pass, as one fleet."""
    library = evaluate.Library(
        tuple(check for check in CHECKS if check.scope != "run"), {c.id: frozenset() for c in CHECKS}
    )
    whole = document({})
    every = [case[kind] for case in cases().values() for kind in ("fails", "passes") if kind in case]
    alone: dict[str, list[Any]] = {}
    whole["hosts"] = {}
    usual = copy.deepcopy(whole["run"])
    for number, changes in enumerate(every):
        one = document(changes)
        if one["run"] != usual:
            continue  # all hosts of a run have its settings
        name = f"app{number:03}"
        one["hosts"] = {name: one["hosts"][HOST]}  # what was found has its host's name in it
        for own in one["hosts"][name]["applications"].values():
            own["backend"] = None  # so that all hosts have the same, none
        whole["hosts"][name] = copy.deepcopy(one["hosts"][name])
        one["backends"] = {}
        alone[name] = told(evaluate.evaluate(one, library), name)
    whole["backends"] = {}
    assert len(alone) > 200
    together = evaluate.evaluate(whole, library)
    assert {name: told(together, name) for name in alone} == alone


def told(findings: list[evaluate.Finding], host: str) -> list[Any]:
    mine = [each._replace(check=each.check.id)._asdict() for each in findings if each.host == host]
    return [{**each, "host": ""} for each in mine if host not in (each["title"], each["reason"])]


def test_true_is_not_one_and_nothing_is_not_a_missing_object() -> None:
    memory = Memory([("a", "b")])
    documents: list[Any] = [{"a": {"b": value}} for value in (True, 1, 1.0, "1", None, [], {}, "", False, 0)]
    keys = [memory.key(each) for each in documents]
    assert len(set(keys)) == len(documents)
    assert memory.key({"a": []}) == memory.key({"a": {"b": None}}), "a path finds null in both"


def test_what_each_host_has_for_itself_is_soon_not_remembered_any_more() -> None:
    memory = Memory([("a",)])
    for number in range(MAX_KNOWN + 1):
        key = memory.key({"a": number})
        assert memory.recall(key) is None
        memory.remember(key, number)
    assert memory.key({"a": 0}) is None


def test_what_many_hosts_share_stays_remembered() -> None:
    memory = Memory([("a",)])
    for number in range(10 * MAX_KNOWN):
        key = memory.key({"a": number // 10})
        if memory.recall(key) is None:
            memory.remember(key, number // 10)
    assert memory.recall(memory.key({"a": MAX_KNOWN - 1})) == MAX_KNOWN - 1


def test_large_values_and_the_whole_document_are_not_looked_at() -> None:
    memory = Memory([("a",)])
    memory.key({"a": "x" * MAX_BYTES})
    assert memory.key({"a": "x"}) is None
    assert Memory([(), ("a",)]).key({"a": "x"}) is None
    assert Memory([("applications",)]).key({"applications": []}) is None, "all that was seen on every host"


def test_of_what_a_check_only_wants_to_be_there_nothing_else_is_looked_at() -> None:
    memory = Memory([("a", "b")], [("a",), ("c",)])
    large = memory.key({"a": {"b": 1, "rest": "x" * MAX_BYTES}, "c": 1})
    assert large is not None
    assert large == memory.key({"a": {"b": 1}, "c": 1})
    others: list[dict[str, Any]] = [
        {"a": {"b": 1}},
        {"a": {"b": 1}, "c": 2},
        {"a": {"b": 2}, "c": 1},
        {"a": None, "c": 1},
    ]
    assert large not in [memory.key(each) for each in others]
    there = Memory([], [("a",)])
    found: list[Any] = [{"x": 1}, {}, None, True, "x"]
    assert len({there.key({"a": each}) for each in found}) == len(found)
    assert there.key({"a": [1]}) == there.key({"a": {"y": 2}})
