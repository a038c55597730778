# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the W3C traceparent header; each is documented in a YAML file of its name."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceparent import Malformed, next_hop, parse


def traceparent(header: t.Any) -> t.Dict[str, t.Any]:
    """The parts of a header."""
    try:
        found = parse(header)
    except Malformed as error:
        raise AnsibleFilterError(f"traceparent: {error}") from None
    return {**found._asdict(), "sampled": found.sampled}


def traceparent_next(header: t.Any, span_id: t.Optional[str] = None, sampled: t.Optional[bool] = None) -> str:
    """The header to send on."""
    if sampled not in (None, True, False):
        raise AnsibleFilterError(f"traceparent_next: sampled '{excerpt(str(sampled), 40)}' is neither true nor false")
    try:
        return next_hop(header, span_id, sampled)
    except Malformed as error:
        raise AnsibleFilterError(f"traceparent_next: {error}") from None


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"traceparent": traceparent, "traceparent_next": traceparent_next}
