# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions that are compiled when first used: a module on a host lives for one visit and uses few."""

from __future__ import annotations

import re
import typing as t


def pattern(text: str, flags: int = 0) -> t.Pattern[str]:
    """What `re.compile` returns, later."""
    return t.cast("t.Pattern[str]", _Later(text, flags))


class _Later:
    def __init__(self, text: str, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> t.Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found
