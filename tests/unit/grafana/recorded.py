"""Plays a recorded Grafana: answers each request as the real one of that version did, by user and data source."""

from __future__ import annotations

import base64
import contextlib
import json
import typing as t
from collections.abc import Iterator

from ansible_collections.traceops.tracing.tests.contract.replay import RECORDINGS, Answer, Asked, serving

VERSIONS = ("7.5.5", "9.4.0-pre", "13.1.0-pre")

# How the recordings mark the users whose requests they hold: (auth, part of the note), by user name or token.
USERS = {
    "admin": ("admin", ""),
    "viewer": ("other", "viewer"),
    "mallory": ("other", "wrong password"),
    "sa-viewer": ("none", "service account token, viewer role"),
    "bad": ("none", "bad token"),
    "": ("none", "no credentials"),
}


class Recorded(t.NamedTuple):
    """A playing Grafana: its URL, the requests it got, and those of them that its recording does not have."""

    url: str
    asked: list[Asked]
    unrecorded: list[str]


@contextlib.contextmanager
def grafana(version: str, replaced: dict[str, Answer] | None = None) -> Iterator[Recorded]:
    """Play the recording of `version`; `replaced` has answers by path that no recording has."""
    exchanges = exchanges_of(version)
    unrecorded: list[str] = []

    def choose(request: Asked) -> Answer | None:
        answer = (
            (replaced or {}).get(request.route) or _recorded_answer(exchanges, request) or _alike(exchanges, request)
        )
        if answer is None:
            unrecorded.append(f"{request.method} {request.route}")
        return answer

    with serving(choose) as (url, asked):
        yield Recorded(url, asked, unrecorded)


def exchanges_of(version: str) -> list[dict[str, t.Any]]:
    recording = json.loads((RECORDINGS / f"grafana-{version}.json").read_text(encoding="utf-8"))
    return t.cast("list[dict[str, t.Any]]", recording["exchanges"])


def states_of(version: str) -> list[str]:
    """The data sources (by uid) of a recording, each made to show one state."""
    return list(dict.fromkeys(e["state"] for e in exchanges_of(version) if e["state"] not in ("any", "auth")))


def trace_id_of(version: str, uid: str) -> str:
    """The trace that was asked for through the data source `uid`."""
    paths = [e["request"]["path"] for e in exchanges_of(version) if e["state"] == uid]
    return next(path.rsplit("/", 1)[1] for path in paths if "/api/traces/" in path)


def _recorded_answer(exchanges: list[dict[str, t.Any]], request: Asked) -> Answer | None:
    auth, note = USERS[_user(request)]
    for exchange in exchanges:
        recorded, answer = exchange["request"], exchange["response"]
        for_all = exchange["state"] == "any" and recorded["auth"] == "none"
        same_user = recorded["auth"] == auth and note in exchange["note"]
        foreign = "organisation" in exchange["note"]
        if not _same_request(recorded, request) or not (for_all or same_user):
            continue
        if foreign != ("x-grafana-org-id" in request.headers) and not for_all:
            continue
        body = answer["body"]
        if request.route == "/api/datasources" and answer["status"] == 200:
            body = _whole_listing(exchanges)
        headers = {name: value for name, value in answer["headers"].items() if name == "Content-Type"}
        return Answer(answer["status"], headers, body.encode())
    return None


def _alike(exchanges: list[dict[str, t.Any]], request: Asked) -> Answer | None:
    """How this Grafana answered for a trace that it had: searches list others than the recorded one."""
    by_proxy = "/proxy/" in request.route and "/api/traces/" in request.route
    by_query = request.method == "POST" and json.loads(request.body)["queries"][0]["queryType"] == "traceId"
    for exchange in exchanges if by_proxy or by_query else ():
        recorded, answer = exchange["request"], exchange["response"]
        same = recorded["method"] == request.method and ("/api/traces/" in recorded["path"]) == by_proxy
        asked = (recorded.get("json") or {}).get("queries", [{}])[0].get("queryType", "traceId")
        if same and asked == "traceId" and answer["status"] == 200 and ("/proxy/" in recorded["path"]) == by_proxy:
            return Answer(200, {"Content-Type": answer["headers"]["Content-Type"]}, answer["body"].encode())
    return None


def _user(request: Asked) -> str:
    kind, _unused, secret = request.headers.get("authorization", "").partition(" ")
    return base64.b64decode(secret).decode().partition(":")[0] if kind == "Basic" else secret


def _same_request(recorded: dict[str, t.Any], request: Asked) -> bool:
    if (recorded["method"], recorded["path"].partition("?")[0]) != (request.method, request.route):
        return False
    if request.method == "GET":
        return True
    then, now = recorded["json"]["queries"][0], json.loads(request.body)["queries"][0]
    if then["datasource"]["uid"] != now["datasource"]["uid"] or then["queryType"] != now["queryType"]:
        return False
    # A made-up trace id stands for any: where it is asked for, the answer does not depend on it.
    made_up = now["queryType"] == "traceId" and now["query"].startswith("0" * 31)
    return made_up or then["query"].replace(" ", "") == now["query"].replace(" ", "")


def _whole_listing(exchanges: list[dict[str, t.Any]]) -> str:
    """The recorded list, with the data sources that were made after it was recorded."""
    bodies = {
        e["request"]["path"]: json.loads(e["response"]["body"])
        for e in exchanges
        if e["request"]["auth"] == "admin"
        and e["response"]["status"] == 200
        and e["response"]["body"][:1] in ("{", "[")
    }
    listed = bodies["/api/datasources"]
    known = {source["uid"] for source in listed}
    later = [body for path, body in bodies.items() if path.rpartition("/")[0] == "/api/datasources/uid"]
    new = [
        {k: v for k, v in source.items() if k != "secureJsonFields"} for source in later if source["uid"] not in known
    ]
    return json.dumps(listed + new)
