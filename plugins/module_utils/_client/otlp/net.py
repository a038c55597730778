# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to an OTLP receiver, step by step on sockets: name, connection, proxy tunnel, TLS.

Every step is bounded by one deadline, whatever the other end does, and fails with one OtlpError.
"""

from __future__ import annotations

import dataclasses
import errno
import socket
import ssl
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import TookTooLong, bounded
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.endpoint import Endpoint, Proxy
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.seen import Attempt
from ansible_collections.traceops.tracing.plugins.module_utils._client.tls import TlsOptions

_MAX_ADDRESSES = 8
_CHUNK = 16 * 1024  # one TLS record: each send is bounded by the deadline
MAX_HEADER = 16 * 1024


class OtlpError(Exception):
    """A step that failed: `cause` is a word of the probe's list, `message` one sentence, `seen` what was learnt."""

    def __init__(self, cause: str, message: str, seen: t.Optional[t.Mapping[str, t.Any]] = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.seen = seen or {}


class Deadline:
    """A point in time that all steps share."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return self._end - time.monotonic()

    def part(self, share: float) -> Deadline:
        """A nearer deadline, so that one silent step leaves time to find out why."""
        return Deadline(max(0.0, self.left() * share))


def bound(sock: socket.socket, deadline: Deadline) -> None:
    """Let the next call on `sock` take no longer than the deadline; socket.timeout when it is over."""
    left = deadline.left()
    if left <= 0:
        raise socket.timeout("timed out")
    sock.settimeout(left)


def send_all(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Send `data`, however slowly the other end reads; socket.timeout at the deadline."""
    view = memoryview(data)
    for start in range(0, len(view), _CHUNK):
        bound(sock, deadline)
        sock.sendall(view[start : start + _CHUNK])


@dataclasses.dataclass(frozen=True)
class Address:
    """One address that a name resolved to, as the socket module takes it."""

    family: int
    sockaddr: t.Tuple[t.Any, ...]

    @property
    def text(self) -> str:
        host, port = self.sockaddr[:2]
        return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def resolve(host: str, port: int, deadline: Deadline) -> t.List[Address]:
    """The addresses of `host`, in the system's order; OtlpError `dns_failure`."""
    try:
        infos = bounded(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), deadline.left())
    except TookTooLong:
        raise OtlpError("dns_failure", f"the name '{host}' was not resolved within {deadline.seconds:.3g} s") from None
    except (OSError, UnicodeError) as error:
        words = excerpt(str(getattr(error, "strerror", None) or error), 100)
        raise OtlpError("dns_failure", f"the name '{host}' does not resolve on this host ({words})") from None
    found = [Address(family, sockaddr) for family, _type, _proto, _name, sockaddr in infos]
    if not found:
        raise OtlpError("dns_failure", f"the name '{host}' resolves to no address")
    return list(dict.fromkeys(found))[:_MAX_ADDRESSES]


_NO_ROUTE = (
    errno.EADDRNOTAVAIL,
    errno.EAFNOSUPPORT,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EPERM,
)
_CONNECT_WORDS = {
    "connection_refused": "nothing listens at {where}: the connection is refused",
    "connection_reset": "{where} resets the connection",
    "connection_timeout": "no connection to {where} within {seconds:.3g} s: packets are dropped on the way",
    "no_route": "there is no route from this host to {where}",
}


