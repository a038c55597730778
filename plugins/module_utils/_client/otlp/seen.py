# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each step towards an OTLP receiver learns."""

from __future__ import annotations

import typing as t


class Attempt(t.TypedDict):
    """A connection that was tried: ok, or why it failed."""

    address: str
    cause: str


class Certificate(t.TypedDict, total=False):
    """A server's certificate; empty when it could not be read. Times are in ISO 8601 UTC."""

    subject: str
    issuer: str
    names: t.List[str]
    not_before: str
    not_after: str
    days_left: int  # negative after the end


class Handshake(t.TypedDict, total=False):
    """A TLS handshake. `spoken` is what a server that does not speak TLS speaks (as Sniffed.kind)."""

    version: t.Optional[str]
    alpn: t.Optional[str]
    cipher: t.Optional[str]
    certificate: Certificate
    verified: bool
    spoken: str


class Exported(t.TypedDict, total=False):
    """The answer to an export: the status of HTTP or gRPC, and what the receiver says of the spans or of an error."""

    status: t.Union[int, str]
    rejected: int
    warning: str
    origin_allowed: bool  # whether a page of that Origin may read the answer
    said: str
    retry_after: str
