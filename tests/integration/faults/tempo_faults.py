"""Faults of Tempo in words, counters and pages that a real one had when it really was so.

`tests/contract/test_lab_faults.py` holds the lab to what it said, `test_real_tempo.py` causes them on a real one.
"""

from __future__ import annotations

from ansible_collections.traceops.tracing.tests.integration.faults.backend_faults import answers_by_id, change_source
from ansible_collections.traceops.tracing.tests.integration.faults.scene import Scene, causes
from ansible_collections.traceops.tracing.tests.lab.answers import denying_proxy
from ansible_collections.traceops.tracing.tests.lab.faults import Urls
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.lab.tempo_pages import recording
from ansible_collections.traceops.tracing.tests.lab.wire import Listener
from ansible_collections.traceops.tracing.tests.servers import closed_port

# Traces by id.


@causes("tempo-query.by-id.failed")
def damaged_block(scene: Scene) -> None:
    """Its bloom filter is gone: searches read the block, and every lookup by id fails of it."""
    answers_by_id(scene, "without bloom")


@causes("tempo-query.by-id.slow")
def lookups_that_never_end(scene: Scene) -> None:
    scene.said["diagnose_timeout"] = 3
    answers_by_id(scene, "hang")


@causes("tempo-storage.store.refusing")
def block_of_a_format_that_this_version_does_not_read(scene: Scene) -> None:
    answers_by_id(scene, "unknown format")

    def unreadable() -> None:
        scene.lab.tempo.api.failing = "vParquet9 is not a valid block version"

    scene.once_up(unreadable)


# Spans that came and are not found.


@causes("clock.spans.unsearchable")
def application_two_hours_ahead(scene: Scene) -> None:
    """Its spans are accepted and found by id, and no search shows them; the host's clock is right."""
    scene.service("--ahead")


@causes("tempo-storage.disk.unshared")
def processes_with_a_disk_each(scene: Scene) -> None:
    """What the ingester wrote to its own disk is gone for the querier, without an error anywhere."""

    def processes() -> None:
        ingester = scene.lab.tempo
        ingester.store.started -= 86400
        ingester.store.count("spans_received", "single-tenant", by=500)
        ingester.api.target, ingester.api.runs = "ingester", ("distributor", "ingester", "server", "store")
        frontend = as_query_frontend(scene)
        scene.said["diagnose_tempo_urls"] = {"ingester": ingester.url}
        frontend.store.started -= 86400

    scene.idle = True
    scene.said["diagnose_log_paths"] = []
    scene.once_up(processes)


def as_query_frontend(scene: Scene) -> Tempo:
    """Another process of the lab's Tempo, over the same store, that only answers queries."""
    frontend = Tempo(store=scene.lab.store, otlp=False)
    scene.held.callback(frontend.stop)
    frontend.api.target, frontend.api.runs = "query-frontend", ("query-frontend", "server", "overrides", "store")
    scene.lab.grafana.sources[0].url = frontend.url
    scene.said["diagnose_tempo_url"] = frontend.url
    return frontend


# Several processes.


@causes("tempo-ingest.process.down")
def process_that_is_gone(scene: Scene) -> None:
    """The ingester does not run; what is left answers as 2.10.8 does at once."""

    def gone() -> None:
        scene.lab.store.started -= 3600
        dead = f"127.0.0.1:{closed_port()}"
        dial = (
            f'connection error: desc = "transport: Error while dialing: dial tcp {dead}: connect: connection refused"'
        )
        scene.lab.tempo.distributor.refuses = dial
        frontend = as_query_frontend(scene)
        frontend.api.failing = (
            f"error querying ingesters in Querier.SearchRecent: failed to execute f() for {dead}: rpc error: code ="
            f" Unavailable desc = {dial}"
        )
        scene.said["diagnose_tempo_urls"] = {"distributor": scene.lab.tempo.url, "ingester": f"http://{dead}"}

    scene.said["diagnose_log_paths"] = []
    scene.idle = True
    scene.once_up(gone)


