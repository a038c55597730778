"""Canaries: ids that sender and reader derive alike, and the share that was lost."""

from __future__ import annotations

import math

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.probing import options

WORDS = {"run": "r", "host": "app01", "hop": "otlp"}


def test_an_id_follows_from_run_host_hop_and_number() -> None:
    """The same as `printf 5:app014:otlp1:0 | openssl dgst -sha256 -hmac r`, its first 32 digits."""
    assert canary.trace_id("r", "app01", "otlp", 0) == "970c7fc498a3961f35fa7d33e8405f6c"


@pytest.mark.parametrize(
    "other",
    [("s", "app01", "otlp", 0), ("r", "app02", "otlp", 0), ("r", "app01", "otlp_tempo", 0), ("r", "app01", "otlp", 1)],
)
def test_each_of_the_four_matters(other: tuple[str, str, str, int]) -> None:
    assert canary.trace_id(*other) != canary.trace_id("r", "app01", "otlp", 0)


def test_two_hosts_whose_names_run_into_the_hop_differ() -> None:
    assert canary.trace_id("r", "a", "bc", 0) != canary.trace_id("r", "ab", "c", 0)


def test_what_was_sent_has_the_ids_that_a_reader_derives() -> None:
    tempo = Tempo()
    try:
        seen = ask(tempo.otlp_http, canary=WORDS, spans=3)
        stored = {trace.trace_id.hex() for trace in tempo.store.traces}
    finally:
        tempo.stop()
    derived = [canary.trace_id("r", "app01", "otlp", number) for number in range(3)]
    assert seen["trace_ids"] == derived
    assert stored == set(derived)


def test_a_canary_has_no_traceparent() -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with pytest.raises(BadOption, match="canary: it cannot be used with traceparent"):
        otlp.run(options(otlp, endpoint="127.0.0.1:1", canary=WORDS, traceparent=traceparent))


def at_least(lost: int, sent: int, share: float) -> float:
    """The probability that so many of `sent` or more are lost, where each is with `share`."""
    return sum(math.comb(sent, k) * share**k * (1 - share) ** (sent - k) for k in range(lost, sent + 1))


@pytest.mark.parametrize(("sent", "lost"), [(1, 1), (10, 3), (40, 39), (100, 1), (200, 100), (500, 20)])
def test_the_interval_is_clopper_and_pearsons(sent: int, lost: int) -> None:
    """At its lower end so much loss, or more, has a probability of 2.5 %; at its upper end so little, or less."""
    found = canary.loss(sent, sent - lost)
    assert found["loss"] == pytest.approx(lost / sent)
    assert at_least(lost, sent, found["low"]) == pytest.approx(0.025, rel=0.02)
    if lost < sent:
        assert 1 - at_least(lost + 1, sent, found["high"]) == pytest.approx(0.025, rel=0.02)


def test_nothing_lost_of_one_says_little_of_a_hundred_much() -> None:
    assert (canary.loss(1, 1)["low"], canary.loss(1, 1)["high"]) == (0.0, 0.975)
    assert canary.loss(100, 100)["high"] == pytest.approx(0.0362, abs=0.0001)


def test_everything_lost_has_one_as_its_upper_end() -> None:
    found = canary.loss(100, 0)
    assert (found["loss"], found["high"]) == (1.0, 1.0)
    assert found["low"] == pytest.approx(0.9638, abs=0.0001)


def test_nothing_sent_says_nothing() -> None:
    nothing = {"sent": 0, "arrived": 0, "lost": 0, "loss": None, "low": 0.0, "high": 1.0}
    assert canary.loss(0, 0) == nothing
