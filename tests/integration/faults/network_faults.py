"""Faults between the application's host and the OTLP endpoint."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.certificates import Authority, Pair
from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.faults.scene import Scene, Settings, causes
from ansible_collections.traceops.tracing.tests.lab.collector import binaries
from ansible_collections.traceops.tracing.tests.lab.collector.running import rotel
from ansible_collections.traceops.tracing.tests.lab.faults import Urls
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server


@causes("network.otlp.connection-refused")
def receivers_closed(scene: Scene) -> None:
    scene.break_lab("otlp-refused")


@causes("network.otlp.http-port-closed")
def only_the_port_of_grpc_is_open(scene: Scene) -> None:
    scene.endpoint(f"http://{scene.well_known_port(4317, lambda urls: urls.otlp_grpc)}:4318")


@causes("network.otlp.name-unresolved")
def name_that_does_not_resolve(scene: Scene) -> None:
    scene.endpoint("http://tempo.invalid:4318")


@contextlib.contextmanager
def full_backlog() -> t.Iterator[int]:
    """A listener whose queue is full: Linux drops further connection attempts, as a firewall does."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _unused in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@causes("network.otlp.connection-timeout")
def packets_dropped(scene: Scene) -> None:
    scene.said["diagnose_timeout"] = 3
    scene.server(full_backlog())


@causes("network.otlp.connection-reset")
def closes_every_connection(scene: Scene) -> None:
    scene.server(tcp_server(lambda connection: None))


@causes("network.otlp.no-route")
def nowhere_near(scene: Scene) -> None:
    scene.endpoint("http://255.255.255.255:4318")


@causes("network.otlp.slow", "warning")
def takes_its_time(scene: Scene) -> None:
    def hesitate(start: bytes) -> None:
        if start.startswith(b"POST"):
            time.sleep(2.3)

    address = scene.well_known_port(4318, lambda urls: urls.otlp_http, hesitate)
    scene.endpoint(f"http://{address}:4318")


@causes("network.otlp.silent")
def never_answers(scene: Scene) -> None:
    over = threading.Event()
    scene.said["diagnose_timeout"] = 3
    scene.server(tcp_server(lambda connection: t.cast(None, over.wait(600))))
    scene.held.callback(over.set)


@causes("network.otlp.proxy-in-the-way")
def proxy_of_the_host(scene: Scene) -> None:
    refuses = answering(http_answer(502, b"<html>Bad Gateway</html>", "text/html"))
    proxy = scene.held.enter_context(tcp_server(refuses))
    scene.plan.endpoint = lambda urls: urls.otlp_http.replace("127.0.0.1", "localhost")
    # Tempo and Grafana are asked without it.
    scene.surroundings.update(http_proxy=f"http://127.0.0.1:{proxy}", no_proxy="127.0.0.1")


@causes("network.otlp.other-protocol")
def http_to_grpc(scene: Scene) -> None:
    scene.break_lab("wrong-protocol")


@causes("network.otlp.other-protocol")
def grpc_to_http(scene: Scene) -> None:
    scene.plan.protocol = "grpc"
    scene.plan.endpoint = lambda urls: urls.otlp_http


@causes("network.path.not-found")
def wrong_path(scene: Scene) -> None:
    scene.plan.endpoint = lambda urls: f"{urls.otlp_http}/otlp"


@causes("network.path.not-found")
def spans_to_the_query_port(scene: Scene) -> None:
    scene.plan.endpoint = lambda urls: urls.tempo


@causes("network.media-type.refused")
def takes_another_encoding(scene: Scene) -> None:
    scene.server(tcp_server(answering(http_answer(415, b"unsupported media type", "text/plain"))))


@causes("network.otlp.server-error")
def receiver_with_an_error_of_its_own(scene: Scene) -> None:
    scene.server(tcp_server(answering(http_answer(500, b"boom", "text/plain"))))


@causes("network.access.denied")
def collector_that_wants_a_token(scene: Scene) -> None:
    token = {"bearertokenauth": {"token": "s3cret-t0ken"}}
    auth = {"auth": {"authenticator": "bearertokenauth"}}
    scene.collector(lambda urls: {"http": auth, "extensions": token})


# TLS, at Tempo's own receivers and at a Collector.


def receivers_with(scene: Scene, pair: Pair) -> None:
    scene.options["receiver_tls"] = (pair.cert, pair.key)


def trusting(scene: Scene) -> Authority:
    """An authority in the host's trust store."""
    authority = Authority(scene.directory)
    scene.surroundings.update(SSL_CERT_FILE=authority.ca)
    return authority


@causes("network.tls.required")
def plain_to_tls(scene: Scene) -> None:
    receivers_with(scene, Authority(scene.directory).issue("tempo"))
    scene.plan.endpoint = lambda urls: urls.otlp_http.replace("https", "http")


@causes("network.tls.not-spoken")
def tls_to_plain(scene: Scene) -> None:
    scene.plan.endpoint = lambda urls: urls.otlp_http.replace("http", "https")


