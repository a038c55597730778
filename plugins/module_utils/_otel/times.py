# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times and durations as users and Go programs write them."""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption

_UNITS_NS: t.Dict[str, int] = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,  # days and weeks: Go has no such units, users and Prometheus do
    "w": 7 * 86400 * 10**9,
}
_PART = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)(ns|us|µs|μs|ms|s|m|h|d|w)")
_RELATIVE = re.compile(r"^(?:now)?\s*(?:([+-])\s*(\S+))?$")
_ISO = re.compile(r"^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?)?\s*(Z|z|[+-]\d\d:?\d\d)?$")
_LATEST = 2**31 - 1  # Tempo 2.3 and 2.10 parse start and end as 32-bit numbers


def duration_ns(text: str) -> t.Optional[int]:
    """Nanoseconds of a Go duration (`1h30m`, `250ms`, `1.5s`; also `d` and `w`); None when it is not one."""
    found = _PART.findall(text)
    if not found or "".join(number + unit for number, unit in found) != text:
        return None
    return sum(_nanoseconds(number, unit) for number, unit in found)


def _nanoseconds(number: str, unit: str) -> int:
    whole, _point, fraction = number.partition(".")
    scale = _UNITS_NS[unit]
    return int(whole) * scale + int((fraction or "0").ljust(9, "0")) * scale // 10**9


def seconds(text: t.Optional[str]) -> t.Optional[float]:
    """Seconds of a Go duration in a configuration; None when absent or odd."""
    found = duration_ns(text) if text else None
    return None if found is None else found / 1e9


def option_duration_ns(option: str, text: str) -> int:
    """Nanoseconds of an option's duration; BadOption that names it."""
    found = duration_ns(text.strip())
    if found is None:
        raise BadOption(f"{option}: '{text[:40]}' is not a duration; write 250ms, 1.5s, 2m or 1h30m")
    return found


def option_time(option: str, text: str, now: float) -> float:
    """Epoch seconds of `now`, `-1h`, `now-15m`, ISO 8601 (UTC unless it has an offset) or epoch s, ms, us or ns."""
    text = str(text).strip()
    found = _relative(text, now)
    if found is None:
        found = _epoch(text)
    if found is None:
        found = _iso(text)
    if found is None:
        raise BadOption(
            f"{option}: '{text[:40]}' is not a time; write now, -1h, now-15m, 2026-01-31T12:00:00Z or epoch seconds"
        )
    if not 0 <= found <= _LATEST:
        raise BadOption(f"{option}: '{text[:40]}' is outside the years 1970 to 2038")
    return found


def _relative(text: str, now: float) -> t.Optional[float]:
    match = _RELATIVE.match(text)
    if not text or match is None:
        return None
    sign, amount = match.groups()
    if sign is None:
        return now if text == "now" else None
    offset = duration_ns(amount)
    if offset is None:
        return None
    return now + offset / 1e9 if sign == "+" else now - offset / 1e9


def _epoch(text: str) -> t.Optional[float]:
    if not re.match(r"^\d{1,19}(\.\d{1,9})?$", text):
        return None
    value = float(text)
    for limit, divisor in ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6)):
        if value < limit:
            return value / divisor
    return value / 1e9


def _iso(text: str) -> t.Optional[float]:
    match = _ISO.match(text)
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    clock = clock or "00:00:00"
    zone = "+00:00" if zone in (None, "Z", "z") else zone if ":" in zone else zone[:3] + ":" + zone[3:]
    try:
        whole = datetime.datetime.fromisoformat(f"{day}T{clock if clock.count(':') == 2 else clock + ':00'}{zone}")
    except ValueError:
        return None
    return whole.timestamp() + float("0" + fraction if fraction else 0)


def epoch(time: t.Any) -> t.Optional[float]:
    """Epoch seconds of a number or of ISO 8601 text (UTC where it names no zone); null for anything else."""
    if isinstance(time, (int, float)) and not isinstance(time, bool):
        return float(time)
    if not isinstance(time, str):
        return None
    text = time.strip()
    try:
        moment = datetime.datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "zZ" else text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp()
