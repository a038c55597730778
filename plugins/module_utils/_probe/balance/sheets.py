# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheets of the balance: what an application, a collector and Tempo count of spans, by the names of each version.

A snapshot's `counts` are totals since the process started, `start` is when that was; `grown` is what two of them
differ by. Labels come from other people's servers: they are cleaned and bounded.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import Metrics, total

Counts = t.Dict[str, t.Any]  # name -> number, or label value -> number (or once more)


class TempoCounts(t.TypedDict, total=False):
    """Spans since Tempo started."""

    accepted: int
    refused: int
    received: t.Dict[str, int]  # tenant ->
    discarded: t.Dict[str, t.Dict[str, int]]  # tenant -> reason ->


class CollectorCounts(t.TypedDict, total=False):
    """Spans since the collector started, but for tail sampling, which counts traces."""

    accepted: int
    refused: int
    failed: int
    sent: t.Dict[str, int]  # exporter ->
    send_failed: t.Dict[str, int]
    enqueue_failed: t.Dict[str, int]
    tail_kept: int
    tail_dropped: int
    tail_too_early: int


class ApplicationCounts(t.TypedDict, total=False):
    """Spans since the application started."""

    ended: int
    dropped: int
    exported: int
    failed: int


class TenantSheet(t.TypedDict):
    """Spans of one tenant."""

    received: int
    discarded: t.Dict[str, int]  # reason -> spans


class ExporterSheet(t.TypedDict):
    """Spans that one exporter got."""

    sent: int
    failed: int


class TempoSheet(t.TypedDict, total=False):
    """What became of spans in Tempo; see `tempo_sheet`."""

    offered: int
    accepted: int
    refused: int
    received: int
    discarded: t.Dict[str, int]  # reason ->
    silent: int
    silent_reasons: t.Dict[str, int]
    stored: int
    refused_untold: int
    unexplained: int
    by_tenant: t.Dict[str, TenantSheet]  # those that lost most first
    restarted: bool


class CollectorSheet(t.TypedDict, total=False):
    """What became of spans in a collector; see `collector_sheet`."""

    offered: int
    accepted: int
    refused: int
    sent: int
    failed: int
    failing_exporters: t.List[str]
    unexplained: int
    tail_dropped: int
    tail_too_early: int
    by_exporter: t.Dict[str, ExporterSheet]
    restarted: bool


class ApplicationSheet(t.TypedDict, total=False):
    """What became of spans in an application; see `application_sheet`."""

    ended: int
    exported: int
    failed: int
    dropped: int
    unexplained: int
    restarted: bool


MAX_SERIES = 10_000  # of one metric; Tempo has some for each tenant
# Tempo 2.5 and later answer the sender with success when a span is discarded for these (seen on 2.10.8 and 3.0.3,
# on 2.3.1 the sender is refused).
SILENT = ("live_traces_exceeded", "trace_too_large")
SILENT_SINCE = (2, 5)
# Metrics that show that the process has counters of its own: what is absent beside them was never incremented.
SIBLINGS = {
    "tempo": ("tempo_distributor_", "tempo_receiver_"),
    "collector": ("otelcol_",),
    "app": ("otel_sdk_", "processedSpans", "otlp_exporter_"),
}


def start_of(metrics: Metrics) -> t.Optional[float]:
    """When the process started (epoch seconds), the last of several; None when it does not say so."""
    starts = [value for _labels, value in metrics.get("process_start_time_seconds", ()) if math.isfinite(value)]
    return max(starts, default=None)


def whole(counts: t.Any) -> t.Any:
    """Counts as whole numbers; what is none (NaN, infinite) is 0."""
    if isinstance(counts, dict):
        return {key: whole(value) for key, value in counts.items()}
    return int(counts) if isinstance(counts, (int, float)) and abs(counts) < 2**63 else 0  # also false for NaN


def tempo_counts(metrics: Metrics) -> Counts:
    """Receivers count over all tenants, distributors by tenant. A counter that was never incremented is absent: 0."""
    return {
        "accepted": total(metrics, "tempo_receiver_accepted_spans") or 0,
        "refused": total(metrics, "tempo_receiver_refused_spans") or 0,
        "received": _by(metrics, ("tempo_distributor_spans_received_total",), "tenant"),
        "discarded": _by(metrics, ("tempo_discarded_spans_total",), "tenant", "reason"),
    }


