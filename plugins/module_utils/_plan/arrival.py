# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The visit of a host, on the host itself: what it is asked follows from what is found there, in one process."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import masked
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect
from ansible_collections.traceops.tracing.plugins.module_utils._plan import backends, found, visit

EVERY = "*"  # in `count`: whatever Tempo the host has


class Asked(t.TypedDict, total=False):
    """What a host is asked: either `probes`, or the first three and any of the others."""

    host: str
    run: str  # the word that the ids of the canaries follow from
    given: t.Dict[str, t.Any]  # the role's variables, by name
    look: bool  # whether to look around first
    offer: t.Optional[found.Offer]  # what an earlier look around found
    count: t.List[str]  # the places of the Tempos of which it is counted what they have
    counted: t.Dict[str, t.Dict[str, t.Any]]  # what was counted before, by place
    visit: bool  # whether to send canaries, read logs ...
    patterns: t.List[t.Dict[str, t.Any]]  # those of log profiles: {of, patterns}
    probes: t.Dict[str, t.Dict[str, t.Any]]  # options of `collect`: what Tempo and Grafana are asked


class Seen(t.TypedDict):
    """What came of it."""

    evidence: t.Dict[str, t.Dict[str, t.Any]]
    offer: t.Optional[found.Offer]  # what the look around found, in the words of the role's variables
    counted: t.List[t.Dict[str, t.Any]]  # what each Tempo had before, in the order of `backends.counting`


class Refused(t.TypedDict):
    """An option cannot be used."""

    refused: str  # why


def run(params: Asked, check_mode: bool) -> t.Dict[str, t.Any]:
    """Look around, count what Tempo has, and visit, as far as asked: `Seen`, or `Refused`, without secrets in it."""
    secrets: t.Set[str] = set()
    found: t.Union[Seen, Refused]
    try:
        if "probes" in params:
            probes = collect.plan(params["probes"], check_mode, secrets, collect.of_plan)
            found = {"evidence": collect.visit(probes), "offer": None, "counted": []}
        else:
            found = _visited(params, check_mode, secrets)
    except BadOption as error:
        found = {"refused": error.message}
    return t.cast(t.Dict[str, t.Any], masked(found, secrets))


def _visited(params: Asked, check_mode: bool, secrets: t.Set[str]) -> Seen:
    given, host, offer = params["given"], params["host"], params.get("offer")
    secrets.update(collect.secret_values(given))
    evidence: t.Dict[str, t.Dict[str, t.Any]] = {}
    if params.get("look"):
        evidence.update(collect.visit(collect.plan(visit.looking(given), check_mode, secrets, collect.of_plan)))
        if evidence[visit.LOOK].get("ok"):
            offer = found.offers({host: evidence[visit.LOOK]})[host]
    seen: Seen = {"evidence": evidence, "offer": offer, "counted": []}
    if not (params.get("count") or params.get("visit")):
        return seen
    own = found.settled(given, offer)
    counting = _counting(own, host, params.get("count") or [])
    asked = {label: options for label, _place, options in counting}
    if params.get("visit"):
        known = {place: label for label, place, _options in counting}
        probes = visit.probes(own, host, params["run"], params.get("counted") or {}, known)
        asked.update(_with_patterns(probes, params.get("patterns") or []))
    evidence.update(collect.visit(collect.plan(asked, check_mode, secrets, collect.of_plan)))
    for label, _place, _options in counting:
        seen["counted"].append(backends.counted(evidence.pop(label)))
    return seen


def _counting(
    own: t.Mapping[str, t.Any], host: str, wanted: t.Sequence[str]
) -> t.List[t.Tuple[str, str, t.Dict[str, t.Any]]]:
    """What is asked to count there: (label, place of the Tempo, options)."""
    return [
        (visit.key("balance", place, True), place, options)
        for place, options in backends.counting(own, host).items()
        if EVERY in wanted or place in wanted
    ]


def _with_patterns(
    probes: t.Dict[str, t.Dict[str, t.Any]], patterns: t.Sequence[t.Mapping[str, t.Any]]
) -> t.Dict[str, t.Dict[str, t.Any]]:
    """The options with the patterns of their log profiles, which only the controller has."""
    return {
        label: _plain(options, patterns) if options.get("probe") == "logs" else options
        for label, options in probes.items()
    }


def _plain(options: t.Dict[str, t.Any], patterns: t.Sequence[t.Mapping[str, t.Any]]) -> t.Dict[str, t.Any]:
    its: t.Any = next((each["patterns"] for each in patterns if each["of"] == visit.profiles_of(options)), {})
    rest = {name: value for name, value in options.items() if name not in ("profiles", "profile_dirs")}
    return {**rest, "patterns": its}
