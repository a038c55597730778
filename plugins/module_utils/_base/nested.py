# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data in plain data."""

from __future__ import annotations

import typing as t


def nested(value: t.Any, *path: str) -> t.Any:
    """What `value` has at these keys, one in the other; null where one of them is not there."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
