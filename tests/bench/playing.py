"""Runs plays over a fleet as a user does, and says what they cost: how long they took, and the time on processors."""

from __future__ import annotations

import functools
import json
import os
import re
import statistics
import subprocess
import threading
import time
import typing as t
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.tests.bench.measured import Measured, in_turn
from ansible_collections.traceops.tracing.tests.integration.playbook import QUIET
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.lab import neutral_environment

HERE = Path(__file__).parent
PATIENCE = 1200.0


class Cost(t.NamedTuple):
    """Seconds: from the start to the end, and on processors, of the play and all that it started here."""

    wall: float
    processor: float


class Fleet(t.NamedTuple):
    """Hosts, the labs that they send to, and how Ansible gets to them."""

    directory: Path
    inventory: Path
    hosts: t.Sequence[str]
    labs: t.Sequence[Lab]
    environment: t.Mapping[str, str] = {}
    between: t.Callable[[], None] = lambda: None  # after each play

    @property
    def report(self) -> Path:
        return self.directory / "report"


def shared(lab: Lab) -> dict[str, t.Any]:
    """The role's variables for this lab under a name that does not say loopback, so that hosts can share it."""
    return {
        name: value.replace("127.0.0.1", "2130706433") if isinstance(value, str) else value
        for name, value in lab.variables.items()
    }


def compared(
    name: str,
    fleet: Fleet,
    rounds: int,
    limit: t.Callable[[float], float],
    guide: t.Sequence[int] = (),
    most_of_guide: float = 0.2,
) -> t.Iterator[Measured]:
    """The figures of diagnose against ping, whose median gives the limit, and against the guide's steps.

    `guide` are the rounds in which these are played as well: they take longest by far.
    """
    runs: dict[str, t.Callable[[], Cost | None]] = {
        "ping": functools.partial(ping, fleet),
        "diagnose": functools.partial(diagnose, fleet),
    }
    if guide:
        numbers = iter(range(rounds))
        runs["guide"] = lambda: steps_of_guide(fleet) if next(numbers) in guide else None
    ping(fleet)  # what is compiled once and kept is no part of any
    costs = {what: [each for each in found if each] for what, found in in_turn(rounds, runs).items()}
    values = {
        f"{what}, {word} s": [round(getattr(each, field), 3) for each in found]
        for what, found in costs.items()
        for field, word in (("wall", "wall"), ("processor", "processor"))
    }
    median = {key: statistics.median(each) for key, each in values.items()}
    most = limit(median["ping, wall s"])
    yield Measured(f"{name}: diagnose", median["diagnose, wall s"], "s", most, values)
    against = median["diagnose, wall s"] / median["ping, wall s"]
    yield Measured(f"{name}: diagnose / ping", against, "x", None)
    against = median["diagnose, processor s"] / median["ping, processor s"]
    yield Measured(f"{name}: diagnose / ping, time on processors", against, "x", None)
    if guide:
        against = median["diagnose, wall s"] / median["guide, wall s"]
        yield Measured(f"{name}: diagnose / the guide's steps", against, "x", most_of_guide, values)


def ping(fleet: Fleet) -> Cost:
    cost, said = play(fleet, str(HERE / "ping.yml"))
    _all_went_through(fleet, said, 1)
    return cost


def steps_of_guide(fleet: Fleet) -> Cost:
    cost, said = play(fleet, str(HERE / "guide.yml"))
    _all_went_through(fleet, said, 8)
    return cost


def diagnose(fleet: Fleet) -> Cost:
    """One diagnosis; it counts only when each host was visited and sent a canary, and the verdict is ok."""
    before = _canaries(fleet)
    given = json.dumps({"diagnose_report_dir": str(fleet.report)})
    for old in fleet.report.glob("report.json*"):
        old.unlink()
    cost, said = play(fleet, "traceops.tracing.diagnose", "-e", given)
    report = stored.read(stored.latest(str(fleet.report)))
    if report["verdict"]["status"] != "ok":
        raise RuntimeError(f"the verdict is {report['verdict']['status']}: {report['verdict']['sentence']}")
    evidence = report["evidence"]
    seen = [host for host, found in evidence["hosts"].items() if not found.get("unreachable")]
    if sorted(seen) != sorted(fleet.hosts):
        raise RuntimeError(f"{len(seen)} of {len(fleet.hosts)} hosts were visited: {said[-800:]}")
    sent = _canaries(fleet) - before
    if sent < len(fleet.hosts):
        raise RuntimeError(f"the hosts sent {sent} canaries, which is less than one of each of {len(fleet.hosts)}")
    if len(evidence["backends"]) != len(fleet.labs):
        raise RuntimeError(f"{len(evidence['backends'])} backends were asked and not {len(fleet.labs)}")
    return cost


def play(
    fleet: Fleet, playbook: str, *words: str, patience: float = PATIENCE, code: int | None = 0
) -> tuple[Cost, str]:
    """What a playbook costs, and what it prints; RuntimeError unless it ends with `code` (none: however it ends)."""
    command = ["ansible-playbook", "-i", str(fleet.inventory), playbook, *words]
    environment = {**neutral_environment(), **QUIET, **fleet.environment}
    said = fleet.directory / "said"
    with said.open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=fleet.directory, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        late = threading.Timer(patience, process.kill)
        late.start()
        _pid, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        late.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    fleet.between()
    text = said.read_text(encoding="utf-8", errors="replace")
    if wall >= patience:
        raise RuntimeError(f"{playbook} did not end within {patience:g} s: {text[-800:]}")
    if code is not None and process.returncode != code:
        raise RuntimeError(f"{playbook} ended with {process.returncode}: {text[-800:]}")
    return Cost(wall, used.ru_utime + used.ru_stime), text


def _all_went_through(fleet: Fleet, said: str, least: int) -> None:
    """RuntimeError unless at least so many tasks of each host went well, and none failed."""
    recap = said.rpartition("PLAY RECAP")[2]
    good = re.findall(r"^(\S+)\s+: ok=(\d+) .*unreachable=0 +failed=0 ", recap, re.MULTILINE)
    done = {host for host, number in good if int(number) >= least}
    if done != set(fleet.hosts):
        raise RuntimeError(f"{len(done)} of {len(fleet.hosts)} hosts went through: {said[-800:]}")


def _canaries(fleet: Fleet) -> int:
    """How many canaries the labs have, as they count themselves."""
    return sum(any(map(_of_canary, trace.batches)) for lab in fleet.labs for trace in lab.store.traces)


def _of_canary(batch: ResourceSpans) -> bool:
    named = {each.key: each.value.string_value for each in batch.resource.attributes}
    return named.get("service.name") == canary.SERVICE
