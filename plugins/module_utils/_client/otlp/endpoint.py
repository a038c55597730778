# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an OTLP exporter would send: the endpoint option, and the proxy that the environment puts in between."""

from __future__ import annotations

import base64
import dataclasses
import os
import re
import typing as t
from urllib.parse import unquote, urlsplit

from ansible_collections.traceops.tracing.plugins.module_utils._base.addresses import excepted, proxies_of
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import public_url

TRACES_PATH = "/v1/traces"
_EXPECTED = "expected HOST:PORT, http://HOST:PORT or https://HOST:PORT"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """An OTLP receiver. `host` is ASCII and without brackets, `path` is the one that OTLP/HTTP posts to."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """HOST:PORT as messages and the Host header show it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self, grpc: bool) -> str:
        """The whole address; gRPC has no path of its own."""
        return f"{'https' if self.tls else 'http'}://{self.authority}{'' if grpc else self.path}"


def parse_endpoint(text: str) -> Endpoint:
    """The endpoint that `text` means; BadOption in one sentence when it means none.

    Without a scheme it is plaintext, as gRPC exporters take it. A URL without `/v1/traces` at its end
    is a base URL, as OTEL_EXPORTER_OTLP_ENDPOINT is (OpenTelemetry specification, OTLP exporter, 1.x).
    """
    text = text.strip()
    shown = public_url(text)[:120]

    def bad(why: str) -> BadOption:
        return BadOption(f"endpoint: '{shown}' {why}; {_EXPECTED}")

    if not text:
        raise BadOption(f"endpoint: it is empty; {_EXPECTED}")
    scheme = text.split("://", 1)[0].lower() if "://" in text else ""
    if scheme not in ("", "http", "https"):
        raise bad("is neither http nor https")
    if not scheme and text.count(":") > 1 and not text.startswith("["):
        raise bad("looks like an IPv6 address, which needs brackets")
    if re.search(r"[\s\x00-\x1f\x7f\\]", text):
        raise bad("has blanks, control characters or backslashes")
    try:
        parts = urlsplit(text if scheme else "//" + text)
        port = parts.port
    except ValueError:
        raise bad("is not a valid address") from None
    if "@" in parts.netloc:
        raise BadOption("endpoint: it has a user name in it; use url_username and url_password instead")
    if parts.query or parts.fragment:
        raise bad("has a query or a fragment")
    if not parts.hostname:
        raise bad("has no host")
    if port == 0 or (port is None and not scheme):
        raise bad("has no port")
    path = parts.path if parts.path.rstrip("/").endswith(TRACES_PATH) else parts.path.rstrip("/") + TRACES_PATH
    if not path.isascii():
        raise bad("has a path with characters that need percent-encoding")
    tls = scheme == "https"
    return Endpoint(tls, _ascii_host(parts.hostname, bad), port or (443 if tls else 80), path)


def _ascii_host(host: str, bad: t.Callable[[str], BadOption]) -> str:
    if host.isascii():
        if len(host) > 253 or not re.fullmatch(r"[a-z0-9._~%:-]+", host):
            raise bad("has a host name with characters that no host name has")
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise bad("has a host name that cannot be encoded") from None


@dataclasses.dataclass(frozen=True)
class Proxy:
    """A forward proxy from the environment. `credentials` is a Proxy-Authorization value, never shown."""

    host: str
    port: int
    variable: str
    scheme: str = "http"
    credentials: str = dataclasses.field(default="", repr=False)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def proxy_for(endpoint: Endpoint, grpc: bool, proxies: t.Optional[t.Mapping[str, str]] = None) -> t.Optional[Proxy]:
    """The proxy that an exporter would use, or None: by `proxies` (kind: URL), else by the variables of this process.

    gRPC looks at grpc_proxy, https_proxy and http_proxy, in this order, and tunnels whatever it sends; no_grpc_proxy
    goes before no_proxy (grpcio 1.85, doc/environment_variables.md). HTTP clients look at the variable of the URL's
    scheme.
    """
    found = proxies_of(os.environ) if proxies is None else proxies
    order = ["grpc", "https", "http"] if grpc else ["https" if endpoint.tls else "http"]
    name = next((kind for kind in [*order, "all"] if found.get(kind)), None)
    without = (grpc and found.get("no_grpc")) or found.get("no", "")
    if name is None or excepted(endpoint.host, endpoint.port, without):
        return None
    variable, value = f"{name}_proxy", found[name]
    try:
        parts = urlsplit(value if "://" in value else "http://" + value)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise BadOption(f"the environment's {variable} is not a valid URL; expected http://HOST:PORT") from None
    if not parts.hostname:
        raise BadOption(f"the environment's {variable} names no host; expected http://HOST:PORT")
    credentials = ""
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credentials = "Basic " + base64.b64encode(pair.encode()).decode()
    return Proxy(parts.hostname, port, variable, parts.scheme, credentials)
