"""Write docs/checks.md from the check library, and docs/report.schema.json: docs.py CHECKOUT."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible_collections.traceops.tracing.plugins.module_utils._report import explain, schema
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import library


def main(checkout: Path) -> None:
    page = explain.page(library.load([str(checkout / "plugins" / "checks")]))
    (checkout / "docs" / "checks.md").write_text(page, encoding="utf-8")
    shape = json.dumps(schema.schema(), indent=1, ensure_ascii=False) + "\n"
    (checkout / "docs" / "report.schema.json").write_text(shape, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
