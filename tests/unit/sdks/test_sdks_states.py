"""The states of real SDKs: what is run, what a program is told, and that receivers do what their state says."""

from __future__ import annotations

import socket
from collections import Counter
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.tests.sdks import __main__ as command
from ansible_collections.traceops.tracing.tests.sdks import builds, judge, run
from ansible_collections.traceops.tracing.tests.sdks.server import PARTIAL, GrpcOnly, Http, Resetting, Seen, serving
from ansible_collections.traceops.tracing.tests.sdks.states import GRPC, HTTP, STATES

ASK = b"POST /v1/traces HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"


def test_there_are_two_builds_of_each_language_one_of_them_older_than_two_years() -> None:
    assert set(Counter(build.language for build in builds.BUILDS).values()) == {2}
    assert all(old.published < "2024-11" < new.published for old, new in zip(builds.BUILDS[::2], builds.BUILDS[1::2]))


def test_every_cause_is_one_that_a_log_can_name() -> None:
    assert frozenset().union(*(state.causes for state in STATES)) <= judge.CAUSES


def test_healthy_runs_come_first_since_the_others_are_compared_with_them() -> None:
    states = [task.state for task in command.select([])]
    assert [state.healthy for state in states] == sorted((state.healthy for state in states), reverse=True)


def test_names_select_builds_states_and_protocols() -> None:
    chosen = command.select(["go", "rust-0.33.1", "refused", "401", "http"])
    assert {task.build.name for task in chosen} == {"go-1.24.0", "go-1.47.0", "rust-0.33.1"}
    assert {(task.state.name, task.protocol) for task in chosen} == {("refused", HTTP), ("401", HTTP)}
    with pytest.raises(SystemExit, match="'cobol' is no build, state or protocol"):
        command.select(["cobol"])


def told(build: str, state: str, protocol: str) -> dict[str, str]:
    task = next(t for t in command.select([build, state]) if t.protocol == protocol)
    return run.environment(task, "http://127.0.0.1:4318", {}, refusing=9)


def test_only_traces_are_exported_unless_the_state_is_about_the_other_signals() -> None:
    traces = told("python-1.45.2", "refused", HTTP)
    assert (traces["OTEL_METRICS_EXPORTER"], traces["OTEL_LOGS_EXPORTER"]) == ("none", "none")
    others = told("python-1.45.2", "other-signals-fail", HTTP)
    assert others["OTEL_METRICS_EXPORTER"] == "otlp"
    assert others["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] == "http://127.0.0.1:9/v1/logs"
    assert told("go-1.47.0", "other-signals-fail", GRPC)["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] == "http://127.0.0.1:9"


def test_a_time_out_is_in_the_unit_that_the_sdk_reads() -> None:
    assert told("python-1.24.0", "hang", GRPC)["OTEL_EXPORTER_OTLP_TIMEOUT"] == "3"
    assert told("java-2.33.1", "hang", GRPC)["OTEL_EXPORTER_OTLP_TIMEOUT"] == "3000"


def everything(connection: socket.socket) -> bytes:
    got = b""
    while chunk := connection.recv(4096):
        got += chunk
    return got


@pytest.mark.parametrize(
    ("receiver", "sent", "answer", "accepted"),
    [
        (Http(), ASK, b"HTTP/1.1 200 OK", 1),
        (Http(body=PARTIAL), ASK, b"max attributes per span exceeded", 1),
        (Http("503 Service Unavailable"), ASK, b"HTTP/1.1 503 Service Unavailable", 0),
        (Http(), ASK.replace(b"traces", b"trace"), b"HTTP/1.1 404 Not Found", 0),
        (Http(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 400 Bad Request", 0),
        (Http(), b"\x16\x03\x01\x00\x05hello", b"HTTP/1.1 400 Bad Request", 0),
        (Http(tls=True), ASK, b"Client sent an HTTP request to an HTTPS server.", 0),
    ],
)
def test_a_receiver_answers_as_its_state_says(
    receiver: Http, sent: bytes, answer: bytes, accepted: int, tmp_path: Path
) -> None:
    seen = Seen()
    with serving(receiver, seen, tmp_path) as port, socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(sent)
        assert answer in everything(connection)
    assert seen.accepted == accepted


@pytest.mark.parametrize("receiver", [GrpcOnly(), Resetting()])
def test_a_receiver_resets_the_connection(receiver: GrpcOnly | Resetting, tmp_path: Path) -> None:
    with serving(receiver, Seen(), tmp_path) as port, socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(ASK)
        with pytest.raises(ConnectionResetError):
            everything(connection)


def test_a_recorded_log_has_nothing_of_the_machine_and_ends_with_a_line(tmp_path: Path) -> None:
    body = f"at {tmp_path}/nodejs/shop.js\n" + "x" * 99 + "\n" + "y" * run.MOST_PER_FILE
    assert run.neutral(body, tmp_path) == "at /srv/sdks/nodejs/shop.js\n" + "x" * 99 + "\n"
