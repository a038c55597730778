# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Twin of _spec.HTTP.
    DOCUMENTATION = r"""
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
