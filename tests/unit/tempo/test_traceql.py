"""Plain options become TraceQL in which no value can be taken for syntax."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceql import build_query, quoted


def test_nothing_asked_matches_every_trace() -> None:
    assert build_query() == "{ }"


def test_all_that_is_asked_must_match() -> None:
    query = build_query("shop", {"span.http.method": "GET"}, 250_000_000, 90_000_000_000)
    assert query == (
        '{ resource.service.name = "shop" && span.http.method = "GET"'
        " && traceDuration >= 250ms && traceDuration <= 90s }"
    )


@pytest.mark.parametrize(
    ("tag", "value", "term"),
    [
        ("service.name", "shop", 'resource.service.name = "shop"'),
        ("job", "market_data", '.job = "market_data"'),
        (".job", "market_data", '.job = "market_data"'),
        ("resource.host.name", "app01", 'resource.host.name = "app01"'),
        ("span.retry", True, "span.retry = true"),
        ("span.retry", "true", '(span.retry = "true" || span.retry = true)'),
        ("span.retry", "False", '(span.retry = "False" || span.retry = false)'),
        ("http.status_code", 500, ".http.status_code = 500"),
        ("http.status_code", "500", '(.http.status_code = "500" || .http.status_code = 500)'),
        ("ratio", 0.25, ".ratio = 0.25"),
        ("span.my key", "x", 'span."my key" = "x"'),
        ("span.größe", "x", 'span."größe" = "x"'),
        ("status", "ERROR", "status = error"),
        ("kind", "server", "kind = server"),
        ("name", "GET /", 'name = "GET /"'),
        ("rootServiceName", "shop", 'rootServiceName = "shop"'),
    ],
)
def test_a_tag_becomes_a_term_of_its_scope_and_type(tag: str, value: t.Any, term: str) -> None:
    assert build_query(tags={tag: value}) == "{ " + term + " }"


def test_a_value_can_not_become_syntax() -> None:
    assert build_query('x" } || { name = "y') == r'{ resource.service.name = "x\" } || { name = \"y" }'
    assert build_query(tags={'a" = "b" || .c': "d"}) == r'{ ."a\" = \"b\" || .c" = "d" }'


def test_a_name_in_quotes_knows_two_escapes_only() -> None:
    assert build_query(tags={'a "b" \\ \t\u202e': "x"}) == '{ ."a \\"b\\" \\\\ \t\u202e" = "x" }'


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("back\\slash", '"back\\\\slash"'),
        ("tab\tline\n", r'"tab\u0009line\u000a"'),
        ("größe 価格", '"größe 価格"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("", '""'),
    ],
)
def test_a_string_literal_is_one_of_go(text: str, literal: str) -> None:
    assert quoted(text) == literal


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"status": "failed"}, "status is 'failed'; it can be error, ok, unset"),
        ({"span.": "x"}, "'span.' has no attribute name"),
        ({"a": ["x"]}, "the value of 'a' is neither text, a number nor a boolean"),
    ],
)
def test_a_tag_that_can_not_be_asked_is_named(tags: dict[str, t.Any], message: str) -> None:
    with pytest.raises(BadOption, match=f"tags: {message}"):
        build_query(tags=tags)
