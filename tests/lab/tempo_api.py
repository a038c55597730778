"""Tempo's HTTP API by version: readiness, search, traces by id, tags and the operator pages."""

from __future__ import annotations

import re
import threading
import typing as t
import urllib.parse
from dataclasses import dataclass, field

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from ansible_collections.traceops.tracing.tests.lab import answers, tempo_pages, tempo_search
from ansible_collections.traceops.tracing.tests.lab.otlp import check_tenant, version_of
from ansible_collections.traceops.tracing.tests.lab.store import SINGLE_TENANT, Store
from ansible_collections.traceops.tracing.tests.lab.wire import Request, Response, as_json, not_found, text

Handler = t.Callable[[Request, t.List[str], str], Response]
STARTING = "Ingester not ready: ingester check ready failed: waiting for 15s after being ready\n"
KEPT_S = 1200.0  # live_store.complete_block_timeout of 3.0
_HANG_S = 30.0
_NO_ORG_ID = text(401, "no org id\n")


@dataclass
class TempoApi:
    """Call it with a request. `settings` is set once the ports are known; `starting` holds readiness back.

    `not_ready` is another reason for which it is not ready; `overloaded` refuses every search, as a full queue of
    the query frontend does; `failing` is the text of the 500 that searches and lookups by id are answered with, as when
    a ring has no member; `runs` are the parts that its page of services shows (all when empty); `target` is the part
    that this process is, of which only the query-frontend answers queries; `max_search_s` is how long a time a search
    may span; `metrics_recent_s` is how far back live stores are asked for TraceQL metrics (3.0), more than they keep;
    reading the trace `crashes_on` ends the process, and another takes its place; `hangs` leaves every query
    without an answer, as a query-frontend without queriers does; `ring` are the members that its ring pages show, by
    name of the ring; `names` is the text of the 500 that lists of names are answered with; after `stays` requests the
    process is gone: `ended` closes its ports, without it a proxy before it goes on to take connections; `remote_write`
    is where its metrics generator, which has no processor, would write to.
    """

    store: Store
    profile: str
    multitenant: bool = False
    starting: bool = False
    search_delay: float = 0.0
    not_ready: str = ""
    overloaded: bool = False
    failing: str = ""
    runs: tuple[str, ...] = ()
    target: str = ""
    max_search_s: int = 0
    metrics_recent_s: int = 0
    crashes_on: bytes = b""
    hangs: bool = False
    ring: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # (gRPC address, state)
    names: str = ""
    stays: int = 0
    ended: t.Callable[[], None] | None = None
    remote_write: str = ""
    settings: tempo_pages.Settings | None = None
    by_id: str = ""  # how queries by trace id are answered, a word of `answers.WORDS`; "" as a Tempo does

    def __post_init__(self) -> None:
        self.version = version_of(self.profile)
        self._asked = 0
        plain: dict[str, tuple[str, t.Callable[[Request], Response]]] = {
            "/ready": ("ready", self._ready),
            "/api/echo": ("api_echo", lambda request: text(200, "echo\n")),
            "/api/status/buildinfo": ("api_status_buildinfo", self._buildinfo),
            "/metrics": ("metrics", self._metrics),
        }
        self._plain = plain
        routes: list[tuple[str, str, Handler]] = [
            (r"/api/search", "api_search", self._search),
            (r"/api/traces/([^/]*)", "api_traces_traceid", self._trace),
            (r"/api/search/tags", "api_search_tags", self._tags),
            (r"/api/v2/search/tags", "api_v2_search_tags", self._tags_v2),
            (r"/api/search/tag/([^/]+)/values", "api_search_tag_tagname_values", self._values),
            (r"/api/v2/search/tag/([^/]+)/values", "api_v2_search_tag_tagname_values", self._values_v2),
        ]
        if self.version >= (2, 7):
            routes += [
                (r"/api/v2/traces/([^/]*)", "api_v2_traces_traceid", self._trace_v2),
                (r"/api/metrics/query_range", "api_metrics_query_range", self._query_range),
            ]
        self._routes = [(re.compile(pattern), name, handler) for pattern, name, handler in routes]

    def __call__(self, request: Request) -> Response:
        self._asked += 1
        if 0 < self.stays < self._asked:
            if self.ended:
                self.ended()
            raise ConnectionResetError("the process is gone")
        return answers.answering(self.by_id, self._counted)(request) if self.by_id else self._counted(request)

    def _counted(self, request: Request) -> Response:
        route, response = self._answer(request)
        self.store.count("requests", request.method, route, str(response.status))
        return response

    def _answer(self, request: Request) -> tuple[str, Response]:
        path = urllib.parse.unquote(request.path)
        if self.target not in ("", "query-frontend") and path.startswith("/api/") and "/status/" not in path:
            return "other", not_found()
        if path in self._plain:
            route, answer = self._plain[path]
            return route, answer(request)
        if path.startswith("/status"):
            return "status_endpoint", self._status(path, request)
        if path.endswith("/ring") and path[1:-5] in self.ring:
            return "ring", as_json(200, {"shards": [tempo_pages.member(*each) for each in self.ring[path[1:-5]]]})
        for pattern, route, handler in self._routes:
            match = pattern.fullmatch(path)
            if match:
                return route, self._for_tenants(request, handler, match.group(1) if pattern.groups else "")
        return "other", not_found()

    def _for_tenants(self, request: Request, handler: Handler, argument: str) -> Response:
        tenants = [SINGLE_TENANT]
        if self.multitenant:
            header = request.headers.get("X-Scope-OrgID")
            if not header:
                return _NO_ORG_ID
            try:
                tenants = [check_tenant(tenant) for tenant in header.split("|")]
            except ValueError as error:
                return text(400, f"{error}\n")
        if self.hangs:
            threading.Event().wait(_HANG_S)
            raise ConnectionResetError("the client has gone long ago")
        if self.names and handler in (self._values, self._values_v2, self._tags, self._tags_v2):
            return text(500, f"{self.names}\n")
        if self.failing:
            return text(500, f"{self.failing}\n")
        try:
            return handler(request, tenants, argument)
        except tempo_search.BadRequest as error:
            return text(400, str(error))

    def _ready(self, request: Request) -> Response:
        # 3.0.3 was ready in the first second of its recording: it has no ingester to wait for.
        if self.starting and self.version < (3,):
            return text(503, STARTING)
        return text(503, self.not_ready) if self.not_ready else text(200, "ready\n")

    def _metrics(self, request: Request) -> Response:
        page = tempo_pages.metrics(self.store, self.profile)
        return text(200, page, "text/plain; version=0.0.4; charset=utf-8")

    def _buildinfo(self, request: Request) -> Response:
        return text(200, tempo_pages.recorded_body(self.profile, request.path), "application/json")

    def _status(self, path: str, request: Request) -> Response:
        name = path[len("/status") :].strip("/")
        if name == "services" and self.runs:
            return text(200, tempo_pages.services(self.runs), "text/plain")
        if name in ("version", "services", "endpoints"):
            return text(200, tempo_pages.recorded_body(self.profile, path), "text/plain")
        if name == "config" and self.settings:
            body = tempo_pages.config(self.settings, request.query.get("mode", ""))
            if body and self.target:
                body = re.sub(r"(?m)^target: .*$", f"target: {self.target}", body)
            if body and self.max_search_s:
                body = re.sub(r"(?m)^( +max_duration): 168h0m0s$", rf"\1: {self.max_search_s}s", body)
            if body and self.remote_write:
                url = f"        remote_write:\n            - url: {self.remote_write}"
                within = r'(?s)(\nmetrics_generator:\n.*?\n    storage:\n        path: )""'
                body = re.sub(within, rf"\1/var/tempo/generator\n{url}", body, count=1)
            if body and self.metrics_recent_s:
                within = r"(?s)(\nquery_frontend:\n.*?\n    metrics:\n.*?query_backend_after): \w+"
                body = re.sub(within, rf"\1: {self.metrics_recent_s}s", body, count=1)
            return text(200, body, "text/plain") if body else text(500, "unknown value for mode query parameter\n")
        if not name:
            pages = ("version", "services")
            return text(
                200, "".join(tempo_pages.recorded_body(self.profile, f"/status/{p}") for p in pages), "text/plain"
            )
        raise ConnectionResetError("a real Tempo panics here, and the client sees an empty reply")

    def _search(self, request: Request, tenants: list[str], _unused: str) -> Response:
        if self.overloaded:
            return text(429, "job queue full")
        params = tempo_search.search_params(request.query, self.version)
        if self.max_search_s and params.end - params.start > self.max_search_s:
            longest = f"{self.max_search_s // 3600}h{self.max_search_s // 60 % 60}m0s"
            said = f"range specified by start and end exceeds {longest}. received start={params.start} end={params.end}"
            return text(400, said)
        traces = self.searchable(tenants)
        answer = tempo_search.search(traces, params, self.version, self.store.clock())
        jobs = (3 if self.version >= (2, 7) else 1) * (len(tenants) if self.version >= (2, 7) else 1)
        answer["metrics"].update({"completedJobs": jobs, "totalJobs": jobs})
        return as_json(200, answer)

    def searchable(self, tenants: list[str]) -> list[t.Any]:
        """Live traces are found by id at once, and by search only after the delay."""
        seen_until = self.store.clock() - self.search_delay
        return [trace for trace in self.store.traces_of(tenants) if trace.received <= seen_until]

    def _found(self, raw: str, tenants: list[str]) -> list[t.Any]:
        trace_id = raw.lower()
        for position, letter in enumerate(trace_id, 1):
            if letter not in "0123456789abcdef":
                raise tempo_search.BadRequest(
                    f"trace IDs can only contain hex characters: invalid character '{raw[position - 1]}'"
                    f" at position {position}"
                )
        if not trace_id or len(trace_id) > 32:
            raise tempo_search.BadRequest(
                "trace IDs can't be larger than 128 bits" if trace_id else "please provide a traceID"
            )
        wanted = bytes.fromhex(trace_id.zfill(32))
        if self.crashes_on and wanted == self.crashes_on:
            self.store.started = self.store.clock()
            raise ConnectionResetError("the process is gone")
        return self.store.batches(tenants, wanted)

    def _trace(self, request: Request, tenants: list[str], raw: str) -> Response:
        batches = self._found(raw, tenants)
        if not batches:
            return text(404, "trace not found") if self.version < (2, 7) else Response(404)
        trace = TracesData(resource_spans=batches)
        if request.headers.get("Accept") == "application/protobuf":
            return Response(200, trace.SerializeToString(), "application/protobuf")
        return as_json(200, {"batches": MessageToDict(trace)["resourceSpans"]})

    def _trace_v2(self, request: Request, tenants: list[str], raw: str) -> Response:
        batches = self._found(raw, tenants)
        trace = TracesData(resource_spans=batches)
        if request.headers.get("Accept") == "application/protobuf":
            data = trace.SerializeToString()  # field 1 of TraceByIDResponse
            return Response(200, b"\x0a" + _varint(len(data)) + data, "application/protobuf")
        metrics = {"inspectedBytes": str(trace.ByteSize())} if batches and self.version >= (2, 10) else {}
        answer: dict[str, t.Any] = {"trace": MessageToDict(trace)}
        if self.version >= (2, 10):
            answer["metrics"] = metrics
        return as_json(200, answer)

    def _with_metrics(self, answer: dict[str, t.Any], traces: list[t.Any]) -> Response:
        if self.version < (2, 7):
            return as_json(200, {key: value for key, value in answer.items() if value})
        size = sum(trace.size for trace in traces)
        return as_json(200, {**answer, "metrics": {"inspectedBytes": str(size)} if traces else {}})

    def _tags(self, request: Request, tenants: list[str], _unused: str) -> Response:
        traces = self.searchable(tenants)
        tags = tempo_search.tag_names(traces, tempo_search.scope_of(request.query))
        names = sorted({name for scope in tags.values() for name in scope})
        return self._with_metrics({"tagNames": names}, traces)

    def _tags_v2(self, request: Request, tenants: list[str], _unused: str) -> Response:
        traces = self.searchable(tenants)
        scope = tempo_search.scope_of(request.query)
        scopes = [{"name": name, "tags": sorted(tags)} for name, tags in tempo_search.tag_names(traces, scope).items()]
        if scope in ("", "none", "intrinsic") and (traces or self.version >= (2, 7)):
            scopes.append({"name": "intrinsic", "tags": self._intrinsics()})
        return self._with_metrics({"scopes": scopes}, traces)

    def _intrinsics(self) -> list[str]:
        recorded = tempo_pages.recording(f"tempo-{self.profile}")["exchanges"]
        return tempo_search.recorded_intrinsics(recorded)

    def _values(self, request: Request, tenants: list[str], tag: str) -> Response:
        traces = self.searchable(tenants)
        values = sorted({str(value) for value in tempo_search.tag_values(traces, f".{tag}")})
        return self._with_metrics({"tagValues": values}, traces)

    def _values_v2(self, request: Request, tenants: list[str], tag: str) -> Response:
        known = tag.startswith((".", "resource.", "span.")) or tag in tempo_search.intrinsics(self.version)
        if not known:
            detail = "tag name is not valid intrinsic or scoped attribute: "
            return text(500 if (2, 7) <= self.version < (2, 8) else 400, detail + tag)
        traces = self.searchable(tenants)
        values = dict.fromkeys(tempo_search.tag_values(traces, tag))
        kinds = {bool: "bool", int: "int", float: "float"}
        shown = [{"type": kinds.get(type(v), "string"), "value": str(v)} for v in values]
        return self._with_metrics({"tagValues": shown}, traces)

    def _query_range(self, request: Request, tenants: list[str], _unused: str) -> Response:
        if self.version < (3,):  # without a generator with local blocks
            words = "error querying generators in Querier.queryRangeRecent: error finding generators: empty ring\n"
            return text(500, words)
        start = int(request.query.get("start") or 0)
        if self.metrics_recent_s and start < self.store.clock() - KEPT_S:
            words = (
                "error querying live-stores in Querier.queryRangeRecent: rpc error: code = Unknown desc = time range"
            )
            return text(500, f"{words} must be within last 20m0s\n")
        answer = tempo_search.query_range(self.searchable(tenants), request.query, self.version)
        return as_json(200, answer)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
