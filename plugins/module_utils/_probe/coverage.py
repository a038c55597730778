# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): which of the services and hosts that should trace has Tempo seen?"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import HTTP, TEMPO
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import REAL, Clock
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import asking_tempo
from ansible_collections.traceops.tracing.plugins.module_utils._otel.service_names import suggest
from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceql import build_query, quoted

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    **TEMPO,
    **HTTP,
    "services": {"type": "list", "elements": "str", "default": []},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "service_name": {"type": "str"},
}

NOW_S, EARLIER_S, SLACK_S = 3600, 86400, 60
MAX_NAMES = 1000
MAX_SILENT = 20  # services whose last span is looked up
MAX_TRACES = 200  # looked at for duplicate instances
_INSTANCE, _HOST = "service.instance.id", "host.name"


class Service(t.TypedDict):
    """What Tempo has seen of a service that should trace."""

    # seen (a span within the last hour), silent (within the last day), near_miss (never, but a similar name) or never
    state: str
    last: t.Optional[float]  # of a silent one: epoch seconds
    instead: t.Optional[str]  # the similar name, which no other expected service has


class Hosts(t.TypedDict):
    """Which of the hosts are among the values of host.name, by their first label."""

    reported: int  # values of the last hour
    seen: t.Optional[t.List[str]]  # null, like never, where none is: then names differ by habit
    never: t.Optional[t.List[str]]


class Instances(t.TypedDict):
    """Ids of instances of the service; `duplicates` are those that several hosts have: id -> host.name."""

    looked: int
    duplicates: t.Dict[str, t.List[str]]


class Result(t.TypedDict, total=False):
    """What `run` returns."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    url: str
    services: t.Dict[str, Service]  # by the names of the option
    unnamed: t.List[str]  # names of the last hour that begin with unknown_service
    hosts: Hosts
    instances: Instances


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """What Tempo has seen of `services`, `hosts` and the instances of `service_name`.

    ProbeFailure when Tempo does not answer.
    """
    result: Result = {
        "ok": False,
        "cause": "",
        "message": "",
        "url": "",
        "services": {},
        "unnamed": [],
        "hosts": {"reported": 0, "seen": None, "never": None},
        "instances": {"looked": 0, "duplicates": {}},
    }
    now = clock.time()
    with asking_tempo(result):
        client = TempoClient(params)
        result["url"] = client.url
        known = _names(client, "service.name", now - NOW_S, now)
        result["unnamed"] = [name for name in known if name.startswith("unknown_service")]
        result["services"] = _services(client, params["services"], known, now)
        reported = _names(client, _HOST, now - NOW_S, now)
        result["hosts"] = hosts_seen(params["hosts"], reported)
        if params["service_name"] and len(reported) > 1:
            result["instances"] = _instances(client, params["service_name"], now)
    seen = sum(service["state"] == "seen" for service in result["services"].values())
    message = f"Tempo has seen {seen} of {len(result['services'])} expected services"
    return {**result, "ok": True, "cause": "ok", "message": message}


def _names(client: TempoClient, attribute: str, start: float, end: float) -> t.List[str]:
    found = client.tag_values(f"resource.{attribute}", start, end + SLACK_S)
    return [clean(name)[:200] for name in found[:MAX_NAMES]]


def _services(client: TempoClient, expected: t.Sequence[str], known: t.List[str], now: float) -> t.Dict[str, Service]:
    states: t.Dict[str, Service] = {name: {"state": "seen", "last": None, "instead": None} for name in expected}
    missing = [name for name in states if name not in known]
    if not missing:
        return states
    earlier = _names(client, "service.name", now - EARLIER_S, now)
    silent = [name for name in missing if name in earlier]
    for number, name in enumerate(missing):
        others = [other for other in suggest(name, known) if other not in states and other not in silent]
        likely = next((other for other in others if not other.startswith("unknown_service")), None)
        if name in silent:
            last = _last_seen(client, name, now) if number < MAX_SILENT else None
            states[name] = {"state": "silent", "last": last, "instead": None}
        else:
            states[name] = {"state": "near_miss" if likely else "never", "last": None, "instead": likely}
    return states


def _last_seen(client: TempoClient, service: str, now: float) -> t.Optional[float]:
    query = build_query(service)
    if client.version().dialect.most_recent:
        query += " with (most_recent=true)"
    found = client.search(query, now - EARLIER_S, now + SLACK_S, 1)
    return found[0].start if found else None


def hosts_seen(expected: t.Sequence[str], reported: t.Sequence[str]) -> Hosts:
    """What `run` says about hosts."""
    labels = {_label(name) for name in reported}
    seen = [name for name in expected if _label(name) in labels]
    if not seen:
        return {"reported": len(reported), "seen": None, "never": None}
    return {"reported": len(reported), "seen": seen, "never": [name for name in expected if name not in seen]}


def _label(host: str) -> str:
    return host.casefold().partition(".")[0]


def _instances(client: TempoClient, service: str, now: float) -> Instances:
    # Attributes that a query names come back with the spans that it finds.
    query = (
        f"{{ resource.service.name = {quoted(service)}"
        f' && resource.{_INSTANCE} != "" && resource.{_HOST} != "" }}'
    )  # fmt: skip
    found = client.search_attributes(query, now - NOW_S, now + SLACK_S, MAX_TRACES)
    hosts: t.Dict[str, t.Set[str]] = {}
    for attributes in found:
        if _INSTANCE in attributes and _HOST in attributes:
            hosts.setdefault(attributes[_INSTANCE], set()).add(attributes[_HOST])
    shared = {name: sorted(of) for name, of in sorted(hosts.items()) if len(of) > 1}
    return {"looked": len(hosts), "duplicates": dict(list(shared.items())[:20])}
