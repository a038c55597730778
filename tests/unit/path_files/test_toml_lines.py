# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TOML reader says what Python's own says, from 3.11 on, or refuses."""

from __future__ import annotations

from typing import Any

import pytest
import tomllib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._base import toml_lines
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Unreadable, at
from ansible_collections.traceops.tracing.tests.unit.path_files.plain import plain


def texts(value: Any) -> Any:
    """Values of tomllib as text, as they are written."""
    if isinstance(value, dict):
        return {key: texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [texts(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\nb = true # c\n'd e' = \"f\"\n",
        '[a]\nb = 1\n[a.c]\nd = 2\n[x."y.z"]\n',
        "[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3\n",
        "a.b.c = 1\na.d = 2\n",
        "a = [1, 2,\n  [3], # c\n  'x',\n]\n",
        "a = { b = 1, c.d = 'e', f = [] }\n",
        'a = """\n  b \\\n   c\n"d" """\nb = \'\'\'\nx\\y\'\'\'\n',
        'a = "\\u00e9\\t\\"\\\\"\nb = \'\\n\'\n',
        'a = """b"""""\n',
    ],
)
def test_what_configuration_files_use_reads_as_with_tomllib(text: str) -> None:
    assert plain(toml_lines.document(text)) == texts(tomllib.loads(text))


def test_lines_are_those_of_keys_and_headers() -> None:
    tree = toml_lines.document("# c\n[sources.otel]\ntype = 'x'\ngrpc.address = '''\na'''\n", "/etc/v.toml")
    assert [at(tree, *path).line for path in (["sources", "otel"], ["sources", "otel", "grpc", "address"])] == [2, 4]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = 1\na = 2\n", "line 2: a key stands twice"),
        ("a = 1\n[a]\n", "line 2: a name stands for two kinds of values"),
        ("a = [1\n", "line 2: , is missing"),
        ("a = 'b\n", "line 1: a quote is not closed"),
        ("a\n", "line 1: = is missing"),
        ("a = 1 b = 2\n", "line 1: more follows a value on its line"),
        ("= 1\n", "line 1: a key is missing"),
        ('a = "\\q"\n', "line 1: an escape that TOML does not have"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        toml_lines.document(text)
    assert str(refused.value) == why


PIECES = st.one_of(
    st.sampled_from(
        ["a", "b", "'c d'", '"e"', ".", "=", " = ", "1", "true", "'x'", '"y"', "'''", '"""', "\\n", "\n", "\n"]
    ),
    st.sampled_from(["[", "]", "[[", "]]", "[a]\n", "[[b]]\n", "{", "}", ",", " # c", "a = 1\n", "b = [", "c = {"]),
)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=12).map("".join))
def test_whatever_both_read_reads_the_same(text: str) -> None:
    try:
        found = plain(toml_lines.document(text))
        wanted = texts(tomllib.loads(text))
    except (Unreadable, tomllib.TOMLDecodeError):
        return
    assert found == wanted
