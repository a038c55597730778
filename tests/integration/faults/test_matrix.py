"""Each fault, really caused, is the root cause that the playbook names, and nothing else is."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.tests.integration.faults import app_faults, backend_faults, network_faults
from ansible_collections.traceops.tracing.tests.integration.faults.scene import FAULTS, Played, play

__all__ = ["app_faults", "backend_faults", "network_faults"]  # importing them registers their faults


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One play over the hosts of all faults that were asked for."""
    here = [item for item in request.session.items if item.module is request.module and hasattr(item, "callspec")]
    wanted = [item.callspec.params["fault"] for item in here]
    return play(tmp_path_factory.mktemp("matrix"), {name: [FAULTS[name].build] for name in wanted})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(fault: str, played: Played) -> None:
    assert played.root_causes(fault) == list(FAULTS[fault].ids), played.told(fault)


def test_there_are_faults_of_every_hop() -> None:
    assert len(FAULTS) >= 40
