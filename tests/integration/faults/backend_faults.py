"""Faults of Tempo and Grafana."""

from __future__ import annotations

import socket
import typing as t

from ansible_collections.traceops.tracing.tests.integration.faults.scene import Scene, causes
from ansible_collections.traceops.tracing.tests.lab import answers
from ansible_collections.traceops.tracing.tests.lab.faults import Urls, healthy_sources
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.lab.wire import Credentials, Listener, Request
from ansible_collections.traceops.tracing.tests.servers import answering, closed_port, http_answer, tcp_server


def another_tempo(scene: Scene) -> Tempo:
    tempo = Tempo()
    scene.held.callback(tempo.stop)
    return tempo


# Tempo takes spans in.


@causes("tempo-ingest.tempo.down")
def tempo_down(scene: Scene) -> None:
    scene.break_lab("tempo-down")


def silent(connection: socket.socket) -> None:
    """Takes the connection and whatever comes, and says nothing."""
    while connection.recv(65536):
        pass


@causes("tempo-ingest.tempo.silent")
def tempo_never_answers(scene: Scene) -> None:
    """Neither its API nor its receiver, whoever asks."""
    api = f"http://127.0.0.1:{scene.held.enter_context(tcp_server(silent))}"
    scene.server(tcp_server(silent))
    change_source(scene, lambda source, urls: setattr(source, "url", api))
    scene.said.update(diagnose_tempo_url=api, diagnose_timeout=5, diagnose_log_paths=[])
    scene.idle = True


@causes("tempo-ingest.tempo.not-ready")
def query_frontend_without_queriers(scene: Scene) -> None:
    """As 2.10.8 in several processes: every query hangs, and only /ready says why."""

    def alone() -> None:
        scene.lab.store.started -= 3600
        api = scene.lab.tempo.api
        api.target, api.runs = "query-frontend", ("query-frontend", "server", "overrides", "store")
        api.not_ready = "Query Frontend not ready: not ready: number of queriers connected to query-frontend is 0\n"
        api.hangs = True

    scene.said.update(diagnose_timeout=3, diagnose_log_paths=[])
    scene.once_up(alone)


@causes("tempo-ingest.tempo.not-ready")
def tempo_never_ready(scene: Scene) -> None:
    def since_an_hour() -> None:
        scene.lab.store.started -= 3600
        scene.lab.tempo.api.not_ready = "Ingester not ready: no instances in the ring\n"

    scene.once_up(since_an_hour)


@causes("tempo-ingest.tenant.missing")
def nobody_has_a_tenant(scene: Scene) -> None:
    scene.options["tenant"] = "acme"
    scene.plan.tenant = ""
    scene.said["diagnose_tenant"] = ""


@causes("tempo-ingest.rate.batch-too-large")
def rate_limit(scene: Scene) -> None:
    scene.options["limits"] = Limits(rate_limit_bytes=1, burst_size_bytes=1)


@causes("tempo-ingest.rate.zero")
def override_that_leaves_the_rate_limit_out(scene: Scene) -> None:
    scene.options["limits"] = Limits(of_tenant=True)


@causes("tempo-ingest.rate.limited")
def rate_limit_used_up(scene: Scene) -> None:
    scene.options["limits"] = Limits(rate_limit_bytes=1, burst_size_bytes=100_000)
    scene.idle = True
    scene.said["diagnose_log_paths"] = []

    def used_up() -> None:
        scene.lab.tempo.distributor.use_up()

    scene.once_up(used_up)


@causes("tempo-ingest.spans.losing")
def traces_lost_at_peaks(scene: Scene) -> None:
    """18 of 20 were dropped for the live-traces limit; the few that come now get through."""

    def lost() -> None:
        scene.lab.store.count("spans_received", "single-tenant", by=20)
        scene.lab.store.count("accepted", "http", by=20)
        scene.lab.store.count("discarded", "live_traces_exceeded", "single-tenant", by=18)

    scene.once_up(lost)


@causes("tempo-ingest.ring.refusing")
def ring_without_members(scene: Scene) -> None:
    """As 2.10.8 in several processes answers without an ingester, on both sides."""

    def empty() -> None:
        scene.lab.tempo.distributor.refuses = "DoBatch: InstancesCount <= 0"
        scene.lab.tempo.api.failing = (
            "error querying ingesters in Querier.SearchRecent: forIngesterRings: error getting replication set for ring"
            " (0): empty ring"
        )
        scene.lab.store.started -= 3600

    scene.once_up(empty)


@causes("tempo-storage.blocklist.failing")
def blocks_that_cannot_be_listed(scene: Scene) -> None:
    """A foreign folder among the blocks breaks each poll, and what the service sent is in blocks."""

    def forgotten() -> None:
        store = scene.lab.store
        store.started -= 7200
        store.count("spans_received", "single-tenant", by=500)
        store.count("tempodb_blocklist_poll_errors_total", "single-tenant", by=24)

    scene.idle = True
    scene.said["diagnose_log_paths"] = []
    scene.once_up(forgotten)


