# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application's log tells of its exports, beside what Tempo has: facts for checks (see _verdict/facts)."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._otel import sdks
from ansible_collections.traceops.tracing.plugins.module_utils._otel.quotes import quoted
from ansible_collections.traceops.tracing.plugins.module_utils._otel.reasons import CAUSES
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import epoch

Labels = t.Mapping[str, t.Any]

# A failure that is older than this at the log's end is over; a trace that is not older than it was a success beside it.
RECENT_S = 300.0


class Log(t.TypedDict):
    """Whose log it is that was given as the application's."""

    of: str  # application, collector, tempo, or "" where no line is known
    name: str  # of its program, in words
    profile: str
    lines: int  # by which it was recognised
    shows_info: bool  # lines at INFO or below, or without any level
    shows_start: bool  # how the SDK started
    without_exporter: bool  # it could not be built, and nothing shows one later


class Exports(t.TypedDict):
    """Why exports failed since the start, by the log: `cause` is one of the probe otlp, or of _otel/reasons, or ""."""

    cause: str
    words: str
    said: str  # the words for a sentence: translated or quoted
    why: str  # the same, or that there are none
    times: str  # "once", "12 times"
    count: int
    last: t.Optional[str]
    protocol: str
    failing: bool  # now: neither is it long ago, nor has Tempo traces of that time
    heard: bool  # the log has lines of the SDK, so that it would show failures as well
    fix: str  # of a collector's exporter


def log(labels: Labels) -> Log:
    profile = _profile(labels)
    names = {sdks.COLLECTOR: "a collector's", sdks.TEMPO: "Tempo's", "tempo_server": "Tempo's"}
    name = names.get(profile) or (f"one of {sdks.sdk(profile)['name']}" if profile in sdks.SDKS else f"'{profile}'")
    lines = nested(labels, "logs", "profiles", profile) or 0
    levels = nested(labels, "logs", "levels") or []
    return {
        "of": _whose(profile),
        "name": name if profile else "",
        "profile": profile,
        "lines": lines,
        "shows_info": not levels or not {"trace", "debug", "info"}.isdisjoint(levels),
        "shows_start": any(nested(labels, "logs", "patterns", each, "count_since_start") for each in _STARTS),
        "without_exporter": _without_exporter(nested(labels, "logs", "patterns") or {}),
    }


_OF = {sdks.COLLECTOR: "collector", sdks.TEMPO: "tempo", "tempo_server": "tempo"}


def _whose(profile: str) -> str:
    """What wrote the log: application, collector, tempo; "" when no profile recognises it."""
    return _OF.get(profile, "application" if profile else "")


def _without_exporter(patterns: Labels) -> bool:
    """Whether the last try to build the exporter failed: Erlang's and Elixir's tries again when it has spans."""
    failed = [patterns[name] for name in _UNBUILT if nested(patterns, name, "count_since_start")]
    built = [patterns[name] for name in _BUILT if nested(patterns, name, "count_since_start")]
    return any(not any(_after(one, each) for one in built) for each in failed)


def _after(one: Labels, other: Labels) -> bool:
    """Whether the last line of `one` stands after that of `other` in the same file."""
    place, before = nested(one, "last", "line"), nested(other, "last", "line")
    same = nested(one, "last", "file") == nested(other, "last", "file")
    return same and place is not None and before is not None and place > before


_UNBUILT = ("exporter_failed", "observability_failed")
_BUILT = ("exporter_created", "export_failed", "export_retry")


_STARTS = ("exporter_failed", "observability_failed", "exporter_created", "tracer_initialized", "process_started")


def stored(backend: Labels, settings: Labels) -> bool:
    """Whether Tempo has traces of the service: then its program traces, whatever its log lacks."""
    return bool(settings.get("service") and nested(backend, "tempo_search", "count"))


def sdk(labels: Labels) -> sdks.Sdk:
    """The names of its settings: of the SDK that wrote the log, else of what the process runs."""
    profile = _profile(labels)
    if profile not in sdks.SDKS:
        effective = nested(labels, "environment", "effective")
        its_own = nested(effective, "sampler", "from") == "velostream"
        profile = "velostream" if its_own else f"otel_{nested(effective, 'language', 'value')}"
    return sdks.sdk(profile)


# Lines that only a collector prints.
_COLLECTORS = ("export_dropped", "config_invalid", "memory_limited", "client_mismatch")


