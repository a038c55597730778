# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is printed, apart from how: the action of every host needs this, and no other part of a report."""

from __future__ import annotations

import typing as t


class Line(t.NamedTuple):
    """A line of the page. What its style looks like is up to who prints it; no style carries what the text lacks."""

    text: str
    style: str = ""  # "", head, ok, failed, warning, info or muted
