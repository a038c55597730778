"""Faults in a real Tempo 2.10 (TEMPO_BIN) are given the root cause that the lab's are."""

from __future__ import annotations

import os

import pytest

from ansible_collections.traceops.tracing.tests.integration.faults import (
    backend_faults,
    real_faults,
    tempo_faults,
    warning_faults,
)
from ansible_collections.traceops.tracing.tests.integration.faults.real_faults import REAL
from ansible_collections.traceops.tracing.tests.integration.faults.scene import FAULTS, Played, play

__all__ = ["backend_faults", "tempo_faults", "warning_faults"]  # they register the lab's

pytestmark = pytest.mark.skipif(
    "TEMPO_BIN" not in os.environ or not real_faults.version().startswith("2.10."),
    reason="for a real Tempo 2.10: TEMPO_BIN names none",
)
GRAVE = [name for name in REAL if FAULTS[name].fail_on == "critical"]
LESSER = [name for name in REAL if FAULTS[name].fail_on == "warning"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("real"), {name: [REAL[name]] for name in GRAVE})


@pytest.fixture(scope="module")
def warned(tmp_path_factory: pytest.TempPathFactory) -> Played:
    scenes = {name: [REAL[name]] for name in LESSER}
    return play(tmp_path_factory.mktemp("lesser"), scenes, diagnose_fail_on="warning")


@pytest.mark.parametrize("fault", GRAVE)
def test_a_fault_of_a_real_tempo_is_named(fault: str, played: Played) -> None:
    assert played.root_causes(fault) == [FAULTS[fault].id], played.told(fault)


@pytest.mark.parametrize("fault", LESSER)
def test_a_lesser_fault_of_a_real_tempo_is_named(fault: str, warned: Played) -> None:
    assert warned.root_causes(fault) == [FAULTS[fault].id], warned.told(fault)
