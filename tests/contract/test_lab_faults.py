"""The lab's faults of Tempo and Grafana say what real ones said that really had them."""

from __future__ import annotations

import json
import re
import time
import typing as t

import pytest
import requests

from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._otel import tempo_state
from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.tests.contract.replay import RECORDINGS, Answer, Asked, serving
from ansible_collections.traceops.tracing.tests.lab import answers
from ansible_collections.traceops.tracing.tests.lab.answers import denying_proxy
from ansible_collections.traceops.tracing.tests.lab.grafana_api import Grafana
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.lab.wire import Listener, Response
from ansible_collections.traceops.tracing.tests.probing import options

RECORDING = json.loads((RECORDINGS / "tempo-faults-2.10.8.json").read_text(encoding="utf-8"))
RECORDING_3 = json.loads((RECORDINGS / "tempo-faults-3.0.3.json").read_text(encoding="utf-8"))
GRAFANA = json.loads((RECORDINGS / "grafana-faults-13.1.5.json").read_text(encoding="utf-8"))

ODD = json.loads((RECORDINGS / "grafana-odd-answers-13.1.5.json").read_text(encoding="utf-8"))


def recorded(situation: str, path: str) -> list[dict[str, t.Any]]:
    """The answers to requests for this path in a situation of 2.10.8."""
    exchanges = RECORDING["situations"][situation]["exchanges"]
    return [e["response"] for e in exchanges if e["request"]["path"].partition("?")[0] == path]


def short_range(tempo: Tempo) -> None:
    tempo.api.max_search_s = 3600


def too_large(tempo: Tempo) -> None:
    tempo.api.by_id = "too large"


def full_queue(tempo: Tempo) -> None:
    tempo.api.by_id, tempo.api.overloaded = "queue full", True


def no_querier(tempo: Tempo) -> None:
    tempo.api.not_ready = "Query Frontend not ready: not ready: number of queriers connected to query-frontend is 0\n"


def no_ingester(tempo: Tempo) -> None:
    tempo.distributor.refuses = "DoBatch: InstancesCount <= 0"
    tempo.api.failing = (
        "error querying ingesters in Querier.SearchRecent: forIngesterRings: error getting replication set for ring"
        " (0): empty ring"
    )


def copy_of_a_block(tempo: Tempo) -> None:
    tempo.store.count("tempodb_blocklist_tenant_index_builder", "single-tenant")


def distributor(tempo: Tempo) -> None:
    tempo.api.target = "distributor"


def without_bloom(tempo: Tempo) -> None:
    tempo.api.by_id = "without bloom"


def unknown_format(tempo: Tempo) -> None:
    tempo.api.by_id, tempo.api.failing = "unknown format", "vParquet9 is not a valid block version"


def dead_ingester(tempo: Tempo) -> None:
    dial = (
        'connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:21211: connect: connection'
        ' refused"'
    )
    tempo.distributor.refuses = dial
    tempo.api.failing = (
        "error querying ingesters in Querier.SearchRecent: failed to execute f() for 127.0.0.1:21211: rpc error: code ="
        f" Unavailable desc = {dial}"
    )


def unhealthy_ingester(tempo: Tempo) -> None:
    tempo.distributor.refuses = (
        "at least 1 live replicas required, could only find 0 - unhealthy instances: 127.0.0.1:21211"
    )
    tempo.api.failing = (
        "error querying ingesters in Querier.SearchRecent: forIngesterRings: error getting replication set for ring"
        " (0): too many unhealthy instances in the ring"
    )
    tempo.api.ring = {"ingester": [("127.0.0.1:21211", "UNHEALTHY")]}


def too_many_names(tempo: Tempo) -> None:
    tempo.api.names = (
        "rpc error: code = ResourceExhausted desc = grpc: received message after decompression larger than max 60000"
    )


def no_live_store(tempo: Tempo) -> None:
    tempo.distributor.refuses = "DoBatch: InstancesCount <= 0"
    tempo.api.failing = (
        "error querying live-stores in Querier.SearchRecent: error finding partition ring replicas: empty ring"
    )


FAULTS: dict[str, t.Callable[[Tempo], None]] = {
    "searches may span an hour": short_range,
    "traces above a querier's limit": too_large,
    "a full queue": full_queue,
    "no querier": no_querier,
    "no ingester": no_ingester,
    "a copy of a block among the blocks": copy_of_a_block,
    "a distributor": distributor,
    "a block without its bloom filter": without_bloom,
    "a block of a format that is not known": unknown_format,
    "an ingester that was killed": dead_ingester,
    "an ingester that died a while ago": unhealthy_ingester,
    "more names than fit into a message": too_many_names,
}
# The lab shows rings with members that are ill only.
NOT_SHOWN = {("a distributor", "/ingester/ring")}


