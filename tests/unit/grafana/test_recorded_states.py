"""Every state that was recorded on a running Grafana 7.5.5, 9.4.0 and 13.1.0 gets its own cause."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe import grafana as probe
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.answers import Reading
from ansible_collections.traceops.tracing.tests.unit.grafana import recorded
from ansible_collections.traceops.tracing.tests.unit.grafana.params import params
from ansible_collections.traceops.tracing.tests.unit.grafana.states import MIDDLE, NEW, OLD, STATES, WITHOUT_TRACE


@pytest.fixture(autouse=True)
def _this_host_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorded URLs mean something else here, so what this host sees of them is made up."""

    def refused(url: str, _params: t.Any, steps: probe.Steps) -> Reading:
        return steps.add("from_here", Reading(False, "connection_refused", f"nothing listens at {url}"))

    monkeypatch.setattr(probe, "_from_here", refused)


def test_every_recorded_state_is_listed_here() -> None:
    assert {(version, uid) for version in recorded.VERSIONS for uid in recorded.states_of(version)} == set(STATES)


@pytest.mark.parametrize(("version", "uid"), STATES)
def test_a_state_has_its_cause(version: str, uid: str) -> None:
    with recorded.grafana(version) as grafana:
        result = probe.run(params(grafana.url, datasource_uid=uid))
    cause, reason, route = STATES[version, uid]
    assert (result["cause"], result["reason"], result["route"]) == (cause, reason, route)
    assert result["ok"] is (cause == "ok")
    assert result["datasource"]["uid"] == uid


@pytest.mark.parametrize(("version", "uid"), STATES)
def test_a_trace_is_looked_for_where_searches_work(version: str, uid: str) -> None:
    with recorded.grafana(version) as grafana:
        trace_id = recorded.trace_id_of(version, uid)
        result = probe.run(params(grafana.url, datasource_uid=uid, trace_id=trace_id))
    cause = STATES[version, uid][0]
    if (version, uid) in WITHOUT_TRACE:
        assert (result["cause"], result["trace"]["found"]) == ("trace_missing", False)
    else:
        assert result["cause"] == cause
    if cause == "ok" and (version, uid) not in WITHOUT_TRACE:
        assert result["trace"] == {"id": trace_id, "found": True, "found_directly": None, "opens": True}


@pytest.mark.parametrize(("version", "uid"), STATES)
def test_only_what_was_recorded_is_asked_for_and_nothing_is_changed(version: str, uid: str) -> None:
    with recorded.grafana(version) as grafana:
        probe.run(params(grafana.url, datasource_uid=uid))
    assert {(asked.method, asked.route) for asked in grafana.asked if asked.method != "GET"} <= {
        ("POST", "/api/ds/query")
    }
    # 7.5's queries were not recorded; /api/health behind the data source is asked to tell whether it is a Grafana.
    known = {"POST /api/ds/query"} if version == OLD else set()
    assert {asked for asked in grafana.unrecorded if not asked.endswith("/api/health")} <= known


def test_an_unknown_reason_comes_with_candidates_and_what_this_host_sees() -> None:
    with recorded.grafana(MIDDLE) as grafana:
        result = probe.run(params(grafana.url, datasource_uid="tempodns"))
    assert result["candidates"] == ["connection_refused", "dns_failure", "wrong_protocol", "tls"]
    assert "from this host: nothing listens at http://nope.invalid:3200" in result["message"]


def test_a_known_reason_quotes_grafana() -> None:
    with recorded.grafana(NEW) as grafana:
        result = probe.run(params(grafana.url, datasource_uid="tempodns"))
    assert result["candidates"] == []
    assert "no such host" in result["message"]


def test_save_and_test_is_green_while_every_search_is_refused() -> None:
    with recorded.grafana(NEW) as grafana:
        result = probe.run(params(grafana.url, datasource_uid="tnotenant"))
    steps = {step["name"]: step for step in result["steps"]}
    assert steps["health"]["ok"]
    assert steps["echo"]["ok"]
    assert (steps["search"]["ok"], steps["search"]["cause"]) == (False, "datasource_unauthorized")
    assert "'no org id'" in result["message"]
    assert "sends no X-Scope-OrgID header" in result["message"]


def test_every_step_is_listed_in_order_with_the_same_keys() -> None:
    with recorded.grafana(NEW) as grafana:
        result = probe.run(params(grafana.url, datasource_uid="tempo"))
    keys = ["name", "ok", "status", "elapsed_ms", "cause", "message", "body_excerpt"]
    assert [list(step) for step in result["steps"]] == [keys] * len(result["steps"])
    assert [step["name"] for step in result["steps"] if step["ok"]] == [
        "reach", "authenticate", "permission", "find", "type", "access", "health", "echo", "search",
        "explore_search",
    ]  # fmt: skip
    assert {step["cause"] for step in result["steps"] if step["ok"] is None} == {"not_run"}
    echo = next(step for step in result["steps"] if step["name"] == "echo")
    assert (echo["status"], echo["body_excerpt"]) == (200, "echo")


def test_the_health_check_that_a_version_lacks_is_skipped() -> None:
    with recorded.grafana(OLD) as grafana:
        result = probe.run(params(grafana.url, datasource_uid="tempo"))
    health = next(step for step in result["steps"] if step["name"] == "health")
    assert (health["ok"], health["status"], health["cause"]) == (None, 404, "not_implemented")
