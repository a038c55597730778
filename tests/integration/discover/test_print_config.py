# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration that is put together here is the one that a real Collector prints of the same command line."""

from __future__ import annotations

import os
import pathlib
import subprocess
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._otel import collector_sources
from ansible_collections.traceops.tracing.plugins.module_utils._otel.file_reading import Reading
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.lab.collector import binaries
from ansible_collections.traceops.tracing.tests.unit.path_files.plain import plain

BASE = """
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: "${env:HOST:-0.0.0.0}:${GRPC_PORT}"
      http: ${file:http.yaml}
processors:
  batch: {timeout: 5s}
exporters:
  otlp/tempo: &tempo
    endpoint: ${env:TEMPO}
    tls: {insecure: true}
  otlp/other:
    <<: *tempo
    endpoint: "a$$b:4317"
  debug: {sampling_initial: "${env:INITIAL:-7}"}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: "${env:EXPORTERS}"}
"""
MORE = """
processors:
  batch:
exporters:
  otlp/other: {tls: {server_name_override: "$${x}-$$${GRPC_PORT}-${GRPC_PORT}"}}
service:
  pipelines:
    traces: {exporters: [debug]}
    traces/second: {receivers: [otlp], exporters: [otlp/other]}
"""
ENVIRONMENT = {"GRPC_PORT": "14317", "TEMPO": "mon01:4317", "EXPORTERS": "[otlp/tempo, debug]"}


@pytest.mark.parametrize(
    "options",
    [
        ["--config=base.yaml"],
        ["--config=base.yaml", "--config=file:more.yaml"],
        [
            "--config",
            "base.yaml",
            "--set=exporters.otlp/tempo.endpoint=last:4317",
            "--set",
            "processors.batch.timeout=9s",
        ],
        ["--config=base.yaml", "--config=yaml:exporters::otlp/tempo::tls::insecure: false"],
        ["--config=env:BASE", "--config=more.yaml"],
    ],
    ids=" ".join,
)
def test_a_real_collector_prints_what_is_read(
    options: list[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = binaries.collector()
    require(program, "the Collector")
    for name, text in (("base", BASE), ("more", MORE), ("http", "endpoint: 127.0.0.1:14318\n")):
        (tmp_path / f"{name}.yaml").write_text(text)
    environment = {**ENVIRONMENT, "BASE": BASE}
    command = [str(program), "print-config", "--mode=unredacted", *options]
    printed = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    real = yaml.load(printed.stdout, yaml.BaseLoader)
    assert real, printed.stderr
    monkeypatch.chdir(tmp_path)
    reading = Reading(command, environment, lambda path: pathlib.Path(path).read_text("utf-8"), os.listdir)
    assert list(missing(plain(collector_sources.read(reading)), real)) == []
    assert reading.unread == []


def missing(ours: Any, real: Any, at: str = "") -> list[str]:
    """What is said here and not printed there; what is printed besides are defaults."""
    if isinstance(ours, dict):
        held = real if isinstance(real, dict) else {}
        return [line for key, each in ours.items() for line in missing(each, held.get(key), f"{at}/{key}")]
    # It prints no false, and level: none as None.
    same = real is not None if ours == "" else str(real or "false").lower() == str(ours).lower()
    return [] if same else [f"{at}: {ours} is {real}"]
