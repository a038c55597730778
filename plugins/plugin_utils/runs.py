# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which run of the role `diagnose` a task belongs to, and whether the hosts of its play go together."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._plan.store import Store

_LAST = "the last host"


def key(task: t.Any) -> str:
    """The same for all tasks of one role in one play, over all batches; where it stands tells which it is."""
    places = [_path(getattr(task, "play", None))]
    above = task
    while getattr(above, "_parent", None) is not None:
        above = above._parent
        places.append(_path(above))
    return " < ".join(places)


def _path(of: t.Any) -> str:
    try:
        return str(of.get_path())
    except AttributeError:
        return ""


def together(task: t.Any) -> bool:
    """Whether a task is over for all hosts of a batch before the next one begins."""
    strategy = str(getattr(getattr(task, "play", None), "strategy", "linear"))
    return not strategy.endswith(("free", "host_pinned"))


def has_batches(task: t.Any) -> bool:
    """Whether the hosts of a play come in batches (`serial`)."""
    return bool(getattr(getattr(task, "play", None), "serial", None))


def waiting(store: Store, task_vars: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """The hosts of the batch that are still to come, the last one first: each host asks, and most need one look."""
    return (host for host in reversed(task_vars.get("ansible_play_batch") or []) if not store.known(host))


def becomes_last(task: t.Any, store: Store, task_vars: t.Mapping[str, t.Any], host: str) -> bool:
    """Whether `host` does what is done once for all, from here on to the verdict.

    Where hosts do not wait for each other, that is the first that finds all others visited.
    """
    if together(task):
        return True
    if next(waiting(store, task_vars), None) is None and store.claim(_LAST):
        store.settle(_LAST, host)
    return is_last(task, store, host)


def is_last(task: t.Any, store: Store, host: str) -> bool:
    """Whether `host` has become the one that does what is done once for all."""
    return together(task) or bool(store.settled(_LAST) == host)