@causes("tempo-storage.blocklist.failing")
def a_copy_of_a_block_among_the_blocks(scene: Scene) -> None:
    """As 2.10.8 and 3.0.3 count it: no poll error, and no length of the list."""

    def unlisted() -> None:
        store = scene.lab.store
        store.started -= 7200
        store.count("spans_received", "single-tenant", by=500)
        store.count("tempodb_blocklist_tenant_index_builder", "single-tenant")

    scene.idle = True
    scene.said["diagnose_log_paths"] = []
    scene.once_up(unlisted)


@causes("tempo-ingest.balance.silent-loss")
def live_traces_limit(scene: Scene) -> None:
    scene.break_lab("tempo-empty")


@causes("tempo-ingest.balance.silent-loss")
def trace_size_limit(scene: Scene) -> None:
    scene.options["limits"] = Limits(max_bytes_per_trace=1)


@causes("tempo-ingest.spans.rejected")
def partial_success(scene: Scene) -> None:
    rejected = b"\x0a\x12\x08\x01\x12\x0einvalid traces"  # ExportTracePartialSuccess{1, "invalid traces"}
    scene.server(tcp_server(answering(http_answer(200, rejected, "application/x-protobuf"))))


# Tempo keeps and answers.


@causes("collector.balance.never-arrived")
def spans_go_to_another_tempo(scene: Scene) -> None:
    other = another_tempo(scene)
    scene.endpoint(other.otlp_http)
    # This Tempo has spans of others.
    scene.once_up(lambda: scene.lab.store.count("spans_received", "single-tenant", by=7))


@causes("tempo-query.api.unreachable")
def wrong_port_of_tempo(scene: Scene) -> None:
    scene.said["diagnose_tempo_url"] = f"http://127.0.0.1:{closed_port()}"


@causes("tempo-query.api.not-tempo")
def otlp_port_for_tempo(scene: Scene) -> None:
    scene.once_up(lambda: scene.said.update(diagnose_tempo_url=scene.urls.otlp_http))


@causes("tempo-query.api.denied")
def gateway_before_tempo(scene: Scene) -> None:
    denies = answering(http_answer(401, b"Unauthorized", "text/plain", 'WWW-Authenticate: Basic realm="gateway"'))
    gateway = scene.held.enter_context(tcp_server(denies))
    scene.said["diagnose_tempo_url"] = f"http://127.0.0.1:{gateway}"


@causes("tempo-query.search.failed")
def searches_overload_tempo(scene: Scene) -> None:
    def full() -> None:
        scene.lab.tempo.api.overloaded = True

    scene.once_up(full)


@causes("tempo-query.api.not-tempo")
def grafana_for_tempo(scene: Scene) -> None:
    scene.once_up(lambda: scene.said.update(diagnose_tempo_url=scene.lab.grafana_url))


def answers_by_id(scene: Scene, word: str) -> None:
    """Tempo answers queries by trace id so; searches work."""

    def broken() -> None:
        scene.lab.tempo.api.by_id = word

    scene.once_up(broken)


@causes("tempo-query.by-id.failed")
def traces_that_searches_list_and_nobody_can_open(scene: Scene) -> None:
    answers_by_id(scene, "500")


@causes("tempo-query.by-id.not-found")
def traces_that_searches_list_and_are_not_found(scene: Scene) -> None:
    answers_by_id(scene, "404")


@causes("tempo-query.by-id.denied")
def gateway_before_traces_by_id(scene: Scene) -> None:
    answers_by_id(scene, "401")


@causes("tempo-query.by-id.busy")
def queue_that_is_full_for_traces_by_id(scene: Scene) -> None:
    answers_by_id(scene, "queue full")


@causes("tempo-query.by-id.too-large")
def traces_that_are_too_large_to_be_opened(scene: Scene) -> None:
    answers_by_id(scene, "too large")


@causes("tempo-query.by-id.crashed")
def tempo_that_dies_of_a_trace_and_comes_back(scene: Scene) -> None:
    def deadly() -> None:
        scene.lab.store.started -= 3600
        scene.lab.tempo.api.crashes_on = scene.lab.store.traces[0].trace_id

    scene.afterwards(deadly)


@causes("tempo-query.instances.apart")
def two_tempos_behind_one_address(scene: Scene) -> None:
    """A balancer hands each query to the next; spans go to one of them."""

    def balanced() -> None:
        other = another_tempo(scene)
        other.store.started -= 3600
        balancer = Listener(answers.in_turn(scene.lab.tempo.api, other.api))
        scene.held.callback(balancer.stop)
        scene.lab.grafana.sources[0].url = balancer.url
        scene.said["diagnose_tempo_url"] = balancer.url

    scene.once_up(balanced)


