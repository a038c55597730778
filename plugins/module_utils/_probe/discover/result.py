# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe `discover` returns."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel import path_files


class Address(t.TypedDict):
    """Where a program listens, in its own network."""

    address: str
    port: int


class Listener(t.TypedDict):
    """A listening TCP socket, whoever has it."""

    namespace: str  # of the network, as Program has it
    address: str
    port: int
    pid: int  # 0 and "" where this user cannot see whose it is
    program: str


class Published(t.TypedDict):
    """A port of a container that the host passes on."""

    host_address: str  # 0.0.0.0, 127.0.0.1 ...
    host_port: int
    port: int


class Connection(t.TypedDict, total=False):
    """A connection that a program has or tries, to another program than itself."""

    address: str
    port: int
    state: str  # established, trying (SYN_SENT)
    pid: int  # who listens there, on this host and in reach; absent: not known


class LogPlace(t.TypedDict, total=False):
    """Where a program's log goes; one of the three."""

    paths: t.List[str]
    unit: str
    container: str
    source: str  # how that is known


class Program(t.TypedDict, total=False):
    """A process or container that a span meets."""

    kind: str  # application, or otelcol, alloy, grafana-agent, fluent-bit, vector, jaeger, tempo, grafana
    name: str  # unique on this host: service, unit, container or program
    pid: int  # 0: it does not run, or cannot be seen
    running: bool
    program: str  # the file name of the program, or of the script that an interpreter runs
    command: str  # masked, at most 300 characters
    user: str
    started: str  # ISO 8601
    unit: str  # of systemd, "" when it is in none
    container: str  # its name, "" when it is in none
    image: str
    networks: t.Dict[str, str]  # of a container: network -> its address there
    aliases: t.List[str]  # the names that other containers reach it by
    published: t.List[Published]
    namespace: str  # of its network; those with the same one share localhost
    own_network: t.Optional[bool]  # whether that is another one than the host's
    listens: t.List[Address]
    connections: t.List[Connection]
    log: LogPlace
    source: str  # where it was seen: /proc/812, container cart, unit checkout.service


class Stale(t.TypedDict):
    """A tracing setting that a unit's files have and the running process has not, or otherwise."""

    variable: str
    running: t.Optional[str]  # masked; null: it has none
    configured: t.Optional[str]
    source: str  # FILE:LINE of the unit, drop-in or environment file


class Application(Program, total=False):
    """A program with tracing settings."""

    tells: t.List[str]  # what says that it is instrumented: OTEL_SERVICE_NAME, -javaagent, --enable-tracing ...
    language: str
    service: str  # "" when nothing names it
    service_source: str
    endpoint: str  # without credentials; "" when nothing sets it
    endpoint_source: str
    protocol: str  # "" when neither set nor known
    exporter: str
    sampler: str
    header_names: t.List[str]
    resolved: t.List[str]  # the addresses of the endpoint's name, as its network resolves it
    stale: t.List[Stale]


class Collector(Program, total=False):
    """A program that passes spans on."""

    files: t.List[str]
    configuration: path_files.CollectorFiles


class Tempo(Program, total=False):
    """A Tempo."""

    files: t.List[str]
    configuration: path_files.TempoFiles
    url: str  # of its API, as this host reaches it; "" when it is not known


class Grafana(Program, total=False):
    """A Grafana."""

    files: t.List[str]
    configuration: path_files.GrafanaFiles
    url: str


class Result(t.TypedDict, total=False):
    """What `run` returns."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    hostname: str
    addresses: t.List[str]  # of this host, without loopback
    root: bool
    processes: int  # how many were looked at
    namespace: str  # of this host's own network
    listeners: t.List[Listener]
    applications: t.List[Application]
    collectors: t.List[Collector]
    tempos: t.List[Tempo]
    grafanas: t.List[Grafana]
    unseen: t.List[str]  # one sentence each: what could not be looked at, and why
