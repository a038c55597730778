# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must stand in a line for a regular expression to match it: literals that are found much faster than it."""

from __future__ import annotations

import functools
import itertools
import re
import typing as t

try:
    from re import _parser as sre  # type: ignore[attr-defined,unused-ignore]
except ImportError:  # before Python 3.11
    import sre_parse as sre  # type: ignore[no-redef,unused-ignore]

# More spellings than this are slower to look for than every line is to read.
_MOST_SPELLINGS = 16
# A needle need not be longer to be rare.
_LONGEST = 100
# Case-insensitive matching gives these letters relatives outside ASCII (the Kelvin sign, the long s, the dotless i).
_ODD_CASE = frozenset("kKsSiI")

# The characters that may stand at each place of a run of adjacent characters.
_Run = t.List[str]


class Required(t.NamedTuple):
    """One of `needles` is in every line that the expression matches; none of them: any line may match.

    `leads` says that a match begins where its (only) needle does and does not depend on what is before it, so it can be
    tried on what a line has from there on, and nowhere else.
    """

    needles: t.Tuple[str, ...]
    leads: bool


@functools.lru_cache(maxsize=2048)
def required(regex: str) -> Required:
    """The needles of `regex` (a valid expression); an expression that this cannot read has none."""
    try:
        tree = sre.parse(regex)
        nocase = bool(tree.state.flags & re.IGNORECASE)
        needles, start = _of_sequence(list(tree), nocase)
    except (AttributeError, TypeError, ValueError, RecursionError):
        return Required((), False)
    if not needles:
        return Required((), False)
    # A digit or colon could also begin in the position that grep writes before the line.
    begins = len(needles) == 1 and start.startswith(needles[0]) and needles[0][0] not in "0123456789:"
    return Required(needles, begins and _contained(list(tree)))


def _of_sequence(items: t.List[t.Any], nocase: bool) -> t.Tuple[t.Tuple[str, ...], str]:
    """The best needles of a sequence, and the run of single characters that the sequence begins with."""
    best: t.Tuple[str, ...] = ()
    run: _Run = []
    leading: t.Optional[str] = None
    for op, argument in [*items, (None, None)]:
        name = str(op)
        if name == "LITERAL" and _usable(chr(argument), nocase):
            run.append(_spellings(chr(argument), nocase))
            continue
        if name in ("AT", "ASSERT", "ASSERT_NOT"):
            continue
        if leading is None:
            leading = "".join(run) if all(len(place) == 1 for place in run) else ""
        best = _better(best, _of_run(run))
        run = []
        best = _better(best, _of_item(name, argument, nocase))
    return best, leading or ""


def _of_item(name: str, argument: t.Any, nocase: bool) -> t.Tuple[str, ...]:
    """The needles of one group, repetition or branch."""
    if name == "SUBPATTERN":
        _group, add, drop, inner = argument
        return _of_sequence(list(inner), (nocase or bool(add & re.IGNORECASE)) and not drop & re.IGNORECASE)[0]
    if name == "ATOMIC_GROUP":
        return _of_sequence(list(argument), nocase)[0]
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and argument[0] > 0:
        return _of_sequence(list(argument[2]), nocase)[0]
    if name == "BRANCH":
        parts = [_of_sequence(list(branch), nocase)[0] for branch in argument[1]]
        together = tuple(dict.fromkeys(itertools.chain.from_iterable(parts)))
        return together if all(parts) and len(together) <= _MOST_SPELLINGS else ()
    return ()


def _usable(char: str, nocase: bool) -> bool:
    if not char.isascii():
        # Whatever cannot be decoded is shown as U+FFFD, so that one stands for any byte.
        return not nocase and char != "\ufffd" and not "\ud800" <= char <= "\udfff"
    return char.isprintable() and not (nocase and char in _ODD_CASE)


def _spellings(char: str, nocase: bool) -> str:
    return char.lower() + char.upper() if nocase and char.lower() != char.upper() else char


def _of_run(run: _Run) -> t.Tuple[str, ...]:
    """The longest stretch of `run` with few spellings; ASCII apart from other text, which arrives in several forms."""
    best: t.Tuple[str, ...] = ()
    for _ascii, stretch in itertools.groupby(run, lambda place: place.isascii()):
        places = list(stretch)
        if not places[0].isascii():
            best = _better(best, (places[0],))
            continue
        for start in range(len(places)):
            count, end = 1, start
            while end < min(len(places), start + _LONGEST) and count * len(places[end]) <= _MOST_SPELLINGS:
                count *= len(places[end])
                end += 1
            best = _better(best, tuple("".join(word) for word in itertools.product(*places[start:end])))
            if end == len(places) or end == start + _LONGEST:
                break
    return best


def _better(a: t.Tuple[str, ...], b: t.Tuple[str, ...]) -> t.Tuple[str, ...]:
    """The needles that are found faster and rarer: the longer, then the fewer."""
    return max(a, b, key=lambda needles: (min(map(len, needles), default=0), -len(needles)))


def _contained(items: t.List[t.Any]) -> bool:
    """Whether a match depends on nothing outside of it (no anchors, no look-around)."""
    for op, argument in items:
        name = str(op)
        if name in ("AT", "ASSERT", "ASSERT_NOT", "GROUPREF_EXISTS"):
            return False
        inner: t.List[t.Any] = []
        if name == "SUBPATTERN":
            inner = [argument[3]]
        elif name == "ATOMIC_GROUP":
            inner = [argument]
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            inner = [argument[2]]
        elif name == "BRANCH":
            inner = list(argument[1])
        if not all(_contained(list(sequence)) for sequence in inner):
            return False
    return True
