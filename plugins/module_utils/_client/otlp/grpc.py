# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export over OTLP/gRPC, with grpcio where it is installed.

grpcio speaks to a local socket, and this file carries the bytes to the receiver: name, proxy, TLS and
their time limits are then the same as for HTTP, and so are the causes of their failures.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import socket
import ssl
import tempfile
import threading
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._client import failures
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.detect import refuse_client_certificate
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.encode import parse_success
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.http import cause_of_text, partial
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.http2 import GRPC_PATH
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.net import (
    Deadline,
    OtlpError,
    Route,
    send_all,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.seen import Exported

_CHUNK = 64 * 1024

_CAUSES = {
    "CANCELLED": ("connection_reset", "broke off the call"),
    "DEADLINE_EXCEEDED": ("response_timeout", "did not answer in time"),
    "INVALID_ARGUMENT": ("invalid_data", "refuses the request as invalid"),
    "PERMISSION_DENIED": ("forbidden", "refuses these credentials, or this client"),
    "RESOURCE_EXHAUSTED": ("rate_limited", "refuses the spans: too many or too much"),
    "UNAUTHENTICATED": ("unauthorized", "wants credentials, or other ones"),
    "UNIMPLEMENTED": ("path_not_found", "speaks gRPC, but has no OTLP trace service"),
}
_TEXT_WORDS = {
    "tenant_missing": "wants a tenant, which the metadata x-scope-orgid names",
    "rate_limited": "refuses the spans: too many or too much",
    "limit_exceeded": "refuses the spans: a limit of the tenant is reached",
    "payload_too_large": "refuses the request as too large",
}
# What grpcio says when the connection, not the server's OTLP, is at fault (grpcio 1.85).
_CONNECTION_WORDS = ("Socket closed", "Connection reset", "failed to connect", "Broken pipe", "GOAWAY", "recvmsg")


def available() -> bool:
    """Whether grpcio can be imported; importing it takes longer than an export."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its C core writes to stderr
    try:
        import grpc  # noqa: F401
    except ImportError:
        return False
    return True


def export(route: Route, body: bytes, metadata: t.Mapping[str, str], gzipped: bool, deadline: Deadline) -> Exported:
    """What the receiver says of an accepted export; OtlpError with the cause of a failure.

    Only to be called where grpcio is `available`.
    """
    import grpc

    for name in metadata:
        if not re.fullmatch(r"[0-9a-z_.-]+", name) or name.endswith("-bin") or name.startswith("grpc-"):
            raise BadOption(f"headers: gRPC cannot carry a header '{name}'")
    where = route.endpoint.url(grpc=True)
    options = [
        ("grpc.default_authority", route.endpoint.authority),
        ("grpc.http2_scheme", "https" if route.endpoint.tls else "http"),
        ("grpc.enable_http_proxy", 0),
        ("grpc.enable_retries", 0),
        ("grpc.max_send_message_length", -1),
    ]
    with _Relay(route, deadline) as relay, grpc.insecure_channel(relay.target, options=options) as channel:
        call = channel.unary_unary(GRPC_PATH)
        try:
            answer = call(
                body,
                timeout=max(0.05, deadline.left()),
                metadata=tuple(metadata.items()),
                compression=grpc.Compression.Gzip if gzipped else None,
            )
        except grpc.RpcError as error:
            if relay.failure:
                raise relay.failure from None
            status, said = error.code().name, error.details() or ""
            if status == "UNAVAILABLE" and deadline.left() <= 0:
                status, said = "DEADLINE_EXCEEDED", ""  # the relay ends with the deadline, and was first
            raise _failure(where, status, said) from None
    try:
        return {"status": "OK", **partial(where, parse_success(answer, is_json=False))}
    except ValueError:
        raise OtlpError(
            "not_otlp", f"{where} answers gRPC OK, but not as an OTLP receiver does", {"status": "OK"}
        ) from None


def _failure(where: str, status: str, details: str) -> OtlpError:
    said = excerpt(details, 160)
    by_text = cause_of_text(details)
    if by_text:
        cause, words = by_text, _TEXT_WORDS[by_text]
    elif status == "UNAVAILABLE" and any(one in details for one in _CONNECTION_WORDS):
        cause, words = "connection_reset", "closed the connection without an answer"
    else:
        cause, words = _CAUSES.get(status, ("server_error", "could not take the spans"))
    quoted = f": '{said}'" if said else ""
    return OtlpError(cause, f"{where} {words}; gRPC status {status}{quoted}", {"status": status, "said": said})


class _Relay:
    """A local socket whose first client is connected to the receiver, until the deadline or the end of `with`."""

    def __init__(self, route: Route, deadline: Deadline) -> None:
        self._route = route
        self._deadline = deadline
        self._directory = ""
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure: t.Optional[OtlpError] = None
        self.target = ""

    def __enter__(self) -> _Relay:
        # Of this user alone, and short if it can be: a socket's path has at most 107 characters.
        self._directory = tempfile.mkdtemp(prefix="traceops-", dir="/tmp" if os.access("/tmp", os.W_OK) else None)
        path = os.path.join(self._directory, "grpc")
        self._listener.bind(path)
        self._listener.listen(1)
        self.target = f"unix://{path}"
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join(max(0.0, self._deadline.left()) + 0.5)
        self._listener.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self) -> None:
        try:
            self._listener.settimeout(max(0.05, self._deadline.left()))
            client = self._listener.accept()[0]
        except OSError:
            return
        finally:
            self._listener.close()  # one connection, no more: what failed once is not tried again
        with client:
            try:
                with self._route.dial(self._deadline, "h2") as server:
                    self._carry(client, server)
            except OtlpError as error:
                self.failure = error
            except ssl.SSLError as error:
                self.failure = _tls_failure(error, self._route)
            except OSError:
                pass  # the client sees the connection end

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        """Copy bytes both ways, in one thread: OpenSSL's connections are not made for two."""
        while not self._over.is_set() and self._deadline.left() > 0:
            waiting = isinstance(server, ssl.SSLSocket) and server.pending() > 0
            ready = select.select([client, server], [], [], 0 if waiting else 0.05)[0]
            for source, target in ((server, client), (client, server)):
                if source in ready or (waiting and source is server):
                    data = _take(source)
                    if data == b"":
                        return
                    if data:
                        send_all(target, data, self._deadline)


def _take(sock: socket.socket) -> t.Optional[bytes]:
    """What has arrived, b"" at the end, None for nothing yet: TLS has records of its own, such as session tickets."""
    sock.settimeout(0)
    try:
        return sock.recv(_CHUNK)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None


def _tls_failure(error: ssl.SSLError, route: Route) -> OtlpError:
    try:
        refuse_client_certificate(error, route)
    except OtlpError as failure:
        return failure
    return OtlpError("tls_failure", f"TLS with {route.endpoint.authority} broke off ({failures.told(error)})")
