"""The lab's faults of Tempo say what a Tempo 2.10.8 said that really had them."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
import requests

from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient
from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.tests.contract.replay import RECORDINGS, Answer, Asked, serving
from ansible_collections.traceops.tracing.tests.lab.otlp import Limits
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.probing import options

RECORDING = json.loads((RECORDINGS / "tempo-faults-2.10.8.json").read_text(encoding="utf-8"))


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


FAULTS: dict[str, t.Callable[[Tempo], None]] = {
    "searches may span an hour": short_range,
    "traces above a querier's limit": too_large,
    "a full queue": full_queue,
    "no querier": no_querier,
    "no ingester": no_ingester,
    "a copy of a block among the blocks": copy_of_a_block,
    "a distributor": distributor,
}
# The lab shows no ring: nothing in it asks for one.
NOT_SHOWN = {"/ingester/ring"}


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
    """JSON however it is spaced and escaped, and without times, which differ from run to run."""
    return re.sub(r"\d{10}", "TIME", json.dumps(json.loads(body)) if body.startswith("{") else body)


@pytest.mark.parametrize("situation", FAULTS)
def test_the_lab_says_what_tempo_said(situation: str) -> None:
    tempo = Tempo()
    FAULTS[situation](tempo)
    try:
        for exchange in RECORDING["situations"][situation]["exchanges"]:
            request, recorded = exchange["request"], exchange["response"]
            if request["path"] in NOT_SHOWN:
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
