# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters about sampling modes and decisions; each is documented in a YAML file of its name."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._otel import samplers, traceparent
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import option_duration_ns
from ansible_collections.traceops.tracing.plugins.module_utils._sampling import modes, plan, proof


def sampling_mode(name: t.Any, extra: t.Optional[t.Mapping[str, t.Any]] = None, **overrides: t.Any) -> modes.Mode:
    """The settings of a named mode."""
    try:
        return modes.resolve(name, overrides, modes.load(extra), "sampling_mode")
    except BadOption as error:
        raise AnsibleFilterError(error.message) from None


def sampling_decision(
    header: t.Any, ratio: t.Any, sampler: str = "sdk", trace_id: t.Optional[str] = None, sdk: str = ""
) -> t.Dict[str, t.Any]:
    """What a sampler makes of a traceparent, or of its absence."""
    try:
        wanted = modes.number(ratio, modes.SETTINGS["ratio"], "sampling_decision: ratio")
        for value, known, option in ((sampler, samplers.SAMPLERS, "sampler"), (sdk or "go", samplers.SDK_RULES, "sdk")):
            if value not in known:
                raise BadOption(f"sampling_decision: {option} '{value}' is not known; known are {', '.join(known)}")
        if trace_id is not None:
            traceparent.parse(f"00-{trace_id}-{'1' * 16}-00")
        return traceparent.decide(header, wanted, sampler, trace_id, samplers.SDK_RULES.get(sdk, ""))
    except (BadOption, traceparent.Malformed) as error:
        raise AnsibleFilterError(str(error)) from None


def sampling_plan(
    targets: t.Any,
    mode: t.Any = "staging",
    overrides: t.Optional[t.Mapping[str, t.Any]] = None,
    extra: t.Optional[t.Mapping[str, t.Any]] = None,
    compensate: bool = False,
    everywhere: t.Any = (),
) -> t.Dict[str, t.Any]:
    """What the role does to each target."""
    return plan.plan(targets, str(mode), overrides or {}, extra or {}, compensate, everywhere)


def sampling_proofs(hosts: t.Any, window: t.Any, now: float) -> t.Dict[str, t.Any]:
    """What to look for in Tempo, or why nothing can be looked for."""
    try:
        seconds = option_duration_ns("sampling_prove_window", str(window)) / 1e9
        return {"proofs": proof.proofs(hosts, seconds, float(now)), "problem": ""}
    except BadOption as error:
        return {"proofs": [], "problem": error.message}


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {
            "sampling_mode": sampling_mode,
            "sampling_decision": sampling_decision,
            "sampling_plan": sampling_plan,
            "sampling_proofs": sampling_proofs,
            "sampling_judgement": proof.judge,
        }
