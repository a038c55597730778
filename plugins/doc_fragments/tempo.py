# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Twin of _spec.TEMPO.
    DOCUMENTATION = r"""
options:
  tempo_url:
    description: Base URL of Tempo's HTTP API, without a path such as C(/api).
    type: str
    default: http://localhost:3200
"""
