"""Losses between accepted and stored: canaries at every hop and Tempo's counters tell where."""

from __future__ import annotations

from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.tests.integration.faults.backend_faults import another_tempo
from ansible_collections.traceops.tracing.tests.integration.faults.network_faults import lossy, to_tempo
from ansible_collections.traceops.tracing.tests.integration.faults.scene import Scene, Settings, causes
from ansible_collections.traceops.tracing.tests.lab.collector.running import Peer, collector, free_ports
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.probing import options
from ansible_collections.traceops.tracing.tests.servers import closed_port


def straight_to_tempo(scene: Scene) -> None:
    """The operator names Tempo's own receiver."""
    scene.once_up(lambda: scene.said.update(diagnose_tempo_otlp_endpoint=scene.urls.otlp_grpc))


@causes("network.edge.before-tempo")
def endpoint_that_passes_nothing_on(scene: Scene) -> None:
    scene.endpoint(another_tempo(scene).otlp_http)
    straight_to_tempo(scene)


@causes("network.edge.before-collector")
def agent_that_passes_nothing_on(scene: Scene) -> None:
    scene.endpoint(another_tempo(scene).otlp_http)

    def start() -> None:
        peer = scene.held.enter_context(collector(scene.directory, exporters=to_tempo(scene.urls)))
        scene.said["diagnose_collector_endpoint"] = f"http://{peer.http}"

    scene.once_up(start)
    straight_to_tempo(scene)


def named_collector(scene: Scene, settings: Settings) -> Peer:
    """A Collector that application and operator know."""
    peer = scene.held.enter_context(collector(scene.directory, **settings))
    scene.endpoint(f"http://{peer.http}")
    scene.said["diagnose_collector_endpoint"] = f"http://{peer.grpc}"
    return peer


@causes("collector.edge.before-tempo")
def named_collector_with_a_wrong_exporter(scene: Scene) -> None:
    scene.once_up(lambda: named_collector(scene, lossy(scene.urls)))
    straight_to_tempo(scene)


def counted(scene: Scene, settings: Settings) -> None:
    """A collector whose metrics the operator names; it exports to Tempo, unless `settings` say otherwise."""
    (port,) = free_ports(1)
    scene.said["diagnose_collector_metrics_url"] = f"http://127.0.0.1:{port}/metrics"
    scene.once_up(lambda: named_collector(scene, {"exporters": to_tempo(scene.urls), **settings, "metrics_port": port}))


def undelivered(retry: bool) -> Settings:
    tries = {"enabled": retry, "max_elapsed_time": "0s"}  # never gives up, however long the play takes
    endpoint = {"endpoint": f"http://127.0.0.1:{closed_port()}", "retry_on_failure": tries}
    return {"exporters": {"otlphttp": endpoint}}


@causes("collector.spans.losing")
def collector_whose_exporter_gives_up(scene: Scene) -> None:
    counted(scene, undelivered(retry=False))
    straight_to_tempo(scene)


@causes("collector.exporter.failing")
def collector_whose_log_says_what_it_cannot_deliver(scene: Scene) -> None:
    """Nobody reads its metrics; its log lies beside the application's."""
    log = scene.directory / "collector.log"
    scene.said["diagnose_collector_log_paths"] = [str(log)]

    def start() -> None:
        peer = named_collector(scene, undelivered(retry=False))
        otlp.run(options(otlp, endpoint=f"http://{peer.http}"))
        assert peer.says("Dropping data")
        log.write_text("".join(peer.lines))

    scene.once_up(start)


@causes("collector.balance.not-sent")
def collector_whose_exporter_tries_again(scene: Scene) -> None:
    counted(scene, undelivered(retry=True))


@causes("collector.tail-sampling.canaries-dropped")
def tail_sampling_of_errors_only(scene: Scene) -> None:
    errors = {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
    counted(scene, {"processors": {"tail_sampling": {"decision_wait": "100ms", "policies": [errors]}}})
    straight_to_tempo(scene)


@causes("collector.tail-sampling.canaries-dropped")
def tail_sampling_with_room_for_one_trace(scene: Scene) -> None:
    every = {"name": "all", "type": "always_sample"}
    counted(scene, {"processors": {"tail_sampling": {"decision_wait": "1s", "num_traces": 1, "policies": [every]}}})


@causes("collector.endpoint.refusing")
def collector_is_not_there(scene: Scene) -> None:
    scene.said["diagnose_collector_endpoint"] = f"http://127.0.0.1:{closed_port()}"


@causes("tempo-ingest.endpoint.refusing")
def receiver_of_tempo_is_not_there(scene: Scene) -> None:
    scene.said["diagnose_tempo_otlp_endpoint"] = f"127.0.0.1:{closed_port()}"


@causes("tempo-ingest.balance.silent-loss")
def one_live_trace_only(scene: Scene) -> None:
    scene.options["limits"] = Limits(max_traces_per_user=1)
    scene.said["diagnose_canaries"] = 3


@causes("tempo-ingest.balance.silent-loss")
def trace_size_limit_of_tempo_3(scene: Scene) -> None:
    scene.options.update(tempo="3.0.3", limits=Limits(max_bytes_per_trace=1))
    straight_to_tempo(scene)


@causes("tempo-storage.balance.unexplained")
def tempo_that_loses_without_a_word(scene: Scene) -> None:
    scene.options["tempo"] = "2.3.1"
    scene.break_lab("tempo-empty")
