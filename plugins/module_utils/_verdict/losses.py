# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the counters of Tempo, a collector and an SDK say was lost: its share of what came, and whether it goes on.

A canary may be spared: a limit bites at peaks, or only one tenant. So a loss is judged by itself.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested

TRICKLE = 1.0  # percent of what came; more is a problem while it goes on
ENOUGH = 20  # spans of others between two looks, of which none was lost: then the loss has ended, or pauses

Labels = t.Mapping[str, t.Any]


class Loss(t.TypedDict):
    """What one counter lost."""

    where: str  # the tenant, or the exporter
    reason: str
    lost: int  # since the process started, as are `came` and `percent`
    came: int
    percent: float
    now_lost: t.Optional[int]  # between the two looks; null when there was one only
    now_came: t.Optional[int]
    going_on: t.Optional[bool]  # null when nothing came meanwhile that could have been lost
    grave: bool
    setting: str  # the limit that was exceeded, "" when it was none
    limit: t.Optional[int]  # its value now, for all tenants that have none of their own


class Losses(t.TypedDict):
    """By who counted them, the gravest first."""

    tempo: t.List[Loss]
    collector: t.List[Loss]
    app: t.List[Loss]
    limits: t.List[str]  # of Tempo's that are exceeded gravely, with their values now


# Why Tempo discards spans -> the limit, as the configuration and as the probe calls it.
_LIMITS = {
    "live_traces_exceeded": ("overrides.defaults.ingestion.max_traces_per_user", "max_traces_per_user"),
    "trace_too_large": ("overrides.defaults.global.max_bytes_per_trace", "max_bytes_per_trace"),
    "rate_limited": ("overrides.defaults.ingestion.rate_limit_bytes", "rate_limit_bytes"),
}
# Discarded before the span counted as received (2.10 and 3.0).
_BEFORE_RECEIVED = ("rate_limited",)


def of_backend(backend: Labels) -> Losses:
    """The losses that the probes tempo_info and balance counted behind one backend."""
    sent = _count(nested(backend, "canaries", "sent"))
    tempo = _tempo(backend, sent)
    return {
        "tempo": tempo,
        "collector": _collector(backend),
        "app": _application(backend),
        "limits": sorted({_limit(loss) for loss in tempo if loss["grave"] and loss["setting"]}),
    }


def _limit(loss: Loss) -> str:
    now = "0: off, or not known" if loss["limit"] is None else str(loss["limit"])
    return f"{loss['setting']} (now {now} for tenants without an override)"


def _tempo(backend: Labels, canaries: int) -> t.List[Loss]:
    counters = nested(backend, "tempo_info", "counters") or {}
    limits = nested(backend, "tempo_info", "config", "limits") or {}
    window = nested(backend, "balance", "change", "tempo", "by_tenant")
    found = []
    for tenant, reasons in _dict(counters.get("discarded_by_tenant")).items():
        received = _count(nested(counters, "tenants", tenant))
        now = _dict(nested(window, tenant)) if isinstance(window, dict) else None
        for reason, lost in _dict(reasons).items():
            setting, key = _LIMITS.get(reason, ("", ""))
            now_lost = None if now is None else _count(nested(now, "discarded", reason))
            now_came = None if now is None else _came(_count(now.get("received")), _dict(now.get("discarded")))
            limit = (setting, limits.get(key))
            came = _came(received, _dict(reasons))
            found.append(_loss(tenant, reason, (_count(lost), came), (now_lost, now_came), canaries + ENOUGH, limit))
    return _sorted(found)


def _came(received: int, discarded: t.Mapping[str, t.Any]) -> int:
    """Spans that a tenant sent; never fewer than what was lost of them."""
    before = sum(_count(discarded.get(reason)) for reason in _BEFORE_RECEIVED)
    return max(received + before, sum(map(_count, discarded.values())))


def _collector(backend: Labels) -> t.List[Loss]:
    counts = _dict(nested(backend, "balance", "snapshots", "collector", "counts"))
    change = nested(backend, "balance", "change", "collector")
    sent, failed = _dict(counts.get("sent")), _dict(counts.get("send_failed"))
    refused = _dict(counts.get("enqueue_failed"))
    found = []
    for exporter in sorted({*sent, *failed, *refused}):
        now = nested(change, "by_exporter", exporter)
        delivered, unsent, unqueued = (_count(numbers.get(exporter)) for numbers in (sent, failed, refused))
        reasons = [name for name, count in (("send_failed", unsent), ("enqueue_failed", unqueued)) if count]
        lost = unsent + unqueued
        now_lost = None if now is None else _count(nested(now, "failed"))
        now_came = None if now is None else _count(nested(now, "failed")) + _count(nested(now, "sent"))
        # An exporter that delivers a canary works: no traffic of others is needed to see that.
        found.append(_loss(exporter, ", ".join(reasons), (lost, delivered + lost), (now_lost, now_came), 1))
    # Each exporter gets all spans: where one delivers what it gets, the other may be somebody else's.
    lossy = {loss["where"] for loss in found if loss["percent"] > TRICKLE}
    if any(name not in lossy and _count(sent.get(name)) for name in sent):
        for loss in found:
            loss["grave"] = False
    return _sorted(found)


def _application(backend: Labels) -> t.List[Loss]:
    counts = _dict(nested(backend, "balance", "snapshots", "app", "counts"))
    change = nested(backend, "balance", "change", "app")
    now = change if isinstance(change, dict) else None
    came = _count(counts.get("ended"))
    found = []
    for reason in ("dropped", "failed"):
        lost = _count(counts.get(reason))
        now_lost = None if now is None else _count(now.get(reason))
        now_came = None if now is None else max(_count(now.get("ended")), now_lost or 0)
        found.append(_loss("", reason, (lost, max(came, lost)), (now_lost, now_came), ENOUGH))
    return _sorted(found)


_Of = t.Tuple[int, int]  # lost, came
_Now = t.Tuple[t.Optional[int], t.Optional[int]]  # the same between two looks


def _loss(where: str, reason: str, ever: _Of, now: _Now, enough: int, limit: t.Tuple[str, t.Any] = ("", None)) -> Loss:
    """`enough` spans between two looks, and none of them lost, show that the loss has ended or pauses."""
    (lost, came), (now_lost, now_came) = ever, now
    share = _percent(lost, came)
    going_on: t.Optional[bool] = None
    if now_lost:
        going_on = True
    elif now_came is not None and now_came >= enough:
        going_on = False
    judged = _percent(now_lost or 0, now_came or 0) if going_on else share
    return {
        "where": where,
        "reason": reason,
        "lost": lost,
        "came": came,
        "percent": share,
        "now_lost": now_lost,
        "now_came": now_came,
        "going_on": going_on,
        "grave": lost > 0 and going_on is not False and judged > TRICKLE,
        "setting": limit[0],
        "limit": _count(limit[1]) or None,
    }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole > 0 else 0.0


def _sorted(losses: t.List[Loss]) -> t.List[Loss]:
    return sorted((loss for loss in losses if loss["lost"]), key=lambda loss: (not loss["grave"], -loss["percent"]))


def _count(value: t.Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _dict(value: t.Any) -> t.Dict[str, t.Any]:
    return value if isinstance(value, dict) else {}
