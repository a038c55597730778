"""canaries: the ids that hosts derived are derived again, and their losses summed up by host and hop."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._otel import canary
from ansible_collections.traceops.tracing.plugins.module_utils._probe import canaries
from ansible_collections.traceops.tracing.tests.canary import ask
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.lab.tempo import PROFILES, Tempo
from ansible_collections.traceops.tracing.tests.probing import FakeClock, failure_of, options
from ansible_collections.traceops.tracing.tests.servers import closed_port


@pytest.fixture
def tempo() -> t.Iterator[Tempo]:
    running = Tempo()
    yield running
    running.stop()


def send(tempo: Tempo, host: str, hop: str, spans: int = 1) -> None:
    assert ask(tempo.otlp_http, canary={"run": "r", "host": host, "hop": hop}, spans=spans)["ok"]


def look(tempo: Tempo, sent: dict[str, t.Any], **given: t.Any) -> dict[str, t.Any]:
    return canaries.run(options(canaries, tempo_url=tempo.url, run="r", sent=sent, **given), FakeClock(time.time()))


def test_each_hop_of_each_host_is_found_or_lost(tempo: Tempo) -> None:
    send(tempo, "app01", "otlp")
    send(tempo, "app02", "otlp_tempo")
    seen = look(tempo, {"app01": {"otlp": 1}, "app02": {"otlp": 1, "otlp_tempo": 1}})
    assert (seen["ok"], seen["cause"], seen["sent"], seen["lost"]) == (False, "trace_not_found", 3, 1)
    assert (seen["found"], seen["missing"]) == (["app01"], ["app02"])
    hops = seen["hops"]["app02"]
    assert (hops["otlp"]["found"], hops["otlp_tempo"]["found"]) == (False, True)
    assert hops["otlp_tempo"]["trace_id"] == canary.trace_id("r", "app02", "otlp_tempo", 0)
    assert seen["traces"]["app02"] == hops["otlp"]


def test_a_partial_loss_has_a_share_and_an_interval(tempo: Tempo) -> None:
    send(tempo, "app01", "otlp", spans=3)
    entry = look(tempo, {"app01": {"otlp": 4}})["hops"]["app01"]["otlp"]
    assert (entry["found"], entry["sent"], entry["arrived"], entry["lost"], entry["loss"]) == (True, 4, 3, 1, 0.25)
    assert 0 < entry["low"] < 0.25 < entry["high"] < 1


def test_a_limit_of_tempo_loses_the_later_ones() -> None:
    running = Tempo(limits=Limits(max_traces_per_user=1))
    try:
        send(running, "app01", "otlp", spans=3)
        seen = look(running, {"app01": {"otlp": 3}})
    finally:
        running.stop()
    assert (seen["sent"], seen["lost"]) == (3, 2)


def test_of_very_many_the_first_ones_of_each_hop_are_looked_for(tempo: Tempo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "MAX_TRACES", 10)
    send(tempo, "app01", "otlp", spans=5)
    seen = look(tempo, {"app01": {"otlp": 1000}, "app02": {"otlp": 1000}}, wait_timeout=0.0)
    assert [seen["hops"][host]["otlp"]["sent"] for host in ("app01", "app02")] == [5, 5]
    assert seen["lost"] == 5


@pytest.mark.parametrize("profile", PROFILES)
def test_a_search_shows_a_canary(profile: str) -> None:
    running = Tempo(profile)
    try:
        send(running, "app01", "otlp", spans=2)
        search = look(running, {"app01": {"otlp": 2}}, search=True)["search"]
    finally:
        running.stop()
    assert (search["found"], search["wanted"], search["cause"]) == (2, 2, "ok")


def test_a_search_is_waited_for_as_long_as_tempos_settings_say() -> None:
    running = Tempo(search_delay=3600)
    try:
        send(running, "app01", "otlp")
        search = look(running, {"app01": {"otlp": 1}}, search=True)["search"]
    finally:
        running.stop()
    assert (search["found"], search["cause"], search["limit_s"]) == (0, "not_searchable", 20.0)
    assert search["waited"] == pytest.approx(20.0), "its configuration says 10 s idle + 5 s, and some slack"


def test_without_being_asked_or_with_nothing_found_nothing_is_searched(tempo: Tempo) -> None:
    send(tempo, "app01", "otlp")
    assert look(tempo, {"app01": {"otlp": 1}})["search"] is None
    assert look(tempo, {"app02": {"otlp": 1}}, search=True)["search"] is None


def test_a_tempo_that_does_not_answer_leaves_every_canary_unseen() -> None:
    failure = failure_of(canaries, tempo_url=f"http://127.0.0.1:{closed_port()}", run="r", sent={"app01": {"otlp": 1}})
    assert failure.cause == "connection_refused"
    assert failure.result["hops"] == {}
    assert failure.result["traces"] == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sent": {"app01": {"otlp": 1}}}, "sent: it needs run"),
        ({"run": "r", "sent": {"app01": 1}}, "sent: what 'app01' sent is not a dictionary"),
        ({"run": "r", "sent": {"app01": {"otlp": "many"}}}, "sent: what 'app01' sent to 'otlp' is no number"),
    ],
)
def test_bad_options(given: dict[str, t.Any], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        canaries.run(options(canaries, **given), FakeClock())
