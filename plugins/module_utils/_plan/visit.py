# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is asked in its one visit, and its evidence of what came back."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import switch
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._plan import values
from ansible_collections.traceops.tracing.plugins.module_utils._plan.applications import Planned, applications, place
from ansible_collections.traceops.tracing.plugins.module_utils._plan.asked import (
    OF_APPLICATION,
    OF_HOST,
    Options,
    of_labels,
)

HOPS = ("otlp", "otlp_collector", "otlp_tempo")  # where canaries are sent


def key(label: str, owner: str, several: bool) -> str:
    """How a visit names what it asks for one of several applications or backends."""
    return f"{label} of {owner}" if several else label


LOOK = "discover"  # the label of the look around that comes before the visit


def looking(given: values.Values) -> t.Dict[str, Options]:
    """The options of `collect` for the look around; empty where none is wanted."""
    its = {name: given[f"diagnose_{name}"] for name in values.OF_APPLICATION}
    return of_labels([LOOK], its, given) if switch(given["diagnose_discover"]) else {}


def told(evidence: t.Any, label: str, owner: str, several: bool) -> t.Optional[t.Dict[str, t.Any]]:
    """What the visit found under that name; `shared_with` becomes the name of the owner that was asked for."""
    found = (evidence or {}).get(key(label, owner, several))
    if not isinstance(found, dict):
        return None
    if not found.get("shared_with"):
        return dict(found)
    return {**found, "shared_with": str(found["shared_with"]).partition(" of ")[2]}


def probes(
    given: values.Values,
    host: str,
    run: str,
    counted: t.Mapping[str, t.Optional[t.Mapping[str, t.Any]]],
    counting: t.Optional[t.Mapping[str, str]] = None,
) -> t.Dict[str, Options]:
    """The options of `collect` for `host`.

    `counted` is what Tempo had before, by its place (null: not known), `counting` the label that counts it meanwhile.
    """
    its_applications = applications(given)
    several = len(its_applications) > 1
    found: t.Dict[str, Options] = {}
    for name, its in its_applications.items():
        sender = canary.sender(host, name if several else "")
        its_place = place(its, host)
        asked = _of_application(its, given, {"run": run, "host": sender}, collect.tenants(counted.get(its_place)))
        if counting and its_place in counting and tries_tenants(its, given):
            asked["otlp"]["tenants_of"] = counting[its_place]
        if "environment" in asked:
            # The canary goes the way of the process; what is tried beside it starts in the same place.
            for label in ("otlp", "otlp_sibling"):
                if label in asked:
                    asked[label]["like"] = key("environment", name, several)
        found.update((key(label, name, several), options) for label, options in asked.items())
    own = {name: given[f"diagnose_{name}"] for name in values.OF_APPLICATION}
    first = next(iter(its_applications.values()), own)
    of_host = of_labels([label for label in OF_HOST if label != LOOK], own, given, counted.get(place(first, host)))
    if "silent" in of_host["clock"]:  # tempo_info will see whether it answers again
        of_host["clock"]["silent"]["final"] = True
    return {**found, **of_host}


def tries_tenants(its: values.Values, given: values.Values) -> bool:
    """Whether one of the tenants that Tempo has may be what the application forgets to name."""
    return switch(given["diagnose_counterfactual"]) and not its["tenant"]


def logs(given: values.Values, found_too: bool) -> t.List[t.List[t.List[str]]]:
    """The profiles that logs of the host may be read with, as `profiles_of` has them.

    `found_too`: not only the logs that variables name, but whichever are found.
    """
    its = [*applications(given).values(), {name: given[f"diagnose_{name}"] for name in values.OF_APPLICATION}]
    asked: t.List[t.List[t.List[str]]] = []
    for label in (each for each in LABELS.values() if each.probe == "logs"):
        for one in its:
            values_ = [one[name] if name in one else given[f"diagnose_{name}"] for name in label.wants]
            if found_too or any(values_):
                known = {"profiles": one["log_profiles"], "profile_dirs": one["log_profile_dirs"]}
                asked.append(profiles_of({**(known if label.scope == "application" else {}), **label.always}))
    return asked


def profiles_of(options: t.Mapping[str, t.Any]) -> t.List[t.List[str]]:
    """Which profiles the options of a log ask for, and where profiles of one's own are."""
    return [list(options.get("profiles") or []), list(options.get("profile_dirs") or [])]


