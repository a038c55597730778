"""What speaks at an endpoint, and what follows from it for the protocol that is wanted."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.detect import classify
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.contract.replay import RECORDINGS
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.servers import answering, http_answer, tcp_server


@pytest.fixture(scope="module")
def tempo() -> Iterator[Tempo]:
    running = Tempo()
    yield running
    running.stop()


@pytest.mark.parametrize("protocol", ["auto", "grpc"])
def test_a_grpc_receiver_takes_a_span(tempo: Tempo, protocol: str) -> None:
    seen = ask(tempo.otlp_grpc, protocol=protocol)
    assert (seen["cause"], seen["protocol"], seen["detected"]) == ("ok", "grpc", "grpc")
    assert seen["endpoint"] == tempo.otlp_grpc
    assert tempo.store.batches(["single-tenant"], bytes.fromhex(seen["trace_ids"][0]))


@pytest.mark.parametrize("protocol", ["auto", "http/protobuf", "http/json"])
def test_an_http_receiver_takes_a_span(tempo: Tempo, protocol: str) -> None:
    seen = ask(tempo.otlp_http, protocol=protocol)
    assert (seen["cause"], seen["detected"]) == ("ok", "http")
    assert seen["protocol"] == ("http/protobuf" if protocol == "auto" else protocol)
    assert seen["phases"]["protocol"]["status"] == 405  # what a receiver answers to GET: a sign that it is one
    assert seen["message"].startswith(f"{tempo.otlp_http}/v1/traces accepted a span over {seen['protocol']} in ")


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_http_for_a_grpc_port(tempo: Tempo, protocol: str) -> None:
    seen = ask(tempo.otlp_grpc, protocol=protocol)
    where = tempo.otlp_grpc.split("//")[1]
    assert seen["cause"] == "protocol_mismatch"
    assert seen["message"] == f"{where} speaks gRPC, not {protocol}"
    assert seen["phases"]["export"] == {"ok": None, "ms": 0.0, "cause": "not_run"}


@pytest.mark.parametrize("port", ["otlp_http", "url"])
def test_grpc_for_an_http_port(tempo: Tempo, port: str) -> None:
    url = getattr(tempo, port)
    seen = ask(url, protocol="grpc")
    assert seen["cause"] == "protocol_mismatch"
    assert seen["message"] == f"{url.split('//')[1]} speaks HTTP/1, but not gRPC"


def test_tempos_query_port_is_no_receiver(tempo: Tempo) -> None:
    seen = ask(tempo.url)
    assert seen["cause"] == "path_not_found"
    assert f"{tempo.url}/v1/traces has no OTLP receiver on this path" in seen["message"]


def greeting(banner: bytes) -> object:
    def handle(connection: socket.socket) -> None:
        connection.sendall(banner)
        connection.recv(65536)

    return handle


@pytest.mark.parametrize("protocol", ["auto", "grpc", "http/protobuf"])
@pytest.mark.parametrize(
    ("banner", "shown"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0-OpenSSH_9.6"),
        (b"220 mail \x1b[31mready\r\n", "220 mail ready"),
        (b"-ERR unknown command password=hunter2\r\n", "-ERR unknown command password=********"),
    ],
)
def test_something_else_is_quoted(protocol: str, banner: bytes, shown: str) -> None:
    with tcp_server(greeting(banner)) as port:  # type: ignore[arg-type]
        seen = ask(f"127.0.0.1:{port}", protocol=protocol)
    assert seen["cause"] == "protocol_mismatch"
    assert seen["message"] == f"127.0.0.1:{port} speaks neither HTTP nor gRPC: it says '{shown}'"
    assert seen["detected"] == "other"


@pytest.mark.parametrize("protocol", ["auto", "grpc", "http/json"])
def test_a_server_that_says_nothing(protocol: str) -> None:
    with tcp_server(lambda connection: connection.recv(65536) and connection.recv(65536)) as port:
        seen = ask(f"http://127.0.0.1:{port}", timeout=0.8, protocol=protocol)
    assert seen["cause"] == "response_timeout"
    assert seen["message"] == f"127.0.0.1:{port} takes the connection but answers neither HTTP nor gRPC in time"
    assert seen["detected"] == "silent"


def test_without_send_nothing_is_posted_and_nothing_is_claimed(tempo: Tempo) -> None:
    seen = ask(tempo.otlp_http, send=False)
    assert (seen["ok"], seen["cause"], seen["trace_ids"]) == (False, "not_sent", [])
    assert seen["message"].endswith("speaks HTTP; no span was sent, so whether it takes spans is not known")
    assert seen["phases"]["protocol"]["ok"] is True
    assert seen["phases"]["export"] == {"ok": None, "ms": 0.0, "cause": "not_sent"}


def test_where_grpc_answers_beside_a_404_auto_takes_grpc() -> None:
    def both(connection: socket.socket) -> None:
        request = connection.recv(65536)
        settings = bytes(3) + b"\x04" + bytes(5)
        connection.sendall(settings if request.startswith(b"PRI") else http_answer(404, b"no such page", "text/plain"))

    with tcp_server(both) as port:
        seen = ask(f"http://127.0.0.1:{port}", send=False)
    assert (seen["protocol"], seen["phases"]["protocol"]["http2"]) == ("grpc", True)


@pytest.mark.parametrize(
    "words",
    [
        b"Client sent an HTTP request to an HTTPS server.",
        b"<center>The plain HTTP request was sent to HTTPS port</center>",
    ],
)
def test_plaintext_for_a_tls_server_that_says_so(words: bytes) -> None:
    with tcp_server(answering(http_answer(400, words, "text/html"))) as port:
        seen = ask(f"http://127.0.0.1:{port}")
    assert seen["cause"] == "tls_required"
    assert seen["message"] == f"127.0.0.1:{port} speaks TLS: use https://127.0.0.1:{port}"


@pytest.mark.parametrize("recording", ["tempo-2.3.1", "tempo-2.10.8", "tempo-3.0.3"])
def test_what_a_real_grpc_port_sends_first(recording: str) -> None:
    exchanges = json.loads((RECORDINGS / f"{recording}.json").read_text(encoding="utf-8"))["exchanges"]
    (frame,) = (
        base64.b64decode(item["response"]["raw_base64"])
        for item in exchanges
        if item.get("note") == "TLS ClientHello sent to the plaintext gRPC port"
    )
    assert classify(frame, ended=False) == "http2"


@pytest.mark.parametrize(
    ("data", "ended", "kind"),
    [
        (b"", True, "closed"),
        (b"", False, "silent"),
        (b"HTTP/1.1 405 Method Not Allowed\r\n\r\n", True, "http"),
        (b"\x15\x03\x01\x00\x02\x02\x46", True, "tls"),
        (b"\x15\x03\x03", True, "tls"),
        (b"\x00\x00\x08\x07\x00\x00\x00\x00\x00", True, "http2"),
        (b"\x00\x00\x00\x04\x01\x00\x00\x00\x01", True, "other"),
        (b"HTT", True, "other"),
    ],
)
def test_first_bytes_and_their_kind(data: bytes, ended: bool, kind: str) -> None:
    assert classify(data, ended) == kind
