"""How talking to a Docker Engine can go wrong, and what is said then."""

from __future__ import annotations

import os
import socket
import socketserver
import sys
import time

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import (
    BadOption,
    MissingLibrary,
    ProbeFailure,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client import docker
from ansible_collections.traceops.tracing.plugins.module_utils._client.docker import Engine
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.unit.containers.fake_engine import engine, inspection, recorded, serve


def failure_of(url, timeout=5.0):
    with pytest.raises(ProbeFailure) as failure:
        Engine(url, timeout).containers()
    return failure.value


def test_no_socket():
    failure = failure_of("unix:///nowhere/docker.sock")

    assert failure.cause == "daemon_unreachable"
    assert failure.message == "no Docker Engine answers at unix:///nowhere/docker.sock (the socket does not exist)"


def test_a_socket_that_nobody_serves(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))

    failure = failure_of(f"unix://{path}")

    assert failure.cause == "daemon_unreachable"
    assert "connection refused" in failure.message


def test_a_socket_that_this_user_may_not_use():
    require(os.geteuid() == 0, "root, to become a user without permission")
    with engine(recorded()) as server:
        Engine(server.url, 5.0).containers()  # loads the SDK, which the other user may not be able to read
        os.seteuid(65534)
        try:
            failure = failure_of(server.url)
        finally:
            os.seteuid(0)

    assert failure.cause == "permission_denied"
    assert "become root or join the socket's group" in failure.message


def test_a_host_that_does_not_resolve():
    failure = failure_of("tcp://docker.invalid:2375")

    assert failure.cause == "daemon_unreachable"
    assert "docker.invalid:2375" in failure.message


def test_a_password_in_the_url_is_not_shown():
    failure = failure_of("tcp://user:s3cr3t-sentinel@127.0.0.1:1")

    assert "s3cr3t-sentinel" not in failure.message


@pytest.mark.parametrize(
    ("answer", "cause", "words"),
    [
        ({"status": 500, "json": {"message": "driver\x1b[31m failed"}}, "engine_error", "answers 500: driver failed"),
        ({"status": 403, "json": {"message": "authorization denied"}}, "permission_denied", "refuses this user (403)"),
        ({"status": 404, "json": {"message": "page not found"}}, "engine_error", "is no Docker Engine (status 404)"),
        ({"status": 200, "type": "text/html", "base64": "PGh0bWw+"}, "daemon_unreachable", "no Docker Engine answers"),
    ],
)
def test_answers_that_are_none(answer, cause, words):
    exchanges = {**recorded(), "GET /containers/json": answer}

    with engine(exchanges) as server:
        failure = failure_of(server.url)

    assert failure.cause == cause
    assert words in failure.message


class Silent(socketserver.BaseRequestHandler):
    """Takes a request and never answers."""

    def handle(self):
        self.request.recv(65536)
        self.request.recv(65536)


class Dripping(socketserver.BaseRequestHandler):
    """Answers one byte at a time, for ever."""

    def handle(self):
        self.request.recv(65536)
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        try:
            while True:
                self.request.sendall(b" ")
                time.sleep(0.02)
        except OSError:
            pass


@pytest.mark.parametrize("handler", [Silent, Dripping])
def test_an_engine_that_does_not_finish_its_answer(handler):
    with serve(handler) as url:
        failure = failure_of(url, timeout=0.3)

    assert failure.cause == "timeout"
    assert "did not answer within 0.3 s" in failure.message


def test_a_time_out_that_the_sdk_notices_first(monkeypatch):
    monkeypatch.setattr(docker, "bounded", lambda work, seconds: work())

    with serve(Silent) as url:
        failure = failure_of(url, timeout=0.3)

    assert failure.cause == "timeout"


def test_without_the_library(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "docker", None)

    with pytest.raises(MissingLibrary) as failure:
        Engine(f"unix://{tmp_path}", 5).version()

    assert (failure.value.cause, failure.value.library) == ("library_missing", "docker")


def test_a_socket_that_does_not_exist_needs_no_library(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "docker", None)

    failure = failure_of(f"unix://{tmp_path}/no.sock")

    assert failure.cause == "daemon_unreachable"
    assert failure.message == f"no Docker Engine answers at unix://{tmp_path}/no.sock (the socket does not exist)"


def test_a_library_that_does_not_fit_requests():
    # docker-py before 7.1 with requests 2.32 and later.
    error = ValueError("Error while fetching server API version: Not supported URL scheme http+docker")

    failure = Engine("unix:///nowhere", 5)._failure(error)

    assert failure.cause == "library_missing"
    assert "docker 7.1 or newer" in failure.message


@pytest.mark.parametrize("url", ["/var/run/docker.sock", "ssh://host", "docker"])
def test_urls_that_are_none(url):
    with pytest.raises(BadOption) as failure:
        Engine(url, 5)

    assert f"docker_host: '{url}'" in failure.value.message


def test_the_option_wins_over_the_variable_and_that_over_the_well_known_sockets(monkeypatch, tmp_path):
    podman = tmp_path / "podman.sock"
    podman.touch()
    monkeypatch.setattr(docker, "_well_known_sockets", lambda: [str(tmp_path / "docker.sock"), str(podman)])
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")

    assert Engine("unix:///mine", 5).url == "unix:///mine"
    assert Engine(None, 5).url == "tcp://127.0.0.1:2375"
    monkeypatch.delenv("DOCKER_HOST")
    assert Engine(None, 5).url == f"unix://{podman}"
    podman.unlink()
    assert Engine(None, 5).url == "unix:///var/run/docker.sock"


def test_a_log_keeps_its_end_when_it_is_too_long(monkeypatch):
    monkeypatch.setattr(docker, "MAX_LOG", 40)
    exchanges = recorded()
    tempo = inspection(exchanges, "velo-tempo")["Id"]

    with engine(exchanges) as server:
        log = Engine(server.url, 5).log(tempo, 20)

    assert len(log) <= 40 + len(b"level=warn authorization: Bearer abcdef0123456789\n")
    assert log.endswith(b"abcdef0123456789\n")


def test_things_that_are_gone_are_none():
    with engine(recorded()) as server:
        asked = Engine(server.url, 5)

        assert asked.inspect("nope") is None
        assert asked.image("sha256:nope") is None
        assert asked.log("nope", 5) is None
        assert asked.path("nope", "/etc") is None
