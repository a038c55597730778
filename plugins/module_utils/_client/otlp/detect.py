# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks at an OTLP endpoint, told from its first bytes: HTTP/1, gRPC (HTTP/2), TLS or something else.

Seen on running servers (Tempo 2.3.1 to 3.0.3): a gRPC port answers HTTP/1 with an HTTP/2 SETTINGS
frame or a reset, an OTLP/HTTP port answers the HTTP/2 preface with "HTTP/1.1 400", and a plaintext HTTP
port lets a TLS handshake hang.
"""

from __future__ import annotations

import dataclasses
import re
import socket
import ssl
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._client import failures
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.http2 import is_http2, read_answer, request
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.net import (
    Deadline,
    OtlpError,
    Route,
    receive,
    send_all,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.tls import TlsOptions

_LIMIT = 4096
# How Go's and nginx's TLS servers answer plaintext HTTP.
_TLS_WANTED = re.compile(rb"HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port")


@dataclasses.dataclass
class Sniffed:
    """What answered: `kind` is http, grpc, tls, other, silent or closed.

    `status` and `server` are of the answer to GET (or of HTTP/2's, where that was asked first), `http2` tells
    whether HTTP/2 is spoken (None when it was not tried), `banner` is the start of an answer that is none of them.
    """

    kind: str
    status: t.Optional[int] = None
    server: str = ""
    http2: t.Optional[bool] = None
    banner: str = ""


def classify(data: bytes, ended: bool) -> str:
    """http, http2, tls, other, silent or closed, of a server that sent `data` first and then perhaps `ended`."""
    if not data:
        return "closed" if ended else "silent"
    if data.startswith(b"HTTP/"):
        return "tls" if _TLS_WANTED.search(data) else "http"
    if data[:1] == b"\x15" and data[1:2] == b"\x03":
        return "tls"
    if is_http2(data):
        return "http2"
    return "other"


def _enough(data: bytes) -> bool:
    """Whether `data` is enough to tell HTTP/1 with its header from everything else."""
    if data.startswith(b"HTTP/"):
        header, _unused, body = data.partition(b"\r\n\r\n")
        # The body of a 400 tells a TLS server from an HTTP one.
        return b"\r\n\r\n" in data and (b" 400 " not in header[:16] or len(body) > 512)
    if b"HTTP/".startswith(data[:5]):
        return False
    return len(data) >= 9 or data[:2] == b"\x15\x03" or b"\n" in data


def _enough_http2(data: bytes) -> bool:
    return read_answer(data).over if is_http2(data) else _enough(data)


def _exchange(
    route: Route, question: bytes, alpn: str, enough: t.Callable[[bytes], bool], deadline: Deadline
) -> t.Tuple[bytes, bool]:
    """(the first bytes that came back, whether the connection then ended)."""
    data = b""
    try:
        with route.dial(deadline, alpn) as sock:
            try:
                send_all(sock, question, deadline)
            except ConnectionError:
                pass  # it may have answered before it closed
            while not enough(data) and len(data) < _LIMIT:
                chunk = receive(sock, _LIMIT, deadline)
                if not chunk:
                    return data, True
                data += chunk
    except socket.timeout:
        return data, False
    except ssl.SSLError as error:
        refuse_client_certificate(error, route)
        return data, True
    except OtlpError as error:
        if error.cause == "proxy_in_the_way":
            raise
        return data, error.cause != "connection_timeout"
    except OSError:
        return data, True
    return data, False


def refuse_client_certificate(error: ssl.SSLError, route: Route) -> None:
    """Raise OtlpError when the TLS alert in `error` is about the client's certificate."""
    cause = failures.wants_certificate(error, bool(route.tls.client_cert))
    where = route.where
    if cause == "client_certificate_required":
        raise OtlpError(cause, f"{where} wants a client certificate (mutual TLS)")
    if cause:
        words = f"{where} refuses the client certificate '{route.tls.client_cert}'"
        raise OtlpError(cause, f"{words} ({excerpt(error.reason or '', 60)})")


def _ask_http1(route: Route, deadline: Deadline) -> Sniffed:
    endpoint = route.endpoint
    target = endpoint.path
    extra = ""
    if route.proxy and not route.tunnel:
        target = endpoint.url(grpc=False)
        extra = f"Proxy-Authorization: {route.proxy.credentials}\r\n" if route.proxy.credentials else ""
    question = f"GET {target} HTTP/1.1\r\nHost: {endpoint.authority}\r\n{extra}Connection: close\r\n\r\n"
    data, ended = _exchange(route, question.encode("latin-1"), "http/1.1", _enough, deadline)
    kind = classify(data, ended)
    if kind == "http2":  # in answer to HTTP/1: an HTTP server would not
        return Sniffed("grpc", http2=True)
    seen = Sniffed(kind)
    if kind == "http":
        status = re.match(rb"HTTP/\S+ (\d{3})", data)
        server = re.search(rb"\r\nserver:([^\r\n]*)", data, re.IGNORECASE)
        seen.status = int(status.group(1)) if status else None
        seen.server = excerpt(server.group(1), 60) if server else ""
    elif kind == "other":
        seen.banner = excerpt(data, 80)
    return seen


def _ask_http2(route: Route, deadline: Deadline) -> Sniffed:
    question = request(route.endpoint.authority, route.endpoint.tls)
    data, ended = _exchange(route, question, "h2", _enough_http2, deadline)
    kind = classify(data, ended)
    if kind != "http2":
        return Sniffed(kind, http2=False, banner=excerpt(data, 80) if kind == "other" else "")
    answer = read_answer(data)
    if answer.headers and not answer.grpc:
        return Sniffed("http", status=answer.status, http2=True)
    return Sniffed("grpc", http2=True)


def sniff(route: Route, grpc_first: bool, deadline: Deadline) -> Sniffed:
    """What speaks at the endpoint. No credentials are sent, and nothing that stores anything.

    Asked first is what the caller hopes for; the other protocol, then TLS, only when that is not the answer.
    """
    asks = [_ask_http2, _ask_http1] if grpc_first else [_ask_http1, _ask_http2]
    first = asks[0](route, deadline.part(0.4))
    if first.kind in ("http", "grpc", "tls", "other"):
        return first
    second = asks[1](route, deadline.part(0.5))
    if second.kind in ("http", "grpc", "tls", "other"):
        if grpc_first and second.http2 is None:
            second.http2 = first.http2
        return second
    if route.endpoint.tls:
        _listen_for_alert(route, deadline.part(0.5))
    elif _speaks_tls(dataclasses.replace(route, tls=TlsOptions(verify=False)), deadline.part(0.8)):
        return Sniffed("tls")
    return first if first.kind == "closed" else second


def prefer_grpc(route: Route, found: Sniffed, deadline: Deadline) -> Sniffed:
    """`found`, or gRPC where that can be had beside an HTTP/1 that does not know the path."""
    other = _ask_http2(route, deadline)
    return other if other.kind == "grpc" else found


def _speaks_tls(route: Route, deadline: Deadline) -> bool:
    try:
        route.open_tls(deadline, ["h2", "http/1.1"], verify=False).close()
    except ssl.SSLError as error:
        return "ALERT" in str(error).upper()  # an alert is TLS, too: it wants a client certificate, for one
    except (OSError, OtlpError):
        return False
    return True


def _listen_for_alert(route: Route, deadline: Deadline) -> None:
    """Raise OtlpError when the server, left alone after the handshake, complains about the client's certificate.

    With TLS 1.3 that complaint comes after the handshake, and a reset swallows it when we have written by then.
    """
    _exchange(route, b"", "http/1.1", _enough, deadline)
    _exchange(route, b"", "h2", _enough, deadline)
