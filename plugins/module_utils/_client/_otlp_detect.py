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

from ansible_collections.traceops.tracing.plugins.module_utils._client._otlp_net import (
    Deadline,
    OtlpError,
    Route,
    receive,
    send_all,
)
from ansible_collections.traceops.tracing.plugins.module_utils._text import excerpt

# The client's connection preface and an empty SETTINGS frame: RFC 9113, 3.4.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
_LIMIT = 4096
# How Go's and nginx's TLS servers answer plaintext HTTP.
_TLS_WANTED = re.compile(rb"HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port")


@dataclasses.dataclass
class Sniffed:
    """What answered: `kind` is http, grpc, tls, other, silent or closed.

    `status` and `server` are of the answer to GET, `http2` tells whether HTTP/2 was answered with HTTP/2
    (None when it was not tried), `banner` is the start of an answer that is none of them.
    """

    kind: str
    status: t.Optional[int] = None
    server: str = ""
    http2: t.Optional[bool] = None
    banner: str = ""


def classify(data: bytes, ended: bool) -> str:
    """The kind of server that sent `data` first; `ended` says that it then closed the connection."""
    if not data:
        return "closed" if ended else "silent"
    if data.startswith(b"HTTP/"):
        return "tls" if _TLS_WANTED.search(data) else "http"
    if data[:1] == b"\x15" and data[1:2] == b"\x03":
        return "tls"
    if _is_http2(data):
        return "grpc"
    return "other"


def _is_http2(data: bytes) -> bool:
    """Whether `data` begins with a SETTINGS or GOAWAY frame on stream 0."""
    return len(data) >= 9 and data[:1] == b"\0" and data[3] in (4, 7) and data[5:9] == bytes(4)


def _enough(data: bytes) -> bool:
    if data.startswith(b"HTTP/"):
        header, _, body = data.partition(b"\r\n\r\n")
        # The body of a 400 tells a TLS server from an HTTP one.
        return b"\r\n\r\n" in data and (b" 400 " not in header[:16] or len(body) > 512)
    if b"HTTP/".startswith(data[:5]):
        return False
    return len(data) >= 9 or data[:2] == b"\x15\x03" or b"\n" in data


def _exchange(route: Route, request: bytes, alpn: str, deadline: Deadline) -> t.Tuple[bytes, bool]:
    """(the first bytes that came back, whether the connection then ended)."""
    data = b""
    try:
        with route.dial(deadline, alpn) as sock:
            try:
                send_all(sock, request, deadline)
            except ConnectionError:
                pass  # it may have answered before it closed
            while not _enough(data) and len(data) < _LIMIT:
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
    text = str(error).upper()
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return
    where = route.endpoint.authority
    if "CERTIFICATE_REQUIRED" in text or ("ALERT_BAD_CERTIFICATE" in text and not route.tls.client_cert):
        raise OtlpError("client_certificate_required", f"{where} wants a client certificate (mutual TLS)")
    if route.tls.client_cert and re.search("ALERT.*(UNKNOWN_CA|CERTIFICATE)", text):
        words = f"{where} refuses the client certificate '{route.tls.client_cert}'"
        raise OtlpError("client_certificate_rejected", f"{words} ({excerpt(error.reason or '', 60)})")


def _ask_http1(route: Route, deadline: Deadline) -> Sniffed:
    endpoint = route.endpoint
    target = endpoint.path
    extra = ""
    if route.proxy and not route.tunnel:
        target = endpoint.url(grpc=False)
        extra = f"Proxy-Authorization: {route.proxy.credentials}\r\n" if route.proxy.credentials else ""
    request = f"GET {target} HTTP/1.1\r\nHost: {endpoint.authority}\r\n{extra}Connection: close\r\n\r\n"
    data, ended = _exchange(route, request.encode("latin-1"), "http/1.1", deadline)
    kind = classify(data, ended)
    seen = Sniffed(kind, http2=True if kind == "grpc" else None)
    if kind == "http":
        status = re.match(rb"HTTP/\S+ (\d{3})", data)
        server = re.search(rb"\r\nserver:([^\r\n]*)", data, re.IGNORECASE)
        seen.status = int(status.group(1)) if status else None
        seen.server = excerpt(server.group(1), 60) if server else ""
    elif kind == "other":
        seen.banner = excerpt(data, 80)
    return seen


def _ask_http2(route: Route, deadline: Deadline) -> Sniffed:
    data, ended = _exchange(route, _PREFACE, "h2", deadline)
    kind = classify(data, ended)
    return Sniffed(kind, http2=kind == "grpc", banner=excerpt(data, 80) if kind == "other" else "")


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
        second.http2 = second.kind == "grpc"
        return second
    if route.endpoint.tls:
        _listen_for_alert(route, deadline.part(0.5))
    elif _speaks_tls(route, deadline.part(0.8)):
        return Sniffed("tls")
    return first if first.kind == "closed" else second


def speaks_http2(route: Route, deadline: Deadline) -> bool:
    """Whether the HTTP/2 preface is answered with HTTP/2: gRPC may then be had beside HTTP/1."""
    return _ask_http2(route, deadline).kind == "grpc"


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
    _exchange(route, b"", "http/1.1", deadline)
    _exchange(route, b"", "h2", deadline)
