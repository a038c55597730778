"""Who answers in the contract of the lab: the lab's own servers, or a real Tempo that TEMPO_BIN names."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import typing as t
import urllib.request
from pathlib import Path

from ansible_collections.traceops.tracing.tests.lab import tempo_pages
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.lab.tempo import PROFILES, Tempo
from ansible_collections.traceops.tracing.tests.lab.wire import ClosedPort

LIMITS = Limits(rate_limit_bytes=2000, burst_size_bytes=2000, max_traces_per_user=5, max_bytes_per_trace=1500)
_READY_SECONDS = 60


class LabTempo:
    """The lab's Tempo in each recorded state. `pause` lets time pass, as the recorder did between requests."""

    def __init__(self, profile: str) -> None:
        self.profile = profile
        self._skipped = 0.0  # on top of real time, which the requests' own timestamps follow
        self._tempo: Tempo | None = None

    def pause(self, seconds: float) -> None:
        self._skipped += seconds

    def enter(self, state: str) -> None:
        if state in ("starting", "empty", "multitenant", "limits"):
            self.stop()
            self._tempo = Tempo(
                self.profile,
                starting=state == "starting",
                multitenant=state == "multitenant",
                limits=LIMITS if state == "limits" else None,
                search_delay="recorded",
                clock=lambda: time.time() + self._skipped,
            )
        elif state == "ingested":
            self.pause(60)

    def url(self, port: str) -> str:
        assert self._tempo
        return {
            "http_api": self._tempo.url,
            "otlp_http": self._tempo.otlp_http,
            "otlp_grpc": self._tempo.otlp_grpc,
        }[port]

    def stop(self) -> None:
        if self._tempo:
            self._tempo.stop()
            self._tempo = None


class RealTempo:
    """A real binary, configured with what the recorded instance showed as its difference from the defaults."""

    def __init__(self, binary: str, profile: str) -> None:
        self.profile = profile
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: dict[str, int] = {}

    def pause(self, seconds: float) -> None:
        time.sleep(min(seconds, 12.0))  # a token bucket fills at once, traces are idle after 10 s

    def enter(self, state: str) -> None:
        if state in ("starting", "multitenant", "limits"):
            self.stop()
            self._start(state)
        if state in ("empty", "multitenant", "limits"):
            self._wait(lambda: self._status("/ready") == 200)
        if state == "ingested":
            self._wait(lambda: b'"traceID"' in self._get("/api/search?tags=service.name%3Dvelo-sql-app.sql"))

    def _start(self, state: str) -> None:
        directory = Path(tempfile.mkdtemp(prefix="traceops-tempo-"))
        free = [ClosedPort() for _unused in range(4)]
        names = ("http_api", "otlp_grpc", "otlp_http", "internal")
        self._ports = {name: port.port for name, port in zip(names, free)}
        for port in free:
            port.stop()
        settings = tempo_pages.Settings(
            self.profile,
            self._ports["http_api"],
            self._ports["otlp_grpc"],
            self._ports["otlp_http"],
            multitenant=state == "multitenant",
            stream_over_http=False,
            search_delay=0,
            limits=LIMITS if state == "limits" else Limits(),
        )
        config = str(tempo_pages.config(settings, "diff")).partition("---\n")[2]
        config = config.replace("/var/tempo", str(directory)).replace("29095", str(self._ports["internal"]))
        if self.profile.startswith("3."):
            own = (
                f"live_store:\n    wal:\n        path: {directory}/live-store/traces\n"
                f"    shutdown_marker_dir: {directory}/live-store/shutdown-marker\n"
            )
            config = config.replace("live_store:\n", own, 1)
        (directory / "tempo.yaml").write_text(config, encoding="utf-8")
        log = (directory / "tempo.log").open("wb")
        self._process = subprocess.Popen(
            [self._binary, f"-config.file={directory / 'tempo.yaml'}"], stdout=log, stderr=log, cwd=directory
        )
        self._wait(lambda: self._status("/api/echo") == 200)

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url("http_api") + path, timeout=5) as response:
            return bytes(response.read())

    def _status(self, path: str) -> int:
        try:
            self._get(path)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0
        return 200

    def _wait(self, reached: t.Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._binary} did not get there in {_READY_SECONDS} s")
            time.sleep(0.2)

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self._ports[port]}"

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:  # some versions don't end within minutes
                self._process.kill()
                self._process.wait()
            self._process = None


def tempo_targets() -> dict[str, LabTempo | RealTempo]:
    """A target per profile; with TEMPO_BIN, the real one takes the place of its version."""
    targets: dict[str, LabTempo | RealTempo] = {profile: LabTempo(profile) for profile in PROFILES}
    binary = os.environ.get("TEMPO_BIN")
    if binary:
        said = subprocess.run([binary, "-version"], capture_output=True, text=True, check=False)
        match = re.search(r"version (\d+\.\d+\.\d+)", said.stdout + said.stderr)
        profile = match.group(1) if match else os.environ.get("TEMPO_VERSION", "")
        if profile not in targets:
            raise ValueError(f"{binary} is none of {', '.join(PROFILES)}; TEMPO_VERSION can say which it is")
        targets[profile] = RealTempo(binary, profile)
    return targets
