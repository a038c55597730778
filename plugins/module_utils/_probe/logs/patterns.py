# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named patterns: what the options say, checked and compiled."""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import textform
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs.literals import required

_KEYS = ("regex", "level", "expect", "min", "max", "start", "reasons", "recognises", "ends", "profiles", "sought")
_REASONS = ("export", "start", "hint")
_EXPECT = ("present", "absent")
_MOST = 5000

# Levels by the words that log lines use for them, the more severe the higher.
LEVELS = {"trace": 0, "debug": 1, "info": 2, "warn": 3, "error": 4, "fatal": 5}
_LEVEL_WORD = re.compile(
    r"(?<![A-Za-z0-9_])(?i:(trace|finest)|(debug|fine|finer)|(info|information|notice|config)|(warn|warning)|"
    r"(error|err|severe)|(fatal|critical|crit|panic|emerg))(?![A-Za-z0-9_])"
)
_GLOG_LEVEL = re.compile(r"([DIWEF])\d{4} \d\d:")
_LEVEL_WITHIN = 200


class Sought(t.NamedTuple):
    """What an expression is known by without being compiled: its needles (literals.Required), its named groups."""

    needles: t.Tuple[str, ...]
    leads: bool
    groups: t.Tuple[str, ...]


class Alternative:
    """One expression, and what is looked for before it is tried (see literals.Required): few logs call for many."""

    def __init__(self, where: str, expression: str, sought: t.Optional[Sought] = None) -> None:
        self._where, self._expression = where, expression
        self._regex: t.Optional[t.Pattern[str]] = None
        self.needles, self.leads, self.groups = sought or self.sought()
        self.marks = tuple(needle.encode() for needle in self.needles)  # as UTF-8

    @property
    def regex(self) -> t.Pattern[str]:
        """The expression, compiled now if it was not before; BadOption when it is none."""
        if self._regex is None:
            try:
                self._regex = _compiled(textform.mended(self._expression))
            except (re.error, OverflowError, RecursionError) as error:
                raise BadOption(
                    f"{self._where}: '{self._expression[:80]}' is not a valid regular expression: {error}"
                ) from None
        return self._regex

    def sought(self) -> Sought:
        """What the expression itself says, which takes compiling it."""
        groups = tuple(self.regex.groupindex)
        return Sought(*required(textform.mended(self._expression)), groups)


class Pattern(t.NamedTuple):
    """A named pattern. A line matches when one of `alternatives` is found in it and it is of `level` or more severe.

    `reasons` says that the lines tell why something failed: an export (`export`), the start of the SDK (`start`), or a
    connection that may have been an export's (`hint`). `profiles` are the profiles that each alternative is from.
    """

    name: str
    alternatives: t.List[Alternative]
    level: t.Optional[int]
    at_least: t.Optional[int]
    at_most: t.Optional[int]
    start: bool
    reasons: str = ""
    recognises: bool = True
    ends: bool = False  # looked for at both ends of a log only, as what stands in most of its lines
    profiles: t.Tuple[t.Tuple[str, ...], ...] = ()

    def possible(self, absent: t.FrozenSet[bytes]) -> bool:
        """Whether a line can match in which none of the needles `absent` stands."""
        return any(not each.marks or not absent.issuperset(each.marks) for each in self.alternatives)

    @property
    def expected(self) -> bool:
        return self.at_least is not None or self.at_most is not None


def parse(given: t.Mapping[str, t.Any]) -> t.List[Pattern]:
    """The option `patterns`: names with a regular expression, or with a dictionary that has `regex` (one or a list)."""
    parsed = [_parse_one(str(name), value) for name, value in given.items()]
    if sum(len(pattern.alternatives) for pattern in parsed) > _MOST:
        raise BadOption(f"patterns: there are more than {_MOST} expressions")
    return parsed


