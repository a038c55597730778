# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of what a run's evidence has: each label, the probe behind it, and what its absence means."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from types import ModuleType


class Label(t.NamedTuple):
    """One entry of the evidence document, and how its probe is asked in a diagnosis.

    Variables are the role's, without `diagnose_`. What follows from more than a variable is added by the plan
    (`_plan/visit.py`, `_plan/backends.py`).
    """

    name: str
    probe: str
    scope: str  # "host", "application" (both asked on the host) or "backend"
    judged: bool = False  # the probe asks "does it work?", so its `ok: false` is an answer; else it could not answer
    asks: t.Mapping[str, str] = {}  # options of the probe, and the variable that gives each; not given, it is left out
    always: t.Mapping[str, t.Any] = {}  # options that no variable gives
    wants: t.Tuple[str, ...] = ()  # it is asked only where one of these variables is given
    absent: str = ""  # why it is not there when nobody asked: such a check is skipped, never blocked
    withheld: str = ""  # why it is not there when a failure elsewhere withheld it

    @property
    def nobody_asked(self) -> str:
        """The words for its absence when none of the variables that it wants was given; "" when it wants none."""
        return f"{self.absent} (diagnose_{self.wants[0]})" if self.absent else ""


_ENGINE = {"docker_host": "docker_host", "timeout": "timeout"}
_WAY = {
    **{name: name for name in ("tenant", "ca_path", "client_cert", "client_key", "timeout")},
    "spans": "canaries",
}
_TEMPO = {
    "tempo_url": "tempo_url",
    "url_username": "tempo_username",
    "url_password": "tempo_password",
    "token": "tempo_token",
    **{name: name for name in ("ca_path", "tenant", "timeout")},
}
_SERVICE = {**_TEMPO, "service_name": "service"}


def _log(of: str) -> t.Dict[str, str]:
    """Where a log is; `of` is what the names of its variables begin with."""
    return {**{name: f"{of}log_{name}" for name in ("paths", "unit", "container")}, "docker_host": "docker_host"}


_LOG = ("log_paths", "log_unit", "log_container")
_NO_SERVICE = "no service was named"

LABELS: t.Dict[str, Label] = {
    label.name: label
    for label in (
        # Asked before the others, whose options may follow from it (`_plan/found.py`).
        Label(
            "discover",
            "discover",
            "host",
            asks={"docker_host": "docker_host"},
            wants=("discover",),
            absent="discovery did not look at the host",
        ),
        Label(
            "containers",
            "containers",
            "host",
            asks={"names": "containers", **_ENGINE},
            wants=("containers",),
            absent="no containers were inspected",
        ),
        Label(
            "tempo_logs",
            "logs",
            "host",
            asks=_log("tempo_"),
            always={"profiles": ["tempo_server"]},
            wants=tuple(f"tempo_{name}" for name in _LOG),
            absent="no log of Tempo's own was given",
        ),
        Label(
            "collector_logs",
            "logs",
            "host",
            asks=_log("collector_"),
            always={"profiles": ["auto"]},
            wants=tuple(f"collector_{name}" for name in _LOG),
            absent="no log of a collector was given",
        ),
        Label("clock", "clock", "host", asks=_TEMPO),
        Label(
            "otlp",
            "otlp",
            "application",
            judged=True,
            asks={"endpoint": "otlp_endpoint", "protocol": "otlp_protocol", "headers": "otlp_headers", **_WAY},
        ),
        Label("otlp_sibling", "otlp", "application", judged=True, asks=_WAY, always={"send": False}),
        Label(
            "otlp_collector",
            "otlp",
            "application",
            judged=True,
            asks={"endpoint": "collector_endpoint", **_WAY},
            wants=("collector_endpoint",),
            absent="no collector was named",
        ),
        Label(
            "otlp_tempo",
            "otlp",
            "application",
            judged=True,
            asks={"endpoint": "tempo_otlp_endpoint", **_WAY},
            wants=("tempo_otlp_endpoint",),
            absent="no receiver of Tempo's own was named",
        ),
        Label(
            "logs",
            "logs",
            "application",
            asks={
                **_log(""),
                "profiles": "log_profiles",
                "profile_dirs": "log_profile_dirs",
                "since": "log_since",
            },
            wants=_LOG,
            absent="no log was given",
        ),
        Label(
            "environment",
            "environment",
            "application",
            asks=_ENGINE,
            wants=("process",),
            absent="the application's process was not named",
        ),
        Label("tempo_info", "tempo_info", "backend", asks={**_TEMPO, "tempo_urls": "tempo_urls"}),
        Label("tempo_search", "tempo_search", "backend", asks=_SERVICE, always={"limit": 20}),
        # Before anything else reads the service's traces: a Tempo that one of them brings down is seen to fall.
        Label("by_id", "by_id", "backend", judged=True, asks=_SERVICE),
        # A service without traces in the last hour may be idle.
        Label(
            "tempo_search_earlier",
            "tempo_search",
            "backend",
            asks=_SERVICE,
            always={"limit": 1, "start": "-24h"},
            wants=("service",),
            absent=_NO_SERVICE,
        ),
        Label("sampling_ratio", "sampling_ratio", "backend", asks=_SERVICE, wants=("service",), absent=_NO_SERVICE),
        Label("linkage", "linkage", "backend", asks=_SERVICE, wants=("service",), absent=_NO_SERVICE),
        Label("coverage", "coverage", "backend", asks=_SERVICE),
        Label(
            "canaries",
            "canaries",
            "backend",
            judged=True,
            asks=_TEMPO,
            withheld="no span was accepted, so none was looked up",
        ),
        Label(
            "balance",
            "balance",
            "backend",
            judged=True,
            asks={
                **_TEMPO,
                **{name: name for name in ("collector_metrics_url", "app_metrics_url", "tempo_urls")},
            },
            withheld="Tempo's counters could not be read before the spans were sent",
        ),
        Label(
            "grafana",
            "grafana",
            "backend",
            judged=True,
            asks={
                "grafana_url": "grafana_url",
                "url_username": "grafana_username",
                "url_password": "grafana_password",
                "token": "grafana_token",
                "datasource_uid": "grafana_datasource_uid",
                "service_name": "service",
                **{name: name for name in ("tempo_url", "tempo_username", "tempo_password", "tempo_token")},
                **{name: name for name in ("ca_path", "tenant", "timeout")},
            },
        ),
    )
}

