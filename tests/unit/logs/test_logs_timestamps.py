"""Times in log lines, and the bounds that a user writes."""

from __future__ import annotations

import calendar
import time

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import timestamps

AT = calendar.timegm((2026, 2, 19, 10, 0, 0))
NOW = AT + 3600.0


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    ("line", "fraction"),
    [
        ("[2026-02-19T10:00:00Z INFO velostream] message", 0),
        ("2026-02-19T10:00:00.250Z message", 0.25),
        ("2026-02-19T12:00:00.250+02:00 message", 0.25),
        ("2026-02-19T05:00:00-0500 message", 0),
        ("2026-02-19 10:00:00,250 [main] INFO c.e.Shop - logback", 0.25),
        ("[2026-02-19 10:00:00] production.ERROR: message", 0),
        ("2026/02/19 10:00:00 traces export: Go's log package", 0),
        ("[otel.javaagent 2026-02-19 10:00:00:250 +0000] [main] INFO", 0.25),
        ("Feb 19 10:00:00 host app[1]: syslog", 0),
        ("<134>Feb 19 10:00:00 host app: syslog with priority", 0),
        ("I0219 10:00:00.250000   1 main.go:7] glog", 0.25),
        ("1771495200 message", 0),
        ("1771495200.250 message", 0.25),
        ("1771495200250 message", 0.25),
        ('{"level":"info","ts":1771495200.25,"msg":"zap"}', 0.25),
        ('{"level":"info","msg":"' + "x" * 90 + '","time":"2026-02-19T10:00:00.25Z"}', 0.25),
        ('ts=2026-02-19T10:00:00.25Z level=info msg="logfmt"', 0.25),
        ('10.0.0.1 - - [19/Feb/2026:12:00:00 +0200] "GET / HTTP/1.1" 200', 0),
        ("\ufeff2026-02-19T10:00:00Z after a byte order mark", 0),
    ],
)
def test_a_line_says_when(line: str, fraction: float) -> None:
    assert timestamps.line_time(line, NOW) == AT + fraction


@pytest.mark.parametrize(
    "line",
    ["", "[INFO] no time", "at java.base/Thread.run(Thread.java:840)", "order 1234567890123456 shipped",
     "2026-13-45T10:00:00Z", "2026-02-30T10:00:00Z", "Feb 30 10:00:00 host", "12:30:00 only a clock", "8273663155 x",
     "9999-01-01T00:00:00Z"],
)  # fmt: skip
def test_a_line_without_a_time_has_none(line: str) -> None:
    assert timestamps.line_time(line, NOW) is None


def test_a_date_without_year_is_of_the_last_one_when_it_would_be_in_the_future() -> None:
    assert timestamps.line_time("Dec 31 23:59:59 host app: x", NOW) == calendar.timegm((2025, 12, 31, 23, 59, 59))


def test_a_time_without_zone_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    assert timestamps.line_time("2026-02-19 12:00:00 message", NOW) == AT


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("now", NOW),
        ("90s", NOW - 90),
        ("15m", NOW - 900),
        ("1h30m", NOW - 5400),
        ("2 d", NOW - 2 * 86400),
        ("1w", NOW - 7 * 86400),
        ("-5m", NOW - 300),
        ("5 min ago", NOW - 300),
        ("2026-02-19T10:00:00Z", AT),
        ("2026-02-19 10:00", AT),
        ("2026-02-19", AT - 36000),
        ("1771495200", AT),
        ("1771495200.5", AT + 0.5),
        ("1771495200500", AT + 0.5),
        ("", None),
        (None, None),
    ],
)
def test_bounds(value: str | None, at: float | None) -> None:
    assert timestamps.bound("since", value, NOW) == at


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("90 seconds", 90),
        ("15 minutes", 900),
        ("2 hours ago", 7200),
        ("1 day", 86400),
        ("1H 30M", 5400),
        ("2weeks", 1209600),
    ],
)
def test_units_may_be_written_out(value: str, seconds: int) -> None:
    assert timestamps.bound("since", value, NOW) == NOW - seconds


@pytest.mark.parametrize("value", ["2026-02-19T10:00Z", "2026-02-19 12:00 +0200", "2026-02-19T10:00"])
def test_an_iso_bound_needs_no_seconds(value: str) -> None:
    assert timestamps.bound("since", value, NOW) == AT


@pytest.mark.parametrize(
    "value", ["500ms", "3 months", "soon", "5", "5 parsecs", "2026-02-30", "2026-02-19T10:00:00Z trailing", "s", "-"]
)
def test_a_bound_that_is_no_time_is_refused(value: str) -> None:
    with pytest.raises(BadOption, match=r"^since: '.*' is no time; write one such as 15m"):
        timestamps.bound("since", value, NOW)


def test_iso_is_utc_with_milliseconds() -> None:
    assert timestamps.iso(AT + 0.25) == "2026-02-19T10:00:00.250Z"
    assert timestamps.iso(None) is None
