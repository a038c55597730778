# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An exporter's words as a sentence has them: a raw exception is translated, anything else is quoted."""

from __future__ import annotations

import re
import typing as t

# An exception of Python as it stands in a log: its constructor, an object's address, a number of the system.
_RAW = re.compile(r"\[Errno -?\d+\]|\b\w+(?:Error|Exception|Disconnected|Line|Timeout)\(|<[\w.]+ object at 0x")
_PLACE = re.compile(r"host='(?P<host>[^']{1,255})', port='?(?P<port>\d{1,5})")

# As requests, urllib3 and http.client of Python 3.8 to 3.13 print them; the innermost kinds go first.
_KINDS: t.Tuple[t.Tuple[t.Pattern[str], str], ...] = tuple(
    (re.compile(regex), words)
    for regex, words in (
        (r"BadStatusLine", "the answer does not begin with a status line of HTTP"),
        (r"CERTIFICATE_VERIFY_FAILED", "the certificate is not trusted"),
        (r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE", "the answer is not TLS"),
        (r"SSL\w*Error", "the TLS handshake failed"),
        (r"NameResolution|gaierror|Name or service not known|\[Errno -\d+\]", "the host name does not resolve"),
        (r"ConnectionRefused|\[Errno 111\]", "connection refused"),
        (r"\[Errno 113\]", "there is no route to the host"),
        (r"\[Errno 101\]", "there is no route to the network"),
        (
            r"RemoteDisconnected|ConnectionReset|ConnectionAborted|BrokenPipe|\[Errno (?:32|104)\]",
            "the server closed the connection without an answer",
        ),
        (r"Timeout|timed out|\[Errno 110\]", "no answer in time"),
    )
)


def quoted(words: str) -> str:
    """`words` in single quotes, or their translation with the address that they name; '' for none."""
    if not words:
        return ""
    known = next((said for regex, said in _KINDS if regex.search(words)), "") if _RAW.search(words) else ""
    place = _PLACE.search(words)
    if not known:
        return f"'{words}'"
    return f"{place['host']}:{place['port']}: {known}" if place else known
