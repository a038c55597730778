"""Telling gRPC from other HTTP/2, by what real servers answered to this request (2026-11-23, plaintext, loopback)."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.http2 import (
    Http2Answer,
    is_http2,
    read_answer,
    request,
)

SETTINGS = bytes(3) + b"\x04" + bytes(5)
# OpenTelemetry Collector 0.155.0 (grpc-go 1.81.1): SETTINGS, its acknowledgement, PING, HEADERS.
COLLECTOR = (
    b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00@\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00"
    b"\x00\x00\x08\x06\x00\x00\x00\x00\x00\x02\x04\x10\x10\t\x0e\x07\x07"
    b"\x00\x00)\x01\x05\x00\x00\x00\x01\x88_\x8b\x1du\xd0b\r&=LMed@\x88\x9a\xca\xc8\xb2\x124\xda\x8f\x012"
    b"@\x89\x9a\xca\xc8\xb5%B\x071\x7f\x03EOF"
)
# rotel 0.0.1a15, its HTTP port: SETTINGS, its acknowledgement, WINDOW_UPDATE, HEADERS with status 404, DATA.
ROTEL_HTTP = (
    b"\x00\x00\x18\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\xc8\x00\x04\x00\x10\x00\x00\x00\x05\x00\x00@\x00"
    b"\x00\x06\x00\x00@\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x0f\x00\x01"
    b"\x00\x00\x1e\x01\x04\x00\x00\x00\x01\x8da\x97\xd0z\xbe\x94\x13*i?u\x04\x018\xa0Z\xb8\xd3\xf7\x19iLZ7\xff\x0f\r\x81\x07"
    b"\x00\x00\x00\x00\x01\x00\x00\x00\x01"
)


def test_a_grpc_server() -> None:
    assert read_answer(COLLECTOR) == Http2Answer(over=True, headers=True, grpc=True, status=200)


def test_an_http_server_that_speaks_http2() -> None:
    assert read_answer(ROTEL_HTTP) == Http2Answer(over=True, headers=True, grpc=False, status=404)


def test_a_content_type_that_is_not_compressed() -> None:
    headers = b"\x88\x0f\x10\x10application/grpc"
    frame = len(headers).to_bytes(3, "big") + b"\x01\x04\x00\x00\x00\x01" + headers
    assert read_answer(SETTINGS + frame).grpc is True


def test_as_long_as_the_frame_is_incomplete_nothing_is_over() -> None:
    for end in range(len(COLLECTOR)):
        assert read_answer(COLLECTOR[:end]).over is False


@pytest.mark.parametrize("kind", [3, 7], ids=["RST_STREAM", "GOAWAY"])
def test_a_refusal_without_headers(kind: int) -> None:
    frame = b"\x00\x00\x08" + bytes((kind,)) + bytes(5) + bytes(8)
    assert read_answer(SETTINGS + frame) == Http2Answer(over=True)


@pytest.mark.parametrize(
    "data",
    [b"", b"HTTP/1.1 400 Bad Request\r\n", b"SSH-2.0-OpenSSH\r\n", b"\x15\x03\x01\x00\x02\x02\x46", SETTINGS[:8]],
)
def test_what_is_no_http2(data: bytes) -> None:
    assert is_http2(data) is False


@pytest.mark.parametrize(
    ("host", "coded"),
    [("a:1", b"\x01\x03a:1"), ("a" * 126, b"\x01\x7e"), ("a" * 127, b"\x01\x7f\x00"), ("a" * 260, b"\x01\x7f\x85\x01")],
)
def test_the_length_of_a_host_is_coded_as_hpack_wants_it(host: str, coded: bytes) -> None:
    assert coded + (b"" if len(host) < 9 else host.encode()) in request(host, tls=False)


def test_the_scheme_is_the_one_of_the_connection() -> None:
    assert (b"\x83\x86" in request("a:1", tls=False), b"\x83\x87" in request("a:1", tls=True)) == (True, True)
