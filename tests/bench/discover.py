"""What the look around costs: on this machine, and on one that has 5,000 processes.

Each look is a process of its own; time is its processor time. The 5,000 processes are files as Linux lays them out in
/proc, one in fifty of them an application with tracing settings, which are read and told.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._probe import discover
from ansible_collections.traceops.tracing.tests.bench.measured import Measured, in_turn
from ansible_collections.traceops.tracing.tests.probing import options
from ansible_collections.traceops.tracing.tests.unit.discover.world import Socket, World

PROCESSES, ONE_IN = 5000, 50
ROUNDS = 5


def measure() -> t.Iterator[Measured]:
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        made = _many(Path(scratch), patch)
        many = [str(made.proc), str(PROCESSES), str(PROCESSES // ONE_IN)]
        runs: dict[str, t.Callable[[], dict[str, float]]] = {
            "here": lambda: _child("/proc", "1", "0"),
            "many": lambda: _child(*many),
        }
        looks = in_turn(ROUNDS, runs)
    for what, name, seconds in (("here", "this machine", 1.0), ("many", f"{PROCESSES} processes", 3.0)):
        for field, unit, limit in (("processor", "s", seconds), ("wall", "s", 3.0), ("mib", "MiB", 128.0)):
            values = sorted(look[field] for look in looks[what])
            words = {"processor": "time on processors", "wall": "until it is over", "mib": "peak memory"}[field]
            told = {f"{field} {unit}": [look[field] for look in looks[what]]}
            yield Measured(f"discover on {name}: {words}", values[len(values) // 2], unit, limit, told)


def _many(directory: Path, patch: pytest.MonkeyPatch) -> World:
    """The files of a machine with so many processes."""
    world = World(directory, patch)
    sockets = []
    for n in range(PROCESSES - 1):
        pid = 5_000_000 + n  # no process has so high a number: the look leaves itself out
        if n % ONE_IN:
            words = [["/usr/sbin/nginx", "-g", "daemon off;"], ["/usr/bin/java", "-jar", f"/srv/{n}.jar"], ["-bash"]]
            made = world.process(pid, words[n % 3], {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": f"/home/{n}"})
            for number in range(8):
                (made / "fd" / str(number)).symlink_to(f"socket:[{pid}{number}]")
            continue
        settings = {"OTEL_SERVICE_NAME": f"service-{n}", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://192.0.2.9:4318"}
        world.process(pid, ["/usr/bin/python3", f"/srv/app-{n}.py"], settings, cgroup=f"/system.slice/app-{n}.service")
        sockets.append(Socket(pid, "01", f"192.0.2.2:{20000 + n}", "192.0.2.9:4318"))
    world.sockets(*sockets, Socket(0, "0A", "0.0.0.0:4318"))  # whose the last one is, is looked for everywhere
    return world


def _child(*words: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", __name__, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-500:])
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _look(place: str, processes: str, applications: str) -> dict[str, float]:
    """What the child does; it ends with a sentence where not all was found."""
    proc.PROC = place
    before, began = time.process_time(), time.monotonic()
    found = discover.run(options(discover, timeout=60.0))
    seconds, wall = time.process_time() - before, time.monotonic() - began
    if found["processes"] < int(processes) or len(found["applications"]) < int(applications):
        raise SystemExit(f"found {found['processes']} processes, {len(found['applications'])} applications")
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return {"processor": seconds, "wall": wall, "mib": int(peak.split()[1]) / 1024}


if __name__ == "__main__":
    print(json.dumps(_look(*sys.argv[1:])))
