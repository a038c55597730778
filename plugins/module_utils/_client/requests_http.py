# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server over HTTP or HTTPS through the package requests: certificates, and the proxies of the environment."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import MissingLibrary
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import public_url

if t.TYPE_CHECKING:
    import requests

    from ansible_collections.traceops.tracing.plugins.module_utils._client.tls import TlsOptions

_DIRECT = {"http": "", "https": "", "all": ""}  # for requests: whatever the environment says


class Answer:
    """The head of an answer; `chunks` reads its body."""

    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer
        self.status = answer.status_code
        self.headers = {name.lower(): value for name, value in answer.headers.items()}

    def chunks(self, size: int) -> t.Iterator[bytes]:
        """The body without its codings, in parts of at most `size` bytes."""
        parts: t.Iterator[bytes] = self._answer.iter_content(size)
        return parts


class Connection:
    """A server, asked within one session."""

    def __init__(self, base_url: str, tls: TlsOptions) -> None:
        try:
            import requests
        except ImportError:
            raise MissingLibrary("requests", f"to ask {public_url(base_url)}") from None
        self._session = session = requests.Session()
        session.auth = _no_netrc
        session.verify = (tls.ca_path or True) if tls.verify else False
        if tls.client_cert and base_url.startswith("https:"):
            session.cert = (tls.client_cert, tls.client_key) if tls.client_key else tls.client_cert
        if session.verify is False:
            _quiet_unverified()

    @contextlib.contextmanager
    def ask(
        self, method: str, url: str, headers: t.Mapping[str, str], body: t.Optional[bytes], seconds: float
    ) -> t.Iterator[Answer]:
        """The answer to one request, each step of which takes at most `seconds`; requests raises what it will."""
        with self._session.request(
            method,
            url,
            data=body,
            headers=dict(headers),
            timeout=(seconds, seconds),
            # Said again here: requests lets REQUESTS_CA_BUNDLE override a session's verify=False.
            verify=self._session.verify,
            # A proxy has a loopback of its own.
            proxies=_DIRECT if addresses.stays_here(url) else None,
            stream=True,
            allow_redirects=False,
        ) as answer:
            yield Answer(answer)


def _no_netrc(request: t.Any) -> t.Any:
    """An auth hook that changes nothing: with it requests does not look into ~/.netrc."""
    return request


def _quiet_unverified() -> None:
    # The user asked for validate_certs: false; a warning on stderr for each request would break module output.
    import urllib3

    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


def proxy_before(url: str) -> str:
    """`the proxy URL (from VARIABLE)` that the environment puts before `url`, '' when there is none."""
    from urllib.parse import urlsplit

    from requests.utils import get_environ_proxies, select_proxy

    proxies = get_environ_proxies(url, no_proxy=None)
    found = select_proxy(url, proxies)
    if not found:
        return ""
    scheme = urlsplit(url).scheme
    variable = f"{scheme if proxies.get(scheme) == found else 'all'}_proxy"
    return f"the proxy {public_url(found if '://' in found else 'http://' + found)} (from {variable})"
