"""What a benchmark says."""

from __future__ import annotations

import typing as t


class Measured(t.NamedTuple):
    """One figure with the limit that it must stay under."""

    name: str
    value: float
    unit: str
    limit: float
