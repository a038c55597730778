"""The lab's Grafana answers as the recorded ones did, exchange by exchange.

With GRAFANA_URL (and GRAFANA_USERNAME, GRAFANA_PASSWORD) the real one there answers for its version; it has the
data sources that its owner gave it, so only exchanges about those that it shares with the recording are compared.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import re
import time
import typing as t

import pytest
import requests

from ansible_collections.traceops.tracing.tests.conftest import require
from ansible_collections.traceops.tracing.tests.contract import lab_requests
from ansible_collections.traceops.tracing.tests.contract.lab_compare import differences
from ansible_collections.traceops.tracing.tests.lab.grafana_api import PROFILES, Grafana
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource, recorded_states
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo
from ansible_collections.traceops.tracing.tests.lab.tempo_pages import recording
from ansible_collections.traceops.tracing.tests.lab.wire import ClosedPort

# (profile, number of the exchange): why the lab differs there.
EXCLUDED = {
    ("13.1.0-pre", 27): "the recorded Tempo did not show its fresh traces in search yet",
    ("13.1.0-pre", 29): "the recorded Tempo did not show its fresh traces in its tags yet",
}
TRACE, NO_TRACE = lab_requests.LINKED, "no trace"
Exchange = t.Dict[str, t.Any]


def exchanges(profile: str) -> list[Exchange]:
    return list(recording(f"grafana-{profile}")["exchanges"])


def _id(profile: str, number: int, exchange: Exchange) -> str:
    request = exchange["request"]
    asked = ((request.get("json") or {}).get("queries") or [{}])[0]
    what = asked.get("queryType") or exchange["note"]
    return f"{profile}-{number}-{exchange['state']}: {what} {request['path']}"[:110]


CASES = [
    pytest.param(profile, number, id=_id(profile, number, exchange))
    for profile in PROFILES
    for number, exchange in enumerate(exchanges(profile))
    if (profile, number) not in EXCLUDED
]


@dataclasses.dataclass
class Server:
    """A Grafana to ask, with what its recording is called there."""

    url: str
    admin: tuple[str, str] = ("admin", "admin")
    viewer: tuple[str, str] | None = ("viewer", "viewer")
    viewer_token: str = "glsa_lab_viewer"
    uids: t.Collection[str] | None = None  # None: all of the recording

    def ask(self, exchange: Exchange) -> dict[str, t.Any]:
        request, note = exchange["request"], exchange["note"]
        headers = {}
        if "token" in note:
            headers["Authorization"] = f"Bearer {self.viewer_token if 'viewer' in note else 'nonsense'}"
        if note.startswith("organisation"):
            headers["X-Grafana-Org-Id"] = "999"
        auth = {"admin": self.admin, "other": self.viewer}.get(request["auth"])
        if note == "wrong password":
            auth = (self.admin[0], "wrong")
        recorded_id = _recorded_trace(exchange)
        body = json.loads(json.dumps(request["json"]).replace(recorded_id, TRACE)) if request["json"] else None
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                request["method"],
                self.url + request["path"].replace(recorded_id, TRACE),
                headers=headers,
                auth=auth,
                json=body,
                timeout=20,
            )
        return {"status": response.status_code, "headers": dict(response.headers), "body": response.text}


def _recorded_trace(exchange: Exchange) -> str:
    match = re.search(r"\b[0-9a-f]{32}\b", exchange["request"]["path"] + " " + json.dumps(exchange["request"]["json"]))
    return match.group() if match else NO_TRACE


@pytest.fixture(scope="module")
def stack() -> t.Iterator[list[DataSource]]:
    """The Tempos behind the recorded Grafanas, and the data sources that name them."""
    tempo, tenants = Tempo(stream_over_http=True), Tempo(multitenant=True, stream_over_http=True)
    plain = Tempo(starting=True)  # it had not got ready when it was recorded
    nowhere = ClosedPort()
    past = time.time_ns() - 5 * 10**9  # a search ends at a whole second, so it may not see what is of this one
    headers = {"Content-Type": "application/x-protobuf"}
    body = lab_requests.from_sdk(past).SerializeToString()
    requests.post(f"{tempo.otlp_http}/v1/traces", data=body, headers=headers, timeout=5).raise_for_status()
    yield recorded_states(
        tempo=tempo.url,
        tenants=tenants.url,
        no_streaming=plain.url,
        otlp_grpc=tempo.otlp_grpc,
        otlp_http=tempo.otlp_http,
        internal_grpc=tempo.otlp_grpc,
        nowhere=nowhere.url,
    )
    for server in (tempo, tenants, plain, nowhere):
        server.stop()


def _real(profile: str) -> Server | None:
    """The Grafana of GRAFANA_URL when it is of that version."""
    url = os.environ.get("GRAFANA_URL", "").rstrip("/")
    if not url:
        return None
    recorded = json.loads(exchanges(profile)[0]["response"]["body"])["version"]
    if requests.get(f"{url}/api/health", timeout=10).json().get("version") != recorded:
        return None
    admin = (os.environ.get("GRAFANA_USERNAME", "admin"), os.environ.get("GRAFANA_PASSWORD", "admin"))
    sources = requests.get(f"{url}/api/datasources", auth=admin, timeout=10).json()
    return Server(url, admin, None, "", {source["uid"] for source in sources})


@pytest.fixture(scope="module")
def servers(stack: list[DataSource]) -> t.Iterator[dict[str, Server]]:
    out, started = {}, []
    for profile in PROFILES:
        real = _real(profile)
        if real is None:
            grafana = Grafana(profile, _sources_of(profile, stack))
            started.append(grafana)
        out[profile] = real or Server(grafana.url)
    yield out
    for grafana in started:
        grafana.stop()


def _sources_of(profile: str, stack: list[DataSource]) -> list[DataSource]:
    """7.5 was recorded with other ids, and with a Prometheus besides."""
    sources = copy.deepcopy(stack)
    if not profile.startswith("7."):
        return sources
    ids = {"tempo": 1, "tempobad": 2, "tempodns": 4, "tempotype": 5, "tempowrong": 6}
    kept = [source for source in sources if source.uid in ids]
    for source in kept:
        source.id = ids[source.uid]
    return [*kept, DataSource(3, "prometheus", "Prometheus", "prometheus", kept[1].url)]


@pytest.mark.parametrize(("profile", "number"), CASES)
def test_an_exchange_is_answered_as_recorded(profile: str, number: int, servers: dict[str, Server]) -> None:
    exchange = exchanges(profile)[number]
    server = servers[profile]
    if server.uids is not None:
        known = exchange["state"] in ("any", "auth") or exchange["state"] in server.uids
        foreign = "viewer" in exchange["note"] or "/name/" in exchange["request"]["path"]
        asks_for_traces = exchange["request"]["json"] or _recorded_trace(exchange) != NO_TRACE
        traced = exchange["state"] == "tempo" and asks_for_traces
        wanted = f"the data sources, accounts and traces of the recording in {server.url}"
        require(known and not foreign and not traced, wanted)

    assert differences(exchange["response"], server.ask(exchange)) == []
