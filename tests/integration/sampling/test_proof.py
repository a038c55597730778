"""End to end: the role sets a ratio, the real SDK samples by it, and the role finds that ratio in Tempo."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.tests.integration.playbook import Run
from ansible_collections.traceops.tracing.tests.integration.sampling.playing import play, said
from ansible_collections.traceops.tracing.tests.lab.collector import running
from ansible_collections.traceops.tracing.tests.lab.lab import neutral_environment
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server

COLLECTOR = """\
receivers: {otlp: {protocols: {grpc: }}}
processors:
exporters: {debug: }
service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}
"""


@pytest.fixture
def tempo() -> Iterator[Tempo]:
    found = Tempo("2.10.8")
    yield found
    found.stop()


class Shop:
    """An application that the role configures, and that runs when the test says so."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.file = directory, directory / "shop.env"

    def target(self, **more: Any) -> dict[str, Any]:
        return {
            "name": "shop",
            "kind": "environment",
            "file": str(self.file),
            "service": "shop",
            "sdk": "python",
            **more,
        }

    def configured(self, *targets: dict[str, Any]) -> None:
        run = play(self.directory, targets=list(targets))
        assert run.code == 0, run.output
        # A minute ago: what the application does from now on counts.
        then = time.time() - 60
        os.utime(self.file, (then, then))

    def runs(self, traces: int, endpoint: str, **overrides: str) -> None:
        settings = dict(line.split("=", 1) for line in self.file.read_text().splitlines())
        subprocess.run(
            [sys.executable, str(Path(__file__).with_name("app.py")), "shop", str(traces)],
            env={**neutral_environment(), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **settings, **overrides},
            check=True,
            timeout=120,
        )

    def proved(self, tempo: Tempo, *targets: dict[str, Any], **more: Any) -> Run:
        return play(self.directory, targets=list(targets), prove=True, tempo_url=tempo.url, **more)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.mark.parametrize("ratio", [0.5, 0.25, 0.05])
def test_the_real_sdk_samples_as_the_role_says(shop: Shop, tempo: Tempo, ratio: float) -> None:
    target = shop.target(ratio=ratio)
    shop.configured(target)
    shop.runs(int(100 / ratio), tempo.otlp_http)

    # The role fails for a right ratio in one of 100,000 runs at this confidence.
    run = shop.proved(tempo, target, prove_confidence=0.99999)

    assert run.code == 0, run.output
    assert "traces of shop show a ratio of " in run.output
    assert f"as set: shop {ratio:g} = {ratio:g} of new traces" in run.output


def test_an_application_that_samples_otherwise_is_found_out(shop: Shop, tempo: Tempo) -> None:
    target = shop.target(ratio=0.25)
    shop.configured(target)
    shop.runs(200, tempo.otlp_http, OTEL_TRACES_SAMPLER_ARG="0.5")

    run = shop.proved(tempo, target)

    assert run.code != 0, run.output
    assert "but the ids should show 0.25" in run.output


def test_an_application_that_keeps_everything_is_found_out(shop: Shop, tempo: Tempo) -> None:
    target = shop.target(ratio=0.25, sdk="")
    shop.configured(target)
    shop.runs(100, tempo.otlp_http, OTEL_TRACES_SAMPLER="always_on")

    run = shop.proved(tempo, target)

    assert run.code != 0, run.output
    assert "show no sampler" in run.output


def test_too_little_traffic_proves_nothing_and_fails_nothing(shop: Shop, tempo: Tempo) -> None:
    target = shop.target(ratio=1.0)
    shop.configured(target)
    shop.runs(7, tempo.otlp_http)

    run = shop.proved(tempo, target)

    assert run.code == 0, run.output
    assert "shop: not enough traffic yet: 7 of 30 traces of shop" in run.output


def test_a_tempo_that_does_not_answer_fails_the_proof_and_not_the_change(shop: Shop, tempo: Tempo) -> None:
    tempo.stop()

    run = shop.proved(tempo, shop.target())

    assert run.code != 0, run.output
    assert "connection refused" in run.output
    assert shop.file.exists()


def test_a_mode_of_ones_own_in_a_tempo_with_tenants(shop: Shop) -> None:
    extra = {"mine": {"ratio": 0.9, "flush_interval_ms": 100}}
    given = {"mode": "mine", "modes_extra": extra, "overrides": {"ratio": 0.5}, "tenant": "shop", "token": "geheim"}
    waiting = {"prove_window": "30m", "prove_timeout": 1, "prove_traces": 20, "prove_confidence": 0.99999, "timeout": 5}
    tempo = Tempo("3.0.3", multitenant=True)
    try:
        shop.configured(shop.target(ratio=0.5, flush_interval_ms=100))
        shop.runs(100, tempo.otlp_http, OTEL_EXPORTER_OTLP_HEADERS="x-scope-orgid=shop")
        canary = {"canary_endpoint": tempo.otlp_http, "canary_protocol": "http/protobuf"}

        run = shop.proved(tempo, shop.target(), **given, **waiting, **canary)
    finally:
        tempo.stop()

    assert run.code == 0, run.output
    assert "as set: shop 0.5 = 0.5 of new traces" in run.output
    assert "geheim" not in run.output


def test_one_service_with_two_ratios_cannot_be_proved(shop: Shop, tempo: Tempo) -> None:
    other = shop.target(name="other", file=str(shop.directory / "other.env"), ratio=0.5)

    run = shop.proved(tempo, shop.target(ratio=0.25), other)

    assert run.code != 0, run.output
    assert "the service shop is sampled at 0.25 by shop and at 0.5 by other" in run.output


def test_a_canary_goes_to_the_endpoint_after_the_change(shop: Shop, tempo: Tempo) -> None:
    run = play(shop.directory, targets=[shop.target()], canary_endpoint=tempo.otlp_http)

    assert run.code == 0, run.output
    assert len(tempo.store.traces) == 1

    run = play(shop.directory, targets=[shop.target()], canary_endpoint=f"http://127.0.0.1:{closed_port()}")

    assert "the canary from localhost to http://127.0.0.1:" in said(run)
    assert "was lost: " in said(run)


def test_application_and_collector_in_series(shop: Shop, tempo: Tempo, tmp_path: Path) -> None:
    """The ids show the application's ratio, the count shows the product: a quarter of the traces is stored."""
    config = tmp_path / "gateway.yaml"
    config.write_text(COLLECTOR, encoding="utf-8")
    gateway = {"name": "gateway", "kind": "collector", "file": str(config), "ratio": 0.5, "binary": "no-such-program"}
    shop.configured(shop.target(ratio=0.5), gateway)
    written = yaml.safe_load(config.read_text())
    assert written["service"]["pipelines"]["traces"]["processors"] == ["probabilistic_sampler"]

    began = time.time() - 50
    exporters = {"otlphttp": {"endpoint": tempo.otlp_http, "compression": "none"}}
    with running.collector(tmp_path, processors=written["processors"], exporters=exporters) as collector:
        shop.runs(2000, f"http://{collector.http}")
    page = f"process_start_time_seconds {began}\nrequests_total 2000\n".encode()
    with tcp_server(answering(http_answer(200, page, "text/plain"))) as port:
        counted = shop.target(
            ratio=0.5, counter_url=f"http://127.0.0.1:{port}/metrics", counter_metric="requests_total"
        )
        run = shop.proved(tempo, counted, gateway, prove_confidence=0.99999)

    assert run.code == 0, run.output
    assert "of 2000 are stored: 0.2" in run.output
    assert "as set: shop 0.5 x gateway 0.5 = 0.25 of new traces" in run.output
