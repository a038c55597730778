# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which container and which systemd unit a process belongs to, by the text of /proc/PID/cgroup. Pure functions.

Forms: cgroup 1 (NUMBER:CONTROLLERS:PATH) and 2 (0::PATH). Docker 20 to 28 and Podman 4 with either driver, containerd,
CRI-O and Kubernetes 1.20 to 1.34 have the container's id, 64 hexadecimal digits, in a part of the path.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import later

_ID = later.pattern(r"(?:^|[-:/])([0-9a-f]{64})(?=$|\.scope|/|:|\.)")
# Guests with a systemd of their own: LXC, systemd-nspawn.
_GUEST = later.pattern(r"^/(?:\.\./)*(?:lxc/|lxc\.payload[./]|machine\.slice/)")
_UNIT = later.pattern(r"/([^/\s]+\.service)(?=/|$)")
# What they start belongs to whom they start it for.
_CARRIERS = later.pattern(
    r"^(?:user@\d+|sshd?(?:@.*)?|crond?|cronie|atd|docker|containerd|podman|getty@.*|serial-getty@.*)\.service$"
)


class Place(t.NamedTuple):
    """Where a process belongs: ids of containers from the outermost to its own; a unit of the system's manager."""

    containers: t.Tuple[str, ...]
    unit: str  # "" when it is in none, or in one that only started it for somebody
    path: str  # of its group, what others in the same one have, too


def placed(text: str, outside: t.Collection[str] = ()) -> Place:
    """The place that /proc/PID/cgroup tells; `outside` are ids of containers that this whole host is in."""
    paths = [_path(line) for line in text.splitlines() if line.count(":") >= 2]
    found = [tuple(each for each in _ID.findall(path) if each not in outside) for _who, path in paths]
    containers = max(found, key=len, default=())
    # Version 2, or version 1's hierarchy of systemd; others may be anywhere.
    managed = [path for who, path in paths if who in ("", "name=systemd")]
    path = max(managed, key=len, default="")
    within = path
    for each in outside:
        within = within.rpartition(each)[2]
    names = [] if "/user@" in within or _GUEST.match(within) else _UNIT.findall(within)
    unit = names[-1] if names and not _CARRIERS.match(names[-1]) else ""
    return Place(containers, "" if containers else _unescaped(unit), path)


def ids(text: str) -> t.Set[str]:
    """The ids of all containers in /proc/PID/cgroup."""
    return set(_ID.findall(text))


def _path(line: str) -> t.Tuple[str, str]:
    _number, who, path = line.split(":", 2)
    return who, path


def _unescaped(unit: str) -> str:
    """A unit's name as systemctl takes it: in a path of groups a leading underscore protects some."""
    return unit[1:] if unit.startswith("_") else unit
