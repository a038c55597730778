# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What opening traces by id came to: one kind of failure for all that was read (a part of the facts of a backend)."""

from __future__ import annotations

import re
import typing as t

# What a read failed of -> its kind; what is in none of them is `failed`. The gravest first: it is the one told.
_KINDS: t.Dict[str, t.Tuple[str, ...]] = {
    "denied": ("unauthorized", "forbidden", "tenant_missing"),
    "too_large": ("trace_too_large",),
    "slow": ("response_timeout", "connection_timeout"),
    "busy": ("rate_limited",),
    "not_found": ("trace_not_found",),
}
_ORDER = ("crashed", "failed", "denied", "too_large", "slow", "busy", "not_found")
_CANCELED = (408, 499, 504)
_BUSY = (429, 503)


class Opening(t.TypedDict):
    """How reading by id went, of the traces that a search lists and of a canary."""

    kind: str  # ok, or the gravest of: crashed, failed, denied, too_large, slow, busy, not_found
    asked: int
    failed: int  # in this kind
    whose: str  # "traces of the service" or "canaries"
    trace_id: str  # an example
    said: str  # what reading it was answered
    ms: float
    status: t.Optional[int]
    bytes: t.Optional[int]
    limit: t.Optional[int]
    limit_setting: str  # what the limit is a value of
    partial: int  # traces that Tempo leaves spans out of
    unsteady: bool  # the same id is found and not found in turn
    instances: int  # processes that answered


def opening(found: t.Any) -> t.Optional[Opening]:
    """Of the result of the probe `by_id`; null when no trace was read by id."""
    found = found if isinstance(found, dict) else {}
    reads = [read for read in found.get("reads") or [] if isinstance(read, dict) and read.get("ok") is not None]
    if not reads:
        return None
    crashed_on = (found.get("instances") or {}).get("crashed_on")
    kinds = [(_kind(read, crashed_on), read) for read in reads]
    kind = next((kind for kind in _ORDER if any(kind == each for each, _read in kinds)), "ok")
    failing = [read for each, read in kinds if each == kind]
    example = failing[0]
    repeated, instances = found.get("repeated") or {}, found.get("instances") or {}
    said = str(example.get("message") or "")
    return {
        "kind": kind,
        "asked": len(reads),
        "failed": 0 if kind == "ok" else len(failing),
        "whose": "traces of the service" if example.get("whose") == "service" else "canaries",
        "trace_id": str(example.get("trace_id")),
        "said": said,
        "ms": float(example.get("ms") or 0.0),
        "status": example.get("status"),
        "bytes": example.get("bytes"),
        "limit": example.get("limit"),
        "limit_setting": _setting(said),
        "partial": sum(read.get("cause") == "partial" for read in reads),
        # A trace that appears, or that Tempo loses sight of for a moment, changes once or twice.
        "unsteady": (repeated.get("changes") or 0) >= 3,
        "instances": len(instances.get("started") or []),
    }


def _kind(read: t.Mapping[str, t.Any], crashed_on: t.Any) -> str:
    cause, status = read.get("cause"), read.get("status")
    if read.get("ok"):
        return "ok"
    if crashed_on and read.get("trace_id") == crashed_on:
        return "crashed"
    if cause == "trace_not_found" and read.get("whose") != "service":
        return "ok"  # nothing lists it: whether it is lost is the question of its own checks
    if cause in ("http_status", "rate_limited") and status in _BUSY:
        return "busy"
    if cause == "http_status" and status in _CANCELED:
        return "slow"
    return next((kind for kind, causes in _KINDS.items() if cause in causes), "failed")


def _setting(said: str) -> str:
    """What the limit that an answer quotes is set by (Tempo 2.0 to 3.0)."""
    if re.search(r"exceeds max(?:imum)? size|max_bytes_per_trace", said):
        return "overrides.defaults.global.max_bytes_per_trace"
    if "response larger than the max" in said or "trying to send message larger" in said:
        return "querier.frontend_worker.grpc_client_config.max_send_msg_size"
    if "querying ingesters" in said:
        return "ingester_client.grpc_client_config.max_recv_msg_size"
    if "querying live-stores" in said or "querying live stores" in said:
        return "live_store_client.grpc_client_config.max_recv_msg_size"
    return "server.grpc_server_max_recv_msg_size and server.grpc_server_max_send_msg_size"
