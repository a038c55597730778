# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a program's log goes: the journal, the engine, the file behind its standard output, files it has open."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.result import LogPlace

MAX_PATHS = 5
_LOG = re.compile(r"\.log(?:\.\d{1,4}|[-.]\d{4}-?\d\d-?\d\d)?$")


class Asked(t.NamedTuple):
    """Whose log: its processes (the first is the main one), its unit and its container."""

    pids: t.Sequence[int]
    unit: str
    container: str
    driver: str  # of the container's log; "" where that is not known
    output: str  # StandardOutput of the unit; "" where that is not known
    inside: bool  # whether it has another file system than this host
    journal_stream: str  # JOURNAL_STREAM of its variables


def log_of(asked: Asked, opened: t.Mapping[int, t.Optional[proc.Open]]) -> LogPlace:
    """The place; {} where it is not known."""
    main = asked.pids[0] if asked.pids else 0
    seen = opened.get(main)
    files = seen.files if seen else {}
    output = [files[number] for number in (1, 2) if number in files]
    hidden = seen is None and asked.output in ("journal", "inherit", "journal+console", "syslog", "kmsg")
    if asked.unit and not asked.inside and (hidden or any(_to_journal(asked, main, number) for number in (1, 2))):
        return {"unit": asked.unit, "source": f"the standard output of unit {asked.unit} goes to the journal"}
    paths = [_path(main, each, asked.inside) for each in output if _is_file(each)]
    if paths:
        return {"paths": list(dict.fromkeys(paths)), "source": f"/proc/{main}/fd/1"}
    if asked.container and asked.driver != "none" and (not output or any(each.startswith("pipe:") for each in output)):
        return {"container": asked.container, "source": f"the engine keeps the log of container {asked.container}"}
    for pid in asked.pids[:8]:
        opened_here = opened.get(pid)
        found = [
            _path(pid, target, asked.inside)
            for number, target in sorted((opened_here.files if opened_here else {}).items())
            if _is_file(target) and _LOG.search(target) and proc.is_written(pid, number)
        ]
        if found:
            return {"paths": list(dict.fromkeys(found))[:MAX_PATHS], "source": f"/proc/{pid}/fd"}
    return {}


def _to_journal(asked: Asked, pid: int, descriptor: int) -> bool:
    """Whether that descriptor is the journal's socket (systemd.exec: JOURNAL_STREAM has its device and inode)."""
    if not asked.journal_stream:
        return False
    try:
        status = os.stat(f"{proc.PROC}/{pid}/fd/{descriptor}")
    except OSError:
        return True  # not to be seen by this user, but systemd said so when it started it
    return asked.journal_stream == f"{status.st_dev}:{status.st_ino}"


def _is_file(target: str) -> bool:
    return (
        target.startswith("/")
        and not target.startswith(("/dev/", "/proc/", "/memfd:"))
        and not target.endswith(" (deleted)")
    )


def _path(pid: int, target: str, inside: bool) -> str:
    return f"{proc.PROC}/{pid}/root{target}" if inside else target
