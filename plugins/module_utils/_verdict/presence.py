# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Tempo stayed there while it was looked at (a part of the facts of a backend)."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested

# Who asks Tempo after `tempo_info`, in turn.
_LATER = (
    "tempo_search",
    "by_id",
    "tempo_search_earlier",
    "sampling_ratio",
    "linkage",
    "coverage",
    "canaries",
)
_BROKEN = ("connection_refused", "connection_reset")
_LOOP_S = 60.0  # nobody who restarts Tempo once does it twice in that time

Labels = t.Mapping[str, t.Any]


class Unsteady(t.TypedDict):
    """A Tempo that comes and goes."""

    how: str  # in words: what it did
    said: str  # of what that is known


class _Look(t.NamedTuple):
    """One question to Tempo's API from the host that asks it."""

    answered: t.Optional[bool]  # null: neither an answer nor a connection that broke
    cause: str
    said: str
    plain: bool  # a page that every Tempo answers, whatever becomes of its queries
    beside: bool = False  # asked since Grafana did not reach this Tempo either


def unsteady(backend: Labels, hosts: t.Mapping[str, Labels], applications: t.Sequence[Labels]) -> t.Optional[Unsteady]:
    """Null unless Tempo answered and took no connection, in whatever order, or was started twice in a minute.

    A connection that is closed without an answer alone may be what that one question comes to.
    """
    looks = _looks(backend, hosts)
    answered = [place for place, look in enumerate(looks) if look.answered]
    if not answered:
        return None
    restarted = bool(nested(backend, "balance", "change", "tempo", "restarted"))
    lost = [look for look in looks[answered[0] :] if look.answered is False]
    if restarted:
        lost += _receivers(backend, applications)
    closed = len(lost) >= 2 and any(look.plain for look in lost)
    if lost and (restarted or closed or _refused(lost) or lost[-1].beside):
        return {"how": f"answered{_age(backend)} and was gone moments later", "said": lost[0].said}
    missed = [look for look in looks[: answered[0]] if look.answered is False]
    if _refused(missed) or len(missed) >= 2:
        how = f"took no connection at first, and answered moments later{_age(backend)}"
        return {"how": how.rstrip(","), "said": missed[0].said}
    return _twice(backend) if restarted else None


def _refused(looks: t.Sequence[_Look]) -> bool:
    return any(look.cause == "connection_refused" for look in looks)


def _looks(backend: Labels, hosts: t.Mapping[str, Labels]) -> t.List[_Look]:
    """In the order in which Tempo was asked."""
    asker = hosts.get(next(iter(backend.get("hosts") or []), "")) or {}
    same = nested(asker, "settings", "tempo_url") == nested(backend, "settings", "tempo_url")
    looks = [
        _look(nested(backend, "balance", "before"), plain=True),
        _look(asker.get("clock") if same else None, plain=True),
        _look(backend.get("tempo_info"), plain=True),
        *(_look(backend.get(label)) for label in _LATER),
        _look(nested(backend, "balance", "snapshots", "tempo"), plain=True),
    ]
    steps = nested(backend, "grafana", "steps")
    here = [step for step in steps if nested(step, "name") == "from_here"] if isinstance(steps, list) else []
    if here and nested(backend, "grafana", "datasource", "url") == nested(backend, "tempo_info", "url"):
        looks.append(_look(here[0], plain=True)._replace(beside=True))
    return looks


def _look(result: t.Any, plain: bool = False) -> _Look:
    cause = str(nested(result, "cause") or "")
    answered = True if nested(result, "ok") is True else False if cause in _BROKEN else None
    return _Look(answered, cause, str(nested(result, "message") or ""), plain)


def _receivers(backend: Labels, applications: t.Sequence[Labels]) -> t.List[_Look]:
    """Whoever sent spans to Tempo's own host, and found nobody there: the same process."""
    here = _host(nested(backend, "tempo_info", "url"))
    sent = [nested(labels, label) for labels in applications for label in ("otlp", "otlp_tempo")]
    looks = [_look(found) for found in sent if here and _host(nested(found, "endpoint")) == here]
    return [look for look in looks if look.answered is False]


def _age(backend: Labels) -> str:
    uptime = nested(backend, "tempo_info", "counters", "uptime_s")
    return f", {uptime:.0f} s after its start," if isinstance(uptime, (int, float)) else ""


def _twice(backend: Labels) -> t.Optional[Unsteady]:
    first, second = (
        nested(backend, "balance", "before", "start"),
        nested(backend, "balance", "snapshots", "tempo", "start"),
    )
    if not isinstance(first, (int, float)) or not isinstance(second, (int, float)):
        return None
    if not 0 < second - first < _LOOP_S:
        return None
    return {
        "how": f"was started twice within {second - first:.0f} s",
        "said": f"once at {_time(first)}, and again at {_time(second)}",
    }


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%H:%M:%S UTC")


def _host(url: t.Any) -> str:
    address = addresses.split(url) if isinstance(url, str) else None
    return "" if address is None else "localhost" if addresses.leads_here(address.host) else address.host
