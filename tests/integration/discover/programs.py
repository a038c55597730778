"""The real programs of a path: had as other tests have them, mounted into hosts, and run there as units."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import typing as t
from pathlib import Path

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.integration.discover.host import Host
from ansible_collections.traceops.tracing.tests.integration.docker_engine import CACHE
from ansible_collections.traceops.tracing.tests.lab.collector import binaries
from ansible_collections.traceops.tracing.tests.sdks import builds

ROOT = Path(__file__).resolve().parents[6]  # the directory that has ansible_collections
APPS = Path(__file__).with_name("apps")
LAB = """#!/usr/bin/python3
import sys
sys.path += ["/collection", "/opt/lab"]
from ansible_collections.traceops.tracing.tests.lab.container import {name}
sys.exit({name}.main())
"""
AGENT = "/opt/opentelemetry-javaagent.jar"
PASSWORD = "s3ntinel-Pa55word"

Mounts = t.Dict[str, t.Dict[str, str]]
Variables = t.Dict[str, str]


def collection() -> Mounts:
    """The collection, for probes that run without Ansible."""
    return {str(ROOT): {"bind": "/collection", "mode": "ro"}}


def backends() -> Mounts:
    """What the lab's Tempo and Grafana need."""
    return {sysconfig.get_path("purelib"): {"bind": "/opt/lab", "mode": "ro"}}


def collector() -> Mounts:
    program = binaries.collector()
    require(program, "the OpenTelemetry Collector (Go, and the Go module proxy to build it from)")
    return {str(program): {"bind": "/usr/local/bin/otelcol", "mode": "ro"}}


def python() -> Mounts:
    place = _built("python", "1.45.2")
    (libraries,) = place.glob("venv/lib/python3*/site-packages")
    return {
        str(libraries): {"bind": "/opt/checkout/libraries", "mode": "ro"},
        str(APPS / "checkout.py"): {"bind": "/opt/checkout/checkout.py", "mode": "ro"},
    }


def nodejs() -> Mounts:
    place = _built("nodejs", "0.301.0")
    return {
        str(place / "node_modules"): {"bind": "/opt/cart/node_modules", "mode": "ro"},
        str(APPS / "cart.js"): {"bind": "/opt/cart/cart.js", "mode": "ro"},
    }


def java(directory: Path) -> Mounts:
    """The machine's own runtime with the files that it links to, the agent, and a program compiled in `directory`."""
    place = _built("java", "2.33.1")
    runtime = Path(str(shutil.which("java"))).resolve().parents[1]
    links = {str(path.resolve().relative_to("/etc").parts[0]) for path in runtime.rglob("*") if _leads_to_etc(path)}
    subprocess.run(["javac", "-d", str(directory), str(APPS / "Stock.java")], check=True, capture_output=True)
    return {
        str(directory): {"bind": "/opt/stock", "mode": "ro"},
        str(place / "opentelemetry-javaagent-2.33.1.jar"): {"bind": AGENT, "mode": "ro"},
        str(runtime): {"bind": "/opt/java", "mode": "ro"},
        **{f"/etc/{name}": {"bind": f"/etc/{name}", "mode": "ro"} for name in links if name.startswith("java")},
    }


def _leads_to_etc(path: Path) -> bool:
    return path.is_symlink() and str(path.resolve()).startswith("/etc/")


def _built(language: str, version: str) -> Path:
    (build,) = (each for each in builds.BUILDS if (each.language, each.version) == (language, version))
    try:
        builds.prepare(build, CACHE / "sdks")
    except builds.NotHad as error:
        require(False, f"{build.product} {version} ({error})")
    return CACHE / "sdks" / language / version


def exporting(service: str, endpoint: str, **more: str) -> Variables:
    """The variables of an application of this name that sends there."""
    return {
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        **more,
    }


# --- what a unit runs, and its files


def run_checkout(host: Host, variables: Variables) -> None:
    write_checkout(host, variables)
    host.unit(
        "checkout",
        "/usr/bin/python3 /opt/checkout/checkout.py",
        EnvironmentFile="/etc/default/checkout",
        Environment="PYTHONPATH=/opt/checkout/libraries",
        User="daemon",
    )


def write_checkout(host: Host, variables: Variables) -> None:
    host.write("/etc/default/checkout", "".join(f"{name}={value}\n" for name, value in variables.items()))


def run_stock(host: Host, variables: Variables) -> None:
    """The Java service has its settings on the command line. Its agent instruments what the program uses alone."""
    settings = {
        **variables,
        "OTEL_INSTRUMENTATION_COMMON_DEFAULT-ENABLED": "false",
        "OTEL_INSTRUMENTATION_HTTP-URL-CONNECTION_ENABLED": "true",
    }
    options = " ".join(f"-D{name.lower().replace('_', '.')}={value}" for name, value in settings.items())
    quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    host.unit("stock", f"/opt/java/bin/java -javaagent:{AGENT} {quick} {options} -cp /opt/stock Stock")


def run_collector(host: Host, exporter: str, signal: str = "traces") -> None:
    host.write("/etc/otelcol/receivers.yaml", RECEIVERS)
    write_exporters(host, exporter, signal)
    files = "--config /etc/otelcol/receivers.yaml --config /etc/otelcol/exporters.yaml"
    host.unit("otelcol", f"/usr/local/bin/otelcol {files}")


RECEIVERS = """\
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


def write_exporters(host: Host, exporter: str, signal: str) -> None:
    """`signal` is what the pipeline is for."""
    text = f"""\
exporters:
  otlp/tempo:
    endpoint: {exporter}
    tls:
      insecure: true
service:
  pipelines:
    {signal}:
      receivers: [otlp]
      processors: [batch]
      exporters: [otlp/tempo]
"""
    host.write("/etc/otelcol/exporters.yaml", text)


def run_tempo(host: Host, http: int, otlp_grpc: int, otlp_http: int) -> None:
    text = f"""\
server:
  http_listen_port: {http}
distributor:
  receivers:
    otlp:
      protocols:
        grpc:
          endpoint: 0.0.0.0:{otlp_grpc}
        http:
          endpoint: 0.0.0.0:{otlp_http}
storage:
  trace:
    backend: local
    local:
      path: /var/tempo/blocks
"""
    host.write("/etc/tempo/tempo.yaml", text)
    command = _of_lab(host, "tempo")
    host.unit("tempo", f"{command} -config.file=/etc/tempo/tempo.yaml", Environment="TEMPO_VERSION=2.10.8")


def run_grafana(host: Host, port: int, data_source: str) -> None:
    text = f"""\
[server]
http_port = {port}
[security]
admin_user = admin
admin_password = {PASSWORD}
[auth.anonymous]
enabled = false
[paths]
data = /var/lib/grafana
provisioning = /etc/grafana/provisioning
"""
    host.write("/etc/grafana/grafana.ini", text)
    write_data_source(host, data_source)
    host.run("mkdir -p /var/lib/grafana")
    host.unit("grafana-server", f"{_of_lab(host, 'grafana')} server --config=/etc/grafana/grafana.ini")


def write_data_source(host: Host, url: str) -> None:
    text = f"""\
apiVersion: 1
datasources:
  - name: Tempo
    uid: tempo
    type: tempo
    access: proxy
    url: {url}
    isDefault: true
"""
    host.write("/etc/grafana/provisioning/datasources/tempo.yml", text)


def _of_lab(host: Host, name: str) -> str:
    """One of the lab's servers under the name of the real program."""
    path = f"/usr/local/bin/{name}"
    host.write(path, LAB.format(name=name))
    host.run(f"chmod 755 {path}")
    return path
