# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP transport for Tempo and Grafana: bounded in time and size, with one error type.

Every request has one monotonic deadline that covers name resolution, connecting, a server that drips
its header byte by byte, the body and the retries. Redirects are not followed: an answer that
redirects is a finding (a login page, a load balancer), and credentials must not travel to another host.
"""

from __future__ import annotations

import dataclasses
import http.client
import json
import re
import ssl
import time
import typing as t
from urllib.parse import unquote, urlencode, urlsplit

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import TookTooLong, bounded
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt, public_url, spoken
from ansible_collections.traceops.tracing.plugins.module_utils._client import failures, plain_http
from ansible_collections.traceops.tracing.plugins.module_utils._client.headers import option_headers
from ansible_collections.traceops.tracing.plugins.module_utils._client.tls import tls_options

if t.TYPE_CHECKING:
    from ansible_collections.traceops.tracing.plugins.module_utils._client import requests_http

    Transport = t.Union[plain_http.Connection, requests_http.Connection]
    Answer = t.Union[plain_http.Answer, requests_http.Answer]

MAX_BODY = 32 * 1024 * 1024  # bytes; a 100,000-span trace in JSON is asked for with a larger bound of its own
RETRIED = frozenset({429, 502, 503, 504})
MAX_RETRY_AFTER = 5.0  # seconds
_CHUNK = 64 * 1024


@dataclasses.dataclass
class Response:
    """An answer: `body` is decoded of its transfer and content coding, `elapsed_ms` covers the last attempt."""

    method: str
    url: str
    status: int
    headers: t.Dict[str, str]  # names in lower case
    body: bytes
    elapsed_ms: float
    retries: int = 0

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; '' when the server named none."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def json(self) -> t.Any:
        """The body as JSON; HttpError with cause `not_json` when it is something else."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            kind = self.content_type or "no content type"
            raise HttpError(
                "not_json",
                f"{self.method} {public_url(self.url)} should answer with JSON, but answered status {self.status} "
                f"with {len(self.body)} bytes of {kind}: '{excerpt(self.body, 120)}'",
                self,
            ) from None


class HttpError(Exception):
    """A request without a usable answer.

    `cause`: dns_failure, connection_refused, connection_reset, connection_timeout, no_route,
    response_timeout, certificate_untrusted, certificate_expired, certificate_name_mismatch,
    client_certificate_required, tls_not_spoken, tls_failure, not_http, body_too_large, not_json,
    unauthorized, forbidden, not_found, rate_limited, http_status, proxy_in_the_way (the environment's proxy did not
    pass the request on). `response` is set when a complete answer came.
    """

    def __init__(self, cause: str, message: str, response: t.Optional[Response] = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.response = response


STATUS_CAUSES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 407: "proxy_in_the_way", 429: "rate_limited"}


def status_error(response: Response, expected: str = "200") -> HttpError:
    """The error for an answer whose status is not the expected one."""
    words = f"{response.method} {public_url(response.url)} should answer {expected}, but answered {response.status}"
    body = spoken(response.body)
    said = f": '{body}'" if body else ""
    return HttpError(
        STATUS_CAUSES.get(response.status, "http_status"), f"{words}{said}{asked_through(response.url)}", response
    )


def check_url(url: str, option: str) -> str:
    """`url` without a trailing slash; BadOption that names `option` when it cannot be an HTTP URL."""
    shown = public_url(url)[:120]
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (the property validates)
    except ValueError:
        # Not in Python's words: they quote what stands in the port's place, which may be a password.
        hint = "; in a password / ? # are written %2F %3F %23" if "@" in url else ""
        raise BadOption(f"{option}: '{shown}' is not a valid URL{hint}; expected http://HOST:PORT") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url):
        raise BadOption(f"{option}: '{shown}' is not a valid URL; expected http://HOST:PORT or https://HOST:PORT")
    if parts.query or parts.fragment:
        raise BadOption(f"{option}: '{shown}' has a query or fragment; give the base URL only")
    return url.rstrip("/")


def _userinfo(url: str) -> t.Dict[str, str]:
    """The credentials in `url` as options; the session's own auth hook keeps requests from reading them there."""
    parts = urlsplit(url)
    if not parts.username:
        return {}
    return {"url_username": unquote(parts.username), "url_password": unquote(parts.password or "")}


