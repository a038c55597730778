# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the W3C traceparent header; each is documented in a YAML file of its name."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceparent import Malformed, parse


def traceparent(header: t.Any) -> bool:
    """Whether a receiver accepts the header."""
    try:
        parse(header)
    except Malformed:
        return False
    return True


def sampled(header: t.Any) -> bool:
    """Whether the header is valid and says that its trace is recorded."""
    return traceparent(header) and parse(header).sampled


class TestModule:
    __test__ = False  # not a test of pytest

    def tests(self) -> t.Dict[str, t.Callable[..., bool]]:
        return {"traceparent": traceparent, "sampled": sampled}