def answered(tempo: Tempo, request: dict[str, str]) -> tuple[int, str]:
    """Status and body of the lab's answer to a recorded request."""
    if request["method"] == "POST":
        body: dict[str, t.Any] = {"resourceSpans": [{"scopeSpans": [{"spans": [span()]}]}]}
        answer = requests.post(tempo.otlp_http + request["path"], json=body, timeout=5)
    else:
        answer = requests.get(tempo.url + request["path"], timeout=5)
    return answer.status_code, answer.text


def span() -> dict[str, str]:
    return {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "buy"}


def alike(body: str) -> str:
    """JSON however it is spaced and escaped, without what differs from run to run: times and blocks; of a member of a
    ring only address and state."""
    if body.startswith("{"):
        value = json.loads(body)
        if "shards" in value:
            value = [(each["address"], each["state"]) for each in value["shards"]]
        body = json.dumps(value)
    body = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "BLOCK", body)
    return re.sub(r"\d{10}|\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", body)


@pytest.mark.parametrize("situation", FAULTS)
def test_the_lab_says_what_tempo_said(situation: str) -> None:
    tempo = Tempo()
    FAULTS[situation](tempo)
    try:
        for exchange in RECORDING["situations"][situation]["exchanges"]:
            request, recorded = exchange["request"], exchange["response"]
            if (situation, request["path"]) in NOT_SHOWN:
                continue
            status, body = answered(tempo, request)
            assert status == recorded["status"], request
            if request["path"] in ("/metrics", "/status/config"):
                families = {line for line in body.splitlines() if line.startswith(("tempodb_blocklist_", "target"))}
                told = {line for line in recorded["body"].splitlines() if line.startswith(("tempodb_", "target"))}
                assert told <= families, request
                assert not any(line.startswith("tempodb_blocklist_length") for line in families)
            else:
                assert alike(body) == alike(recorded["body"]), request
    finally:
        tempo.stop()


@pytest.fixture
def tempo() -> t.Iterator[Tempo]:
    running = Tempo()
    yield running
    running.stop()


def samples(tempo: Tempo, *families: str) -> dict[str, float]:
    """What the lab's page has of these families: by name and labels."""
    return told(requests.get(f"{tempo.url}/metrics", timeout=5).text, *families)


def told(page: str, *families: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in page.splitlines() if line.startswith(families)]
    return {
        re.sub(r',?\b(remote_name|url)="[^"]*"', "", name).replace("{,", "{"): float(value)
        for name, _unused, value in lines
    }


def send(tempo: Tempo, ahead_s: int = 0, number: int = 1) -> tuple[int, str]:
    stamp = (int(time.time()) + ahead_s) * 10**9
    sent = {
        **span(),
        "traceId": f"{number:032x}",
        "startTimeUnixNano": str(stamp),
        "endTimeUnixNano": str(stamp + 10**6),
    }
    body: dict[str, t.Any] = {"resourceSpans": [{"scopeSpans": [{"spans": [sent]}]}]}
    answer = requests.post(f"{tempo.otlp_http}/v1/traces", json=body, timeout=5)
    return answer.status_code, answer.text


def test_no_search_shows_spans_of_the_future_though_they_were_accepted(tempo: Tempo) -> None:
    situation = "spans two hours ahead"
    assert send(tempo, ahead_s=7200)[0] == 200
    now = int(time.time())
    (search, around) = recorded(situation, "/api/search")
    assert json.loads(search["body"])["traces"] == json.loads(around["body"])["traces"] == []
    lab = requests.get(f"{tempo.url}/api/search?q=%7B%7D&start={now - 3600}&end={now + 60}", timeout=5)
    assert lab.json()["traces"] == []
    page = told(recorded(situation, "/metrics")[0]["body"], "tempo_spans_distance_in_future", "tempo_warnings")
    shown = samples(tempo, "tempo_spans_distance_in_future", "tempo_warnings")
    assert shown.keys() == page.keys()
    near = 'tempo_spans_distance_in_future_seconds_bucket{tenant="single-tenant",le="300"}'
    assert (shown[near], page[near]) == (0, 0)


