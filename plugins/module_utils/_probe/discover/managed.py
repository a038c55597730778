# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units of systemd: what those that do not run would start, and what their files say now.

Files are read by hand, as systemd 240 to 257 reads them (systemd.unit, systemd.exec): drop-ins behind the unit's own
file, an empty Environment= or EnvironmentFile= forgets what was before it, and files win over Environment=.
"""

from __future__ import annotations

import glob
import os
import re
import stat
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import output_of
from ansible_collections.traceops.tracing.plugins.module_utils._client import units
from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import split

MAX_FILES = 40  # of one unit
MAX_OUTPUT = 8 * 1024 * 1024  # bytes; a unit has about 600
MAX_FILE = 256 * 1024  # bytes
# Where an administrator's drop-ins are: systemd knows those of its last daemon-reload.
DROP_INS = ("/run/systemd/system", "/etc/systemd/system")
BOOTED = "/run/systemd/system"  # is there where systemd runs (sd_booted)
_WANTED = (
    "Id,LoadState,ActiveState,SubState,Type,MainPID,ExecStart,User,WorkingDirectory,FragmentPath,DropInPaths,"
    "StandardOutput"
)


class Unit(t.NamedTuple):
    """A loaded service."""

    name: str
    running: bool
    kind: str  # its Type: oneshot ...
    main_pid: int
    words: t.List[str]
    user: str
    directory: str
    output: str  # its StandardOutput: journal, file:PATH ...
    files: t.List[str]  # its own file and its drop-ins, in order


class Set(t.NamedTuple):
    """A variable that a unit's files set."""

    value: str
    source: str  # FILE:LINE
    changed: float  # when that file was changed last, seconds since 1970


def loaded(seconds: float) -> t.Optional[t.Dict[str, Unit]]:
    """All loaded services by name; None where systemd does not run or does not answer in time."""
    if not os.path.isdir(BOOTED):
        return None
    text = output_of(["systemctl", "show", f"--property={_WANTED}", "--", "*.service"], seconds, MAX_OUTPUT)
    if not text:
        return None
    found = {}
    for block in text.split("\n\n"):
        said = {name: values[0] for name, values in units.properties(block).items()}
        name = said.get("Id", "")
        if not name or said.get("LoadState") != "loaded":
            continue
        paths = [said.get("FragmentPath", ""), *split(said.get("DropInPaths", ""))]
        main = said.get("MainPID", "")
        found[name] = Unit(
            name=name,
            # Between two starts of what ends again and again it is activating, too.
            running=said.get("ActiveState") in ("active", "reloading") or main not in ("", "0"),
            kind=said.get("Type", ""),
            main_pid=int(main) if main.isdigit() else 0,
            words=units.exec_start(said.get("ExecStart", "")),
            user=said.get("User", ""),
            directory=said.get("WorkingDirectory", "").lstrip("!-"),
            output=said.get("StandardOutput", ""),
            files=[path for path in paths if path.startswith("/")][:MAX_FILES],
        )
    return found


def configured(unit: Unit) -> t.Dict[str, Set]:
    """The variables that the unit's files set now."""
    own: t.Dict[str, Set] = {}
    named: t.List[str] = []
    dropped: t.Set[str] = set()
    for path in files_of(unit):
        for number, key, value in _settings(path):
            if key == "Environment":
                if not value:
                    own.clear()
                for word in split(value):
                    name, equals, text = word.partition("=")
                    meant = _expanded(text, unit.name)
                    if equals and meant is not None:
                        own[name] = Set(meant, f"{path}:{number}", _changed(path))
            elif key == "EnvironmentFile":
                named = [*named, value] if value else []
            elif key == "UnsetEnvironment":
                dropped |= {word.partition("=")[0] for word in split(value)}
    for pattern in named[:MAX_FILES]:
        plain = _expanded(pattern.strip().strip('"').lstrip("-"), unit.name) or ""
        paths = sorted(glob.glob(plain))[:MAX_FILES] if re.search(r"[*?\[]", plain) else [plain]
        for path in paths:
            own.update(_environment_file(path))
    return {name: each for name, each in own.items() if name not in dropped}


def files_of(unit: Unit) -> t.List[str]:
    """The unit's own file and its drop-ins, also those that systemd has not loaded yet, in order."""
    names = [unit.name, re.sub(r"@[^@]*(?=\.service$)", "@", unit.name)]
    new = [path for root in DROP_INS for name in dict.fromkeys(names) for path in glob.glob(f"{root}/{name}.d/*.conf")]
    by_name: t.Dict[str, str] = {}
    for path in [*unit.files[1:], *new]:
        by_name[os.path.basename(path)] = path
    return [*unit.files[:1], *(by_name[name] for name in sorted(by_name))][:MAX_FILES]


def _expanded(text: str, unit: str) -> t.Optional[str]:
    """`text` with the unit's name in place of its specifiers; None when there are others, which only systemd knows."""
    stem = unit[: -len(".service")] if unit.endswith(".service") else unit
    prefix, _at, instance = stem.partition("@")
    known = {"%": "%", "n": unit, "N": stem, "p": prefix, "i": instance}
    if any(letter not in known for letter in re.findall(r"%(.?)", text.replace("%%", ""))):
        return None
    return re.sub(r"%(.)", lambda found: known[found.group(1)], text)


def _settings(path: str) -> t.Iterator[t.Tuple[int, str, str]]:
    """(line, key, value) of the section [Service]; lines that end in a backslash go on in the next one."""
    section, held, start = "", "", 0
    for number, line in enumerate(_lines(path), 1):
        text = line.strip()
        if text.startswith(("#", ";")) or (not text and not held):
            continue
        start = start or number
        if text.endswith("\\"):
            held += text[:-1] + " "
            continue
        whole, at = held + text, start
        held, start = "", 0
        if whole.startswith("[") and whole.endswith("]"):
            section = whole[1:-1]
        elif section == "Service":
            key, equals, value = whole.partition("=")
            if equals:
                yield at, key.strip(), value.strip()


def _environment_file(path: str) -> t.Dict[str, Set]:
    """The variables of an EnvironmentFile=; quotes and a backslash at the end of a line as in a shell."""
    found: t.Dict[str, Set] = {}
    held, start = "", 0
    for number, line in enumerate(_lines(path), 1):
        if not held and line.lstrip()[:1] in ("#", ";", ""):
            continue
        start = start or number
        if line.endswith("\\"):
            held += line[:-1]
            continue
        name, equals, value = (held + line).strip().partition("=")
        at = start
        held, start = "", 0
        if equals and re.fullmatch(r"[A-Za-z_]\w*", name.strip()):
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            found[name.strip()] = Set(value, f"{path}:{at}", _changed(path))
    return found


def _lines(path: str) -> t.List[str]:
    """The lines of a regular file; nothing of anything else, which might be waited for without an end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return []
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return []
        with os.fdopen(descriptor, "rb", closefd=False) as handle:
            return handle.read(MAX_FILE).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    finally:
        os.close(descriptor)


def _changed(path: str) -> float:
    """When a file, or what it is called, was changed last: a copy may keep the time of its content."""
    try:
        status = os.stat(path)
    except OSError:
        return 0.0
    return max(status.st_mtime, status.st_ctime)
