"""Discoveries as the probe tells them, small enough to read."""

from __future__ import annotations

from typing import Any

ROOT, OWN = "net:[1]", "net:[2]"


def program(kind: str, name: str, *listens: tuple[str, int], **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "pid": 100 + len(name),
        "running": True,
        "program": name,
        "unit": "",
        "container": "",
        "namespace": ROOT,
        "own_network": False,
        "networks": {},
        "aliases": [],
        "published": [],
        "listens": [{"address": address, "port": port} for address, port in listens],
        "connections": [],
        "source": f"/proc/{100 + len(name)}",
        **more,
    }


def contained(
    kind: str, name: str, *listens: tuple[str, int], address: str = "172.18.0.9", **more: Any
) -> dict[str, Any]:
    own = {"container": name, "aliases": [name], "networks": {"shop": address}, "namespace": f"net:[{name}]"}
    return program(kind, name, *listens, **{"own_network": True, **own, "source": f"container {name}", **more})


def application(name: str = "checkout", endpoint: str = "http://localhost:4318", **more: Any) -> dict[str, Any]:
    said = {
        "service": name,
        "service_source": "/proc/108/environ",
        "protocol": "http/protobuf",
        "tells": ["OTEL_SERVICE_NAME"],
    }
    return program(
        "application", name, **{**said, "endpoint": endpoint, "endpoint_source": "/proc/108/environ", **more}
    )


def exporter(endpoint: str, name: str = "otlp/tempo") -> dict[str, Any]:
    return {
        "name": name,
        "kind": "otlp",
        "protocol": "grpc",
        "endpoint": endpoint,
        "pipelines": ["traces"],
        "source": "/etc/otelcol/b.yaml:12",
    }


def receivers(*ports: int, pipelines: tuple[str, ...] = ("traces",)) -> list[dict[str, Any]]:
    return [
        {
            "name": "otlp",
            "protocol": "http" if port % 10 == 8 else "grpc",
            "host": "0.0.0.0",
            "port": port,
            "tls": False,
            "pipelines": list(pipelines),
            "source": "/etc/otelcol/a.yaml:3",
        }
        for port in ports
    ]


def collector(name: str = "otelcol", endpoint: str = "localhost:14317", **more: Any) -> dict[str, Any]:
    configuration = {
        "receivers": receivers(4317, 4318),
        "processors": [],
        "exporters": [exporter(endpoint)],
        "pipelines": [],
        "signals": ["traces"],
        "metrics_address": "localhost:8888",
        "unread": [],
    }
    listens = [("0.0.0.0", 4317), ("0.0.0.0", 4318), ("127.0.0.1", 8888)]
    given = {"files": ["/etc/otelcol/a.yaml"], "configuration": configuration, "unit": "otelcol.service", **more}
    return program("otelcol", name, *listens, **given)


def tempo(name: str = "tempo", http: int = 13200, otlp: int = 14317, **more: Any) -> dict[str, Any]:
    configuration = {"port": http, "receivers": receivers(otlp), "unread": []}
    given = {"files": ["/etc/tempo.yaml"], "configuration": configuration, "url": f"http://localhost:{http}"}
    return program("tempo", name, ("0.0.0.0", http), ("0.0.0.0", otlp), **{**given, **more})


def grafana(name: str = "grafana", url: str = "http://localhost:13200", **more: Any) -> dict[str, Any]:
    source = {"name": "Tempo", "uid": "tempo", "url": url, "source": "/etc/grafana/provisioning/datasources/t.yaml:4"}
    given = {"configuration": {"datasources": [source]}, "files": [], "url": "http://localhost:13000", **more}
    return program("grafana", name, ("0.0.0.0", 13000), **given)


def host(*programs: dict[str, Any], name: str = "app01", addresses: tuple[str, ...] = ("10.0.0.1",)) -> dict[str, Any]:
    parts: dict[str, list[dict[str, Any]]] = {"applications": [], "collectors": [], "tempos": [], "grafanas": []}
    for each in programs:
        part = {"application": "applications", "tempo": "tempos", "grafana": "grafanas"}.get(each["kind"], "collectors")
        parts[part].append(each)
    listeners = [
        {**one, "namespace": each["namespace"], "pid": each["pid"], "program": each["program"]}
        for each in programs
        for one in each["listens"]
    ]
    told = {
        "hostname": name,
        "addresses": list(addresses),
        "root": True,
        "namespace": ROOT,
        "processes": 9,
        "unseen": [],
    }
    return {"ok": True, "cause": "ok", "message": "", **told, **parts, "listeners": listeners}


def shop(**changes: dict[str, Any]) -> dict[str, Any]:
    """One host with everything on it; `changes` replace a program by kind."""
    usual = {"application": application(), "collector": collector(), "tempo": tempo(), "grafana": grafana()}
    return host(*{**usual, **changes}.values())
