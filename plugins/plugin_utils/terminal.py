# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What actions print beside the callback that prints Ansible's own lines."""

from __future__ import annotations

import os
import threading
import time
import typing as t

from ansible import constants as C
from ansible.utils import color
from ansible.utils.display import Display

from ansible_collections.traceops.tracing.plugins.module_utils._report import progress
from ansible_collections.traceops.tracing.plugins.module_utils._report.lines import Line

display = Display()

_COLOURS = {
    "head": "COLOR_HIGHLIGHT",
    "ok": "COLOR_OK",
    "failed": "COLOR_ERROR",
    "warning": "COLOR_WARN",
    "info": "COLOR_CHANGED",
    "muted": "COLOR_SKIP",
}
# Callbacks whose standard output is read by programs.
_FOR_PROGRAMS = ("json", "jsonl", "null")


def show(lines: t.Sequence[Line]) -> None:
    """Print lines, with colours where Ansible uses them; never into a document that its callback prints."""
    aside = str(getattr(C, "DEFAULT_STDOUT_CALLBACK", "")).rpartition(".")[2] in _FOR_PROGRAMS
    painted = "\n".join(_painted(line) for line in lines)
    display.display(painted, screen_only=True, stderr=aside)
    display.display("\n".join(line.text for line in lines), log_only=True)


def utf8() -> bool:
    """Whether the user's locale says UTF-8 (Ansible itself always runs in a UTF-8 locale, so it cannot be asked)."""
    chosen = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "")
    return "utf-8" in chosen.lower() or "utf8" in chosen.lower()


def verbose() -> bool:
    return bool(display.verbosity >= 1)


def _painted(line: Line) -> str:
    name = _COLOURS.get(line.style)
    return str(color.stringc(line.text, getattr(C, name))) if name and line.text else line.text


class Watched:
    """The visit of a host, told while it lasts: `with Watched(...)` around it.

    `hosts` are how many the phase has, `run` is the word of the run, `probes` what is asked.
    """

    def __init__(self, phase: str, host: str, hosts: int, run: str, probes: t.Any = None) -> None:
        self._phase = phase
        self._host = host
        self._hosts = hosts if phase in progress.COUNTED else 0
        self._place = progress.place(C.DEFAULT_LOCAL_TMP, run)
        self._waits = progress.wait(probes)
        # In a worker standard output is none any more; Ansible asked whether it is a terminal before.
        self._live = bool(color.ANSIBLE_COLOR)
        self._over = threading.Event()

    def __enter__(self) -> None:
        self._begun = time.monotonic()
        threading.Thread(target=self._beat, daemon=True).start()

    def __exit__(self, kind: t.Any, *_unused: t.Any) -> None:
        self._over.set()
        now = time.monotonic()
        try:
            state = progress.add(
                self._place,
                self._phase,
                kind is None,
                self._begun,
                lambda found: progress.is_due(found, self._hosts, now, self._live),
            )
        except OSError:
            return  # a full disk is no reason to say nothing else
        if state is not None:
            show([Line(progress.told(state, self._phase, self._hosts, now), "muted")])

    def _beat(self) -> None:
        while not self._over.wait(progress.BEAT_S[self._live]):
            words = progress.beat(self._host, self._waits, time.monotonic() - self._begun)
            show([Line(words, "muted")])
