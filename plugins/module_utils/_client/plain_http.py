# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server over HTTP without TLS and without a proxy, with the standard library alone.

A host that asks nothing else is spared the import of requests, which costs it more processor time than all its probes.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import typing as t
import zlib
from urllib.parse import quote, urlsplit

_SAFE = "!#$%&'()*+,/:;=?@[]~"  # what requests leaves as it is in a URL that a user wrote
_CODED = ("gzip", "x-gzip", "deflate")


class ConnectTimeout(OSError):
    """No connection in time; named as that of requests, since causes go by the names of exceptions."""


class DecodeError(ValueError):
    """A body that is not coded as its header says."""


class Answer:
    """The head of an answer; `chunks` reads its body."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers: t.Dict[str, str] = {}  # names in lower case; what stands there several times is joined
        for name, value in answer.getheaders():
            before = self.headers.get(name.lower())
            self.headers[name.lower()] = value if before is None else f"{before}, {value}"

    def chunks(self, size: int) -> t.Iterator[bytes]:
        """The body without its codings, in parts of at most `size` bytes."""
        coded = self.headers.get("content-encoding", "").strip().lower() in _CODED
        # 32: by its first bytes, gzip or zlib.
        decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if coded else None
        while True:
            part = self._answer.read(size)
            if not part:
                break
            if decoder is None:
                yield part
                continue
            try:
                while part:
                    yield decoder.decompress(part, size)
                    part = decoder.unconsumed_tail
            except zlib.error:
                raise DecodeError("the body is not coded as the header says") from None
        if self._answer.length:  # a read with a size does not say that it ended early
            raise http.client.IncompleteRead(b"", self._answer.length)


class Connection:
    """A server; the connection of one answer is kept for the next request."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._idle: t.Optional[http.client.HTTPConnection] = None

    @contextlib.contextmanager
    def ask(
        self, method: str, url: str, headers: t.Mapping[str, str], body: t.Optional[bytes], seconds: float
    ) -> t.Iterator[Answer]:
        """The answer to one request; each step of it takes at most `seconds`.

        What sockets and http.client raise passes through, but for ConnectTimeout and DecodeError.
        """
        # One whose answer nobody waited for is not taken for another request.
        connection, self._idle = self._idle, None
        if connection is None or _dropped(connection):
            connection = http.client.HTTPConnection(self._host, self._port)
        try:
            self._send(connection, method, url, headers, body, seconds)
            answer = connection.getresponse()
            yield Answer(answer)
        except BaseException:
            connection.close()
            raise
        if answer.isclosed():
            self._idle = connection
        else:
            connection.close()

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        url: str,
        headers: t.Mapping[str, str],
        body: t.Optional[bytes],
        seconds: float,
    ) -> None:
        connection.timeout = seconds
        if connection.sock is None:
            try:
                connection.connect()
            except (socket.timeout, TimeoutError) as error:
                raise ConnectTimeout(*error.args) from None
        connection.sock.settimeout(seconds)
        parts = urlsplit(url)
        path = quote(parts.path or "/", safe=_SAFE)
        target = f"{path}?{parts.query}" if parts.query else path
        connection.request(method, target, body, {"Accept-Encoding": "gzip", **headers})


def _dropped(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed what was kept, or sent what nobody asked for."""
    return connection.sock is None or bool(select.select([connection.sock], [], [], 0)[0])
