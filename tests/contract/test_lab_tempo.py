"""The lab's Tempo answers as the recorded ones did, exchange by exchange; with TEMPO_BIN, the real one does."""

from __future__ import annotations

import base64
import re
import socket
import time
import typing as t
import urllib.parse

import grpc
import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from ansible_collections.traceops.tracing.tests.contract import lab_requests
from ansible_collections.traceops.tracing.tests.contract.lab_compare import differences, mask
from ansible_collections.traceops.tracing.tests.contract.lab_target import LabTempo, RealTempo, tempo_targets
from ansible_collections.traceops.tracing.tests.lab.tempo import PROFILES
from ansible_collections.traceops.tracing.tests.lab.tempo_pages import recording

CLIENT_HELLO = bytes.fromhex("160301002f0100002b0303" + "00" * 36)
# (profile, number of the exchange): why the lab differs there.
EXCLUDED = {
    ("2.3.1", 94): "whether the older traces are idle when the last one comes is up to a timer",
    ("3.0.3", 73): "whether a series has exemplars yet is up to a timer",
}
Exchange = t.Dict[str, t.Any]
Answers = t.Dict[str, t.List[t.Dict[str, t.Any]]]


def exchanges(profile: str) -> list[Exchange]:
    return list(recording(f"tempo-{profile}")["exchanges"])


def name_of(exchange: Exchange) -> str:
    request = exchange.get("request", {})
    what = exchange.get("note") or urllib.parse.unquote(request.get("path", ""))
    path = request.get("path", "")
    return f"{exchange['state']}: {what}" if what == path else f"{exchange['state']}: {what} {path}"


CASES = [
    pytest.param(profile, number, id=f"{profile}-{number}-{name_of(exchange)}"[:110])
    for profile in PROFILES
    for number, exchange in enumerate(exchanges(profile))
    if (profile, number) not in EXCLUDED
]


class Replay:
    """Sends one recording's requests in their order to a target and keeps what came back."""

    def __init__(self, target: LabTempo | RealTempo, profile: str) -> None:
        self.target, self.profile = target, profile
        self.state, self.live = "", 0
        self.metrics = ""

    def run(self) -> list[dict[str, t.Any]]:
        try:
            return [self._one(exchange) for exchange in exchanges(self.profile)]
        finally:
            self.target.stop()

    def _one(self, exchange: Exchange) -> dict[str, t.Any]:
        if exchange["state"] != self.state:
            if exchange["state"] == "multitenant":
                self.metrics = requests.get(self.target.url("http_api") + "/metrics", timeout=5).text
            self.state = exchange["state"]
            self.target.enter(self.state)
        note = exchange.get("note", "")
        if "raw_base64" in exchange.get("response", {}):
            return self._hello(note)
        request = exchange["request"]
        if self.state == "limits":
            self._before_limit(note)
        if request["method"].startswith("gRPC"):
            return self._grpc(request, note)
        return self._http(request, note)

    def _before_limit(self, note: str) -> None:
        """The recorder sent all twelve live traces and kept three; idle traces then made room for the next."""
        self.target.pause(1.5)
        match = re.match(r"live trace (\d+)", note)
        while match and self.live < int(match.group(1)) - 1:
            self.live += 1
            body = lab_requests.body(f"live trace {self.live}", time.time_ns())
            headers = {"Content-Type": "application/x-protobuf"}
            requests.post(self.target.url("otlp_http") + "/v1/traces", data=body, headers=headers, timeout=5)
        if match:
            self.live += 1
        if note.startswith("part 1 "):
            self.target.pause(60)

    def _http(self, request: dict[str, t.Any], note: str) -> dict[str, t.Any]:
        if request["port"] in ("http_api", "otlp_http"):
            base = self.target.url(request["port"])
        else:
            base = self.target.url("otlp_grpc")  # recorded as a bare port number
        data = lab_requests.body(note, time.time_ns()) if request["method"] == "POST" else None
        path = request["path"]
        if "start=1795" in path:  # the hour around the recording becomes the one around now
            now = int(time.time())
            path = re.sub(r"start=\d+&end=\d+", f"start={now - 3600}&end={now + 120}", path)
        try:
            response = requests.request(
                request["method"], base + path, headers=request.get("headers"), data=data, timeout=5
            )
        except requests.ConnectionError as error:
            return {"error": str(error)}
        return {
            "status": response.status_code,
            "headers": dict(response.headers),
            "body_base64": base64.b64encode(response.content).decode(),
        }

    def _grpc(self, request: dict[str, t.Any], note: str) -> dict[str, t.Any]:
        port = "http_api" if "3200" in note else "otlp_http" if "OTLP/HTTP port" in note else "otlp_grpc"
        address = self.target.url(port).removeprefix("http://")
        metadata = list(request["metadata"].items())
        with grpc.insecure_channel(address) as channel:
            try:
                answer = TraceServiceStub(channel).Export(
                    lab_requests.message(note, time.time_ns()), timeout=5, metadata=metadata
                )
            except grpc.RpcError as error:
                return {"grpc_status": error.code().name, "details": error.details()}
        partial = answer.partial_success
        shown = {"rejected_spans": partial.rejected_spans, "error_message": partial.error_message}
        return {"grpc_status": "OK", "partial_success": shown}

    def _hello(self, note: str) -> dict[str, t.Any]:
        url = urllib.parse.urlsplit(self.target.url("otlp_grpc" if "gRPC" in note else "otlp_http"))
        with socket.create_connection((str(url.hostname), int(url.port or 0)), timeout=0.3) as plain:
            plain.sendall(CLIENT_HELLO)
            try:
                return {"raw": plain.recv(64)}
            except TimeoutError:
                return {"raw": b"TimeoutError('timed out')"}


