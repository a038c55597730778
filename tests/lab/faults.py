"""The lab's faults: each changes the plan of a healthy stack so that the fault is really there.

A new fault is one function under `@fault("name", "what is broken, in a few words")`. What it may change is `Plan`.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource

SERVICE = "velo-sql-app.sql"


@dataclass(frozen=True)
class Urls:
    """Where the lab's servers listen, once they do. `nowhere` is a port that refuses connections."""

    tempo: str
    otlp_grpc: str
    otlp_http: str
    nowhere: str
    tenant: str = ""


def healthy_sources(urls: Urls) -> list[DataSource]:
    to_logs = {"tracesToLogsV2": {"datasourceUid": "loki"}, "serviceMap": {"datasourceUid": "prometheus"}}
    tempo = DataSource(1, "tempo", "Tempo", "tempo", urls.tempo, is_default=True, json_data=to_logs)
    if urls.tenant:
        tempo.json_data["httpHeaderName1"] = "X-Scope-OrgID"
        tempo.secure["httpHeaderValue1"] = urls.tenant
    return [
        tempo,
        DataSource(2, "prometheus", "Prometheus", "prometheus", urls.nowhere),
        DataSource(3, "loki", "Loki", "loki", urls.nowhere),
    ]


def http_endpoint(urls: Urls) -> str:
    return urls.otlp_http


@dataclass
class Plan:
    """A lab before it starts. Endpoints and data sources wait for the ports to be known."""

    tempo_api: bool = True
    otlp: bool = True
    keeps: bool = True
    service: str = SERVICE  # as the application reports itself
    expected_service: str = SERVICE  # as the operator believes it to be
    endpoint: t.Callable[[Urls], str] = http_endpoint  # as the operator has it
    app_endpoint: t.Callable[[Urls], str] | None = None  # as the application has it, where that differs
    protocol: str = "http/protobuf"
    ratio: float = 1.0
    tracing: bool = True
    tenant: str | None = None  # as the application has it, where that differs from the stack's
    certificate: str = ""  # the authority that its exporter trusts
    records: int = 5
    upstream: str = ""  # the flags of the traceparent that every record arrives with, if it has one
    sources: t.Callable[[Urls], list[DataSource]] = healthy_sources


@dataclass(frozen=True)
class Fault:
    name: str
    summary: str
    apply: t.Callable[[Plan], None] = field(compare=False)


FAULTS: dict[str, Fault] = {}


def fault(name: str, summary: str) -> t.Callable[[t.Callable[[Plan], None]], t.Callable[[Plan], None]]:
    def register(apply: t.Callable[[Plan], None]) -> t.Callable[[Plan], None]:
        FAULTS[name] = Fault(name, summary, apply)
        return apply

    return register


def plan_for(name: str | None, protocol: str) -> Plan:
    """The plan of a healthy lab that exports with `protocol`, or with that fault; ValueError for an unknown name."""
    plan = Plan(protocol=protocol)
    if protocol == "grpc":
        plan.endpoint = lambda urls: urls.otlp_grpc
    if name:
        if name not in FAULTS:
            raise ValueError(f"there is no fault {name!r}: one of {', '.join(FAULTS)}")
        FAULTS[name].apply(plan)
    return plan


@fault("tempo-down", "nothing of Tempo listens, neither its API nor its receivers")
def _tempo_down(plan: Plan) -> None:
    plan.tempo_api = plan.otlp = False


@fault("otlp-refused", "Tempo's API answers, its OTLP ports are closed")
def _otlp_refused(plan: Plan) -> None:
    plan.otlp = False


@fault("wrong-protocol", "the application sends OTLP over HTTP to the gRPC port")
def _wrong_protocol(plan: Plan) -> None:
    plan.protocol = "http/protobuf"
    plan.endpoint = lambda urls: urls.otlp_grpc


@fault("exporter-init-failed-in-log", "the application's endpoint is no URL, so it goes on without tracing")
def _exporter_init_failed(plan: Plan) -> None:
    right = plan.endpoint
    plan.app_endpoint = lambda urls: right(urls).replace("http://", "http//", 1)


@fault("tracing-disabled", "the application was started without tracing")
def _tracing_disabled(plan: Plan) -> None:
    plan.tracing = False


@fault("sampling-zero", "the application samples nothing")
def _sampling_zero(plan: Plan) -> None:
    plan.ratio = 0.0


@fault("service-name-differs", "the application reports another service name than the one looked for")
def _service_name_differs(plan: Plan) -> None:
    plan.expected_service = "velo-sql-app"


@fault("grafana-wrong-url", "the data source's URL has a port where nothing listens")
def _grafana_wrong_url(plan: Plan) -> None:
    def sources(urls: Urls) -> list[DataSource]:
        wrong, *others = healthy_sources(urls)
        wrong.url = urls.nowhere
        return [wrong, *others]

    plan.sources = sources


@fault("grafana-no-datasource", "Grafana has no data source of type tempo")
def _grafana_no_datasource(plan: Plan) -> None:
    plan.sources = lambda urls: healthy_sources(urls)[1:]


@fault("tempo-empty", "Tempo accepts every span and keeps none")
def _tempo_empty(plan: Plan) -> None:
    plan.keeps = False
