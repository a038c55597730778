"""Print what there is to know about a check: explain.py ID [DIRECTORY...] (directories with checks of your own)."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.traceops.tracing.plugins.module_utils._report import explain
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import library


def main(check_id: str, *directories: str) -> int:
    checks = library.load([str(Path(library.__file__).parents[2] / "checks"), *directories])
    check = checks.get(check_id)
    if check is None:
        near = [other.id for other in checks.checks if check_id and check_id in other.id]
        hint = f"like it are {', '.join(near)}" if near else "docs/checks.md lists all"
        print(f"there is no check '{check_id}'; {hint}")
        return 1
    print(explain.section(check))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
