# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run tells while it goes on: how many hosts are done, and what a canary waits for.

Each host of a task is worked on by a process of its own. They count together in a file of the run's own directory.
"""

from __future__ import annotations

import fcntl
import json
import os
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean, count, public_url

COUNTED = ("looked around", "visited")  # phases of all hosts
STEPS = {True: 10, False: 4}  # how often the number of hosts is told in a phase, on a terminal and elsewhere
QUIET_S = {True: 1.0, False: 5.0}  # what is over within this time needs no number
BEAT_S = {True: 5.0, False: 30.0}  # seconds between two words about the same host


class State(t.NamedTuple):
    """How far a phase is; `gone` hosts were not reached, in this phase or an earlier one."""

    done: int
    gone: int
    begun: float  # seconds, monotonic
    told: int  # of `done` when it was told last


def add(path: str, phase: str, reached: bool, begun: float, due: t.Callable[[State], bool]) -> t.Optional[State]:
    """Count one more host, whose visit had `begun` then, in the file `path`. Raises OSError.

    The state when it is `due` to be told, else null.
    """
    with open(path, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            known = json.loads(file.read() or "{}")
        except ValueError:
            known = {}
        gone = int(known.get("gone", 0)) + (not reached)
        earlier = known.get("phases", {}).get(phase) or [0, begun, 0]
        state = State(int(earlier[0]) + reached, gone, float(earlier[1]), int(earlier[2]))
        telling = due(state)
        after = [state.done, state.begun, state.done if telling else state.told]
        file.truncate(0)
        json.dump({"gone": gone, "phases": {**known.get("phases", {}), phase: after}}, file)
    return state if telling else None


def is_due(state: State, hosts: int, now: float, live: bool) -> bool:
    """Whether the number of hosts is to be told: at each step, in a phase that takes its time."""
    if hosts < 2 or now - state.begun < QUIET_S[live]:
        return False
    return state.done + state.gone >= hosts or state.done - state.told >= max(1, hosts // STEPS[live])


def told(state: State, phase: str, hosts: int, now: float) -> str:
    """One line: `looked around: 12 of 20 hosts, 1 not reached, 8 s`."""
    gone = f", {state.gone} not reached" if state.gone else ""
    return f"  {phase}: {state.done} of {count(hosts, 'host')}{gone}, {now - state.begun:.0f} s"


class Wait(t.NamedTuple):
    """What a visit waits for, and how many seconds at most where that is known."""

    what: str
    at_most: t.Optional[float]


def wait(probes: t.Any) -> t.Optional[Wait]:
    """What the canaries among these options of `collect` wait for; null when none does."""
    asked = [given for label, given in (probes or {}).items() if _probe(label, given) == "canaries"]
    if not asked:
        return None
    # On the one host that asks; all others need nothing of that probe.
    from ansible_collections.traceops.tracing.plugins.module_utils._probe import canaries

    sent = sum(
        number for given in asked for hops in _dict(given.get("sent")).values() for number in _dict(hops).values()
    )
    urls = list(dict.fromkeys(public_url(str(given.get("tempo_url") or "Tempo")) for given in asked))
    spec = canaries.ARGUMENT_SPEC
    seconds = [
        float(given.get("wait_timeout") or spec["wait_timeout"]["default"])
        + (canaries.MAX_SEARCH_S if given.get("search") else 0.0)
        for given in asked
    ]
    how = "by its id and in a search" if any(given.get("search") for given in asked) else "by its id"
    which = "the canary" if sent == 1 else f"{sent} canaries, each"
    where = urls[0] if len(urls) == 1 else f"{len(urls)} Tempos"
    return Wait(clean(f"{which} {how}, at {where}"), sum(seconds))


def beat(host: str, waits: t.Optional[Wait], elapsed: float) -> str:
    """One line about a host that has not answered yet."""
    if waits is None:
        return clean(f"  {host}: no answer yet after {elapsed:.0f} s")
    left = None if waits.at_most is None else waits.at_most - elapsed
    until = f", at most {left:.0f} s more" if left is not None and left >= 1 else f", for {elapsed:.0f} s"
    return clean(f"  {host}: waits for {waits.what}{until}")


def place(directory: str, run: str) -> str:
    """The file in which the processes of a run count."""
    word = "".join(letter for letter in run if letter.isalnum())[:16]
    return os.path.join(directory, f"traceops-progress-{word}")


def _probe(label: t.Any, given: t.Any) -> str:
    return str(given.get("probe", label)) if isinstance(given, dict) else ""


def _dict(value: t.Any) -> t.Dict[str, t.Any]:
    return value if isinstance(value, dict) else {}
