"""Change the evaluator in every small way that mutmut knows, and count the changes that its tests don't notice.

mutants.py TREE WORK: TREE is the directory above ansible_collections, WORK one of our own. Takes some ten minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

MOST_SURVIVORS = 0.10  # of all mutants
COLLECTION = "ansible_collections/traceops/tracing"
SETTINGS = f"""\
[mutmut]
source_paths={COLLECTION}/plugins/module_utils/_verdict
pytest_add_cli_args_test_selection={COLLECTION}/tests/unit/verdict
also_copy=ansible_collections
"""


def main(tree: Path, work: Path) -> int:
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(tree / "ansible_collections", work / "ansible_collections")
    (work / "setup.cfg").write_text(SETTINGS, encoding="utf-8")
    (work / "mutants").mkdir()  # it must be there when Python starts, or its path finder never looks again
    environment = {**os.environ, "PYTHONPATH": str(work / "mutants")}

    def mutmut(*words: str) -> str:
        done = subprocess.run([sys.executable, "-m", "mutmut", *words], cwd=work, env=environment, text=True,
                              stdout=subprocess.PIPE, check=True)  # fmt: skip
        return done.stdout

    mutmut("run", "--max-children", str(os.cpu_count() or 1))
    mutmut("export-cicd-stats")
    found = json.loads((work / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    names = [line.partition(":")[0].strip() for line in mutmut("results").splitlines() if line.endswith(": survived")]
    print("\n".join(names))
    unseen = found["survived"] + found["no_tests"]
    share = unseen / found["total"]
    print(f"{unseen} of {found['total']} mutants survive: {share:.1%} (at most {MOST_SURVIVORS:.0%})")
    return int(share > MOST_SURVIVORS)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
