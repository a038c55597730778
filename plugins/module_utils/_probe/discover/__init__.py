# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): what is on this host that a span meets, and who talks to whom.

Read with Python's standard library alone, from /proc, the engine's socket, units and the files that command lines name.
`cause`: ok. What could not be seen is said in `unseen`, never left out.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import TookTooLong, bounded
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import Spec
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.look import Look, nothing
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.result import (
    Address,
    Application,
    Collector,
    Connection,
    Grafana,
    Listener,
    LogPlace,
    Program,
    Published,
    Result,
    Stale,
    Tempo,
)

__all__ = [
    "Address",
    "Application",
    "Collector",
    "Connection",
    "Grafana",
    "Listener",
    "LogPlace",
    "Program",
    "Published",
    "Result",
    "Stale",
    "Tempo",
]

ARGUMENT_SPEC: Spec = {
    "docker_host": {"type": "str"},
    "timeout": {"type": "float", "default": 3.0},
}
GRACE = 1.0  # seconds beyond the time, for what has no time limit of its own


def run(params: t.Dict[str, t.Any]) -> Result:
    """What is on this host; takes at most `timeout` seconds and a little more, and fails on nothing that is there."""
    seconds = float(params["timeout"])
    if not 0 < seconds <= 3600:
        raise BadOption(f"timeout: {seconds:g} is not between 0 and 3600 seconds")
    look = Look(params.get("docker_host"), time.monotonic(), seconds)
    try:
        return bounded(look.around, seconds + GRACE)
    except TookTooLong:
        return nothing(f"the look around did not end within {seconds:g} s")
    except Exception as error:  # a host is hostile, and who asked for more than this gets the rest
        return nothing(f"the look around ended with an error ({type(error).__name__})")
