# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a connection failed, by the kinds and numbers of exceptions: their words differ by version and language."""

from __future__ import annotations

import errno
import os
import ssl
import typing as t

MAX_CHAIN = 30  # exceptions that are looked at behind one

_EXPIRED = 10  # X509_V_ERR_* of OpenSSL's x509_vfy.h
_OTHER_NAME = (62, 63, 64)


def certificate_cause(error: ssl.SSLCertVerificationError) -> str:
    """`certificate_expired`, `certificate_name_mismatch` or `certificate_untrusted` (also: not yet valid)."""
    if error.verify_code == _EXPIRED:
        return "certificate_expired"
    return "certificate_name_mismatch" if error.verify_code in _OTHER_NAME else "certificate_untrusted"


def wants_certificate(error: ssl.SSLError, shown: bool) -> str:
    """`client_certificate_required` or `client_certificate_rejected` by the server's alert, '' for any other.

    `shown`: a client certificate was shown. TLS 1.3 has an alert of its own for a missing one, TLS 1.2 mostly
    sends bad_certificate (RFC 5246, 7.2.2).
    """
    alert = _reason(error)
    if "CERTIFICATE_REQUIRED" in alert or ("ALERT_BAD_CERTIFICATE" in alert and not shown):
        return "client_certificate_required"
    if shown and "ALERT" in alert and ("UNKNOWN_CA" in alert or "CERTIFICATE" in alert):
        return "client_certificate_rejected"
    return ""


# What OpenSSL says when the first bytes are no TLS record.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNEXPECTED_EOF", "EOF occurred")


