# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all readers of configuration files share: a program's files, its command line, and what may be shown."""

from __future__ import annotations

import re
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import later, nodes, text
from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node

MAX_CHARACTERS = nodes.MAX_CHARACTERS
MAX_FILES = 50
MAX_UNREAD = 30
SECONDS = 1.5  # for the files of one program

T = t.TypeVar("T")
Read = t.Callable[[str], t.Optional[str]]
ListDir = t.Callable[[str], t.List[str]]


class Reading:
    """The files of one program, as it sees them.

    `read(path)` gives a file's text, or None when it cannot be read; text of MAX_CHARACTERS or bytes, or of more, is
    taken as cut off there. A relative path is one of the program's working directory. `list_dir(path)` gives the names
    in a folder.
    """

    def __init__(self, words: t.Sequence[str], environment: t.Mapping[str, str], read: Read, list_dir: ListDir) -> None:
        self.words = [str(word) for word in words]
        self.environment = environment
        self.ends = time.monotonic() + SECONDS
        self.files: t.List[str] = []
        self.unread: t.List[str] = []
        self._read = read
        self._list_dir = list_dir

    def say(self, sentence: str) -> None:
        """Add a sentence on what cannot be read or followed; it has no value of a file."""
        if sentence not in self.unread and len(self.unread) < MAX_UNREAD:
            self.unread.append(sentence)

    def say_unset(self, place: str, variable: str) -> None:
        """Say that a variable has no value; every process has some, so without any nobody could read them."""
        why = "is not set" if self.environment else "is not known: the environment cannot be read"
        self.say(f"{place}: the environment variable {shown_name(variable)} {why}")

    def text(self, path: str, optional: bool = False) -> t.Optional[str]:
        """The text of a file, at most its first MAX_CHARACTERS; None, and said, when it cannot be read."""
        shown = shown_path(path)
        if len(self.files) >= MAX_FILES:
            self.say(f"{shown} is not read: there are more than {MAX_FILES} files")
            return None
        found = self._read(path)
        if found is None:
            if not optional:
                self.say(f"{shown} cannot be read")
            return None
        if shown not in self.files:
            self.files.append(shown)
        if "\0" in found:
            self.say(f"{shown} is no text file")
            return None
        # Whoever gives the text may have cut it off by bytes.
        if len(found) >= MAX_CHARACTERS or len(found.encode("utf-8", "replace")) >= MAX_CHARACTERS:
            self.say(f"{shown} is larger than 1 MiB: only its beginning is read")
            found = found[:MAX_CHARACTERS]
            found = found[: found.rfind("\n") + 1]
        return found

    def exists(self, path: str) -> bool:
        """Whether a file can be read."""
        return self._read(path) is not None

    def yaml(self, path: str, optional: bool = False) -> t.Optional[Node]:
        """The first document of a YAML file; None, and said, when it cannot be read."""
        found = self.text(path, optional)
        if found is None:
            return None
        from ansible_collections.traceops.tracing.plugins.module_utils._base import (
            yaml_lines,
        )  # for who has such a file

        return self.parsed(found, path, yaml_lines.document)

    def parsed(self, content: str, path: str, parse: t.Callable[[str, str, float], T]) -> t.Optional[T]:
        """What `parse(content, path, seconds)` makes of a text; None, and said, when it cannot be read."""
        shown = shown_path(path)
        try:
            return parse(content, shown, self.ends - time.monotonic())
        except nodes.Unreadable as error:
            self.say(f"{shown} cannot be read: {error}")
            return None

    def folder(self, path: str) -> t.List[str]:
        """The names in a folder, sorted; [] where there is none."""
        return sorted(self._list_dir(path))


def options(words: t.Sequence[str], *names: str) -> t.List[str]:
    """The values of an option of a command line, in order: `--name value`, `--name=value`, and both with one dash."""
    wanted = {dashes + name for name in names for dashes in ("-", "--")}
    found = []
    for index, word in enumerate(words):
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name in wanted and equals:
            found.append(value)
        elif word in wanted and index + 1 < len(words):
            found.append(words[index + 1])
    return found


def flag(words: t.Sequence[str], name: str) -> t.Optional[bool]:
    """A truth value of a command line, as Go reads it: `--name`, `--name=false`; None when it is not there."""
    found = None
    for word in words:
        option, equals, value = word.partition("=")
        if option in ("-" + name, "--" + name):
            found = value.lower() in ("1", "t", "true") if equals else True
    return found


