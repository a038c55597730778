# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a JMESPath expression, by the kinds of jmespath's exceptions (1.0 and later)."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt

_KINDS: t.Tuple[t.Tuple[str, str], ...] = (
    ("IncompleteExpressionError", "it ends too early"),
    ("EmptyExpressionError", "it is empty"),
    ("ArityError", "a function in it has the wrong number of arguments"),
    ("UnknownFunctionError", "it names a function that does not exist"),
    ("JMESPathTypeError", "a function in it gets a value of a type that it does not take"),
    ("TypeError", "it compares or orders values of different types"),
    ("error", "a regular expression in it is not valid"),
)


def fault(error: BaseException) -> str:
    """`error` as the end of a sentence about the expression, with the place where one is known."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    known = next((words for kind, words in _KINDS if kind in kinds), "")
    if known:
        return known
    place = getattr(error, "lex_position", getattr(error, "lexer_position", None))
    token = getattr(error, "token_value", getattr(error, "lexer_value", None))
    if place is None or token is None:
        return "it cannot be understood"
    if token == "":
        return "it ends too early"
    return f"unexpected '{excerpt(str(token), 40)}' at character {place + 1}"
