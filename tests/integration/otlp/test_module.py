"""otlp_probe as a task of a play, and through collect, against the lab's Tempo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.integration.tempo.test_modules import SECRET, play
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server


@pytest.fixture
def tempo() -> Iterator[Tempo]:
    server = Tempo()
    yield server
    server.stop()


@pytest.mark.parametrize("port", ["otlp_grpc", "otlp_http"])
def test_a_span_is_sent_and_found(tempo: Tempo, tmp_path: Path, port: str) -> None:
    seen = play(tmp_path, {"otlp_probe": {"endpoint": getattr(tempo, port), "tempo_url": tempo.url}}).results[
        "otlp_probe"
    ]
    assert (seen["changed"], seen["ok"], seen["verified"]) == (False, True, True)
    assert len(tempo.store.traces_of(["single-tenant"])) == 1


def test_check_mode_sends_nothing(tempo: Tempo, tmp_path: Path) -> None:
    seen = play(
        tmp_path,
        {
            "otlp_probe": {"endpoint": tempo.otlp_http},
            "collect": {"probes": {"otlp": {"endpoint": tempo.otlp_grpc, "protocol": "grpc"}}},
        },
        "--check",
    ).results
    for one in (seen["otlp_probe"], seen["collect"]["evidence"]["otlp"]):
        assert (one["ok"], one["cause"], one["phases"]["protocol"]["ok"]) == (False, "not_sent", True)
    assert tempo.store.traces_of(["single-tenant"]) == []


def test_what_is_wrong_with_an_endpoint_does_not_fail_the_task(tmp_path: Path) -> None:
    seen = play(tmp_path, {"otlp_probe": {"endpoint": f"127.0.0.1:{closed_port()}"}}).results["otlp_probe"]
    assert (seen["failed"], seen["ok"], seen["cause"]) == (False, False, "connection_refused")


def test_a_bad_option_fails_with_the_keys_of_a_success(tempo: Tempo, tmp_path: Path) -> None:
    (tmp_path / "well").mkdir()
    well = play(tmp_path / "well", {"otlp_probe": {"endpoint": tempo.otlp_http}}).results["otlp_probe"]
    ill = play(tmp_path, {"otlp_probe": {"endpoint": "tempo"}}).results["otlp_probe"]
    assert (ill["failed"], ill["cause"]) == (True, "bad_option")
    assert ill["msg"] == "endpoint: 'tempo' has no port; expected HOST:PORT, http://HOST:PORT or https://HOST:PORT"
    assert well.keys() - {"failed"} <= ill.keys()


def test_no_secret_is_shown_even_when_the_server_repeats_it(tmp_path: Path) -> None:
    repeated = http_answer(401, f"no, {SECRET}1 {SECRET}2 {SECRET}3".encode(), "text/plain")
    with tcp_server(answering(repeated)) as port:
        played = play(
            tmp_path,
            {
                "otlp_probe": {
                    "endpoint": f"http://127.0.0.1:{port}",
                    "token": f"{SECRET}1",
                    "url_username": "app",
                    "url_password": f"{SECRET}2",
                    "headers": {"X-Key": f"{SECRET}3"},
                }
            },
        )
    assert played.results["otlp_probe"]["cause"] == "unauthorized"
    assert SECRET not in played.output
