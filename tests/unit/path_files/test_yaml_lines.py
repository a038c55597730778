# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The YAML reader without a library says what PyYAML says, with lines, or refuses."""

from __future__ import annotations

import pathlib
import re
import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._base import yaml_lines
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node, Unreadable, at
from ansible_collections.traceops.tracing.tests.unit.path_files.plain import by_pyyaml, plain

ROOT = pathlib.Path(__file__).parents[3]
FILES = sorted(path for pattern in ("*.yml", "*.yaml") for path in ROOT.rglob(pattern) if ".git" not in path.parts)


def documents(text: str) -> list[Any]:
    return [plain(node) for node in yaml_lines.documents(text)]


def test_there_are_files_to_read() -> None:
    assert len(FILES) > 300


def test_every_yaml_file_of_the_collection_reads_as_with_pyyaml() -> None:
    different = []
    for path in FILES:
        text = path.read_text("utf-8")
        if documents(text) != by_pyyaml(text):
            different.append(str(path))
    assert different == []


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb:\n  - x\n  - y: z\n",
        "a:\n- 1\n- 2\nb: c\n",
        "- - 1\n  - 2\n-\n  - 3\n",
        "{a: [1, 2, {b: c}], 'd': \"e\",\n f: , g}\n",
        "[a: b, {c}, 'd': e]",
        "a: b c\n  d\n\n  e # f\ng: h\n",
        "a: 'it''s\n\n  so'\n",
        'a: "b\\n\\u00e9\\\n   c\n  d"\n',
        "a: |\n  x\n   y\n\n  z\n\nb: >-\n  x\n  y\n\n   z\n  w\n",
        "a: |2-\n   x\nb: >+\n  y\n\n",
        "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\nc: *x\n",
        "a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y], n: 4}\n",
        "&k a: &v b\n*v : *k\n",
        "--- a\n--- b\n...\n---\n- c\n",
        "%YAML 1.1\n---\na: !!str 1\nb: !own {c: d}\n",
        "a: http://host:80/x#y\nb: -1\nc: ?x\n",
        "a:\r\n  b: c\r\n",
        "\ufeffa: b\n",
        "# only a comment\n",
        "a: one\n  # more\nb: two\n",
        "",
    ],
)
def test_what_configuration_files_use_reads_as_with_pyyaml(text: str) -> None:
    assert documents(text) == by_pyyaml(text)


