"""The canary goes the application's own way: its protocol, path, TLS and compression, as its process has them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect
from ansible_collections.traceops.tracing.plugins.module_utils._otel import app_settings as settings
from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp import inside
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.probing import options
from ansible_collections.traceops.tracing.tests.servers import closed_port, tcp_server

PYTHON = ("python3", "app.py")


def application(variables: dict[str, str], words: tuple[str, ...] = PYTHON) -> dict[str, Any]:
    """A result of the probe `environment` for a program with these variables."""
    return {"ok": True, "own_network": False, "effective": settings.effective(variables, {}, words)}


def followed(variables: dict[str, str], words: tuple[str, ...] = PYTHON, **given: Any) -> dict[str, Any]:
    """The options that the probe takes from the application: {option: value}."""
    params = otlp.like(options(otlp, **given), application(variables, words))
    return {each["option"]: each["value"] for each in params["follows"]}


@pytest.mark.parametrize(
    ("variables", "given", "taken"),
    [
        ({}, {"endpoint": "tempo:4317"}, {"protocol": "grpc"}),
        ({"OTEL_TRACES_EXPORTER": "otlp_proto_http"}, {"endpoint": "tempo:4317"}, {"protocol": "http/protobuf"}),
        # What the user says wins.
        ({}, {"endpoint": "tempo:4317", "protocol": "http/json"}, {}),
        (
            {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
            {"endpoint": "tempo:4317"},
            {"protocol": "grpc", "compression": "gzip"},
        ),
        # Without a scheme Python's gRPC exporter uses TLS.
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "tempo:4317"},
            {"endpoint": "http://tempo:4317"},
            {"protocol": "grpc", "endpoint": "https://tempo:4317"},
        ),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "tempo:4317", "OTEL_EXPORTER_OTLP_INSECURE": "true"},
            {"endpoint": "tempo:4317"},
            {"protocol": "grpc"},
        ),
        # Another endpoint than the application's is tried as it is.
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "tempo:4317"},
            {"endpoint": "collector:4317"},
            {"protocol": "grpc"},
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            },
            {"endpoint": "http://127.0.0.1:4318"},
            {"protocol": "http/protobuf", "path": "/"},
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4318/v1/traces",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            },
            {"endpoint": "http://tempo:4318"},
            {"protocol": "http/protobuf", "path": "/v1/traces/v1/traces"},
        ),
    ],
)
def test_what_is_taken_from_the_application(
    variables: dict[str, str], given: dict[str, Any], taken: dict[str, str]
) -> None:
    assert followed(variables, **given) == taken


def visit(variables: dict[str, str], endpoint: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Evidence of `otlp`, sent like an application with these variables."""
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import environment

    monkeypatch.setattr(environment, "run", lambda params: application(variables))
    probes = {"otlp": {"endpoint": endpoint, "like": "environment"}, "environment": {"process_name": "shop"}}
    return collect.visit(collect.plan(probes, False, set()))["otlp"]


def test_a_port_that_takes_something_else_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    tempo = Tempo()
    http_only = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    try:
        seen = visit(http_only, tempo.otlp_grpc, monkeypatch)
        alone = otlp.run(options(otlp, endpoint=tempo.otlp_grpc))
    finally:
        tempo.stop()
    assert alone["cause"] == "ok"
    assert seen["cause"] == "protocol_mismatch"
    assert seen["follows"] == [
        {"option": "protocol", "value": "http/protobuf", "source": "OTEL_EXPORTER_OTLP_PROTOCOL"}
    ]


