# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the OTLP probe returns; RETURN of the module otlp_probe says more of each key."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.seen import Attempt, Exported, Handshake


class Phase(t.TypedDict, total=False):
    """`ok` is null when the phase did not happen, and cause then says why; `ms` is the time it took."""

    ok: t.Optional[bool]
    ms: float
    cause: str


class Connecting(Phase, total=False):
    """A phase that opens a connection; `tried` has those of the first, and of a later one that failed."""

    tried: t.List[Attempt]


class DnsPhase(Phase, total=False):
    """`host` is the proxy's when there is one; `direct`: whether the endpoint can be reached without it."""

    host: str
    addresses: t.List[str]
    direct: bool


class TcpPhase(Connecting, total=False):
    """The connection, and the proxy with the variable that names it."""

    port: int
    address: str
    proxy: str
    proxy_variable: str
    direct: bool


class TlsPhase(Connecting, Handshake, total=False):
    """The handshake."""


class ProtocolPhase(Connecting, total=False):
    """What answers: see `detect.Sniffed`."""

    status: t.Optional[int]
    server: str
    http2: t.Optional[bool]
    banner: str


class ExportPhase(Connecting, Exported, total=False):
    """The export of so many spans and bytes."""

    spans: int
    bytes: int


class VerifyPhase(Phase, total=False):
    """The look into Tempo; `missing` is how many spans it does not have."""

    url: str
    attempts: int
    missing: int


class Phases(t.TypedDict):
    """All phases, in this order."""

    dns: DnsPhase
    tcp: TcpPhase
    tls: TlsPhase
    protocol: ProtocolPhase
    export: ExportPhase
    verify: VerifyPhase


class Change(t.TypedDict, total=False):
    """Options of the probe, and what a counterfactual changes them to."""

    endpoint: str
    protocol: str
    tenant: str


class Counterfactual(t.TypedDict):
    """An attempt with nothing changed but that; `setting` says it in variables of an SDK."""

    change: Change
    setting: str
    ok: bool
    cause: str
    ms: float


class Followed(t.TypedDict):
    """An option that was taken from an application, and the setting that it came from."""

    option: str
    value: str
    source: str


class Inside(t.TypedDict):
    """An application with a network of its own: whether the attempt was made from inside it, and why not."""

    ok: bool
    pid: int
    reason: str


class Proof(t.TypedDict):
    """What was tried after a failure; passes_with is the setting of the one that passed, or empty."""

    counterfactuals: t.List[Counterfactual]
    passes_with: str


class Result(t.TypedDict, total=False):
    """What `run` returns."""

    ok: bool  # the spans were sent and accepted, and found in Tempo where that could be asked
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    endpoint: str
    protocol: str
    detected: str
    phases: Phases
    trace_ids: t.List[str]
    verified: t.Optional[bool]
    visible_after: t.Optional[float]  # seconds
    follows: t.List[Followed]  # what was taken from the application, where the probe goes its way
    inside: t.Optional[Inside]  # null: nobody asked for it, or the application shares this host's network
    counterfactuals: t.List[Counterfactual]
    passes_with: str