def test_traces_above_the_limit_are_discarded_with_success(tempo: Tempo) -> None:
    situation = "traces above max_traces_per_user"
    families = (
        "tempo_discarded_spans_total",
        "tempo_distributor_spans_received_total",
        "tempo_receiver_accepted_spans",
    )
    tempo.stop()
    tight = Tempo(limits=Limits(max_traces_per_user=2))
    try:
        answers = {send(tight, number=number) for number in range(1, 21)}
        shown = samples(tight, *families)
    finally:
        tight.stop()
    (sent,) = recorded(situation, "/v1/traces")
    assert answers == {(sent["status"], sent["body"])}
    page = told(recorded(situation, "/metrics")[0]["body"], *families)
    # There traces had three spans.
    counted = {name: value for name, value in shown.items() if value}
    assert counted == {name: value / 3 for name, value in page.items() if value}


def test_a_loss_that_ended_stands_in_counters_that_go_on(tempo: Tempo) -> None:
    """What was discarded stays, and what comes is counted beside it."""
    families = ("tempo_discarded_spans_total", "tempo_distributor_spans_received_total")
    (before, after) = (told(page["body"], *families) for page in recorded("a loss that ended", "/metrics"))
    for came, lost, page in ((60, 54, before), (120, 0, after)):
        tempo.store.count("spans_received", "single-tenant", by=came)
        tempo.store.count("discarded", "live_traces_exceeded", "single-tenant", by=lost)
        assert {name: value for name, value in samples(tempo, *families).items() if value} == {
            name: value for name, value in page.items() if value
        }


def test_look_ups_by_id_that_never_end_leave_searches_and_readiness_alone(tempo: Tempo) -> None:
    tempo.api.by_id = "hang"
    exchanges = RECORDING["situations"]["a bloom filter that is never read to its end"]["exchanges"]
    assert {e["response"]["status"] for e in exchanges} == {0, 200}
    for exchange in exchanges:
        path, wanted = exchange["request"]["path"], exchange["response"]
        if wanted["status"] == 0:  # there for fifteen seconds
            with pytest.raises(requests.ReadTimeout):
                requests.get(tempo.url + path, timeout=0.5)
        else:
            assert requests.get(tempo.url + path, timeout=5).status_code == wanted["status"], path


def test_processes_with_a_disk_each_are_silent_about_what_they_do_not_see(tempo: Tempo) -> None:
    exchanges = RECORDING["situations"]["processes with a disk each"]["exchanges"]
    ingester, frontend = tempo, Tempo(store=tempo.store, otlp=False)
    ingester.api.target, ingester.api.runs = "ingester", ("distributor", "ingester", "server", "store")
    frontend.api.target, frontend.api.runs = "query-frontend", ("query-frontend", "server", "overrides", "store")
    try:
        for exchange in exchanges:
            path, wanted = exchange["request"]["path"], exchange["response"]
            asked = frontend if exchange["note"] != "ingester" else ingester
            answer = requests.get(asked.url + path, timeout=5)
            assert answer.status_code == wanted["status"], path
            if path == "/status/config":
                settings = TempoClient({"tempo_url": asked.url, "timeout": 5.0}).config()
                assert settings["target"] == "query-frontend"
                assert settings["storage.trace.backend"] == "local"
                assert "backend: local" in wanted["body"]
            elif path == "/metrics":
                assert "tempodb_blocklist_length" not in wanted["body"] + answer.text
            elif path.startswith("/api/search"):
                assert answer.json()["traces"] == json.loads(wanted["body"])["traces"] == []
                assert "totalBlocks" not in wanted["body"]
            else:
                assert alike(answer.text) == alike(wanted["body"]), path
    finally:
        frontend.stop()


@pytest.mark.parametrize("proxied", [False, True])
def test_a_tempo_that_is_killed_takes_no_connection(proxied: bool, tempo: Tempo) -> None:
    """Behind a container engine's proxy it is the engine that takes the connection."""
    alive, *dead = RECORDING["situations"]["a process that was killed"]["exchanges"]
    assert alive["response"]["status"] == 200
    assert {exchange["response"]["body"] for exchange in dead} == {"connection refused"}
    tempo.api.stays, tempo.api.ended = 1, None if proxied else tempo.kill
    assert requests.get(f"{tempo.url}/ready", timeout=5).status_code == 200
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        requests.get(f"{tempo.url}/ready", timeout=5)
    with pytest.raises(requests.ConnectionError, match="Connection aborted" if proxied else "Connection refused"):
        requests.get(f"{tempo.url}/ready", timeout=5)


