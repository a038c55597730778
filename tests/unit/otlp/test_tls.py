"""TLS: each cause with a server and certificates made for the test."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.certificates import Authority, server_context
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server

ACCEPTED = answering(http_answer(200, b"", "application/x-protobuf"))
Handler = Callable[[socket.socket], None]


def over_tls(context: ssl.SSLContext, handle: Handler = ACCEPTED) -> Handler:
    """`handle` behind a TLS handshake; a client that breaks off is not answered."""

    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            handle(tls)

    return wrapped


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_a_trusted_certificate_is_described(authority: Authority) -> None:
    with tcp_server(over_tls(server_context(authority.issue("collector")))) as port:
        seen = ask(f"https://127.0.0.1:{port}", ca_path=authority.ca)
    assert seen["cause"] == "ok"
    tls = seen["phases"]["tls"]
    assert (tls["ok"], tls["verified"], tls["version"]) == (True, True, "TLSv1.3")
    assert tls["certificate"]["subject"] == "O=Tests, CN=collector"
    assert tls["certificate"]["issuer"] == "O=Tests, CN=Test authority"
    assert tls["certificate"]["names"] == ["127.0.0.1", "localhost"]
    assert tls["certificate"]["days_left"] == 29


def test_alpn_is_reported(authority: Authority) -> None:
    with tcp_server(over_tls(server_context(authority.issue("collector"), alpn=["http/1.1"]))) as port:
        tls = ask(f"https://127.0.0.1:{port}", ca_path=authority.ca)["phases"]["tls"]
    assert tls["alpn"] == "http/1.1"


def test_an_unknown_authority(authority: Authority) -> None:
    with tcp_server(over_tls(server_context(authority.issue("collector")))) as port:
        seen = ask(f"https://127.0.0.1:{port}")
    assert seen["cause"] == "certificate_untrusted"
    assert seen["message"].startswith(
        f"the certificate of 127.0.0.1:{port} is issued by 'O=Tests, CN=Test authority', which this host does not trust"
    )
    assert seen["phases"]["tls"]["certificate"]["subject"] == "O=Tests, CN=collector"
    assert seen["phases"]["tls"]["verified"] is False
    assert seen["phases"]["export"]["ok"] is None


def test_another_authority_than_the_given_one(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "Other")
    with tcp_server(over_tls(server_context(authority.issue("collector")))) as port:
        seen = ask(f"https://127.0.0.1:{port}", ca_path=other.ca)
    assert seen["cause"] == "certificate_untrusted"
    assert f"which '{other.ca}' does not trust" in seen["message"]


def test_a_certificate_with_endless_names_leaves_a_readable_sentence(authority: Authority) -> None:
    pair = authority.issue("collector", [f"{'n' * 50}{i}.example" for i in range(100)])
    with tcp_server(over_tls(server_context(pair))) as port:
        seen = ask(f"https://127.0.0.1:{port}", ca_path=authority.ca)
    assert seen["cause"] == "certificate_name_mismatch"
    assert len(seen["message"]) < 300


def test_an_expired_certificate(authority: Authority) -> None:
    pair = authority.issue("collector", first_day=-20, last_day=-3)
    with tcp_server(over_tls(server_context(pair))) as port:
        seen = ask(f"https://127.0.0.1:{port}", ca_path=authority.ca)
    certificate = seen["phases"]["tls"]["certificate"]
    assert seen["cause"] == "certificate_expired"
    assert seen["message"] == f"the certificate of 127.0.0.1:{port} has expired on {certificate['not_after']}"
    assert certificate["days_left"] < -2


def test_a_certificate_of_tomorrow(authority: Authority) -> None:
    with tcp_server(over_tls(server_context(authority.issue("collector", first_day=1)))) as port:
        seen = ask(f"https://127.0.0.1:{port}", ca_path=authority.ca)
    assert seen["cause"] == "certificate_untrusted"
    assert seen["message"].endswith("on; one of the clocks is wrong")


@pytest.mark.parametrize(
    ("names", "shown"), [(["tempo.example", "10.0.0.7"], "tempo.example, 10.0.0.7"), (["a.b"], "a.b")]
)
def test_a_certificate_for_another_name(authority: Authority, names: list[str], shown: str) -> None:
    with tcp_server(over_tls(server_context(authority.issue("collector", names)))) as port:
        seen = ask(f"https://127.0.0.1:{port}", ca_path=authority.ca)
    assert seen["cause"] == "certificate_name_mismatch"
    assert seen["message"] == f"the certificate of 127.0.0.1:{port} is for {shown}, not for 127.0.0.1"


@pytest.mark.parametrize("flaw", [{"last_day": -1, "first_day": -5}, {"names": ["other.example"]}, {}])
@pytest.mark.parametrize("protocol", ["otlp_http", "otlp_grpc"])
def test_without_verification_every_certificate_will_do(authority: Authority, flaw: dict, protocol: str) -> None:
    tempo = Tempo(tls=authority.issue("tempo", **flaw))
    try:
        seen = ask(getattr(tempo, protocol), validate_certs=False)
    finally:
        tempo.stop()
    assert seen["cause"] == "ok"
    assert seen["phases"]["tls"]["verified"] is False


@pytest.mark.parametrize("protocol", ["otlp_http", "otlp_grpc"])
def test_a_span_arrives_over_tls(authority: Authority, protocol: str) -> None:
    tempo = Tempo(tls=authority.issue("tempo"))
    try:
        seen = ask(getattr(tempo, protocol), ca_path=authority.ca)
    finally:
        tempo.stop()
    assert seen["cause"] == "ok"
    assert tempo.store.batches(["single-tenant"], bytes.fromhex(seen["trace_ids"][0]))


@pytest.mark.parametrize("protocol", ["otlp_http", "otlp_grpc"])
@pytest.mark.parametrize("wanted", ["auto", "grpc", "http/protobuf"])
def test_plaintext_for_a_tls_port(authority: Authority, protocol: str, wanted: str) -> None:
    tempo = Tempo(tls=authority.issue("tempo"))
    where = getattr(tempo, protocol).split("//")[1]
    try:
        seen = ask(f"http://{where}", protocol=wanted)
    finally:
        tempo.stop()
    assert seen["cause"] == "tls_required"
    assert seen["message"] == f"{where} speaks TLS: use https://{where}"
    assert seen["detected"] == "tls"


@pytest.mark.parametrize(("protocol", "spoken"), [("otlp_http", "plain HTTP"), ("otlp_grpc", "gRPC without TLS")])
def test_tls_for_a_plaintext_port(protocol: str, spoken: str) -> None:
    tempo = Tempo()
    where = getattr(tempo, protocol).split("//")[1]
    try:
        seen = ask(f"https://{where}", timeout=2.0)
    finally:
        tempo.stop()
    assert seen["cause"] == "tls_not_spoken"
    assert seen["message"] == f"{where} does not speak TLS but {spoken}"
    assert seen["phases"]["tls"]["ok"] is False


def test_tls_for_something_else() -> None:
    def ssh(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
        connection.recv(65536)

    with tcp_server(ssh) as port:
        seen = ask(f"https://127.0.0.1:{port}")
    assert seen["cause"] == "tls_not_spoken"
    assert seen["message"].endswith("does not speak TLS but something else ('SSH-2.0-OpenSSH_9.6')")


def test_a_handshake_that_is_never_answered() -> None:
    with tcp_server(lambda connection: connection.recv(65536) and connection.recv(65536)) as port:
        seen = ask(f"https://127.0.0.1:{port}", timeout=0.8)
    assert seen["cause"] == "response_timeout"
    assert seen["message"] == f"127.0.0.1:{port} takes the connection but does not answer a TLS handshake"


def test_a_handshake_that_is_cut_off() -> None:
    with tcp_server(socket.socket.close) as port:
        seen = ask(f"https://127.0.0.1:{port}")
    assert seen["cause"] == "connection_reset"
    assert seen["message"] == f"127.0.0.1:{port} closes the connection during the TLS handshake"


def test_no_version_in_common() -> None:
    protocol_version = b"\x15\x03\x01\x00\x02\x02\x46"  # the alert of a server that is too new or too old
    with tcp_server(answering(protocol_version)) as port:
        seen = ask(f"https://127.0.0.1:{port}")
    assert seen["cause"] == "tls_failure"
    assert (
        seen["message"]
        == f"the TLS handshake with 127.0.0.1:{port} fails (the two sides have no TLS version in common)"
    )


@pytest.mark.parametrize("protocol", ["auto", "grpc"])
def test_a_server_that_wants_a_client_certificate(authority: Authority, protocol: str) -> None:
    with tcp_server(over_tls(server_context(authority.issue("collector"), client_ca=authority.ca))) as port:
        seen = ask(f"https://127.0.0.1:{port}", ca_path=authority.ca, protocol=protocol)
    assert seen["cause"] == "client_certificate_required"
    assert seen["message"] == f"127.0.0.1:{port} wants a client certificate (mutual TLS)"
    assert seen["phases"]["tls"]["ok"] is False
    assert seen["phases"]["protocol"]["ok"] is None


def test_tls_1_2_does_not_tell_that_a_client_certificate_is_wanted(authority: Authority) -> None:
    context = server_context(authority.issue("collector"), client_ca=authority.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with tcp_server(over_tls(context)) as port:
        seen = ask(f"https://127.0.0.1:{port}", ca_path=authority.ca)
    assert seen["cause"] == "tls_failure"
    assert seen["message"].endswith("with TLS 1.2 a server that wants a client certificate says the same)")


@pytest.mark.parametrize("one_file", [True, False])
def test_a_client_certificate_opens_the_door(authority: Authority, tmp_path: Path, one_file: bool) -> None:
    context = server_context(authority.issue("collector"), client_ca=authority.ca)
    client = authority.issue("app01", [])
    files = {"client_cert": client.cert, "client_key": client.key}
    if one_file:
        both = tmp_path / "both.pem"
        both.write_text(Path(client.cert).read_text() + Path(client.key).read_text())
        files = {"client_cert": str(both)}
    with tcp_server(over_tls(context)) as port:
        seen = ask(f"https://127.0.0.1:{port}", ca_path=authority.ca, **files)
    assert seen["cause"] == "ok"


@pytest.mark.parametrize("protocol", ["auto", "grpc"])
def test_a_client_certificate_of_another_authority(authority: Authority, tmp_path: Path, protocol: str) -> None:
    context = server_context(authority.issue("collector"), client_ca=authority.ca)
    client = Authority(tmp_path, "Other").issue("app01", [])
    with tcp_server(over_tls(context)) as port:
        seen = ask(
            f"https://127.0.0.1:{port}",
            ca_path=authority.ca,
            client_cert=client.cert,
            client_key=client.key,
            protocol=protocol,
        )
    assert seen["cause"] == "client_certificate_rejected"
    assert seen["message"].startswith(f"127.0.0.1:{port} refuses the client certificate '{client.cert}'")


def test_files_that_can_not_be_used_are_named(authority: Authority, tmp_path: Path) -> None:
    client = authority.issue("app01", [])
    garbage = tmp_path / "garbage.pem"
    garbage.write_bytes(b"\x00not a certificate")
    locked = tmp_path / "locked.pem"
    locked.write_text(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAc\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    wrong = [
        ({"ca_path": str(tmp_path / "none.pem")}, "ca_path"),
        ({"ca_path": str(garbage)}, "ca_path"),
        ({"client_cert": str(garbage)}, "client_cert"),
        ({"client_cert": client.cert}, "client_cert"),
        ({"client_cert": client.cert, "client_key": str(locked)}, "client_cert"),
        ({"client_cert": client.cert, "client_key": str(tmp_path / "none.key")}, "client_cert"),
    ]
    with tcp_server(over_tls(server_context(authority.issue("collector")))) as port:
        for files, option in wrong:
            with pytest.raises(BadOption) as caught:
                ask(f"https://127.0.0.1:{port}", **files)
            assert caught.value.message.startswith(f"{option}: '{next(iter(files.values()))}'")
            assert caught.value.result["phases"]["tcp"]["ok"] is True


def test_tls_files_do_not_matter_without_tls() -> None:
    seen = ask(f"http://127.0.0.1:{closed_port()}", ca_path="/nonexistent.pem")
    assert seen["cause"] == "connection_refused"
