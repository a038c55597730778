"""The probe against the OpenTelemetry Collector: each outcome that it can produce."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.certificates import Authority, Pair
from ansible_collections.traceops.tracing.tests.lab.collector.running import Peer, collector, free_ports
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.servers import closed_port

BOTH = pytest.mark.parametrize("port", ["grpc", "http"])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with collector(tmp_path_factory.mktemp("collector")) as peer:
        yield peer


@pytest.mark.parametrize(
    ("port", "protocol", "used"),
    [
        ("grpc", "auto", "grpc"),
        ("grpc", "grpc", "grpc"),
        ("http", "auto", "http/protobuf"),
        ("http", "http/protobuf", "http/protobuf"),
        ("http", "http/json", "http/json"),
    ],
)
def test_a_span_arrives(plain: Peer, port: str, protocol: str, used: str) -> None:
    seen = ask(getattr(plain, port), protocol=protocol, attributes={"round": 7})
    assert (seen["cause"], seen["protocol"]) == ("ok", used)
    assert plain.says(seen["trace_ids"][0])


def test_a_traceparent_is_continued(plain: Peer) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    assert ask(plain.http, traceparent=f"00-{trace}-{parent}-01")["trace_ids"] == [trace]
    assert plain.says(f"Parent ID      : {parent}")


def test_the_wrong_port_in_either_direction(plain: Peer) -> None:
    assert ask(plain.grpc, protocol="http/protobuf")["message"] == f"{plain.grpc} speaks gRPC, not http/protobuf"
    assert ask(plain.http, protocol="grpc")["message"] == f"{plain.http} speaks HTTP/1, but not gRPC"


def test_a_wrong_path(plain: Peer) -> None:
    seen = ask(f"http://{plain.http}/wrong")
    assert seen["cause"] == "path_not_found"
    assert "404 page not found" in seen["message"]


@pytest.mark.parametrize(("port", "spoken"), [("grpc", "gRPC without TLS"), ("http", "plain HTTP")])
def test_tls_for_a_plaintext_port(plain: Peer, port: str, spoken: str) -> None:
    where = getattr(plain, port)
    seen = ask(f"https://{where}", timeout=3.0)
    assert seen["cause"] == "tls_not_spoken"
    assert seen["message"] == f"{where} does not speak TLS but {spoken}"


def over_tls(pair: Pair, client_ca: str | None = None) -> dict[str, dict[str, object]]:
    tls = {"cert_file": pair.cert, "key_file": pair.key, **({"client_ca_file": client_ca} if client_ca else {})}
    return {"grpc": {"tls": tls}, "http": {"tls": tls}}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def with_tls(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Peer]:
    with collector(tmp_path_factory.mktemp("collector"), **over_tls(authority.issue("collector"))) as peer:
        yield peer


@BOTH
def test_a_span_over_tls(with_tls: Peer, authority: Authority, port: str) -> None:
    seen = ask(f"https://{getattr(with_tls, port)}", ca_path=authority.ca)
    assert seen["cause"] == "ok"
    assert seen["phases"]["tls"]["alpn"] == "h2"
    assert with_tls.says(seen["trace_ids"][0])


@BOTH
def test_an_authority_that_this_host_does_not_know(with_tls: Peer, port: str) -> None:
    seen = ask(f"https://{getattr(with_tls, port)}")
    assert seen["cause"] == "certificate_untrusted"
    assert "issued by 'O=Tests, CN=Test authority'" in seen["message"]


@BOTH
def test_plaintext_for_a_tls_port(with_tls: Peer, port: str) -> None:
    where = getattr(with_tls, port)
    seen = ask(f"http://{where}")
    assert seen["cause"] == "tls_required"
    assert seen["message"] == f"{where} speaks TLS: use https://{where}"


@BOTH
def test_an_expired_certificate(tmp_path: Path, authority: Authority, port: str) -> None:
    with collector(tmp_path, **over_tls(authority.issue("expired", first_day=-9, last_day=-2))) as peer:
        seen = ask(f"https://{getattr(peer, port)}", ca_path=authority.ca)
    assert seen["cause"] == "certificate_expired"
    assert seen["phases"]["tls"]["certificate"]["days_left"] < 0


@pytest.fixture(scope="module")
def with_mtls(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Peer]:
    settings = over_tls(authority.issue("mutual"), client_ca=authority.ca)
    with collector(tmp_path_factory.mktemp("collector"), **settings) as peer:
        yield peer


@BOTH
def test_a_client_certificate_is_wanted(with_mtls: Peer, authority: Authority, port: str) -> None:
    where = getattr(with_mtls, port)
    seen = ask(f"https://{where}", ca_path=authority.ca)
    assert seen["cause"] == "client_certificate_required"
    assert seen["message"] == f"{where} wants a client certificate (mutual TLS)"


@BOTH
def test_a_client_certificate_is_accepted(with_mtls: Peer, authority: Authority, port: str) -> None:
    client = authority.issue("app01", [])
    seen = ask(
        f"https://{getattr(with_mtls, port)}", ca_path=authority.ca, client_cert=client.cert, client_key=client.key
    )
    assert seen["cause"] == "ok"


@BOTH
def test_a_client_certificate_of_somebody_else(
    with_mtls: Peer, authority: Authority, tmp_path: Path, port: str
) -> None:
    client = Authority(tmp_path, "Somebody else").issue("app01", [])
    seen = ask(
        f"https://{getattr(with_mtls, port)}", ca_path=authority.ca, client_cert=client.cert, client_key=client.key
    )
    assert seen["cause"] == "client_certificate_rejected"


@pytest.fixture(scope="module")
def with_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with collector(
        tmp_path_factory.mktemp("collector"),
        grpc={"auth": {"authenticator": "bearertokenauth"}},
        http={"auth": {"authenticator": "basicauth"}},
        extensions={
            "bearertokenauth": {"token": "s3cret-t0ken"},
            "basicauth": {"htpasswd": {"inline": "app:s3cret-pa55"}},
        },
    ) as peer:
        yield peer


@pytest.mark.parametrize(
    ("port", "wrong", "right"),
    [
        ("grpc", {"token": "another-t0ken"}, {"token": "s3cret-t0ken"}),
        (
            "http",
            {"url_username": "app", "url_password": "another"},
            {"url_username": "app", "url_password": "s3cret-pa55"},
        ),
    ],
)
def test_credentials(with_token: Peer, port: str, wrong: dict[str, str], right: dict[str, str]) -> None:
    where = getattr(with_token, port)
    for given in ({}, wrong):
        seen = ask(where, **given)
        assert seen["cause"] == "unauthorized"
        assert "wants credentials, or other ones; " in seen["message"]
        encoded = base64.b64encode(b"app:another").decode()
        assert not any(secret in str(seen) for secret in ("another-t0ken", encoded))
    assert ask(where, **right)["cause"] == "ok"


def until(cause: str, probe: Callable[[], dict[str, object]], attempts: int = 60) -> dict[str, object]:
    """The first result with this cause; the state that leads to it takes some requests to build up."""
    for _unused in range(attempts):
        seen = probe()
        if seen["cause"] == cause:
            return seen
    raise AssertionError(f"never {cause}, at last {seen}")


@BOTH
def test_a_memory_limiter_that_refuses(tmp_path: Path, port: str) -> None:
    limiter = {"memory_limiter": {"check_interval": "50ms", "limit_mib": 1, "spike_limit_mib": 0}}
    with collector(tmp_path, processors=limiter) as peer:
        seen = until("server_error", lambda: ask(getattr(peer, port)))
    assert "data refused due to high memory usage" in str(seen["message"])


@BOTH
def test_a_message_that_is_too_large(tmp_path: Path, port: str) -> None:
    limits = {"grpc": {"max_recv_msg_size_mib": 1}, "http": {"max_request_body_size": 100_000}}
    with collector(tmp_path, **limits) as peer:
        seen = ask(getattr(peer, port), spans=20, attributes={"padding": "x" * 100_000})
        assert seen["cause"] == "payload_too_large"
        assert "refuses the request as too large" in seen["message"]
        assert ask(getattr(peer, port))["cause"] == "ok"


@BOTH
def test_a_full_queue_behind_a_receiver_that_accepts(tmp_path: Path, port: str) -> None:
    exporters = {
        "otlphttp": {
            "endpoint": f"http://127.0.0.1:{closed_port()}",
            "sending_queue": {"enabled": True, "queue_size": 2, "num_consumers": 1, "block_on_overflow": False},
            "retry_on_failure": {"enabled": True, "initial_interval": "60s"},
        }
    }
    with collector(tmp_path, exporters=exporters) as peer:
        assert ask(getattr(peer, port))["cause"] == "ok", "the queue is not full yet"
        seen = until("server_error", lambda: ask(getattr(peer, port)))
    assert "sending queue is full" in str(seen["message"])


@BOTH
def test_a_queue_behind_a_batch_loses_spans_behind_a_success(tmp_path: Path, port: str) -> None:
    tempo = Tempo()
    exporters = {"otlphttp": {"endpoint": f"http://127.0.0.1:{closed_port()}", "retry_on_failure": {"enabled": False}}}
    try:
        with collector(tmp_path, processors={"batch": {"timeout": "10ms"}}, exporters=exporters) as peer:
            seen = ask(getattr(peer, port), tempo_url=tempo.url, wait_timeout=0.5)
            assert peer.says("Exporting failed. Dropping data.")
    finally:
        tempo.stop()
    assert (seen["cause"], seen["verified"]) == ("not_visible", False)
    assert seen["phases"]["export"]["ok"] is True


@pytest.mark.parametrize(
    ("processors", "cause"),
    [
        ({}, "ok"),
        ({"batch": {"timeout": "200ms"}}, "ok"),
        ({"probabilistic_sampler": {"sampling_percentage": 0}}, "not_visible"),
        (
            {
                "tail_sampling": {
                    "decision_wait": "100ms",
                    "policies": [{"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}],
                }
            },
            "not_visible",
        ),
        ({"tail_sampling": {"decision_wait": "100ms", "policies": [{"name": "all", "type": "always_sample"}]}}, "ok"),
    ],
    ids=["direct", "batch", "sampled-out", "tail-sampled-out", "tail-sampled"],
)
def test_from_the_collector_to_tempo(tmp_path: Path, processors: dict[str, object], cause: str) -> None:
    tempo = Tempo()
    exporters = {"otlp": {"endpoint": tempo.otlp_grpc.split("//")[1], "tls": {"insecure": True}}}
    try:
        with collector(tmp_path, processors=processors, exporters=exporters) as peer:
            seen = ask(peer.http, tempo_url=tempo.url, wait_timeout=2.5 if cause == "not_visible" else 20.0)
    finally:
        tempo.stop()
    assert seen["cause"] == cause
    assert (seen["visible_after"] is not None) is (cause == "ok")


def test_a_health_check_is_no_receiver(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with collector(tmp_path, extensions={"health_check": {"endpoint": f"127.0.0.1:{port}"}}):
        seen = ask(f"http://127.0.0.1:{port}")
    assert seen["cause"] == "not_otlp"
    assert "Server available" in seen["message"]
