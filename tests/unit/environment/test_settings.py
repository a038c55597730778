"""Which tracing settings take effect, and which contradict each other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._otel import app_settings as _settings
from ansible_collections.traceops.tracing.plugins.module_utils._probe.environment import (
    contradictions as _contradictions,
)

APP = ("/opt/app/shop",)
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"


def effective(variables=None, options=None, words=APP):
    return _settings.effective(variables or {}, options or {}, words)


def contradictions(variables=None, options=None, words=APP):
    found = effective(variables, options, words)
    return _contradictions.contradictions(variables or {}, options or {}, found)


def subjects(variables=None, options=None, words=APP):
    return [item["subject"] for item in contradictions(variables, options, words)]


def test_nothing_set_means_the_specifications_defaults():
    found = effective()

    assert {name: found[name]["value"] for name in ("exporter", "sampler", "ratio", "service_name", "protocol")} == {
        "exporter": "otlp",
        "sampler": "parentbased_always_on",
        "ratio": 1.0,
        "service_name": "unknown_service",
        "protocol": None,
    }
    assert found["endpoint"]["value"] is None
    assert found["sdk_disabled"] == {"value": False, "from": "default"}
    assert found["schedule_delay_ms"] == {"value": 5000.0, "from": "default"}
    assert subjects() == []


@pytest.mark.parametrize(
    ("variables", "setting", "value", "origin"),
    [
        ({"OTEL_TRACES_EXPORTER": "None"}, "exporter", "none", "OTEL_TRACES_EXPORTER"),
        ({"OTEL_SDK_DISABLED": "TRUE"}, "sdk_disabled", True, "OTEL_SDK_DISABLED"),
        ({"OTEL_SDK_DISABLED": "1"}, "sdk_disabled", False, "OTEL_SDK_DISABLED"),
        ({"OTEL_SERVICE_NAME": "shop"}, "service_name", "shop", "OTEL_SERVICE_NAME"),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "team=a, service.name=shop"},
            "service_name",
            "shop",
            "OTEL_RESOURCE_ATTRIBUTES",
        ),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "service.name=a", "OTEL_SERVICE_NAME": "b"},
            "service_name",
            "b",
            "OTEL_SERVICE_NAME",
        ),
        ({"OTEL_SERVICE_NAME": "  "}, "service_name", "unknown_service", "default"),
        ({"OTEL_BSP_SCHEDULE_DELAY": "500"}, "schedule_delay_ms", 500.0, "OTEL_BSP_SCHEDULE_DELAY"),
        ({"OTEL_BSP_SCHEDULE_DELAY": "soon"}, "schedule_delay_ms", None, "OTEL_BSP_SCHEDULE_DELAY"),
        ({"OTEL_BSP_SCHEDULE_DELAY": "inf"}, "schedule_delay_ms", None, "OTEL_BSP_SCHEDULE_DELAY"),
        ({"OTEL_LOG_LEVEL": "DEBUG"}, "log_level", "debug", "OTEL_LOG_LEVEL"),
        ({"OTEL_PROPAGATORS": "b3"}, "propagators", "b3", "OTEL_PROPAGATORS"),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, "ratio", 0.0, "OTEL_TRACES_SAMPLER"),
        ({"OTEL_TRACES_SAMPLER": "jaeger_remote"}, "ratio", None, "OTEL_TRACES_SAMPLER"),
        (
            {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.05"},
            "ratio",
            0.05,
            "OTEL_TRACES_SAMPLER_ARG",
        ),
        ({"OTEL_TRACES_SAMPLER": "traceidratio"}, "ratio", 1.0, "default"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "half"}, "ratio", 1.0, "default"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
            "protocol",
            "http/protobuf",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        ),
    ],
)
def test_a_value_and_where_it_comes_from(variables, setting, value, origin):
    found = effective(variables)[setting]

    assert (found["value"], found["from"]) == (value, origin)


@pytest.mark.parametrize(
    ("endpoint", "parts"),
    [
        ("http://tempo:4318", ("http", "tempo", 4318, "", False)),
        ("https://otlp.example.com/otlp", ("https", "otlp.example.com", 443, "/otlp", False)),
        ("tempo:4317", ("", "tempo", 4317, "", False)),
        ("http://u:p@ss@tempo:4318/a@b?c=d@e", ("http", "tempo", 4318, "/a@b", False)),
        ("http://localhost:4318/v1/traces", ("http", "localhost", 4318, "/v1/traces", True)),
        ("http://127.0.0.7:4318", ("http", "127.0.0.7", 4318, "", True)),
        ("http://[::1]:4317", ("http", "::1", 4317, "", True)),
        ("http://0.0.0.0:4317", ("http", "0.0.0.0", 4317, "", True)),
        ("http://tempo:port", ("", "", None, "", None)),
    ],
)
def test_the_parts_of_an_endpoint(endpoint, parts):
    found = effective({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})["endpoint"]

    assert (found["scheme"], found["host"], found["port"], found["path"], found["loopback"]) == parts


def test_the_endpoint_for_traces_wins():
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b"}

    found = effective(variables)["endpoint"]

    assert (found["value"], found["from"]) == ("http://b", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def test_java_properties_win_over_variables_and_the_command_line_over_tool_options():
    words = ["java", "-javaagent:/opt/otel.jar", "-Dotel.exporter.otlp.endpoint=http://line", "-jar", "shop.jar"]
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://variable",
        "OTEL_SERVICE_NAME": "variable",
        "JAVA_TOOL_OPTIONS": "-Dotel.exporter.otlp.endpoint=http://tool -Dotel.service.name='the shop' -Xmx1g",
    }

    found = effective(variables, _settings.relevant_options(words), words)

    assert (found["endpoint"]["value"], found["endpoint"]["from"]) == ("http://line", "-Dotel.exporter.otlp.endpoint")
    assert (found["service_name"]["value"], found["service_name"]["from"]) == ("the shop", "-Dotel.service.name")
    assert found["javaagent"] == {"value": "/opt/otel.jar", "from": "-javaagent", "enabled": True}


def test_a_java_agent_that_is_switched_off():
    variables = {"JAVA_TOOL_OPTIONS": "-javaagent:/opt/otel.jar", "OTEL_JAVAAGENT_ENABLED": "false"}

    assert effective(variables)["javaagent"] == {
        "value": "/opt/otel.jar",
        "from": "JAVA_TOOL_OPTIONS",
        "enabled": False,
    }


@pytest.mark.parametrize(
    ("variables", "subject"),
    [
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            "port_protocol",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "port_protocol"),
        (
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://tempo:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            "traces_path",
        ),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://tempo:4318/"}, "traces_path"),
        (
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://gate/otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            "traces_path",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4318/v1/traces"}, "traces_path_twice"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "tempo:4318"}, "scheme_missing"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http"}, "protocol_unknown"),
        ({"OTEL_TRACES_SAMPLER": "ratio"}, "sampler_unknown"),
        ({"OTEL_TRACES_SAMPLER_ARG": "0.5"}, "sampler_argument_unused"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "25%"}, "sampler_argument"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "25"}, "sampler_argument"),
    ],
)
def test_contradictions(variables, subject):
    (found,) = contradictions(variables)

    assert found["subject"] == subject
    assert set(found["settings"]) <= {*variables, "default"}
    assert all(name in found["message"] for name in found["settings"][:1])


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "tempo:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4317"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://tempo:4318/v1/traces"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otlp.example.com/otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
        {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"},
        {"OTEL_TRACES_SAMPLER": "xray", "OTEL_EXPORTER_OTLP_HEADERS": "a=b"},
    ],
)
def test_settings_that_fit(variables):
    assert subjects(variables) == []


@pytest.mark.parametrize(
    ("no_proxy", "applies"),
    [
        ("", True),
        ("localhost,127.0.0.1", True),
        ("tempo.example.com", False),
        ("example.com", False),
        (".example.com", False),
        ("*.example.com", False),
        ("tempo.example.com:4318", False),
        ("le.com", True),
        ("*", False),
    ],
)
def test_a_proxy_applies_unless_an_exception_names_the_host(no_proxy, applies):
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo.example.com:4318",
        "HTTP_PROXY": "http://user:s3cr3t@proxy:3128",
        "no_proxy": no_proxy,
    }

    found = effective(variables)["proxies"]

    assert found["applies"] is applies
    assert found["http"] == "http://********@proxy:3128"


def test_a_proxy_swallows_localhost_when_no_exception_names_it():
    found = effective({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "http_proxy": "http://proxy:3128"})

    assert (found["endpoint"]["loopback"], found["proxies"]["applies"]) == (True, True)


def test_only_the_proxy_of_the_endpoints_scheme_applies():
    found = effective({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo:4318", "https_proxy": "http://proxy:3128"})

    assert found["proxies"]["applies"] is False


@pytest.mark.parametrize("variable", ["grpc_proxy", "https_proxy", "HTTP_PROXY"])
def test_grpc_takes_any_of_three_proxies_whatever_the_scheme(variable):
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", variable: "http://proxy:3128"}

    assert effective({**variables, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})["proxies"]["applies"] is True


def test_what_concerns_tracing_and_what_does_not():
    environment = {
        "OTEL_SERVICE_NAME": "shop",
        "RUST_LOG": "debug",
        "https_proxy": "x",
        "DB_PASSWORD": "s",
        "PATH": "/",
    }
    words = [
        "velo-sql",
        "deploy-app",
        "--file",
        "shop.sql",
        "--enable-tracing",
        "--sampling-mode=prod",
        "--db-url",
        "x",
    ]

    assert set(_settings.relevant_variables(environment)) == {"OTEL_SERVICE_NAME", "RUST_LOG", "https_proxy"}
    assert _settings.relevant_options(words) == {"--enable-tracing": True, "--sampling-mode": "prod"}


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (HEADERS, "Authorization=Basic%20YWJj,X-Scope-OrgID=team-a", "Authorization=********,X-Scope-OrgID=team-a"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=abc", "api-key=********"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://u:p@h/x?token=abc", "https://********@h/x?token=********"),
        ("OTEL_EXPORTER_VENDOR_ACCESS_TOKEN", "abc", "********"),
        ("OTEL_SERVICE_NAME", "shop\x1b[31m", "shop"),
        (
            "JAVA_TOOL_OPTIONS",
            "-Ddb.password=abc -javaagent:/o.jar -Dotel.exporter.otlp.headers=api-key=abc -Dotel.service.name=shop",
            "-javaagent:/o.jar -Dotel.exporter.otlp.headers=api-key=******** -Dotel.service.name=shop",
        ),
        ("JAVA_TOOL_OPTIONS", "-javaagent:/o.jar=license=abc", "-javaagent:/o.jar"),
        # As people write them, and no SDK takes them.
        (HEADERS, "x-api-key: abc", "********"),
        (HEADERS, '{"x-api-key": "abc"}', "********"),
        (HEADERS, "Authorization=Basic a,b", "Authorization=********,********"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "u:abc@h:4317", "********@h:4317"),
        ("https_proxy", "u:abc@proxy:3128", "********@proxy:3128"),
        ("https_proxy", "//u:abc@proxy:3128", "********@proxy:3128"),
        ("https_proxy", "http://u:a/b@c@proxy:3128", "http://********@proxy:3128"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/etc/tls/client.key", "/etc/tls/client.key"),
        ("OTEL_VENDOR_LICENSE_KEY", "abc", "********"),
        ("--otlp-header", "x-team=abc", "x-team=********"),
        ("--otlp-auth", "u:abc", "********"),
    ],
)
def test_credentials_are_masked(name, value, shown):
    assert _settings.masked(name, value) == shown


def test_credentials_in_options_are_masked():
    options = {
        "-Dotel.exporter.otlp.headers": "api-key=abc",
        "--otlp-endpoint": "http://u:p@h",
        "--enable-tracing": True,
    }

    assert _settings.masked_options(options) == {
        "--enable-tracing": True,
        "--otlp-endpoint": "http://********@h",
        "-Dotel.exporter.otlp.headers": "api-key=********",
    }


def test_headers_are_named_but_not_shown():
    variables = {HEADERS: "Authorization=Bearer s3cr3t-sentinel, x-scope-orgid = a"}

    found = effective(variables)

    assert found["header_names"] == ["authorization", "x-scope-orgid"]
    assert "s3cr3t-sentinel" not in str(found)


def test_headers_that_no_sdk_takes_are_not_named_either():
    assert effective({HEADERS: "x-api-key: s3cr3t, b=c"})["header_names"] == ["b"]


@pytest.mark.parametrize("endpoint", ["http://user:s3cr3t-sentinel@tempo:4317", "user:s3cr3t-sentinel@tempo:4317"])
def test_a_secret_in_an_endpoint_is_in_no_message(endpoint):
    variables = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    line = ["velo-sql", "--otlp-endpoint", endpoint]
    options = _settings.relevant_options(line)

    found = _settings.effective(variables, options, line)
    assert found["endpoint"]["host"] == "tempo"
    said = [
        found,
        contradictions(variables),
        _contradictions.contradictions(variables, options, found),
        effective(variables),
    ]
    assert "s3cr3t-sentinel" not in str(said)


NAMES = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_BSP_SCHEDULE_DELAY",
    "JAVA_TOOL_OPTIONS",
    "RUST_LOG",
    "http_proxy",
    "no_proxy",
    HEADERS,
]
ODD = [
    "http://[::1",
    "http://h:99999",
    "//",
    "http://\u2100.com",
    "-javaagent:",
    "-Dotel.=",
    '"',
    "nan",
    "::1/128",
    "/0",
]
VALUES = st.one_of(st.text(max_size=20), st.sampled_from(ODD))
WORDS = st.lists(st.one_of(VALUES, st.sampled_from(["--otlp-endpoint", "--sampling-ratio=", "--file"])), max_size=5)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES), WORDS, st.sampled_from(["velo-sql", "java", "shop"]))
def test_whatever_is_set_gives_an_answer_that_is_json(variables, words, program):
    words = [program, *words]
    options = _settings.relevant_options(words)

    found = effective(variables, options, words)

    shown = [found, contradictions(variables, options, words), _settings.masked_variables(variables)]
    assert json.dumps([*shown, _settings.masked_options(options)], allow_nan=False)
