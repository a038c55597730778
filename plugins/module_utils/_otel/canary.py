# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries: ids that sender and reader derive alike, and how much was lost of so many."""

from __future__ import annotations

import hashlib
import hmac
import math
import typing as t

SERVICE = "traceops-canary"  # canaries have a service name of their own, so that no list of tags shows them elsewhere
CONFIDENCE = 0.95


class Loss(t.TypedDict):
    """How much was lost of so many: `loss` is a share, with Clopper and Pearson's exact interval from low to high."""

    sent: int
    arrived: int
    lost: int
    loss: t.Optional[float]
    low: float
    high: float


def sender(host: str, application: str = "") -> str:
    """Who sends a canary: an application of a host, or the host's only one (no name). Names have no slash."""
    return f"{host}/{application}" if application else host


def trace_id(run: str, host: str, hop: str, sequence: int) -> str:
    """The id (32 hex digits) of one canary; `host` is its sender. Whoever knows the run's word needs no list of ids."""
    # Lengths in front, so that no two different triples are one text.
    text = "".join(f"{len(part)}:{part}" for part in (host, hop, str(sequence)))
    return hmac.new(run.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def loss(sent: int, arrived: int) -> Loss:
    """The share that was lost."""
    lost = sent - arrived
    if sent <= 0:
        return {"sent": 0, "arrived": 0, "lost": 0, "loss": None, "low": 0.0, "high": 1.0}
    tail = (1 - CONFIDENCE) / 2
    return {
        "sent": sent,
        "arrived": arrived,
        "lost": lost,
        "loss": round(lost / sent, 6),
        "low": round(_quantile(tail, lost, arrived + 1), 6) if lost else 0.0,
        "high": round(_quantile(1 - tail, lost + 1, arrived), 6) if arrived else 1.0,
    }


def _quantile(share: float, a: int, b: int) -> float:
    """Where the beta distribution has `share` of its mass to the left, by bisection."""
    low, high = 0.0, 1.0
    for _unused in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_below(middle, a, b) < share else (low, middle)
    return (low + high) / 2


def beta_below(x: float, a: int, b: int) -> float:
    """The regularized incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1) / (a + b + 2):  # there the fraction converges slowly
        return 1.0 - beta_below(1.0 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    numerator, denominator = 1.0, 1.0 - (a + b) * x / (a + 1)
    denominator = 1.0 / denominator
    fraction = denominator
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            denominator = 1.0 / (1.0 + step * denominator)
            numerator = 1.0 + step / numerator
            fraction *= numerator * denominator
        if abs(numerator * denominator - 1.0) < 1e-12:
            break
    return front * fraction / a
