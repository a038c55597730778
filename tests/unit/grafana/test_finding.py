"""Reaching Grafana, being let in, finding the data source."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe import grafana as probe
from ansible_collections.traceops.tracing.tests.contract.replay import Answer
from ansible_collections.traceops.tracing.tests.servers import closed_port
from ansible_collections.traceops.tracing.tests.unit.grafana import recorded
from ansible_collections.traceops.tracing.tests.unit.grafana.params import params

OLD, MIDDLE, NEW = recorded.VERSIONS
JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
NO_ROUTE = Answer(500, JSON, b'{"message":"Unable to load datasource meta data"}')
FOUND = Answer(200, JSON, b'{"traces":[],"metrics":{"completedJobs":3}}')


def seen(result: dict[str, t.Any], step: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", next(entry for entry in result["steps"] if entry["name"] == step))


@pytest.mark.parametrize("version", recorded.VERSIONS)
@pytest.mark.parametrize(
    ("user", "hint"),
    [
        ({"url_username": None}, "give token, or url_username and url_password"),
        ({"url_username": "mallory", "url_password": "guess"}, "not tried again"),
        ({"token": "bad"}, "the token is not valid"),
    ],
)
def test_refused_credentials_are_tried_once(version: str, user: dict[str, t.Any], hint: str) -> None:
    with recorded.grafana(version) as grafana:
        result = probe.run(params(grafana.url, **user))
    assert result["cause"] == "unauthorized"
    assert hint in result["message"]
    assert seen(result, "authenticate")["status"] == 401
    assert seen(result, "find")["cause"] == "not_run"
    assert [asked.route for asked in grafana.asked] == ["/api/health", "/api/datasources"]


def test_a_viewer_of_7_5_may_see_no_data_source() -> None:
    with recorded.grafana(OLD) as grafana:
        result = probe.run(params(grafana.url, url_username="viewer", url_password="pass"))
    assert result["cause"] == "forbidden"
    assert seen(result, "authenticate")["ok"]
    assert seen(result, "permission")["status"] == 403


def test_a_viewer_finds_the_data_source_by_what_the_front_end_is_told() -> None:
    # Hand-made after Grafana 7.5's pkg/api/frontendsettings.go: for access proxy, url is the proxy's path.
    settings = {
        "datasources": {
            "-- Grafana --": {"id": -1, "uid": "grafana", "type": "datasource", "name": "-- Grafana --"},
            "Tempo": {
                "id": 1,
                "uid": "tempo",
                "type": "tempo",
                "name": "Tempo",
                "access": "proxy",
                "url": "/api/datasources/proxy/1",
                "jsonData": {},
            },
        }
    }
    replaced = {
        "/api/frontend/settings": Answer(200, JSON, json.dumps(settings).encode()),
        "/api/datasources/proxy/1/api/search": FOUND,
        "/api/datasources/proxy/uid/tempo/api/echo": NO_ROUTE,
    }
    with recorded.grafana(OLD, replaced) as grafana:
        result = probe.run(params(grafana.url, url_username="viewer", url_password="pass"))
    assert result["cause"] == "ok"
    assert result["datasource"]["name"] == "Tempo"
    assert result["datasource"]["url"] is None
    assert result["settings"]["url"] is None


@pytest.mark.parametrize("version", [MIDDLE, NEW])
def test_a_viewers_token_is_enough_since_9_4(version: str) -> None:
    replaced = {"/api/datasources/proxy/uid/tempo/api/search": FOUND}
    with recorded.grafana(version, replaced) as grafana:
        result = probe.run(params(grafana.url, token="sa-viewer", datasource_uid="tempo"))
    assert result["cause"] == "ok"


@pytest.mark.parametrize("version", [MIDDLE, NEW])
def test_another_organisation_is_named_by_a_header_only(version: str) -> None:
    with recorded.grafana(version) as grafana:
        result = probe.run(params(grafana.url, org_id=99))
    assert result["cause"] == "forbidden"
    assert "no member of organisation 99" in result["message"]
    assert {asked.headers.get("x-grafana-org-id") for asked in grafana.asked} == {"99"}
    assert {asked.method for asked in grafana.asked} == {"GET"}


def test_a_401_too_may_be_that_of_another_organisation() -> None:
    replaced = {"/api/datasources": Answer(401, JSON, b'{"message":"Unauthorized"}')}
    with recorded.grafana(NEW, replaced) as grafana:
        result = probe.run(params(grafana.url, org_id=99))
    assert result["cause"] == "unauthorized"
    assert "no member of organisation 99" in result["message"]


def test_a_data_source_is_found_by_its_name() -> None:
    with recorded.grafana(NEW) as grafana:
        result = probe.run(params(grafana.url, datasource_name="TempoTenant"))
    assert result["datasource"]["uid"] == "t-tenant"
    assert result["datasource"]["headers"] == ["X-Scope-OrgID"]


@pytest.mark.parametrize("wanted", [{"datasource_uid": "nope"}, {"datasource_name": "Nope"}])
def test_a_missing_data_source_comes_with_those_there_are(wanted: dict[str, str]) -> None:
    with recorded.grafana(OLD) as grafana:
        result = probe.run(params(grafana.url, **wanted))
    assert result["cause"] == "datasource_missing"
    assert "'nope'" in result["message"].lower()
    assert "Tempo (tempo)" in result["message"]
    assert [source["uid"] for source in result["datasources"]] == ["tempo", "tempobad", "tempodns", "tempowrong"]


def test_uid_and_name_of_two_data_sources_are_none() -> None:
    with recorded.grafana(OLD) as grafana:
        result = probe.run(params(grafana.url, datasource_uid="tempo", datasource_name="TempoBad"))
    assert result["cause"] == "datasource_missing"


def test_several_tempos_are_an_answer() -> None:
    with recorded.grafana(OLD) as grafana:
        result = probe.run(params(grafana.url))
    assert result["cause"] == "datasource_ambiguous"
    assert "4 Tempo data sources" in result["message"]
    assert result["datasource"] is None


def test_no_tempo_is_an_answer() -> None:
    only_loki = Answer(
        200, JSON, b'[{"id":1,"uid":"l","name":"Loki","type":"loki","access":"proxy","url":"http://l:3100"}]'
    )
    with recorded.grafana(NEW, {"/api/datasources": only_loki}) as grafana:
        result = probe.run(params(grafana.url))
    assert (result["cause"], result["datasources"]) == ("datasource_missing", [])
    assert result["message"] == "none of Grafana's 1 data sources is of type tempo"


def test_the_only_tempo_needs_no_name() -> None:
    listing = json.dumps(
        [{"id": 1, "uid": "tempo", "name": "Tempo", "type": "tempo", "access": "proxy", "url": "http://t"}]
    )
    with recorded.grafana(NEW, {"/api/datasources": Answer(200, JSON, listing.encode())}) as grafana:
        result = probe.run(params(grafana.url))
    assert (result["cause"], result["datasource"]["uid"]) == ("ok", "tempo")


def test_a_hidden_version_is_taken_from_the_front_end() -> None:
    replaced = {
        "/api/health": Answer(200, JSON, b'{"database":"ok"}'),
        "/api/frontend/settings": Answer(200, JSON, b'{"buildInfo":{"version":"11.2.0"}}'),
    }
    with recorded.grafana(NEW, replaced) as grafana:
        result = probe.run(params(grafana.url, datasource_uid="tempo"))
    assert (result["cause"], result["version"]) == ("ok", "11.2.0")


def test_a_dead_grafana_is_unreachable() -> None:
    result = probe.run(params(f"http://127.0.0.1:{closed_port()}"))
    assert (result["cause"], result["transport"]) == ("grafana_unreachable", "connection_refused")
    assert [step["cause"] for step in result["steps"][:2]] == ["connection_refused", "not_run"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(404, {"Content-Type": "text/plain"}, b"404 page not found\n"), "404 '404 page not found'"),
        (Answer(200, HTML, b"<!DOCTYPE html><title>Sign in</title>"), "a web page"),
        (Answer(302, {"Location": "https://sso.example/login"}, b""), "redirect (302) to 'https://sso.example/login'"),
        (Answer(200, JSON, b'["a", "list"]'), "not by Grafana"),
    ],
)
def test_what_is_not_grafana_is_said_so(answer: Answer, words: str) -> None:
    with recorded.grafana(NEW, {"/api/health": answer}) as grafana:
        result = probe.run(params(grafana.url))
    assert result["cause"] == "not_grafana"
    assert words in result["message"]
    assert len(grafana.asked) == 1


def test_a_login_page_behind_a_working_health_is_not_grafana() -> None:
    page = Answer(200, HTML, b"<!DOCTYPE html><title>Sign in</title>")
    with recorded.grafana(NEW, {"/api/datasources": page}) as grafana:
        result = probe.run(params(grafana.url))
    assert result["cause"] == "not_grafana"


def test_a_grafana_without_its_database_is_unhealthy() -> None:
    failing = Answer(503, JSON, b'{"database":"failing","version":"9.4.0"}')
    with recorded.grafana(MIDDLE, {"/api/health": failing}) as grafana:
        result = probe.run(params(grafana.url))
    assert (result["cause"], result["version"]) == ("grafana_unhealthy", "9.4.0")


@pytest.mark.parametrize(
    ("option", "value"),
    [("grafana_url", "localhost:3000"), ("tempo_url", "tempo:3200"), ("trace_id", "xyz"), ("timeout", -1.0)],
)
def test_bad_input_names_the_option_and_keeps_the_keys(option: str, value: t.Any) -> None:
    given = params("http://127.0.0.1:3000")
    with pytest.raises(BadOption, match=option) as caught:
        probe.run({**given, option: value})
    with recorded.grafana(NEW) as grafana:
        assert caught.value.result.keys() == probe.run(params(grafana.url)).keys()
