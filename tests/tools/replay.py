"""Evaluate the evidence of a report again, without any host: replay.py REPORT [DIRECTORY...].

The directories have checks of your own; without them those count that the report was made with. Prints the page. Ends
with 1 when a finding differs from the report's, as after a change of the checks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document as evidence
from ansible_collections.traceops.tracing.plugins.module_utils._report import console
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import judge, library


def differences(old: Any, new: list[dict[str, Any]]) -> list[str]:
    """One line for each finding that is not the same in both; `old` is as the file has it."""

    found = [each for each in old if isinstance(each, dict)] if isinstance(old, list) else []
    if not any("application" in each for each in found):  # as before schema 2
        new = [{key: value for key, value in each.items() if key != "application"} for each in new]

    def keyed(findings: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {f"{each.get('id')} ({_subject(each)})": each for each in findings}

    before, after = keyed(found), keyed(new)
    lines = []
    for key in sorted({*before, *after}):
        states = [str(found[key].get("state")) if key in found else "missing" for found in (before, after)]
        if before.get(key) != after.get(key):
            lines.append(clean(f"{key}: {' -> '.join(states)}"))
    return lines


def _subject(finding: dict[str, Any]) -> str:
    application = f": {finding['application']}" if finding.get("application") else ""
    return f"{finding.get('host') or finding.get('backend') or 'run'}{application}"


def main(path: str, *directories: str) -> int:
    try:
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
        document = evidence.check_document(stored.get("evidence") if isinstance(stored, dict) else None)
        own = directories or [str(directory) for directory in document["run"].get("check_dirs") or []]
        checks = library.load([str(Path(library.__file__).parents[2] / "checks"), *own])
    except OSError as error:
        print(f"{path} cannot be read ({error.strerror})")
        return 2
    except library.BadCheck as error:
        print(clean(f"{error} (CHECKS=FOLDER says where checks of your own are now)"))
        return 2
    except (ValueError, RecursionError) as error:
        print(clean(f"{path}: {error}"))
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