def _connect_cause(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection_refused"
    if isinstance(error, socket.timeout) or error.errno == errno.ETIMEDOUT:
        return "connection_timeout"
    return "no_route" if error.errno in _NO_ROUTE else "connection_reset"


def _connect_one(address: Address, deadline: Deadline) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        bound(sock, deadline)
        sock.connect(address.sockaddr)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a small frame must not wait for an ACK
    except BaseException:
        sock.close()
        raise
    return sock


def connect(
    addresses: t.Sequence[Address], where: str, deadline: Deadline
) -> t.Tuple[socket.socket, Address, t.List[Attempt]]:
    """The first connection that succeeds, its address, and every address tried with its cause.

    When none does, the OtlpError has the cause that says most: a refusal before silence before no route.
    """
    tried: t.List[Attempt] = []
    for index, address in enumerate(addresses):
        try:
            sock = _connect_one(address, deadline.part(1 / (len(addresses) - index)))
        except OSError as error:
            tried.append({"address": address.text, "cause": _connect_cause(error)})
            continue
        tried.append({"address": address.text, "cause": "ok"})
        return sock, address, tried
    causes = {one["cause"] for one in tried}
    cause = next(cause for cause in _CONNECT_WORDS if cause in causes)
    words = _CONNECT_WORDS[cause].format(where=where, seconds=deadline.seconds)
    raise OtlpError(cause, words, {"tried": tried})


def receive(sock: socket.socket, size: int, deadline: Deadline) -> bytes:
    """The next bytes, b"" at the end; socket.timeout at the deadline, however slowly they drip."""
    bound(sock, deadline)
    return sock.recv(size)


def open_tunnel(sock: socket.socket, endpoint: Endpoint, proxy: Proxy, deadline: Deadline) -> None:
    """Ask `proxy` for a tunnel to the endpoint (HTTP CONNECT); OtlpError `proxy_in_the_way`."""
    lines = [f"CONNECT {endpoint.authority} HTTP/1.1", f"Host: {endpoint.authority}"]
    if proxy.credentials:
        lines.append(f"Proxy-Authorization: {proxy.credentials}")
    via = f"the proxy {proxy.url} (from {proxy.variable})"
    answer = b""
    try:
        send_all(sock, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), deadline)
        # Byte by byte: what follows the header belongs to the tunnel.
        while not answer.endswith(b"\r\n\r\n") and len(answer) < MAX_HEADER:
            byte = receive(sock, 1, deadline)
            if not byte:
                break
            answer += byte
    except socket.timeout:
        raise OtlpError("proxy_in_the_way", f"{via} does not answer a CONNECT to {endpoint.authority}") from None
    except OSError:
        pass  # what came before decides
    line = excerpt(answer.split(b"\r\n", 1)[0], 100)
    status = line.split(" ")[1:2]
    if not line.startswith("HTTP/1.") or not (status and status[0].startswith("2")):
        said = f"answers '{line}' to" if line else "closes the connection on"
        raise OtlpError("proxy_in_the_way", f"{via} {said} a CONNECT to {endpoint.authority}")


def handshake(sock: socket.socket, context: ssl.SSLContext, host: str, deadline: Deadline) -> ssl.SSLSocket:
    """`sock` with TLS on it; whatever ssl and socket raise passes through, with `sock` closed."""
    try:
        bound(sock, deadline)
        wrapped = context.wrap_socket(sock, server_hostname=host.split("%")[0])
    except BaseException:
        sock.close()
        raise
    if wrapped.version() is None:  # of a connection that is gone already ssl makes a socket without TLS
        wrapped.close()
        raise ConnectionResetError(errno.ECONNRESET, "the connection was closed before the handshake")
    return wrapped


@dataclasses.dataclass(frozen=True)
class Route:
    """How to reach the endpoint again once it was reached: `addresses` are the proxy's when there is one.

    `tunnel` is false for plain HTTP through a proxy, which gets the whole URL instead of a CONNECT.
    """

    endpoint: Endpoint
    addresses: t.Sequence[Address]
    tls: TlsOptions
    proxy: t.Optional[Proxy] = None
    tunnel: bool = False

    @property
    def where(self) -> str:
        """The endpoint as messages name it, with the proxy on the way."""
        through = f" (through the proxy {self.proxy.url} from {self.proxy.variable})" if self.proxy else ""
        return self.endpoint.authority + through

    def open(self, deadline: Deadline) -> socket.socket:
        """A connection to the endpoint, through the proxy when there is one, without TLS."""
        where = self.proxy.url if self.proxy else self.endpoint.authority
        sock, _address, _tried = connect(self.addresses, where, deadline)
        if self.proxy and self.tunnel:
            try:
                open_tunnel(sock, self.endpoint, self.proxy, deadline)
            except BaseException:
                sock.close()
                raise
        return sock

    def open_tls(self, deadline: Deadline, alpn: t.Sequence[str], verify: bool) -> ssl.SSLSocket:
        """The same with TLS on it, offering `alpn`."""
        context = self.tls.context(verify, alpn)
        return handshake(self.open(deadline), context, self.endpoint.host, deadline)

    def dial(self, deadline: Deadline, alpn: str) -> socket.socket:
        """What an exporter would open: TLS when the endpoint says so, verified when the options say so."""
        return self.open_tls(deadline, [alpn], self.tls.verify) if self.endpoint.tls else self.open(deadline)
