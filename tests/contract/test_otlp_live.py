"""The OTLP probe against a Tempo that runs: the lab's in every profile; with TEMPO_BIN, the real one in its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.contract.lab_target import LabTempo, RealTempo, tempo_targets
from ansible_collections.traceops.tracing.tests.lab.tempo import PROFILES

Target = LabTempo | RealTempo
BOTH = pytest.mark.parametrize("port", ["otlp_grpc", "otlp_http"])


def running(profile: str, state: str) -> Iterator[Target]:
    target = tempo_targets()[profile]
    try:
        if state == "empty":
            target.enter("starting")
        target.enter(state)
        yield target
    finally:
        target.stop()


@pytest.fixture(scope="module", params=PROFILES)
def tempo(request: pytest.FixtureRequest) -> Iterator[Target]:
    yield from running(request.param, "empty")


@pytest.fixture(scope="module", params=PROFILES)
def multitenant(request: pytest.FixtureRequest) -> Iterator[Target]:
    yield from running(request.param, "multitenant")


@pytest.fixture(scope="module", params=PROFILES)
def limited(request: pytest.FixtureRequest) -> Iterator[Target]:
    yield from running(request.param, "limits")


@pytest.mark.parametrize(
    ("port", "protocol"),
    [
        ("otlp_grpc", "auto"),
        ("otlp_grpc", "grpc"),
        ("otlp_http", "auto"),
        ("otlp_http", "http/protobuf"),
        ("otlp_http", "http/json"),
    ],
)
def test_a_canary_is_accepted_and_found_by_its_id(tempo: Target, port: str, protocol: str) -> None:
    seen = ask(tempo.url(port), protocol=protocol, tempo_url=tempo.url("http_api"), spans=3)
    assert (seen["cause"], seen["verified"]) == ("ok", True)
    assert seen["detected"] == ("grpc" if port == "otlp_grpc" else "http")


def test_the_wrong_port(tempo: Target) -> None:
    assert ask(tempo.url("otlp_grpc"), protocol="http/protobuf")["cause"] == "protocol_mismatch"
    assert ask(tempo.url("otlp_http"), protocol="grpc")["cause"] == "protocol_mismatch"
    assert ask(tempo.url("http_api"))["cause"] == "path_not_found"
    assert ask(tempo.url("otlp_http") + "/otlp")["cause"] == "path_not_found"


@BOTH
def test_tls_is_not_spoken(tempo: Target, port: str) -> None:
    assert ask(tempo.url(port).replace("http", "https"), timeout=3.0)["cause"] == "tls_not_spoken"


@BOTH
def test_a_tenant_is_wanted(multitenant: Target, port: str) -> None:
    seen = ask(multitenant.url(port))
    assert seen["cause"] == "tenant_missing"
    assert "no org id" in seen["message"]
    given = {"tenant": "team-a", "tempo_url": multitenant.url("http_api")}
    assert ask(multitenant.url(port), **given)["verified"] is True


@BOTH
def test_more_than_the_rate_limit_allows(limited: Target, port: str) -> None:
    seen = ask(limited.url(port), attributes={"padding": "x" * 5000})
    assert seen["cause"] == "rate_limited"
    assert "RATE_LIMITED" in seen["message"]
