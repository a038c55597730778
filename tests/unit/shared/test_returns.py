"""What a module documents under RETURN is what its probe declares: the same names, nested, both ways."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import labels, shapes
from ansible_collections.traceops.tracing.tests.shapes import fields_of

MODULES = Path(__file__).resolve().parents[3] / "plugins/modules"
PACKAGE = "ansible_collections.traceops.tracing.plugins"
# What collect adds to a probe's result in the evidence.
BESIDE = {"took", "shared_with"}
KINDS = {"text": "str", "true or false": "bool", "a number": "number", "a list": "list", "an object": "dict"}


def probe_of(module: str) -> str:
    """The name of the probe that a module puts behind an AnsibleModule; "" for the other modules."""
    for node in ast.walk(ast.parse((MODULES / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("module_utils._probe"):
            return node.names[0].name
    return ""


PROBES = {path.stem: probe_of(path.stem) for path in MODULES.glob("*.py") if probe_of(path.stem)}


def documented(module: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(importlib.import_module(f"{PACKAGE}.modules.{module}").RETURN)
    return loaded


def differences(documented_: dict[str, Any], shape: shapes.Shape, words: str = "", at: str = "") -> list[str]:
    """What is declared and not documented, or the reverse. Below the top a name may stand in the description."""
    declared = fields_of(shape)
    named = {*documented_, *re.findall(r"C\((\w+)\)", words)}
    found = [f"{at}{name} is not documented" for name in sorted(declared.keys() - named - BESIDE)]
    found += [f"{at}{name} is not declared" for name in sorted(documented_.keys() - declared.keys())]
    for name in declared.keys() & named:
        found += _below(documented_.get(name), declared[name], words, f"{at}{name}")
    return found


def _below(entry: Any, shape: shapes.Shape, words: str, at: str) -> list[str]:
    """The same for what one key holds: an entry with `contains` or `sample`, or a part of a sample."""
    whole = isinstance(entry, dict) and "description" in entry
    words = f"{words} {entry['description']}" if whole else words
    inner, held = shapes.inside(shape)
    if not fields_of(inner):
        return []
    if whole and "contains" in entry:
        return differences(entry["contains"], inner, words, f"{at}.")
    sample = entry.get("sample") if whole else entry
    for _level in range(held):
        items = list(sample.values()) if isinstance(sample, dict) else sample
        sample = items[0] if items else None
    return differences(sample if isinstance(sample, dict) else {}, inner, words, f"{at}.")


@pytest.mark.parametrize("module", PROBES)
def test_a_module_documents_what_its_probe_declares(module: str) -> None:
    shape = shapes.of(labels.PROBES[PROBES[module]]().Result)
    assert differences(documented(module), shape) == []


@pytest.mark.parametrize("module", PROBES)
def test_the_documented_types_are_the_declared_ones(module: str) -> None:
    declared = fields_of(shapes.of(labels.PROBES[PROBES[module]]().Result))
    for name, entry in documented(module).items():
        told = "number" if entry["type"] in ("int", "float") else entry["type"]
        assert {KINDS.get(shapes.kind(option), "raw") for option in shapes.known(declared[name])} == {told}, name