_TAIL_SAMPLED = "otelcol_processor_tail_sampling_global_count_traces_sampled"


def collector_counts(metrics: Metrics) -> Counts:
    """The OpenTelemetry Collector's own counters (0.8x to 0.15x, with or without _total), or Alloy's."""
    return {
        "accepted": total(metrics, *_names("otelcol_receiver_accepted_spans")) or 0,
        "refused": total(metrics, *_names("otelcol_receiver_refused_spans")) or 0,
        "failed": total(metrics, *_names("otelcol_receiver_failed_spans")) or 0,
        "sent": _by(metrics, _names("otelcol_exporter_sent_spans"), "exporter"),
        "send_failed": _by(metrics, _names("otelcol_exporter_send_failed_spans"), "exporter"),
        "enqueue_failed": _by(metrics, _names("otelcol_exporter_enqueue_failed_spans"), "exporter"),
        # Traces that tail sampling decided about, or had to give up before it could.
        "tail_kept": _sum(metrics, *_names(_TAIL_SAMPLED), sampled="true"),
        "tail_dropped": _sum(metrics, *_names(_TAIL_SAMPLED), sampled="false"),
        "tail_too_early": _sum(metrics, *_names("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early")),
    }


def application_counts(metrics: Metrics) -> Counts:
    """An SDK's own counters: OpenTelemetry's conventions (otel.sdk.*, 2025), or those of Java's SDK before them."""
    processed, exported = "otel_sdk_processor_span_processed_total", "otel_sdk_exporter_span_exported_total"
    return {
        "ended": _sum(metrics, processed, "processedSpans_total", "processedSpans"),
        "dropped": _sum(metrics, processed, error_type="queue_full")
        + _sum(metrics, "processedSpans_total", "processedSpans", dropped="true"),
        "exported": _sum(metrics, exported, error_type="")
        + _sum(metrics, "otlp_exporter_exported_total", "otlp_exporter_exported", type="span", success="true"),
        "failed": _sum(metrics, exported)
        - _sum(metrics, exported, error_type="")
        + _sum(metrics, "otlp_exporter_exported_total", "otlp_exporter_exported", type="span", success="false"),
    }


def _names(name: str) -> t.Tuple[str, ...]:
    """The metric's name without and with the suffix of counters, and as Alloy turns a unit of 1 into a suffix."""
    return name, f"{name}_total", f"{name}_ratio_total"


def _sum(metrics: Metrics, *names: str, **wanted: str) -> float:
    """The sum of the samples whose labels are as wanted; '' is an absent label, too."""
    return sum(
        value
        for name in names
        for labels, value in metrics.get(name, ())
        if all(labels.get(label, "") == text for label, text in wanted.items())
    )


def _by(metrics: Metrics, names: t.Iterable[str], *labels: str) -> t.Dict[str, t.Any]:
    """Sums by one label, or by two, one in the other."""
    sums: t.Dict[str, t.Any] = {}
    for name in names:
        for given, value in metrics.get(name, ())[:MAX_SERIES]:
            words = [clean(given.get(label, ""))[:100] for label in labels]
            inner = sums
            for word in words[:-1]:
                inner = inner.setdefault(word, {})
            inner[words[-1]] = inner.get(words[-1], 0) + value
    return sums


def same_process(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any], taken: float) -> bool:
    """False when the second look met another process, which ran already at the first (`taken`): a load balancer."""
    first, second = before.get("start"), after.get("start")
    return first is None or second is None or abs(second - first) <= 1.0 or bool(second > taken)


