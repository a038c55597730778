"""The same faults of Tempo in a real one, which TEMPO_BIN names: its settings, its blocks on disk, what is sent to it.

Each function has the name of the fault whose root cause it must be given, wherever the lab causes that one.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import pytest
import requests
import yaml

from ansible_collections.traceops.tracing.tests.integration.faults.scene import Fault, Scene
from ansible_collections.traceops.tracing.tests.lab import tempo_pages
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.lab.wire import ClosedPort

Settings = t.Dict[str, t.Any]
REAL: dict[str, Fault] = {}
_READY_S = 60.0
_FLUSH_S = 90.0

# Blocks are written and looked for within seconds, and searches ask the store for all of them.
SOON_2: Settings = {
    "ingester": {
        "trace_idle_period": "1s",
        "flush_check_period": "1s",
        "max_block_duration": "5s",
        "complete_block_timeout": "30s",
        "lifecycler": {"min_ready_duration": "1s", "final_sleep": "0s"},
    },
    "storage": {"trace": {"blocklist_poll": "5s"}},
    "query_frontend": {"search": {"query_backend_after": "0s", "query_ingesters_until": "1s"}},
}


def version() -> str:
    """Of the program in TEMPO_BIN; TEMPO_VERSION where it does not say."""
    said = subprocess.run([os.environ["TEMPO_BIN"], "-version"], capture_output=True, text=True, check=False)
    match = re.search(r"version v?(\d+\.\d+\.\d+)", said.stdout + said.stderr)
    return match.group(1) if match else os.environ.get("TEMPO_VERSION", "")


def merged(settings: Settings, changes: Settings) -> Settings:
    out = dict(settings)
    for key, value in changes.items():
        out[key] = merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


class RealTempo:
    """A program in the scene's folder; it stops with the scene."""

    def __init__(self, scene: Scene, changes: Settings) -> None:
        self.directory = scene.directory / "tempo"
        self.directory.mkdir()
        self.log = self.directory / "tempo.log"
        free = [ClosedPort() for _unused in range(4)]
        api, grpc, http, internal = (port.port for port in free)
        for port in free:
            port.stop()
        shown = tempo_pages.Settings("2.10.8", api, grpc, http, False, False, 0, Limits())
        config = str(tempo_pages.config(shown, "diff")).partition("---\n")[2]
        config = config.replace("/var/tempo", str(self.directory)).replace("29095", str(internal))
        settings = yaml.safe_load(config)
        settings["distributor"].pop("kafka_config", None)
        settings.pop("live_store", None)
        settings["backend_scheduler"] = {"local_work_path": str(self.directory / "scheduler")}
        settings["server"]["log_level"] = "info"
        self._file = self.directory / "tempo.yaml"
        self._file.write_text(yaml.safe_dump(merged(settings, changes)), encoding="utf-8")
        self.url, self.otlp = f"http://127.0.0.1:{api}", f"http://127.0.0.1:{http}"
        self._running: subprocess.Popen[bytes] | None = None
        scene.held.callback(self.stop)
        scene.idle = True
        scene.endpoint(self.otlp)
        scene.lab.grafana.sources[0].url = self.url
        told = {"diagnose_tempo_url": self.url, "diagnose_tempo_log_paths": [str(self.log)], "diagnose_log_paths": []}
        scene.said.update(told, diagnose_otlp_endpoint=self.otlp, diagnose_service="shop")

    def start(self, ready: bool = True) -> None:
        with self.log.open("ab") as log:
            command = [os.environ["TEMPO_BIN"], f"-config.file={self._file}"]
            self._running = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory)
        if ready:
            self.wait(lambda: self._status("/ready") == 200, _READY_S)

    def stop(self) -> None:
        if self._running:
            self._running.terminate()
            try:
                self._running.wait(10)
            except subprocess.TimeoutExpired:
                self._running.kill()
                self._running.wait()
            self._running = None

    def wait(self, reached: t.Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline:
                pytest.fail(f"the real Tempo did not get there in {seconds:g} s: {self.log.read_text()[-1500:]}")
            time.sleep(0.3)

    def _status(self, path: str) -> int:
        try:
            return requests.get(self.url + path, timeout=2).status_code
        except requests.RequestException:
            return 0

    def send(self, number: int, ahead_s: int = 0, service: str = "shop") -> None:
        """So many traces of one span."""
        for _unused in range(number):
            self._export([self._span(os.urandom(16).hex(), ahead_s)], service)

    @staticmethod
    def _span(trace_id: str, ahead_s: int = 0) -> Settings:
        stamp = time.time_ns() + ahead_s * 10**9
        return {
            "traceId": trace_id,
            "spanId": os.urandom(8).hex(),
            "name": "buy",
            "startTimeUnixNano": str(stamp - 10**6),
            "endTimeUnixNano": str(stamp),
        }

    def _export(self, spans: list[Settings], service: str) -> None:
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
        requests.post(f"{self.otlp}/v1/traces", json=body, timeout=10).raise_for_status()

    def go_on(self, over: threading.Event) -> None:
        """A trace of sixty spans each second, all in the same one, until it is `over`."""
        trace_id = os.urandom(16).hex()
        while not over.wait(1.0):
            with contextlib.suppress(requests.RequestException):
                self._export([self._span(trace_id) for _unused in range(60)], "other")

    def blocks(self) -> list[Path]:
        return [path.parent for path in (self.directory / "blocks").glob("*/*/meta.json")]

    def with_blocks_changed(self, change: t.Callable[[Path], object]) -> None:
        """It wrote what was sent to blocks; each is changed while it is down, and only the store has the traces."""
        self.start()
        self.send(5)
        self.wait(lambda: bool(self.blocks()), _FLUSH_S)
        self.stop()
        for block in self.blocks():
            change(block)
        for index in (self.directory / "blocks").glob("*/index*"):
            index.unlink()
        shutil.rmtree(self.directory / "wal", ignore_errors=True)
        self.start()
        time.sleep(7)  # the list of blocks is read every five


def really(cause: t.Callable[[Scene], None]) -> t.Callable[[Scene], None]:
    """Register a fault under its function's name; its Tempo starts when the scene's Grafana is up."""

    def build(scene: Scene) -> None:
        scene.idle = True
        scene.once_up(lambda: cause(scene))

    REAL[cause.__name__] = build
    return cause


@really
def damaged_block(scene: Scene) -> None:
    def without_bloom(block: Path) -> None:
        for bloom in block.glob("bloom-*"):
            bloom.unlink()

    RealTempo(scene, SOON_2).with_blocks_changed(without_bloom)


@really
def block_of_a_format_that_this_version_does_not_read(scene: Scene) -> None:
    def of_another_format(block: Path) -> None:
        meta = block / "meta.json"
        said = json.loads(meta.read_text(encoding="utf-8"))
        meta.write_text(json.dumps({**said, "format": "vParquet9"}), encoding="utf-8")

    RealTempo(scene, SOON_2).with_blocks_changed(of_another_format)


@really
def lookups_that_never_end(scene: Scene) -> None:
    """A bloom filter that is a pipe to which nobody writes, as a disk that hangs."""

    def piped(block: Path) -> None:
        for bloom in block.glob("bloom-*"):
            bloom.unlink()
            os.mkfifo(bloom)

    RealTempo(scene, SOON_2).with_blocks_changed(piped)
    scene.said["diagnose_timeout"] = 3


@really
def loss_that_ended(scene: Scene) -> None:
    """Most of a hundred traces were above the limit; since then others come one at a time, and none is."""
    tight = {"overrides": {"defaults": {"ingestion": {"max_traces_per_user": 20}}}}
    tempo = RealTempo(scene, merged(SOON_2, tight))
    tempo.start()
    tempo.send(100)
    time.sleep(4)
    over = threading.Event()
    scene.held.callback(over.set)
    threading.Thread(target=tempo.go_on, args=(over,), daemon=True).start()
    time.sleep(5)


@really
def a_copy_of_a_block_among_the_blocks(scene: Scene) -> None:
    def copied(block: Path) -> None:
        shutil.copytree(block, block.with_name(f"{block.name}.bak"))

    RealTempo(scene, SOON_2).with_blocks_changed(copied)
    del scene.said["diagnose_tempo_log_paths"]  # which would name it itself


@really
def application_two_hours_ahead(scene: Scene) -> None:
    tempo = RealTempo(scene, SOON_2)
    tempo.start()
    tempo.send(10, ahead_s=7200)
    time.sleep(5)  # until the traces are cut, which is when it warns


@really
def traces_lost_at_peaks(scene: Scene) -> None:
    tight = {"overrides": {"defaults": {"ingestion": {"max_traces_per_user": 2}}}}
    tempo = RealTempo(scene, merged(SOON_2, {**tight, "ingester": {"trace_idle_period": "5s"}}))
    tempo.start()
    tempo.send(40)
    time.sleep(8)  # until the two that live are cut, so that a canary finds room


@really
def override_that_leaves_the_rate_limit_out(scene: Scene) -> None:
    overrides = scene.directory / "overrides.yaml"
    overrides.write_text("overrides:\n  single-tenant:\n    metrics_generator:\n      processors: [service-graphs]\n")
    RealTempo(scene, merged(SOON_2, {"overrides": {"per_tenant_override_config": str(overrides)}})).start()


@really
def per_tenant_file_with_a_misspelt_key(scene: Scene) -> None:
    overrides = scene.directory / "overrides.yaml"
    overrides.write_text("overrides:\n  acme:\n    ingestion:\n      rate_limit_byte: 5\n")
    tempo = RealTempo(scene, {"overrides": {"per_tenant_override_config": str(overrides)}})
    tempo.start(ready=False)
    tempo.wait(lambda: "runtime config" in tempo.log.read_text(encoding="utf-8"), 30)


@really
def searches_may_span_an_hour(scene: Scene) -> None:
    tempo = RealTempo(scene, merged(SOON_2, {"query_frontend": {"search": {"max_duration": "1h"}}}))
    tempo.start()
    tempo.send(3)
    time.sleep(5)


@really
def more_names_than_fit_into_a_message(scene: Scene) -> None:
    small = {"server": {"grpc_server_max_recv_msg_size": 60000, "grpc_server_max_send_msg_size": 60000}}
    tempo = RealTempo(scene, merged(SOON_2, small))
    tempo.start()
    for number in range(250):
        tempo.send(1, service=f"{number:04d}-{'x' * 400}")
    tempo.send(3)
    time.sleep(5)


def generator(scene: Scene, processors: list[str]) -> Settings:
    """A metrics generator whose Prometheus is a closed port."""
    directory = scene.directory / "tempo"
    written = {"url": f"{scene.urls.nowhere}/api/v1/write"}
    return {
        "metrics_generator": {
            "storage": {"path": str(directory / "generator"), "remote_write": [written]},
            "traces_storage": {"path": str(directory / "generated")},
            "registry": {"collection_interval": "2s"},
        },
        "overrides": {"defaults": {"metrics_generator": {"processors": processors}}},
    }


@really
def prometheus_that_takes_no_metrics(scene: Scene) -> None:
    tempo = RealTempo(scene, merged(SOON_2, generator(scene, ["service-graphs", "span-metrics"])))
    tempo.start()
    for _unused in range(30):
        tempo.send(3)
        time.sleep(1.5)


@really
def generator_without_a_processor(scene: Scene) -> None:
    tempo = RealTempo(scene, merged(SOON_2, generator(scene, [])))
    tempo.start()
    tempo.send(3)
    time.sleep(5)