@causes("tempo-ingest.ring.refusing")
def ingester_that_died_a_while_ago(scene: Scene) -> None:
    """Past heartbeat_timeout the ring says that its member is unhealthy, and /ready of all others 200."""

    def unhealthy() -> None:
        scene.lab.store.started -= 3600
        scene.lab.tempo.api.ring = {"ingester": [("127.0.0.1:21211", "UNHEALTHY")]}
        scene.lab.tempo.distributor.refuses = (
            "at least 1 live replicas required, could only find 0 - unhealthy instances: 127.0.0.1:21211"
        )
        scene.lab.tempo.api.failing = (
            "error querying ingesters in Querier.SearchRecent: forIngesterRings: error getting replication set for ring"
            " (0): too many unhealthy instances in the ring"
        )

    scene.said["diagnose_log_paths"] = []
    scene.idle = True
    scene.once_up(unhealthy)


@causes("tempo-ingest.ring.refusing")
def live_store_that_never_joined(scene: Scene) -> None:
    """As 3.0.3 in several processes answers."""
    scene.options["tempo"] = "3.0.3"

    def empty() -> None:
        scene.lab.store.started -= 3600
        scene.lab.tempo.distributor.refuses = "DoBatch: InstancesCount <= 0"
        scene.lab.tempo.api.failing = (
            "error querying live-stores in Querier.SearchRecent: error finding partition ring replicas: empty ring"
        )

    scene.said["diagnose_log_paths"] = []
    scene.idle = True
    scene.once_up(empty)


@causes("tempo-ingest.tempo.unsteady")
def tempo_that_is_killed_and_started_in_a_loop(scene: Scene) -> None:
    """It answers the first questions of the diagnosis, and takes no connection for the rest."""
    scene.once_up(lambda: killed(scene.lab.tempo, after=40))
    scene.idle = True
    scene.said["diagnose_log_paths"] = []


@causes("tempo-ingest.tempo.unsteady")
def tempo_that_is_killed_behind_a_proxy(scene: Scene) -> None:
    """Docker's proxy goes on to take connections for a container that is gone, and closes each without an answer."""
    scene.once_up(lambda: killed(scene.lab.tempo, after=40, proxied=True))
    scene.idle = True
    scene.said["diagnose_log_paths"] = []


def killed(tempo: Tempo, after: int, proxied: bool = False) -> None:
    """Seven seconds after its start, when it has answered so many requests."""
    tempo.store.started -= 7
    tempo.api.stays, tempo.api.ended = after, None if proxied else tempo.kill


# Its own log says why it is not there.


def log_of_tempo(scene: Scene, situation: str) -> None:
    """Tempo does not run, and its log ends as a recorded one did in this situation."""
    scene.break_lab("tempo-down")
    log = scene.directory / "tempo.log"
    log.write_text(recording("tempo-faults-2.10.8")["situations"][situation]["log"], encoding="utf-8")
    scene.said["diagnose_tempo_log_paths"] = [str(log)]


@causes("tempo-ingest.start.failed")
def per_tenant_file_with_a_misspelt_key(scene: Scene) -> None:
    log_of_tempo(scene, "a per-tenant file with a misspelt key")


@causes("tempo-storage.store.refusing")
def disk_that_is_full(scene: Scene) -> None:
    """Its write-ahead log has no room any more: it is ready, has traces of before, accepts spans and loses them."""
    scene.options["tempo"] = "2.3.1"  # where the lab's loses them uncounted, as this one does
    log = scene.directory / "tempo.log"
    log.write_text(recording("tempo-faults-2.10.8")["situations"]["a disk that is full"]["log"], encoding="utf-8")
    scene.said["diagnose_tempo_log_paths"] = [str(log)]
    scene.afterwards(lambda: setattr(scene.lab.tempo.distributor, "keeps", False))


@causes("tempo-storage.store.refusing")
def store_that_refuses_its_credentials(scene: Scene) -> None:
    log_of_tempo(scene, "a store that refuses the key")


# Between Grafana and Tempo.


@causes("grafana.proxy.between")
def proxy_of_grafanas_environment(scene: Scene) -> None:
    """HTTP_PROXY is set for Grafana, and the proxy denies: what Grafana is answered is the proxy's, whoever it asks."""
    proxy = Listener(denying_proxy)
    scene.held.callback(proxy.stop)

    def through_it(source: DataSource, urls: Urls) -> None:
        source.url = proxy.url

    change_source(scene, through_it)
