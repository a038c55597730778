"""Faults of containers on a real Docker Engine, named as the root cause by one play over a host for each."""

from __future__ import annotations

import os
import shutil
import threading
import typing as t
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from ansible_collections.traceops.tracing.tests.integration.docker_engine import BASE, LABEL, image, wait_until
from ansible_collections.traceops.tracing.tests.integration.faults.scene import Fault, Played, Scene, play
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource

SLEEP = ["sleep", "600"]


class Engine:
    """Starts containers for the module, and removes them with their networks."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client, self.image = client, image(client, "base", BASE)
        self.alone = threading.Lock()  # its client is one for all threads
        self._started: list[Container] = []
        self._networks: list[t.Any] = []

    def run(self, name: str, command: list[str], **options: t.Any) -> Container:
        """A container whose name begins with `name`, as people name Tempo's and Grafana's."""
        name = f"{name}-{os.urandom(3).hex()}"
        self._started.append(
            self.client.containers.create(self.image, command, name=name, labels={LABEL: "1"}, **options)
        )
        self._started[-1].start()
        return self._started[-1]

    def network(self) -> str:
        self._networks.append(self.client.networks.create(f"traceops-{os.urandom(3).hex()}", labels={LABEL: "1"}))
        return str(self._networks[-1].name)

    def clear(self) -> None:
        for container in self._started:
            container.remove(force=True, v=True)
        for network in self._networks:
            network.remove()


def look_at(scene: Scene, *containers: Container) -> None:
    scene.said["diagnose_containers"] = [container.name for container in containers]


def ended(container: Container) -> Container:
    container.wait(timeout=60)
    return container


def tempo_stopped(scene: Scene, engine: Engine) -> None:
    scene.break_lab("tempo-down")
    look_at(scene, ended(engine.run("tempo-stopped", ["sh", "-c", "exit 1"])))


def tempo_killed_for_its_memory(scene: Scene, engine: Engine) -> None:
    scene.break_lab("tempo-down")
    greedy = ["python3", "-c", "b = bytearray(512 * 1024 * 1024)"]
    look_at(scene, ended(engine.run("tempo-greedy", greedy, mem_limit="32m", memswap_limit="32m")))


def tempo_starts_again_and_again(scene: Scene, engine: Engine) -> None:
    scene.break_lab("tempo-down")
    container = engine.run("tempo-restarting", ["sh", "-c", "exit 1"], restart_policy={"Name": "always"})

    def often() -> bool:  # each pause is twice as long as the one before
        container.reload()
        return bool(container.attrs["RestartCount"] >= 5 and container.status == "restarting")

    scene.once_up(lambda: wait_until(often, 300, "the container to wait for its next start"))
    look_at(scene, container)


def tempo_does_not_publish_its_ports(scene: Scene, engine: Engine) -> None:
    scene.break_lab("otlp-refused")
    look_at(scene, engine.run("tempo-unpublished", SLEEP))


def folder_of_tempo_belongs_to_root(scene: Scene, engine: Engine) -> None:
    scene.break_lab("tempo-down")
    folder = scene.directory / "blocks"
    folder.mkdir(mode=0o755)
    volumes = {str(folder): {"bind": "/var/tempo", "mode": "rw"}}
    look_at(scene, ended(engine.run("tempo-unwritable", ["mkdir", "/var/tempo/wal"], user="10001", volumes=volumes)))


def receiver_listens_inside_the_container_only(scene: Scene, engine: Engine) -> None:
    """Docker takes the connection, finds nobody in the container, and closes it."""
    container = engine.run("tempo-loopback", SLEEP, ports={"4318/tcp": ("127.0.0.1", None)})
    container.reload()
    (published,) = container.ports["4318/tcp"]
    scene.endpoint(f"http://127.0.0.1:{published['HostPort']}")
    look_at(scene, container)


def application_exports_to_its_own_container(scene: Scene, engine: Engine) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_SERVICE_NAME": "velo-sql-app.sql"}
    container = engine.run("app", SLEEP, environment=environment)
    scene.idle = True
    scene.said.update(diagnose_log_paths=[], diagnose_process={"container": container.name})


def grafana_stopped(scene: Scene, engine: Engine) -> None:
    container = ended(engine.run("grafana-stopped", ["sh", "-c", "exit 1"]))
    scene.once_up(lambda: scene.said.update(diagnose_grafana_url=scene.urls.nowhere))
    look_at(scene, container)


def grafana_shares_no_network_with_tempo(scene: Scene, engine: Engine) -> None:
    grafana = engine.run("grafana-alone", SLEEP, network=engine.network())
    tempo = engine.run("tempo-alone", SLEEP, network=engine.network())
    # A name that is known on a network which Grafana is not on.
    scene.plan.sources = lambda urls: [
        DataSource(1, "tempo", "Tempo", "tempo", f"http://{tempo.name}:3200", is_default=True)
    ]
    look_at(scene, grafana, tempo)


def tempo_near_its_memory_limit(scene: Scene, engine: Engine) -> None:
    """It has 128 MiB and uses about 120 of them."""
    large = ["python3", "-c", "import time; b = b'x' * (114 << 20); time.sleep(600)"]
    container = engine.run("tempo-large", large, mem_limit="128m", memswap_limit="128m")

    def grown() -> bool:
        memory = container.stats(stream=False)["memory_stats"]
        return bool(memory.get("usage", 0) > 117 << 20)

    scene.once_up(lambda: wait_until(grown, 60, "the container to use its memory"))
    look_at(scene, container)


def tempo_near_its_processor_limit(scene: Scene, engine: Engine) -> None:
    """It may use a tenth of a processor, and uses all of that."""
    look_at(scene, engine.run("tempo-busy", ["python3", "-c", "while True: pass"], nano_cpus=100_000_000))


def disk_that_will_be_full_in_days(scene: Scene, engine: Engine) -> None:
    """Tempo got a tenth of what is free there in two hours, and keeps traces for two weeks."""
    folder = scene.directory / "blocks"
    folder.mkdir(mode=0o777)
    volumes = {str(folder): {"bind": "/var/tempo", "mode": "rw"}}
    look_at(scene, engine.run("tempo-filling", SLEEP, volumes=volumes))

    def much_came() -> None:
        scene.lab.store.started -= 7200
        scene.lab.store.count("bytes_received", "single-tenant", by=shutil.disk_usage(folder).free // 10)

    scene.once_up(much_came)


LESSER: dict[t.Callable[[Scene, Engine], None], str] = {
    tempo_near_its_memory_limit: "tempo-ingest.container.near-limit",
    tempo_near_its_processor_limit: "tempo-ingest.container.throttled",
    disk_that_will_be_full_in_days: "tempo-storage.disk.filling",
}

CAUSES: dict[t.Callable[[Scene, Engine], None], str] = {
    tempo_stopped: "tempo-ingest.container.stopped",
    tempo_killed_for_its_memory: "tempo-ingest.container.killed",
    tempo_starts_again_and_again: "tempo-ingest.container.restarting",
    tempo_does_not_publish_its_ports: "network.container.port-unpublished",
    folder_of_tempo_belongs_to_root: "tempo-storage.volume.unwritable",
    receiver_listens_inside_the_container_only: "tempo-ingest.receiver.loopback",
    application_exports_to_its_own_container: "app.endpoint.loopback",
    grafana_stopped: "grafana.container.stopped",
    grafana_shares_no_network_with_tempo: "grafana.container.no-shared-network",
}


def play_those(client: docker.DockerClient, directory: Path, faults: t.Iterable[t.Any], fail_on: str) -> Played:
    engine = Engine(client)

    def on_this_engine(fault: t.Callable[[Scene, Engine], None]) -> Fault:
        def build(scene: Scene) -> None:
            with engine.alone:
                fault(scene, engine)

        return build

    try:
        scenes = {fault.__name__: [on_this_engine(fault)] for fault in faults}
        played = play(directory, scenes, diagnose_fail_on=fail_on)
    finally:
        engine.clear()
    assert played.run.code != 0, "faults were found, and yet the play succeeds"
    return played


@pytest.fixture(scope="module")
def played(docker_engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play_those(docker_engine, tmp_path_factory.mktemp("containers"), CAUSES, "critical")


@pytest.fixture(scope="module")
def warned(docker_engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play_those(docker_engine, tmp_path_factory.mktemp("lesser"), LESSER, "warning")


@pytest.mark.parametrize("fault", CAUSES, ids=lambda fault: fault.__name__)
def test_a_fault_of_a_container_is_named(fault: t.Callable[[Scene, Engine], None], played: Played) -> None:
    assert played.root_causes(fault.__name__) == [CAUSES[fault]], played.told(fault.__name__)


@pytest.mark.parametrize("fault", LESSER, ids=lambda fault: fault.__name__)
def test_a_lesser_fault_of_a_container_is_named(fault: t.Callable[[Scene, Engine], None], warned: Played) -> None:
    assert warned.root_causes(fault.__name__) == [LESSER[fault]], warned.told(fault.__name__)
