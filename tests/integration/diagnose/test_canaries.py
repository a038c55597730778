"""Canaries that bisect, fixes that are proved, and Tempo's books: what the playbook makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.tests.integration.diagnose.test_fleet import LOCAL, diagnose
from ansible_collections.traceops.tracing.tests.integration.faults import backend_faults, network_faults
from ansible_collections.traceops.tracing.tests.integration.faults.network_faults import to_tempo
from ansible_collections.traceops.tracing.tests.integration.faults.scene import Played, Scene, play
from ansible_collections.traceops.tracing.tests.integration.playbook import Run, assert_clean, run_playbook
from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.collector.running import collector
from ansible_collections.traceops.tracing.tests.servers import closed_port

# A fault, and the setting with which the same canary was accepted. HTTP stands for the lab's URL, ADDRESS for that
# of the application's endpoint.
PROVED = {
    "http_to_grpc": "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
    "grpc_to_http": "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    "wrong_path": "OTEL_EXPORTER_OTLP_ENDPOINT=HTTP",
    "tls_to_plain": "OTEL_EXPORTER_OTLP_ENDPOINT=HTTP",
    "only_the_port_of_grpc_is_open": (
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://ADDRESS:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc"
    ),
    "nobody_has_a_tenant": "OTEL_EXPORTER_OTLP_HEADERS=x-scope-orgid=acme",
}
FAULTS = {**vars(network_faults), **vars(backend_faults)}


def evidence(run: Run, host: str = "localhost") -> dict[str, Any]:
    assert run.report is not None, run.output
    labels: dict[str, Any] = run.report["evidence"]["hosts"][host]
    (own,) = labels["applications"].values()
    return {**labels, **own}


def backend(run: Run) -> dict[str, Any]:
    assert run.report is not None, run.output
    (found,) = run.report["evidence"]["backends"].values()
    return dict(found)


def fixes(played: Played, host: str) -> str:
    assert played.run.report is not None
    found = [finding for finding in played.run.report["findings"] if finding["host"] == host]
    return "\n".join(step for finding in found for step in finding.get("fix", []))


def test_a_fix_that_was_seen_to_work_is_named_as_proved(tmp_path: Path) -> None:
    urls = {}

    def remembered(scene: Scene) -> None:
        scene.once_up(lambda: urls.update({scene.directory.name: scene.urls}))

    def known_to_tempo(scene: Scene) -> None:
        """Somebody else sends with a tenant already."""
        scene.once_up(lambda: scene.lab.store.count("spans_received", "acme", by=5))

    more = {"nobody_has_a_tenant": [known_to_tempo]}
    played = play(tmp_path, {name: [FAULTS[name], remembered, *more.get(name, [])] for name in PROVED})
    for host, setting in PROVED.items():
        expected = setting.replace("HTTP", urls[host].otlp_http) if setting.endswith("=HTTP") else setting
        otlp = evidence(played.run, host)["otlp"]
        expected = expected.replace("ADDRESS", str(urlsplit(f"//{otlp['endpoint'].split('//')[-1]}").hostname))
        assert otlp["passes_with"] == expected, (host, otlp["counterfactuals"])
        assert len(otlp["counterfactuals"]) <= 6
        assert f"set {expected} (proved" in fixes(played, host), host


def test_no_fix_is_tried_when_that_is_switched_off(tmp_path: Path) -> None:
    with Lab(fault="wrong-protocol", directory=tmp_path / "lab") as lab:
        lab.run_app()
        before = len(lab.store.traces)
        run = run_playbook("diagnose", tmp_path, lab.variables, "-e", "diagnose_counterfactual=false")
        assert len(lab.store.traces) == before
    assert evidence(run)["otlp"]["counterfactuals"] == []
    assert run.root_causes == ["network.otlp.other-protocol"], run.output


def test_check_mode_tries_no_fix_and_sends_no_canary_to_any_hop(tmp_path: Path) -> None:
    with Lab(fault="wrong-protocol", directory=tmp_path / "lab") as lab:
        hops = {"diagnose_tempo_otlp_endpoint": lab.otlp_http, "diagnose_collector_endpoint": lab.otlp_grpc}
        run = run_playbook("diagnose", tmp_path, {**lab.variables, **hops}, "--check")
        assert lab.store.counted("accepted") == {}
    assert_clean(run)


def test_every_host_sends_to_every_hop_and_the_books_balance(tmp_path: Path) -> None:
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        run = diagnose(
            tmp_path,
            lab,
            [f"app0{n} {LOCAL}" for n in (1, 2, 3)],
            diagnose_tempo_otlp_endpoint=lab.otlp_grpc,
            diagnose_canaries=2,
            diagnose_wait_search=True,
        )
    assert_clean(run)
    assert run.verdict["status"] == "ok", run.output
    seen = backend(run)
    tempo = seen["balance"]["change"]["tempo"]
    assert (tempo["offered"], tempo["stored"], tempo["unexplained"]) == (12, 12, 0), "3 hosts, 2 hops, 2 canaries"
    assert (seen["canaries"]["sent"], seen["canaries"]["lost"]) == (12, 0)
    assert seen["canaries"]["search"]["found"] > 0
    assert seen["grafana"]["trace"]["found"]
    assert "accepted 12, refused 0, stored 12 (unexplained: 0)" in "\n".join(
        finding["title"]
        for finding in run.report["findings"]  # type: ignore[index]
    )
    # Two tasks for each that one host does in its place, app01 with two more, which are played once.
    tasks = [run.recap[host]["skipped"] for host in ("app01", "app02", "app03")]
    assert sum(tasks) == 3 * 2 - 1 + 2, "one host asks for all, and none is stopped"


def test_ids_are_new_in_each_run(tmp_path: Path) -> None:
    with Lab(directory=tmp_path / "lab") as lab:
        runs = [run_playbook("diagnose", tmp_path, lab.variables) for _unused in range(2)]
    first, second = (evidence(run)["otlp"]["trace_ids"] for run in runs)
    assert first != second


def test_a_sampler_on_the_way_shows_as_a_share_with_its_interval(tmp_path: Path) -> None:
    sampler = {"probabilistic_sampler": {"sampling_percentage": 50}}
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        with collector(tmp_path, processors=sampler, exporters=to_tempo(lab.urls)) as peer:
            on_the_way = {"diagnose_otlp_endpoint": f"http://{peer.http}", "diagnose_canaries": 60}
            run = run_playbook("diagnose", tmp_path, {**lab.variables, **on_the_way})
    assert_clean(run)
    hop = backend(run)["canaries"]["hops"]["localhost"]["otlp"]
    assert 0 < hop["lost"] < 60, "of 60, all are kept or all lost once in 10**18 runs"
    assert hop["low"] < hop["loss"] < hop["high"]
    assert run.findings("warning") == ["sampling.canaries.partly-lost"], run.output
    assert hop["loss"] == canary.loss(60, hop["arrived"])["loss"]


def test_when_the_counting_host_is_gone_the_others_do_the_rest(tmp_path: Path) -> None:
    dead = f"a-gone ansible_host=127.0.0.1 ansible_port={closed_port()} ansible_ssh_common_args='-o BatchMode=yes'"
    with Lab(directory=tmp_path / "lab") as lab:
        lab.run_app()
        run = diagnose(tmp_path, lab, [dead, f"app01 {LOCAL}"])
    assert "Traceback" not in run.output
    assert evidence(run, "a-gone")["unreachable"] is True
    assert backend(run)["canaries"]["found"] == ["app01"]
    assert backend(run)["balance"]["before"]["ok"] is True, "the next host counts in its place"


def test_a_wrong_url_is_named_with_its_variable(tmp_path: Path) -> None:
    run = run_playbook("diagnose", tmp_path, {"diagnose_app_metrics_url": "app:9464"})
    assert "diagnose_app_metrics_url: 'app:9464' cannot be used; expected http://HOST:PORT/metrics" in run.output
    assert run.code != 0
