# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applications of a host, with the values of each, and the backend that it is asked about at."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS
from ansible_collections.traceops.tracing.plugins.module_utils._plan import values

LOOPBACK = re.compile(r"://(localhost|127\.|\[::1\])")  # another server on each host

_LOG_SOURCES = ("log_paths", "log_unit", "log_container")
_SETTINGS = (
    *("service", "log_paths", "log_unit", "log_container", "log_since", "otlp_endpoint", "otlp_protocol"),
    *("otlp_headers", "ca_path", "client_cert", "tempo_url", "grafana_url", "grafana_datasource_uid", "tenant"),
    *("collector_endpoint", "tempo_otlp_endpoint", "collector_metrics_url", "app_metrics_url"),
)


# What is looked at on the host, the other processes of Tempo, and what the environment is called.
_OF_HOST = (
    *("environment", "tempo_urls"),
    *(name for label in LABELS.values() if label.scope == "host" for name in label.wants),
)


class PlannedApplication(t.TypedDict):
    """What everybody may know of an application: no secret is in it."""

    backend: str
    settings: t.Dict[str, t.Any]  # where they differ from its host's


class Planned(t.TypedDict):
    """The same of a host; it is what its evidence begins with."""

    run: str
    settings: t.Dict[str, t.Any]
    applications: t.Dict[str, PlannedApplication]


def planned(given: values.Values, host: str, run: str) -> Planned:
    """The applications and settings of `host` in the run `run`; `given` are its variables."""
    own = settings(_own(given))
    canaries = values.number(given["diagnose_canaries"])
    own.update(canaries=int(canaries) if canaries >= 1 else 1)
    own.update({name: given[f"diagnose_{name}"] for name in _OF_HOST})
    found: t.Dict[str, PlannedApplication] = {}
    for name, its in applications(given).items():
        differing = {key: value for key, value in settings(its).items() if value != own[key]}
        found[name] = {"backend": backend_id(its, host), "settings": differing}
    return {"run": run, "settings": own, "applications": found}


def applications(given: values.Values) -> t.Dict[str, t.Dict[str, t.Any]]:
    """{name: {what it has of values.OF_APPLICATION}}: those that are named, else the only one, that of the variables.

    The latter has the name of its service; a host on which discovery found none, while others have some, has none.
    What an entry does not say is as its host's variables have it; the sources of its log are its own as soon as it
    names one.
    """
    own = _own(given)
    entries = given["diagnose_applications"]
    if (given.get("found") or {}).get("bare"):
        return {}
    if not entries:
        return {str(own["service"] or ""): own}
    found = {}
    for entry in entries:
        said = {key: value for key, value in entry.items() if key in values.OF_APPLICATION and value is not None}
        if any(said.get(source) for source in _LOG_SOURCES):
            said = {"log_paths": [], "log_unit": "", "log_container": "", **said}
        found[str(entry["name"])] = {**own, **said, **{key: entry[key] for key in values.OF_DISCOVERY if key in entry}}
    return found


def _own(given: values.Values) -> t.Dict[str, t.Any]:
    """What the variables of a host say of its only application."""
    own = {name: given[f"diagnose_{name}"] for name in values.OF_APPLICATION}
    return {**own, **(given.get("found") or {}).get("own", {})}


def settings(its: values.Values) -> t.Dict[str, t.Any]:
    """The values of an application without secrets."""
    found = {key: its[key] for key in _SETTINGS}
    found.update({key: its.get(key) or empty for key, empty in values.OF_DISCOVERY.items()})
    found["otlp_headers"] = sorted(its["otlp_headers"]) if isinstance(its["otlp_headers"], dict) else []
    return found


def backend_id(its: values.Values, host: str) -> str:
    """Applications that ask the same questions of the same Tempo and Grafana share them."""
    names = ("tempo_url", "grafana_url", "grafana_datasource_uid", "tenant", "service")
    local = host if LOOPBACK.search(f"{its['tempo_url']} {its['grafana_url']}") else ""
    return " ".join([*(str(its[name] or "") for name in names), local]).strip()


def place(its: values.Values, host: str) -> str:
    """Which Tempo an application's spans are counted at: on loopback, other hosts mean another one."""
    url = str(its["tempo_url"] or "")
    return " ".join([url, str(its["tenant"] or ""), host if LOOPBACK.search(url) else ""]).strip()


def is_local(place_or_backend: str) -> bool:
    """Whether it is on loopback, and so its host's own."""
    return LOOPBACK.search(place_or_backend) is not None
