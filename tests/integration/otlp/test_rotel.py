"""The probe against rotel, a receiver of another make: its HTTP port speaks HTTP/2, too, and answers GET with 404."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.lab.collector import running


@pytest.fixture(scope="module")
def rotel() -> Iterator[running.Peer]:
    with running.rotel() as peer:
        yield peer


@pytest.mark.parametrize("protocol", ["auto", "grpc"])
def test_a_span_over_grpc(rotel: running.Peer, protocol: str) -> None:
    seen = ask(rotel.grpc, protocol=protocol)
    assert (seen["cause"], seen["protocol"], seen["detected"]) == ("ok", "grpc", "grpc")
    assert rotel.says("Received traces")


@pytest.mark.parametrize("protocol", ["auto", "http/protobuf", "http/json"])
def test_a_span_over_http(rotel: running.Peer, protocol: str) -> None:
    seen = ask(rotel.http, protocol=protocol)
    assert (seen["cause"], seen["detected"]) == ("ok", "http")
    assert seen["protocol"] == ("http/protobuf" if protocol == "auto" else protocol)


def test_http_for_the_grpc_port(rotel: running.Peer) -> None:
    seen = ask(rotel.grpc, protocol="http/protobuf")
    assert seen["cause"] == "protocol_mismatch"
    assert seen["message"] == f"{rotel.grpc} speaks gRPC, not http/protobuf"


def test_grpc_for_the_http_port(rotel: running.Peer) -> None:
    seen = ask(rotel.http, protocol="grpc")
    assert seen["cause"] == "protocol_mismatch"
    assert seen["message"] == f"{rotel.http} speaks HTTP/2, but not gRPC"


def test_a_wrong_path(rotel: running.Peer) -> None:
    seen = ask(f"http://{rotel.http}/otlp")
    assert seen["cause"] == "path_not_found"
    assert seen["message"].startswith(f"http://{rotel.http}/otlp/v1/traces has no OTLP receiver on this path")


def test_tls_for_a_plaintext_port(rotel: running.Peer) -> None:
    for where, spoken in ((rotel.http, "plain HTTP"), (rotel.grpc, "gRPC without TLS")):
        seen = ask(f"https://{where}", timeout=3.0)
        assert seen["cause"] == "tls_not_spoken"
        assert seen["message"] == f"{where} does not speak TLS but {spoken}"
