"""The declared results of the probes hold together: checks, RETURN of the modules and the evidence of these tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import shapes
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, PROBES
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import library, views
from ansible_collections.traceops.tracing.tests import shapes as held
from ansible_collections.traceops.tracing.tests.unit.checks.cases import cases, document
from ansible_collections.traceops.tracing.tests.unit.shared import test_returns as returns

CHECKS = str(Path(library.__file__).parents[2] / "checks")
MODULES = {probe: module for module, probe in returns.PROBES.items()}
RESULTS = {name: shapes.of(load().Result) for name, load in PROBES.items()}
OF_CASES = {
    f"{check_id} {what}": case[what]
    for check_id, case in cases().items()
    for what in ("fails", "passes")
    if what in case
}


def results(evidence: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(label, result) of all that is in an evidence document, at any depth."""
    for name, value in evidence.items():
        if name in LABELS and isinstance(value, dict) and name != "hosts":
            yield name, value
        elif name in ("hosts", "backends", "applications") and isinstance(value, dict):
            for inner in value.values():
                yield from results(inner)


def wrong(evidence: dict[str, Any], declared: dict[str, shapes.Shape]) -> list[str]:
    """What of the evidence is not as the probes of its labels declare it."""
    found = [(label, held.misfits(value, declared[LABELS[label].probe])) for label, value in results(evidence)]
    return [f"{label}: {misfit}" for label, misfits in found for misfit in misfits]


def test_the_healthy_evidence_is_as_declared() -> None:
    assert wrong(document({}), RESULTS) == []


@pytest.mark.parametrize("case", OF_CASES)
def test_a_case_sets_only_what_is_declared(case: str) -> None:
    assert wrong(document(OF_CASES[case]), RESULTS) == []


def test_a_case_with_a_path_that_no_shape_has_fails() -> None:
    assert wrong(document({"otlp.phases.tcp.prot": 4317}), RESULTS) == ["otlp: phases.tcp.prot is not declared"]
    assert wrong(document({"otlp.phases.tcp.port": "4317"}), RESULTS) == [
        "otlp: phases.tcp.port is '4317', not a number"
    ]


# --- every declared field, renamed


def declared_with(probe: str, shape: shapes.Shape) -> dict[str, shapes.Shape]:
    """The shape of each label, where that of `probe` is another one."""
    return {name: shape if label.probe == probe else RESULTS[label.probe] for name, label in LABELS.items()}


EXPRESSIONS = [
    (check.scope, expression)
    for check in library.load([CHECKS]).checks
    for value in check
    for expression in library._expressions(value)
]


def the_checks_notice(probe: str, shape: shapes.Shape) -> bool:
    seen = views.declared_views(declared_with(probe, shape))
    try:
        for scope, expression in EXPRESSIONS:
            shapes.infer(expression.tree, seen[scope])
    except shapes.BadPath:
        return True
    return False


def return_notices(probe: str, shape: shapes.Shape) -> bool:
    module = MODULES.get(probe)
    return bool(module and returns.differences(returns.documented(module), shape))


def fields(probe: str) -> set[held.Path]:
    """The declared fields, but for those that collect adds to every result."""
    return held.declared_paths(RESULTS[probe]) - {(name,) for name in returns.BESIDE}


@pytest.mark.parametrize("probe", RESULTS)
def test_every_probe_declares_what_collect_adds(probe: str) -> None:
    assert held.fields_of(RESULTS[probe]).keys() >= returns.BESIDE


def fields_in_evidence() -> dict[str, set[held.Path]]:
    """The declared fields of each probe that the healthy evidence or a case has."""
    found: dict[str, set[held.Path]] = {name: set() for name in RESULTS}
    for evidence in map(document, [{}, *OF_CASES.values()]):
        for label, value in results(evidence):
            probe = LABELS[label].probe
            found[probe] |= held.present_paths(value, RESULTS[probe])
    return found


def test_a_renamed_field_of_any_probe_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    """By a check, by the RETURN of a module, or since the evidence of these tests has the old name."""
    in_evidence, by, unnoticed = fields_in_evidence(), Counter[str](), []
    for probe, shape in RESULTS.items():
        for path in sorted(fields(probe)):
            other = held.renamed(shape, path, f"{path[-1]}_renamed")
            noticed = {
                "evidence": path in in_evidence[probe],
                "RETURN": return_notices(probe, other),
            }
            # Asked last, and only of what nobody else noticed: it takes all checks each time.
            noticed["checks"] = not any(noticed.values()) and the_checks_notice(probe, other)
            by.update(["fields", *(who for who, did in noticed.items() if did)])
            unnoticed += [] if any(noticed.values()) else [f"{probe}: {'.'.join(path)}"]
    with capsys.disabled():
        print(f"\n{by['fields']} declared fields renamed, {by['fields'] - len(unnoticed)} noticed: {dict(by)}")
    assert unnoticed == []


def test_a_field_that_is_added_to_a_declaration_is_known_to_checks_and_missed_in_return_and_evidence() -> None:
    declared = RESULTS["tempo_info"]
    assert isinstance(declared, shapes.Object)
    added = shapes.Object(declared.name, {**declared.fields, "shard": shapes.NUMBER}, None)
    seen = views.declared_views(declared_with("tempo_info", added))
    tree = library.compile_expression("tempo_info.shard > `3`").tree
    with pytest.raises(shapes.BadPath, match="'tempo_info' has no 'shard'"):
        shapes.infer(tree, views.declared_views()["backend"])
    assert shapes.infer(tree, seen["backend"]) == shapes.SWITCH
    with pytest.raises(shapes.BadPath, match=r"cannot hold: tempo_info.shard is a number, and '3' is text"):
        shapes.infer(library.compile_expression("tempo_info.shard == '3'").tree, seen["backend"])
    assert returns.differences(returns.documented("tempo_info"), added) == ["shard is not documented"]
    changed = document({"tempo_info.shard": "three"})
    assert wrong(changed, RESULTS) == ["tempo_info: shard is not declared"]
    assert wrong(changed, {**RESULTS, "tempo_info": added}) == ["tempo_info: shard is 'three', not a number"]


def test_what_a_healthy_run_has_not_is_in_the_evidence_of_a_fault_or_documented() -> None:
    """A declared field that is in no evidence and in no RETURN would be one that nobody can know of."""
    in_evidence = fields_in_evidence()
    unknown = [
        f"{probe}: {'.'.join(path)}"
        for probe in RESULTS
        for path in sorted(fields(probe) - in_evidence[probe])
        if probe not in MODULES
    ]
    assert unknown == []
