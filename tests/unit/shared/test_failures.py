"""What Python, OpenSSL and jmespath raise, in words for people."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.jmespath_words import fault
from ansible_collections.traceops.tracing.plugins.module_utils._client import failures


def of_openssl(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] something (_ssl.c:1007)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "connection reset by peer"),
        (http.client.BadStatusLine("\x00\x00\x18\x04"), "the first line is not that of an HTTP answer"),
        (http.client.IncompleteRead(b""), "the answer ends too early"),
        (http.client.HTTPException("got more than 100 headers"), "the headers of the answer are not those of HTTP"),
        (socket.gaierror(-2, "Name or service not known"), "the host name does not resolve"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "no such file or directory"),
        (of_openssl("TLSV1_ALERT_PROTOCOL_VERSION"), "the two sides have no TLS version in common"),
        (of_openssl("KEY_VALUES_MISMATCH"), "the key does not belong to the certificate"),
        (of_openssl("EXCESSIVE_MESSAGE_SIZE"), "OpenSSL says 'excessive message size'"),
        (RuntimeError("<object at 0x7f>"), "an unexpected fault of the kind RuntimeError"),
    ],
)
def test_an_exception_is_told_by_its_kind(error: BaseException, words: str) -> None:
    assert failures.told(error) == words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a.", "it ends too early"),
        ("", "it is empty"),
        ("a b", "unexpected 'b' at character 3"),
        ("a == #", "unexpected '#' at character 6"),
    ],
)
def test_a_fault_of_an_expression_has_its_place(expression: str, words: str) -> None:
    jmespath = pytest.importorskip("jmespath", reason="jmespath is a requirement of the controller")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - jmespath has a family of errors, and ValueError besides
        jmespath.compile(expression)
    assert fault(caught.value) == words