# The role's variables that labels are made of.
VARIABLES = tuple(dict.fromkeys(name for label in LABELS.values() for name in (*label.asks.values(), *label.wants)))


class Part(t.NamedTuple):
    """A name in the view of a host that stands for the host's own entry in a result of its backend."""

    name: str
    label: str  # the backend's label
    key: str  # the dictionary in that result, by host
    withheld: str  # as of a label


PARTS: t.Dict[str, Part] = {
    part.name: part
    for part in (
        Part("canary", "canaries", "traces", "no span from this host was accepted, so none was looked up"),
        Part("hops", "canaries", "hops", "no span from this host was accepted, so none was looked up"),
    )
}


def _balance() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import balance

    return balance


def _by_id() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import by_id

    return by_id


def _canaries() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import canaries

    return canaries


def _clock() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import clock

    return clock


def _containers() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import containers

    return containers


def _coverage() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import coverage

    return coverage


def _discover() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import discover

    return discover


def _environment() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import environment

    return environment


def _grafana() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import grafana

    return grafana


def _linkage() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import linkage

    return linkage


def _logs() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import logs

    return logs


def _otlp() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp

    return otlp


def _sampling_ratio() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import sampling_ratio

    return sampling_ratio


def _tempo_info() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import tempo_info

    return tempo_info


def _tempo_search() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import tempo_search

    return tempo_search


def _tempo_trace() -> ModuleType:
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import tempo_trace

    return tempo_trace


# Each is imported only when it is asked for: what a host does not need costs nothing. The imports are written out,
# since Ansible sends to a host what it sees imported.
PROBES: t.Dict[str, t.Callable[[], ModuleType]] = {
    "balance": _balance,
    "by_id": _by_id,
    "canaries": _canaries,
    "clock": _clock,
    "containers": _containers,
    "coverage": _coverage,
    "discover": _discover,
    "environment": _environment,
    "grafana": _grafana,
    "linkage": _linkage,
    "logs": _logs,
    "otlp": _otlp,
    "sampling_ratio": _sampling_ratio,
    "tempo_info": _tempo_info,
    "tempo_search": _tempo_search,
    "tempo_trace": _tempo_trace,
}
