"""Evaluate the evidence of a report again, without any host: replay.py REPORT [DIRECTORY...].

Prints the page. Ends with 1 when a finding differs from the report's, as after a change of the checks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._report import console
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import evidence, judge, library


def differences(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[str]:
    """One line for each finding that is not the same in both."""

    def keyed(findings: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
        return {(each["id"], each["host"], each["backend"]): each for each in findings}

    before, after = keyed(old), keyed(new)
    lines = []
    for key in sorted({*before, *after}, key=str):
        states = [found[key]["state"] if key in found else "missing" for found in (before, after)]
        if before.get(key) != after.get(key):
            lines.append(f"{key[0]} ({key[1] or key[2] or 'run'}): {' -> '.join(states)}")
    return lines


def main(path: str, *directories: str) -> int:
    try:
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
        document = evidence.check_document(stored.get("evidence") if isinstance(stored, dict) else None)
        checks = library.load([str(Path(library.__file__).parents[2] / "checks"), *directories])
    except OSError as error:
        print(f"{path} can't be read ({error.strerror})")
        return 2
    except (ValueError, RecursionError) as error:
        print(f"{path}: {error}")
        return 2
    report = json.loads(json.dumps(judge.report(document, checks)))
    print(console.page(report))
    changed = differences(stored.get("findings", []), report["findings"])
    print(
        "\n".join(
            ["", "different from the report:", *changed] if changed else ["", "all findings are equal to the report's"]
        )
    )
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
