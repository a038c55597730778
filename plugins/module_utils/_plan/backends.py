# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backends a run has, who asks each of them once for all applications that share it, and what."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import switch
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._plan import values, visit
from ansible_collections.traceops.tracing.plugins.module_utils._plan.applications import (
    Planned,
    applications,
    backend_id,
    place,
)
from ansible_collections.traceops.tracing.plugins.module_utils._plan.asked import OF_BACKEND, of_labels

# With so wide an interval, one healthy run in ten thousand disagrees with its configuration.
CONFIDENCE = 0.9999
RECENT_S = 3600


class Backend(t.TypedDict):
    """One distinct pair of Tempo and Grafana, asked about one service."""

    hosts: t.List[str]  # in order; the first asks
    applications: t.List[t.Dict[str, str]]  # {host, name}
    services: t.List[str]  # of all applications that use the same Tempo


def backends(hosts: t.Mapping[str, Planned]) -> t.Dict[str, Backend]:
    """The backends of these hosts by id."""
    found: t.Dict[str, Backend] = {}
    services: t.Dict[str, t.Set[str]] = {}
    at: t.Dict[str, str] = {}
    for host in sorted(hosts):
        for name, its in hosts[host]["applications"].items():
            settings = {**hosts[host]["settings"], **its["settings"]}
            its_place = place(settings, host)
            services.setdefault(its_place, set()).add(str(settings["service"] or ""))
            at[its["backend"]] = its_place
            backend = found.setdefault(its["backend"], {"hosts": [], "applications": [], "services": []})
            backend["applications"].append({"host": host, "name": name})
            if host not in backend["hosts"]:
                backend["hosts"].append(host)
    for backend_id_, backend in found.items():
        backend["services"] = sorted(services[at[backend_id_]] - {""})
    return found


def asked_by(host: str, own: t.Iterable[str], known: t.Mapping[str, Backend]) -> t.List[str]:
    """Of the backends `own` of `host`, those that it asks for all."""
    return sorted(each for each in set(own) if each in known and known[each]["hosts"][:1] == [host])


def own_backends(given: values.Values, host: str) -> t.Dict[str, t.Dict[str, t.Any]]:
    """The values of the first application of each backend of `host`."""
    found: t.Dict[str, t.Dict[str, t.Any]] = {}
    for its in applications(given).values():
        found.setdefault(backend_id(its, host), its)
    return found


def places(given: values.Values, host: str) -> t.Dict[str, t.Dict[str, t.Any]]:
    """The values of the first application at each Tempo of `host`, by its place."""
    found: t.Dict[str, t.Dict[str, t.Any]] = {}
    for its in applications(given).values():
        found.setdefault(place(its, host), its)
    return found


def counting(given: values.Values, host: str) -> t.Dict[str, t.Dict[str, t.Any]]:
    """The options of the probe that counts what each Tempo has, before anybody sends, by its place."""
    return {
        place_: options
        for place_, its in places(given, host).items()
        for options in of_labels(["balance"], its, given).values()
    }


def counted(result: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """What was counted, as the later look takes it."""
    return {name: value for name, value in result.items() if name not in ("shared_with", "took")}


class Asked(t.NamedTuple):
    """What is known of a backend when it is asked."""

    id: str
    backend: Backend
    hosts: t.Mapping[str, t.Mapping[str, t.Any]]  # the evidence of its hosts
    counted: t.Optional[t.Dict[str, t.Any]]


def questions(
    given: values.Values, host: str, run: str, asked: t.Sequence[Asked], now: datetime.datetime
) -> t.Dict[str, t.Any]:
    """The options of `collect` that ask these backends."""
    its, several = own_backends(given, host), len(asked) > 1
    each = [(one.id, _questions(its[one.id], given, run, one, now)) for one in asked]
    # One kind after the other: by the time of the balance, whatever happened to the canaries of all has been counted.
    return {
        visit.key(label, name, several): its_questions[label]
        for label in OF_BACKEND
        for name, its_questions in each
        if label in its_questions
    }


def _questions(
    its: values.Values, given: values.Values, run: str, asked: Asked, now: datetime.datetime
) -> t.Dict[str, t.Dict[str, t.Any]]:
    found = of_labels(OF_BACKEND, its, given, asked.counted)
    labels = [
        (each["host"], each["name"], asked.hosts[each["host"]])
        for each in asked.backend["applications"]
        if each["host"] in asked.hosts
    ]
    expected = given["diagnose_services_expected"] or asked.backend["services"]
    found["coverage"].update(
        hosts=asked.backend["hosts"], services=[name for name in expected if name != str(its["service"] or "")]
    )
    shown = shown_canary(labels)
    found["by_id"]["trace_ids"] = [shown] if shown else []
    if shown:
        found["grafana"]["trace_id"] = shown
    if "sampling_ratio" in found:
        found["sampling_ratio"].update(confidence=CONFIDENCE, **since(labels, now))
    sent = canaries(labels)
    if sent:
        found["canaries"].update(run=run, sent=sent, search=switch(given["diagnose_wait_search"]))
    else:
        del found["canaries"]
    if asked.counted:
        found["balance"]["before"] = asked.counted
    else:
        del found["balance"]
    return found


_Labels = t.Sequence[t.Tuple[str, str, t.Mapping[str, t.Any]]]  # host, application, the host's evidence


def _own(labels: _Labels) -> t.List[t.Mapping[str, t.Any]]:
    return [evidence["applications"][name] for _host, name, evidence in labels]


def canaries(labels: _Labels) -> t.Dict[str, t.Dict[str, int]]:
    """{sender: {hop: how many were accepted there}}, of a shared endpoint those of the application that asked it."""
    found: t.Dict[str, t.Dict[str, int]] = {}
    for host, name, evidence in labels:
        several = len(evidence["applications"]) > 1
        for hop in visit.HOPS:
            result = evidence["applications"][name].get(hop) or {}
            if result.get("ok"):
                sender = canary.sender(host, (result.get("shared_with") or name) if several else "")
                found.setdefault(sender, {})[hop] = len(result.get("trace_ids") or [])
    return found


def shown_canary(labels: _Labels) -> str:
    """The id that is also asked for through Grafana."""
    accepted = (own.get("otlp") or {} for own in _own(labels))
    return next((str(ids[0]) for ids in (e.get("trace_ids") for e in accepted if e.get("ok")) if ids), "")


def since(labels: _Labels, now: datetime.datetime) -> t.Dict[str, t.Any]:
    """{start, offered}: since when ids are looked at, and how many records a single log has decided about since then.

    Before the applications' last start, when that is known and recent, another ratio may have been set. `offered` is
    there only where the log shows unsampled records, too.
    """
    logs = [own["logs"] for own in _own(labels) if own.get("logs") and not own["logs"].get("shared_with")]
    times = [nested(log, "last_start", "time") for log in logs]
    started = max((time for time in times if isinstance(time, str)), default="")
    recent = (now - datetime.timedelta(seconds=RECENT_S)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    found: t.Dict[str, t.Any] = {"start": max(started, recent)}
    headers = nested(logs[0], "patterns", "traceparent") if len(logs) == 1 else None
    whole = isinstance(headers, dict) and headers.get("count", 0) == headers.get("count_since_start", -1)
    if whole and found["start"] == started and "00" in (nested(headers, "captures", "flags", "values") or {}):
        found["offered"] = nested(headers, "count")
    return found


def evidence(backend: Backend, settings: t.Mapping[str, t.Any], told: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The evidence of a backend; `told` is {label: what came back}."""
    return {"hosts": backend["hosts"], "applications": backend["applications"], "settings": settings, **told}
