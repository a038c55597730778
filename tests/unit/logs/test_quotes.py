"""Raw exceptions in a log are translated, anything else that it says is quoted."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel.quotes import quoted

REFUSED = (
    "HTTPConnectionPool(host='127.0.0.1', port=4318): Max retries exceeded with url: /v1/traces (Caused by "
    "NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f>: Failed to establish a new "
    "connection: [Errno 111] Connection refused'))"
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", ""),
        ("connect ECONNREFUSED ::1:4318", "'connect ECONNREFUSED ::1:4318'"),
        ("16 UNAUTHENTICATED: no credentials", "'16 UNAUTHENTICATED: no credentials'"),
        (
            "('Connection aborted.', BadStatusLine('\\x00\\x00\\x18\\x04'))",
            "the answer does not begin with a status line of HTTP",
        ),
        (
            REFUSED,
            "127.0.0.1:4318: connection refused",
        ),
        (
            "HTTPConnectionPool(host='tempo', port=4318): Max retries exceeded (Caused by NameResolutionError(\"x\"))",
            "tempo:4318: the host name does not resolve",
        ),
        ("SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1007)')", "the answer is not TLS"),
        (
            "ConnectionResetError(104, 'Connection reset by peer')",
            "the server closed the connection without an answer",
        ),
        ("OddError('a thing that nobody knows')", "'OddError('a thing that nobody knows')'"),
    ],
)
def test_words_of_a_log(words: str, said: str) -> None:
    assert quoted(words) == said