class HttpClient:
    """GET and POST against one base URL, with the options of the HTTP group (`spec.HTTP`)."""

    def __init__(self, base_url: str, params: t.Mapping[str, t.Any], option: str) -> None:
        """`option` is the name of the option that gave `base_url`, for messages. BadOption names what is wrong."""
        self.base_url = check_url(base_url, option)
        timeout = params.get("timeout")
        self.timeout = 10.0 if timeout is None else float(timeout)
        if not 0 < self.timeout <= 3600:
            raise BadOption(f"timeout: {self.timeout:g} is not between 0 and 3600 seconds")
        self._params = params if params.get("url_username") else {**params, **_userinfo(self.base_url)}
        self._headers = option_headers(self._params)
        self._tls = tls_options(params)
        if self.base_url.startswith("https:") and (self._tls.ca_path or self._tls.client_cert):
            self._tls.context(self._tls.verify, [])
        self._transport: t.Optional[Transport] = None

    def get(
        self,
        path: str,
        query: t.Optional[t.Mapping[str, t.Any]] = None,
        accept: str = "application/json",
        max_body: int = MAX_BODY,
        retry: bool = True,
        timeout: t.Optional[float] = None,
    ) -> Response:
        """The answer to a GET, whatever its status; 429, 502, 503 and 504 are asked again within the deadline.

        Basic credentials are never retried: a few failures lock a Grafana user out.
        """
        self._open()  # importing takes its time, which is not the server's
        deadline = time.monotonic() + (timeout or self.timeout)
        retry = retry and not self._params.get("url_username")
        retries, pause = 0, 0.2
        while True:
            response = self._once("GET", path, deadline, query=query, accept=accept, max_body=max_body)
            response.retries = retries
            if not retry or response.status not in RETRIED or retries >= 2:
                return response
            wait = _retry_after(response, pause)
            if time.monotonic() + wait >= deadline:
                return response
            time.sleep(wait)
            retries, pause = retries + 1, pause * 2

    def post(self, path: str, body: t.Any, max_body: int = MAX_BODY) -> Response:
        """The answer to a POST of `body` as JSON; never retried."""
        self._open()
        return self._once("POST", path, time.monotonic() + self.timeout, json_body=body, max_body=max_body)

    def _once(
        self,
        method: str,
        path: str,
        deadline: float,
        query: t.Optional[t.Mapping[str, t.Any]] = None,
        accept: str = "application/json",
        json_body: t.Any = None,
        max_body: int = MAX_BODY,
    ) -> Response:
        url = self.base_url + path
        if query:
            url += "?" + urlencode({name: value for name, value in query.items() if value is not None}, doseq=True)
        headers = {"User-Agent": "traceops.tracing", **self._headers, "Accept": accept}
        body = None
        if json_body is not None:
            headers["Content-Type"], body = "application/json", json.dumps(json_body).encode()
        transport = self._open()

        def call() -> Response:
            return _exchange(transport, method, url, headers, body, deadline, max_body)

        return _within(call, deadline, method, url, self.timeout)

    def _open(self) -> Transport:
        if self._transport is None:
            if urlsplit(self.base_url).scheme == "http" and not addresses.proxied(self.base_url):
                self._transport = plain_http.Connection(self.base_url)
            else:
                # Only here: its package costs a host more than all that it is asked.
                from ansible_collections.traceops.tracing.plugins.module_utils._client import requests_http

                self._transport = requests_http.Connection(self.base_url, self._tls)
        return self._transport


def _retry_after(response: Response, pause: float) -> float:
    try:
        return min(MAX_RETRY_AFTER, max(0.0, float(response.headers["retry-after"])))
    except (KeyError, ValueError):
        return pause


def _within(call: t.Callable[[], Response], deadline: float, method: str, url: str, timeout: float) -> Response:
    """Run `call` in a daemon thread: name resolution and a dripping header cannot be bounded otherwise."""
    try:
        return bounded(call, max(0.0, deadline - time.monotonic()) + 0.05)
    except TookTooLong:
        words = f"{method} {public_url(url)} was not answered completely within {timeout:g} s"
        raise HttpError("response_timeout", words + asked_through(url)) from None


