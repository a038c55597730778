"""Collector, Prometheus, tenants and TLS together; and the way from Tempo 2.x to 3.x."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from ansible_collections.traceops.tracing.tests.certificates import Authority
from ansible_collections.traceops.tracing.tests.integration.stack import images
from ansible_collections.traceops.tracing.tests.integration.stack.deployed import (
    Stack,
    assert_good,
    changes,
    fetch,
    refusal,
    soon,
)

OLD, NEW = "2.3.1", "3.0.3"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def full(stack: Stack, authority: Authority) -> Stack:
    """Everything that is optional."""
    pair = authority.issue("stack")
    stack.variables = stack.with_settings(
        stack_collector={"enabled": True, "sampling": "tail"},
        stack_prometheus={"enabled": True},
        stack_tenants=["shop"],
        stack_tls={
            "otlp_certificate": pair.cert,
            "otlp_key": pair.key,
            "grafana_certificate": pair.cert,
            "grafana_key": pair.key,
            "ca": authority.ca,
        },
    )
    assert_good(stack.deploy())
    return stack


def test_a_span_goes_through_the_collector_to_the_tenant_over_tls(full: Stack, authority: Authority) -> None:
    trace = full.send("sale", ca=authority.ca)
    assert full.stored(trace, tenant="shop")
    path = f"/api/datasources/proxy/uid/tempo/api/traces/{trace}"
    assert full.through_grafana(path, ca=authority.ca)[0] == 200


def test_only_the_collector_has_the_otlp_ports(full: Stack) -> None:
    assert list(full.inspect("tempo")["HostConfig"]["PortBindings"]) == ["3200/tcp"]
    assert set(full.inspect("collector")["HostConfig"]["PortBindings"]) == {"4317/tcp", "4318/tcp"}


def test_tempo_asks_for_a_tenant(full: Stack) -> None:
    assert fetch(f"http://127.0.0.1:{full.ports['tempo']}/api/search?q=%7B%7D")[0] == 401


def test_containers_that_can_ask_themselves_are_healthy(full: Stack) -> None:
    for kind in ("grafana", "prometheus"):
        assert soon(lambda kind=kind: full.inspect(kind)["State"]["Health"]["Status"] == "healthy"), kind


def test_deployed_again_nothing_changes(full: Stack) -> None:
    assert changes(full.deploy(stack_prove=False)) == 0


def test_one_setting_of_the_collector_restarts_the_collector_alone(full: Stack) -> None:
    before = full.starts()
    assert changes(full.deploy(stack_prove=False, stack_collector={"slow_ms": 700})) == 2
    after = full.starts()
    assert {kind for kind in after if after[kind] != before[kind]} == {"collector"}


def test_without_the_collector_tempo_takes_over_its_ports(full: Stack, authority: Authority) -> None:
    # The proof in the role sends to them, over TLS.
    assert_good(full.deploy(stack_collector={"enabled": False}))
    assert set(full.starts()) == {"tempo", "grafana", "prometheus"}
    # The certificate's key went with them: it lies where it is read, and nowhere else.
    assert [file.parent.name for file in full.config.rglob("otlp.key")] == ["tempo"]


def test_a_prometheus_that_does_not_come_up_is_no_success(full: Stack) -> None:
    broken = {"bin/promtool": b"#!/bin/sh\n", "bin/prometheus": b"#!/bin/sh\nexit 1\n"}
    images.image(full.client, "grafana/tempo:2.10.8", "prom/prometheus:broken", broken, entrypoint=["/bin/prometheus"])
    run = full.deploy(stack_collector={"enabled": False}, stack_prometheus={"version": "broken"}, stack_ready_timeout=9)
    assert run.code == 2
    assert "the stack was started, but wait until prometheus is ready failed" in run.output


@pytest.fixture
def old(docker_engine: docker.DockerClient, versions: dict[str, str], tmp_path: Path) -> Iterator[Stack]:
    """A stack with Tempo 2.x."""
    made = Stack(docker_engine, versions, tmp_path)
    assert_good(made.deploy(stack_tempo={"version": OLD}))
    yield made
    made.remove()


def test_from_2_to_3(old: Stack) -> None:
    volume = Path(old.client.volumes.get(f"{old.container('tempo')}-data").attrs["Mountpoint"])
    trace, before = old.send("kept"), old.starts()

    # An override that 3.x refuses: named before anything happens.
    extra = {"ingester": {"max_block_duration": "5m"}, "overrides": {"max_traces_per_user": 5}}
    said = refusal(old.deploy(stack_tempo={"version": NEW}, stack_tempo_config_extra=extra))
    assert "refuses: ingester, overrides.max_traces_per_user" in said

    # Blocks of a format that 3.x cannot read.
    block = volume / "blocks/single-tenant/5f7c/meta.json"
    block.parent.mkdir(parents=True)
    block.write_text(json.dumps({"format": "vParquet2", "blockID": "5f7c"}), encoding="utf-8")
    said = refusal(old.deploy(stack_tempo={"version": NEW}))
    assert "cannot read blocks of the formats v2, vParquet and vParquet2" in said
    assert "blocks/single-tenant/5f7c/meta.json" in said
    assert old.starts() == before
    block.write_text(json.dumps({"format": "vParquet4", "blockID": "5f7c"}), encoding="utf-8")

    # Traces that 2.x has not written to blocks.
    part = volume / "wal/0c1d+single-tenant+vParquet4"
    part.mkdir(parents=True)
    (part / "meta.json").write_text(json.dumps({"format": "vParquet4", "blockID": "0c1d"}), encoding="utf-8")
    said = refusal(old.deploy(stack_tempo={"version": NEW}))
    assert "the write-ahead log of Tempo 2.x has traces" in said
    assert "Tempo 2.x runs as before" in said
    assert set(old.starts()) == {"tempo", "grafana"}
    (part / "meta.json").unlink()

    # Nothing stands in the way any more: an empty part is left by every stop.
    assert_good(old.deploy(stack_tempo={"version": NEW}))
    assert old.inspect("tempo")["Config"]["Image"].removeprefix("docker.io/") == f"grafana/tempo:{NEW}"
    assert old.stored(trace)
    assert soon(lambda: old.inspect("tempo")["State"]["Health"]["Status"] == "healthy")
