# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What evidence has besides the results of probes: the run, and the settings it was made with."""

from __future__ import annotations

import typing as t


class Otherwise(t.TypedDict):
    """A variable that says something else than what was found."""

    variable: str
    said: str
    found: str
    source: str  # who says what was found


class Settings(t.TypedDict, total=False):
    """The role's variables, without secrets and prefix; hosts, applications and backends have their own."""

    service: str
    log_paths: t.List[str]
    log_unit: str
    log_container: str
    log_since: str
    otlp_endpoint: str
    otlp_protocol: str
    otlp_headers: t.List[str]  # their names
    ca_path: str
    client_cert: str
    environment: str  # what it is called; hosts of one name are judged together
    tempo_url: str
    tempo_urls: t.Dict[str, str]  # of its other processes
    tempo_log_paths: t.List[str]
    tempo_log_unit: str
    tempo_log_container: str
    collector_log_paths: t.List[str]
    collector_log_unit: str
    collector_log_container: str
    grafana_url: str
    grafana_datasource_uid: str
    tenant: str
    collector_endpoint: str
    tempo_otlp_endpoint: str
    collector_metrics_url: str
    app_metrics_url: str
    found_as: str  # the name that discovery has for the application; "" when it found none
    sources: t.Dict[str, str]  # who says what was found, by variable
    otherwise: t.List[Otherwise]
    canaries: int
    containers: t.List[str]


class Suppression(t.TypedDict, total=False):
    """A check that is not to be reported."""

    id: str
    host: str
    application: str
    until: str
    reason: str


class Slice(t.TypedDict, total=False):
    """One of the runs that a report is merged of: what its hosts and backends are judged with."""

    name: str  # of the slice or region; several may have the same
    source: str  # the file that it was read from
    id: str
    started: str
    finished: str
    check_mode: bool
    fail_on: str
    settings: Settings  # those that not all slices have
    suppress: t.List[Suppression]  # where slices differ
    hosts: int  # of which its evidence counts


class Duplicate(t.TypedDict):
    """A host that several slices saw; the later one counts."""

    host: str
    slice: str
    instead_of: t.List[str]
    lost: bool  # the later one did not reach it, an earlier one did


class Run(t.TypedDict, total=False):
    """The run itself; times are in ISO 8601."""

    id: str
    started: str
    finished: str
    check_mode: bool
    fail_on: str
    settings: Settings
    suppress: t.List[Suppression]
    check_dirs: t.List[str]
    docs_url: str  # where docs/checks.md is published; "": nowhere
    evidence: str  # compact (also when it is missing) or full: whether report.json has what passed checks saw
    inventory: str  # the file that the hosts are from, relative to where the run was started; "" when there is none
    slices: t.Dict[str, Slice]  # of a merged report only
    duplicates: t.List[Duplicate]  # of a merged report only


def of(run: t.Mapping[str, t.Any], labels: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """The run that a host or backend was seen in: that of its slice, in a merged report."""
    slices = run.get("slices")
    own = slices.get(labels.get("slice")) if slices else None
    if not own:
        return run
    return {**run, **own, "settings": {**(run.get("settings") or {}), **(own.get("settings") or {})}}


DOCS_URL = "https://github.com/traceops/tracing/blob/main/docs/checks.md"


def docs_link(run: t.Mapping[str, t.Any], check_id: str) -> str:
    """Where the page about a check is, or "" where it is published nowhere: every link of a report is made here."""
    url = run.get("docs_url", DOCS_URL)
    return f"{url}#{check_id}" if isinstance(url, str) and url else ""
