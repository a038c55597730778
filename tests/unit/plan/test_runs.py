"""Which hosts a host looks for where none waits for another (`strategy: free`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._plan import store
from ansible_collections.traceops.tracing.plugins.plugin_utils import runs

HOSTS = [f"app{number:04}" for number in range(1000)]


def visited(directory: Path, hosts: list[str]) -> store.Store:
    kept = store.Store(str(directory))
    for host in hosts:
        kept.put(host, {})
    return kept


def test_those_that_are_still_to_come_are_known(tmp_path: Path) -> None:
    kept = visited(tmp_path, HOSTS[:2])
    assert sorted(runs.waiting(kept, {"ansible_play_batch": HOSTS[:4]})) == HOSTS[2:4]
    assert not list(runs.waiting(kept, {"ansible_play_batch": HOSTS[:2]}))


def test_most_hosts_look_for_one_other_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given hosts that come in the order of the inventory
    kept, looks = visited(tmp_path, HOSTS[:500]), list[str]()
    known = kept.known
    monkeypatch.setattr(kept, "known", lambda host: looks.append(host) or known(host))
    # when one asks whether it is the last
    assert next(runs.waiting(kept, {"ansible_play_batch": HOSTS}), None) is not None
    # then it does not look for all others: that would grow with the square of the hosts
    assert len(looks) == 1
