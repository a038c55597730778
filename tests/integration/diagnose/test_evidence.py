"""The healthy evidence of the checks' tests has what a diagnosis of the lab finds today: nothing less, nothing more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import shapes
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, PROBES
from ansible_collections.traceops.tracing.tests.shapes import Path as FieldPath
from ansible_collections.traceops.tracing.tests.shapes import present_paths
from ansible_collections.traceops.tracing.tests.tools import evidence

HEALTHY = Path(__file__).parents[2] / "unit/checks/healthy.json"


def fields(parts: dict[str, Any]) -> dict[str, set[FieldPath]]:
    """The declared fields that each label of the evidence has."""
    labels = {**parts["host"], **parts["backend"]}
    declared = {name: shapes.of(PROBES[LABELS[name].probe]().Result) for name in labels}
    return {name: present_paths(value, declared[name]) for name, value in labels.items()}


def said(label: str, path: FieldPath) -> bool:
    """Whether the tool says this one itself, since the lab has not got it."""
    return any(".".join(path).startswith(figure) for figure in evidence.FIGURES.get(label, {}))


def test_the_healthy_evidence_is_that_of_the_lab(tmp_path: Path) -> None:
    healthy, lab = fields(json.loads(HEALTHY.read_text(encoding="utf-8"))), fields(evidence.evidence(tmp_path))
    for label in evidence.LEFT_OUT:
        lab.pop(label)
    # The ports of this lab are not those that have a sibling; process and containers are made by the probes' functions.
    assert healthy.keys() - lab.keys() == {"environment", "containers", "otlp_sibling", "discover"}
    assert lab.keys() <= healthy.keys(), "make evidence"
    for label, found in lab.items():
        assert {path for path in found ^ healthy[label] if not said(label, path)} == set(), f"{label}: make evidence"
