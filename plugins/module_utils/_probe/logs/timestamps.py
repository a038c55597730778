# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines' own times, in every common format, and the bounds that a user asks for."""

from __future__ import annotations

import calendar
import datetime
import re
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import later
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)"
_DAY = r"(\d{4})[-/](0[1-9]|1[0-2])[-/](0[1-9]|[12]\d|3[01])"
_ISO = _DAY + "[T _]" + _CLOCK + r"(?:[.,:](\d{1,9}))?(?: ?(Z|[+-]\d\d:?\d\d)(?!\d))?"

# ISO 8601, RFC 3339, logback, `[date time]`, Go's log package, the Java agent: near the line's start, or after a key.
_NEAR = re.compile(_ISO)
_KEYED = later.pattern(r"(?:ts|time|timestamp|Timestamp)\"?[=:] ?\"?" + _ISO)
_SYSLOG = later.pattern(r"(?:<\d{1,3}>)?(" + "|".join(_MONTHS) + r") ([ \d]\d) " + _CLOCK + r"(?:\.(\d{1,9}))?")
# java.util.logging: `Nov 28, 2026 6:53:46 AM`, also with a narrow blank before AM (Java 20 and newer).
_JUL = later.pattern(
    r"(" + "|".join(_MONTHS) + r") (\d{1,2}), (\d{4}),? (\d{1,2}):([0-5]\d):([0-5]\d)[ \u202f]([AP])M", re.IGNORECASE
)
_GLOG = later.pattern(r"[IWEFD](0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]) +" + _CLOCK + r"(?:\.(\d{1,9}))?")
_ACCESS = later.pattern(r"\[(\d\d)/(" + "|".join(_MONTHS) + r")/(\d{4}):" + _CLOCK + r" ([+-]\d{4})\]")
_EPOCH = later.pattern(
    r"(?:^[^\w\s]{0,2}|\b(?:ts|time|timestamp|Timestamp)\"?[=:] ?\"?)"
    r"(?:(\d{10})(?:\.(\d{1,9}))?|(\d{13})|(\d{16})|(\d{19}))(?![\d.])"
)
# A number that is no time of these years (2000 to 2100) is no time.
_EARLIEST, _LATEST = 946684800, 4102444800
_NEAR_START = 64
_KEY_WITHIN = 512

# Units in any usual spelling: h, hour, hours. Their first letter says which.
_RELATIVE = later.pattern(
    r"(\d{1,9}(?:\.\d+)?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)(?![A-Za-z])", re.IGNORECASE
)
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def line_time(line: str, now: float) -> t.Optional[float]:
    """The time (epoch seconds) that `line` states, or None.

    A time without zone is the host's local time; one without a year is of the year that puts it before `now`.
    """
    head = line[:_NEAR_START]
    found = _NEAR.search(head)
    if found:
        return _iso(found)
    found = _SYSLOG.match(head)
    if found:
        month, day, hour, minute, second, fraction = found.groups()
        return _yearless(_MONTHS.index(month) + 1, int(day), (hour, minute, second), fraction, now)
    found = _JUL.match(head)
    if found:
        return _twelve_hours(found)
    found = _GLOG.match(head)
    if found:
        month, day, hour, minute, second, fraction = found.groups()
        return _yearless(int(month), int(day), (hour, minute, second), fraction, now)
    found = _EPOCH.match(head)
    if found:
        return _epoch(found)
    head = line[:_KEY_WITHIN]
    found = _KEYED.search(head)
    if found:
        return _iso(found)
    found = _EPOCH.search(head)
    if found:
        return _epoch(found)
    found = _ACCESS.search(head)
    if found:
        day, month, year, hour, minute, second, zone = found.groups()
        whole = (int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
        return _at(whole, None, zone)
    return None


def _twelve_hours(found: t.Match[str]) -> t.Optional[float]:
    name, day, year, hour, minute, second, half = found.groups()
    at_hour = int(hour) % 12 + (12 if half.upper() == "P" else 0)
    return _at((int(year), _MONTHS.index(name.title()) + 1, int(day), at_hour, int(minute), int(second)), None, None)


def _iso(found: t.Match[str]) -> t.Optional[float]:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    return _at((int(year), int(month), int(day), int(hour), int(minute), int(second)), fraction, zone)


def _epoch(found: t.Match[str]) -> t.Optional[float]:
    seconds, fraction, milliseconds, microseconds, nanoseconds = found.groups()
    if seconds:
        at = int(seconds) + _fraction(fraction)
    elif milliseconds:
        at = int(milliseconds) / 1e3
    else:
        at = int(microseconds) / 1e6 if microseconds else int(nanoseconds) / 1e9
    return at if _EARLIEST <= at < _LATEST else None


def _yearless(
    month: int, day: int, clock: t.Tuple[str, str, str], fraction: t.Optional[str], now: float
) -> t.Optional[float]:
    year = time.localtime(now).tm_year
    for candidate in (year, year - 1):
        at = _at((candidate, month, day, int(clock[0]), int(clock[1]), int(clock[2])), fraction, None)
        if at is not None and at <= now + 86400:
            return at
    return None


def _at(
    whole: t.Tuple[int, int, int, int, int, int], fraction: t.Optional[str], zone: t.Optional[str]
) -> t.Optional[float]:
    year, month, day = whole[:3]
    if not 1970 <= year <= 2100 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    if zone is None:
        try:
            return time.mktime((*whole, 0, 0, -1)) + _fraction(fraction)
        except (OverflowError, ValueError):
            return None
    offset = 0
    if zone != "Z":
        digits = zone[1:].replace(":", "")
        offset = (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if zone[0] == "-" else 1)
    return calendar.timegm(whole) - offset + _fraction(fraction)


def _fraction(digits: t.Optional[str]) -> float:
    return float("0." + digits) if digits else 0.0


def iso(at: t.Optional[float]) -> t.Optional[str]:
    """Epoch seconds as ISO 8601 in UTC, with milliseconds."""
    if at is None:
        return None
    moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def bound(option: str, value: t.Optional[str], now: float) -> t.Optional[float]:
    """The epoch seconds of a bound: relative to now (`90s`, `1h30m`, `2d ago`), ISO 8601, epoch s or ms, or `now`."""
    if value is None or not value.strip():
        return None
    text = value.strip()
    if text == "now":
        return now
    relative = re.sub(r"^-|\s*ago$", "", text)
    parts = _RELATIVE.findall(relative)
    if parts and not _RELATIVE.sub("", relative).strip():
        return now - sum(float(number) * _UNIT[unit[0].lower()] for number, unit in parts)
    if re.fullmatch(r"\d{10}(\.\d+)?", text):
        return float(text)
    if re.fullmatch(r"\d{13}", text):
        return int(text) / 1000
    if re.fullmatch(_DAY, text):
        text += " 00:00:00"
    else:
        text = re.sub(r"^(\S{10}[T ]\d\d:\d\d)(?![\d:])", r"\1:00", text)
    found = _NEAR.fullmatch(text)
    at = _iso(found) if found else None
    if at is None:
        raise BadOption(
            f"{option}: '{value[:80]}' is no time; write one such as 15m, 2h, 1d, 2026-02-19T10:00:00Z or 1771495200"
        )
    return at
