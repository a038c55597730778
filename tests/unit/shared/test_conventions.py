"""What holds for every module, probe and option group of the collection."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.doc_fragments.options import ModuleDocFragment
from ansible_collections.traceops.tracing.plugins.module_utils._base import spec as _spec
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import labels

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
PROBE_DIR = ROOT / "plugins/module_utils/_probe"
# A file, or a folder whose __init__ is the probe.
PROBES = sorted(path.stem for path in PROBE_DIR.iterdir() if path.name[0].isalpha())
GROUPS = [name for name in vars(_spec) if name.isupper() and not name.startswith("_")]


def code_lines(path: Path) -> int:
    """Lines of code outside docstrings, documentation blocks, imports, comments and blank lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lines: set[int] = set()
    for node in tree.body:
        texts = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if texts or isinstance(node, (ast.Import, ast.ImportFrom, ast.Expr)):
            continue
        lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


@pytest.mark.parametrize("group", GROUPS)
def test_an_option_group_and_its_documentation_say_the_same(group: str) -> None:
    documented = yaml.safe_load(getattr(ModuleDocFragment, group))["options"]
    spec = getattr(_spec, group)
    assert documented.keys() == spec.keys()
    for name, option in spec.items():
        assert documented[name]["type"] == option["type"], name
        assert documented[name].get("default") == option.get("default"), name


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_thin(module: str) -> None:
    assert code_lines(ROOT / f"plugins/modules/{module}.py") <= 25


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_in_the_action_group(module: str) -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert module in runtime["action_groups"]["tracing"]


def test_every_module_of_the_group_tempo_takes_the_url_and_how_to_ask() -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    for module in runtime["action_groups"]["tempo"]:
        probe = importlib.import_module(f"ansible_collections.traceops.tracing.plugins.module_utils._probe.{module}")
        assert {*_spec.TEMPO, *_spec.HTTP} <= set(probe.ARGUMENT_SPEC), module


@pytest.mark.parametrize("module", MODULES)
def test_a_module_documents_a_sample_for_each_return_key(module: str) -> None:
    loaded = importlib.import_module(f"ansible_collections.traceops.tracing.plugins.modules.{module}")
    for key, entry in yaml.safe_load(loaded.RETURN).items():
        assert "sample" in entry or "contains" in entry, key


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_are_tasks_with_known_options(module: str) -> None:
    loaded = importlib.import_module(f"ansible_collections.traceops.tracing.plugins.modules.{module}")
    documentation = yaml.safe_load(loaded.DOCUMENTATION)
    options = set(documentation.get("options", {}))
    for fragment in documentation.get("extends_documentation_fragment", []):
        _namespace, _name, *rest = fragment.split(".")
        if rest[0] == "options":
            options |= set(yaml.safe_load(getattr(ModuleDocFragment, rest[1].upper()))["options"])
    used = [
        task[f"traceops.tracing.{module}"]
        for task in yaml.safe_load(loaded.EXAMPLES)
        if f"traceops.tracing.{module}" in task
    ]
    assert used, "an example runs the module itself"
    for arguments in used:
        assert set(arguments) <= options


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_is_known_to_collect_and_has_no_ansible_import(probe: str) -> None:
    assert probe in labels.PROBES
    for path in (PROBE_DIR / probe).glob("*.py") if (PROBE_DIR / probe).is_dir() else [PROBE_DIR / f"{probe}.py"]:
        text = path.read_text(encoding="utf-8")
        assert "from ansible." not in text
        assert "import ansible\n" not in text
    loaded = labels.PROBES[probe]()
    assert isinstance(loaded.ARGUMENT_SPEC, dict)
    assert callable(loaded.run)


def test_the_documentation_of_collect_lists_every_probe() -> None:
    loaded = importlib.import_module("ansible_collections.traceops.tracing.plugins.modules.collect")
    told = yaml.safe_load(loaded.DOCUMENTATION)["options"]["probes"]["description"]
    known = next(sentence for sentence in told if sentence.startswith("Known probes are"))
    assert re.findall(r"V\((\w+)\)", known) == sorted(labels.PROBES) == PROBES


def test_every_label_of_the_evidence_has_a_probe_and_says_what_its_absence_means() -> None:
    variables = yaml.safe_load((ROOT / "roles/diagnose/defaults/main.yml").read_text(encoding="utf-8"))
    assert {f"diagnose_{name}" for name in labels.VARIABLES} <= set(variables)
    for name, label in labels.LABELS.items():
        assert (label.name, label.scope in ("host", "application", "backend")) == (name, True)
        assert bool(label.wants) == bool(label.absent)
        options = labels.PROBES[label.probe]().ARGUMENT_SPEC
        assert {*label.asks, *label.always} <= set(options), name


def test_role_defaults_equal_their_argument_specs() -> None:
    for role in (ROOT / "roles").iterdir():
        options = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"][
            "main"
        ]["options"]
        defaults = yaml.safe_load((role / "defaults/main.yml").read_text(encoding="utf-8"))
        assert {name: option.get("default") for name, option in options.items() if "default" in option} == defaults
