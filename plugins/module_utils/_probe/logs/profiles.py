# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: named sets of patterns in YAML files. They stay on the controller, where they become plain patterns."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import patterns

_PLUGINS = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), *[os.pardir] * 3))
OWN = os.path.join(_PLUGINS, "log_profiles")

AUTO = "auto"
# Those of servers, which are asked for by name: in an application's log their words ("Access Denied") are another's.
_BY_NAME = frozenset({"tempo_server"})

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_KEYS = {"description", "patterns"}
_MOST_BYTES = 1 << 20


def resolve(options: t.Mapping[str, t.Any], find: t.Callable[[str], str], keep: str = "") -> t.Dict[str, t.Any]:
    """The options of the probe `logs` with its profiles as plain patterns.

    `find` makes a directory that the user names absolute; the collection's own profiles (OWN) come after these.
    What they become is kept in the directory `keep`, when there is one, for the other hosts of the same run.
    `auto` stands for all profiles that there are: their lines tell which of them the log is of.
    Patterns of one name in several profiles become one that matches any of their expressions;
    a pattern that the task gives itself replaces them. Raises BadOption.
    """
    resolved = dict(options)
    names, directories = resolved.pop("profiles", None) or [], resolved.pop("profile_dirs", None) or []
    if isinstance(names, str):
        names = names.split(",")
    if isinstance(directories, str):
        directories = directories.split(",")
    given = resolved.get("patterns") or {}
    if not isinstance(names, list) or not isinstance(directories, list) or not isinstance(given, dict):
        raise BadOption("profiles, profile_dirs and patterns are two lists and a dictionary")
    places = [*(find(str(each)) for each in directories), OWN]
    if names:
        resolved["patterns"] = {**_kept([str(name).strip() for name in names], places, keep), **given}
    return resolved


def _kept(names: t.List[str], places: t.List[str], keep: str) -> t.Dict[str, t.Any]:
    """The patterns of all profiles that are named, from the file that an earlier call left in `keep`, if one did."""
    if not keep:
        return _merged(names, places)
    words = hashlib.sha256(json.dumps([names, places]).encode()).hexdigest()
    path = os.path.join(keep, f"traceops-profiles-{words}.json")
    try:
        with open(path, encoding="utf-8") as stream:
            kept: t.Dict[str, t.Any] = json.load(stream)
            return kept
    except (OSError, ValueError):
        pass
    merged = _merged(names, places)
    try:
        # Another host's process may do the same at this moment, so the file appears whole or not at all.
        with tempfile.NamedTemporaryFile("w", dir=keep, delete=False, encoding="utf-8") as part:
            json.dump(merged, part)
        os.replace(part.name, path)
    except OSError:
        pass  # the next host resolves them again
    return merged


def _merged(names: t.List[str], places: t.List[str]) -> t.Dict[str, t.Any]:
    merged: t.Dict[str, t.Any] = {}
    for name in _named(names, places):
        for key, pattern in load(name, places).items():
            pattern["profiles"] = [name] * len(_list(pattern["regex"]))
            merged[key] = _joined(merged[key], pattern) if key in merged else pattern
    for key, pattern in merged.items():
        # Found out here once: to parse all expressions costs a host more than to read its log.
        found = [patterns.Alternative(key, each).sought() for each in _list(pattern["regex"])]
        pattern["sought"] = [[list(each.needles), each.leads, list(each.groups)] for each in found]
    return merged


def _named(names: t.Sequence[str], places: t.Sequence[str]) -> t.List[str]:
    """`names` with `auto` spelt out, each once."""
    if AUTO not in names:
        return list(dict.fromkeys(names))
    found = {entry[:-4] for each in places for entry in _entries(each) if entry.endswith(".yml")}
    every = sorted(found - _BY_NAME)
    return list(dict.fromkeys(each for name in names for each in (every if name == AUTO else [name])))


def load(name: str, directories: t.Sequence[str]) -> t.Dict[str, t.Dict[str, t.Any]]:
    """The patterns of the profile `name`, each checked, from the first of `directories` that has NAME.yml."""
    if not _NAME.fullmatch(name):
        raise BadOption(f"profiles: '{name[:80]}' is no profile's name")
    for directory in directories:
        path = os.path.join(directory, f"{name}.yml")
        if os.path.isfile(path):
            return _read(path)
    known = sorted({entry[:-4] for each in directories for entry in _entries(each) if entry.endswith(".yml")})
    raise BadOption(f"profiles: there is no profile '{name}'; known are {', '.join(known)}")


def _entries(directory: str) -> t.List[str]:
    try:
        return os.listdir(directory)
    except OSError as error:
        raise BadOption(f"profile_dirs: {directory}: {(error.strerror or 'unreadable').lower()}") from None


def _read(path: str) -> t.Dict[str, t.Dict[str, t.Any]]:
    import yaml

    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read(_MOST_BYTES)
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise BadOption(f"{path}: {(error.strerror or 'unreadable').lower()}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadOption(f"{path}: is not valid YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(document, dict) or not isinstance(document.get("patterns"), dict) or not document["patterns"]:
        raise BadOption(f"{path}: has no dictionary 'patterns'")
    unknown = sorted(str(key) for key in set(document) - _KEYS)
    if unknown:
        raise BadOption(f"{path}: has no key '{unknown[0][:80]}'; known are {', '.join(sorted(_KEYS))}")
    try:
        patterns.parse(document["patterns"])
    except BadOption as error:
        raise BadOption(f"{path}: {error.message}") from None
    return {
        str(key): dict(value) if isinstance(value, dict) else {"regex": value}
        for key, value in document["patterns"].items()
    }


def _joined(one: t.Dict[str, t.Any], other: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
    """A pattern that matches what either does; it expects only what both expect."""
    of = dict(zip(_list(one["regex"]), one["profiles"]))
    for regex, name in zip(_list(other["regex"]), other["profiles"]):
        of[regex] = f"{of[regex]},{name}" if regex in of else name
    same = {key: value for key, value in one.items() if other.get(key) == value}
    return {**same, "regex": list(of), "profiles": list(of.values())}


def _list(value: t.Any) -> t.List[t.Any]:
    return list(value) if isinstance(value, list) else [value]
