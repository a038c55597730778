"""What the probe `discover` tells of a host in which all is well: the evidence of the checks' tests has it.

A lab of processes of one program has no units, containers or configuration files; so it is written out here.
"""

from __future__ import annotations

from typing import Any

HOST_NETWORK, CONTAINER = "4026531840", "4026532200"


def found(host: str) -> dict[str, Any]:
    """Velostream as a unit, which exports to Tempo's container; a collector beside it; Grafana with a data source.

    Of each kind there are others that do not run, so that every field is seen at least once.
    """
    programs = {
        "applications": [application(), *(_stopped(application(), *other) for other in _OTHERS)],
        "collectors": [collector(), *(_stopped(collector(), *other) for other in _OTHERS)],
        "tempos": [tempo(), *(_stopped(tempo(), *other) for other in _OTHERS)],
        "grafanas": [grafana(), *(_stopped(grafana(), *other) for other in _OTHERS)],
    }
    listeners = [
        {"namespace": HOST_NETWORK, "address": "0.0.0.0", "port": 14317, "pid": 4720, "program": "otelcol"},
        {"namespace": HOST_NETWORK, "address": "127.0.0.1", "port": 8888, "pid": 4720, "program": "otelcol"},
    ]
    return {
        "ok": True,
        "cause": "ok",
        "message": "1 application, 1 collector, 1 Tempo and 1 Grafana were found",
        "hostname": host,
        "addresses": ["10.0.0.1"],
        "namespace": HOST_NETWORK,
        "root": True,
        "processes": 180,
        "listeners": listeners,
        "unseen": [],
        **programs,
        "took": 0.2,
    }


def _program(kind: str, name: str, pid: int, program: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "pid": pid,
        "running": True,
        "program": program,
        "command": f"/usr/bin/{program}",
        "user": program,
        "started": "2026-11-22T14:48:00Z",
        "unit": "",
        "container": "",
        "image": "",
        "networks": {},
        "aliases": [],
        "published": [],
        "namespace": HOST_NETWORK,
        "own_network": False,
        "listens": [],
        "connections": [],
        "source": f"/proc/{pid}",
        **more,
    }


_OTHERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("by-unit", {"unit": "old.service", "source": "unit old.service"}),
    ("by-file", {"paths": ["/var/log/old.log"], "source": "/etc/old.yaml:1"}),
    ("by-container", {"container": "old", "source": "the engine"}),
)


def _stopped(program: dict[str, Any], name: str, log: dict[str, Any]) -> dict[str, Any]:
    """The same as something that does not run any more; what was seen of its sockets was seen before."""
    return {
        **program,
        "name": f"{program['name']}-{name}",
        "pid": 0,
        "running": False,
        "networks": {"old": "172.19.0.2"},
        "published": [{"host_address": "127.0.0.1", "host_port": 24318, "port": 4318}],
        "listens": [{"address": "0.0.0.0", "port": 24318}],
        "connections": [{"address": "172.19.0.9", "port": 4317, "state": "established", "pid": 100}],
        "log": log,
    }


def application() -> dict[str, Any]:
    return _program(
        *("application", "velo-sql-app.sql", 4711, "velo-sql"),
        unit="velo-sql.service",
        log={"unit": "velo-sql.service", "source": "/proc/4711/fd/1"},
        connections=[{"address": "172.18.0.2", "port": 4318, "state": "established", "pid": 100}],
        tells=["--enable-tracing"],
        language="rust",
        service="velo-sql-app.sql",
        service_source="/proc/4711/cmdline",
        endpoint="http://tempo:4318",
        endpoint_source="/proc/4711/cmdline",
        protocol="http/protobuf",
        exporter="otlp",
        sampler="velostream",
        header_names=[],
        resolved=["172.18.0.2"],
        stale=[],
    )


