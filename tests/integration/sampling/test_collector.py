"""The role against the configuration of a real Collector, which validates it and samples by it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.sampling.playing import changed, play, said
from ansible_collections.traceops.tracing.tests.lab.collector import binaries

CONFIG = """\
# our gateway
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}
processors:
  batch:  # last
exporters:
  debug:
service:
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [debug]}
"""


@pytest.fixture(scope="module")
def otelcol() -> str:
    program = binaries.collector()
    require(program, "the OpenTelemetry Collector (Go, and the Go module proxy to build it from)")
    return str(program)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "otelcol.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def targets(config: Path, otelcol: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": "gateway", "kind": "collector", "file": str(config), "binary": otelcol, "ratio": 0.25, **more}]


@pytest.mark.parametrize("sampler", ["probabilistic", "tail"])
def test_the_collector_accepts_what_is_written(config: Path, otelcol: str, tmp_path: Path, sampler: str) -> None:
    given = targets(config, otelcol, sampler=sampler)

    assert changed(play(tmp_path, "--check", targets=given)) > 0
    assert config.read_text() == CONFIG
    assert changed(play(tmp_path, targets=given)) > 0
    written = config.read_text()
    subprocess.run([otelcol, "validate", f"--config={config}"], check=True)
    assert "# our gateway" in written
    assert "batch:  # last" in written
    assert yaml.safe_load(written)["service"]["pipelines"]["traces"]["processors"][-1] == "batch"

    assert changed(play(tmp_path, "--check", targets=given)) == 0
    assert changed(play(tmp_path, targets=given)) == 0
    assert config.read_text() == written

    given[0]["ratio"] = 0.05
    assert changed(play(tmp_path, targets=given)) > 0
    assert config.read_text() == written.replace("25.0", "5.0")


def test_what_the_collector_refuses_is_not_written(config: Path, otelcol: str, tmp_path: Path) -> None:
    """`memory_limiter` without limits is valid YAML, which only the Collector knows to be wrong."""
    broken = CONFIG.replace("batch:  # last", "batch:  # last\n  memory_limiter:").replace(
        "[batch]", "[memory_limiter, batch]"
    )
    config.write_text(broken)

    remote_tmp = tmp_path / "remote_tmp"

    run = play(tmp_path, "-e", f"ansible_remote_tmp={remote_tmp}", targets=targets(config, otelcol))

    assert list(remote_tmp.iterdir()) == [], "a temporary directory stays behind"
    assert said(run).startswith(
        f"gateway: {config} was left as it is: the program that reads it refuses the result: Error: "
    )
    assert config.read_text() == broken
    assert list(tmp_path.glob("otelcol.yaml*")) == [config]
