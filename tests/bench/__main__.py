"""Runs the parts of the benchmark (all, or those that are named) and says which figures are over their limit.

A part is a module of this package with `measure()`, which returns figures with name, value, unit and limit.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

from ansible_collections.traceops.tracing.tests import bench


def main(wanted: list[str]) -> int:
    parts = {module.name for module in pkgutil.iter_modules(bench.__path__)} - {"__main__", "measured"}
    unknown = sorted(set(wanted) - parts)
    if unknown:
        print(f"there is no part '{unknown[0]}'; known are {', '.join(sorted(parts))}", file=sys.stderr)
        return 2
    over = 0
    for name in sorted(wanted or parts):
        print(f"{name}", flush=True)
        for figure in importlib.import_module(f"{bench.__name__}.{name}").measure():
            good = figure.value <= figure.limit
            over += not good
            mark = "ok  " if good else "OVER"
            print(
                f"  {mark} {figure.name:<60} {figure.value:>10.3f} {figure.unit:<4} (limit {figure.limit:g})",
                flush=True,
            )
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
