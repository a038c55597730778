"""Hostile text is made safe to show."""

from __future__ import annotations

import time

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import (
    MASK,
    clean,
    excerpt,
    public_url,
    redact,
    url_passwords,
)


def test_colours_controls_and_direction_marks_are_stripped() -> None:
    assert clean("\x1b[31mred\x1b[0m\x07 \u202eevil\u200b\ttab\nline") == "red evil\ttab\nline"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-ghi123456", "abc.def"),
        ("authorization=Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpw"),
        ("exporting to https://user:hunter2@tempo:4318/v1/traces", "hunter2"),
        ("exporting to https://user:hunt@er2@tempo:4318", "er2"),
        ("resource attributes service.name=x,api.key=abcdef012345", "abcdef012345"),
        ("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.s5Gk-abc", "eyJhbGci"),
        ('{"api_key": "k-123456", "x": 1}', "k-123456"),
        ("OTEL_EXPORTER_OTLP_HEADERS=api-key=abcdef012345", "abcdef012345"),
        ("password: hunter2", "hunter2"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"),
        ("token=glsa_abcdefgh12345678", "glsa_abcdefgh"),
        ("SECRET_KEY=hunter2, secretKey: x", "hunter2"),
        ('{"secretAccessKey":"hunter2"}', "hunter2"),
        ('msg="{\\"password\\":\\"hunter2\\"}"', "hunter2"),
        (r'password="a\"hunter2"', "hunter2"),
        ('password="hunter2 and the line ends', "hunter2"),
        ('Config { token: Some("hunter2") }', "hunter2"),
        ("password => hunter2", "hunter2"),
        ("Server=db;Pwd=hunter2;", "hunter2"),
        ("starting app --db-password hunter2 --port 80", "hunter2"),
        ("Authorization: Token hunter2", "hunter2"),
        ("authorization=ApiKey%20hunter2", "hunter2"),
        ("x-honeycomb-team=hunter2", "hunter2"),
        ("bearer: hunter2", "hunter2"),
        ("https://user:p@hunter2@host/x", "hunter2"),
        ("id_AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("jwt_eyJhbGciOiJkaXIifQ..aXY.hunter2.dGFn", "hunter2"),
    ],
)
def test_secrets_are_masked(text: str, secret: str) -> None:
    assert secret not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Injecting traceparent header: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "OTLP HTTP exporter created successfully for http://tempo:4318 (gzip enabled)",
        "Tracing configuration: endpoint=http://tempo:4317, sampling_ratio=0.25",
        "max tokens reached",
        "max_tokens=512, secretary: bob",
        "https://host/path@v1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("noise", ["-", "a", ".", "a-", "://", "password=", 'token="', "secret ", "x(", "eyJ", "--"])
def test_noise_is_read_in_next_to_no_time(noise: str) -> None:
    """In processor time of ten lines, of which each once took up to half a second."""
    began = time.process_time()
    for _unused in range(10):
        redact((noise * 4096)[:4096])
    assert time.process_time() - began < 1


def test_an_excerpt_is_one_short_line() -> None:
    shown = excerpt(b"a\r\n  b\xff\x00" + b"c" * 1000, 20)
    assert shown.startswith("a b\ufffd")
    assert len(shown) == 20


def test_a_public_url_has_no_credentials() -> None:
    assert public_url("http://u:p@h:1/x?y=1#z") == "http://h:1/x?y=1"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:pa/ss@h:1/x", "http://h:1/x"),
        ("http://u:pa#ss@h:1", "http://h:1"),
        ("http://u:pa?s@s@h:1", "http://h:1"),
        ("u:pass@h:1", "h:1"),
        ("h:4317", "h:4317"),
        ("/login?next=a@b", "/login?next=a@b"),
        ("http://[h:1", "http://[h:1"),
    ],
)
def test_a_url_that_is_not_well_formed_shows_no_credentials_either(url: str, shown: str) -> None:
    assert public_url(url) == shown


def test_passwords_in_urls_are_found_as_written_and_as_meant() -> None:
    values = ["http://admin:p%40ss@tempo:3200", "http://tempo:3200", "http://u:pa/ss@h", "u:word@h:1", 7, None, "a@b"]
    assert url_passwords(values) == {"p%40ss", "p@ss", "pa/ss", "word"}


@pytest.mark.parametrize(
    "text",
    ["Authorization: Bearer abcdef123", '{"authorization": "Basic dXNlcjpwYXNz"}', "password=one", "http://a:b@c/d"],
)
def test_what_is_masked_is_not_masked_again(text: str) -> None:
    once = redact(text)
    assert MASK in once
    assert redact(once) == once
