# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics in the Prometheus text format, and what OpenMetrics adds to it."""

from __future__ import annotations

import re
import typing as t

Labels = t.Dict[str, str]
# Metric name -> its samples.
Metrics = t.Dict[str, t.List[t.Tuple[Labels, float]]]

_SAMPLE = re.compile(
    r"""^([a-zA-Z_:][a-zA-Z0-9_:]*)
    (?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})?  # a quoted value may have braces
    \s+([^\s]+)
    (?:\s+-?[\d.eE+]+)?  # a time stamp
    (?:\s+\#\s*\{.*)?  # an exemplar has labels and a value of its own
    \s*$""",
    re.VERBOSE,
)
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"\s*,?\s*')


def parse_metrics(text: str) -> Metrics:
    """Every sample of `text`; lines that are no sample (comments, rubbish) are left out."""
    metrics: Metrics = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = _SAMPLE.match(line)
        if match is None:
            continue
        try:
            value = float(match.group(3))
        except ValueError:
            continue
        labels = {name: _unescape(raw) for name, raw in _LABEL.findall(match.group(2) or "")}
        metrics.setdefault(match.group(1), []).append((labels, value))
    return metrics


def _unescape(raw: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found.group(1), found.group(1)), raw)


def total(metrics: Metrics, *names: str) -> t.Optional[float]:
    """The sum over all series of all `names`; None when none of them is exposed (absent is not zero)."""
    values = [value for name in names for _labels, value in metrics.get(name, ())]
    return sum(values) if values else None


def by_label(metrics: Metrics, name: str, label: str) -> t.Dict[str, float]:
    """The sum of `name` for each value of `label`; empty when the metric is absent."""
    sums: t.Dict[str, float] = {}
    for labels, value in metrics.get(name, ()):
        key = labels.get(label, "")
        sums[key] = sums.get(key, 0.0) + value
    return sums
