# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a port of this host once whether Tempo or Grafana answers there.

Tempo's GET /api/echo answers "echo" (docs, api_docs "Query Echo Endpoint"); Grafana's GET /api/health a JSON object
with "database".
"""

from __future__ import annotations

import http.client
import ssl

from ansible_collections.traceops.tracing.plugins.module_utils._otel.programs import GRAFANA, TEMPO

USUAL = {TEMPO: 3200, GRAFANA: 3000}
PATHS = {TEMPO: "/api/echo", GRAFANA: "/api/health"}


def answers(kind: str, host: str, port: int, prefix: str, tls: bool, seconds: float) -> bool:
    """Whether what listens there answers as a Tempo or a Grafana does."""
    connection: http.client.HTTPConnection
    if tls:  # whose certificate it is does not matter to what is asked here
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl._create_unverified_context())
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