@causes("tempo-query.api.not-frontend")
def distributor_for_the_query_frontend(scene: Scene) -> None:
    def distributor() -> None:
        api = scene.lab.tempo.api
        api.target, api.runs = "distributor", ("distributor", "server", "overrides", "memberlist-kv")

    scene.once_up(distributor)


@causes("tempo-query.tenant.unknown")
def written_to_another_tenant(scene: Scene) -> None:
    scene.options["tenant"] = "acme"
    scene.plan.tenant = "other"


# Grafana.


def change_source(scene: Scene, change: t.Callable[[DataSource, Urls], object]) -> None:
    """Change the Tempo data source."""

    def sources(urls: Urls) -> list[DataSource]:
        wrong, *others = healthy_sources(urls)
        change(wrong, urls)
        return [wrong, *others]

    scene.plan.sources = sources


@causes("grafana.server.unreachable")
def grafana_down(scene: Scene) -> None:
    scene.said["diagnose_grafana_url"] = f"http://127.0.0.1:{closed_port()}"


@causes("grafana.server.not-grafana")
def another_program_for_grafana(scene: Scene) -> None:
    scene.once_up(lambda: scene.said.update(diagnose_grafana_url=scene.urls.tempo))


@causes("grafana.datasource.missing")
def no_data_source(scene: Scene) -> None:
    scene.break_lab("grafana-no-datasource")


@causes("grafana.datasource.unreachable")
def data_source_with_a_wrong_port(scene: Scene) -> None:
    scene.break_lab("grafana-wrong-url")


@causes("grafana.datasource.unreachable")
def data_source_with_an_unknown_name(scene: Scene) -> None:
    change_source(scene, lambda source, urls: setattr(source, "url", "http://tempo.invalid:3200"))


@causes("grafana.datasource.wrong-type")
def data_source_of_another_type(scene: Scene) -> None:
    change_source(scene, lambda source, urls: setattr(source, "type", "prometheus"))
    scene.said["diagnose_grafana_datasource_uid"] = "tempo"


@causes("grafana.datasource.points-at-grafana")
def data_source_that_points_at_grafana(scene: Scene) -> None:
    change_source(scene, lambda source, urls: setattr(source, "url", "SELF"))


@causes("grafana.datasource.wrong-path")
def data_source_with_a_path(scene: Scene) -> None:
    change_source(scene, lambda source, urls: setattr(source, "url", f"{urls.tempo}/tempo"))


@causes("grafana.datasource.not-tempo")
def data_source_that_points_at_the_receiver(scene: Scene) -> None:
    change_source(scene, lambda source, urls: setattr(source, "url", urls.otlp_http))


@causes("grafana.datasource.unauthorized")
def data_source_without_credentials(scene: Scene) -> None:
    gateway = Tempo(credentials=Credentials("grafana", "s3cret"))
    scene.held.callback(gateway.stop)
    change_source(scene, lambda source, urls: setattr(source, "url", gateway.url))


@causes("grafana.tenant.missing")
def data_source_without_the_tenant(scene: Scene) -> None:
    scene.options["tenant"] = "acme"
    change_source(scene, lambda source, urls: source.secure.clear())


@causes("grafana.trace.missing")
def data_source_of_another_tenant(scene: Scene) -> None:
    scene.options["tenant"] = "acme"
    change_source(scene, lambda source, urls: source.secure.update(httpHeaderValue1="other"))


@causes("grafana.trace.missing")
def data_source_of_another_tempo(scene: Scene) -> None:
    other = another_tempo(scene)
    change_source(scene, lambda source, urls: setattr(source, "url", other.url))


@causes("grafana.datasource.without-scheme")
def data_source_without_scheme(scene: Scene) -> None:
    change_source(scene, lambda source, urls: setattr(source, "url", urls.tempo.replace("http://", "")))


def gateway_before_the_data_source(scene: Scene, word: str, whom: t.Callable[[Request], bool]) -> None:
    """Between Grafana and Tempo, queries by trace id are answered so for those for whom `whom` holds."""

    def between() -> None:
        listener = Listener(answers.answering(word, scene.lab.tempo.api, whom))
        scene.held.callback(listener.stop)
        scene.lab.grafana.sources[0].url = listener.url

    scene.once_up(between)


@causes("grafana.trace.unreadable")
def gateway_that_cuts_traces_off(scene: Scene) -> None:
    gateway_before_the_data_source(scene, "truncated", answers.a_proxied_caller)


@causes("grafana.explore.failed")
def gateway_that_refuses_what_explore_asks(scene: Scene) -> None:
    gateway_before_the_data_source(scene, "503", answers.the_back_end)


@causes("grafana.access.wrong-credentials")
def wrong_password_for_grafana(scene: Scene) -> None:
    scene.said["diagnose_grafana_password"] = "wrong"


@causes("grafana.streaming.unserved")
def streaming_that_is_not_served(scene: Scene) -> None:
    change_source(scene, lambda source, urls: source.json_data.update(streamingEnabled={"search": True}))
