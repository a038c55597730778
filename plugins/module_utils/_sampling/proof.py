# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be found in Tempo after the sampling was set, and whether it is."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption

Proof = t.Dict[str, t.Any]

# Seconds after the change in which a process that is about to be replaced may still begin traces.
MARGIN_S = 5.0


def proofs(hosts: t.Iterable[t.Mapping[str, t.Any]], window_s: float, now: float) -> t.List[Proof]:
    """One question for each service of all `hosts` (their variables: __sampling is the plan,
    __sampling_since says since when a target has its ratio, epoch seconds).

    {service, sdk, since, by_id, by_count, exact, counter_url, counter_metric, words}. BadOption when two targets give
    one service different ratios: no single ratio could be measured.
    """
    found: t.Dict[str, Proof] = {}
    for host in hosts:
        for target in host["__sampling"]["targets"]:
            if not target["service"]:
                continue
            since = float(host["__sampling_since"].get(target["name"]) or 0) + MARGIN_S
            proof = found.get(target["service"])
            if proof is None:
                proof = found[target["service"]] = _proof(target, now - window_s)
            elif (proof["by_id"], proof["by_count"]) != (target["by_id"], target["path"]["ratio"]):
                raise BadOption(
                    f"the service {target['service']} is sampled at {proof['by_id']:g} by {proof['target']} and at "
                    f"{target['by_id']:g} by {target['name']}, so no one ratio can be proved; set one"
                )
            proof["since"] = max(proof["since"], since)
    return list(found.values())


def _proof(target: t.Mapping[str, t.Any], earliest: float) -> Proof:
    return {
        "service": target["service"],
        "target": target["name"],
        "sdk": target["sdk"],
        "since": earliest,
        "by_id": target["by_id"],
        "by_count": target["path"]["ratio"],
        "exact": target["path"]["exact"],
        "counter_url": target.get("counter_url") or "",
        "counter_metric": target.get("counter_metric") or "",
        "words": target["path"]["words"],
    }


def judge(proof: t.Mapping[str, t.Any], measured: t.Mapping[str, t.Any]) -> t.Dict[str, str]:
    """{state: proved | unproved | refuted, sentence} from a proof and the result of the module sampling_ratio."""
    if not measured["ok"]:
        return {"state": "unproved", "sentence": f"{proof['service']}: {measured['message']}"}
    by_id, by_count = measured["by_id"], measured["by_count"]
    wrong: t.List[str] = []
    expected = proof["by_id"]
    # Without a recognised sampler the interval is what is certain, up to 1.
    if not by_id["low"] <= expected <= by_id["high"] and not (expected == 1 and by_id["rule"] is None):
        wrong.append(f"the ids should show {expected:.4g}")
    if by_count is not None and by_count["ratio"] is not None:
        above = proof["exact"] and by_count["low"] > proof["by_count"]
        if above or by_count["high"] < proof["by_count"]:
            wrong.append(f"{'' if proof['exact'] else 'at least '}{proof['by_count']:.4g} should be stored")
    if wrong:
        return {"state": "refuted", "sentence": f"{measured['message']}, but {' and '.join(wrong)}"}
    uncounted = ""
    if proof["counter_url"] and by_count is None:
        cut = f"there are more than the {measured['traces']} traces that were looked at"
        uncounted = f" (the count was not compared: {measured['counter_problem'] or cut})"
    return {"state": "proved", "sentence": f"{measured['message']}, as set: {proof['words']}{uncounted}"}
