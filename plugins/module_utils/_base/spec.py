# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Option groups: each is the twin of the doc fragment of the same name (a test compares them)."""

from __future__ import annotations

import typing as t

Spec = t.Dict[str, t.Dict[str, t.Any]]

# How to talk to an HTTP(S) server, and as whom.
HTTP: Spec = {
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "token": {"type": "str", "no_log": True},
    "headers": {"type": "dict", "no_log": True},
    "tenant": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "timeout": {"type": "float", "default": 10.0},
}

TEMPO: Spec = {
    "tempo_url": {"type": "str", "default": "http://localhost:3200"},
}

GRAFANA: Spec = {
    "grafana_url": {"type": "str", "default": "http://localhost:3000"},
}

# Waiting for something to appear.
WAIT: Spec = {
    "wait_timeout": {"type": "float", "default": 0.0},
}
