"""balance: offered = accepted + refused, accepted = stored + discarded, between two looks at the counters."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import parse_metrics
from ansible_collections.traceops.tracing.plugins.module_utils._probe import balance
from ansible_collections.traceops.tracing.plugins.module_utils._probe.balance import sheets
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.contract.replay import serving
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.lab.tempo import PROFILES, Tempo
from ansible_collections.traceops.tracing.tests.probing import FakeClock, options
from ansible_collections.traceops.tracing.tests.servers import closed_port
from ansible_collections.traceops.tracing.tests.unit.tempo.server import as_text


@contextlib.contextmanager
def running(profile: str = "2.10.8", **settings: t.Any) -> t.Iterator[Tempo]:
    tempo = Tempo(profile, **settings)
    try:
        yield tempo
    finally:
        tempo.stop()


def look(tempo: Tempo, before: t.Any = None, **given: t.Any) -> dict[str, t.Any]:
    return balance.run(options(balance, tempo_url=tempo.url, before=before, **given), FakeClock())


def sheet(tempo: Tempo, act: t.Callable[[], t.Any], **given: t.Any) -> dict[str, t.Any]:
    """What Tempo's books say about `act`."""
    before = look(tempo, **given)
    act()
    change = look(tempo, before, **given)["change"]["tempo"]
    assert isinstance(change, dict)
    return change


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_accepted_is_stored(profile: str) -> None:
    with running(profile) as tempo:
        ask(tempo.otlp_http, spans=5)  # before the first look: no part of the balance
        found = sheet(tempo, lambda: ask(tempo.otlp_grpc, spans=3))
    assert (found["offered"], found["accepted"], found["refused"], found["stored"]) == (3, 3, 0, 3)
    assert (found["received"], found["silent"], found["unexplained"]) == (3, 0, 0)


@pytest.mark.parametrize("profile", ["2.10.8", "3.0.3"])
@pytest.mark.parametrize(
    ("limits", "reason", "stored"),
    [
        (Limits(max_traces_per_user=1), "live_traces_exceeded", 1),
        (Limits(max_bytes_per_trace=1), "trace_too_large", 0),
    ],
)
def test_what_is_accepted_and_dropped_is_seen(profile: str, limits: Limits, reason: str, stored: int) -> None:
    with running(profile, limits=limits) as tempo:
        found = sheet(tempo, lambda: ask(tempo.otlp_http, spans=4))
    assert (found["accepted"], found["refused"], found["stored"]) == (4, 0, stored)
    assert found["silent_reasons"] == {reason: 4 - stored}
    assert found["silent"] == 4 - stored


def test_the_old_tempo_refuses_aloud_what_the_new_one_drops() -> None:
    with running("2.3.1", limits=Limits(max_bytes_per_trace=1)) as tempo:
        found = sheet(tempo, lambda: ask(tempo.otlp_http))
    assert (found["accepted"], found["refused"], found["silent"]) == (0, 1, 0)
    assert found["discarded"] == {"trace_too_large": 1}
    assert found["refused_untold"] == 0


def test_spans_without_a_tenant_are_refused_for_a_reason_that_is_not_counted() -> None:
    with running(multitenant=True) as tempo:
        found = sheet(tempo, lambda: (ask(tempo.otlp_http), ask(tempo.otlp_http, tenant="acme")))
    assert (found["offered"], found["refused"], found["refused_untold"]) == (2, 1, 1)


def test_what_is_received_and_discarded_is_told_by_tenant() -> None:
    with running(multitenant=True, limits=Limits(max_bytes_per_trace=1)) as tempo:

        def act() -> None:
            ask(tempo.otlp_http, tenant="acme")
            ask(tempo.otlp_http, tenant="other", spans=2)

        found = sheet(tempo, act, tenant="acme")
    assert (found["accepted"], found["received"], found["silent"], found["stored"]) == (3, 1, 1, 0)


def test_a_restart_in_between_counts_from_the_new_start() -> None:
    def act() -> None:
        tempo.store.counters.clear()
        tempo.store.started += 3600
        ask(tempo.otlp_http, spans=2)

    with running() as tempo:
        ask(tempo.otlp_http, spans=9)
        found = sheet(tempo, act)
    assert (found["restarted"], found["accepted"], found["received"]) == (True, 2, 2)


def test_another_instance_that_answers_in_between_gives_no_balance() -> None:
    with running() as tempo:
        before = look(tempo)
        tempo.store.started = 1.0
        assert look(tempo, before)["change"]["tempo"] is None


def test_a_counter_that_goes_back_began_anew() -> None:
    before = {"start": None, "counts": {"accepted": 10}}
    assert sheets.grown(before, {"start": None, "counts": {"accepted": 4}})["accepted"] == 4


