# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pipelines of programs that have none by name: components that lead to each other (Alloy, Vector)."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import shown_name
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import Pipeline


def reached(leads: t.Mapping[str, t.Sequence[str]], start: str) -> t.List[str]:
    """The components that spans from `start` get to, nearest first."""
    found: t.Dict[str, None] = {}
    waiting = list(leads.get(start, ()))
    while waiting:
        name = waiting.pop(0)
        if name not in found and name != start:
            found[name] = None
            waiting.extend(leads.get(name, ()))
    return list(found)


def pipelines(
    starts: t.Mapping[str, str],
    leads: t.Mapping[str, t.Sequence[str]],
    between: t.Container[str],
    ends: t.Container[str],
) -> t.List[Pipeline]:
    """One pipeline for each component that spans begin at (name -> its place): what is between, and where they end."""
    return [
        Pipeline(
            name=shown_name(start),
            receivers=[shown_name(start)],
            processors=[shown_name(name) for name in reached(leads, start) if name in between],
            exporters=[shown_name(name) for name in reached(leads, start) if name in ends],
            source=place,
        )
        for start, place in starts.items()
    ]
