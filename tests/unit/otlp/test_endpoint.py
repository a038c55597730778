"""Which address an endpoint means, as OTEL_EXPORTER_OTLP_ENDPOINT would."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.endpoint import parse_endpoint


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("tempo:4318", "http://tempo:4318/v1/traces"),
        ("http://tempo:4318", "http://tempo:4318/v1/traces"),
        ("http://tempo:4318/", "http://tempo:4318/v1/traces"),
        ("HTTP://Tempo:4318", "http://tempo:4318/v1/traces"),
        ("http://tempo", "http://tempo:80/v1/traces"),
        ("https://tempo", "https://tempo:443/v1/traces"),
        ("https://gate:8443/otlp", "https://gate:8443/otlp/v1/traces"),
        ("https://gate:8443/otlp/v1/traces", "https://gate:8443/otlp/v1/traces"),
        ("http://tempo:4318/v1/traces/", "http://tempo:4318/v1/traces/"),
        ("127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("[::1]:4318", "http://[::1]:4318/v1/traces"),
        ("https://[2001:db8::1]:4318/x", "https://[2001:db8::1]:4318/x/v1/traces"),
        ("http://bücher:4318", "http://xn--bcher-kva:4318/v1/traces"),
        (" tempo:4318\n", "http://tempo:4318/v1/traces"),
    ],
)
def test_an_endpoint_and_the_url_that_is_posted_to(given: str, url: str) -> None:
    assert parse_endpoint(given).url(grpc=False) == url


def test_grpc_has_no_path() -> None:
    assert parse_endpoint("https://tempo:4317/x").url(grpc=True) == "https://tempo:4317"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "is empty"),
        ("tempo", "has no port"),
        ("tempo:0", "has no port"),
        ("http://tempo:99999", "not a valid address"),
        ("http://tempo:port", "not a valid address"),
        ("::1", "needs brackets"),
        ("http://[::1", "not a valid address"),
        ("grpc://tempo:4317", "neither http nor https"),
        ("unix:///run/otlp.sock", "neither http nor https"),
        ("http://:4318", "has no host"),
        ("http://tempo:4318?key=1", "query"),
        ("http://tempo:4318#x", "fragment"),
        ("http://te mpo:4318", "blanks"),
        ("http://tempo:4318/a\r\nX-Evil: 1", "blanks"),
        ("http://tempo\x00:4318", "blanks"),
        ("http://" + "a" * 300 + ":4318", "host name"),
        ("http://" + "ü" * 80 + ":4318", "cannot be encoded"),
        ("http://te$mpo:4318", "host name"),
        ("http://tempo:4318/ü", "percent-encoding"),
    ],
)
def test_an_endpoint_that_means_nothing_gets_one_sentence(given: str, words: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse_endpoint(given)
    assert caught.value.message.startswith("endpoint: ")
    assert words in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 300


def test_credentials_in_the_endpoint_are_refused_and_not_shown() -> None:
    with pytest.raises(BadOption) as caught:
        parse_endpoint("http://user:hunter2@tempo:4318")
    assert "url_username" in caught.value.message
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("password", ["hunter2/x", "hunter2#x", "x?hunter2", "h@x/hunter2"])
def test_nor_is_a_password_that_makes_the_endpoint_malformed(password: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse_endpoint(f"http://user:{password}@tempo:4318")
    assert "hunter2" not in caught.value.message
