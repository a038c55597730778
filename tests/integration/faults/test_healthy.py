"""Healthy stacks in many forms: no check fails."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.traceops.tracing.tests.certificates import Authority
from ansible_collections.traceops.tracing.tests.integration.faults.network_faults import (
    receivers_with,
    to_tempo,
    trusting,
)
from ansible_collections.traceops.tracing.tests.integration.faults.scene import Fault, Played, Scene, play
from ansible_collections.traceops.tracing.tests.lab.faults import healthy_sources
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.lab.wire import Credentials


def with_a_collector(scene: Scene) -> None:
    scene.collector(lambda urls: {"exporters": to_tempo(urls)})


def over_grpc_with_a_collector(scene: Scene) -> None:
    scene.plan.protocol = "grpc"
    scene.collector(lambda urls: {"exporters": to_tempo(urls)})


def with_a_browser(scene: Scene) -> None:
    """Spans come from a web site, which the collector's receiver allows."""
    site = "https://shop.example"
    scene.collector(lambda urls: {"http": {"cors": {"allowed_origins": [site]}}, "exporters": to_tempo(urls)})
    scene.said["diagnose_otlp_headers"] = {"Origin": site}


def over_tls(scene: Scene) -> None:
    authority = trusting(scene)
    receivers_with(scene, authority.issue("tempo"))
    scene.plan.certificate = authority.ca


def with_an_authority_of_its_own(scene: Scene) -> None:
    """Nothing but the application and the diagnosis knows the authority."""
    authority = Authority(scene.directory)
    receivers_with(scene, authority.issue("tempo"))
    scene.plan.certificate = authority.ca
    scene.said["diagnose_ca_path"] = authority.ca


def with_mutual_tls(scene: Scene) -> None:
    authority = Authority(scene.directory)
    server, client = authority.issue("collector"), authority.issue("client")
    tls = {"cert_file": server.cert, "key_file": server.key, "client_ca_file": authority.ca}
    scene.collector(lambda urls: {"http": {"tls": tls}, "exporters": to_tempo(urls)}, scheme="https")
    scene.said.update(diagnose_ca_path=authority.ca, diagnose_client_cert=client.cert, diagnose_client_key=client.key)
    scene.service(
        OTEL_EXPORTER_OTLP_CERTIFICATE=authority.ca,
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=client.cert,
        OTEL_EXPORTER_OTLP_CLIENT_KEY=client.key,
    )


def behind_gateways(scene: Scene) -> None:
    """Tempo wants a password, and what stands before its receivers a token that only applications have."""
    scene.options["credentials"] = Credentials("reader", "s3cret", "t0ken")
    scene.plan.sources = lambda urls: [
        dataclasses.replace(source, basic_auth_user="reader", secure={"basicAuthPassword": "s3cret"})
        for source in healthy_sources(urls)
    ]
    scene.service(OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20t0ken")
    scene.said.update(
        diagnose_otlp_headers={"Authorization": "Bearer t0ken"},
        diagnose_tempo_username="reader",
        diagnose_tempo_password="s3cret",
    )


def with_a_tenant(scene: Scene) -> None:
    scene.options["tenant"] = "acme"


def sampling_a_quarter(scene: Scene) -> None:
    scene.plan.ratio, scene.plan.records = 0.25, 100  # none of 100 is sampled once in 10^12 runs


def freshly_started(scene: Scene) -> None:
    scene.options["starting"] = True
    scene.options["search_delay"] = "recorded"


def idle_for_an_hour(scene: Scene) -> None:
    """Tempo has run for two hours, and got the last span an hour ago."""

    def long_ago() -> None:
        scene.lab.run_app()
        store = scene.lab.store
        store.started -= 7200
        for trace in store.traces:
            trace.received -= 3600
            for _unused, span in trace.spans():
                span.start_time_unix_nano -= 3600 * 10**9
                span.end_time_unix_nano -= 3600 * 10**9

    scene.idle = True
    scene.once_up(long_ago)


def asked_at_its_query_frontend(scene: Scene) -> None:
    """The process that is asked takes no spans in and counts none."""

    def one_part() -> None:
        scene.lab.tempo.api.runs = ("query-frontend", "server", "memberlist-kv", "overrides", "store")

    scene.once_up(one_part)


def asked_at_all_of_its_processes(scene: Scene) -> None:
    """A query-frontend beside the process that takes spans in and keeps them, each with counters of its own."""

    def two_parts() -> None:
        lab = scene.lab
        lab.tempo.api.runs = ("distributor", "ingester", "server", "memberlist-kv", "overrides", "store")
        frontend = Tempo(store=lab.store, otlp=False)
        scene.held.callback(frontend.stop)
        frontend.api.target, frontend.api.runs = "query-frontend", ("query-frontend", "server", "overrides", "store")
        lab.grafana.sources[0].url = frontend.url
        scene.said.update(diagnose_tempo_url=frontend.url, diagnose_tempo_urls={"distributor": lab.tempo.url})

    scene.once_up(two_parts)


def with_a_named_process(scene: Scene) -> None:
    scene.service()


def with_the_default_containers(scene: Scene) -> None:
    del scene.said["diagnose_containers"]


def profile(version: str, grafana: str) -> Fault:
    def build(scene: Scene) -> None:
        scene.options.update(tempo=version, grafana=grafana)

    return build


HEALTHY: dict[str, Fault] = {
    "tempo_2_3": profile("2.3.1", "9.4.0-pre"),
    "tempo_2_10": profile("2.10.8", "13.1.0-pre"),
    "tempo_3_0": profile("3.0.3", "13.1.0-pre"),
    **{
        build.__name__: build
        for build in t.cast(
            t.List[t.Any],
            [
                with_a_collector,
                over_grpc_with_a_collector,
                with_a_browser,
                over_tls,
                with_an_authority_of_its_own,
                with_mutual_tls,
                behind_gateways,
                with_a_tenant,
                sampling_a_quarter,
                freshly_started,
                idle_for_an_hour,
                asked_at_its_query_frontend,
                asked_at_all_of_its_processes,
                with_a_named_process,
                with_the_default_containers,
            ],
        )
    },
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("healthy"), {name: [build] for name, build in HEALTHY.items()})


@pytest.mark.parametrize("variation", HEALTHY)
def test_no_check_fails(variation: str, played: Played) -> None:
    assert played.findings(variation, "failed", "warning") == []


def test_what_may_just_be_idle_is_left_open(played: Played) -> None:
    (found,) = played.findings("idle_for_an_hour", "pending")
    assert "tempo-query.service.absent" in found


@pytest.mark.parametrize("variation", HEALTHY)
def test_grafanas_trace_is_looked_for_in_tempo_as_well(variation: str, played: Played) -> None:
    assert played.run.report is not None
    (application,) = played.run.report["evidence"]["hosts"][variation]["applications"].values()
    backend = application["backend"]
    trace = played.run.report["evidence"]["backends"][backend]["grafana"]["trace"]
    assert (trace["found"], trace["found_directly"]) == (True, True)


def test_the_play_succeeds(played: Played) -> None:
    assert played.run.code == 0, played.run.output
    assert played.run.verdict["root_causes"] == []
