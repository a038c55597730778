# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command line runs, and how it may be shown. Pure functions."""

from __future__ import annotations

import os
import re
import shlex
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import later
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import MASK, clean, redact

# Programs that run another program's file: the file is what the application is called.
_INTERPRETER = later.pattern(r"^(?:python[\d.]*|node|nodejs|java|ruby|dotnet|php[\d.]*|perl|bun|deno|sh|bash|dash)$")

_INITS = ("docker-init", "podman-init", "tini", "catatonit", "dumb-init")

_MAX_QUOTED = 16 * 1024  # characters; shlex takes a second for 100,000

_WITH_VALUE = ("-cp", "-classpath", "--class-path", "-r", "--require", "--import", "-W", "-X")


def program_of(words: t.Sequence[str]) -> str:
    """The file name of the program, or of the script or archive that an interpreter runs."""
    if not words:
        return ""
    # Some name themselves anew: "nginx: master process /usr/sbin/nginx".
    program = os.path.basename(words[0].partition(": ")[0])
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


def inner(words: t.Sequence[str]) -> t.List[str]:
    """The last command of a shell's script that is given as one word (sh -c "cd /srv && exec app"); else `words`."""
    if len(words) > 2 and re.match(r"^(?:sh|bash|ash|dash)$", os.path.basename(words[0])) and words[1] in ("-c", "-ec"):
        found = split(re.split(r"&&|;|\n|\|\|", words[2].strip().rstrip(";"))[-1])
        return found[1:] if found[:1] == ["exec"] else found
    return list(words)


def split(text: str) -> t.List[str]:
    """The words of a command line in one text; without its quotes' meaning where they do not fit, or it is endless."""
    try:
        return shlex.split(text) if len(text) < _MAX_QUOTED else text.split()
    except ValueError:
        return text.split()


# Values that can hold no secret: paths and files, numbers, addresses without a path of their own.
_PATH = later.pattern(
    r"^(?:(?:file:)?(?:~|\.{0,2})/[\w./@+:-]{1,160}|[\w.-]{1,60}\.(?:ya?ml|conf|ini|jar|war|py|[cm]?js|ts|toml|alloy|river|"
    r"sql|json|properties|rb|php|dll|exs?|sh))$"
)
_FIGURE = later.pattern(r"^(?:[+-]?\d{1,6}(?:\.\d{1,6})?[a-z]{0,2}|true|false|env:[A-Z_]{1,60})$")
_HOST = r"(?:\[[0-9a-fA-F:.]*\]|[A-Za-z0-9_.-]{0,80})"
_ADDRESS = later.pattern(
    rf"^(?:https?://{_HOST}(?::\d{{1,5}})?|{_HOST}:\d{{1,5}}|localhost)(?:/v\d/(?:traces|metrics|logs))?/?$"
)
_WORD = later.pattern(r"^[a-z][a-z._-]{0,24}$")
# A value may follow one letter without a space (-pPASSWORD).
_OPTION = later.pattern(
    r"^(?:--[A-Za-z][\w.:-]{0,80}|-[A-Za-z]|-(?:D|X|XX:[+-]?)[\w.-]{1,80}|-[a-z]+(?:[._-][a-z0-9]+)+|-jar|-cp)$"
)
_SUSPICIOUS = later.pattern(
    r"(?i)token|secret|passw?|phrase|pwd|cred|auth|header|key|user|login|cookie|dsn|licen[cs]e|salt|seed|conn\w*[-_.]?str|url$|^-D(?!otel\.)"
)
# One letter tells nothing, but for these.
_LETTERS = ("-c", "-f", "-m", "-r", "-jar", "-cp")


def shown(words: t.Sequence[str], limit: int = 300) -> str:
    """A command line as it may be shown: the program, the names of options, and values that can hold no secret.

    A value is shown where it has the form of a path, a file, a number, an address or a plain word, and its option does
    not sound like a secret; everything else is masked.
    """
    told: t.List[str] = []
    option = ""  # that the next word may belong to
    for position, word in enumerate(words[:100]):
        text = clean(word)
        name, equals, value = text.partition("=")
        if position == 0:
            told.append(_program(text))
        elif text.startswith("-javaagent:"):
            told.append(f"-javaagent:{_value('-cp', name.split(':', 1)[1])}")
        elif text.startswith("-"):
            known = _OPTION.match(name) or (equals and _WORD.match(name[1:]))
            value = f"={_value(name, value)}" if equals else ""
            told.append(f"{name if known else name[:2] + MASK}{value}")
            option = "" if equals else name
            continue
        else:
            told.append(text if not option and position < 3 and _WORD.match(text) else _value(option, text))
        option = ""
    return redact(" ".join(told))[:limit]


def _program(word: str) -> str:
    """The path of the program; some write there what they do ("nginx: master process")."""
    path = word.partition(": ")[0]
    return path[:160] if re.match(r"^[\w./@+-]+$", path) else MASK


def _value(option: str, value: str) -> str:
    alone = re.match(r"^-[A-Za-z]$", option) and option not in _LETTERS
    if alone or _SUSPICIOUS.search(option):
        return MASK
    forms = [_PATH, _FIGURE, *([_ADDRESS, _WORD] if option.startswith("-") else [])]
    return value if any(form.match(value) for form in forms) else MASK
