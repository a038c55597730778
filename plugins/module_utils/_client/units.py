# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of its units, and the files that set their variables; bounded."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._client.proc import MAX_PIDS, MAX_READ, pair
from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import split


def properties(text: t.Optional[str]) -> t.Dict[str, t.List[str]]:
    """{name: [value, ...]} of `systemctl show`: a property such as EnvironmentFiles is printed once per value."""
    found: t.Dict[str, t.List[str]] = {}
    for line in (text or "").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, []).append(value)
    return found


def pids_of_group(group: str) -> t.List[int]:
    """The processes in a unit's control group; cgroup 2 alone, beside version 1, or version 1's systemd hierarchy."""
    if not group.startswith("/") or group == "/" or ".." in group:
        return []
    for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"):
        try:
            with open(f"{root}{group}/cgroup.procs", encoding="ascii") as handle:
                return [int(line) for line in handle.read(64 * 1024).split()][:MAX_PIDS]
        except (OSError, ValueError):
            continue
    return []


def exec_start(text: str) -> t.List[str]:
    """The words of `{ path=... ; argv[]=PROGRAM ARGUMENTS ; ignore_errors=... }`."""
    match = re.search(r"argv\[\]=(.*?) ; ignore_errors=", text)
    return split(match.group(1)) if match else []


def filled(words: t.Sequence[str], environment: t.Mapping[str, str]) -> t.List[str]:
    """A command line with its variables: $NAME as a word of its own gives several, ${NAME} is a part of one."""
    found: t.List[str] = []
    for word in words:
        if re.match(r"^\$\w+$", word):
            found += split(environment.get(word[1:], ""))
        else:
            found.append(re.sub(r"\$\{(\w+)\}", lambda name: environment.get(name.group(1), ""), word))
    return found


def unit_environment(said: t.Dict[str, t.List[str]]) -> t.Dict[str, str]:
    """What Environment= and the files of EnvironmentFile= set; the files win, as in systemd."""
    environment: t.Dict[str, str] = {}
    for line in said.get("Environment", []):
        environment.update(pair(word) for word in split(line) if "=" in word)
    for line in said.get("EnvironmentFiles", []):
        for path in re.findall(r"(/\S+) \(ignore_errors=", line + " (ignore_errors="):
            environment.update(_environment_file(path))
    return environment


def _environment_file(path: str) -> t.Dict[str, str]:
    try:
        if not os.path.isfile(path):
            return {}
        with open(path, encoding="utf-8", errors="replace") as handle:
            lines = handle.read(MAX_READ).splitlines()
    except OSError:
        return {}
    pairs = (pair(line.strip()) for line in lines if "=" in line and not line.lstrip().startswith(("#", ";")))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}
