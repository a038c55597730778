# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How samplers decide: from which bits of a trace id, and what ratio really comes of the one they are given.

The rules are those of the SDKs' sources in August 2026; Velostream's is that of its source of 2026-02-19
(observability/telemetry.rs and trace_propagation.rs).
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel import velostream

_LOW64 = 2**64 - 1
_MAX = 2**63 - 1
_LOW56 = 2**56 - 1


def _signed(word: int) -> int:
    return word - 2**64 if word >> 63 else word


def _xor_of_words(trace_id: int) -> float:
    words = [trace_id >> shift & 0xFFFFFFFF for shift in (96, 64, 32, 0)]
    return (words[0] ^ words[1] ^ words[2] ^ words[3]) / 0xFFFFFFFF


def _first_bytes(trace_id: int) -> float:
    # C++ copies the first eight bytes into a number of its machine: little-endian on all that matter.
    return int.from_bytes((trace_id >> 64).to_bytes(8, "big"), "little") / 2**64


class Rule(t.NamedTuple):
    """Where a ratio sampler puts a trace id in [0, 1): it keeps the ids whose position is below its ratio.

    `high`: the position depends on the id's first digits, by which Tempo orders a search result that a limit cuts.
    """

    position: t.Callable[[int], float]
    words: str
    high: bool = False


RULES: t.Dict[str, Rule] = {
    "low64": Rule(lambda i: (i & _LOW64) / 2**64, "Go, Rust, Python, Ruby"),
    "java": Rule(lambda i: abs(_signed(i & _LOW64)) / _MAX, "Java"),
    "dotnet": Rule(lambda i: (i >> 64 & _MAX) / _MAX, ".NET", high=True),
    "dotnet-old": Rule(lambda i: abs(_signed(i >> 64)) / _MAX, ".NET (older)", high=True),
    "js-xor": Rule(_xor_of_words, "JavaScript"),
    "cpp": Rule(_first_bytes, "C++"),
    # Consistent probability keeps the largest 56 low bits.
    "otel-th": Rule(lambda i: 1 - (i & _LOW56) / 2**56, "consistent probability (tracestate ot=th)"),
}

# The rule of each SDK, under the names that users say.
SDK_RULES: t.Dict[str, str] = {
    "go": "low64",
    "rust": "low64",
    "python": "low64",
    "ruby": "low64",
    "cpp": "cpp",
    "java": "java",
    "dotnet": "dotnet",
    "javascript": "js-xor",
}

# What older versions of the SDK that has a rule do.
OLDER_RULES: t.Dict[str, str] = {"dotnet": "dotnet-old"}


class Sampler(t.NamedTuple):
    """A program that samples new traces: what comes of a ratio, and how it takes headers."""

    words: str
    effective: t.Callable[[float], float]  # configured ratio -> share of new traces that are kept
    setting_for: t.Callable[[float], float]  # wanted share -> the ratio to configure, or the nearest there is
    malformed_is_new: bool  # a malformed header is ignored (W3C), else it means "not sampled"
    reads_later_versions: bool
    dice: bool  # a random number besides the trace id decides


def _same(ratio: float) -> float:
    return ratio


def velostream_setting_for(wanted: float) -> float:
    """The ratio whose effect is nearest to `wanted`: its square root, where that is in reach."""
    if wanted <= 0:
        return 0.0
    off_at, on_from = velostream.OFF_AT + 1e-6, velostream.ON_FROM
    squared, alone = max(off_at, min(on_from - 1e-6, math.sqrt(wanted))), max(on_from, wanted)
    nearer = abs(velostream.recorded(squared) - wanted) <= abs(velostream.recorded(alone) - wanted)
    return round(squared if nearer else alone, 6)


SAMPLERS: t.Dict[str, Sampler] = {
    "sdk": Sampler("the SDK", _same, _same, malformed_is_new=True, reads_later_versions=True, dice=False),
    "velostream": Sampler(
        "Velostream",
        velostream.recorded,
        velostream_setting_for,
        malformed_is_new=False,
        reads_later_versions=False,
        dice=True,
    ),
}
