# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this host's clock is kept by NTP: chrony, systemd-timesyncd, else what the kernel says."""

from __future__ import annotations

import ctypes
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import output_of
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean


class Ntp(t.TypedDict):
    """Whether the clock is kept; null for what is not known."""

    synchronised: t.Optional[bool]
    source: str
    offset_s: t.Optional[float]  # this host minus NTP time
    by: str  # who says so: chrony, timedatectl, kernel


PATIENCE = 2.0  # seconds for one program
STA_UNSYNC = 0x40
TIME_ERROR = 5


def state() -> Ntp:
    """What the first of them that is there says."""
    return read_chrony(output_of(["chronyc", "-c", "tracking"], PATIENCE)) or _timedatectl() or _kernel()


def _timedatectl() -> t.Optional[Ntp]:
    show = output_of(["timedatectl", "show"], PATIENCE)
    return read_timedatectl(show, output_of(["timedatectl", "show-timesync"], PATIENCE) if show else None)


def read_chrony(tracking: t.Optional[str]) -> t.Optional[Ntp]:
    """`chronyc -c tracking` (chrony 2.4 and later): id, source, stratum, time, system's offset ..., leap status."""
    fields = (tracking or "").strip().split(",")
    if len(fields) < 14:
        return None
    synchronised = fields[-1] != "Not synchronised"
    try:
        # Negative where the tracking report in words says "fast of NTP time" (seen with 4.3).
        offset: t.Optional[float] = round(-float(fields[4]), 6)
    except ValueError:
        offset = None
    return {
        "synchronised": synchronised,
        "source": clean(fields[1]) if synchronised else "",
        "offset_s": offset if synchronised else None,
        "by": "chrony",
    }


def read_timedatectl(show: t.Optional[str], timesync: t.Optional[str]) -> t.Optional[Ntp]:
    """`timedatectl show` (systemd 239 and later), and the server's name of `show-timesync` where timesyncd runs."""
    said = _properties(show)
    if said.get("NTPSynchronized") not in ("yes", "no"):
        return None
    return {
        "synchronised": said["NTPSynchronized"] == "yes",
        "source": clean(_properties(timesync).get("ServerName", "")),
        "offset_s": None,
        "by": "timedatectl",
    }


def _properties(text: t.Optional[str]) -> t.Dict[str, str]:
    pairs = (line.partition("=") for line in (text or "").splitlines())
    return {key: value for key, equals, value in pairs if equals}


class _Timex(ctypes.Structure):
    """The start of Linux's struct timex (the rest is of no interest but must have room)."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    ]


def _kernel() -> Ntp:
    """The kernel's own word: adjtimex(2) that changes nothing; it knows no source."""
    unknown: Ntp = {"synchronised": None, "source": "", "offset_s": None, "by": ""}
    timex = _Timex()
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return unknown
    if answer < 0:
        return unknown
    synchronised = answer != TIME_ERROR and not timex.status & STA_UNSYNC
    return {**unknown, "synchronised": synchronised, "by": "kernel"}