def _parse_one(name: str, value: t.Any) -> Pattern:
    where = f"patterns: {name[:80]}"
    options = {"regex": value} if isinstance(value, (str, list)) else value
    if not isinstance(options, dict):
        raise BadOption(f"{where}: is neither a regular expression nor a dictionary")
    unknown = sorted(str(key) for key in options if key not in _KEYS)
    if unknown:
        raise BadOption(f"{where}: has no option '{unknown[0][:80]}'; known are {', '.join(_KEYS)}")
    given = options.get("regex")
    expressions: t.List[t.Any] = given if isinstance(given, list) else [given]
    if not expressions or not all(isinstance(each, str) and each for each in expressions):
        raise BadOption(f"{where}: regex is not a regular expression or a list of them")
    level = options.get("level")
    if level is not None and str(level).lower() not in LEVELS:
        raise BadOption(f"{where}: level '{str(level)[:80]}' is none of {', '.join(LEVELS)}")
    reasons = options.get("reasons") or ""
    if reasons not in ("", *_REASONS):
        raise BadOption(f"{where}: reasons '{str(reasons)[:80]}' is none of {', '.join(_REASONS)}")
    at_least, at_most = _expectation(where, options)
    return Pattern(
        name,
        [Alternative(where, each, sought) for each, sought in zip(expressions, _sought(where, options, expressions))],
        None if level is None else LEVELS[str(level).lower()],
        at_least,
        at_most,
        _is_true(options.get("start")),
        str(reasons),
        _is_true(options.get("recognises", True)),
        _is_true(options.get("ends")),
        _provenance(where, options.get("profiles"), len(expressions)),
    )


def _provenance(where: str, given: t.Any, expressions: int) -> t.Tuple[t.Tuple[str, ...], ...]:
    """The profiles of each expression, as the action writes them: names with commas between."""
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) != expressions:
        raise BadOption(f"{where}: profiles is not a list with an entry for each regex")
    return tuple(tuple(str(each).split(",")) for each in given)


def _sought(where: str, options: t.Mapping[str, t.Any], expressions: t.Sequence[str]) -> t.List[t.Optional[Sought]]:
    """What the action found out about each expression, so that no host compiles those that its logs do not call for."""
    given = options.get("sought")
    if given is None:
        return [None] * len(expressions)
    try:
        found = [
            Sought(tuple(map(str, needles)), _is_true(leads), tuple(map(str, names))) for needles, leads, names in given
        ]
    except (TypeError, ValueError):
        found = []
    if len(found) != len(expressions):
        raise BadOption(f"{where}: sought is not a list with needles, leads and groups of each regex")
    return list(found)


def _is_true(value: t.Any) -> bool:
    return str(value).lower() in ("true", "yes", "on", "1")


def _expectation(where: str, options: t.Mapping[str, t.Any]) -> t.Tuple[t.Optional[int], t.Optional[int]]:
    expect = options.get("expect")
    if expect not in (None, *_EXPECT):
        raise BadOption(f"{where}: expect '{str(expect)[:80]}' is none of {', '.join(_EXPECT)}")
    limits: t.Dict[str, t.Optional[int]] = {"min": None, "max": None}
    for key in limits:
        value = options.get(key)
        if value is None:
            continue
        try:
            limits[key] = int(str(value))
        except ValueError:
            raise BadOption(f"{where}: {key} '{str(value)[:80]}' is not a whole number") from None
    at_least, at_most = limits["min"], limits["max"]
    if expect == "present":
        at_least = max(1, at_least or 0)
    elif expect == "absent":
        at_most = 0
    if at_least is not None and at_most is not None and at_least > at_most:
        raise BadOption(f"{where}: expects at least {at_least} and at most {at_most} lines, which no log can have")
    return at_least, at_most


# re's own cache holds fewer expressions than all profiles have.
_compiled = functools.lru_cache(maxsize=2048)(re.compile)


def level_of(line: str) -> t.Optional[int]:
    """How severe `line` says that it is (0 trace ... 5 fatal), or None."""
    head = line[:_LEVEL_WITHIN]
    glog = _GLOG_LEVEL.match(head)
    if glog:
        return {"D": 1, "I": 2, "W": 3, "E": 4, "F": 5}[glog.group(1)]
    found = _LEVEL_WORD.search(head)
    return found.lastindex - 1 if found and found.lastindex else None


def levels_in(text: str) -> t.Set[int]:
    """The levels of the lines of `text`."""
    return {level for level in map(level_of, text.split("\n")) if level is not None}
