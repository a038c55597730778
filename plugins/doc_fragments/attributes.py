# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return what it would without changing the target.
  diff_mode:
    support: N/A
    details: This module changes nothing, so there is no difference to show.
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    support: full
    description:
      - When run twice in a row outside check mode, with the same arguments, the second run indicates no change.
"""

    ACTIONGROUP_TRACING = r"""
options: {}
attributes:
  action_group:
    support: full
    membership:
      - traceops.tracing.tracing
    description: Use C(group/traceops.tracing.tracing) in C(module_defaults) to set defaults for this module.
"""

    ACTIONGROUP_TEMPO = r"""
options: {}
attributes:
  action_group:
    support: full
    membership:
      - traceops.tracing.tracing
      - traceops.tracing.tempo
    description:
      - Use C(group/traceops.tracing.tempo) in C(module_defaults) to set C(tempo_url) and how it is asked for all
        modules that ask Tempo, or C(group/traceops.tracing.tracing) for what every module has.
"""
