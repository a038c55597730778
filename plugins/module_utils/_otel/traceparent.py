# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The W3C `traceparent` header (Trace Context, level 2), and who samples what on its account."""

from __future__ import annotations

import re
import secrets
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._otel import samplers

SAMPLED = 0x01
RANDOM = 0x02  # level 2: the low 56 bits of the trace id are random
_FORM = re.compile(r"^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")
_SPAN = re.compile(r"^[0-9a-f]{16}\Z")


class Malformed(ValueError):
    """The text is no traceparent; the message says why in one sentence."""


class Traceparent(t.NamedTuple):
    """A valid header: ids in lower-case hex, `flags` as a number."""

    version: int
    trace_id: str
    parent_id: str
    flags: int

    @property
    def sampled(self) -> bool:
        return bool(self.flags & SAMPLED)


def parse(header: t.Any) -> Traceparent:
    """The parts of `header`; Malformed when a receiver has to ignore it.

    A later version than 00 may have more fields, which are left out; version ff is refused.
    """
    text = header.strip(" \t") if isinstance(header, str) else ""
    found = _FORM.match(text)
    if found is None:
        raise Malformed(f"'{excerpt(str(header), 80)}' {_what_is_wrong(text)}")
    version, trace_id, parent_id, flags, more = found.groups()
    if version == "ff":
        raise Malformed("version ff is not allowed in a traceparent")
    if version == "00" and more is not None:
        raise Malformed("a traceparent of version 00 ends after the flags")
    if not trace_id.strip("0"):
        raise Malformed("the trace id of the traceparent is all zero")
    if not parent_id.strip("0"):
        raise Malformed("the parent id of the traceparent is all zero")
    return Traceparent(int(version, 16), trace_id, parent_id, int(flags, 16))


def _what_is_wrong(text: str) -> str:
    if _FORM.match(text.lower()):
        return "has upper-case digits; a traceparent is lower case"
    return "is not a traceparent; expected 00-<32 hex digits>-<16 hex digits>-<2 hex digits>"


def next_hop(header: str, span_id: t.Optional[str] = None, sampled: t.Optional[bool] = None) -> str:
    """The header that the receiver of `header` sends on: same trace, its own span (random when not given).

    `sampled` is the receiver's decision, by default the one that came in. Flags that are not known are cleared.
    """
    came = parse(header)
    span = secrets.token_hex(8) if span_id is None else str(span_id).lower()
    if not _SPAN.match(span) or not span.strip("0"):
        raise Malformed(f"'{excerpt(span, 40)}' is not a span id; expected 16 hex digits, not all zero")
    kept = came.sampled if sampled is None else sampled
    return f"00-{came.trace_id}-{span}-{(came.flags & RANDOM) | (SAMPLED if kept else 0):02x}"


def decide(
    header: t.Any, ratio: float, sampler: str = "sdk", trace_id: t.Optional[str] = None, rule: str = ""
) -> t.Dict[str, t.Any]:
    """What becomes of a record or request that arrives with `header` (None or '' when it has none).

    {sampled: bool, or None when it depends on the dice or on an id that isn't known; chance: 0 to 1; new_trace: bool;
    why: one sentence}. `sampler` is a name of `samplers.SAMPLERS`; `trace_id` with `rule` decides a new trace.
    """
    kind = samplers.SAMPLERS[sampler]
    if header not in (None, ""):
        try:
            came = parse(header)
            if came.version and not kind.reads_later_versions:
                raise Malformed(f"version {came.version:02x} is newer than {kind.words} reads")
        except Malformed as error:
            if not kind.malformed_is_new:
                return _decision(0.0, False, f"{error}: {kind.words} takes it as not sampled")
            return _new(kind, ratio, trace_id, rule, f"{error}, so it is ignored and a new trace begins; ")
        if came.sampled:
            return _decision(1.0, False, "flag 01: sampled upstream, always continued")
        return _decision(0.0, False, "flag 00: not sampled upstream, never continued")
    return _new(kind, ratio, trace_id, rule, "no traceparent: a new trace, ")


def _new(kind: samplers.Sampler, ratio: float, trace_id: t.Optional[str], rule: str, why: str) -> t.Dict[str, t.Any]:
    chance = kind.effective(ratio)
    if trace_id is not None and rule and not kind.dice:
        chance = 1.0 if samplers.RULES[rule].position(int(trace_id, 16)) < chance else 0.0
        return _decision(chance, True, f"{why}decided by its trace id at ratio {ratio:g}")
    return _decision(chance, True, f"{why}sampled with a chance of {chance:.4g}")


def _decision(chance: float, new: bool, why: str) -> t.Dict[str, t.Any]:
    certain = {0.0: False, 1.0: True}.get(chance)
    return {"sampled": certain, "chance": chance, "new_trace": new, "why": why}
