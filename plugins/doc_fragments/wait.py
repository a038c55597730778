# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Twin of _spec.WAIT.
    DOCUMENTATION = r"""
options:
  wait_timeout:
    description: Seconds to wait for what is asked for. V(0) looks once.
    type: float
    default: 0.0
"""