@causes("network.tls.untrusted")
def unknown_authority(scene: Scene) -> None:
    receivers_with(scene, Authority(scene.directory).issue("tempo"))


@causes("network.tls.expired")
def expired_certificate(scene: Scene) -> None:
    receivers_with(scene, trusting(scene).issue("tempo", first_day=-9, last_day=-2))


@causes("network.tls.other-name")
def certificate_of_another_name(scene: Scene) -> None:
    receivers_with(scene, trusting(scene).issue("tempo", names=["tempo.example"]))


@causes("network.tls.client-certificate")
def mutual_tls(scene: Scene) -> None:
    authority = trusting(scene)
    pair = authority.issue("collector")
    tls = {"cert_file": pair.cert, "key_file": pair.key, "client_ca_file": authority.ca}
    scene.collector(lambda urls: {"http": {"tls": tls}}, scheme="https")


# A real Collector on the way.


def lossy(urls: Urls, **more: t.Any) -> Settings:
    """Exports to a closed port, without trying again."""
    endpoint = {"endpoint": f"http://127.0.0.1:{closed_port()}", "retry_on_failure": {"enabled": False}}
    return {"exporters": {"otlphttp": {**endpoint, **more}}}


def to_tempo(urls: Urls) -> Settings:
    return {"otlp": {"endpoint": urls.otlp_grpc.split("//")[1], "tls": {"insecure": True}}}


@causes("collector.spans.lost")
def collector_with_a_wrong_exporter(scene: Scene) -> None:
    scene.collector(lossy)


@causes("collector.spans.lost")
def collector_with_tls_to_a_plain_tempo(scene: Scene) -> None:
    def settings(urls: Urls) -> Settings:
        exporter = {"endpoint": urls.otlp_grpc.split("//")[1], "tls": {"insecure": False}}
        return {"exporters": {"otlp": {**exporter, "retry_on_failure": {"enabled": False}}}}

    scene.collector(settings)


@causes("collector.spans.lost")
def tail_sampling(scene: Scene) -> None:
    errors = {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
    sampling = {"tail_sampling": {"decision_wait": "100ms", "policies": [errors]}}
    scene.collector(lambda urls: {"processors": sampling, "exporters": to_tempo(urls)})


@causes("collector.spans.lost")
def agent_that_throws_away(scene: Scene) -> None:
    scene.once_up(lambda: scene.endpoint(f"http://{scene.held.enter_context(rotel()).http}"))


@causes("collector.memory.refusing")
def memory_limiter(scene: Scene) -> None:
    limiter = {"memory_limiter": {"check_interval": "50ms", "limit_mib": 1, "spike_limit_mib": 0}}
    scene.collector(lambda urls: {"processors": limiter})


@causes("collector.queue.full")
def full_queue(scene: Scene) -> None:
    queue = {"enabled": True, "queue_size": 1, "num_consumers": 1, "block_on_overflow": False}
    retry = {"enabled": True, "initial_interval": "300s", "max_interval": "300s", "max_elapsed_time": "0s"}
    scene.plan.records = 3
    scene.collector(lambda urls: lossy(urls, sending_queue=queue, retry_on_failure=retry))


@causes("network.path.not-found")
def collector_without_a_traces_pipeline(scene: Scene) -> None:
    scene.collector(lambda urls: {"signal": "logs"})


def collectors_log(scene: Scene) -> Path:
    """The log that is read is the Collector's, and not the application's."""
    log = scene.directory / "collector.log"
    scene.said.update(diagnose_log_paths=[str(log)], diagnose_log_profiles=["otel_collector"])
    return log


@causes("collector.exporter.failing")
def collector_that_logs_its_failures(scene: Scene) -> None:
    log = collectors_log(scene)
    scene.collector(lossy)

    def keep() -> None:
        assert scene.peer.says("Exporting failed. Dropping data.")
        log.write_text("".join(scene.peer.lines), encoding="utf-8")

    scene.afterwards(keep)


@causes("collector.config.invalid")
def collector_that_does_not_start(scene: Scene) -> None:
    log = collectors_log(scene)
    scene.endpoint(f"http://127.0.0.1:{closed_port()}")
    pipeline = {"receivers": ["otlp"], "exporters": ["otlp"]}
    config = {
        "receivers": {"otlp": {"protocols": {"http": {}}}},
        "exporters": {"debug": {}},
        "service": {"pipelines": {"traces": pipeline}},
    }
    (scene.directory / "collector.yaml").write_text(json.dumps(config), encoding="utf-8")
    program = binaries.collector()
    require(program, "the OpenTelemetry Collector (Go, and the Go module proxy to build it from)")
    command = [str(program), "--config", str(scene.directory / "collector.yaml")]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    log.write_bytes(done.stderr)


@causes("network.browser.origin-refused")
def site_that_browsers_may_not_send_from(scene: Scene) -> None:
    scene.said["diagnose_otlp_headers"] = {"Origin": "https://shop.example"}
