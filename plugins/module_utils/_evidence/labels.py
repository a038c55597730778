# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of what a run's evidence has: each label, the probe behind it, and what its absence means."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from types import ModuleType


class Label(t.NamedTuple):
    """One entry of the evidence document."""

    name: str
    probe: str
    scope: str  # "host", "application" (both asked on the host) or "backend"
    judged: bool = False  # the probe asks "does it work?", so its `ok: false` is an answer; else it could not answer
    option: str = ""  # the role's variable that asks for it; "" when it is always asked
    absent: str = ""  # why it is not there when nobody asked: such a check is skipped, never blocked
    withheld: str = ""  # why it is not there when a failure elsewhere withheld it

    @property
    def nobody_asked(self) -> str:
        """The words for its absence when the option was not given; "" when there is no such option."""
        return f"{self.absent} ({self.option})" if self.absent else ""


LABELS: t.Dict[str, Label] = {
    label.name: label
    for label in (
        Label("containers", "containers", "host", option="diagnose_containers", absent="no containers were looked at"),
        Label("clock", "clock", "host"),
        Label(
            "tempo_logs", "logs", "host", option="diagnose_tempo_log_paths", absent="no log of Tempo's own was given"
        ),
        Label("logs", "logs", "application", option="diagnose_log_paths", absent="no log was given"),
        Label(
            "environment",
            "environment",
            "application",
            option="diagnose_process",
            absent="the application's process was not named",
        ),
        Label("otlp", "otlp", "application", judged=True),
        Label("otlp_sibling", "otlp", "application", judged=True),
        Label(
            "otlp_collector",
            "otlp",
            "application",
            judged=True,
            option="diagnose_collector_endpoint",
            absent="no collector was named",
        ),
        Label(
            "otlp_tempo",
            "otlp",
            "application",
            judged=True,
            option="diagnose_tempo_otlp_endpoint",
            absent="no receiver of Tempo's own was named",
        ),
        Label("tempo_info", "tempo_info", "backend"),
        Label("tempo_search", "tempo_search", "backend"),
        # Before anything else reads the service's traces: a Tempo that one of them brings down is seen to fall.
        Label("by_id", "by_id", "backend", judged=True),
        Label(
            "tempo_search_earlier", "tempo_search", "backend", option="diagnose_service", absent="no service was named"
        ),
        Label("sampling_ratio", "sampling_ratio", "backend", option="diagnose_service", absent="no service was named"),
        Label("linkage", "linkage", "backend", option="diagnose_service", absent="no service was named"),
        Label("coverage", "coverage", "backend"),
        Label(
            "canaries",
            "canaries",
            "backend",
            judged=True,
            withheld="no span was accepted, so none was looked up",
        ),
        Label(
            "balance",
            "balance",
            "backend",
            judged=True,
            withheld="Tempo's counters could not be read before the spans were sent",
        ),
        Label("grafana", "grafana", "backend", judged=True),
    )
}


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
