"""Times and durations are read as users and Go programs write them."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import (
    duration_ns,
    option_duration_ns,
    option_time,
)

NOW = 1_795_400_000.0


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("250ms", 250_000_000),
        ("1.5s", 1_500_000_000),
        ("1h30m", 5_400_000_000_000),
        ("336h0m0s", 336 * 3600 * 10**9),
        ("2d", 2 * 86400 * 10**9),
        ("100µs", 100_000),
        ("100us", 100_000),
        ("0s", 0),
        ("1.000000001s", 1_000_000_001),
    ],
)
def test_a_go_duration_is_exact_to_the_nanosecond(text: str, nanoseconds: int) -> None:
    assert duration_ns(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "100", "1 h", "abc", "1h!", "s", "-1h", "1,5s", "9" * 40 + "s"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration_ns(text) is None


def test_a_bad_duration_option_is_named_with_examples() -> None:
    with pytest.raises(BadOption, match=r"min_duration: '100' is not a duration; write 250ms"):
        option_duration_ns("min_duration", "100")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("now", NOW),
        ("-1h", NOW - 3600),
        ("now-15m", NOW - 900),
        ("now - 15m", NOW - 900),
        ("+5m", NOW + 300),
        ("-7d", NOW - 7 * 86400),
        ("1795398984", 1795398984),
        ("1795398984.5", 1795398984.5),
        ("1795398984992", 1795398984.992),
        ("1795398984992439", 1795398984.992439),
        ("1795398984992439040", 1795398984.992439040),
        ("2026-11-23T01:56:24Z", 1795398984),
        ("2026-11-23T01:56:24.992Z", 1795398984.992),
        ("2026-11-23 01:56:24", 1795398984),
        ("2026-11-23T03:56:24+02:00", 1795398984),
        ("2026-11-23T03:56:24+0200", 1795398984),
        ("2026-11-23T01:56Z", 1795398960),
        ("2026-11-23", 1795392000),
    ],
)
def test_a_time_may_be_relative_iso_or_an_epoch_of_any_unit(text: str, seconds: float) -> None:
    assert option_time("start", text, NOW) == pytest.approx(seconds, abs=1e-5)


@pytest.mark.parametrize("text", ["", "yesterday", "15m", "now-", "now-15", "2026-13-01", "2026-11-23T25:00Z", "1e9"])
def test_a_bad_time_option_is_named_with_examples(text: str) -> None:
    with pytest.raises(BadOption, match=r"start: .* is not a time; write now, -1h"):
        option_time("start", text, NOW)


@pytest.mark.parametrize("text", ["-99w999999h", "2045-01-01", "99999999999"])
def test_a_time_that_tempo_cannot_express_is_refused_here(text: str) -> None:
    with pytest.raises(BadOption, match="outside the years 1970 to 2038"):
        option_time("end", text, NOW)
