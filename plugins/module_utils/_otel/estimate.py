# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sampling ratio, read out of the ids of the traces that survived it.

A ratio sampler puts every trace id at a position in [0, 1) and keeps those below its ratio r. The positions of N
survivors are then uniform on [0, r): their largest one, m, gives r as m (N+1)/N, and r lies in
[m, m / (1 - confidence)^(1/N)] with the stated confidence. That so small a largest position came by chance, from ids
that this rule did not select, has probability m^N. No count of the traffic is needed.

What ids cannot show is a sampler that doesn't look at them (a dice, a collector that hashes with a seed): that needs
a count of what was offered, see `share`.
"""

from __future__ import annotations

import math
import statistics
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel.samplers import OLDER_RULES, RULES


class Reading(t.TypedDict):
    """How one rule reads the ids. `ratio` lies between low and high; `p_value` is that it only looks so by chance."""

    rule: t.Optional[str]
    sdk: str
    ratio: t.Optional[float]
    low: float
    high: float
    p_value: t.Optional[float]


class Estimate(Reading):
    """The reading that explains the ids best; `rules` are all that are significant."""

    traces: int
    confidence: float
    rules: t.List[Reading]


class Share(t.TypedDict):
    """The ratio by counting, with Wilson's interval."""

    kept: int
    offered: int
    ratio: t.Optional[float]
    low: float
    high: float
    confidence: float


SIGNIFICANT = 0.01  # divided by the number of rules that are tried (Bonferroni)


def estimate(
    trace_ids: t.Iterable[t.Union[str, int]],
    rule: t.Optional[str] = None,
    confidence: float = 0.95,
    complete: bool = True,
) -> Estimate:
    """The ratio of the sampler that chose `trace_ids` (hex or int; roots of one service, no canaries).

    `rule` is the given one (or that of the
    SDK's older versions, where the ids speak for it), else the one that explains the ids best. It is None when no rule
    does: then all traces are kept, or nearly all, or the sampler does not look at ids; `ratio` is None, and low and
    high are what is certain. `rules` are all that are significant: two mean two samplers in series, or one that looks
    like another (beside low64, java with twice its ratio is the same).

    `complete` is False when a limit cut the search: Tempo then returned low ids first, and rules that look at
    the first digits are left out.
    """
    ids = sorted({int(i, 16) if isinstance(i, str) else i for i in trace_ids})
    if rule:
        names = [name for name in (rule, OLDER_RULES.get(rule)) if name]
    else:
        names = [name for name in RULES if complete or not RULES[name].high]
    # By logarithm: with many ids, several p-values would underflow to the same 0.
    by_chance = sorted((_log_p(name, ids), name) for name in names)
    scored = [_score(name, ids, confidence, log_p) for log_p, name in by_chance]
    significant = [score for score in scored if _p(score) < SIGNIFICANT / len(RULES)]
    none: Reading = {"rule": None, "sdk": "", "ratio": None, "low": 0.0, "high": 1.0, "p_value": None}
    if not ids or (rule and not complete and RULES[rule].high):
        chosen = none
    elif rule:
        given = next(score for score in scored if score["rule"] == rule)
        better = _p(scored[0]) < _p(given) * SIGNIFICANT / len(RULES)
        chosen = scored[0] if better else given
    elif significant:
        chosen = scored[0]
    else:
        # Whichever rule it is, its ratio is above the largest position that it kept.
        chosen = {**none, "low": min(score["low"] for score in scored)}
    return {"traces": len(ids), "confidence": confidence, **chosen, "rules": significant}


def _p(score: Reading) -> float:
    return 1.0 if score["p_value"] is None else score["p_value"]


def _largest(name: str, ids: t.List[int]) -> float:
    return min(1.0, max((RULES[name].position(i) for i in ids), default=1.0))


def _log_p(name: str, ids: t.List[int]) -> float:
    return len(ids) * math.log(max(_largest(name, ids), 2.0**-64))


def _score(name: str, ids: t.List[int], confidence: float, log_p: float) -> Reading:
    n, largest = len(ids), _largest(name, ids)
    return {
        "rule": name,
        "sdk": RULES[name].words,
        "ratio": min(1.0, largest * (n + 1) / n) if n else None,
        "low": largest if n else 0.0,
        "high": min(1.0, largest / (1 - confidence) ** (1 / n)) if n else 1.0,
        "p_value": math.exp(log_p),
    }


def share(kept: int, offered: int, confidence: float = 0.95) -> Share:
    """The ratio by counting."""
    if offered <= 0:
        return {"kept": kept, "offered": 0, "ratio": None, "low": 0.0, "high": 1.0, "confidence": confidence}
    p = min(1.0, kept / offered)
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (p + z * z / (2 * offered)) / (1 + z * z / offered)
    half = z / (1 + z * z / offered) * math.sqrt(p * (1 - p) / offered + z * z / (4 * offered * offered))
    return {
        "kept": kept,
        "offered": offered,
        "ratio": p,
        "low": max(0.0, middle - half),
        "high": min(1.0, middle + half),
        "confidence": confidence,
    }


def hidden_factor(by_id: Estimate, by_count: Share) -> t.Optional[float]:
    """The ratio of what samples without looking at ids: by_count / by_id; None while their intervals overlap."""
    if by_id["ratio"] is None or by_count["ratio"] is None or by_count["high"] >= by_id["low"]:
        return None
    return by_count["ratio"] / by_id["ratio"]