def grown(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """By how much the counts of two snapshots differ, and `restarted`: then all is counted from the new start."""
    first, second = before.get("start"), after.get("start")
    restarted = first is not None and second is not None and abs(second - first) > 1.0
    counts: t.Dict[str, t.Any] = {
        name: _difference(None if restarted else before["counts"].get(name), value)
        for name, value in after["counts"].items()
    }
    return {**counts, "restarted": restarted}


def _difference(before: t.Any, after: t.Any) -> t.Any:
    if isinstance(after, dict):
        old = before if isinstance(before, dict) else {}
        return {key: _difference(old.get(key), value) for key, value in after.items()}
    since = before if isinstance(before, int) else 0
    # A counter only goes back when it began anew.
    return after - since if after >= since else after


def tempo_sheet(change: t.Mapping[str, t.Any], version: t.Tuple[int, int], tenant: str = "") -> TempoSheet:
    """offered = accepted + refused; accepted = stored + what was discarded although it had been accepted (`silent`).

    With a tenant, `received`, `discarded` and `silent` are its own. What is left over: `refused_untold` was refused
    without a counted reason (no tenant, invalid ids in 2.10), `unexplained` was accepted and never received.
    """
    received, discarded = change["received"], change["discarded"]
    everywhere = _reasons(discarded.values())
    own = _reasons([discarded.get(tenant, {})]) if tenant else everywhere
    silent_now = version >= SILENT_SINCE
    silent = {reason: own[reason] for reason in SILENT if own.get(reason) and silent_now}
    silent_everywhere = sum(everywhere.get(reason, 0) for reason in SILENT) if silent_now else 0
    got = sum(received.values())
    return {
        "offered": change["accepted"] + change["refused"],
        "accepted": change["accepted"],
        "refused": change["refused"],
        "received": received.get(tenant, 0) if tenant else got,
        "discarded": {reason: count for reason, count in own.items() if count},
        "silent": sum(silent.values()),
        "silent_reasons": silent,
        "stored": change["accepted"] - silent_everywhere,
        "refused_untold": max(0, change["refused"] - (sum(everywhere.values()) - silent_everywhere)),
        "unexplained": max(0, change["accepted"] - got),
        "by_tenant": _by_tenant(received, discarded),
        "restarted": change["restarted"],
    }


MAX_TENANTS = 50


def _by_tenant(received: t.Mapping[str, int], discarded: t.Mapping[str, t.Mapping[str, int]]) -> t.Dict[str, t.Any]:
    """tenant -> `{received, discarded}`, those that lost most first."""
    lost = {name: sum(reasons.values()) for name, reasons in discarded.items()}
    names = sorted({*received, *lost}, key=lambda name: (-lost.get(name, 0), -received.get(name, 0), name))
    return {
        name: {
            "received": received.get(name, 0),
            "discarded": {reason: count for reason, count in discarded.get(name, {}).items() if count},
        }
        for name in names[:MAX_TENANTS]
    }


def _reasons(by_tenant: t.Iterable[t.Mapping[str, int]]) -> t.Dict[str, int]:
    sums: t.Dict[str, int] = {}
    for reasons in by_tenant:
        for reason, count in reasons.items():
            sums[reason] = sums.get(reason, 0) + count
    return sums


def collector_sheet(change: t.Mapping[str, t.Any]) -> CollectorSheet:
    """offered = accepted + refused; accepted = sent + failed + `unexplained` (waiting, or dropped by a processor).

    `tail_dropped` are traces, `tail_too_early` those of them that tail sampling did not even decide about.
    Of several exporters, `sent` and `failed` are those of the one that sent most: each gets all spans.
    """
    exporters = sorted(
        {*change["sent"], *change["send_failed"], *change["enqueue_failed"]},
        key=lambda name: (-change["sent"].get(name, 0), name),
    )
    failed = {name: change["send_failed"].get(name, 0) + change["enqueue_failed"].get(name, 0) for name in exporters}
    sent = change["sent"].get(exporters[0], 0) if exporters else 0
    lost = failed[exporters[0]] if exporters else 0
    return {
        "offered": change["accepted"] + change["refused"] + change["failed"],
        "accepted": change["accepted"],
        "refused": change["refused"] + change["failed"],
        "sent": sent,
        "failed": lost,
        "failing_exporters": [name for name in exporters if failed[name]],
        "by_exporter": {name: {"sent": change["sent"].get(name, 0), "failed": failed[name]} for name in exporters},
        "unexplained": change["accepted"] - sent - lost,
        "tail_dropped": change.get("tail_dropped", 0) + change.get("tail_too_early", 0),
        "tail_too_early": change.get("tail_too_early", 0),
        "restarted": change["restarted"],
    }


def application_sheet(change: t.Mapping[str, t.Any]) -> ApplicationSheet:
    """ended = exported + failed + dropped + `unexplained` (waiting for the next export)."""
    known = change["exported"] + change["failed"] + change["dropped"]
    return {
        "ended": change["ended"],
        "exported": change["exported"],
        "failed": change["failed"],
        "dropped": change["dropped"],
        "unexplained": change["ended"] - known,
        "restarted": change["restarted"],
    }