@pytest.fixture(scope="module")
def replays() -> dict[str, tuple[list[dict[str, t.Any]], str]]:
    done: dict[str, tuple[list[dict[str, t.Any]], str]] = {}
    for profile, target in tempo_targets().items():
        replay = Replay(target, profile)
        answers = replay.run()
        done[profile] = (answers, replay.metrics)
    return done


@pytest.mark.parametrize(("profile", "number"), CASES)
def test_an_exchange_is_answered_as_recorded(profile: str, number: int, replays: t.Any) -> None:
    exchange = exchanges(profile)[number]
    observed = replays[profile][0][number]

    if "error" in exchange:
        assert "error" in observed  # which of reset and bad status line comes is a race on real servers too
        return
    recorded = exchange["response"]
    if "raw_base64" in recorded:
        wanted = base64.b64decode(recorded["raw_base64"])
        is_settings = [raw[3:9] == b"\x04\x00\x00\x00\x00\x00" for raw in (wanted, observed["raw"])]
        # Frames of the same type (SETTINGS): grpcio and Go fill them differently.
        assert all(is_settings) or observed["raw"] == wanted
    elif "grpc_status" in recorded:
        shown = {key: mask(value) if key == "details" else value for key, value in observed.items()}
        assert shown == {key: mask(value) if key == "details" else value for key, value in recorded.items()}
    else:
        assert differences(recorded, observed) == []


def families(page: str) -> dict[str, float]:
    """Samples by name and labels; the recorded page has no buckets."""
    samples = (line.rpartition(" ") for line in page.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _unused, value in samples if "_bucket{" not in name}


COUNTED = ("tempo_discarded_spans", "tempo_distributor_spans", "tempo_receiver_", "traces_created", "tempo_warnings")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_counters_tell_what_was_sent(profile: str, replays: t.Any) -> None:
    recorded = families(recording(f"tempo-{profile}")["metrics_after_ingest"])
    observed = families(replays[profile][1])

    assert {name: n for name, n in observed.items() if any(word in name for word in COUNTED)} == {
        name: n for name, n in recorded.items() if any(word in name for word in COUNTED)
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_the_metrics_have_the_names_of_their_version(profile: str, replays: t.Any) -> None:
    def names(page: str) -> set[str]:
        return {sample.partition("{")[0] for sample in families(page)}

    recorded = names(recording(f"tempo-{profile}")["metrics_after_ingest"])

    assert recorded - names(replays[profile][1]) == set()