def collector() -> dict[str, Any]:
    """It takes no part in this application's path, and sends to a place that nobody looked at."""
    files = ["/etc/otelcol/config.yaml"]
    receiver = {
        **{"name": "otlp", "protocol": "grpc", "host": "0.0.0.0", "port": 14317, "tls": False},
        **{"pipelines": ["traces"], "source": "/etc/otelcol/config.yaml:4"},
    }
    processor = {
        **{"name": "probabilistic_sampler", "kind": "probabilistic_sampler", "drops": True, "share": 0.5},
        **{"pipelines": ["traces"], "source": "/etc/otelcol/config.yaml:8"},
    }
    exporter = {
        **{"name": "otlp/backup", "kind": "otlp", "protocol": "grpc", "endpoint": "backup.example.com:4317"},
        **{
            "insecure": False,
            "headers": ["x-scope-orgid"],
            "pipelines": ["traces"],
            "source": "/etc/otelcol/config.yaml:12",
        },
    }
    connector = {"name": "forward", "kind": "forward", "feeds": ["traces"], "pipelines": ["traces/in"]}
    pipeline = {
        **{
            "name": "traces",
            "receivers": ["otlp"],
            "processors": ["probabilistic_sampler"],
            "exporters": ["otlp/backup"],
        },
        "source": "/etc/otelcol/config.yaml:20",
    }
    configuration = {
        "receivers": [receiver],
        "processors": [processor],
        "exporters": [exporter, connector],
        "pipelines": [pipeline],
        "signals": ["traces"],
        "metrics_address": "127.0.0.1:8888",
        "unread": [],
    }
    return _program(
        *("otelcol", "otelcol.service", 4720, "otelcol"),
        unit="otelcol.service",
        log={"unit": "otelcol.service", "source": "/proc/4720/fd/1"},
        listens=[{"address": "0.0.0.0", "port": 14317}, {"address": "127.0.0.1", "port": 8888}],
        files=files,
        configuration=configuration,
    )


def _contained(kind: str, name: str, pid: int, image: str, address: str, *ports: int) -> dict[str, Any]:
    return _program(
        *(kind, name, pid, kind),
        container=name,
        image=image,
        networks={"monitoring": address},
        aliases=[name, kind],
        published=[{"host_address": "0.0.0.0", "host_port": port, "port": port} for port in ports],
        namespace=CONTAINER,
        own_network=True,
        listens=[{"address": "::", "port": port} for port in ports],
        log={"container": name, "source": "the engine"},
        source=f"container {name}",
    )


def tempo() -> dict[str, Any]:
    receivers = [
        {
            **{"name": "otlp", "protocol": protocol, "host": "0.0.0.0", "port": port, "tls": False},
            **{"pipelines": ["traces"], "source": "/etc/tempo.yaml:7"},
        }
        for protocol, port in (("grpc", 4317), ("http", 4318))
    ]
    configuration = {
        **{"target": "all", "host": "", "port": 3200, "path": "", "tls": False, "receivers": receivers},
        **{"multitenancy": False, "storage": "local", "source": "/etc/tempo.yaml:2", "unread": []},
    }
    return {
        **_contained("tempo", "velo-tempo", 100, "grafana/tempo:2.10.8", "172.18.0.2", 3200, 4317, 4318),
        "files": ["/etc/tempo.yaml"],
        "configuration": configuration,
        "url": "http://localhost:3200",
    }


def grafana() -> dict[str, Any]:
    source = "/etc/grafana/provisioning/datasources/tempo.yaml:4"
    data_source = {"name": "Tempo", "uid": "tempo", "url": "http://tempo:3200", "access": "proxy", "source": source}
    configuration = {
        **{"protocol": "http", "host": "", "port": 3000, "path": "", "datasources": [data_source]},
        **{"source": "/etc/grafana/grafana.ini:1", "unread": []},
    }
    return {
        **_contained("grafana", "velo-grafana", 101, "grafana/grafana:13.1.0", "172.18.0.3", 3000),
        "files": ["/etc/grafana/grafana.ini"],
        "configuration": configuration,
        "url": "http://localhost:3000",
    }
