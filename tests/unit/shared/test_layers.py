"""Imports run downwards only, and never in a circle: what stands below does not know what stands above."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
UTILS = ROOT / "plugins/module_utils"
PACKAGE = "ansible_collections.traceops.tracing.plugins.module_utils"
# From the bottom to the top; docs/architecture.md has what each is for.
LAYERS = ("_base", "_otel", "_client", "_probe", "_evidence", "_sampling", "_plan", "_verdict", "_report")
FILES = sorted(UTILS.rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name below module_utils: `_client.otlp` for its __init__."""
    parts = path.relative_to(UTILS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in FILES}


def imported(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports, wherever in the file, as names below module_utils."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            inside = (node.module or "")[len(PACKAGE) + 1 :]
            for alias in node.names:
                whole = f"{inside}.{alias.name}".lstrip(".")
                yield whole if whole in NAMES else inside


def layer(name: str) -> int:
    return LAYERS.index(name.partition(".")[0])


def test_every_folder_is_a_layer() -> None:
    assert {path.relative_to(UTILS).parts[0] for path in FILES} <= set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_run_downwards(path: Path) -> None:
    name = name_of(path)
    assert [other for other in imported(path) if layer(other) > layer(name)] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_what_belongs_to_a_probe_is_private_to_it(path: Path) -> None:
    """A probe's folder is entered by its __init__ alone, but for the log profiles, which stay on the controller."""
    name = name_of(path)
    inside = [other for other in imported(path) if other.startswith("_probe.") and other.count(".") > 1]
    own = ".".join(name.split(".")[:2])
    assert [other for other in inside if not other.startswith(own + ".")] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_probe_imports_no_other_probe(path: Path) -> None:
    name = name_of(path)
    if name.startswith("_probe."):
        own = ".".join(name.split(".")[:2])
        others = [other for other in imported(path) if other.startswith("_probe.")]
        assert [other for other in others if other != own and not other.startswith(own + ".")] == []


def test_no_import_goes_in_a_circle() -> None:
    graph = {name_of(path): set(imported(path)) - {name_of(path)} for path in FILES}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in sorted(graph.get(name, ())):
                walk(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        walk(name, ())


def test_no_two_names_differ_by_an_underscore() -> None:
    for folder in {path.parent for path in FILES}:
        names = [path.stem for path in folder.iterdir() if path.name != "__init__.py"]
        assert len(names) == len({name.strip("_") for name in names}), folder
