"""Faults of the application: its log, its environment, its sampling."""

from __future__ import annotations

from ansible_collections.traceops.tracing.tests.integration.faults.scene import Scene, causes
from ansible_collections.traceops.tracing.tests.servers import closed_port

# What the log says.


@causes("app.tracing.disabled")
def started_without_tracing(scene: Scene) -> None:
    scene.break_lab("tracing-disabled")


@causes("app.exporter.init-failed")
def endpoint_that_is_no_url(scene: Scene) -> None:
    scene.break_lab("exporter-init-failed-in-log")


@causes("app.tracing.no-endpoint")
def tracing_without_an_endpoint(scene: Scene) -> None:
    scene.plan.app_endpoint = lambda urls: ""


@causes("app.export.refused")
def application_exports_elsewhere(scene: Scene) -> None:
    scene.plan.app_endpoint = lambda urls: urls.nowhere


@causes("app.export.tenant-missing")
def application_without_the_tenant(scene: Scene) -> None:
    scene.options["tenant"] = "acme"
    scene.plan.tenant = ""


@causes("tempo-query.service.near-miss")
def another_service_name(scene: Scene) -> None:
    scene.break_lab("service-name-differs")


@causes("tempo-query.service.unnamed")
def no_service_name(scene: Scene) -> None:
    scene.plan.service = ""


@causes("sampling.ratio.zero")
def ratio_zero(scene: Scene) -> None:
    scene.break_lab("sampling-zero")


@causes("sampling.velostream.cut-off")
def mode_prod(scene: Scene) -> None:
    scene.plan.ratio = 0.01


@causes("sampling.flags.all-unsampled")
def upstream_samples_nothing(scene: Scene) -> None:
    scene.plan.upstream, scene.plan.records = "00", 20


# What the environment of its process says.


@causes("app.sdk.disabled")
def sdk_disabled(scene: Scene) -> None:
    scene.service(OTEL_SDK_DISABLED="true")


@causes("app.exporter.none")
def exporter_none(scene: Scene) -> None:
    scene.service(OTEL_TRACES_EXPORTER="none")


@causes("app.exporter.unknown")
def exporter_misspelt(scene: Scene) -> None:
    scene.service(OTEL_TRACES_EXPORTER="oltp")


@causes("sampling.sampler.off")
def sampler_off(scene: Scene) -> None:
    scene.service(OTEL_TRACES_SAMPLER="always_off")


@causes("sampling.ratio.zero")
def sampler_with_ratio_zero(scene: Scene) -> None:
    scene.service(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0")


@causes("app.process.not-running")
def application_that_ended(scene: Scene) -> None:
    scene.idle = True
    scene.said.update(diagnose_log_paths=[], diagnose_process={"name": "no-such-program-runs"})


@causes("app.endpoint.other-than-configured")
def endpoint_of_an_old_receiver(scene: Scene) -> None:
    scene.service(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{closed_port()}")


@causes("app.endpoint.port-of-other-protocol")
def http_to_the_port_of_grpc(scene: Scene) -> None:
    scene.endpoint(f"http://{scene.well_known_port(4317, lambda urls: urls.otlp_grpc)}:4317")
    scene.service()


@causes("app.endpoint.bad-url")
def traces_endpoint_without_its_path(scene: Scene) -> None:
    scene.once_up(lambda: scene.service(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=scene.urls.otlp_http))


@causes("app.proxy.applies")
def proxy_of_the_application(scene: Scene) -> None:
    scene.service(http_proxy=f"http://127.0.0.1:{closed_port()}", no_proxy="")


# What the SDK's own log says.


@causes("app.sdk.second-provider")
def second_provider_with_the_exporter(scene: Scene) -> None:
    scene.service("--second-provider")
    scene.said.update(diagnose_log_paths=[str(scene.directory / "service.log")], diagnose_log_profiles=["otel_python"])