def test_two_tempos_behind_one_address_answer_in_turn(tempo: Tempo) -> None:
    situation = "two Tempos behind one address"
    other = Tempo()
    other.store.started -= 60
    balancer = Listener(answers.in_turn(tempo.api, other.api))
    try:
        assert send(tempo)[0] == 200
        found, missed = (requests.get(f"{balancer.url}/api/v2/traces/1", timeout=5).text for _unused in range(2))
        pages = (requests.get(f"{balancer.url}/metrics", timeout=5).text for _unused in range(2))
        started = {tuple(told(page, "process_start_time").values()) for page in pages}
    finally:
        balancer.stop()
        other.stop()
    assert len({page["body"] for page in recorded(situation, "/metrics")}) == len(started) == 2
    asked = "/api/v2/traces/8ece1dc354a4e96dc1c55019e8bf8597"
    assert [e["body"][:24] for e in recorded(situation, asked)] == [found[:24], missed[:24]]


def test_a_process_that_a_trace_ends_closes_the_connection(tempo: Tempo) -> None:
    assert (
        "closed connection without response"
        in RECORDING["situations"]["a trace that ends the process"]["exchanges"][0]["response"]["body"]
    )
    tempo.store.started -= 3600
    tempo.api.crashes_on = bytes.fromhex(f"{1:032x}")
    before = samples(tempo, "process_start_time_seconds")
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        requests.get(f"{tempo.url}/api/traces/1", timeout=5)
    assert samples(tempo, "process_start_time_seconds") != before


def test_samples_that_no_prometheus_takes_are_sent_again_without_end(tempo: Tempo) -> None:
    families = ("prometheus_remote_storage_samples_total", "prometheus_remote_storage_samples_retried_total")
    page = told(recorded("a Prometheus that takes no metrics", "/metrics")[0]["body"], *families)
    tempo.store.count(families[0], "single-tenant", by=5522)
    tempo.store.count(families[1], "single-tenant", by=5271)
    assert samples(tempo, *families) == page


def test_a_generator_without_a_processor_has_a_prometheus_and_receives_no_span(tempo: Tempo) -> None:
    counted, page = (
        e["response"]["body"] for e in RECORDING["situations"]["a generator without a processor"]["exchanges"]
    )
    real = Listener(lambda _request: Response(200, page.encode(), "text/plain; charset=utf-8"))
    tempo.api.remote_write = "http://127.0.0.1:1/api/v1/write"
    try:
        settings = [TempoClient({"tempo_url": url, "timeout": 5.0}).config() for url in (real.url, tempo.url)]
    finally:
        real.stop()
    wanted = {"storage": True, "remote_write": True, "processors": False}
    assert [tempo_state.settings(each, "")["metrics_generator"] for each in settings] == [wanted, wanted]
    received = "tempo_metrics_generator_spans_received_total"
    assert received not in counted
    assert not any(samples(tempo, received).values())


def test_a_tempo_3_without_a_live_store_refuses_on_both_sides() -> None:
    tempo = Tempo("3.0.3")
    no_live_store(tempo)
    try:
        for exchange in RECORDING_3["situations"]["no live store"]["exchanges"]:
            if exchange["request"]["path"].startswith(("/v1/traces", "/api/search")):
                status, body = answered(tempo, exchange["request"])
                assert (status, alike(body)) == (exchange["response"]["status"], alike(exchange["response"]["body"]))
    finally:
        tempo.stop()


def test_live_stores_that_are_asked_for_more_than_they_keep_show_it_in_their_settings() -> None:
    exchanges = RECORDING_3["situations"]["metrics asked of live stores for longer than they keep"]["exchanges"]
    failed, page = (e["response"] for e in exchanges)
    tempo = Tempo("3.0.3")
    tempo.api.metrics_recent_s = 1800
    try:
        settings = TempoClient({"tempo_url": tempo.url, "timeout": 5.0}).config()
        answer = requests.get(tempo.url + exchanges[0]["request"]["path"], timeout=5)
    finally:
        tempo.stop()
    assert (answer.status_code, alike(answer.text)) == (failed["status"], alike(failed["body"]))
    asked = settings["query_frontend.metrics.query_backend_after"]
    assert asked in ("1800s", "30m0s")
    assert "query_backend_after: 30m0s" in page["body"]
    assert settings["live_store.complete_block_timeout"] in page["body"]


def grafana_with(url: str) -> Grafana:
    return Grafana("13.1.0-pre", [DataSource(1, "tempo", "Tempo", "tempo", url)])