def test_a_tempo_that_does_not_answer_is_no_failure_of_the_others() -> None:
    page = as_text("otelcol_receiver_accepted_spans 3\n")
    with serving(lambda request: page) as (url, _asked):
        given = {"tempo_url": f"http://127.0.0.1:{closed_port()}", "collector_metrics_url": f"{url}/metrics"}
        before = balance.run(options(balance, **given), FakeClock())
        after = balance.run(options(balance, before=before, **given), FakeClock())
    assert (before["ok"], before["cause"]) == (False, "connection_refused")
    assert after["change"]["tempo"] is None
    assert after["change"]["collector"]["accepted"] == 0


def test_a_page_without_these_counters_is_no_balance_of_zero() -> None:
    with serving(lambda request: as_text("up 1\n")) as (url, _asked), running() as tempo:
        seen = look(tempo, app_metrics_url=f"{url}/metrics")
    assert seen["cause"] == "not_counted"
    assert seen["message"] == f"{url}/metrics has no counter of spans that is known"


def test_credentials_for_tempo_go_nowhere_else() -> None:
    with serving(lambda request: as_text("otelcol_receiver_accepted_spans 3\n")) as (url, asked), running() as tempo:
        look(tempo, collector_metrics_url=f"{url}/metrics", token="s3cret", tenant="acme")
    sent = {name.lower() for request in asked for name in request.headers}
    assert not sent & {"authorization", "x-scope-orgid"}


COLLECTOR = """
otelcol_receiver_accepted_spans{suffix}{{receiver="otlp",transport="grpc"}} {accepted}
otelcol_receiver_refused_spans{suffix}{{receiver="otlp",transport="grpc"}} 2
otelcol_exporter_sent_spans{suffix}{{exporter="otlp"}} {sent}
otelcol_exporter_send_failed_spans{suffix}{{exporter="otlp"}} {failed}
"""


def collector(suffix: str, **figures: int) -> dict[str, t.Any]:
    page = parse_metrics(COLLECTOR.format(suffix=suffix, **figures))
    return {"start": None, "counts": sheets.whole(sheets.collector_counts(page))}


@pytest.mark.parametrize("suffix", ["", "_total", "_ratio_total"])
def test_a_collectors_books_in_the_names_of_each_version(suffix: str) -> None:
    before = collector(suffix, accepted=10, sent=10, failed=0)
    found = sheets.collector_sheet(sheets.grown(before, collector(suffix, accepted=20, sent=14, failed=5)))
    assert (found["offered"], found["accepted"], found["sent"], found["failed"]) == (10, 10, 4, 5)
    assert (found["failing_exporters"], found["unexplained"]) == (["otlp"], 1)


TAIL = """
otelcol_processor_tail_sampling_global_count_traces_sampled{suffix}{{decision="not_sampled",sampled="false"}} 95
otelcol_processor_tail_sampling_global_count_traces_sampled{suffix}{{decision="sampled",sampled="true"}} 5
otelcol_processor_tail_sampling_count_traces_sampled{suffix}{{policy="errors",sampled="false"}} 95
otelcol_processor_tail_sampling_sampling_trace_dropped_too_early{suffix} 12
"""


@pytest.mark.parametrize("suffix", ["", "_total", "_ratio_total"])
def test_what_tail_sampling_decided(suffix: str) -> None:
    found = sheets.whole(sheets.collector_counts(parse_metrics(TAIL.format(suffix=suffix))))
    assert (found["tail_kept"], found["tail_dropped"], found["tail_too_early"]) == (5, 95, 12)
    grown = sheets.grown({"start": None, "counts": {"tail_dropped": 90}}, {"start": None, "counts": found})
    sheet_ = sheets.collector_sheet(grown)
    assert (sheet_["tail_dropped"], sheet_["tail_too_early"]) == (5 + 12, 12)


SEMANTIC = """
otel_sdk_processor_span_processed_total 90
otel_sdk_processor_span_processed_total{error_type="queue_full"} 10
otel_sdk_exporter_span_exported_total 70
otel_sdk_exporter_span_exported_total{error_type="timeout"} 20
"""
JAVA = """
processedSpans_total{dropped="false",processorType="BatchSpanProcessor"} 90
processedSpans_total{dropped="true",processorType="BatchSpanProcessor"} 10
otlp_exporter_exported_total{success="true",type="span"} 70
otlp_exporter_exported_total{success="false",type="span"} 20
otlp_exporter_exported_total{success="true",type="metric"} 500
"""


@pytest.mark.parametrize("page", [SEMANTIC, JAVA], ids=["semantic conventions", "Java"])
def test_an_applications_books(page: str) -> None:
    nothing = {"start": None, "counts": {}}
    counts = sheets.whole(sheets.application_counts(parse_metrics(page)))
    grown = sheets.grown(nothing, {"start": None, "counts": counts})
    found = sheets.application_sheet(grown)
    assert (found["ended"], found["exported"], found["failed"], found["dropped"]) == (100, 70, 20, 10)
    assert found["unexplained"] == 0
