# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say which certificates to trust and to show, checked before anything is asked."""

from __future__ import annotations

import dataclasses
import ssl
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._client import failures


@dataclasses.dataclass(frozen=True)
class TlsOptions:
    """Which certificates to trust and to show; file names are the user's."""

    verify: bool = True
    ca_path: t.Optional[str] = None
    client_cert: t.Optional[str] = None
    client_key: t.Optional[str] = None

    def context(self, verify: bool, alpn: t.Sequence[str]) -> ssl.SSLContext:
        """A context that offers `alpn`; BadOption when one of the files cannot be used."""
        if verify:
            try:
                context = ssl.create_default_context(cafile=self.ca_path)
            except (OSError, ssl.SSLError) as error:
                raise BadOption(f"ca_path: '{self.ca_path}' cannot be used ({failures.told(error)})") from None
            # Python 3.13 refuses authorities that lack some extensions; other Pythons, Go and Java take them.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(list(alpn))
        if self.client_cert:
            try:
                # The empty password: without one OpenSSL would ask for it on the terminal.
                context.load_cert_chain(self.client_cert, self.client_key, password="")
            except (OSError, ssl.SSLError, ValueError) as error:
                files = f"'{self.client_cert}'" + (f" with client_key '{self.client_key}'" if self.client_key else "")
                raise BadOption(
                    f"client_cert: {files} cannot be used; expected PEM with an unencrypted key "
                    f"({failures.told(error)})"
                ) from None
        return context


def tls_options(params: t.Mapping[str, t.Any]) -> TlsOptions:
    """Those of the HTTP group; the files are not opened yet."""
    if params.get("client_key") and not params.get("client_cert"):
        raise BadOption("client_key: it needs client_cert, the certificate that belongs to it")
    return TlsOptions(
        params.get("validate_certs", True),
        params.get("ca_path"),
        params.get("client_cert"),
        params.get("client_key"),
    )
