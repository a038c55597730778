"""The list of causes is complete: what the code says is documented, and what is documented is provoked by a test."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from ansible_collections.traceops.tracing.plugins.modules.otlp_probe import RETURN

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTED = set(re.findall(r"V\((\w+)\)", " ".join(yaml.safe_load(RETURN)["cause"]["description"])))
CODE = [*ROOT.glob("plugins/module_utils/_client/otlp/*.py"), *ROOT.glob("plugins/module_utils/_probe/otlp/*.py")]
TESTS = [*(ROOT / "tests/unit/otlp").glob("test_*.py"), *(ROOT / "tests/integration/otlp").glob("test_*.py")]


def test_what_the_code_raises_is_documented() -> None:
    raised = {
        cause for path in CODE for cause in re.findall(r"OtlpError\(\s*\"(\w+)\"", path.read_text(encoding="utf-8"))
    }
    assert raised
    assert raised <= DOCUMENTED


def test_what_is_documented_is_provoked() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in TESTS if path != Path(__file__))
    assert {cause for cause in DOCUMENTED if f'"{cause}"' not in tests} == set()
