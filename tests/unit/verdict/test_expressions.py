"""The functions that are added to JMESPath, and texts with expressions in them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import expressions as e

NOON = 1795435200.0  # 2026-11-23T12:00:00Z


def found(source: str, document: Any = None) -> Any:
    return e.Search(NOON)(e.compile_expression(source), document if document is not None else {})


@pytest.mark.parametrize(
    ("source", "document", "value"),
    [
        ("matches(a, 'o+p')", {"a": "loop"}, True),
        ("matches(a, '^o')", {"a": "loop"}, False),
        ("matches(a, 'x')", {}, None),
        ("matches(a, 'x')", {"a": 3}, None),
        ("ratio(a, b)", {"a": 1, "b": 4}, 0.25),
        ("ratio(a, b)", {"a": 1, "b": 0}, None),
        ("ratio(a, b)", {"a": 1}, None),
        ("ratio(a, b)", {"a": True, "b": 2}, None),
        ("minus(a, b)", {"a": 5, "b": 7.5}, -2.5),
        ("minus(a, b)", {"a": "5", "b": 7}, None),
        ("age(a)", {"a": NOON - 90}, 90.0),
        ("age(a)", {"a": "2026-11-23T11:00:00Z"}, 3600.0),
        ("age(a)", {"a": "2026-11-23T13:00:00+02:00"}, 3600.0),
        ("age(a)", {"a": "2026-11-23T13:00:00"}, -3600.0),
        ("age(a)", {"a": "yesterday"}, None),
        ("age(a)", {"a": ""}, None),
        ("age(a)", {}, None),
        ("items(a)", {"a": {"x": 1}}, [{"key": "x", "value": 1}]),
        ("items(a)", {"a": [1]}, None),
        ("version_at_least(a, '2.9')", {"a": "v2.10.8"}, True),
        ("version_at_least(a, '2.10.8')", {"a": "2.10"}, False),
        ("version_at_least(a, '3')", {"a": "2.10.8"}, False),
        ("version_at_least(a, '2.10.8')", {"a": "2.10.8"}, True),
        ("version_at_least(a, '2')", {"a": "main"}, None),
        ("version_at_least(a, '2')", {}, None),
        ("a > `1`", {"a": "text"}, None),
    ],
)
def test_functions(source: str, document: Any, value: Any) -> None:
    assert found(source, document) == value


def test_a_time_without_a_zone_is_utc_wherever_the_controller_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert found("age(a)", {"a": "2026-11-23T11:00:00"}) == 3600.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("source", ["contains(a, 'x')", "length(a)", "matches(a, b)"])
def test_a_value_of_another_kind_is_an_error_with_the_expression(source: str) -> None:
    with pytest.raises(e.BadExpression) as wrong:
        found(source, {"a": 3} if "matches" not in source else {"a": "x", "b": "("})
    assert source in str(wrong.value)


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("otlp.cause", "otlp"),
        ("backend.grafana.cause", "backend.grafana"),
        ("not_null(logs.patterns.x, environment.y)", "logs"),
        ("settings.service", "settings"),
        ("`1`", ""),
    ],
)
def test_the_label_is_the_evidence_that_an_expression_begins_with(source: str, label: str) -> None:
    assert e.compile_expression(source).label == label


def rendered(source: str, document: Any) -> str:
    return e.render(e.compile_text(source), e.Search(NOON), document)


@pytest.mark.parametrize(
    ("source", "document", "text"),
    [
        ("at {a.b}!", {"a": {"b": "http://x"}}, "at http://x!"),
        ("{{{a}}}", {"a": 1}, "{1}"),
        ("{a}{b}", {"a": True, "b": False}, "yesno"),
        ("{a}", {}, "(unknown)"),
        ("{a}", {"a": 0.25}, "0.25"),
        ("{a}", {"a": []}, "none"),
        ("{a}", {"a": [1, 2, 3, 4, 5, 6, 7, 8]}, "1, 2, 3, 4, 5, 6, and 2 more"),
        ("{a}", {"a": {"x": 1, "y": "z"}}, "x 1, y z"),
        ("{a}", {"a": [1, 2, 3, 4, 5, 6]}, "1, 2, 3, 4, 5, 6"),
        ("say {{a}}: {a}", {"a": 1}, "say {a}: 1"),
        ("{a}", {"a": "x" * 300}, "x" * 239 + "…"),
    ],
)
def test_texts_show_evidence(source: str, document: Any, text: str) -> None:
    assert rendered(source, document) == text


def test_text_from_evidence_is_cleaned_and_never_evaluated() -> None:
    hostile = "\x1b[31mred\x1b[0m\n{a.secret} {{ x }} Authorization: Bearer abcdef123456 \u202egnp"
    text = rendered("{a.said}", {"a": {"said": hostile, "secret": "s3cret"}})
    assert text.startswith("red {a.secret} {{ x }} Authorization:")
    assert "s3cret" not in text
    assert "abcdef123456" not in text
    assert not {"\x1b", "\n", "\u202e"} & set(text)
