# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of a run told, kept in files on the controller until the verdict.

Each host is worked on by a process of its own, and a result that Ansible keeps is kept once for each task and host. So
each puts what it saw into the directory of its run, which is Ansible's own temporary one and ends with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
import typing as t

POLL_S = 0.05
NOBODY = 0  # the process of a claim that is over

Entry = t.Dict[str, t.Any]


class Store:
    """The files of one run. Whatever cannot be written or read raises OSError."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    @property
    def run(self) -> t.Dict[str, str]:
        """{run: the word that the ids of its canaries follow from, started: when it began}."""
        found: t.Dict[str, str] = self._read("run") or {}
        return found

    # --- hosts

    def put(self, host: str, entry: Entry) -> None:
        """Keep what is known of a host in the place of what was."""
        self._write(_file("host", host), {**entry, "host": host})

    def host(self, host: str) -> t.Optional[Entry]:
        found: t.Optional[Entry] = self._read(_file("host", host))
        return found

    def hosts(self) -> t.Iterator[Entry]:
        """What is known of all hosts, one after the other and in no order."""
        return (each for each in map(self._read, self._names("host")) if each is not None)

    def known(self, host: str) -> bool:
        """Whether something is known of a host."""
        return os.path.exists(self._path(_file("host", host)))

    def keep(self, host: str, given: t.Mapping[str, t.Any]) -> None:
        """Keep the variables of a host, with the secrets in them, for whoever asks its backend later in the run."""
        self._write(_file("given", host), given)

    def given(self, host: str) -> t.Dict[str, t.Any]:
        return self._read(_file("given", host)) or {}

    # --- what is done once for many hosts

    def claim(self, what: str) -> bool:
        """Whether the caller is the first who wants to do this, and so has to `settle` it."""
        try:
            with open(self._path(_file("claim", what)), "x", encoding="utf-8") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return False
        return True

    def settle(self, what: str, result: t.Any) -> None:
        """Tell those who wait what came of it."""
        self._write(_file("settled", what), {"what": what, "result": result})

    def settled(self, what: str, seconds: float = 0.0) -> t.Any:
        """What came of it, waited for while who claimed it lives; null where it is not known."""
        until = time.monotonic() + seconds
        while True:
            found = self._read(_file("settled", what))
            if found is not None or time.monotonic() >= until or not self._claimant_lives(what):
                found = found or self._read(_file("settled", what))
                return None if found is None else found["result"]
            time.sleep(POLL_S)

    def once(self, what: str, make: t.Callable[[], t.Any], seconds: float) -> t.Any:
        """What `make` returns (not null): whoever wants it first makes it, for all batches of the run."""
        found = self._read(_file("once", what))
        if found is not None:
            return found
        if not self.claim(what) and self.settled(what, seconds):
            return self._read(_file("once", what))
        made = make()
        self._write(_file("once", what), made)
        self.settle(what, True)
        return made

    def _claimant_lives(self, what: str) -> bool:
        try:
            with open(self._path(_file("claim", what)), encoding="utf-8") as file:
                process = int(file.read() or NOBODY)
        except (FileNotFoundError, ValueError):
            return False
        try:
            os.kill(process, 0)
        except OSError:
            return False
        return process != NOBODY

    # --- backends and batches

    def ask(self, backend: str, answers: Entry) -> None:
        """Keep what a backend answered."""
        self._write(_file("asked", backend), {**answers, "backend": backend})

    def asked(self) -> t.Dict[str, Entry]:
        """What was answered, by backend."""
        found = [each for each in map(self._read, self._names("asked")) if each is not None]
        return {str(each["backend"]): each for each in found}

    def close_batch(self, document: t.Mapping[str, t.Any]) -> None:
        """Keep the evidence of the hosts until now as a batch of its own, and begin the next one."""
        number = len(self._names("batch")) + 1
        self._write(f"batch-{number:06}.json", document)
        for name in [*self._names("host"), *self._names("asked"), *self._names("claim"), *self._names("settled")]:
            os.replace(self._path(name), self._path(f"over-{number}-{name}"))

    def batches(self) -> t.List[t.Dict[str, t.Any]]:
        """The evidence documents of the batches that are over, the earliest first."""
        return [found for found in map(self._read, self._names("batch")) if found is not None]

    # --- files

    def _names(self, kind: str) -> t.List[str]:
        return sorted(name for name in os.listdir(self.directory) if name.startswith(f"{kind}-"))

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def _write(self, name: str, value: t.Any) -> None:
        partial = self._path(f".{name}.{os.getpid()}")
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(json.dumps(value, default=str, separators=(",", ":")))  # `dump` takes eight times as long
        os.replace(partial, self._path(name))

    def _read(self, name: str) -> t.Any:
        try:
            with open(self._path(name), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return None


def arrive(directory: str, key: str, host: str, word: str, started: str) -> Store:
    """The store of the run that `host` comes to; `key` says which role of which play it is.

    A host that comes a second time begins another run. `word` and `started` are those of a run that begins now.
    """
    place = _place(directory, key)
    os.makedirs(place, mode=0o700, exist_ok=True)
    with _locked(place):
        number = len(os.listdir(place)) - 1  # all but the lock
        store = Store(os.path.join(place, str(number)))
        seen = _file("seen", host)
        if number < 1 or os.path.exists(os.path.join(store.directory, seen)):
            store = Store(os.path.join(place, str(number + 1)))
            os.mkdir(store.directory, 0o700)
            store._write("run", {"run": word, "started": started})
        store._write(seen, {})
    return store


def current(directory: str, key: str) -> t.Optional[Store]:
    """The store of the run that is going on; null where no host has come."""
    place = _place(directory, key)
    numbers = [name for name in os.listdir(place) if name != "lock"] if os.path.isdir(place) else []
    return Store(os.path.join(place, str(len(numbers)))) if numbers else None


def _place(directory: str, key: str) -> str:
    return os.path.join(directory, f"traceops-{_digest(key)}")


@contextlib.contextmanager
def _locked(place: str) -> t.Iterator[None]:
    with open(os.path.join(place, "lock"), "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _file(kind: str, name: str) -> str:
    return f"{kind}-{_digest(name)}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