def is_like(name: str, pattern: str) -> bool:
    """Whether `pattern`, with * for anything, fits `name`; in a time that no pattern makes long."""
    first, *parts = pattern.split("*")
    if not parts:
        return name == pattern
    last = parts.pop()
    if not name.startswith(first) or not name.endswith(last) or len(name) < len(first) + len(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in parts:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


# ${NAME} and its forms, as drone/envsubst has them; $${ is an escaped ${.
REFERENCE = later.pattern(r"\$\$\{|\$\{([A-Za-z_0-9]+)(?:(:-|:=|=)([^{}]*)|([^{}]*))\}")


def with_variables(reading: Reading, content: str, path: str) -> str:
    """A file's text with its variables put in, as Tempo and Grafana Agent do with -config.expand-env."""

    def put_in(found: t.Match[str]) -> str:
        name, default, operation = found.group(1), found.group(3), found.group(4)
        if name is None:
            return "${"
        if operation:
            line = content.count("\n", 0, found.start()) + 1
            reading.say(f"{path}:{line}: what is done to a variable cannot be followed")
            return ""
        # Without newlines, so that all lines keep their numbers.
        return (reading.environment.get(name) or default or "").replace("\n", " ")

    return REFERENCE.sub(put_in, content)


# What may be shown

_NAME = later.pattern(r"[^\w./@:+\-]+")
_HEADER = later.pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_HOST = later.pattern(r"[A-Za-z0-9_.%*-]{0,255}\Z|[0-9A-Fa-f:.]{2,45}\Z")
_AUTHORITY = later.pattern(
    r"(?:\[[0-9A-Fa-f:.%]*\]|[^:@\s]*)(?::\d*)?\Z|(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]{2,45}\Z"  # or IPv6 without brackets
)


def _line(value: str, limit: int) -> str:
    """One clean line without secrets, and without halves of characters, which no result can carry."""
    return text.excerpt(value.encode("utf-8", "replace").decode("utf-8"), limit)


def shown_path(path: str) -> str:
    """A path as it may be shown."""
    return _line(path, 300)


def shown_name(name: str) -> str:
    """The name of a component: letters, digits and the marks that such names have."""
    return _NAME.sub("_", text.redact(name))[:100]


def shown_text(name: str) -> str:
    """A name for people, which may have blanks."""
    return _line(name, 100)


def shown_endpoint(endpoint: str) -> str:
    """An address without user, password, query and fragment."""
    endpoint = text.clean(endpoint).strip()
    scheme, separator, rest = endpoint.rpartition("://") if "://" in endpoint else ("", "", endpoint)
    authority, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    if "@" in rest:
        if _AUTHORITY.match(authority):
            path = slash = ""  # an @ in a path, or a password that no URL may have: either way it is not needed
        elif "@" in authority:
            authority = authority.rpartition("@")[2]
        else:
            authority, slash, path = re.split("[?#]", rest.rpartition("@")[2], maxsplit=1)[0].partition("/")
    if not _AUTHORITY.match(authority) and "$" not in authority:
        authority = authority.partition(":")[0]  # what stands there is no port, and may be the half of a password
    return _line(scheme + separator + authority + slash + path, 300)


def header_names(node: t.Optional[Node]) -> t.List[str]:
    """The names of headers, of a mapping or of a list of {name, value} or {key, value}."""
    names = list(nodes.pairs(node))
    names.extend(nodes.word(nodes.at(entry, "name") or nodes.at(entry, "key")) for entry in nodes.entries(node))
    return sorted({name for name in names if _HEADER.match(name)})


class Listening(t.NamedTuple):
    host: str
    port: t.Optional[int]


def listening(address: str, port: t.Optional[int] = None) -> Listening:
    """Host and port of HOST:PORT, :PORT, [::]:PORT or a URL; `port` where none is said."""
    rest = shown_endpoint(address).rpartition("://")[2].partition("/")[0]
    found = re.match(r"(?:\[(?P<six>[^\]]*)\]|(?P<host>[^:]*))(?::(?P<port>\d{1,5}))?\Z", rest)
    host, said = (found.group("six") or found.group("host") or "", found.group("port")) if found else (rest, None)
    if not _HOST.match(host):
        return Listening("", None)
    return Listening(host, port_number(said) if said else port)


def port_number(word: str) -> t.Optional[int]:
    """A port; None of what is none."""
    return int(word) if re.match(r"\d{1,5}\Z", word) and int(word) < 65536 else None
