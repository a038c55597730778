# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TraceQL from plain options: every value is quoted as the language wants it, so that none can become syntax."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption

_SCOPES = ("resource.", "span.", "parent.", "event.", "link.", "instrumentation.", ".")
_PLAIN_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_./-]*$")
_NUMBER = re.compile(r"^-?\d{1,18}(\.\d{1,9})?$")
_KEYWORDS: t.Dict[str, t.Tuple[str, ...]] = {
    "status": ("error", "ok", "unset"),
    "kind": ("unspecified", "internal", "server", "client", "producer", "consumer"),
}
_TEXT_INTRINSICS = ("name", "rootName", "rootServiceName", "statusMessage")


def build_query(
    service_name: t.Optional[str] = None,
    tags: t.Optional[t.Mapping[str, t.Any]] = None,
    min_duration_ns: t.Optional[int] = None,
    max_duration_ns: t.Optional[int] = None,
) -> str:
    """`{ ... }` with all that is given; `{ }` matches every trace.

    A tag may be an attribute with a scope (`span.http.method`), without one, or an intrinsic (`name`, `status` ...).
    Durations are those of the whole trace.
    """
    terms = []
    if service_name:
        terms.append(f"resource.service.name = {quoted(service_name)}")
    terms += [_term(str(name), value) for name, value in (tags or {}).items()]
    if min_duration_ns is not None:
        terms.append(f"traceDuration >= {_duration(min_duration_ns)}")
    if max_duration_ns is not None:
        terms.append(f"traceDuration <= {_duration(max_duration_ns)}")
    return "{ " + " && ".join(terms) + " }" if terms else "{ }"


def quoted(text: str) -> str:
    """A TraceQL string literal, which is one of Go."""
    out = []
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif char.isprintable():
            out.append(char)
        elif ord(char) > 0xFFFF:
            out.append(f"\\U{ord(char):08x}")
        else:
            out.append(f"\\u{ord(char):04x}")
    return '"' + "".join(out) + '"'


def _term(name: str, value: t.Any) -> str:
    if name in _KEYWORDS:
        word = str(value).lower()
        if word not in _KEYWORDS[name]:
            raise BadOption(f"tags: {name} is '{str(value)[:40]}'; it can be {', '.join(_KEYWORDS[name])}")
        return f"{name} = {word}"
    if name in _TEXT_INTRINSICS:
        return f"{name} = {quoted(str(value))}"
    attribute = _attribute(name)
    if isinstance(value, bool):
        return f"{attribute} = {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"{attribute} = {value!r}"
    if not isinstance(value, str):
        raise BadOption(f"tags: the value of '{name[:40]}' is neither text, a number nor a boolean")
    if _NUMBER.match(value):
        # Templates make text of numbers, and TraceQL's = is false between types.
        return f"({attribute} = {quoted(value)} || {attribute} = {value})"
    if value.lower() in ("true", "false"):
        return f"({attribute} = {quoted(value)} || {attribute} = {value.lower()})"
    return f"{attribute} = {quoted(value)}"


def _attribute(name: str) -> str:
    scope = next((known for known in _SCOPES if name.startswith(known)), "")
    bare = name[len(scope) :]
    if not bare:
        raise BadOption(f"tags: '{name[:40]}' has no attribute name")
    if not scope:
        scope = "resource." if bare == "service.name" else "."
    return scope + (bare if _PLAIN_NAME.match(bare) else _quoted_name(bare))


def _quoted_name(bare: str) -> str:
    """An attribute's name in quotes, where TraceQL has no escapes but these two (2.3 to 3.0)."""
    escaped = bare.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _duration(nanoseconds: int) -> str:
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    return f"{nanoseconds}ns"
