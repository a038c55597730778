"""The canary of an application in a container starts there: real networks, real names, another localhost."""

from __future__ import annotations

import os
import typing as t
import uuid
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import collect
from ansible_collections.traceops.tracing.tests.certificates import Authority
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.docker_engine import wait_until
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.servers import http_answer, tcp_server

RECEIVER = """
import http.server
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()
    def do_GET(self):
        self.send_error(405)
http.server.HTTPServer(("", 4318), Receiver).serve_forever()
"""
WAIT = ["python3", "-c", "import time; time.sleep(600)"]

Start = t.Callable[..., Container]


@pytest.fixture(autouse=True)
def root() -> None:
    require(os.geteuid() == 0, "root")


@pytest.fixture
def network(docker_engine: docker.DockerClient) -> t.Iterator[str]:
    """A network with Docker's DNS, where containers know each other by name; it outlives them."""
    made = docker_engine.networks.create(f"traceops-inside-{uuid.uuid4().hex[:8]}")
    yield str(made.name)
    made.remove()


def seen_from(container: Container, endpoint: str, check_mode: bool = False) -> dict[str, t.Any]:
    """What the probe of this endpoint finds on the way of the application in `container`."""
    asked = {
        "environment": {"container": container.name},
        "otlp": {"endpoint": endpoint, "timeout": 5, "like": "environment"},
        "otlp_sibling": {"probe": "otlp", "endpoint": endpoint, "timeout": 5, "send": False, "like": "environment"},
    }
    evidence = collect.visit(collect.plan(asked, check_mode, set()))
    assert evidence["environment"]["own_network"] is True, evidence["environment"]
    return evidence


def exporting_to(endpoint: str) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}


def test_a_name_that_only_the_containers_network_knows(network: str, run_container: Start, base_image: str) -> None:
    receiver = run_container(base_image, ["python3", "-c", RECEIVER], network=network)
    endpoint = f"http://{receiver.name}:4318"
    application = run_container(base_image, WAIT, network=network, environment=exporting_to(endpoint))

    found = wait_until(
        lambda: (seen := seen_from(application, endpoint))["otlp"]["ok"] and seen, 20, "the receiver to answer"
    )

    otlp, sibling = found["otlp"], found["otlp_sibling"]
    pid = found["environment"]["pid"]
    assert otlp["inside"] == sibling["inside"] == {"ok": True, "pid": pid, "reason": ""}
    receiver.reload()
    address = receiver.attrs["NetworkSettings"]["Networks"][network]["IPAddress"]
    assert otlp["phases"]["tcp"]["address"] == f"{address}:4318"
    assert (len(otlp["trace_ids"]), sibling["trace_ids"]) == (1, [])
    assert {"option": "protocol", "value": "http/protobuf", "source": "OTEL_EXPORTER_OTLP_PROTOCOL"} in otlp["follows"]
    # In check mode the same way is gone, and nothing is sent.
    assert seen_from(application, endpoint, check_mode=True)["otlp"]["cause"] == "not_sent"
    # This host has a resolver of its own still.
    with open("/etc/resolv.conf", encoding="utf-8") as handle:
        assert "127.0.0.11" not in handle.read()


def test_the_authority_that_only_the_container_trusts(
    network: str, run_container: Start, base_image: str, tmp_path: Path
) -> None:
    name, authority = f"receiver-{uuid.uuid4().hex[:8]}", Authority(tmp_path)
    pair = authority.issue("receiver", names=[name])
    over_tls = RECEIVER.replace(
        'http.server.HTTPServer(("", 4318), Receiver).serve_forever()',
        'import ssl\nserver = http.server.HTTPServer(("", 4318), Receiver)\n'
        "context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)\n"
        'context.load_cert_chain("/cert", "/key")\n'
        "server.socket = context.wrap_socket(server.socket, server_side=True)\nserver.serve_forever()",
    )
    files = {str(pair.cert): {"bind": "/cert", "mode": "ro"}, str(pair.key): {"bind": "/key", "mode": "ro"}}
    run_container(base_image, ["python3", "-c", over_tls], name=name, network=network, volumes=files)
    endpoint = f"https://{name}:4318"
    trusts = {**exporting_to(endpoint), "OTEL_EXPORTER_OTLP_CERTIFICATE": "/its/own/ca.pem"}
    ca = {str(authority.ca): {"bind": "/its/own/ca.pem", "mode": "ro"}}
    application = run_container(base_image, WAIT, network=network, environment=trusts, volumes=ca)
    without = run_container(base_image, WAIT, network=network, environment=trusts)

    otlp = wait_until(lambda: (seen := seen_from(application, endpoint)["otlp"])["ok"] and seen, 20, "the receiver")
    distrusted = seen_from(without, endpoint)["otlp"]

    source = "OTEL_EXPORTER_OTLP_CERTIFICATE"
    assert {"option": "ca_path", "value": "/its/own/ca.pem", "source": source} in otlp["follows"]
    # Where the container has no such file, nobody claims that it was used.
    assert (distrusted["cause"], distrusted["inside"]["ok"]) == ("certificate_untrusted", True), distrusted
    assert "ca_path" not in [each["option"] for each in distrusted["follows"]]


def test_localhost_is_the_containers_own(run_container: Start, base_image: str) -> None:
    with tcp_server(http_answer(200, b"", "application/x-protobuf")) as port:
        endpoint = f"http://localhost:{port}"
        found = seen_from(run_container(base_image, WAIT, environment=exporting_to(endpoint)), endpoint)
    # Something listens there on the host.
    assert (found["otlp"]["cause"], found["otlp"]["inside"]["ok"]) == ("connection_refused", True)


def test_the_files_of_a_container_never_lead_to_the_hosts(
    run_container: Start, base_image: str, tmp_path: Path
) -> None:
    """Its /etc/hosts is a link: it means the container's file of that name, and a FIFO holds nobody up."""
    (tmp_path / "secret").write_text("127.0.0.1 only-on-the-host\n")
    prepare = f"""
        umount /etc/hosts /etc/resolv.conf
        rm -f /etc/hosts /etc/resolv.conf && ln -s {tmp_path}/secret /etc/hosts && mkfifo /etc/resolv.conf
        touch /ready
        exec python3 -c 'import time; time.sleep(600)'
    """
    application = run_container(
        base_image,
        ["sh", "-c", prepare],
        environment=exporting_to("http://only-on-the-host:4318"),
        cap_add=["SYS_ADMIN"],
        security_opt=["apparmor=unconfined"],
    )
    wait_until(lambda: application.exec_run(["test", "-e", "/ready"]).exit_code == 0, 20, "its files to be replaced")

    otlp = seen_from(application, "http://only-on-the-host:4318")["otlp"]

    assert (otlp["cause"], otlp["inside"]["ok"]) == ("dns_failure", True), otlp


def test_another_endpoint_than_the_applications_is_tried_from_the_host(run_container: Start, base_image: str) -> None:
    application = run_container(base_image, WAIT, environment=exporting_to("http://collector:4318"))
    tempo = Tempo()
    try:
        found = seen_from(application, tempo.otlp_http)
    finally:
        tempo.stop()
    assert (found["otlp"]["ok"], found["otlp"]["inside"]) == (True, None), found["otlp"]
