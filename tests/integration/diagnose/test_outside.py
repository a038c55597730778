"""What only Tempo knows: another sampling ratio, links that are broken, services that never came."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from ansible_collections.traceops.tracing.tests import lab as lab_package
from ansible_collections.traceops.tracing.tests.integration.faults.network_faults import to_tempo
from ansible_collections.traceops.tracing.tests.integration.faults.scene import Played, Scene, play
from ansible_collections.traceops.tracing.tests.lab.faults import SERVICE
from ansible_collections.traceops.tracing.tests.lab.store import SINGLE_TENANT

AGO_S = 120  # long enough that no span is still on its way


def working(scene: Scene, then: t.Callable[[], None]) -> None:
    """The application works, and then something happens."""
    scene.idle = True
    scene.once_up(lambda: (scene.lab.run_app(), then()))


def an_instance_that_nobody_configured(scene: Scene) -> None:
    scene.plan.ratio = 0.25

    def start() -> None:
        app = Path(lab_package.__file__).with_name("app.py")
        command = [sys.executable, str(app), "--log", str(scene.directory / "other.log"), "--service", SERVICE]
        subprocess.run([*command, "--endpoint", scene.urls.otlp_http, "--records", "60"], check=True, timeout=60)

    working(scene, start)


def a_collector_that_samples_by_a_hash(scene: Scene) -> None:
    """Of 600 records the application samples about 300, and the collector lets about 60 of these pass."""
    scene.plan.ratio, scene.plan.records = 0.5, 600
    sampler = {"probabilistic_sampler": {"sampling_percentage": 20, "hash_seed": 7}}
    scene.collector(lambda urls: {"processors": sampler, "exporters": to_tempo(urls)})


def a_caller_that_does_not_export(scene: Scene) -> None:
    """One trace has the caller's span, another lacks it."""
    scene.said["diagnose_services_expected"] = [SERVICE, "front", "stock", "mail-gateway"]

    def store() -> None:
        for traced in (True, False):
            trace_id, caller = secrets.token_bytes(16), secrets.token_bytes(8)
            if traced:
                keep(scene, trace_id, "front", Span.SPAN_KIND_CLIENT, caller, b"")
            keep(scene, trace_id, SERVICE, Span.SPAN_KIND_SERVER, secrets.token_bytes(8), caller)
        keep(scene, secrets.token_bytes(16), "Stock", Span.SPAN_KIND_SERVER, secrets.token_bytes(8), b"")

    working(scene, store)


def keep(scene: Scene, trace_id: bytes, service: str, kind: t.Any, span_id: bytes, parent: bytes) -> None:
    start = time.time_ns() - AGO_S * 10**9
    span = Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent,
        name="call",
        kind=kind,
        start_time_unix_nano=start,
        end_time_unix_nano=start + 10**6,
    )
    resource = Resource(attributes=[KeyValue(key="service.name", value=AnyValue(string_value=service))])
    batch = ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=[span])])
    scene.lab.store.add(SINGLE_TENANT, batch, trace_id, 200)


SCENES = (an_instance_that_nobody_configured, a_collector_that_samples_by_a_hash, a_caller_that_does_not_export)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("outside"), {build.__name__: [build] for build in SCENES})


def found(played: Played, build: t.Callable[[Scene], None]) -> dict[str, str]:
    """The titles of warnings, by id."""
    warnings = (line.split(": ", 2) for line in played.findings(build.__name__, "failed", "warning"))
    return {check_id: title for _unused, check_id, title in warnings}


def test_the_ids_of_traces_show_that_more_is_recorded_than_configured(played: Played) -> None:
    seen = found(played, an_instance_that_nobody_configured)
    assert list(seen) == ["sampling.outside.more"], played.told(an_instance_that_nobody_configured.__name__)
    assert "than the configured ratio of 0.25 allows" in seen["sampling.outside.more"]


def test_the_log_and_the_ids_together_show_what_drops_traces_besides(played: Played) -> None:
    (told,) = (
        line
        for line in played.findings(a_collector_that_samples_by_a_hash.__name__, "info")
        if "sampling.outside.hidden" in line
    )
    assert "of 600 records" in told


def test_too_few_traces_are_said_with_their_number(played: Played) -> None:
    skipped = played.findings(a_caller_that_does_not_export.__name__, "skipped")
    assert any("sampling.outside.more" in line for line in skipped)
    reasons = {each["reason"] for each in played.run.report["findings"]}  # type: ignore[index]
    assert f"not enough traffic yet: 5 of 30 traces of {SERVICE}" in reasons


def test_the_broken_link_has_a_caller_and_a_callee(played: Played) -> None:
    seen = found(played, a_caller_that_does_not_export)
    assert f"the link from front to {SERVICE} is broken: 1 spans" in seen["propagation.edge.broken"]
    assert seen["propagation.root.missing"] == "1 of 7 traces have no root span"


def test_expected_services_are_missed_or_found_under_another_name(played: Played) -> None:
    seen = found(played, a_caller_that_does_not_export)
    assert seen["tempo-query.coverage.never"] == "Tempo has received no span of mail-gateway within the last day"
    assert seen["tempo-query.coverage.near-miss"] == "stock is not in Tempo, but Stock is"
    assert len(seen) == 4, seen
