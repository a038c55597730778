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


class HostPath(t.TypedDict):
    """What this host knows about a path; null for what cannot be told."""

    exists: t.Optional[bool]
    directory: t.Optional[bool]
    owner: t.Optional[int]  # ids
    group: t.Optional[int]
    mode: t.Optional[str]  # "0755"
    read_only: t.Optional[bool]  # the file system
    size: t.Optional[int]  # bytes
    free: t.Optional[int]  # for users other than root
    free_percent: t.Optional[float]
    free_inodes: t.Optional[int]
    error: str


class Mount(t.TypedDict):
    """A mount of a container; `host` is null where it cannot be known."""

    type: str
    source: str
    destination: str
    read_only: bool
    name: str
    host: t.Optional[HostPath]


def describe(answer: Json, engine: Engine) -> t.List[Mount]:
    """The mounts of an inspected container."""
    mounts: t.List[Mount] = [
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


def _host(source: str, engine: Engine) -> t.Optional[HostPath]:
    # Only a socket on this host means that the engine's paths are this host's paths.
    if not engine.local or not source.startswith("/"):
        return None
    try:
        return bounded(lambda: host_path(source), min(PATIENCE, engine.left))
    except TookTooLong:
        return {**_UNKNOWN, "error": "the file system does not answer"}


_UNKNOWN: HostPath = {
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


def host_path(path: str) -> HostPath:
    """What `os.stat` and `os.statvfs` tell."""
    try:
        status = os.stat(path)
        file_system = os.statvfs(path)
    except FileNotFoundError:
        return {**_UNKNOWN, "exists": False}
    except OSError as error:
        return {**_UNKNOWN, "error": (error.strerror or "it cannot be read").lower()}
    size = file_system.f_blocks * file_system.f_frsize
    free = file_system.f_bavail * file_system.f_frsize
    return {
        "exists": True,
        "directory": stat.S_ISDIR(status.st_mode),
        "owner": status.st_uid,
        "group": status.st_gid,
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "read_only": bool(file_system.f_flag & os.ST_RDONLY),
        "size": size,
        "free": free,
        "free_percent": round(100 * free / size, 1) if size else None,
        # Some file systems (btrfs, for one) have no fixed number of inodes and say 0 of 0.
        "free_inodes": file_system.f_favail if file_system.f_files else None,
        "error": "",
    }
