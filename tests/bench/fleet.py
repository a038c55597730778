"""What diagnose costs over the local connection, against a play of ping and against the guide's steps by built-ins."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import json
import sys
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.bench.measured import Measured, tried
from ansible_collections.traceops.tracing.tests.bench.playing import Fleet, compared, shared
from ansible_collections.traceops.tracing.tests.lab import Lab

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
FLEETS = {20: (3, (0, 1, 2)), 100: (3, (0,))}  # hosts: rounds, and those in which the guide's steps are played
WITH_OWN = 20
ROUNDS_WITH_OWN = 3


def measure() -> t.Iterator[Measured]:
    for number, (rounds, guide) in FLEETS.items():
        name = f"{number} hosts, one backend"
        yield from tried(name, functools.partial(_sharing, name, number, rounds, guide))
    name = f"{WITH_OWN} hosts with a backend each"
    yield from tried(name, functools.partial(_with_own, name))


def _sharing(name: str, number: int, rounds: int, guide: t.Sequence[int]) -> t.Iterator[Measured]:
    with tempfile.TemporaryDirectory() as scratch, Lab(directory=Path(scratch) / "lab") as lab:
        lab.run_app()
        hosts = [f"app{n:03}" for n in range(number)]
        fleet = _fleet(Path(scratch), {host: {} for host in hosts}, shared(lab), [lab])
        yield from compared(name, fleet, rounds, lambda ping: 1.5 * ping + 6, guide)


def _with_own(name: str) -> t.Iterator[Measured]:
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        labs = [stack.enter_context(Lab(directory=scratch / f"lab{n:03}")) for n in range(WITH_OWN)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(Lab.run_app, labs))
        own = {f"app{n:03}": shared(lab) for n, lab in enumerate(labs)}
        fleet = _fleet(scratch, own, {}, labs)
        yield from compared(name, fleet, ROUNDS_WITH_OWN, lambda ping: 2.5 * ping + 6)


def _fleet(
    directory: Path, hosts: t.Mapping[str, t.Mapping[str, t.Any]], common: t.Mapping[str, t.Any], labs: t.Sequence[Lab]
) -> Fleet:
    inventory = directory / "inventory.json"
    told = {"all": {"vars": {**LOCAL, **common}, "children": {"app": {"hosts": hosts}}}}
    inventory.write_text(json.dumps(told), encoding="utf-8")
    return Fleet(directory, inventory, list(hosts), labs)
