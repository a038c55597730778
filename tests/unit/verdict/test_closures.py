"""The compiled functions give what jmespath's own interpreter gives."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jmespath import Options
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import closures, expressions, library, views
from ansible_collections.traceops.tracing.tests.unit.checks.cases import BACKEND, HOST, cases, document

CHECKS = library.load([str(Path(library.__file__).parents[2] / "checks")]).checks


def expressions_of(check: library.Check) -> list[expressions.Expression]:
    texts = [check.title, check.cause, *check.fix, *([check.passes_as] if check.passes_as else [])]
    inside = [part for text in texts for part in text.parts if not isinstance(part, str)]
    optional = [check.when, check.passes_when, check.pending_when, check.proved_when]
    return [check.fails_when, *check.needs, *check.shows, *inside, *(each for each in optional if each is not None)]


ALL = sorted({each.source for check in CHECKS for each in expressions_of(check)})
MORE = [
    "a.b", "a[0]", "a[-1]", "a[1:]", "a[]", "a[].b", "a.*", "a[*].b", "a[?b]", "a[?b > `1`].c", "a[?!b]", "a == b",
    "a != b", "a < b", "a >= b", "a && b", "a || b", "!a", "!(a.b)", "@", "a | b", "[a, b]", "{x: a}", "`null`",
    "a == `1`", "a == `true`", "a == `0`", "a == `false`", "length(not_null(a, ''))", "sort_by(a, &b)", "keys(@)",
    "a[0][0]",
]  # fmt: skip


def both(source: str, value: Any) -> tuple[Any, Any]:
    interpreter = TreeInterpreter(Options(custom_functions=expressions._functions(0.0)))
    tree = expressions.compile_expression(source).tree

    def outcome(function: Any) -> Any:
        try:
            return function(value)
        except (JMESPathError, TypeError, AttributeError) as error:
            return type(error).__name__

    return outcome(closures.build(tree, interpreter)), outcome(lambda v: interpreter.visit(tree, v))


@functools.lru_cache(maxsize=1)
def seen() -> list[Any]:
    """What checks see in some evidence documents."""
    faults = ("network.otlp.connection-refused", "tempo-query.service.near-miss", "grafana.link.missing")
    seen = [document({}), *(document(cases()[fault]["fails"]) for fault in faults)]
    kinds = (lambda d: views.host_view(d, HOST), lambda d: views.backend_view(d, BACKEND), views.run_view)
    return [view(each) for each in seen for view in kinds]


@pytest.mark.parametrize("source", ALL)
def test_every_expression_of_the_checks(source: str) -> None:
    for view in seen():
        ours, theirs = both(source, view)
        assert ours == theirs


LEAF = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.floats(-1, 1), st.sampled_from(["", "a", "b"]))
VALUES = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_the_last_of_one_is_the_first() -> None:
    assert both("a[-1]", {"a": ["x"]}) == ("x", "x")


@given(st.sampled_from(MORE), VALUES)
@settings(max_examples=600, deadline=None)
def test_any_value(source: str, value: Any) -> None:
    ours, theirs = both(source, value)
    if theirs == "TypeError":
        assert ours is None or ours == [] or ours == "TypeError", "jmespath cannot compare a text and a number"
    else:
        assert ours == theirs
        assert type(ours) is type(theirs)
