# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container's mounts, and what this host knows about the path behind each."""

from __future__ import annotations

import os
import stat
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import TookTooLong, bounded
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._client.docker import Engine, Json

PATIENCE = 2.0  # seconds for one path: a dead NFS server never answers


def describe(answer: Json, engine: Engine) -> t.List[Json]:
    """[{type, source, destination, read_only, name, host}]; `host` as in `host_path`, None where it can't be known."""
    mounts = [
        {
            "type": clean(str(mount.get("Type") or "")),
            "source": clean(str(mount.get("Source") or "")),
            "destination": clean(str(mount.get("Destination") or "")),
            "read_only": not mount.get("RW", True),
            "name": clean(str(mount.get("Name") or "")),
            "host": _host(str(mount.get("Source") or ""), engine),
        }
        for mount in answer.get("Mounts") or []
    ]
    for destination, options in ((answer.get("HostConfig") or {}).get("Tmpfs") or {}).items():
        mounts.append(
            {
                "type": "tmpfs",
                "source": "",
                "destination": clean(destination),
                "read_only": "ro" in str(options).split(","),
                "name": "",
                "host": None,
            }
        )
    return mounts


def _host(source: str, engine: Engine) -> t.Optional[Json]:
    # Only a socket on this host means that the engine's paths are this host's paths.
    if not engine.local or not source.startswith("/"):
        return None
    try:
        return bounded(lambda: host_path(source), min(PATIENCE, engine.left))
    except TookTooLong:
        return {**_UNKNOWN, "error": "the file system does not answer"}


_UNKNOWN: Json = {
    "exists": None,
    "directory": None,
    "owner": None,
    "group": None,
    "mode": None,
    "read_only": None,
    "size": None,
    "free": None,
    "free_percent": None,
    "free_inodes": None,
    "error": "",
}


def host_path(path: str) -> Json:
    """{exists, directory, owner, group (ids), mode ("0755"), read_only (the file system), size, free (bytes, for users
    other than root), free_percent, free_inodes, error}; None for what can't be told.
    """
    found = dict(_UNKNOWN)
    try:
        status = os.stat(path)
        file_system = os.statvfs(path)
    except FileNotFoundError:
        return {**found, "exists": False}
    except OSError as error:
        return {**found, "error": error.strerror or str(error)}
    size = file_system.f_blocks * file_system.f_frsize
    free = file_system.f_bavail * file_system.f_frsize
    found.update(
        exists=True,
        directory=stat.S_ISDIR(status.st_mode),
        owner=status.st_uid,
        group=status.st_gid,
        mode=f"{stat.S_IMODE(status.st_mode):04o}",
        read_only=bool(file_system.f_flag & os.ST_RDONLY),
        size=size,
        free=free,
        free_percent=round(100 * free / size, 1) if size else None,
        # Some file systems (btrfs, for one) have no fixed number of inodes and say 0 of 0.
        free_inodes=file_system.f_favail if file_system.f_files else None,
    )
    return found