def _of_application(
    its: values.Values, given: values.Values, sent_by: t.Dict[str, str], known_tenants: t.List[str]
) -> t.Dict[str, Options]:
    asked = of_labels(OF_APPLICATION, its, given)
    for hop in HOPS:
        if hop in asked:
            asked[hop]["canary"] = {**sent_by, "hop": hop}
    counterfactual = switch(given["diagnose_counterfactual"])
    asked["otlp"].update(counterfactual=counterfactual, tenants=known_tenants if tries_tenants(its, given) else [])
    other = sibling(str(its["otlp_endpoint"]))
    if other:
        asked["otlp_sibling"]["endpoint"] = other
    else:
        del asked["otlp_sibling"]
    if "environment" in asked:
        asked["environment"].update(
            {f"process_{name}" if name == "name" else name: value for name, value in its["process"].items() if value}
        )
    return asked


def sibling(endpoint: str) -> str:
    """The other of the two well-known OTLP ports (what it answers often names the mistake), or nothing."""
    if re.search(r":4318(/|$)", endpoint):
        return re.sub(r":4318(/.*)?$", ":4317", endpoint)
    if re.search(r":4317(/|$)", endpoint):
        return re.sub(r":4317(/.*)?$", ":4318", endpoint)
    return ""


def evidence(planned: Planned, seen: t.Any, looked: t.Any = None) -> t.Dict[str, t.Any]:
    """The evidence of a host: {unreachable, settings, <label>..., applications: {name: {settings, <label>...}}}.

    `seen` is the result of its visit, `looked` that of the look around before it. Without an answer of our module
    there is only `unreachable: true`, with the `reason` when the host could be reached, but not be looked at, and the
    connection's `message`.
    """
    its_applications: t.Dict[str, t.Dict[str, t.Any]] = {
        name: {"settings": its["settings"]} for name, its in planned["applications"].items()
    }
    labels: t.Dict[str, t.Any] = {"unreachable": False, "settings": planned["settings"]}
    labels["applications"] = its_applications
    found = discovered(looked)
    only_looked = bool(found) and isinstance(seen, dict) and bool(seen.get("skipped"))
    why = None if only_looked else missing(seen)
    if why is not None:
        return {**labels, **found, **why}
    found = {**found, **({} if only_looked else seen["evidence"])}
    labels.update({label: found[label] for label in OF_HOST if label in found})
    for name, own in its_applications.items():
        for label in OF_APPLICATION:
            result = told(found, label, name, len(its_applications) > 1)
            if result is not None:
                own[label] = result
    return labels


def discovered(looked: t.Any) -> t.Dict[str, t.Any]:
    """{discover: result} of a look around; empty where there was none, or it did not answer."""
    found = looked.get("evidence") if isinstance(looked, dict) else None
    return {LOOK: found[LOOK]} if isinstance(found, dict) and isinstance(found.get(LOOK), dict) else {}


def missing(seen: t.Any) -> t.Optional[t.Dict[str, t.Any]]:
    """Why there is no evidence of a host, as it stands in its place; null when there is."""
    if isinstance(seen, dict) and isinstance(seen.get("evidence"), dict) and not seen.get("unreachable"):
        return None
    said = seen if isinstance(seen, dict) else {}
    message = excerpt(_why(said), 200)
    gone = bool(said.get("unreachable")) or not said or bool(said.get("skipped"))
    return {"unreachable": True, "reason": "" if gone else message or "the module did not answer", "message": message}


# What ssh and Ansible say around the reason.
_NO_REASON = re.compile(
    r"(Shared connection to \S+ closed\.?|Connection to \S+ closed\.?|Traceback \(most .*|Killed)\s*\Z"
)
_TASK_FAILED = re.compile(r"(Task failed: )?(Action failed: )?")
# Of a transfer that fails, the first lines are paths.
_FULL = re.compile(r"[^\n]*(?:No space left on device|Disk quota exceeded|Read-only file system)")


def _why(said: t.Mapping[str, t.Any]) -> str:
    """The words of a failed module that name the reason: of a traceback the last line has it."""
    message = _TASK_FAILED.sub("", str(said.get("msg") or ""), count=1)
    full = _FULL.search(message)
    if full:
        return full.group().strip()
    if said.get("unreachable") or "was not found" in message or not said.get("rc"):
        told = message.rstrip().rstrip(":")
        if told.endswith("can be reached over ssh"):  # ssh said nothing
            told = "the connection was lost, and ssh did not say why"
        if told or said.get("unreachable"):
            return told
    for name in ("module_stderr", "module_stdout"):
        lines = [line.strip() for line in str(said.get(name) or "").splitlines() if line.strip()]
        telling = [line for line in lines if not _NO_REASON.match(line)]
        if telling:
            return telling[-1] if len(telling) < len(lines) else telling[0]
    return message
