# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text form of log bytes: damage repaired, colours removed, one line per line.

Each function maps a block of whole lines to the same lines, each on its own: what a line becomes
does not depend on its neighbours, so any division into blocks gives the same text.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import later
from ansible_collections.traceops.tracing.plugins.module_utils._base import text as _text

MASK = _text.MASK

# What is shown of a line, in characters.
_SHOWN = 1000

# Terminal colours and other escape sequences; never across lines.
_ANSI = later.pattern(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]+[0-~]|[0-Z\\^-~])")


def _misread(codec: str) -> t.List[str]:
    """The characters that the bytes 0x80 to 0xff become when UTF-8 is read as `codec`."""
    # Windows-1252 leaves five bytes undefined; browsers and terminals read them as control characters.
    return [bytes([b]).decode(codec, "ignore") or chr(b) for b in range(0x80, 0x100)]


# Misreadings of symbols and emoji: sequences that begin with the bytes E2, EF (three bytes) or F0 (four).
# Only these, since a misread umlaut looks like text that someone may have written.
_CODECS = {name: _misread(name) for name in ("mac_roman", "cp1252", "latin-1")}
_BYTES = {name: {char: 0x80 + at for at, char in enumerate(chars)} for name, chars in _CODECS.items()}


def _garbled(name: str) -> str:
    chars = _CODECS[name]
    follow = "[" + "".join(map(re.escape, chars[:0x40])) + "]"
    three = "[" + re.escape(chars[0x62]) + re.escape(chars[0x6F]) + "]"
    return f"(?P<{name.replace('-', '_')}>{three}{follow}{{2}}|{re.escape(chars[0x70])}{follow}{{3}})"


_GARBLED = later.pattern("|".join(_garbled(name) for name in _CODECS))
# No garbled sequence without one of these bytes, which are found quickly: the last but one byte of each of the
# characters that begin one (U+201A, U+F8FF, Latin letters).
_SIGNS = tuple({_CODECS[name][at].encode()[-2] for name in _CODECS for at in (0x62, 0x6F, 0x70)})


def _mend(match: t.Match[str]) -> str:
    codec = {"latin_1": "latin-1"}.get(match.lastgroup or "", match.lastgroup or "")
    try:
        return bytes(_BYTES[codec][char] for char in match.group()).decode("utf-8")
    except UnicodeDecodeError:
        return match.group()


# What a page shows of a garbled symbol whose last character is none that it shows: those that Windows-1252 lacks.
_UNSEEN = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_CUT = later.pattern(
    "{0}[{1}]{{2}}(?![{1}])".format(*(re.escape(_CODECS["cp1252"][0x70]), re.escape("".join(_CODECS["cp1252"][:0x40]))))
)
_VERBOSE = later.pattern(r"\(\?[aiLmsu]*x")
_WRAPPED = later.pattern(r"[ \t]*\r?\n[ \t]*")


def mended(expression: str) -> str:
    """A regular expression as it was before it was copied: misread symbols what they were, its lines joined.

    The text that it is matched against is repaired too, and a line has no line break: as it is, it could not match.
    """
    text = _CUT.sub(_of_unseen, _GARBLED.sub(_mend, expression)).replace("\u00a0", " ").strip("\r\n")
    return text if _VERBOSE.search(text) else _WRAPPED.sub(r"\\s*", text)


def _of_unseen(match: t.Match[str]) -> str:
    seen = bytes(_BYTES["cp1252"][char] for char in match.group())
    return "[" + "".join((seen + bytes([last])).decode("utf-8", "replace") for last in _UNSEEN) + "]"


def text_of(raw: bytes) -> str:
    """A block of whole lines as text: bytes that are not UTF-8 become U+FFFD, misread symbols what they were."""
    text = raw.decode("utf-8", "replace")
    if len(text) != len(raw) and any(sign in raw for sign in _SIGNS):
        text = _GARBLED.sub(_mend, text)
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    return text


def cleaned(raw: bytes) -> bytes:
    """A block of whole lines as the UTF-8 of its text; `raw` itself (not always valid) where nothing needs repair."""
    if b"\x1b" in raw or b"\r\n" in raw or any(sign in raw for sign in _SIGNS):
        return text_of(raw).encode("utf-8")
    return raw


def forms_of(needle: str) -> t.List[bytes]:
    """The byte forms in which `needle` (ASCII, or one other character) stands in a log."""
    right = needle.encode("utf-8")
    if needle.isascii():
        return [right]
    forms = [right] + ["".join(chars[byte - 0x80] for byte in right).encode("utf-8") for chars in _CODECS.values()]
    return list(dict.fromkeys(forms))


def shown(text: str, redact: bool, limit: int = _SHOWN) -> str:
    # Only so much is redacted: on a line of 64 KiB that could take seconds.
    """`text` for a result: no control characters, secrets masked when `redact`, at most `limit` characters."""
    text = _text.clean(text[: min(4 * limit, 4096)]).replace("\n", " ").rstrip()
    if redact:
        text = _text.redact(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
