"""A refused canary is sent again with nothing changed but the suspected fix."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp import counterfactual
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.certificates import Authority
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked, serving
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.probing import options
from ansible_collections.traceops.tracing.tests.servers import closed_port


@pytest.fixture
def tempo() -> t.Iterator[Tempo]:
    running = Tempo()
    yield running
    running.stop()


def tried(endpoint: str, **given: t.Any) -> dict[str, t.Any]:
    return ask(endpoint, counterfactual=True, **given)


def test_the_other_protocol_is_proved(tempo: Tempo) -> None:
    seen = tried(tempo.otlp_grpc, protocol="http/protobuf")
    assert (seen["ok"], seen["cause"]) == (False, "protocol_mismatch")
    assert seen["passes_with"] == "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"
    assert seen["counterfactuals"][0]["change"] == {"protocol": "grpc"}
    assert len(tempo.store.traces) == 1


def test_the_other_port_is_proved(tempo: Tempo, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(tempo.otlp_http.rsplit(":", 1)[1])
    monkeypatch.setattr(counterfactual, "HTTP_PORT", port)
    seen = tried(f"http://127.0.0.1:{closed_port()}")
    assert seen["cause"] == "connection_refused"
    assert seen["passes_with"] == (
        f"OTEL_EXPORTER_OTLP_ENDPOINT={tempo.otlp_http} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    )


def test_the_path_is_proved(tempo: Tempo) -> None:
    seen = tried(f"{tempo.otlp_http}/otlp")
    assert seen["cause"] == "path_not_found"
    assert seen["passes_with"] == f"OTEL_EXPORTER_OTLP_ENDPOINT={tempo.otlp_http}"


def test_plaintext_is_proved(tempo: Tempo) -> None:
    seen = tried(tempo.otlp_http.replace("http", "https"))
    assert seen["cause"] == "tls_not_spoken"
    assert seen["passes_with"] == f"OTEL_EXPORTER_OTLP_ENDPOINT={tempo.otlp_http}"


def test_tls_is_proved(tmp_path: t.Any) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("tempo")
    running = Tempo(tls=(pair.cert, pair.key))
    try:
        seen = tried(running.otlp_http.replace("https", "http"), ca_path=authority.ca)
    finally:
        running.stop()
    assert seen["cause"] == "tls_required"
    assert seen["passes_with"] == f"OTEL_EXPORTER_OTLP_ENDPOINT={running.otlp_http}"


def test_a_tenant_that_is_known_is_proved() -> None:
    running = Tempo(multitenant=True)
    try:
        seen = tried(running.otlp_http, tenants=["acme", "other"])
        assert list(running.store.tenants) == ["acme"], "the first that passes ends it"
    finally:
        running.stop()
    assert seen["cause"] == "tenant_missing"
    assert seen["passes_with"] == "OTEL_EXPORTER_OTLP_HEADERS=x-scope-orgid=acme"


def test_what_does_not_help_is_told_as_well() -> None:
    seen = tried(f"http://127.0.0.1:{closed_port()}")
    assert seen["passes_with"] == ""
    assert [(attempt["ok"], attempt["cause"]) for attempt in seen["counterfactuals"]] == [
        (False, "connection_refused")
    ] * 2


def test_nothing_more_is_sent_after_a_success_or_without_being_asked_or_in_check_mode(tempo: Tempo) -> None:
    assert tried(tempo.otlp_http)["counterfactuals"] == []
    assert ask(tempo.otlp_grpc, protocol="http/protobuf")["counterfactuals"] == []
    assert tried(tempo.otlp_grpc, protocol="http/protobuf", **otlp.CHECK_MODE)["counterfactuals"] == []


def failing(cause: str, attempts: list[dict[str, t.Any]], **given: t.Any) -> dict[str, t.Any]:
    """What `prove` says of a send that failed for `cause`, where nothing helps; every attempt is written down."""
    params = options(otlp, **{"endpoint": "http://tempo:4318", **given})
    failed = {"cause": cause, "protocol": "http/protobuf", "detected": "http"}

    def attempt(changed: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        attempts.append(dict(changed))
        return {"ok": False, "cause": cause}

    return counterfactual.prove(params, failed, attempt)


def test_at_most_six_requests() -> None:
    attempts: list[dict[str, t.Any]] = []
    failing("tenant_missing", attempts, tenants=[f"team-{n}" for n in range(50)])
    assert len(attempts) == 6


def test_another_tenant_costs_one_request_each() -> None:
    def no_tenant(asked: Asked) -> Answer:
        status, body = (405, b"405 method not allowed") if asked.method == "GET" else (503, b"no org id")
        return Answer(status, {"Content-Type": "text/plain"}, body)

    with serving(no_tenant) as (url, asked):
        seen = tried(url, protocol="http/protobuf", tenants=[f"team-{n}" for n in range(50)])
    assert [attempt["cause"] for attempt in seen["counterfactuals"]] == ["tenant_missing"] * 6
    assert [request.method for request in asked] == ["GET", *["POST"] * 7]


def test_credentials_do_not_leave_tls() -> None:
    attempts: list[dict[str, t.Any]] = []
    secret = {"token": "s3cret", "headers": {"x-key": "s3cret"}}
    failing("tls_not_spoken", attempts, endpoint="https://tempo:4318", **secret)
    assert [attempt["endpoint"] for attempt in attempts] == ["http://tempo:4318"]
    assert (attempts[0]["token"], attempts[0]["headers"]) == (None, None)


@pytest.mark.parametrize(
    ("cause", "endpoint", "changes"),
    [
        ("connection_refused", "http://t:4318", [{"endpoint": "http://t:4317", "protocol": "grpc"}]),
        ("connection_refused", "http://t:4317", [{"endpoint": "http://t:4318", "protocol": "http/protobuf"}]),
        ("path_not_found", "http://t:3200", ["http://t:4318", "http://t:4317"]),
        ("unsupported_media_type", "http://t:4318", [{"protocol": "http/json"}]),
        ("response_timeout", "http://t:4318", [{"endpoint": "http://t:4317", "protocol": "grpc"}]),
        ("response_timeout", "https://t:4318", ["http://t:4318", "https://t:4317"]),
        ("rate_limited", "http://t:4318", []),
        ("certificate_untrusted", "https://t:4318", []),
        ("dns_failure", "http://t:4318", []),
    ],
)
def test_what_is_suspected(cause: str, endpoint: str, changes: list[t.Any]) -> None:
    params = options(otlp, endpoint=endpoint)
    found = counterfactual.suspects(params, {"cause": cause, "protocol": "http/protobuf", "detected": "http"})
    assert [change["endpoint"] if isinstance(changes[0], str) else change for change in found] == changes
