"""The Tempo client and its probes understand every answer that real Tempos gave."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpClient, HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo_failure import explain
from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import Trace
from ansible_collections.traceops.tracing.plugins.module_utils._probe import (
    canaries,
    tempo_info,
    tempo_search,
    tempo_trace,
)
from ansible_collections.traceops.tracing.tests.contract.replay import (
    Answer,
    Asked,
    Exchange,
    by_path,
    passage,
    recorded,
    serving,
)
from ansible_collections.traceops.tracing.tests.probing import failure_of, options

VERSIONS = ("2.3.1", "2.10.8", "3.0.3")
WHOLE, ORPHAN = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"
SERVICES = ["billing", "canary-svc", "downstream-http", "future", "json-svc", "past", "velo-sql-app.sql"]
START, END = 1795395586.0, 1795399246.0


def cases(pattern: str) -> list[t.Any]:
    """Each recorded exchange whose path matches, of every version."""
    return [
        pytest.param(version, exchange, id=f"{version}-{number}-{exchange.state}-{exchange.path[:60]}")
        for version in VERSIONS
        for number, exchange in enumerate(recorded(f"tempo-{version}"))
        if re.search(pattern, exchange.path)
    ]


def alone(version: str, exchange: Exchange) -> t.Callable[[Asked], Answer | None]:
    """A server that knows only this answer and its version."""
    same = [Exchange("", urlsplit(exchange.path).path, {}, exchange.answer)]
    return by_path(same + [item for item in after_version(version) if item.path != exchange.path])


def outcome(call: t.Callable[[], t.Any]) -> t.Any:
    """What the client makes of an answer, or the cause that a probe would name."""
    try:
        return call()
    except HttpError as error:
        return explain(error)[0]


@pytest.mark.parametrize(("version", "exchange"), cases(""))
def test_every_answer_passes_the_transport_as_it_is(version: str, exchange: Exchange) -> None:
    with serving(lambda request: exchange.answer) as (url, _asked):
        answer = HttpClient(url, {}, "tempo_url").get(exchange.path, retry=False)
    assert (answer.status, answer.body) == (exchange.answer.status, exchange.answer.body)
    if answer.content_type == "application/json" and answer.status == 200:
        assert isinstance(answer.json(), dict)


@pytest.mark.parametrize(("version", "exchange"), cases("^/ready$"))
def test_readiness_has_its_reason(version: str, exchange: Exchange) -> None:
    with serving(alone(version, exchange)) as (url, _asked):
        answer = TempoClient({"tempo_url": url}).ready()
    assert (answer.status, answer.text) == (exchange.answer.status, exchange.answer.body.decode())
    assert answer.text.strip() == "ready" if answer.status == 200 else "waiting for 15s" in answer.text


@pytest.mark.parametrize("version", VERSIONS)
def test_the_version_is_read_also_where_the_build_has_none(version: str) -> None:
    with serving(after_ingest(version)) as (url, _asked):
        found = TempoClient({"tempo_url": url}).version()
    assert found.text == ("" if version == "3.0.3" else version)
    assert found.numbers == tuple(int(number) for number in version.split(".")[:2])


@pytest.mark.parametrize(("version", "exchange"), cases("^/(tempo/)?api/echo$"))
def test_an_echo_tells_tempo_from_a_wrong_path(version: str, exchange: Exchange) -> None:
    base, right = exchange.path[: -len("/api/echo")], exchange.path == "/api/echo"
    with serving(by_path([exchange])) as (url, _asked):
        assert TempoClient({"tempo_url": url + base}).is_tempo() is right


@pytest.mark.parametrize(("version", "exchange"), cases("^/status/config"))
def test_the_configuration_shows_where_spans_are_received(version: str, exchange: Exchange) -> None:
    with serving(alone(version, exchange)) as (url, _asked):
        config = TempoClient({"tempo_url": url}).config()
    assert config["distributor.receivers.otlp.protocols.grpc.endpoint"] == "127.0.0.1:24317"


@pytest.mark.parametrize(("version", "exchange"), cases("^/api/traces/[0-9a-fA-F]{8}"))
def test_the_first_api_gives_a_trace_none_or_a_cause(version: str, exchange: Exchange) -> None:
    asked_for = exchange.path.rsplit("/", 1)[1]
    short = Exchange("", f"/api/traces/{asked_for.lower().rjust(32, '0')}", {}, exchange.answer)
    with serving(alone("2.3.1", short)) as (url, _asked):
        client = TempoClient({"tempo_url": url})
        found = outcome(lambda: client.trace_by_id(asked_for))
    if exchange.answer.status == 401:
        assert found == "tenant_missing"
    else:
        assert isinstance(found, Trace if exchange.answer.status == 200 else type(None))


@pytest.mark.parametrize(("version", "exchange"), cases("^/api/v2/traces/[0-9a-f]{8}"))
def test_the_second_api_gives_a_trace_or_none_or_is_not_there(version: str, exchange: Exchange) -> None:
    missing = exchange.answer.body.startswith(b'{"trace":{}')
    with serving(alone("2.10.8", exchange)) as (url, asked):
        client = TempoClient({"tempo_url": url})
        found = outcome(lambda: client.trace_by_id(exchange.path.rsplit("/", 1)[1]))
    if exchange.answer.status == 404:
        assert found == "not_tempo", "neither API is there"
        assert asked[-1].path.startswith("/api/traces/"), "the first API was tried too"
    else:
        assert isinstance(found, type(None) if missing else Trace)


@pytest.mark.parametrize(("version", "exchange"), cases("^/api/search[?]"))
def test_a_search_gives_traces_or_the_servers_objection(version: str, exchange: Exchange) -> None:
    body = exchange.answer.body.decode()
    with serving(alone(version, exchange)) as (url, _asked):
        client = TempoClient({"tempo_url": url})
        found = outcome(lambda: client.search("{ }", START, END, 20))
    if exchange.answer.status == 200:
        assert len(found) == body.count('"traceID"')
        assert {len(item.trace_id) for item in found} <= {32}
    else:
        objection = "bad_query" if "TraceQL" in body else "rejected"
        assert found == ("tenant_missing" if exchange.answer.status == 401 else objection)


@pytest.mark.parametrize(("version", "exchange"), cases("^/api/v2/search/tag/resource.service.name/values$"))
def test_service_names_are_listed(version: str, exchange: Exchange) -> None:
    with serving(alone(version, exchange)) as (url, _asked):
        names = TempoClient({"tempo_url": url}).tag_values("resource.service.name", START, END)
    assert names == (SERVICES if exchange.state == "ingested" else [])


def after_ingest(version: str) -> t.Callable[[Asked], Answer | None]:
    """The server of a recording, filled: its last answers while it was empty or ingested, and its metrics."""
    known = [item for item in recorded(f"tempo-{version}") if item.state in ("empty", "ingested")]
    pages = by_path([item for item in known if not item.path.startswith("/tempo/")])
    metrics = Answer(200, {"Content-Type": "text/plain"}, passage(f"tempo-{version}", "metrics_after_ingest").encode())
    return lambda request: metrics if request.route == "/metrics" else pages(request)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_tempo_is_described(version: str) -> None:
    with serving(after_ingest(version)) as (url, _asked):
        result = tempo_info.run(options(tempo_info, tempo_url=url))
    assert (result["ready"], result["version"]) == (True, None if version == "3.0.3" else version)
    assert result["at_least"] == ".".join(version.split(".")[:2])
    assert result["counters"]["received"] == 9
    assert result["config"]["receivers"]["otlp_grpc"] == "127.0.0.1:24317"
    assert result["unavailable"] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_trace_hangs_together_and_the_other_misses_its_root(version: str) -> None:
    with serving(after_ingest(version)) as (url, _asked):
        whole = tempo_trace.run(options(tempo_trace, tempo_url=url, trace_id=WHOLE))
        orphan = tempo_trace.run(options(tempo_trace, tempo_url=url, trace_id=ORPHAN.lstrip("0")))
    assert (whole["complete"], whole["span_count"], whole["depth"], whole["error_count"]) == (True, 3, 3, 1)
    assert [service["name"] for service in whole["services"]] == ["velo-sql-app.sql", "downstream-http"]
    assert (orphan["complete"], orphan["root_count"], orphan["orphan_count"]) == (False, 0, 1)
    assert orphan["orphans"][0]["missing_parent"] == "b7ad6b7169203339"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_trace_is_the_same_in_every_recorded_form(version: str) -> None:
    forms: list[Trace] = []
    for exchange in recorded(f"tempo-{version}"):
        if exchange.state == "ingested" and exchange.path.endswith(WHOLE) and exchange.answer.status == 200:
            v2 = exchange.path.startswith("/api/v2/")
            routes = [Exchange("", exchange.path, {}, exchange.answer), *after_version("2.10.8" if v2 else "2.3.1")]
            with serving(by_path(routes)) as (url, _asked):
                trace = TempoClient({"tempo_url": url}).trace_by_id(WHOLE)
            assert trace is not None
            forms.append(Trace(sorted(trace.spans)))
    assert len(forms) == (2 if version == "2.3.1" else 3)
    assert all(form == forms[0] for form in forms)


def after_version(version: str) -> list[Exchange]:
    return [item for item in recorded(f"tempo-{version}") if item.path == "/api/status/buildinfo"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_guides_misspelt_service_finds_its_right_name(version: str) -> None:
    """`velo-sql-app` is what people type; the program calls itself `velo-sql-app.sql`."""
    nothing = Answer(200, {"Content-Type": "application/json"}, b'{"traces":[],"metrics":{}}')
    rest = after_ingest(version)
    with serving(lambda request: nothing if request.route == "/api/search" else rest(request)) as (url, _asked):
        result = tempo_search.run(options(tempo_search, tempo_url=url, service_name="velo-sql-app"))
    assert result["services"] == SERVICES
    assert result["suggestions"] == ["velo-sql-app.sql"]
    assert result["pending_until"] is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_trace_whose_root_was_lost_is_found_with_its_whole_id(version: str) -> None:
    (billing,) = [
        item
        for item in recorded(f"tempo-{version}")
        if item.state == "ingested" and item.path == "/api/search?tags=service.name%3Dbilling"
    ]
    routes = [Exchange("", "/api/search", {}, billing.answer), *after_version("2.3.1")]
    with serving(by_path(routes)) as (url, _asked):
        result = tempo_search.run(options(tempo_search, tempo_url=url, service_name="billing"))
    assert [(item["trace_id"], item["root_service"]) for item in result["traces"]] == [(ORPHAN, None)]


@pytest.mark.parametrize("version", VERSIONS)
def test_canaries_are_looked_up_in_a_recorded_tempo(version: str) -> None:
    ids = {"whole": WHOLE, "orphan": ORPHAN}
    with serving(after_ingest(version)) as (url, _asked):
        result = canaries.run(options(canaries, tempo_url=url, trace_ids=ids))
    assert (result["ok"], result["found"]) == (True, ["whole", "orphan"])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_multi_tenant_tempo_without_a_tenant_is_ready_and_refuses_queries(version: str) -> None:
    multitenant = [item for item in recorded(f"tempo-{version}") if item.state == "multitenant"]
    without = [item for item in multitenant if "X-Scope-OrgID" not in item.headers]
    with serving(by_path(without + after_version(version))) as (url, _asked):
        info = tempo_info.run(options(tempo_info, tempo_url=url))
        failure = failure_of(tempo_search, tempo_url=url)
    assert info["ready"]
    assert failure.cause == "tenant_missing"
    assert failure.message.endswith("this Tempo is multi-tenant, give it a tenant")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_trace_of_another_tenant_is_not_found(version: str) -> None:
    multitenant = [item for item in recorded(f"tempo-{version}") if item.state == "multitenant"]

    def choose(request: Asked) -> Answer | None:
        if request.route == "/api/status/buildinfo":
            return after_version("2.3.1")[0].answer
        tenant = request.headers.get("x-scope-orgid")
        same = [item for item in multitenant if item.path == request.path]
        return next((item.answer for item in same if item.headers.get("X-Scope-OrgID") == tenant), None)

    with serving(choose) as (url, _asked):
        found = tempo_trace.run(options(tempo_trace, tempo_url=url, trace_id=WHOLE, tenant="team-a"))
        failure = failure_of(tempo_trace, tempo_url=url, trace_id=WHOLE, tenant="team-b")
    assert found["span_count"] > 0
    assert failure.cause == "trace_not_found"
