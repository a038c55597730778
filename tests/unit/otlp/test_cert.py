"""What a refused certificate says, compared with what its maker put in."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.module_utils._client.otlp.cert import describe
from ansible_collections.traceops.tracing.tests.certificates import Authority


def der_of(path: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(Path(path).read_text(encoding="ascii"))


def test_a_certificate_is_described(tmp_path: Path) -> None:
    pair = Authority(tmp_path, "Authority of Bücher").issue(
        "collector", ["collector.example", "10.0.0.7", "::1"], last_day=30
    )
    found = describe(der_of(pair.cert), time.time())
    assert found["subject"] == "O=Tests, CN=collector"
    assert found["issuer"] == "O=Tests, CN=Authority of Bücher"
    assert found["names"] == ["collector.example", "10.0.0.7", "::1"]
    assert found["days_left"] == 29
    assert found["not_before"] < found["not_after"]


def test_days_left_are_negative_after_the_end(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("old", first_day=-40, last_day=-10)
    assert describe(der_of(pair.cert), time.time())["days_left"] < -9


def test_a_certificate_without_alternative_names_has_none(tmp_path: Path) -> None:
    assert describe(der_of(Authority(tmp_path).ca), time.time())["names"] == []


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x03\x02\x01", b"\x30\x84\xff\xff\xff\xff", b"hello"])
def test_what_is_no_certificate_says_nothing(der: bytes) -> None:
    assert describe(der, 0.0) == {}


@given(at=st.integers(0, 400), byte=st.integers(0, 255), cut=st.integers(0, 500))
@settings(max_examples=150, deadline=None)
def test_a_damaged_certificate_is_no_error(certificate: bytes, at: int, byte: int, cut: int) -> None:
    damaged = bytearray(certificate)
    damaged[at % len(damaged)] = byte
    assert isinstance(describe(bytes(damaged[: cut or None]), 0.0), dict)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return der_of(Authority(tmp_path_factory.mktemp("ca")).issue("any").cert)
