# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much HTTP/2 as it takes to tell a gRPC server from an HTTP server that speaks HTTP/2, too.

The path of OTLP/gRPC is asked without a message: a gRPC server answers that in its own content type,
an HTTP server with a status such as 404. Neither stores anything. RFC 9113 has the frames, RFC 7541 the headers.
"""

from __future__ import annotations

import dataclasses
import typing as t

GRPC_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_STREAM, _END_HEADERS = 0x01, 0x04
_FRAME_HEADER = 9
# `application/grpc` as it is, and in the Huffman code of RFC 7541, appendix B.
_GRPC_TYPES = (b"application/grpc", bytes.fromhex("1d75d0620d263d4c4d65"))
# Statuses with an entry of their own in the static table (RFC 7541, appendix A), by the octet that stands for them.
_STATUSES = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}


def request(authority: str, tls: bool) -> bytes:
    """The client's preface, empty settings, and a POST to the path of OTLP/gRPC that has no message."""
    block = (
        b"\x83"  # :method POST
        + (b"\x87" if tls else b"\x86")  # :scheme
        + b"\x04"  # :path
        + _string(GRPC_PATH)
        + b"\x01"  # :authority
        + _string(authority)
        + b"\x0f\x10"  # content-type
        + _string("application/grpc")
        + b"\x00"
        + _string("te")
        + _string("trailers")
    )
    # The end of the stream has a frame of its own: grpc-go (1.81) never answers a request that ends with its headers.
    frames = (
        _frame(_SETTINGS, 0, 0, b""),
        _frame(_HEADERS, _END_HEADERS, 1, block),
        _frame(_DATA, _END_STREAM, 1, b""),
    )
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"".join(frames)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _string(text: str) -> bytes:
    data = text.encode("ascii")
    if len(data) < 0x7F:
        return bytes((len(data),)) + data
    rest = len(data) - 0x7F
    size = bytearray((0x7F,))
    while rest > 0x7F:
        size.append(rest & 0x7F | 0x80)
        rest >>= 7
    size.append(rest)
    return bytes(size) + data


@dataclasses.dataclass
class Http2Answer:
    """What a server's frames say: `over` when it has dealt with the request, `headers` when it answered it.

    `grpc` tells whether in gRPC's content type; `status` is None where HTTP/2's static table has no entry for it.
    """

    over: bool = False
    headers: bool = False
    grpc: bool = False
    status: t.Optional[int] = None


def is_http2(data: bytes) -> bool:
    """Whether `data` begins as a server's side of HTTP/2 does, with SETTINGS, or with GOAWAY in its place."""
    return len(data) >= _FRAME_HEADER and data[0] == 0 and data[3] in (_SETTINGS, _GOAWAY) and data[5:9] == bytes(4)


def read_answer(data: bytes) -> Http2Answer:
    """What the complete frames in `data` say; what comes after HEADERS does not matter."""
    answer = Http2Answer()
    at = 0
    while at + _FRAME_HEADER <= len(data):
        size = int.from_bytes(data[at : at + 3], "big")
        kind, payload = data[at + 3], data[at + _FRAME_HEADER : at + _FRAME_HEADER + size]
        if len(payload) < size:
            break
        if kind in (_HEADERS, _RST_STREAM, _GOAWAY):
            answer.over = True
        if kind == _HEADERS:
            answer.headers = True
            answer.grpc = any(text in payload for text in _GRPC_TYPES)
            answer.status = next((_STATUSES[octet] for octet in payload[:4] if octet in _STATUSES), None)
            break
        at += _FRAME_HEADER + size
    return answer
