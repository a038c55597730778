"""Faults that lose some traces, or hinder only the diagnosis: they count for those who ask for warnings."""

from __future__ import annotations

import time

from ansible_collections.traceops.tracing.tests.integration.faults.backend_faults import change_source
from ansible_collections.traceops.tracing.tests.integration.faults.network_faults import receivers_with, trusting
from ansible_collections.traceops.tracing.tests.integration.faults.scene import Scene, causes
from ansible_collections.traceops.tracing.tests.lab.faults import Urls, healthy_sources
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.wire import Request, Response


@causes("app.log.unreadable", "warning")
def log_that_does_not_exist(scene: Scene) -> None:
    scene.said["diagnose_log_paths"] = [str(scene.directory / "gone.log")]


@causes("app.log.empty", "warning")
def log_without_text(scene: Scene) -> None:
    """Nobody says what the service is called, so that Tempo's traces of it do not excuse the log."""
    scene.said["diagnose_service"] = ""
    (scene.directory / "empty.log").touch()
    scene.said["diagnose_log_paths"] = [str(scene.directory / "empty.log")]


def logged(scene: Scene, line: str) -> None:
    """The application's log has this line as well."""
    own, more = scene.directory / "lab" / "velo-sql-app.log", scene.directory / "more.log"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    more.write_text(f"[{now} {line}\n", encoding="utf-8")
    scene.said["diagnose_log_paths"] = [str(own), str(more)]


@causes("app.queue.spans-dropped", "warning")
def queue_overflow(scene: Scene) -> None:
    logged(
        scene, "DEBUG velostream::observability::tokio_span_processor] TokioSpanProcessor: queue full, dropping span"
    )


@causes("sampling.sampler.unknown", "warning")
def sampler_misspelt(scene: Scene) -> None:
    scene.service(OTEL_TRACES_SAMPLER="always_onn")


@causes("propagation.format.without-w3c", "warning")
def propagates_b3(scene: Scene) -> None:
    scene.service(OTEL_PROPAGATORS="baggage")


@causes("clock.host.offset", "warning")
def clock_of_the_host_is_behind(scene: Scene) -> None:
    scene.options["clock"] = lambda: time.time() + 3600


@causes("network.tls.expiring", "warning")
def certificate_that_ends_soon(scene: Scene) -> None:
    authority = trusting(scene)
    receivers_with(scene, authority.issue("tempo", last_day=3))
    scene.plan.certificate = authority.ca


@causes("grafana.access.wrong-credentials", "warning")
def wrong_password_of_grafana(scene: Scene) -> None:
    scene.said["diagnose_grafana_password"] = "another"


@causes("grafana.datasource.ambiguous", "warning")
def two_data_sources(scene: Scene) -> None:
    def sources(urls: Urls) -> list[DataSource]:
        first, *others = healthy_sources(urls)
        first.is_default = False
        return [first, *others, DataSource(9, "tempo2", "Tempo 2", "tempo", urls.nowhere)]

    scene.plan.sources = sources


@causes("grafana.access.direct", "warning")
def browsers_ask_tempo(scene: Scene) -> None:
    change_source(scene, lambda source, urls: setattr(source, "access", "direct"))


@causes("grafana.link.missing", "warning")
def link_to_nowhere(scene: Scene) -> None:
    change_source(scene, lambda source, urls: source.json_data.update(tracesToLogsV2={"datasourceUid": "gone"}))


@causes("grafana.link.wrong-type", "warning")
def logs_in_prometheus(scene: Scene) -> None:
    change_source(scene, lambda source, urls: source.json_data.update(tracesToLogsV2={"datasourceUid": "prometheus"}))


@causes("tempo-query.search.short-range", "warning")
def searches_may_span_an_hour(scene: Scene) -> None:
    def short() -> None:
        scene.lab.tempo.api.max_search_s = 3600

    scene.once_up(short)


@causes("grafana.service-graph.unwritten", "warning")
def prometheus_that_takes_no_metrics(scene: Scene) -> None:
    """As 2.10.8 counts it: samples are sent again without end, and none has failed for good."""

    def refused() -> None:
        scene.lab.store.count("prometheus_remote_storage_samples_total", "single-tenant", by=5522)
        scene.lab.store.count("prometheus_remote_storage_samples_retried_total", "single-tenant", by=5271)

    scene.once_up(refused)


@causes("grafana.time-range.inward", "warning")
def range_that_is_moved_away_from_the_trace(scene: Scene) -> None:
    shifted = {"timeShiftEnabled": True, "spanStartTimeShift": "1h", "spanEndTimeShift": "-1h"}
    change_source(scene, lambda source, urls: source.json_data.update(traceQuery=shifted))


@causes("tempo-query.metrics.gap", "warning")
def metrics_asked_of_live_stores_for_longer_than_they_keep(scene: Scene) -> None:
    """As 3.0.3: Drilldown over more than twenty minutes fails, searches and traces by id do not."""
    scene.options["tempo"] = "3.0.3"

    def asked_for_long() -> None:
        scene.lab.tempo.api.metrics_recent_s = 1800

    scene.once_up(asked_for_long)


@causes("tempo-ingest.ring.unhealthy", "warning")
def one_ingester_of_two_is_gone(scene: Scene) -> None:
    """With another that is well nothing fails yet."""

    def two() -> None:
        api = scene.lab.tempo.api
        api.runs = ("distributor", "querier", "query-frontend", "server", "memberlist-kv", "overrides", "store")
        api.ring = {"ingester": [("127.0.0.1:21211", "UNHEALTHY"), ("127.0.0.1:21212", "ACTIVE")]}

    scene.once_up(two)


@causes("tempo-ingest.spans.discarded", "warning")
def loss_that_ended(scene: Scene) -> None:
    """Two thirds were lost once; since then others' spans came, and none of them was."""

    def once() -> None:
        store = scene.lab.store
        store.count("spans_received", "single-tenant", by=300)
        store.count("discarded", "live_traces_exceeded", "single-tenant", by=200)
        others_go_on(scene)

    scene.once_up(once)


def others_go_on(scene: Scene) -> None:
    """Tempo takes a hundred spans of others between two readings of its counters."""
    store, shown = scene.lab.store, scene.lab.tempo.api._metrics

    def more(request: Request) -> Response:
        store.count("spans_received", "single-tenant", by=100)
        return shown(request)

    scene.lab.tempo.api._plain["/metrics"] = ("metrics", more)


@causes("tempo-query.names.unreadable", "warning")
def more_names_than_fit_into_a_message(scene: Scene) -> None:
    """As 2.10.8: searches work, and the lists of Explore end with an error."""

    def too_many() -> None:
        exhausted = "rpc error: code = ResourceExhausted desc = "
        scene.lab.tempo.api.names = f"{exhausted}grpc: received message after decompression larger than max 60000"

    scene.once_up(too_many)


@causes("tempo-query.metrics.no-processor", "warning")
def generator_without_a_processor(scene: Scene) -> None:
    """It has a Prometheus to write to, and the overrides switch nothing on."""

    def idle() -> None:
        scene.lab.tempo.api.remote_write = "http://prometheus:9090/api/v1/write"

    scene.once_up(idle)
