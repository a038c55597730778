# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a program, as it sees them: of its process's root, of a stopped container's mounts, of this host."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.groups import Group

MAX_BYTES = 8 * 1024 * 1024  # of all files of one program


class Files:
    """`read` and `names`, for the readers of configuration files; nothing once `deadline` is over."""

    def __init__(self, group: Group, directory: str, deadline: float) -> None:
        """`directory`: where relative paths of what does not run begin."""
        self._pid, self._container = group.pids[0] if group.pids else 0, group.container
        self._here, self._directory = not group.container_id, directory
        self._deadline, self._left = deadline, MAX_BYTES

    def read(self, path: str) -> t.Optional[str]:
        """The text of a regular file; None when it cannot be read."""
        if time.monotonic() > self._deadline or self._left <= 0:
            return None
        text = None
        for root, there in self._places(path):
            text = proc.file_under(root, there)
            if text is not None:
                self._left -= len(text)
                break
        return text

    def names(self, path: str) -> t.List[str]:
        """The names in a directory."""
        if time.monotonic() > self._deadline:
            return []
        return next((names for names in (proc.names_under(*place) for place in self._places(path)) if names), [])

    def _places(self, path: str) -> t.Iterator[t.Tuple[str, str]]:
        """Where the file may be: (a directory that nothing leads out of, the path in it)."""
        if self._pid:
            yield proc.inside(self._pid, path)
        if self._container:
            inside = os.path.normpath(os.path.join("/", path))
            for destination, source in self._container.mounts:
                if inside == destination:  # of a single file, or the directory itself
                    yield (source, "/") if os.path.isdir(source) else os.path.split(source)
                    return
                if inside.startswith(destination + "/"):
                    yield source, inside[len(destination) :]
                    return
        elif self._here and (not self._pid or path.startswith("/")):
            # Of another user's process /proc/PID/root cannot be entered, but its files may be there for all.
            yield "/", os.path.join(self._directory or "/", path)
