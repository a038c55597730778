"""A host with everything on it: what the probe sees there, and what a diagnosis without variables makes of it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration.discover.conftest import Boot
from ansible_collections.traceops.tracing.tests.integration.discover.host import diagnosed
from ansible_collections.traceops.tracing.tests.integration.discover.programs import PASSWORD
from ansible_collections.traceops.tracing.tests.integration.discover.scene import (
    FAULTS,
    FROM_CONTAINERS,
    GRAFANA,
    TEMPO,
    TEMPO_GRPC,
    TEMPO_HTTP,
    Scene,
    mounts,
)
from ansible_collections.traceops.tracing.tests.integration.playbook import Run


@pytest.fixture(scope="module")
def scene(boot: Boot, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(boot("shop01", volumes=mounts(tmp_path_factory.mktemp("stock"))))


@pytest.fixture(scope="module")
def seen(scene: Scene) -> t.Dict[str, t.Any]:
    """What the probe finds on the healthy host."""
    return scene.host.looked_at()


def named(seen: t.Dict[str, t.Any], part: str) -> t.Dict[str, t.Any]:
    return {each["name"]: each for each in seen[part]}


def test_everything_is_found_in_no_time(seen: t.Dict[str, t.Any]) -> None:
    assert (seen["ok"], seen["root"], seen["unseen"], seen["hostname"]) == (True, True, [], "shop01")
    assert seen["took"] < 2
    assert {part: sorted(named(seen, part)) for part in ("applications", "collectors", "tempos", "grafanas")} == {
        "applications": ["cart", "checkout", "stock"],
        "collectors": ["otelcol"],
        "tempos": ["tempo"],
        "grafanas": ["grafana-server"],
    }


def test_each_application_says_where_it_stands_and_where_it_sends(seen: t.Dict[str, t.Any]) -> None:
    keys = ("language", "unit", "container", "image", "user", "own_network", "endpoint", "protocol", "sampler")
    applications = named(seen, "applications")
    (collector,) = seen["collectors"]
    here = "http://127.0.0.1:4318"
    alike = ("http/protobuf", "parentbased_always_on")
    assert {name: tuple(each[key] for key in keys) for name, each in applications.items()} == {
        "checkout": ("python", "checkout.service", "", "", "daemon", False, here, *alike),
        "stock": ("java", "stock.service", "", "", "root", False, here, *alike),
        "cart": ("nodejs", "", "cart", "shop/cart:1.4", "root", True, f"http://{FROM_CONTAINERS}:4318", *alike),
    }
    # Each really has a connection to the Collector, and its name was resolved in its own network.
    for name, each in applications.items():
        assert [(one["port"], one["state"], one["pid"]) for one in each["connections"]] == [
            (4318, "established", collector["pid"])
        ], name
        assert each["connections"][0]["address"] in each["resolved"]
        assert each["service_source"].endswith(("environ", "cmdline"))
        assert each["stale"] == []


def test_each_log_is_found(seen: t.Dict[str, t.Any]) -> None:
    programs = [each for part in ("applications", "collectors", "tempos", "grafanas") for each in seen[part]]
    places = {each["name"]: each["log"].get("unit") or each["log"].get("container") for each in programs}
    assert places == {
        "checkout": "checkout.service",
        "stock": "stock.service",
        "cart": "cart",
        "otelcol": "otelcol.service",
        "tempo": "tempo.service",
        "grafana-server": "grafana-server.service",
    }


def test_both_files_of_the_collector_are_one_configuration(seen: t.Dict[str, t.Any]) -> None:
    (collector,) = seen["collectors"]
    assert collector["files"] == ["/etc/otelcol/receivers.yaml", "/etc/otelcol/exporters.yaml"]
    (tempo,) = seen["tempos"]
    said = collector["configuration"]
    assert [(each["protocol"], each["port"], each["pipelines"]) for each in said["receivers"]] == [
        ("grpc", 4317, ["traces"]),
        ("http", 4318, ["traces"]),
    ]
    (exporter,) = said["exporters"]
    assert (exporter["name"], exporter["endpoint"], exporter["pipelines"], exporter["source"]) == (
        "otlp/tempo",
        f"127.0.0.1:{TEMPO_GRPC}",
        ["traces"],
        "/etc/otelcol/exporters.yaml:3",
    )
    assert {(each["port"], each["pid"]) for each in collector["connections"]} == {(TEMPO_GRPC, tempo["pid"])}


def test_tempo_and_grafana_are_found_on_their_ports(seen: t.Dict[str, t.Any]) -> None:
    (tempo,), (grafana,) = seen["tempos"], seen["grafanas"]
    assert (tempo["url"], grafana["url"]) == (f"http://localhost:{TEMPO}", f"http://localhost:{GRAFANA}")
    assert {each["port"] for each in tempo["configuration"]["receivers"]} == {TEMPO_GRPC, TEMPO_HTTP}
    (source,) = grafana["configuration"]["datasources"]
    assert (source["uid"], source["url"]) == ("tempo", f"http://127.0.0.1:{TEMPO}")
    assert source["source"] == "/etc/grafana/provisioning/datasources/tempo.yml:7"


def diagnose(scene: Scene, directory: Path) -> Run:
    """All that a user types are Grafana's credentials."""
    credentials = {"diagnose_grafana_username": "admin", "diagnose_grafana_password": PASSWORD}
    return diagnosed(directory, [scene.host], **credentials)


def test_a_healthy_host_is_diagnosed_whole_without_a_variable(scene: Scene, tmp_path: Path) -> None:
    run = diagnose(scene, tmp_path)
    assert (run.verdict["status"], run.root_causes) == ("ok", []), run.output
    assert run.report is not None
    host = run.report["evidence"]["hosts"]["shop01"]
    assert sorted(host["applications"]) == ["cart", "checkout", "stock"]
    # Every hop was really gone: the canaries of all three arrived, and Grafana's data source was asked.
    decided = set(run.findings("ok"))
    assert {
        "tempo-storage.canary.lost",
        "grafana.datasource.unreachable",
        "collector.exporter.leads-nowhere",
    } <= decided
    path = " ".join(run.output.partition("path\n")[2].split())
    assert (
        f"otelcol, exporter otlp/tempo -> 127.0.0.1:{TEMPO_GRPC} (/etc/otelcol/exporters.yaml:3): tempo, connected"
        in path
    )


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_without_a_variable(name: str, scene: Scene, tmp_path: Path) -> None:
    fault = FAULTS[name]
    with scene.broken(fault):
        run = diagnose(scene, tmp_path)
    assert run.verdict["status"] == "problem", run.output
    assert run.root_causes == [fault.cause], run.output
    (cause,) = run.verdict["root_causes"]
    assert not fault.application or [each["name"] for each in cause["applications"]] == [fault.application]