def test_lines_are_those_of_keys_and_entries() -> None:
    text = """
        receivers:
          otlp: &base
            protocols:
              grpc:
                endpoint: >-
                  0.0.0.0:4317
        copy:
          <<: *base
          list:
            - a
            -
              b: c
        again: *base
    """
    tree = yaml_lines.document(textwrap.dedent(text).lstrip("\n"), "/etc/x.yaml")
    lines = {
        path: at(tree, *path.split(".")).line  # type: ignore[union-attr]
        for path in ("receivers", "receivers.otlp.protocols.grpc.endpoint", "copy.protocols", "copy.list", "again")
    }
    assert lines == {
        "receivers": 1,
        "receivers.otlp.protocols.grpc.endpoint": 5,
        "copy.protocols": 3,
        "copy.list": 9,
        "again": 13,
    }
    entries = at(tree, "copy", "list")
    assert entries is not None
    assert [entry.line for entry in entries.value] == [10, 12]
    assert entries.file == "/etc/x.yaml"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: b: c", "line 1: a key stands where none can"),
        ("a: 1\n  b: 2\n", "line 2: a key stands where none can"),
        ("a:\n    b: 1\n  c: 2\n", "line 3: the indentation fits no line above"),
        ("a: 1\na: 2\n", "line 2: a key stands twice, first in line 1"),
        ("? [a]\n: b\n", "line 1: a key that is no scalar is not read"),
        ("{[a]: b}", "line 1: a key that is no scalar is not read"),
        ("a: {{ template }}\n", "line 1: a key that is no scalar is not read"),
        ("a: *b\n", "line 1: an alias names nothing that stands before it"),
        ("a: &b [*b]\n", "line 1: an alias names nothing that stands before it"),
        ("a:\n\t- b\n", "line 2: a tab stands in the indentation"),
        ("a: 'b\n", "line 1: a quote is not closed"),
        ('a: "\\q"\n', "line 1: an escape that YAML does not have"),
        ("a: [b\n", "line 1: a bracket is not closed"),
        ("a: [b c: d e]]\n", "line 1: more follows a value on its line"),
        ("a: @b\n", "line 1: no value begins like this"),
        ("a: {<<: b}\n", "line 1: a merge key wants a mapping, or a list of them"),
        ("a: |x\n  b\n", "line 1: a block scalar begins in a way that YAML does not have"),
        ("a: b\x00\n", "line 1: a control character stands there"),
        ("a: b\u2028c\n", "line 1: a line separator other than a newline stands there"),
        ("%WHAT\n---\na\n", "line 1: no value begins like this"),
        ("a\nb: c\n", "line 2: a key stands where none can"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        yaml_lines.documents(text)
    assert str(refused.value) == why


def test_a_refusal_has_nothing_of_the_text() -> None:
    with pytest.raises(Unreadable) as refused:
        yaml_lines.documents("hunter2: hunter2\nhunter2: &hunter2 *hunter3\n")
    assert "hunter" not in str(refused.value)


SCALARS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029\ufeff"), max_size=12),
    st.sampled_from(
        [
            "- a",
            "a: b",
            " a",
            "a ",
            "#",
            "a #b",
            "|",
            ">",
            "<<",
            "{",
            "]",
            "~",
            "null",
            "'",
            '"',
            "\n",
            "a\n\nb\n",
            "---",
        ]
    ),
    st.integers(),
    st.booleans(),
    st.none(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("abc :#-'\"", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    VALUES,
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "'", '"', "|", ">"]),
    st.integers(2, 5),
    st.integers(20, 80),
    st.booleans(),
)
def test_what_pyyaml_writes_reads_as_with_pyyaml(
    value: Any, flow: bool | None, style: str | None, indent: int, width: int, escaped: bool
) -> None:
    text = yaml.safe_dump(
        value, default_flow_style=flow, default_style=style, indent=indent, width=width, allow_unicode=not escaped
    )
    try:
        wanted = by_pyyaml(text)
    except (yaml.YAMLError, TypeError):
        return  # it does not always read what it writes: ? and keys over several lines
    try:
        found: Any = documents(text)
    except Unreadable as refused:
        found = str(refused)
    if isinstance(found, str):
        assert re.search("no scalar|line separator|control character", found), text
    else:
        assert found == wanted, text


PIECES = st.one_of(
    st.sampled_from(
        ["a", "b c", "key", "- ", "-", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", " ", "  ", ": ", ":", "? "]
    ),
    st.sampled_from([" # c", "'", "''", '"', "\\n", "\\", "|", "|-\n  ", ">", ">-\n  ", "[", "]", "{", "}", ",", ", "]),
    st.sampled_from(["&x ", "*x", "!t ", "---", "...", "<<: *x", "k: v\n", "k:\n", "1", "~", "http://a:1/", "\n---\n"]),
)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=14).map("".join))
def test_whatever_both_read_reads_the_same(text: str) -> None:
    try:
        found = documents(text)
    except Unreadable:
        return
    try:
        wanted = by_pyyaml(text)
    except (yaml.YAMLError, TypeError):
        return
    assert found == wanted


def test_nodes_are_what_the_readers_are_told() -> None:
    assert yaml_lines.document("a: ~", "f") == Node({"a": Node("~", 1, "f", True)}, 1, "f")
    assert yaml_lines.document("", "f") == Node("", 1, "f", True)