def tls_cause(error: ssl.SSLError) -> str:
    """The cause of a failed handshake; `tls_failure` for what has no name of its own."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate_cause(error)
    if any(word in _reason(error) for word in _NO_TLS):
        return "tls_not_spoken"
    return wants_certificate(error, shown=False) or "tls_failure"


def _reason(error: ssl.SSLError) -> str:
    return "" if isinstance(error, ssl.SSLCertVerificationError) else str(error.reason or error)


# (kinds of exceptions by name, since their packages may not be installed, cause); the first that is met decides.
_KINDS: t.Tuple[t.Tuple[t.Tuple[str, ...], str], ...] = (
    (("CertificateError",), "certificate_name_mismatch"),
    (("gaierror", "NameResolutionError", "LocationParseError", "UnicodeError", "InvalidURL"), "dns_failure"),
    (("ConnectTimeout", "ConnectTimeoutError"), "connection_timeout"),
    (("InvalidChunkLength", "LineTooLong", "HeaderParsingError"), "not_http"),
    (("RemoteDisconnected", "ConnectionResetError", "ConnectionAbortedError", "BrokenPipeError"), "connection_reset"),
    (("ConnectionRefusedError",), "connection_refused"),
    (("ReadTimeout", "ReadTimeoutError", "timeout", "TimeoutError"), "response_timeout"),
    (("IncompleteRead",), "connection_reset"),
    (("BadStatusLine",), "not_http"),
)
_NUMBERS = {
    errno.EHOSTUNREACH: "no_route",
    errno.ENETUNREACH: "no_route",
    errno.EADDRNOTAVAIL: "no_route",
}


def cause(error: BaseException) -> str:
    """The cause of a failed request, `""` when no kind in its chain is known."""
    behind = list(chain(error))
    handshake = next((each for each in behind if isinstance(each, ssl.SSLError)), None)
    if handshake is not None:
        return tls_cause(handshake)
    number = next((_NUMBERS[each.errno] for each in behind if isinstance(each, OSError) and each.errno in _NUMBERS), "")
    # urllib3's NewConnectionError is a kind of its timeout, whatever kept it from connecting.
    told = [each for each in behind if type(each).__name__ != "NewConnectionError"]
    kinds = {kind.__name__ for each in told for kind in type(each).__mro__}
    return number or next((known for names, known in _KINDS if kinds.intersection(names)), "")


def chain(error: BaseException) -> t.Iterator[BaseException]:
    """`error` and what is behind it: wrapped by HTTP libraries in arguments and reasons, else raised from."""
    pending: t.List[BaseException] = [error]
    seen: t.Set[int] = set()
    while pending and len(seen) < MAX_CHAIN:
        each = pending.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        pending += [one for one in inner if isinstance(one, BaseException)]


# (part of OpenSSL's reason, words); the first that is met decides. Reasons of OpenSSL 1.1.1 to 3.5.
_TLS_WORDS = (
    ("PROTOCOL_VERSION", "the two sides have no TLS version in common"),
    ("UNSUPPORTED_PROTOCOL", "the two sides have no TLS version in common"),
    ("NO_SHARED_CIPHER", "the two sides have no cipher in common"),
    ("HANDSHAKE_FAILURE", "the server refuses the handshake: no cipher in common, or no client certificate"),
    ("UNKNOWN_CA", "the other side does not know the authority of the certificate"),
    ("CERTIFICATE_EXPIRED", "the certificate has expired"),
    ("CERTIFICATE_REQUIRED", "the server requires a client certificate"),
    ("BAD_CERTIFICATE", "the other side refuses the certificate"),
    ("UNRECOGNIZED_NAME", "the server does not know the host name"),
    ("CERTIFICATE_VERIFY_FAILED", "the certificate is not trusted"),
    ("KEY_VALUES_MISMATCH", "the key does not belong to the certificate"),
    ("BAD_PASSWORD_READ", "the key is encrypted"),
    ("BAD_DECRYPT", "the key is encrypted"),
    ("NO_START_LINE", "the file has no certificate or key in PEM form"),
    ("NO_CERTIFICATE_OR_CRL_FOUND", "the file has no certificate in PEM form"),
    ("PEM lib", "the file has no certificate or key in PEM form"),
    ("EE_KEY_TOO_SMALL", "the key is too short"),
    ("CA_MD_TOO_WEAK", "the certificate has a weak signature"),
    ("WRONG_VERSION_NUMBER", "the answer is not TLS"),
    ("RECORD_LAYER_FAILURE", "the answer is not TLS"),
    ("HTTP_REQUEST", "the answer is HTTP without TLS"),
    ("EOF", "the server closed the connection"),
)


def told(error: BaseException) -> str:
    """`error` in words by its kind: never the text, the numbers or the name of an exception where the kind is known."""
    for each in chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return each.verify_message or "the certificate is not trusted"
        if isinstance(each, ssl.SSLError):
            reason = _reason(each)
            return next((words for part, words in _TLS_WORDS if part in reason), _plain(reason))
        known = next((words for kind, words in _KIND_WORDS if kind in _names(each)), "")
        if known:
            return known
        if isinstance(each, OSError) and each.errno:
            return os.strerror(each.errno).lower()
    return f"an unexpected fault of the kind {type(error).__name__}"


_KIND_WORDS = (
    ("BadStatusLine", "the first line is not that of an HTTP answer"),
    ("UnknownProtocol", "the answer has an unknown version of HTTP"),
    ("LineTooLong", "a line of the answer is too long"),
    ("IncompleteRead", "the answer ends too early"),
    ("HTTPException", "the headers of the answer are not those of HTTP"),
    ("gaierror", "the host name does not resolve"),
    ("UnicodeError", "it has characters that cannot be encoded"),
    ("timeout", "no answer in time"),
    ("TimeoutError", "no answer in time"),
)


def _names(error: BaseException) -> t.Set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _plain(reason: str) -> str:
    """A reason of OpenSSL without words here, such as EXCESSIVE_MESSAGE_SIZE, as a quotation."""
    words = reason.replace("_", " ").lower() if reason.isupper() or "_" in reason else ""
    return f"OpenSSL says '{words}'" if words else "OpenSSL does not say why"
