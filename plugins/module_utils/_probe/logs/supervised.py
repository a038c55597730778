# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs that a supervisor keeps: the journal of a systemd unit, the log of a container. Both know the last start.

Each is a stream of chunks within the time bounds, each line behind the time at which the supervisor got it. `begins` is
called between what was written before the last start of the process and what was written since.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import text
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.reading import Unreadable, pipe_chunks
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.timestamps import line_time

Bounds = t.Tuple[t.Optional[float], t.Optional[float]]
# The first lines of a container may be a little older than the start that the engine noted.
_EARLY = 0.1
_TICK = 1e-6  # what was written at the start was written since, and both bounds belong to what they bound


def _parts(bounds: Bounds, start: t.Optional[float]) -> t.Tuple[t.Optional[Bounds], t.Optional[Bounds]]:
    """The bounds of what was written before the last start, and since; None where there is nothing."""
    since, until = bounds
    if start is None:
        return None, bounds
    end = start - _TICK
    before = None if since is not None and since >= start else (since, end if until is None else min(end, until))
    after = None if until is not None and until < start else (start if since is None else max(start, since), until)
    return before, after


def _joined(
    read: t.Callable[[Bounds], t.Iterator[bytes]],
    bounds: Bounds,
    start: t.Optional[float],
    begins: t.Callable[[], None],
) -> t.Iterator[bytes]:
    before, after = _parts(bounds, start)
    if before:
        last = b"\n"
        for part in read(before):
            last = part
            yield part
        if not last.endswith(b"\n"):
            yield b"\n"
    if start is not None:
        begins()
    if after:
        yield from read(after)


# The journal.


def journal_chunks(
    unit: str, bounds: Bounds, left: t.Callable[[], float], begins: t.Callable[[], None]
) -> t.Iterator[bytes]:
    """The journal of a unit through journalctl (systemd 234 or newer, for its time format)."""
    program = shutil.which("journalctl")
    if program is None:
        raise Unreadable("journal_unavailable", "unit: there is no journalctl on this host")
    known, invocation, started = _unit_state(unit, left)
    start = _first_entry(program, invocation, left) or started
    empty = True
    for chunk in _joined(lambda part: _journal(program or "", unit, part, left), bounds, start, begins):
        empty = empty and not chunk.strip()
        yield chunk
    if empty and not known:
        raise Unreadable("not_found", f"unit: there is no unit '{text.clean(unit)}', and the journal has nothing of it")


def _journal(program: str, unit: str, bounds: Bounds, left: t.Callable[[], float]) -> t.Iterator[bytes]:
    command = [program, "--no-pager", "--quiet", "--all", "--output=short-iso-precise", "--no-hostname"]
    command += [f"--unit={unit}"]
    command += [f"--{name}=@{at:.6f}" for name, at in zip(("since", "until"), bounds) if at is not None]
    with _child(command) as child:
        try:
            yield from pipe_chunks(child, left)
        except BaseException:
            child.kill()
            raise
        said = (child.stderr.read(4096) if child.stderr else b"").decode("utf-8", "replace")
        if child.wait() and said.strip():
            cause = "permission_denied" if "ermission" in said else "journal_unavailable"
            raise Unreadable(cause, f"unit: journalctl says: {text.excerpt(said)}")


def _first_entry(program: str, invocation: t.Optional[str], left: t.Callable[[], float]) -> t.Optional[float]:
    """When the journal got the first line of the unit's last run, None when it has none.

    A process may write before systemd has noted its start, and long before with ExecStartPre= or Type=forking.
    """
    if invocation is None:
        return None
    head = b""
    with _child([program, "--quiet", "--output=export", f"_SYSTEMD_INVOCATION_ID={invocation}"]) as child:
        try:
            for chunk in pipe_chunks(child, left):
                head += chunk
                if head.count(b"\n") > 2:  # cursor, real time, monotonic time: what heads every entry
                    break
        finally:
            child.kill()
    found = re.search(rb"^__REALTIME_TIMESTAMP=(\d+)$", head, re.MULTILINE)
    return int(found.group(1)) / 1e6 if found else None


def _child(command: t.List[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=_environment()
    )


def _unit_state(unit: str, left: t.Callable[[], float]) -> t.Tuple[bool, t.Optional[str], t.Optional[float]]:
    """Whether systemd knows the unit, the id of its last run, and when that run's main process started."""
    said = ""
    # systemd before 247 has no --timestamp: then only whole seconds are known.
    for precise in (["--timestamp=us+utc"], []):
        try:
            done = subprocess.run(
                ["systemctl", "show", "--property=LoadState,InvocationID,ExecMainStartTimestamp", *precise, "--", unit],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                timeout=min(10.0, left()), check=False, env=_environment(),
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return True, None, None
        said = done.stdout.decode("utf-8", "replace")
        if done.returncode == 0:
            break
    invocation = re.search(r"^InvocationID=([0-9a-f]{32})$", said, re.MULTILINE)
    started = re.search(r"^ExecMainStartTimestamp=\w+ (\S+ \S+) UTC$", said, re.MULTILINE)
    return (
        "LoadState=not-found" not in said,
        invocation.group(1) if invocation else None,
        line_time(f"{started.group(1)}Z", 0.0) if started else None,
    )


def _environment() -> t.Dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "TZ": "UTC", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}


# Containers.


def container_chunks(
    container: str,
    docker_host: t.Optional[str],
    bounds: Bounds,
    left: t.Callable[[], float],
    begins: t.Callable[[], None],
) -> t.Iterator[bytes]:
    """The log of a container, standard output and error together, from the Docker Engine."""
    from ansible_collections.traceops.tracing.plugins.module_utils._client.docker import Engine

    try:
        engine = Engine(docker_host, min(3600.0, left()))
        try:
            description = engine.inspect(container)
            if description is None:
                raise Unreadable("not_found", f"container: there is no container '{text.clean(container)}'")
            start = _last_start(description.get("State") or {})
            yield from _joined(lambda part: engine.log_chunks(container, *part), bounds, start, begins)
        finally:
            engine.close()
    except ProbeFailure as failure:
        raise Unreadable(failure.cause, f"container: {failure.message}") from None


def _last_start(state: t.Mapping[str, t.Any]) -> t.Optional[float]:
    """A moment between the last run but one and the last, or None when there is only one."""
    started = line_time(str(state.get("StartedAt")), 0.0)
    finished = line_time(str(state.get("FinishedAt")), 0.0)  # while it runs that of the run before; year 1: never
    if started is None or finished is None:
        return None
    return (finished + started) / 2 if finished < started else started - _EARLY
