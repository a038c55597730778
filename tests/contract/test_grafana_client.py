"""The Grafana client on the recorded answers of three versions."""

from __future__ import annotations

import json

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client.grafana import (
    DataSource,
    GrafanaClient,
    parse_datasource,
    parse_listing,
    proxy_routes,
)
from ansible_collections.traceops.tracing.tests.unit.grafana import recorded
from ansible_collections.traceops.tracing.tests.unit.grafana.params import params

OLD, MIDDLE, NEW = recorded.VERSIONS
TEMPO = DataSource(1, "tempo", "Tempo", "tempo", "proxy", "http://tempo:3200", {}, {}, False)


@pytest.mark.parametrize("version", recorded.VERSIONS)
def test_health_needs_no_credentials(version: str) -> None:
    with recorded.grafana(version) as grafana:
        answer = GrafanaClient(grafana.url, params(grafana.url, url_username=None)).health()
    assert (answer.status, answer.json()["database"]) == (200, "ok")


@pytest.mark.parametrize("version", recorded.VERSIONS)
def test_the_listing_has_every_recorded_data_source(version: str) -> None:
    with recorded.grafana(version) as grafana:
        listing = parse_listing(GrafanaClient(grafana.url, params(grafana.url)).datasources().json())
    assert set(recorded.states_of(version)) <= {source.uid for source in listing}
    tempo = next(source for source in listing if source.uid == "tempo")
    assert (tempo.id, tempo.name, tempo.type, tempo.access) == (1, "Tempo", "tempo", "proxy")
    assert tempo.secrets_set is None, "only the data source's own entry says which secrets are set"


@pytest.mark.parametrize("version", [MIDDLE, NEW])
def test_a_data_sources_own_entry_says_which_headers_have_a_value(version: str) -> None:
    with recorded.grafana(version) as grafana:
        source = parse_datasource(GrafanaClient(grafana.url, params(grafana.url)).datasource("t-tenant").json())
    assert source
    assert source.settings == {"httpHeaderName1": "X-Scope-OrgID"}
    assert source.secrets_set == {"httpHeaderValue1": True}


@pytest.mark.parametrize(
    ("version", "uid", "by_uid", "by_number"),
    [
        (OLD, "tempo", 500, 200),
        (MIDDLE, "tempo", 200, 200),
        (MIDDLE, "t-tenant", 404, 200),
        (NEW, "tempo", 200, 404),
        (NEW, "t-tenant", 200, 404),
    ],
)
def test_each_version_serves_its_own_form_of_the_proxys_path(
    version: str, uid: str, by_uid: int, by_number: int
) -> None:
    with recorded.grafana(version) as grafana:
        client = GrafanaClient(grafana.url, params(grafana.url))
        source = next(source for source in parse_listing(client.datasources().json()) if source.uid == uid)
        answers = [client.proxied(route, "/api/echo").status for route in proxy_routes(source)]
    assert answers == [by_uid, by_number]


def test_a_query_names_the_data_source_for_old_and_new_versions() -> None:
    with recorded.grafana(NEW) as grafana:
        answer = GrafanaClient(grafana.url, params(grafana.url)).query(TEMPO, "traceql", "{ }", "now-1h")
    assert answer.status == 200
    sent = json.loads(grafana.asked[0].body)
    assert (sent["from"], sent["to"]) == ("now-1h", "now")
    assert sent["queries"][0]["datasource"] == {"type": "tempo", "uid": "tempo"}
    assert sent["queries"][0]["datasourceId"] == 1


def test_no_request_carries_a_tenant_to_grafana() -> None:
    given = {"tenant": "team-a", "headers": {"x-scope-orgid": "team-a", "X-Route": "blue"}}
    with recorded.grafana(NEW) as grafana:
        GrafanaClient(grafana.url, params(grafana.url, **given)).datasources()
    assert "x-scope-orgid" not in grafana.asked[0].headers
    assert grafana.asked[0].headers["x-route"] == "blue"


def test_a_uid_can_not_leave_its_place_in_the_path() -> None:
    with recorded.grafana(NEW) as grafana:
        GrafanaClient(grafana.url, params(grafana.url)).datasource("../../admin?x=1#y")
    assert grafana.asked[0].path == "/api/datasources/uid/..%2F..%2Fadmin%3Fx%3D1%23y"


def test_a_data_source_without_number_or_uid_has_one_route() -> None:
    assert proxy_routes(TEMPO._replace(id=None)) == ["/api/datasources/proxy/uid/tempo"]
    assert proxy_routes(TEMPO._replace(uid="")) == ["/api/datasources/proxy/1"]