@pytest.mark.parametrize("situation", GRAFANA["situations"])
def test_the_lab_s_grafana_says_what_the_data_source_s_back_end_said(situation: str, tempo: Tempo) -> None:
    proxy = Listener(denying_proxy)
    urls = {
        "an address without a scheme": tempo.url.replace("http://", ""),
        "a name without a scheme": tempo.url.replace("http://127.0.0.1", "localhost"),
        "a proxy that denies": proxy.url,
    }
    grafana = grafana_with(urls[situation])
    try:
        for exchange in GRAFANA["situations"][situation]["exchanges"]:
            request, wanted = exchange["request"], exchange["response"]
            path = re.sub(r"/uid/[\w-]+/", "/uid/tempo/", request["path"])
            body = json.loads(re.sub(r'"uid": "[\w-]+"', '"uid": "tempo"', json.dumps(request.get("json"))))
            said = requests.request(
                request["method"], grafana.url + path, json=body, auth=("admin", "admin"), timeout=5
            )
            assert (said.status_code, in_words(said.text)) == (wanted["status"], in_words(wanted["body"])), request
    finally:
        grafana.stop()
        proxy.stop()


@pytest.mark.parametrize("answer", ODD["answers"])
def test_the_lab_s_grafana_makes_of_a_gateway_s_answer_what_the_back_end_made(answer: str) -> None:
    """A gateway before Tempo answers a query by trace id oddly."""
    said = ODD["answers"][answer]
    gateway = said["gateway"]
    headers = {"Location": gateway["location"]} if "location" in gateway else {}
    between = Listener(
        lambda _request: Response(gateway["status"], gateway["body"].encode(), gateway["content-type"], headers)
    )
    grafana = grafana_with(between.url)
    query = {"refId": "A", "datasource": {"uid": "tempo", "type": "tempo"}, "queryType": "traceId"}
    asked = {"queries": [{**query, "query": ODD["trace_id"]}], "from": "now-1h", "to": "now"}
    known = {"auth": ("admin", "admin"), "timeout": 5, "allow_redirects": False}
    try:
        path = f"/api/datasources/proxy/uid/tempo/api/v2/traces/{ODD['trace_id']}"
        proxied = requests.get(grafana.url + path, **known)  # type: ignore[arg-type]
        shown = requests.post(f"{grafana.url}/api/ds/query", json=asked, **known)  # type: ignore[arg-type]
    finally:
        grafana.stop()
        between.stop()
    assert (proxied.status_code, proxied.text) == (said["proxy"]["status"], said["proxy"]["body"])
    assert shown.status_code == said["ds_query"]["status"]
    assert shown.json() == json.loads(said["ds_query"]["body"])


def in_words(body: str) -> str:
    """Without ports and the seconds of a time range."""
    return re.sub(r":\d{4,5}|\d{10}", "NUMBER", json.dumps(json.loads(body)) if body.startswith("{") else body)


@pytest.mark.parametrize(
    ("situation", "members"),
    [("a distributor", [("127.0.0.1:21211", "ACTIVE")]), ("a query-frontend", [])],
)
def test_a_ring_s_members_are_read_where_a_process_shows_them(situation: str, members: list[tuple[str, str]]) -> None:
    pages = {e["request"]["path"]: e["response"] for e in RECORDING["situations"][situation]["exchanges"]}

    def choose(asked: Asked) -> Answer | None:
        page = pages.get(asked.path)
        return Answer(page["status"], {}, page["body"].encode()) if page else None

    with serving(choose) as (url, _asked):
        client = TempoClient({"tempo_url": url, "timeout": 5.0})
        assert client.ring("ingester") == members
        assert client.ring("live-store") == []


# A tenant's override with max_traces_per_user alone (2.10.8, 2026-11-28): a batch was refused in these words, and more.
ZERO = (
    "RATE_LIMITED: batch size (N bytes) exceeds ingestion limit (local: 0 bytes/s, global: 0 bytes/s, burst: 0 bytes)"
)


def test_an_override_that_leaves_the_rate_limit_out_refuses_everything() -> None:
    tempo = Tempo("2.10.8", limits=Limits(of_tenant=True))
    try:
        seen = otlp.run(options(otlp, endpoint=tempo.otlp_http, protocol="http/protobuf"))
    finally:
        tempo.stop()
    assert seen["cause"] == "rate_limited"
    assert ZERO in re.sub(r"\b[1-9]\d+ bytes", "N bytes", seen["message"]), seen["message"]
