# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The URL of a Tempo or a Grafana as this host reaches it, and whether one answers there: one GET, bounded.

Tempo's GET /api/echo answers "echo" (docs, api_docs "Query Echo Endpoint"); Grafana's GET /api/health a JSON object
with "database".
"""

from __future__ import annotations

import http.client
import ssl
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import TookTooLong, bounded
from ansible_collections.traceops.tracing.plugins.module_utils._otel.programs import GRAFANA, TEMPO
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover import network
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.programs import Around
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.result import Program

MAX_PORTS = 10
PATIENCE = 0.5  # seconds for one answer

USUAL = {TEMPO: 3200, GRAFANA: 3000}
PATHS = {TEMPO: "/api/echo", GRAFANA: "/api/health"}


def of(program: Program, configuration: t.Mapping[str, t.Any], around: Around, deadline: float) -> str:
    """The URL of its API; "" where that is not known.

    What listens, but not on the port that is configured, is asked on the ports that it has.
    """
    if not program["running"]:
        return ""
    kind = program["kind"]
    prefix = str(configuration.get("path") or "")
    tls = bool(configuration.get("tls")) or configuration.get("protocol") in ("https", "h2")
    port = int(configuration.get("port") or USUAL[kind])
    listens = {each["port"] for each in program["listens"]}
    for each in [port] if port in listens or not listens else sorted(listens - network.SPAN_PORTS)[:MAX_PORTS]:
        way = _way(program, each, around)
        if way and (each == port or answers(kind, *way, prefix, tls, deadline)):
            return url_of(*way, prefix, tls)
    return ""


def _way(program: Program, port: int, around: Around) -> t.Optional[t.Tuple[str, int]]:
    """(host, port) by which this host reaches a port of the program."""
    if program["own_network"] is None and program["container"]:
        return None  # whose network it is in cannot be seen
    if not program["own_network"]:
        at = [each["address"] for each in program["listens"] if each["port"] == port]
        everywhere = not at or any(addresses.leads_here(each) for each in at)
        return ("localhost" if everywhere else min(at)), port
    for published in program["published"]:
        if published["port"] == port:
            host = published["host_address"]
            return ("localhost" if host in ("0.0.0.0", "::", "") else host), published["host_port"]
    place = around.networks.get(program["namespace"])
    inside = [*filter(None, program["networks"].values()), *(place.addresses if place else [])]
    return (inside[0], port) if inside else None


def leads_to(url: str, port: int) -> bool:
    """Whether a URL leads to that port of this host."""
    where = addresses.split(url)
    return where is not None and where.port == port and addresses.leads_here(where.host)


def answers(kind: str, host: str, port: int, prefix: str, tls: bool, deadline: float) -> bool:
    """Whether what listens there answers as a Tempo or a Grafana does."""
    seconds = min(PATIENCE, deadline - time.monotonic())
    if seconds <= 0:
        return False
    try:
        return bounded(lambda: _asked(kind, host, port, prefix, tls, seconds), seconds)
    except TookTooLong:
        return False


def _asked(kind: str, host: str, port: int, prefix: str, tls: bool, seconds: float) -> bool:
    connection: http.client.HTTPConnection
    if tls:  # whose certificate it is does not matter to what is asked here
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", prefix.rstrip("/") + PATHS[kind], headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(4096)
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    if kind == TEMPO:
        return answer.status == 200 and body.strip() == b"echo"
    return answer.status in (200, 503) and b'"database"' in body


def url_of(host: str, port: int, prefix: str = "", tls: bool = False) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}{prefix.rstrip('/')}"
