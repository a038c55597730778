"""What an application's settings come to, by the rules of its own SDK."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel import app_settings as settings
from ansible_collections.traceops.tracing.plugins.module_utils._probe.environment import (
    contradictions as _contradictions,
)

ENDPOINT, PROTOCOL = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL"
PYTHON, NODE, RUBY = ("/usr/bin/python3", "app.py"), ("node", "app.js"), ("/usr/bin/ruby3.1", "app.rb")
AGENT_1 = ("java", "-javaagent:/opt/opentelemetry-javaagent-1.32.1.jar", "-jar", "shop.jar")
AGENT_2 = ("java", "-javaagent:/opt/opentelemetry-javaagent-2.33.1.jar", "-jar", "shop.jar")


def effective(variables: dict[str, str], words: tuple[str, ...]) -> settings.Effective:
    return settings.effective(variables, settings.relevant_options(words), words)


def said(variables: dict[str, str], words: tuple[str, ...] = ("/opt/shop",)) -> list[str]:
    options = settings.relevant_options(words)
    found = settings.effective(variables, options, words)
    return [each["subject"] for each in _contradictions.contradictions(variables, options, found)]


@pytest.mark.parametrize(
    ("words", "variables", "protocol", "source"),
    [
        (PYTHON, {}, "grpc", "the default of Python"),
        (PYTHON, {"OTEL_TRACES_EXPORTER": "otlp_proto_http"}, "http/protobuf", "OTEL_TRACES_EXPORTER"),
        (PYTHON, {PROTOCOL: "http/protobuf"}, "http/protobuf", PROTOCOL),
        (NODE, {}, "http/protobuf", "the default of Node.js"),
        (AGENT_1, {}, "grpc", "the default of Java"),
        (AGENT_2, {}, "http/protobuf", "the default of Java"),
        # A jar without its version: nobody knows.
        (("java", "-javaagent:/opt/agent.jar"), {}, None, "default"),
        (("/opt/shop",), {}, None, "default"),
    ],
)
def test_the_protocol_is_that_of_the_sdk(
    words: tuple[str, ...], variables: dict[str, str], protocol: str | None, source: str
) -> None:
    found = effective(variables, words)["protocol"]
    assert (found["value"], found["from"]) == (protocol, source)


@pytest.mark.parametrize(
    ("words", "given", "seconds"),
    [
        (PYTHON, "0.2", 0.2),
        (RUBY, "10", 10.0),
        (NODE, "10000", 10.0),
        (AGENT_2, "10", 0.01),
        (PYTHON, "soon", None),
        (("/opt/shop",), "10", None),  # in which unit depends on the SDK
    ],
)
def test_a_time_out_is_counted_in_the_unit_of_the_sdk(
    words: tuple[str, ...], given: str, seconds: float | None
) -> None:
    assert effective({"OTEL_EXPORTER_OTLP_TIMEOUT": given}, words)["timeout_s"]["value"] == seconds


@pytest.mark.parametrize(
    ("words", "variables", "subjects"),
    [
        (PYTHON, {ENDPOINT: "tempo:4317"}, ["scheme_means_tls"]),
        (PYTHON, {ENDPOINT: "tempo:4317", "OTEL_EXPORTER_OTLP_INSECURE": "true"}, []),
        (NODE, {ENDPOINT: "tempo:4317", PROTOCOL: "grpc"}, ["scheme_means_tls"]),
        (NODE, {ENDPOINT: "tempo:4318"}, ["scheme_missing"]),
        (AGENT_1, {ENDPOINT: "tempo:4317"}, ["scheme_missing"]),
        (RUBY, {PROTOCOL: "grpc"}, ["protocol_unsupported"]),
        (NODE, {ENDPOINT: "http://tempo:4317"}, ["port_protocol"]),
        (PYTHON, {ENDPOINT: "http://tempo:4317"}, []),
        (PYTHON, {"OTEL_TRACES_EXPORTER": "otel_proto_grpc"}, ["exporter_unknown"]),
        (PYTHON, {"OTEL_TRACES_EXPORTER": "otlp,console"}, []),
        (("php", "app.php"), {"OTEL_TRACES_EXPORTER": "grpc"}, ["exporter_unknown"]),
    ],
)
def test_what_this_sdk_makes_of_it(words: tuple[str, ...], variables: dict[str, str], subjects: list[str]) -> None:
    assert said(variables, words) == subjects


@pytest.mark.parametrize(
    "endpoint",
    [
        '"http://tempo:4318"',
        "http://tempo:4318 OTEL_SERVICE_NAME=shop",
        "http://tempo:4318,OTEL_TRACES_SAMPLER=always_on",
        "http://tempo:4318-Dotel.service.name=shop",
        "http://fd00::12:4318",
        "grpc://tempo:4317",
        "http:/tempo:4318",
        "http://tempo:99999",
    ],
)
def test_an_endpoint_that_is_no_address(endpoint: str) -> None:
    assert said({ENDPOINT: endpoint})[:1] == ["endpoint_unusable"]


@pytest.mark.parametrize(
    "endpoint", ["http://tempo:4318", "http://[fd00::12]:4318", "https://gate.example/otlp", "tempo:4317"]
)
def test_an_endpoint_that_is_one(endpoint: str) -> None:
    assert said({ENDPOINT: endpoint}) == []


def test_the_port_of_queries_takes_no_spans() -> None:
    assert said({ENDPOINT: "http://tempo:3200"}) == ["endpoint_of_queries"]


def test_a_path_over_grpc_is_not_used() -> None:
    assert said({ENDPOINT: "http://tempo:4317/v1/traces", PROTOCOL: "grpc"}) == ["path_over_grpc"]


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ("authorization=Bearer%20abc,x-scope-orgid=shop", False),
        ("authorization=Basic dXNlcjpwYXNz==", False),
        ("Authorization: Bearer abc", True),
        ("abc", True),
        ("authorization=Bearer", True),
        ('{"authorization": "Bearer abc"}', True),
    ],
)
def test_headers_are_names_and_values(headers: str, wrong: bool) -> None:
    variables = {"OTEL_EXPORTER_OTLP_HEADERS": headers}
    options = settings.relevant_options(PYTHON)
    told = _contradictions.contradictions(variables, options, settings.effective(variables, options, PYTHON))
    assert [each["subject"] for each in told] == (["header_syntax"] if wrong else [])
    assert "abc" not in str(told)


def test_a_batch_fits_into_its_queue() -> None:
    assert said({"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4096"}) == ["batch_over_queue"]
    assert said({"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4096", "OTEL_BSP_MAX_QUEUE_SIZE": "8192"}) == []
