"""coverage: the services and hosts that should trace, against those that Tempo knows."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe import coverage
from ansible_collections.traceops.tracing.tests.contract.replay import Answer, Asked
from ansible_collections.traceops.tracing.tests.probing import FakeClock, failure_of, options
from ansible_collections.traceops.tracing.tests.servers import closed_port
from ansible_collections.traceops.tracing.tests.unit.tempo.server import as_json, query_of, tempo

NOW = 1_795_400_000.0
SERVICES, HOSTS = (f"/api/v2/search/tag/resource.{name}/values" for name in ("service.name", "host.name"))


def values(*names: str) -> Answer:
    return as_json({"tagValues": [{"type": "string", "value": name} for name in names]})


def look(
    now: list[str], earlier: list[str] | None = None, hosts: list[str] | None = None, **given: t.Any
) -> tuple[dict[str, t.Any], list[Asked]]:
    def services(request: Asked) -> Answer:
        asked_since = int(query_of(request)["start"])
        return values(*(now if asked_since > NOW - 7200 else now + (earlier or [])))

    def search(request: Asked) -> Answer:
        if "service.instance.id" not in query_of(request)["q"]:
            last = str(int((NOW - 7500) * 1e9))
            return as_json({"traces": [{"traceID": "a", "startTimeUnixNano": last}]})
        spans = [
            {"spanID": "1", "attributes": [attribute("service.instance.id", "i-1"), attribute("host.name", host)]}
            for host in hosts or []
        ]
        return as_json({"traces": [{"traceID": "a", "spanSets": [{"spans": spans, "matched": len(spans)}]}]})

    routes = {SERVICES: services, HOSTS: values(*(hosts or [])), "/api/search": search}
    with tempo(routes) as (url, asked):
        return coverage.run(options(coverage, tempo_url=url, **given), FakeClock(NOW)), asked


def attribute(key: str, value: str) -> dict[str, t.Any]:
    return {"key": key, "value": {"stringValue": value}}


def test_services_are_seen_silent_misnamed_or_never_there() -> None:
    result, _asked = look(
        ["shop", "Stock", "unknown_service:java"], ["billing"], services=["shop", "stock", "billing", "mail-gateway"]
    )
    assert {name: each["state"] for name, each in result["services"].items()} == {
        "shop": "seen",
        "stock": "near_miss",
        "billing": "silent",
        "mail-gateway": "never",
    }
    assert result["services"]["stock"]["instead"] == "Stock"
    assert result["services"]["billing"]["last"] == NOW - 7500
    assert result["unnamed"] == ["unknown_service:java"]
    assert result["message"] == "Tempo has seen 1 of 4 expected services"


def test_a_service_that_is_expected_itself_is_nobodys_misspelling() -> None:
    result, _asked = look(["shop-eu"], services=["shop-eu", "shop-us"])
    assert result["services"]["shop-us"]["state"] == "never"


def test_when_all_are_there_two_requests_are_enough() -> None:
    _result, asked = look(["shop"], services=["shop"], service_name="shop")
    assert [request.route for request in asked] == [SERVICES, HOSTS]


def test_hosts_are_compared_by_their_first_label() -> None:
    reported = ["app01.example.com", "APP03"]
    seen = coverage.hosts_seen(["app01", "app02.example.com", "app03"], reported)
    assert seen == {"reported": 2, "seen": ["app01", "app03"], "never": ["app02.example.com"]}


def test_hosts_that_go_by_other_names_are_not_called_missing() -> None:
    assert coverage.hosts_seen(["web"], ["ip-10-0-0-1"]) == {"reported": 1, "seen": None, "never": None}


def test_an_instance_id_on_two_hosts_is_found() -> None:
    result, _asked = look(["shop"], hosts=["app01", "app02"], service_name="shop")
    assert result["instances"] == {"looked": 1, "duplicates": {"i-1": ["app01", "app02"]}}


def test_a_tempo_that_does_not_answer_fails_the_probe() -> None:
    failure = failure_of(coverage, tempo_url=f"http://127.0.0.1:{closed_port()}")
    assert failure.cause == "connection_refused"
    assert failure.result["services"] == {}
