# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS handshake with an OTLP receiver, and why it fails."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import ssl
import time

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._client import failures
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.cert import describe
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.detect import (
    refuse_client_certificate,
    sniff,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.net import Deadline, OtlpError, Route
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.seen import Certificate, Handshake

_BOTH = ("h2", "http/1.1")
_NOT_YET_VALID = 9  # X509_V_ERR_* of OpenSSL's x509_vfy.h


def shake_hands(route: Route, seen: Handshake, deadline: Deadline) -> None:
    """Fill `seen`; OtlpError with the cause when the handshake fails.

    A server that does not speak TLS is asked in plaintext.
    """
    where = route.where
    half = deadline.part(0.5)
    try:
        with route.open_tls(half, _BOTH, route.tls.verify) as sock:
            seen.update({**_learnt(sock), "verified": route.tls.verify})
            return
    except ssl.SSLCertVerificationError as error:
        with contextlib.suppress(OSError, OtlpError), route.open_tls(half, _BOTH, verify=False) as sock:
            seen.update({**_learnt(sock), "verified": False})
        raise _refused_certificate(error, seen.get("certificate", {}), route) from None
    except socket.timeout:
        failure = OtlpError("response_timeout", f"{where} takes the connection but does not answer a TLS handshake")
    except OSError as error:
        failure = _broken_handshake(error, route)
        if "ALERT" in str(error).upper():
            raise failure from None  # an alert is TLS: no need to look for plaintext
    plain = dataclasses.replace(route, endpoint=dataclasses.replace(route.endpoint, tls=False))
    found = sniff(plain, grpc_first=False, deadline=deadline)
    spoken = {"http": "plain HTTP", "grpc": "gRPC without TLS", "other": f"something else ('{found.banner}')"}
    if found.kind not in spoken:
        raise failure
    seen["spoken"] = found.kind
    raise OtlpError("tls_not_spoken", f"{where} does not speak TLS but {spoken[found.kind]}")


def _broken_handshake(error: OSError, route: Route) -> OtlpError:
    where = route.where
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError):
        return OtlpError("connection_reset", f"{where} closes the connection during the TLS handshake")
    refuse_client_certificate(error, route)
    words = failures.told(error)
    if "HANDSHAKE_FAILURE" in str(error.reason) and not route.tls.client_cert:
        words += "; with TLS 1.2 a server that wants a client certificate says the same"
    return OtlpError("tls_failure", f"the TLS handshake with {where} fails ({words})")


def _learnt(sock: ssl.SSLSocket) -> Handshake:
    cipher = sock.cipher()
    return {
        "version": sock.version(),
        "alpn": sock.selected_alpn_protocol(),
        "cipher": cipher[0] if cipher else None,
        "certificate": describe(sock.getpeercert(binary_form=True) or b"", time.time()),
    }


def _refused_certificate(error: ssl.SSLCertVerificationError, certificate: Certificate, route: Route) -> OtlpError:
    its = f"the certificate of {route.endpoint.authority}"
    cause = failures.certificate_cause(error)
    if cause == "certificate_expired":
        end = certificate.get("not_after")
        return OtlpError(cause, f"{its} has expired" + (f" on {end}" if end else ""))
    if error.verify_code == _NOT_YET_VALID:
        begin = certificate.get("not_before", "later")
        return OtlpError(cause, f"{its} is valid from {begin} on; one of the clocks is wrong")
    if cause == "certificate_name_mismatch":
        names = excerpt(", ".join(certificate.get("names") or []) or certificate.get("subject") or "another name", 160)
        return OtlpError(cause, f"{its} is for {names}, not for {route.endpoint.host}")
    by = f" by '{excerpt(certificate['issuer'], 120)}'" if certificate.get("issuer") else ""
    who = f"'{route.tls.ca_path}'" if route.tls.ca_path else "this host"
    why = excerpt(error.verify_message, 80)
    return OtlpError(cause, f"{its} is issued{by}, which {who} does not trust ({why})")
