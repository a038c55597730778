"""What diagnose costs over real SSH, against ping and the guide's steps, and how long it takes when hosts misbehave."""

from __future__ import annotations

import functools
import json
import re
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.tests import sshd
from ansible_collections.traceops.tracing.tests.bench.measured import Measured, tried
from ansible_collections.traceops.tracing.tests.bench.playing import Fleet, compared, play, shared
from ansible_collections.traceops.tracing.tests.lab import Lab

HOSTS = 50
ROUNDS = 3
MORE = 1.2  # than over the local connection
# Files are what Ansible does unless it is told otherwise; the guide's steps are played once, in the faster way.
PIPELINING: dict[str, tuple[str, tuple[int, ...]]] = {"files": ("0", ()), "pipelining": ("1", (0,))}
MISBEHAVING = (*["refused"] * 3, *["dropped"] * 2, "mute", "hangs", "no-python", "disk-full", "killed")
HOST_TIMEOUT = 30
REST = 10.0


def measure() -> t.Iterator[Measured]:
    for way, (switch, guide) in PIPELINING.items():
        name = f"{HOSTS} hosts over SSH, {way}"
        yield from tried(name, functools.partial(_well, name, switch, guide))
    name = f"{HOSTS} hosts over SSH, {len(MISBEHAVING)} of them misbehave"
    yield from tried(name, functools.partial(_misbehaving, name))


def _well(name: str, pipelining: str, guide: t.Sequence[int]) -> t.Iterator[Measured]:
    with tempfile.TemporaryDirectory() as scratch, Lab(directory=Path(scratch) / "lab") as lab:
        lab.run_app()
        with sshd.Hosts(Path(scratch) / "hosts", ["well"] * HOSTS) as hosts:
            fleet = _fleet(Path(scratch), hosts, lab, pipelining)
            yield from compared(name, fleet, ROUNDS, lambda ping: MORE * (1.5 * ping + 6), guide, MORE / 5)


def _misbehaving(name: str) -> t.Iterator[Measured]:
    """One run in which every host is begun with at once: the slowest is the one that hangs until it is given up."""
    kinds = [*MISBEHAVING, *["well"] * (HOSTS - len(MISBEHAVING))]
    with tempfile.TemporaryDirectory() as scratch, Lab(directory=Path(scratch) / "lab") as lab:
        lab.run_app()
        with sshd.Hosts(Path(scratch) / "hosts", kinds) as hosts:
            fleet = _fleet(Path(scratch), hosts, lab, "0")
            given = {"diagnose_report_dir": str(fleet.report), "diagnose_host_timeout": HOST_TIMEOUT}
            words = ("--forks", str(HOSTS), "-e", json.dumps(given))
            cost, said = play(fleet, "traceops.tracing.diagnose", *words, patience=8.0 * HOST_TIMEOUT, code=None)
            if not fleet.report.is_dir():
                raise RuntimeError(f"no report was written: {said[-800:]}")
            report = stored.read(stored.latest(str(fleet.report)))
    named = report["evidence"]["hosts"]
    wrong = [
        f"{host}: {told.get('reason') or told.get('message') or 'reached' if told else 'not in the report'}"
        for host, kind in hosts.kinds.items()
        for told in [named.get(host)]
        if not _told(told, kind)
    ]
    values = {"wall s": [round(cost.wall, 3)], "processor s": [round(cost.processor, 3)]}
    yield Measured(
        f"{name}: hosts that the report does not tell right", float(len(wrong)), "", 0.0, error="; ".join(wrong)
    )
    yield Measured(f"{name}: until the report", cost.wall, "s", HOST_TIMEOUT + REST, values)


def _told(told: t.Mapping[str, t.Any] | None, kind: str) -> bool:
    """Whether the evidence of a host says what is wrong with it, and of the others that they were visited."""
    if told is None:
        return False
    if kind == "well":
        return not told.get("unreachable")
    said = f"{told.get('reason')} {told.get('message')}"
    return bool(told.get("unreachable")) and bool(re.search(sshd.SAID[kind], said))


def _fleet(directory: Path, hosts: sshd.Hosts, lab: Lab, pipelining: str) -> Fleet:
    """The inventory of these hosts with the lab's variables."""
    told = json.loads(hosts.inventory.read_text(encoding="utf-8"))
    told["all"]["vars"].update(shared(lab))
    hosts.inventory.write_text(json.dumps(told), encoding="utf-8")
    environment = {**hosts.environment, "ANSIBLE_PIPELINING": pipelining}
    return Fleet(directory, hosts.inventory, list(hosts.kinds), [lab], environment, hosts.forget_connections)
