# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is asked in its one visit, and its evidence of what came back."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._plan import values
from ansible_collections.traceops.tracing.plugins.module_utils._plan.applications import Planned, applications
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
    return of_labels([LOOK], its, given) if values.switch(given["diagnose_discover"]) else {}


def told(evidence: t.Any, label: str, owner: str, several: bool) -> t.Optional[t.Dict[str, t.Any]]:
    """What the visit found under that name; `shared_with` becomes the name of the owner that was asked for."""
    found = (evidence or {}).get(key(label, owner, several))
    if not isinstance(found, dict):
        return None
    if not found.get("shared_with"):
        return dict(found)
    return {**found, "shared_with": str(found["shared_with"]).partition(" of ")[2]}


def probes(
    given: values.Values, host: str, run: str, counted: t.Mapping[str, t.Optional[t.Mapping[str, t.Any]]]
) -> t.Dict[str, Options]:
    """The options of `collect` for `host`; `counted` is what Tempo had before, by application (null: not known)."""
    its_applications = applications(given)
    several = len(its_applications) > 1
    found: t.Dict[str, Options] = {}
    for name, its in its_applications.items():
        sender = canary.sender(host, name if several else "")
        asked = _of_application(its, given, {"run": run, "host": sender}, tenants(counted.get(name)))
        if "environment" in asked:
            # The canary goes the way of the process; what is tried beside it starts in the same place.
            for label in ("otlp", "otlp_sibling"):
                if label in asked:
                    asked[label]["like"] = key("environment", name, several)
        found.update((key(label, name, several), options) for label, options in asked.items())
    first = next(iter(its_applications), "")
    own = {name: given[f"diagnose_{name}"] for name in values.OF_APPLICATION}
    of_host = of_labels([label for label in OF_HOST if label != LOOK], own, given, counted.get(first))
    if "silent" in of_host["clock"]:  # tempo_info will see whether it answers again
        of_host["clock"]["silent"]["final"] = True
    return {**found, **of_host}


def tenants(counted: t.Optional[t.Mapping[str, t.Any]]) -> t.List[str]:
    """The tenants of which that Tempo has received spans."""
    value = nested(counted, "snapshots", "tempo", "counts", "received")
    return sorted(set(value) - {"single-tenant", ""}) if isinstance(value, dict) else []


def _of_application(
    its: values.Values, given: values.Values, sent_by: t.Dict[str, str], known_tenants: t.List[str]
) -> t.Dict[str, Options]:
    asked = of_labels(OF_APPLICATION, its, given)
    for hop in HOPS:
        if hop in asked:
            asked[hop]["canary"] = {**sent_by, "hop": hop}
    counterfactual = values.switch(given["diagnose_counterfactual"])
    # One of the tenants may be what the application forgets to name.
    tenants_ = known_tenants if counterfactual and not its["tenant"] else []
    asked["otlp"].update(counterfactual=counterfactual, tenants=tenants_)
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
    words = next((str(said[name]) for name in ("module_stderr", "module_stdout", "msg") if said.get(name)), "")
    message = excerpt(words, 200)
    gone = bool(said.get("unreachable")) or not said or bool(said.get("skipped"))
    return {"unreachable": True, "reason": "" if gone else message or "the module did not answer", "message": message}
