# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command line runs: the program behind an interpreter or a container's init. Pure functions."""

from __future__ import annotations

import os
import re
import shlex
import typing as t

# Programs that run another program's file: the file is what the application is called.
_INTERPRETER = re.compile(r"^(?:python[\d.]*|node|nodejs|java|ruby|dotnet|php[\d.]*|perl|bun|deno|sh|bash|dash)$")

_INITS = ("docker-init", "podman-init", "tini", "catatonit", "dumb-init")

_WITH_VALUE = ("-cp", "-classpath", "--class-path", "-r", "--require", "--import", "-W", "-X")


def program_of(words: t.Sequence[str]) -> str:
    """The file name of the program, or of the script or archive that an interpreter runs."""
    if not words:
        return ""
    program = os.path.basename(words[0])
    return (_script(words) or program) if _INTERPRETER.match(program) else program


def _script(words: t.Sequence[str]) -> str:
    """What an interpreter runs: the value of -jar or -m, else the first word that is neither option nor its value."""
    before = ""
    for word in words[1:]:
        if before in ("-jar", "-m") or not (word.startswith("-") or before in _WITH_VALUE):
            return os.path.basename(word)
        if word in ("-c", "-e"):
            return ""
        before = word
    return ""


def unwrapped(words: t.List[str]) -> t.List[str]:
    """The command line that a container's init (docker run --init, tini) stands before."""
    if words and os.path.basename(words[0]) in _INITS and "--" in words:
        return words[words.index("--") + 1 :]
    return words


def split(text: str) -> t.List[str]:
    """The words of a command line in one text; without its quotes' meaning where they do not fit."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
