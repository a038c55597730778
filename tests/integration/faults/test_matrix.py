"""Each fault, really caused, is the root cause that the playbook names, and nothing else is; two give both."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration.faults import (
    app_faults,
    backend_faults,
    canary_faults,
    network_faults,
    tempo_faults,
    warning_faults,
)
from ansible_collections.traceops.tracing.tests.integration.faults.scene import FAULTS, Played, play

__all__ = [
    "app_faults",
    "backend_faults",
    "canary_faults",
    "network_faults",
    "tempo_faults",
    "warning_faults",
]  # they register their faults

GRAVE = [name for name, fault in FAULTS.items() if fault.fail_on == "critical"]
WARNINGS = [name for name, fault in FAULTS.items() if fault.fail_on == "warning"]
PAIRS = [
    "started_without_tracing + data_source_with_a_wrong_port",
    "endpoint_that_is_no_url + receivers_closed",
    "ratio_zero + data_source_of_another_tempo",
    "sampler_off + name_that_does_not_resolve",
    "sdk_disabled + wrong_port_of_tempo",
    "grpc_to_http + grafana_down",
    "unknown_authority + data_source_that_points_at_grafana",
    "another_service_name + data_source_of_another_type",
    "rate_limit + data_source_with_a_path",
    "collector_with_a_wrong_exporter + no_data_source",
    "receivers_closed + searches_overload_tempo",
]


AT_ONCE = 25  # hosts of one play


def play_those(request: pytest.FixtureRequest, factory: pytest.TempPathFactory, fail_on: str) -> dict[str, Played]:
    """The plays, by host, with a host for each test that wants this fixture."""
    here = [i for i in request.session.items if i.module is request.module and request.fixturename in i.fixturenames]
    wanted = [item.callspec.params["fault"] for item in here]
    hosts = {name.replace(" + ", "_and_"): [FAULTS[one].build for one in name.split(" + ")] for name in wanted}
    played: dict[str, Played] = {}
    for first in range(0, len(hosts), AT_ONCE):
        part = dict(list(hosts.items())[first : first + AT_ONCE])
        result = play(factory.mktemp(fail_on), part, diagnose_fail_on=fail_on)
        assert result.run.code != 0, "faults were found, and yet the play succeeds"
        played.update(dict.fromkeys(part, result))
    return played


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    return play_those(request, tmp_path_factory, "critical")


@pytest.fixture(scope="module")
def warned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    return play_those(request, tmp_path_factory, "warning")


@pytest.mark.parametrize("fault", GRAVE)
def test_a_fault_is_named(fault: str, played: dict[str, Played]) -> None:
    assert played[fault].root_causes(fault) == [FAULTS[fault].id], played[fault].told(fault)


@pytest.mark.parametrize("fault", PAIRS)
def test_two_faults_are_both_named(fault: str, played: dict[str, Played]) -> None:
    host = fault.replace(" + ", "_and_")
    expected = sorted(FAULTS[one].id for one in fault.split(" + "))
    assert sorted(played[host].root_causes(host)) == expected, played[host].told(host)


@pytest.mark.parametrize("fault", WARNINGS)
def test_a_lesser_fault_is_named(fault: str, warned: dict[str, Played]) -> None:
    assert warned[fault].root_causes(fault) == [FAULTS[fault].id], warned[fault].told(fault)


def test_the_page_of_failure_modes_names_what_is_caused() -> None:
    page = (Path(__file__).parents[3] / "docs" / "failure-modes.md").read_text(encoding="utf-8")
    caused = {fault.id for fault in FAULTS.values()}
    assert len(caused) >= 40
    assert sorted(check_id for check_id in caused if f"`{check_id}`" not in page) == []
