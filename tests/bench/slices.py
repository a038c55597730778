"""What merging costs: ten reports of 500 hosts each to one verdict, beside one report of all 5,000."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.plugins.module_utils._report import write
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge, library
from ansible_collections.traceops.tracing.tests.bench.measured import Measured
from ansible_collections.traceops.tracing.tests.bench.verdict import HOSTS, fleet
from ansible_collections.traceops.tracing.tests.unit.fleets.test_merge import part

SLICES = 10


def measure() -> Iterator[Measured]:
    whole, checks = fleet(HOSTS), library.load([str(Path(library.__file__).parents[2] / "checks")])
    hosts = list(whole["hosts"])
    with tempfile.TemporaryDirectory() as directory:
        for n in range(SLICES):
            seen = part(whole, hosts[n::SLICES], id=f"slice-{n}")
            write.write(judge.report(seen, checks), f"{directory}/slice-{n}", checks)
        started = time.process_time()
        one = judge.report(whole, checks)
        alone = time.process_time() - started
        del whole
        started = time.process_time()
        merged = stored.merged(stored.named([f"{directory}/*"], str))
        read = time.process_time() - started
    started = time.process_time()
    ten = judge.report(merged, checks)
    took = time.process_time() - started
    causes = [{**cause, "slices": None} for cause in ten["verdict"]["root_causes"]]
    assert causes == [{**cause, "slices": None} for cause in one["verdict"]["root_causes"]]
    assert ten["verdict"]["sentence"] == one["verdict"]["sentence"]
    assert all(mine == its for mine, its in zip(ten["findings"], one["findings"], strict=True))
    yield Measured(f"{SLICES} reports of {HOSTS // SLICES} hosts, read and merged", read, "s", 30.0)
    yield Measured("verdict over them, to that over one run of all", took / alone, "x", 1.3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Measured("peak memory of this part, with both in it", peak, "MiB", 4096.0)