def _exchange(
    transport: Transport,
    method: str,
    url: str,
    headers: t.Mapping[str, str],
    body: t.Optional[bytes],
    deadline: float,
    max_body: int,
) -> Response:
    left = max(0.05, deadline - time.monotonic())
    started = time.monotonic()
    try:
        with transport.ask(method, url, headers, body, left) as answer:
            read = _read(answer, method, url, max_body, deadline)
    except HttpError:
        raise
    # What requests raises is an OSError. ValueError: a name that cannot be looked up.
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise transport_error(method, url, error, left) from None
    took = round((time.monotonic() - started) * 1000, 1)
    return Response(method, url, answer.status, answer.headers, read, took)


def _read(answer: Answer, method: str, url: str, max_body: int, deadline: float) -> bytes:
    parts: t.List[bytes] = []
    size = 0
    for chunk in answer.chunks(_CHUNK):
        size += len(chunk)
        if size > max_body:
            raise HttpError(
                "body_too_large",
                f"{method} {public_url(url)} answered more than {max_body} bytes; reading stopped there",
            )
        if time.monotonic() > deadline:
            words = f"{method} {public_url(url)} sent its answer too slowly to finish"
            raise HttpError("response_timeout", words + asked_through(url))
        parts.append(chunk)
    return b"".join(parts)


def transport_error(method: str, url: str, error: BaseException, timeout: float) -> HttpError:
    """Map what requests, urllib3, ssl and socket raise to one HttpError."""
    cause, words = classify(error)
    proxy = proxy_before(url)
    # The proxy is whom this host connects to, and whom it asks for a tunnel: its failure says nothing of the server.
    # A ValueError is about its URL, since that of the server was checked.
    if proxy and (cause in _UNREACHED or isinstance(error, ValueError) or "ProxyError" in repr(error)):
        refused = re.search(r"Tunnel connection failed: ([^'\")]*)", str(error))
        why = f"it answers '{excerpt(refused.group(1), 60)}' to a CONNECT" if refused else words
        if isinstance(error, ValueError):  # whose text may quote a part of a password
            why = "it is no URL of a proxy that the Python package 'requests' can use here"
        return HttpError("proxy_in_the_way", f"{method} {public_url(url)}: {proxy} cannot be used: {why}")
    detail = {"connection_timeout": f" within {timeout:.3g} s", "response_timeout": f" within {timeout:.3g} s"}
    return HttpError(cause, f"{method} {public_url(url)}: {words}{detail.get(cause, '')}{asked_through(url)}")


_UNREACHED = ("dns_failure", "connection_refused", "connection_timeout", "no_route")


def proxy_before(url: str) -> str:
    """`the proxy URL (from VARIABLE)` that the environment puts before `url`, '' when there is none."""
    if not addresses.proxied(url):
        return ""
    from ansible_collections.traceops.tracing.plugins.module_utils._client import requests_http

    return requests_http.proxy_before(url)


def asked_through(url: str) -> str:
    """A remark for messages about an answer that a proxy passed on, or made."""
    proxy = proxy_before(url)
    return f" (asked through {proxy})" if proxy else ""


_WORDS = {
    "certificate_expired": "the server's certificate has expired",
    "certificate_name_mismatch": "the server's certificate is for another name",
    "certificate_untrusted": "the server's certificate is not trusted",
    "client_certificate_required": "the server wants a client certificate",
    "tls_not_spoken": "the server does not speak TLS on this port",
    "tls_failure": "the TLS handshake failed",
    "dns_failure": "the host name does not resolve",
    "connection_timeout": "no connection",
    "response_timeout": "no answer",
    "not_http": "the answer is not HTTP",
    "connection_refused": "nothing listens there (connection refused)",
    "no_route": "there is no route to the host",
    "connection_reset": "the server closed the connection without a complete answer",
}


def classify(error: BaseException) -> t.Tuple[str, str]:
    """(cause, words) for an exception of a request."""
    cause = failures.cause(error)
    if not cause:
        return "connection_reset", f"the request failed ({failures.told(error)})"
    handshake = next((each for each in failures.chain(error) if isinstance(each, ssl.SSLError)), None)
    why = ""
    if cause in ("certificate_untrusted", "tls_failure") and handshake is not None:
        # Why OpenSSL refuses a certificate, or which alert the server sent.
        why = failures.told(handshake)
    return cause, f"{_WORDS[cause]} ({excerpt(why, 100)})" if why else _WORDS[cause]
