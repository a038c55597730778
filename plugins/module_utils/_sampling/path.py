# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Head, collector and tail sampling in one picture: what share of an application's new traces is stored."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt

Target = t.Dict[str, t.Any]


def along_path(target: Target, collectors: t.Mapping[str, Target], near: t.Sequence[str]) -> t.Dict[str, t.Any]:
    """{ratio, exact, words} from `target` through its collectors.

    `through` names them in order; without it an application passes those that are `near`, on its own host. Samplers
    decide independently, so their ratios multiply; but probabilistic samplers with the same hash seed keep the same
    traces, so of those the smallest counts. `exact` is False where a tail sampler keeps errors besides its ratio: then
    it is at least that.
    """
    names = target.get("through")
    if names is None:
        names = [] if target["name"] in near else near
    unknown = [str(name) for name in names if name not in collectors]
    if unknown:
        known = ", ".join(collectors) or "none"
        raise BadOption(
            f"sampling_targets: {target['name']}: through: there is no collector '{excerpt(unknown[0], 60)}' "
            f"(there is: {known})"
        )
    hops = [collectors[name] for name in names]
    ratio, shared = target["effective"], False
    by_seed: t.Dict[int, float] = {}
    for hop in hops:
        if hop.get("sampler") == "tail":
            ratio *= hop["effective"]
            continue
        seed = hop.get("hash_seed") or 0
        shared = shared or seed in by_seed
        by_seed[seed] = min(by_seed.get(seed, 1.0), hop["effective"])
    for smallest in by_seed.values():
        ratio *= smallest
    exact = not any(hop.get("sampler") == "tail" and hop["keep_errors"] for hop in [target, *hops])
    shown = " x ".join(_hop(hop) for hop in [target, *hops]) + (
        " (same hash seed: the smallest counts)" if shared else ""
    )
    words = f"{shown} = {'' if exact else 'at least '}{ratio:.4g} of new traces"
    return {"ratio": round(ratio, 9), "exact": exact, "words": words}


def _hop(target: Target) -> str:
    if abs(target["setting"] - target["effective"]) > 1e-9:
        return f"{target['name']} {target['effective']:.4g} (set as {target['setting']:g})"
    return f"{target['name']} {target['effective']:.4g}"