@pytest.mark.parametrize("port", ["otlp_http", "otlp_grpc"])
def test_a_compressed_span_is_accepted(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tempo = Tempo()
    protocol = "grpc" if port == "otlp_grpc" else "http/protobuf"
    variables = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
    try:
        seen = visit(variables, getattr(tempo, port), monkeypatch)
        stored = tempo.store.batches(["single-tenant"], bytes.fromhex(seen["trace_ids"][0]))
    finally:
        tempo.stop()
    assert seen["cause"] == "ok"
    assert stored


def test_the_compression_is_said_in_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def answer(connection: Any) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    with tcp_server(answer) as port:
        otlp.run(
            options(otlp, endpoint=f"http://127.0.0.1:{port}", protocol="http/json", compression="gzip", path="/here")
        )
    post = next(each for each in asked if each.startswith(b"POST"))
    assert post.startswith(b"POST /here ")
    assert b"content-encoding: gzip" in post.lower()


def test_like_names_what_is_asked_for() -> None:
    with pytest.raises(collect.BadOption, match="'like' names 'environment', which is not asked for"):
        collect.plan({"otlp": {"endpoint": "tempo:4317", "like": "environment"}}, False, set())
    probes = {"environment": {"process_name": "x"}, "clock": {"tempo_url": "http://t:1", "like": "environment"}}
    with pytest.raises(collect.BadOption, match="'like' is for probes that send as an application does"):
        collect.plan(probes, False, set())


def test_without_root_a_container_is_tried_from_the_host_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside.os, "geteuid", lambda: 1000)
    tempo = Tempo()
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": tempo.otlp_http, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    container = application({**variables, "OTEL_EXPORTER_OTLP_CERTIFICATE": "/its/own/ca.pem"})
    try:
        seen = otlp.run(
            otlp.like(options(otlp, endpoint=tempo.otlp_http), {**container, "own_network": True, "pid": 812})
        )
    finally:
        tempo.stop()
    assert seen["cause"] == "ok"
    assert seen["inside"] == {
        "ok": False,
        "pid": 812,
        "reason": "only root can join another process's network; become root",
    }
    assert [each["option"] for each in seen["follows"]] == ["protocol"], "its CA file could not be read"


HTTP = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}


@pytest.mark.parametrize(
    ("words", "variables", "followed"),
    [
        (PYTHON, {**HTTP, "http_proxy": "http://proxy:3128"}, {"http": "http://proxy:3128"}),
        (PYTHON, {**HTTP, "http_proxy": "http://proxy:3128", "no_proxy": "tempo"}, {}),
        (PYTHON, HTTP, {}),
        # Its HTTP exporter knows no proxy, its gRPC exporter does.
        (("node", "app.js"), {**HTTP, "http_proxy": "http://proxy:3128"}, {}),
        (
            ("node", "app.js"),
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "http_proxy": "http://proxy:3128"},
            {"http": "http://proxy:3128"},
        ),
        (("java", "-jar", "app.jar"), {**HTTP, "https_proxy": "http://proxy:3128"}, {}),
        (PYTHON, {**HTTP, "http_proxy": "http://proxy:port"}, None),
        # Whoever reads the evidence does not learn the password, so the canary goes as this host would.
        (PYTHON, {**HTTP, "http_proxy": "http://me:hunter2@proxy:3128"}, None),
    ],
)
def test_which_proxies_the_canary_goes_through(
    words: tuple[str, ...], variables: dict[str, str], followed: dict[str, str] | None
) -> None:
    seen = application({**variables, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4318"}, words)
    assert otlp.like(options(otlp, endpoint="http://tempo:4318"), seen).get("proxies") == followed


def test_the_proxy_of_an_application_decides_not_that_of_the_play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:3128")
    dead = f"http://127.0.0.1:{closed_port()}"
    seen = application({**HTTP, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4318", "http_proxy": dead})
    result = otlp.run(otlp.like(options(otlp, endpoint="http://tempo:4318", timeout=2.0), seen))
    assert (result["cause"], result["phases"]["tcp"]["proxy"]) == ("proxy_in_the_way", dead)


@pytest.mark.parametrize(
    ("configured", "tried", "own_network", "sends", "looks"),
    [
        ("http://tempo:4318", "http://tempo:4318", True, 812, 812),
        # What is looked at beside it starts in the same place.
        ("http://tempo:4318", "http://tempo:4317", True, 0, 812),
        ("http://tempo:4318", "http://tempo:9999", True, 0, 0),
        ("http://localhost:4318", "http://127.0.0.1:4318", True, 812, 812),
        ("http://tempo:4318", "http://localhost:4318", True, 0, 0),
        ("http://tempo:4318", "http://tempo:4318", False, 0, 0),
        ("http://tempo:4318", "http://tempo:4318", None, 0, 0),
    ],
)
def test_from_whose_network_an_endpoint_is_tried(
    configured: str, tried: str, own_network: Any, sends: int, looks: int
) -> None:
    seen = {**application({"OTEL_EXPORTER_OTLP_ENDPOINT": configured}), "own_network": own_network, "pid": 812}
    assert otlp.like(options(otlp, endpoint=tried), seen)["inside_of"] == sends
    assert otlp.like(options(otlp, endpoint=tried, send=False), seen)["inside_of"] == looks
