"""Waiting in Tempo for the spans that were accepted."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked, serving
from ansible_collections.traceops.tracing.tests.lab.tempo import PROFILES, Tempo
from ansible_collections.traceops.tracing.tests.probing import FakeClock, options
from ansible_collections.traceops.tracing.tests.servers import closed_port


@contextlib.contextmanager
def tempo(profile: str = "2.10.8", **settings: object) -> Iterator[Tempo]:
    running = Tempo(profile, **settings)  # type: ignore[arg-type]
    try:
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("port", ["otlp_grpc", "otlp_http"])
def test_an_accepted_span_is_found(profile: str, port: str) -> None:
    with tempo(profile) as lab:
        seen = ask(getattr(lab, port), tempo_url=lab.url)
    assert (seen["ok"], seen["verified"]) == (True, True)
    assert seen["visible_after"] >= 0
    assert seen["phases"]["verify"]["ok"] is True
    assert f", and {lab.url} has it after " in seen["message"]


def test_all_of_many_are_looked_for() -> None:
    with tempo() as lab:
        seen = ask(lab.otlp_http, tempo_url=lab.url, spans=30)
    assert (seen["verified"], seen["phases"]["verify"]["missing"]) == (True, 0)


def test_a_trace_that_is_there_without_the_canary_is_not_enough() -> None:
    """The traceparent is of a trace that somebody else has sent already; the canary itself is dropped."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with tempo() as lab, tempo(keeps=False) as sieve:
        ask(lab.otlp_http, traceparent=parent)
        seen = ask(sieve.otlp_http, traceparent=parent, tempo_url=lab.url, wait_timeout=0.2)
        assert (seen["cause"], seen["phases"]["verify"]["missing"]) == ("not_visible", 1)
        assert ask(lab.otlp_grpc, traceparent=parent, tempo_url=lab.url, spans=2)["verified"] is True


def test_a_span_that_was_accepted_and_dropped() -> None:
    with tempo(keeps=False) as lab:
        clock = FakeClock()
        seen = otlp.run(options(otlp, endpoint=lab.otlp_http, tempo_url=lab.url, wait_timeout=20.0), clock)
    assert (seen["ok"], seen["cause"], seen["verified"], seen["visible_after"]) == (False, "not_visible", False, None)
    assert seen["message"].endswith(f", but after 20 s {lab.url} does not have it")
    assert seen["phases"]["export"]["ok"] is True
    assert seen["phases"]["verify"]["missing"] == 1
    assert sum(clock.slept) == pytest.approx(20.0)
    assert max(clock.slept) <= 0.1


def test_many_that_are_missing_do_not_stretch_the_wait() -> None:
    clock = FakeClock()

    def slow(_asked: Asked) -> Answer:
        clock.now += 1.0
        return no_trace(_asked)

    with tempo() as lab, serving(slow) as (url, asked):
        otlp.run(options(otlp, endpoint=lab.otlp_http, tempo_url=url, wait_timeout=5.0, spans=50), clock)
    assert len(asked) < 12


def test_wait_timeout_0_looks_once() -> None:
    with tempo(keeps=False) as lab:
        clock = FakeClock()
        seen = otlp.run(options(otlp, endpoint=lab.otlp_http, tempo_url=lab.url, wait_timeout=0.0), clock)
    assert (seen["cause"], seen["phases"]["verify"]["attempts"], clock.slept) == ("not_visible", 1, [])


def test_the_tenant_is_asked_for_as_well() -> None:
    with tempo(multitenant=True) as lab:
        assert ask(lab.otlp_http, tempo_url=lab.url, tenant="team-a")["verified"] is True


def test_a_tempo_that_can_not_be_asked_does_not_undo_the_export() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    with tempo() as lab:
        seen = ask(lab.otlp_http, tempo_url=url)
    assert (seen["ok"], seen["verified"]) == (True, None)
    assert seen["phases"]["verify"]["ok"] is None
    assert seen["phases"]["verify"]["cause"] == "connection_refused"
    assert "; Tempo could not be asked for it: " in seen["message"]


def test_without_requests_there_is_no_look_into_a_tempo_behind_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    with tempo() as lab:
        seen = ask(lab.otlp_http, tempo_url=lab.url.replace("http:", "https:"))
    assert (seen["ok"], seen["verified"]) == (True, None)
    assert seen["phases"]["verify"]["cause"] == "library_missing"
    assert "'requests'" in seen["message"]


def no_trace(_asked: Asked) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, b'{"trace":{}}')


@pytest.mark.parametrize(("host", "sent"), [("127.0.0.1", True), ("localhost", False)])
def test_credentials_go_to_tempo_only_where_it_is_on_the_receivers_host(host: str, sent: bool) -> None:
    with tempo() as lab, serving(no_trace) as (url, asked):
        ask(
            lab.otlp_http,
            tempo_url=url.replace("127.0.0.1", host),
            wait_timeout=0.0,
            token="t0ken",
            headers={"X-Key": "k"},
            tenant="team-a",
        )
    assert {"x-scope-orgid": "team-a"}.items() <= asked[-1].headers.items()
    assert ("authorization" in asked[-1].headers, "x-key" in asked[-1].headers) == (sent, sent)


def test_a_tempo_that_never_answers_ends_with_the_time_limit() -> None:
    def silent(_asked: Asked) -> Answer:
        time.sleep(3)
        return Answer(200, {}, b"")

    with tempo() as lab, serving(silent) as (url, _asked):
        seen = ask(lab.otlp_http, timeout=0.5, tempo_url=url, wait_timeout=0.0)
    assert (seen["ok"], seen["phases"]["verify"]["cause"]) == (True, "response_timeout")
