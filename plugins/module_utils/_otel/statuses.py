# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status of an OTLP/HTTP answer means to who sent spans: to a canary as to an application's exporter."""

from __future__ import annotations

import typing as t

# Of those that blame the request; what lies above 499 the receiver's own words tell.
REFUSALS: t.Dict[int, str] = {
    400: "invalid_data",
    401: "unauthorized",
    403: "forbidden",
    404: "path_not_found",
    405: "method_not_allowed",
    407: "proxy_in_the_way",
    408: "response_timeout",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}

# Causes of `_otel/reasons` that say little: any other one that the same log shows is the better answer.
GENERAL = ("unavailable", "gave_up", "queue_full", "shut_down", "unknown")
