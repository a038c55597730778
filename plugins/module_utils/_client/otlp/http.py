# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export over OTLP/HTTP, with sockets and http.client only, and what its answer means."""

from __future__ import annotations

import dataclasses
import http.client
import io
import socket
import ssl
import typing as t
from urllib.parse import urlsplit

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt, public_url
from ansible_collections.traceops.tracing.plugins.module_utils._client import failures
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.detect import refuse_client_certificate
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.encode import (
    Answer,
    parse_status,
    parse_success,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.net import (
    Deadline,
    OtlpError,
    Route,
    receive,
    send_all,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.seen import Exported
from ansible_collections.traceops.tracing.plugins.module_utils._otel.statuses import REFUSALS

MAX_BODY = 64 * 1024  # an OTLP answer is some hundred bytes
PROTOBUF, JSON = "application/x-protobuf", "application/json"


@dataclasses.dataclass
class HttpAnswer:
    """An answer to the POST: `headers` with names in lower case, `body` cut at MAX_BODY."""

    status: int
    headers: t.Dict[str, str]
    body: bytes
    cut: bool = False

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


class _Stream(io.RawIOBase):
    """What http.client reads from: a socket with one deadline over all reads."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        data = receive(self._sock, len(buffer), self._deadline)
        buffer[: len(data)] = data
        return len(data)

    def makefile(self, _mode: str) -> t.BinaryIO:
        return t.cast(t.BinaryIO, io.BufferedReader(self))


def post(route: Route, body: bytes, content_type: str, headers: t.Mapping[str, str], deadline: Deadline) -> HttpAnswer:
    """The answer to one POST of `body`; OtlpError when none came or it is no HTTP."""
    endpoint = route.endpoint
    where = route.where
    target = endpoint.path
    head = {"User-Agent": "traceops.tracing", **headers, "Host": endpoint.authority}
    head.update({"Content-Type": content_type, "Content-Length": str(len(body)), "Connection": "close"})
    head["Accept-Encoding"] = "identity"
    if route.proxy and not route.tunnel:
        target = endpoint.url(grpc=False)
        if route.proxy.credentials:
            head["Proxy-Authorization"] = route.proxy.credentials
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
    sent = False
    try:
        with route.dial(deadline, "http/1.1") as sock:
            try:
                send_all(sock, request, deadline)
            except ConnectionError:
                pass  # a server that refuses a large body answers and closes before it has read all of it
            sent = True
            return _read(sock, deadline)
    except socket.timeout:
        did = "took" if sent else "did not take"
        words = f"{where} {did} {len(body)} bytes" + (" but did not answer" if sent else "")
        raise OtlpError("response_timeout", f"{words} within {deadline.seconds:.3g} s") from None
    except ssl.SSLError as error:
        refuse_client_certificate(error, route)
        raise OtlpError("tls_failure", f"TLS with {where} broke off ({failures.told(error)})") from None
    except (ConnectionError, http.client.RemoteDisconnected, http.client.IncompleteRead):
        raise OtlpError(
            "connection_reset", f"{where} closed the connection on a POST of {len(body)} bytes without an answer"
        ) from None
    except (http.client.HTTPException, ValueError) as error:
        words = "a header is not a number" if isinstance(error, ValueError) else failures.told(error)
        raise OtlpError("not_otlp", f"{where} answers with something that is not HTTP ({words})") from None
    except OSError as error:
        raise OtlpError("connection_reset", f"the connection to {where} broke ({failures.told(error)})") from None


def _read(sock: socket.socket, deadline: Deadline) -> HttpAnswer:
    answer = http.client.HTTPResponse(t.cast(socket.socket, _Stream(sock, deadline)), method="POST")
    answer.begin()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    body = answer.read(MAX_BODY + 1)
    if headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip"):
        body = _unpacked(body)
    return HttpAnswer(answer.status, headers, body[:MAX_BODY], len(body) > MAX_BODY)


def _unpacked(body: bytes) -> bytes:
    """The start of a gzip body, as it is when it is none: some gateways compress whatever was asked for."""
    import zlib

    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(body, MAX_BODY + 1)
    except zlib.error:
        return body


_WORDS = {
    "forbidden": "refuses these credentials, or this client",
    "invalid_data": "refuses the request as invalid",
    "method_not_allowed": "does not take POST on this path, so it is no OTLP receiver",
    "path_not_found": "has no OTLP receiver on this path",
    "payload_too_large": "refuses the request as too large",
    "proxy_in_the_way": "is answered by a proxy or login page, not by an OTLP receiver",
    "rate_limited": "refuses the spans: too many or too much",
    "limit_exceeded": "refuses the spans: a limit of the tenant is reached",
    "response_timeout": "gave up waiting for the request",
    "server_error": "could not take the spans",
    "tenant_missing": "wants a tenant, which the header X-Scope-OrgID names",
    "tls_required": "wants TLS: use https://",
    "unauthorized": "wants credentials, or other ones",
    "unsupported_media_type": "does not take this encoding",
    "not_otlp": "answers, but not as an OTLP receiver does",
}

# What Tempo says in the text of an error, at any status (seen on 2.3.1 to 3.0.3).
_TEXT_CAUSES = (
    ("no org id", "tenant_missing"),
    ("RATE_LIMITED", "rate_limited"),
    ("LIVE_TRACES_EXCEEDED", "limit_exceeded"),
    ("TRACE_TOO_LARGE", "limit_exceeded"),
    ("larger than max", "payload_too_large"),
    ("request body too large", "payload_too_large"),
)


def cause_of_text(text: str) -> t.Optional[str]:
    """The cause that a server's own words name, when they do."""
    return next((cause for words, cause in _TEXT_CAUSES if words in text), None)


def judge(route: Route, answer: HttpAnswer, is_json: bool) -> Exported:
    """What the receiver says of an accepted export; OtlpError with the cause of a failure."""
    url = public_url(route.endpoint.url(grpc=False))
    seen: Exported = {"status": answer.status}
    if answer.status // 100 == 2:
        return {**seen, **_accepted(route, url, answer, is_json)}
    said = _said(answer)
    cause = _cause(route, answer, said)
    if "retry-after" in answer.headers:
        seen["retry_after"] = excerpt(answer.headers["retry-after"], 40)
    if 300 <= answer.status < 400:
        said = "it redirects to " + public_url(excerpt(answer.headers.get("location", "nowhere"), 160))
    by = f" (asked through the proxy {route.proxy.url} from {route.proxy.variable})" if route.proxy else ""
    quoted = f": '{said}'" if said else ""
    raise OtlpError(
        cause, f"{url} {_WORDS[cause]}; it answered status {answer.status}{quoted}{by}", {**seen, "said": said}
    )


def _accepted(route: Route, url: str, answer: HttpAnswer, is_json: bool) -> Exported:
    by_json = answer.content_type == JSON or (is_json and answer.content_type != PROTOBUF)
    try:
        if answer.cut:
            raise ValueError("too long")
        parsed = parse_success(answer.body, by_json)
    except (ValueError, RecursionError):
        cause = "proxy_in_the_way" if route.proxy or answer.content_type == "text/html" else "not_otlp"
        kind = answer.content_type or "no content type"
        raise OtlpError(
            cause,
            f"{url} {_WORDS[cause]}; it answered status {answer.status} with {kind}: '{excerpt(answer.body, 80)}'",
            {"status": answer.status},
        ) from None
    return partial(url, parsed)


def partial(where: str, parsed: Answer) -> Exported:
    """What an accepted export says of the spans; OtlpError when spans were rejected."""
    text = excerpt(parsed.text, 160)
    if parsed.rejected > 0:
        said = f": '{text}'" if text else ""
        raise OtlpError(
            "partial_success", f"{where} rejected {parsed.rejected} of the spans{said}", {"rejected": parsed.rejected}
        )
    return {"rejected": 0, "warning": text}


def _said(answer: HttpAnswer) -> str:
    """The server's own words: the message of an OTLP status, or the start of the body."""
    try:
        if answer.content_type in (JSON, PROTOBUF):
            return excerpt(parse_status(answer.body, answer.content_type == JSON).text, 160)
    except (ValueError, RecursionError):
        pass
    return excerpt(answer.body, 160)


def _cause(route: Route, answer: HttpAnswer, said: str) -> str:
    if 300 <= answer.status < 400:
        location = urlsplit(answer.headers.get("location", ""))
        wants_tls = not route.endpoint.tls and location.scheme == "https" and location.hostname == route.endpoint.host
        return "tls_required" if wants_tls else "proxy_in_the_way"
    by_text = cause_of_text(said)
    if by_text:
        return by_text
    if _by_proxy(route, answer):
        return "proxy_in_the_way"
    if answer.status >= 500:
        return "server_error"
    return REFUSALS.get(answer.status, "not_otlp")


def _by_proxy(route: Route, answer: HttpAnswer) -> bool:
    """Whether a proxy, and not the receiver behind it, made this error: by its marks, or in a proxy's way to fail."""
    if "x-squid-error" in answer.headers or "proxy-authenticate" in answer.headers:
        return True
    through_one = bool(route.proxy and not route.tunnel) or "via" in answer.headers
    ways = answer.status in (403, 502, 503, 504) or answer.content_type == "text/html"
    return through_one and ways and answer.content_type not in (JSON, PROTOBUF)
