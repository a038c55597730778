"""Runs the parts of the benchmark (all, or those that are named), writes bench.json and says what is over its limit.

    python -m ...tests.bench [--output FILE] [PART ...]

A part is a module of this package with `measure()`, which yields figures with name, value, unit and limit. It ends with
1 when one is over its limit or could not be measured, but measures everything first.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import importlib
import json
import os
import pkgutil
import sys
import time
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests import bench
from ansible_collections.traceops.tracing.tests.bench import surroundings
from ansible_collections.traceops.tracing.tests.bench.measured import Measured, tried

HELPERS = {"__main__", "measured", "playing", "surroundings"}
CACHE = Path(os.environ.get("TRACEOPS_CACHE") or Path.home() / ".cache" / "traceops")


def main(words: list[str]) -> int:
    parts = sorted({module.name for module in pkgutil.iter_modules(bench.__path__)} - HELPERS)
    parser = argparse.ArgumentParser(prog="make bench", description="measure what the collection costs")
    parser.add_argument("--output", type=Path, default=CACHE / "bench.json", help="where the figures go (%(default)s)")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; all of them without one")
    asked = parser.parse_args(words)
    unknown = sorted(set(asked.parts) - set(parts))
    if unknown:
        print(f"there is no part '{unknown[0]}'; known are {', '.join(parts)}", file=sys.stderr)
        return 2
    told: dict[str, t.Any] = {
        "started": _now(),
        "finished": None,
        "ok": None,
        "environment": surroundings.environment(),
        "parts": {},
    }
    good = True
    for name in asked.parts or parts:
        print(name, flush=True)
        told["parts"][name] = part = {"took": 0.0, "load_before": surroundings.load(), "figures": []}
        began = time.monotonic()
        for figure in tried(f"{name}: what comes next", functools.partial(_figures, name)):
            good &= figure.good
            print(_line(figure), flush=True)
            part["figures"].append({**figure._asdict(), "ok": figure.good})
        if not part["figures"]:
            good = False
            print(f"  ERROR {name} measured nothing", flush=True)
        part["took"] = round(time.monotonic() - began, 1)
        print(f"       took {part['took']:g} s", flush=True)
        _write(asked.output, told)
    told.update(finished=_now(), ok=good)
    _write(asked.output, told)
    print(f"figures: {asked.output}")
    return 0 if good else 1


def _figures(name: str) -> t.Iterable[Measured]:
    figures: t.Iterable[Measured] = importlib.import_module(f"{bench.__name__}.{name}").measure()
    return figures


def _line(figure: Measured) -> str:
    if figure.value is None:
        return f"  ERROR {figure.name}: {figure.error}"
    mark = "    " if figure.limit is None else "ok  " if figure.good else "OVER"
    limit = "" if figure.limit is None else f" (limit {figure.limit:.4g})"
    return f"  {mark} {figure.name:<72} {figure.value:>10.3f} {figure.unit:<4}{limit}"


def _write(path: Path, told: t.Mapping[str, t.Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
