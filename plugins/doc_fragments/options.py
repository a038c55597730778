# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Each part is the twin of the option group of the same name in module_utils/_base/spec.py.
    HTTP = r"""
options:
  url_username:
    description: User name for basic authentication.
    type: str
  url_password:
    description: Password for basic authentication.
    type: str
  token:
    description: Bearer token (for Grafana, a service account token). Takes precedence over O(url_username).
    type: str
  headers:
    description: More request headers, as names with values.
    type: dict
  tenant:
    description: Tenant, sent as header C(X-Scope-OrgID). A Tempo with multitenancy refuses requests without it.
    type: str
  validate_certs:
    description: Whether to verify the server's TLS certificate.
    type: bool
    default: true
  ca_path:
    description: File with the certificate authorities to trust instead of the system's.
    type: path
  client_cert:
    description: File with the client certificate (PEM), and with its key unless O(client_key) names it.
    type: path
  client_key:
    description: File with the client certificate's private key (PEM).
    type: path
  timeout:
    description: Seconds that a request may take in all, retries included.
    type: float
    default: 10.0
"""

    TEMPO = r"""
options:
  tempo_url:
    description: Base URL of Tempo's HTTP API, without a path such as C(/api).
    type: str
    default: http://localhost:3200
"""

    GRAFANA = r"""
options:
  grafana_url:
    description: Base URL of Grafana, without a path such as C(/api).
    type: str
    default: http://localhost:3000
"""

    WAIT = r"""
options:
  wait_timeout:
    description: Seconds to wait for what is asked for. V(0) looks once.
    type: float
    default: 0.0
"""
