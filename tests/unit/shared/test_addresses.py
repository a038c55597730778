"""Hosts and ports in URLs, which of them are this machine, and which of them no_proxy excepts."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://tempo:4318/v1/traces", ("http", "tempo", 4318, "/v1/traces")),
        ("https://Tempo.example", ("https", "tempo.example", 443, "")),
        ("tempo:4317", ("", "tempo", 4317, "")),
        ("tempo", ("", "tempo", None, "")),
        ("http://[::1]:4318", ("http", "::1", 4318, "")),
        ("http://user:pa55@tempo:3200/x", ("http", "tempo", 3200, "/x")),
        ("grpc://tempo:4317", ("grpc", "tempo", 4317, "")),
    ],
)
def test_the_parts_of_an_address(url: str, expected: tuple[str, str, int | None, str]) -> None:
    assert addresses.split(url) == expected


@pytest.mark.parametrize("url", ["http://tempo:port", "http://[::1", "http://tempo:99999"])
def test_what_is_no_address(url: str) -> None:
    assert addresses.split(url) is None


@pytest.mark.parametrize(
    ("host", "loopback", "here"),
    [
        ("localhost", True, True),
        ("LocalHost", True, True),
        ("app.localhost", True, True),
        ("127.0.0.1", True, True),
        ("127.8.9.10", True, True),
        ("::1", True, True),
        ("[::1]", True, True),
        # Who listens there is reached from everywhere; who connects there stays here.
        ("0.0.0.0", False, True),
        ("::", False, True),
        ("localhost.example.com", False, False),
        ("128.0.0.1", False, False),
        ("tempo", False, False),
        ("", False, False),
    ],
)
def test_which_hosts_are_this_machine(host: str, loopback: bool, here: bool) -> None:
    assert (addresses.is_loopback(host), addresses.leads_here(host)) == (loopback, here)


@pytest.mark.parametrize(
    ("host", "port", "no_proxy", "excepted"),
    [
        ("tempo", 4318, "tempo", True),
        ("tempo", 4318, "other, Tempo", True),
        ("tempo", 4318, "other tempo", True),
        ("tempo", 4318, "*", True),
        ("tempo", 4318, "", False),
        ("tempo.example.com", 4318, "example.com", True),
        ("tempo.example.com", 4318, ".example.com", True),
        ("tempo.example.com", 4318, "*.example.com", True),
        ("tempo.example.com", 4318, "ample.com", False),
        ("tempo.example.com", 4318, "tempo", False),
        ("tempo", 4318, "tempo:4318", True),
        ("tempo", 4318, "tempo:9999", False),
        ("::1", 4318, "::1", True),
        ("::1", 4318, "[::1]", True),
        ("::1", 4318, "[::1]:4318", True),
        ("::1", 4318, "[::1]:9999", False),
        ("0:0:0:0:0:0:0:1", 4318, "::1", True),
        ("10.1.2.3", 4318, "10.0.0.0/8", True),
        ("11.1.2.3", 4318, "10.0.0.0/8, nonsense/99", False),
        ("10.1.2.3", 4318, "2.3", False),
        ("tempo", 4318, "10.0.0.0/8", False),
    ],
)
def test_what_no_proxy_excepts(host: str, port: int, no_proxy: str, excepted: bool) -> None:
    assert addresses.excepted(host, port, no_proxy) is excepted
