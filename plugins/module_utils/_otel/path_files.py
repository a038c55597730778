# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of collectors, Tempo and Grafana say of a span's path: the shapes that all readers fill.

A `source` is where something is said: FILE:LINE, or a variable or option with the place that has it.
"""

from __future__ import annotations

import typing as t


class Receiver(t.TypedDict, total=False):
    """Where spans come in."""

    name: str  # otlp, otlp/internal, jaeger ...; of Alloy the component (otelcol.receiver.otlp.default)
    protocol: str  # grpc, http, or the receiver's own (jaeger_thrift_http, zipkin ...)
    host: str  # what it listens on: 0.0.0.0, localhost, "" for all
    port: t.Optional[int]
    tls: bool
    pipelines: t.List[str]  # of traces; [] when no traces pipeline uses it
    source: str


class Processor(t.TypedDict, total=False):
    """What happens to spans on the way."""

    name: str
    kind: str  # batch, memory_limiter, probabilistic_sampler, tail_sampling, filter ...
    drops: bool  # whether it may drop spans (samplers, filters, limiters)
    share: t.Optional[float]  # of a sampler with one share, 0 to 1
    pipelines: t.List[str]
    source: str


class Exporter(t.TypedDict, total=False):
    """Where spans go next; an exporter with several addresses (loadbalancing, kafka) has one entry for each."""

    name: str
    kind: str  # otlp, otlphttp, debug, loadbalancing, kafka ...
    protocol: str  # grpc, http; "" of what is no OTLP
    endpoint: str  # without credentials; "" when the file has none
    insecure: t.Optional[bool]  # tls.insecure; null: not said
    headers: t.List[str]  # names
    pipelines: t.List[str]  # of traces; [] when no traces pipeline uses it
    feeds: t.List[str]  # only of a connector (spanmetrics, forward ...): the pipelines of traces that go on from it
    source: str


class Pipeline(t.TypedDict):
    """One pipeline of traces."""

    name: str
    receivers: t.List[str]
    processors: t.List[str]  # in order
    exporters: t.List[str]
    source: str


class CollectorFiles(t.TypedDict, total=False):
    """The configuration of a collector, of whatever program."""

    receivers: t.List[Receiver]
    processors: t.List[Processor]
    exporters: t.List[Exporter]
    pipelines: t.List[Pipeline]
    signals: t.List[str]  # that have a pipeline: traces, metrics, logs
    metrics_address: str  # HOST:PORT of its own metrics; "" when they are off or not known
    unread: t.List[str]  # one sentence each: what could not be read or followed, and why


class TempoFiles(t.TypedDict, total=False):
    """The configuration of a Tempo."""

    target: str
    host: str
    port: t.Optional[int]
    path: str  # http_api_prefix
    tls: bool
    receivers: t.List[Receiver]
    multitenancy: bool
    storage: str  # local, s3, gcs, azure
    source: str
    unread: t.List[str]


class DataSource(t.TypedDict, total=False):
    """A Tempo data source that a provisioning file has."""

    name: str
    uid: str
    url: str  # without credentials
    access: str
    source: str


class GrafanaFiles(t.TypedDict, total=False):
    """The configuration of a Grafana."""

    protocol: str
    host: str
    port: t.Optional[int]
    path: str  # serve_from_sub_path's part of root_url
    datasources: t.List[DataSource]
    source: str
    unread: t.List[str]
