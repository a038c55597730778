"""Ten SDK builds in all states of failure: is the cause named? Run it by `make sdks`.

ARGS may name builds, languages, states and protocols: `make sdks ARGS="python refused http"`.

`--judge` runs nothing and judges the logs that are in the cache; `--record FOLDER` keeps some of them as fixtures.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from ansible_collections.traceops.tracing.tests.sdks import run, table
from ansible_collections.traceops.tracing.tests.sdks.builds import BUILDS
from ansible_collections.traceops.tracing.tests.sdks.states import GRPC, HTTP, STATES

PROTOCOLS = {"grpc": GRPC, "http": HTTP}


def select(names: list[str]) -> list[run.Task]:
    """The runs that `names` ask for: builds or languages, states, protocols; a kind that is not named is all of it."""
    builds = [build for build in BUILDS if build.name in names or build.language in names]
    states = [state for state in STATES if state.name in names]
    protocols = [PROTOCOLS[name] for name in names if name in PROTOCOLS]
    known = {*PROTOCOLS, *(s.name for s in STATES), *(b.name for b in BUILDS), *(b.language for b in BUILDS)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"'{unknown[0]}' is no build, state or protocol; known are {', '.join(sorted(known))}")
    return run.tasks(builds or BUILDS, states or STATES, protocols or list(PROTOCOLS.values()))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make sdks ARGS=...")
    parser.add_argument("names", nargs="*", help="builds, languages, states, or the protocols grpc and http")
    parser.add_argument("--judge", action="store_true", help="run nothing: judge the logs that are in the cache")
    parser.add_argument(
        "--record", type=Path, help="run nothing: copy a bounded choice of the kept logs to this folder"
    )
    options = parser.parse_args(arguments)
    cache = Path(os.environ.get("TRACEOPS_CACHE") or Path.home() / ".cache/traceops") / "sdks"
    if options.record:
        copied = run.record(run.kept_runs(cache / "logs"), cache, options.record)
        print(f"{copied} logs copied to {options.record}")
        return 0
    wanted = select(options.names)
    started = time.monotonic()
    missing = {} if options.judge else run.run_all(wanted, cache, lambda line: print(line, flush=True))
    kept = run.kept_runs(cache / "logs")
    keys = [(task.build.name, task.state.name, task.protocol) for task in wanted]
    cells = run.judge_all(kept, [key for key in keys if key[0] not in missing])
    names = [build.name for build in BUILDS if any(build.name == key[0] for key in keys)]
    print("\n".join(["", *table.lines(cells, names, STATES), "", *table.exceptions(cells), ""]))
    for name, why in missing.items():
        print(f"{name} cannot be had: {why}")
    figures = table.figures(cells.values())
    print(
        f"{len(cells)} runs in {time.monotonic() - started:.0f} s, logs in {cache / 'logs'}: {figures.printed} print"
        f" their failure, and {figures.named} have its cause named; {figures.healthy} are healthy, and"
        f" {figures.accused} of these are accused"
    )
    if not cells or (missing and os.environ.get("REQUIRE_ALL") == "1"):
        return 1
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
