"""A loss is judged by its share of what came, and by whether it goes on."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._verdict import losses


def tempo(lost: int, came: int, window: t.Any = None, canaries: int = 1) -> losses.Loss:
    """The one loss of a tenant that lost `lost` of `came` spans; `window` is (lost, received) between two looks."""
    backend: t.Dict[str, t.Any] = {
        "tempo_info": {
            "config": {"limits": {"max_traces_per_user": 2}},
            "counters": {
                "discarded_by_tenant": {"acme": {"live_traces_exceeded": lost}},
                "tenants": {"acme": came},
            },
        },
        "canaries": {"sent": canaries},
    }
    if window is not None:
        now = {"received": window[1], "discarded": {"live_traces_exceeded": window[0]} if window[0] else {}}
        backend["balance"] = {"change": {"tempo": {"by_tenant": {"acme": now}}}}
    (found,) = losses.of_backend(backend)["tempo"]
    return found


@pytest.mark.parametrize(
    ("lost", "came", "window", "going_on", "grave"),
    [
        (18, 20, None, None, True),  # counted once: its share decides
        (18, 20, (0, 1), None, True),  # only the canary came meanwhile, and it was spared
        (18, 20, (0, 500), False, False),  # many came, and none was lost: it ended
        (18, 1_000_000, (0, 1), None, False),  # a trickle of long ago
        (18, 1_000_000, (9, 100), True, True),  # little in all, but now it goes on
        (900, 1_000_000, (1, 1000), True, False),  # it goes on as a trickle
    ],
)
def test_more_than_a_trickle_that_may_go_on_is_grave(
    lost: int, came: int, window: t.Any, going_on: t.Optional[bool], grave: bool
) -> None:
    found = tempo(lost, came, window)
    assert (found["going_on"], found["grave"]) == (going_on, grave)


def test_the_limit_is_named_with_its_value_now() -> None:
    backend = {
        "tempo_info": {
            "config": {"limits": {"max_traces_per_user": 2}},
            "counters": {"discarded_by_tenant": {"acme": {"live_traces_exceeded": 18}}, "tenants": {"acme": 20}},
        }
    }
    (said,) = losses.of_backend(backend)["limits"]
    assert said.startswith("overrides.defaults.ingestion.max_traces_per_user (now 2")


def test_what_a_rate_limit_refused_did_not_count_as_received() -> None:
    backend = {
        "tempo_info": {
            "counters": {"discarded_by_tenant": {"acme": {"rate_limited": 50}}, "tenants": {"acme": 50}},
        }
    }
    (found,) = losses.of_backend(backend)["tempo"]
    assert (found["came"], found["percent"]) == (100, 50.0)


def collector(sent: t.Dict[str, int], failed: t.Dict[str, int], now: t.Any = None) -> t.List[losses.Loss]:
    counts = {"sent": sent, "send_failed": failed, "enqueue_failed": {}}
    balance: t.Dict[str, t.Any] = {"snapshots": {"collector": {"counts": counts}}, "change": None}
    if now is not None:
        balance["change"] = {"collector": {"by_exporter": now}}
    return losses.of_backend({"balance": balance})["collector"]


def test_an_exporter_that_delivers_a_canary_has_recovered() -> None:
    (found,) = collector({"otlp": 700}, {"otlp": 300}, {"otlp": {"sent": 1, "failed": 0}})
    assert (found["going_on"], found["grave"]) == (False, False)


def test_an_exporter_that_loses_is_grave() -> None:
    (found,) = collector({"otlp": 700}, {"otlp": 300}, {"otlp": {"sent": 0, "failed": 1}})
    assert (found["percent"], found["grave"]) == (30.0, True)


def test_beside_an_exporter_that_delivers_another_may_be_somebody_elses() -> None:
    (found,) = collector({"otlp": 700, "vendor": 10}, {"vendor": 690})
    assert (found["where"], found["grave"]) == ("vendor", False)


def test_an_sdk_that_drops_is_judged_by_what_it_ended() -> None:
    counts = {"ended": 1000, "dropped": 100, "failed": 0, "exported": 900}
    (found,) = losses.of_backend({"balance": {"snapshots": {"app": {"counts": counts}}}})["app"]
    assert (found["reason"], found["percent"], found["grave"]) == ("dropped", 10.0, True)


@pytest.mark.parametrize("rubbish", [None, [], "x", {"tempo_info": None}, {"balance": {"snapshots": []}}])
def test_without_counters_nothing_is_lost(rubbish: t.Any) -> None:
    found = losses.of_backend(rubbish if isinstance(rubbish, dict) else {"tempo_info": rubbish})
    assert found == {"tempo": [], "collector": [], "app": [], "limits": []}
