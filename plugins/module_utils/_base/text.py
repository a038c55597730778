# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from logs and servers is hostile: this is where it is made safe to show."""

from __future__ import annotations

import json
import re
import typing as t
from urllib.parse import unquote, urlsplit, urlunsplit

from ansible_collections.traceops.tracing.plugins.module_utils._base import later

# C0 and C1 controls, DEL, bidirectional overrides and zero-width characters.
_CONTROL = later.pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ANSI = later.pattern(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]+[0-~]|[0-Z\\^-~])")

MASK = "********"
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"  # Ansible's word for a value that is a secret as a whole

# What names a secret, and the secret behind it: quoted (also within quoted JSON, or cut off before it ends), within the
# brackets of a value that a program prints, or one word. Nothing here may read a line of noise more than once.
_KEY = (
    r"(?:api[-_. ]?key|passw(?:or)?ds?|passphrase|pwd|secrets?(?:[-_]?(?:access[-_]?)?key)?|(?:access|private)[-_]?key|"
    r"token|x-honeycomb-team)"
)
_IS = r"[\\\"']*\s*[:=]+>?\s*"
_VALUE = (
    r"(?:\w{0,30}[\[({]\s*){0,3}"
    r"(?:\\+\"[^\"]*\"?|\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s,;&\"'}\])]+)"
)

_SECRETS: t.Tuple[t.Tuple[t.Pattern[str], str], ...] = (
    # JSON web tokens before anything else: they also follow "Bearer".
    (later.pattern(r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}"), MASK),
    (later.pattern(r"(?i)\b(bearer|basic)(\s+|%20|\s?[:=]\s?)[A-Za-z0-9._~+/=-]{6,}"), r"\1\2" + MASK),
    (later.pattern(r"://[^\s/?#\"']+@"), "://" + MASK + "@"),
    (later.pattern(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"), MASK),
    (later.pattern(r"\b(?:glsa|glc)_[A-Za-z0-9_=-]{8,}"), MASK),
    # Not again what is masked behind its scheme.
    (
        later.pattern(
            r"(?i)(authorization" + _IS + r")[\[\\\"']*(?!(?:[a-z][\w-]*(?:\s+|%20))?\*{8}(?:[\s,;&\"'}\])]|$))"
            r"(?:[a-z][\w-]*(?:\s+|%20))?[^\s,;&\"'}\])]+"
        ),
        r"\1" + MASK,
    ),
    (later.pattern(r"(?i)(" + _KEY + _IS + r")" + _VALUE), r"\1" + MASK),
    (later.pattern(r"(?i)((?:^|\s)--?[\w-]{0,40}" + _KEY + r"\s+)(?!-)" + _VALUE), r"\1" + MASK),
)


def clean(text: str) -> str:
    """`text` without terminal colours, control and direction-changing characters (tabs and newlines stay)."""
    return _CONTROL.sub("", _ANSI.sub("", text))


def redact(text: str) -> str:
    """`text` with bearer tokens, credentials in URLs, keys, passwords and JWTs masked."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def count(number: int, noun: str) -> str:
    """`1 host`, `2 hosts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def excerpt(body: t.Union[str, bytes], limit: int = 200) -> str:
    """The start of a server's answer as one clean, redacted line of at most `limit` characters."""
    if isinstance(body, bytes):
        body = body[: 8 * limit].decode("utf-8", "replace")
    line = " ".join(redact(clean(body[: 8 * limit])).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


_SPOKEN = ("message", "error", "detail", "msg", "title", "error_description")


def spoken(body: t.Union[str, bytes], limit: int = 160) -> str:
    """What an error page says to people: the message within JSON, the title of a web page, else the text itself."""
    text = body[:65536].decode("utf-8", "replace") if isinstance(body, bytes) else body[:65536]
    start = text.lstrip()[:16].lower()
    if start.startswith(("{", "[")):
        return excerpt(_message_in(text), limit)
    if start.startswith(("<!doctype", "<html", "<head", "<?xml")):
        title = re.search(r"<title[^>]*>([^<]{1,300})", text, re.I)
        return f"a web page, {excerpt(title.group(1), limit)}" if title else "a web page"
    return excerpt(text, limit)


def _message_in(text: str) -> str:
    """The message of a JSON document; where it has none, that it is JSON."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "JSON that is cut off"
    for _depth in range(3):  # {"results": {"A": {"error": ...}}} and {"error": {"message": ...}}
        if not isinstance(found, dict):
            break
        said = next((found[key] for key in _SPOKEN if isinstance(found.get(key), str) and found[key].strip()), None)
        if said is not None:
            return str(said)
        found = next((each for each in found.values() if isinstance(each, dict)), None)
    return "JSON without a message"


# USER:PASSWORD@HOST that urlsplit does not find: no scheme, or a password in which / ? or # stand as they are.
_LOOSE_USER = later.pattern(r"^((?:[a-z][a-z0-9+.-]*://)?)([^\s/@]\S*)@([^\s@]*)$", re.I)


def url_passwords(values: t.Iterable[t.Any]) -> t.Set[str]:
    """The passwords of URLs among `values`, for Ansible to mask: it knows only those of options with no_log."""
    found: t.Set[str] = set()
    for value in values:
        password = _password(value) if isinstance(value, str) and "@" in value else None
        if password:
            found |= {password, unquote(password)}
    return found


def _password(url: str) -> t.Optional[str]:
    if is_whole(url):
        return urlsplit(url).password
    loose = _LOOSE_USER.match(url)
    return loose.group(2).partition(":")[2] if loose else None


def is_whole(url: str) -> bool:
    """Whether the URL's user, host and port are where urlsplit finds them."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (the property validates)
    except ValueError:
        return False
    return bool(parts.netloc)


def public_url(url: str) -> str:
    """`url` without user name, password and fragment: the form that messages show."""
    if not is_whole(url):
        return clean(_LOOSE_USER.sub(r"\1\3", url))
    parts = urlsplit(url)
    netloc = parts.netloc.rsplit("@", 1)[-1]
    return clean(urlunsplit((parts.scheme, netloc, parts.path, parts.query, "")))


def masked(value: t.Any, secrets: t.Collection[str]) -> t.Any:
    """Plain data without these secrets in its texts and numbers, as Ansible leaves them out of results."""
    if isinstance(value, dict):
        return {key: masked(each, secrets) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(each, secrets) for each in value]
    if not secrets or value is None or isinstance(value, bool):
        return value
    text = str(value)
    if text in secrets or not isinstance(value, str):
        return HIDDEN if any(secret in text for secret in secrets) else value
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