def collector_logs(labels: Labels) -> t.Any:
    """The collector's log: its own, or the one that was given as the application's and is a collector's; else null."""
    if labels.get("collector_logs"):
        return labels["collector_logs"]
    logs = labels.get("logs")
    patterns = nested(logs, "patterns") or {}
    said = any(nested(patterns, name, "count_since_start") for name in _COLLECTORS if name in patterns)
    return logs if said or _whose(_profile(labels)) == "collector" else None


def exports(labels: Labels, backend: Labels, settings: Labels) -> Exports:
    """Of an application's log, or of a collector's that was given in its place."""
    logs = labels.get("logs") or {}
    reason = logs.get("reason") or _reason_of_old(logs)
    count = _count(logs)
    cause, words = str(reason.get("cause") or ""), str(reason.get("words") or "")
    cause = _by_wire(cause, str(reason.get("protocol") or ""), nested(labels, "otlp", "detected"))
    delivered = _delivered(reason, backend, settings)
    if not cause or (cause == "partial_success" and not count) or (delivered and _of_other_signals(logs)):
        cause, count = "", 0
    return {
        "cause": cause,
        "words": words,
        "said": quoted(words),
        "why": quoted(words) or CAUSES["unknown"],
        "times": "once" if count == 1 else f"{count} times",
        "count": count,
        "last": reason.get("time"),
        "protocol": str(reason.get("protocol") or ""),
        "failing": bool(cause) and _recent(reason) and not delivered,
        "heard": _heard(logs),
        "fix": sdks.COLLECTOR_FIXES.get(cause, "correct its exporter's endpoint, TLS setting, tenant or credentials"),
    }


def _of_other_signals(logs: Labels) -> bool:
    """Whether failures are those of metrics or logs: Node.js prints the error alone for all three signals."""
    return bool(logs.get("other_signals")) and logs.get("recognised") == "otel_nodejs"


_FAILED = ("export_failed", "export_dropped", "export_timed_out")


def _count(logs: Labels) -> int:
    """Exports that failed since the start; where none did, those that were tried again."""
    patterns = logs.get("patterns") or {}
    failed = sum(nested(patterns, name, "count_since_start") or 0 for name in _FAILED if name in patterns)
    return failed or nested(patterns, "export_retry", "count_since_start") or 0


def _reason_of_old(logs: Labels) -> t.Dict[str, t.Any]:
    """Of evidence that has no reasons: that of a version before, or of a user's own patterns."""
    patterns = logs.get("patterns") or {}
    for name in _FAILED if patterns else ():
        pattern = nested(patterns, name)
        if nested(pattern, "count_since_start"):
            said = nested(pattern, "captures", "reason", "last") or nested(pattern, "last", "text") or ""
            return {"cause": "unknown", "words": said, "time": nested(pattern, "last", "time")}
    return {}


def _by_wire(cause: str, protocol: str, detected: t.Any) -> str:
    """What a connection that broke off means where the endpoint is seen to speak the other protocol."""
    other = {"http": "grpc", "grpc": "http"}.get(protocol)
    broken = ("connection_reset", "tls_failure", "unavailable")
    return "protocol_mismatch" if cause in broken and other and detected == other else cause


def _recent(reason: Labels) -> bool:
    before_end = reason.get("before_end_s")
    return before_end is None or before_end <= RECENT_S


def _delivered(reason: Labels, backend: Labels, settings: Labels) -> bool:
    """Whether Tempo has a trace of the service that is about as young as the last failure, or younger."""
    if not stored(backend, settings):
        return False
    starts = [trace.get("start") for trace in nested(backend, "tempo_search", "traces") or []]
    newest = max((start for start in starts if isinstance(start, (int, float))), default=None)
    failed = epoch(reason.get("time"))
    return newest is None or failed is None or newest >= failed - RECENT_S


# Lines that only a program prints whose SDK is heard.
_HEARD = (
    *("sdk_heard", "export_loop_started", "tracer_initialized", "exporter_created", "span_completed", "span_started"),
    *("span_finished", "traceparent", "trace_context", "export_succeeded_unreliable", "adaptive_sampling"),
    *("export_failed", "export_retry", "queue_drop", "partial_success"),
)


def _heard(logs: Labels) -> bool:
    patterns = logs.get("patterns") or {}
    return any(nested(patterns, name, "count_since_start") for name in _HEARD if name in patterns)


def _profile(labels: Labels) -> str:
    return str(nested(labels, "logs", "recognised") or "")
