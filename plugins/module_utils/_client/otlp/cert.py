# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's certificate says, read from its DER bytes.

The standard library decodes a certificate only after verifying it; a refused one is the one of interest.
"""

from __future__ import annotations

import calendar
import ipaddress
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.seen import Certificate

_NAMES = {b"\x55\x04\x03": "CN", b"\x55\x04\x0a": "O", b"\x55\x04\x0b": "OU"}
_SUBJECT_ALT_NAME = b"\x55\x1d\x11"
_MAX_NAMES = 20


def describe(der: bytes, now: float) -> Certificate:
    """What `der` says, {} when it is no certificate; `now` is in seconds since 1970."""
    try:
        return _describe(der, now)
    except (ValueError, IndexError, OverflowError):
        return {}


def _describe(der: bytes, now: float) -> Certificate:
    tbs = _items(_items(_items(der)[0][1])[0][1])
    if tbs[0][0] == 0xA0:  # the version is there only from X.509 v2 on
        tbs = tbs[1:]
    issuer, validity, subject = (_items(value) for _tag, value in tbs[2:5])
    start, end = (_seconds(tag, value) for tag, value in validity[:2])
    return {
        "subject": _name(subject),
        "issuer": _name(issuer),
        "names": [name for tag, value in tbs[6:] if tag == 0xA3 for name in _alternative_names(value)][:_MAX_NAMES],
        "not_before": _iso(start),
        "not_after": _iso(end),
        "days_left": int((end - now) // 86400),
    }


def _items(data: bytes) -> t.List[t.Tuple[int, bytes]]:
    """The (tag, value) pairs that follow each other in `data`; ValueError when a length runs over the end."""
    items = []
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("a length runs over the end")
        items.append((tag, data[at : at + length]))
        at += length
    return items


def _text(value: bytes) -> str:
    return clean(value.decode("utf-8", "replace"))[:200]


def _name(relative_names: t.List[t.Tuple[int, bytes]]) -> str:
    """A distinguished name as `CN=..., O=...`, with the parts that people know a certificate by."""
    parts = []
    for _tag, one in relative_names:
        for _set_tag, pair in _items(one):
            (_oid_tag, oid), (_value_tag, value) = _items(pair)[:2]
            if oid in _NAMES:
                parts.append(f"{_NAMES[oid]}={_text(value)}")
    return ", ".join(parts)


def _alternative_names(extensions: bytes) -> t.List[str]:
    for _tag, extension in _items(_items(extensions)[0][1]):
        fields = _items(extension)
        if fields[0][1] != _SUBJECT_ALT_NAME:
            continue
        names = []
        for tag, value in _items(_items(fields[-1][1])[0][1]):
            if tag == 0x82:
                names.append(_text(value))
            elif tag == 0x87 and len(value) in (4, 16):
                names.append(str(ipaddress.ip_address(value)))
        return names
    return []


def _seconds(tag: int, value: bytes) -> int:
    text = value.decode("ascii")
    if tag == 0x17:  # UTCTime has two digits for the year: RFC 5280, 4.1.2.5.1
        text = ("19" if text[:2] >= "50" else "20") + text
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))


def _iso(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
