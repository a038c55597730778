"""What Grafana's back end asks of a data source itself: the health check and /api/ds/query, by version."""

from __future__ import annotations

import base64
import json
import re
import time
import typing as t
import urllib.parse

from ansible_collections.traceops.tracing.tests.lab.grafana_client import Answer, GoError, fetch, unparsable
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.tempo_pages import recording
from ansible_collections.traceops.tracing.tests.lab.wire import Response, as_json

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PLUGIN_ERROR = {
    "message": "An error occurred within the plugin",
    "messageId": "plugin.downstreamError",
    "statusCode": 500,
    "traceID": "",
}


class QueryFailed(Exception):
    """One query's failure: text, Grafana's word for whose it is, and the status inside the result."""

    def __init__(self, error: str, source: str = "downstream", status: int = 500) -> None:
        super().__init__(error)
        self.error, self.source, self.status = error, source, status


def ask(source: DataSource, path: str, query: dict[str, str] | None = None, method: str = "GET") -> Answer:
    """A request of the back end to the data source; a `GoError` then begins with `Get "url": `."""
    encoded = urllib.parse.urlencode(query or {})
    url = f"{source.url.rstrip('/')}{path}" + (f"?{encoded}" if encoded else "")
    joined = path in ("/api/echo", "/api/search")  # by Go's url.URL, which takes a host with a port for a scheme
    if joined and re.match(r"[a-zA-Z][\w+.-]*:\d+$", source.url):
        url = source.url + (f"?{encoded}" if encoded else "")
    try:
        answer = fetch(method, url, source_headers(source))
        if answer.status in (301, 302, 303, 307, 308) and answer.location:  # which Go's client follows, a proxy not
            url = urllib.parse.urljoin(url, answer.location)
            answer = fetch("GET", url, source_headers(source))
        if answer.cut:
            raise GoError("other", "unexpected EOF")
        return answer
    except GoError as error:
        if str(error).startswith("parse "):
            raise
        raise GoError(error.kind, f'{method.capitalize()} "{url}": {error}') from None


def source_headers(source: DataSource) -> dict[str, str]:
    headers = source.own_headers()
    if source.basic_auth_user:
        pair = f"{source.basic_auth_user}:{source.secure.get('basicAuthPassword', '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers


def _no_plugin(message_id: str, message: str) -> Response:
    """Of a data source whose back end was never made: the reason is in Grafana's log only."""
    return as_json(500, {"message": message, "messageId": message_id, "statusCode": 500, "traceID": ""}, end="\n")


def health(source: DataSource) -> Response:
    """The check behind Save & Test where the version has one (13.1 here)."""
    if source.type == "tempo" and unparsable(source.url):
        return _no_plugin("plugin.healthCheck", "Plugin health check failed")
    checks = {"tempo": _tempo_health, "prometheus": _prometheus_health, "loki": _loki_health}
    status, message = checks.get(source.type, _loki_health)(source)
    return as_json(200 if status == "OK" else 400, {"message": message, "status": status})


def _tempo_health(source: DataSource) -> tuple[str, str]:
    if source.streaming:
        return _streaming_health(source)
    try:
        answer = ask(source, "/api/echo")
    except GoError as error:
        return "ERROR", str(error)
    if answer.status // 100 != 2:
        return "ERROR", f"Tempo echo endpoint returned status {answer.status}"
    return "OK", "Data source is working"


def _streaming_health(source: DataSource) -> tuple[str, str]:
    """Streaming search is gRPC on the HTTP port; the lab derives its outcome from what the HTTP API tells."""
    try:
        page = ask(source, "/status/config", {"mode": "diff"})
        search = ask(source, "/api/search", {"limit": "1", "q": "{}"})
    except GoError as error:
        dial = str(error).partition('": ')[2]
        words = f'connection error: desc = "transport: Error while dialing: {dial}"'
        return "ERROR", f"gRPC streaming call failed: rpc error: code = Unavailable desc = {words}"
    if "stream_over_http_enabled: true" not in page.text:
        preface = (
            "error reading server preface: http2: failed reading the frame payload: http2: frame too large,"
            " note that the frame header looked like an HTTP/1.1 header"
        )
        words = f'connection error: desc = "{preface}"'
        return "ERROR", f"gRPC streaming call failed: rpc error: code = Unavailable desc = {words}"
    if search.status != 200:
        return "ERROR", f"rpc error: code = Unknown desc = {search.text.strip()}"
    return "OK", "Data source is working. Streaming test succeeded."


def _prometheus_health(source: DataSource) -> tuple[str, str]:
    asked = "There was an error returned querying the Prometheus API."
    try:
        answer = ask(source, "/api/v1/query", {"query": "1+1"}, method="POST")
    except GoError as error:
        return "ERROR", f"{error} - {asked}"
    if answer.status != 200:
        return "ERROR", f"{answer.status} {answer.reason} - {asked}"
    return "OK", "Successfully queried the Prometheus API."


def _loki_health(source: DataSource) -> tuple[str, str]:
    failed = "Unable to connect with Loki. Please check the server logs for more details."
    try:
        answer = ask(source, "/loki/api/v1/query", {"query": "vector(1)+vector(1)"})
    except GoError:
        return "ERROR", failed
    return ("OK", "Data source successfully connected.") if answer.status == 200 else ("ERROR", failed)


def _seconds(value: object) -> int:
    """`now`, `now-1h` or milliseconds since the epoch, in seconds."""
    words = str(value)
    if not words.startswith("now"):
        return int(words or 0) // 1000
    ago = words[4:]
    return int(time.time()) - (int(ago[:-1]) * _SECONDS[ago[-1]] if ago else 0)


def ds_query(
    body: dict[str, t.Any], version: tuple[int, ...], profile: str, find: t.Callable[[t.Any], DataSource | None]
) -> Response:
    """POST /api/ds/query. `find` resolves a uid or a numeric id."""
    queries = body.get("queries") or []
    results: dict[str, t.Any] = {}
    try:
        window = (_seconds(body.get("from", "now-1h")), _seconds(body.get("to", "now")))
    except (ValueError, KeyError):
        return as_json(400, {"message": "bad request data"})
    if not queries:
        return as_json(400, {"message": "No queries found in query"})
    for query in queries:
        named = (query.get("datasource") or {}).get("uid") if version >= (9,) else query.get("datasourceId")
        if named is None:
            return as_json(400, {"message": "Query missing data source ID"})
        source = find(named)
        if source is None:
            return as_json(404, {"message": "Data source not found"})
        reference = str(query.get("refId") or "A")
        if version >= (12,) and source.type == "tempo" and unparsable(source.url):
            return _no_plugin("plugin.requestFailureError", "An error occurred within the plugin")
        try:
            results[reference] = _run(source, query, window, version, profile)
        except GoError:
            if version < (9,):
                return as_json(500, {"message": "Metric request error"})
            return as_json(500, _PLUGIN_ERROR)
        except QueryFailed as failed:
            results[reference] = _failure(failed, source, version)
    failed_any = any("error" in result for result in results.values())
    status = 400 if failed_any and version >= (9,) else 200
    return as_json(status, {"results": results}, end="\n")


def _failure(failed: QueryFailed, source: DataSource, version: tuple[int, ...]) -> dict[str, t.Any]:
    out: dict[str, t.Any] = {"error": failed.error}
    if version < (9,):
        return {**out, "refId": "A", "series": None, "tables": None, "dataframes": None}
    if version >= (12,):
        out["errorSource"] = failed.source
    out["status"] = failed.status
    if version >= (12,) and source.type == "prometheus":
        schema = {
            "refId": "A",
            "meta": {"typeVersion": [0, 0], "executedQueryString": "Expr: \nStep: 30s"},
            "fields": [],
        }
        out["frames"] = [{"schema": schema, "data": {"values": []}}]
    return out


def _run(
    source: DataSource, query: dict[str, t.Any], window: tuple[int, int], version: tuple[int, ...], profile: str
) -> dict[str, t.Any]:
    words = str(query.get("query", ""))
    if version < (12,):  # these know one kind of query: a trace id, whatever queryType says
        if source.type != "tempo":
            raise GoError("other", "not a Tempo")
        found = ask(source, f"/api/traces/{urllib.parse.quote(words, safe='')}")
        if found.status != 200:
            raise QueryFailed(_trace_failed(words, found))
        return _trace_result(json.loads(found.body).get("batches") or [], profile)
    if source.type == "prometheus":
        found = ask(source, "/api/v1/query_range", {"query": words}, method="POST")
        raise QueryFailed(f"unexpected response with status code {found.status}: {found.text}")
    by_id = query.get("queryType") == "traceId"
    try:
        return _by_id(source, words, window, profile) if by_id else _search(source, query, words, window, profile)
    except GoError as error:
        if error.kind in ("malformed", "scheme"):
            said = f"failed get to tempo: {error}" if by_id else str(error)
            raise QueryFailed(said, "plugin" if error.kind == "malformed" else "") from None
        raise QueryFailed(str(error), status=502 if error.kind == "refused" else 500) from None


def _trace_failed(trace_id: str, answer: Answer) -> str:
    words = f"Status: {answer.status} {answer.reason} Body: {answer.text}"
    return f"failed to get trace with id: {trace_id} {words}"


def _by_id(source: DataSource, trace_id: str, window: tuple[int, int], profile: str) -> dict[str, t.Any]:
    bounds = {"start": str(window[0]), "end": str(window[1])}
    path = urllib.parse.quote(trace_id, safe="")
    answer = ask(source, f"/api/v2/traces/{path}", bounds)
    if answer.status == 404:  # a Tempo without v2
        answer = ask(source, f"/api/traces/{path}", bounds)
    if answer.status != 200:
        # The SDK calls a request that is too large nobody's fault.
        raise QueryFailed(_trace_failed(trace_id, answer), "" if answer.status == 413 else "downstream")
    try:
        document = json.loads(answer.body)
    except ValueError:
        # The first byte of HTML, read as a field of protobuf.
        why = "wiretype end group for non-group" if answer.body[:1] == b"<" else "unexpected answer"
        raise QueryFailed(f"failed to convert tempo response to Otlp: proto: TraceByIDResponse: {why}", "") from None
    batches = document.get("batches") or (document.get("trace") or {}).get("resourceSpans") or []
    if not batches:
        raise QueryFailed(f"failed to get trace with id: {trace_id} Status: Not Found")
    return _trace_result(batches, profile)


def _search(
    source: DataSource, query: dict[str, t.Any], words: str, window: tuple[int, int], profile: str
) -> dict[str, t.Any]:
    limit = {"limit": str(query["limit"])} if query.get("limit") else {}
    asked = {"end": str(window[1]), **limit, "q": words, "start": str(window[0])}
    answer = ask(source, "/api/search", asked)
    if answer.status != 200:
        raise QueryFailed(f"failed to execute search query status: {answer.status} {answer.reason}")
    traces = json.loads(answer.body).get("traces") or []
    frame = _recorded_frame(profile, "traceql", source)
    nested = frame["data"]["values"][5][0][0]["schema"] if frame["data"]["values"] else {}
    columns = [[_cell(trace, name, nested) for trace in traces] for name in _SEARCH_COLUMNS]
    data: dict[str, t.Any] = {"values": columns}
    if traces:
        nanos = [int(trace.get("startTimeUnixNano", 0)) % 1_000_000 for trace in traces]
        data["nanos"] = [nanos if name == "startTime" else None for name in _SEARCH_COLUMNS]
    return {"status": 200, "frames": [{"schema": frame["schema"], "data": data}]}


_SEARCH_COLUMNS = ("traceID", "startTime", "traceService", "traceName", "traceDuration", "nested")


def _cell(trace: dict[str, t.Any], name: str, nested: dict[str, t.Any]) -> t.Any:
    if name == "startTime":
        return int(trace.get("startTimeUnixNano", 0)) // 1_000_000
    if name == "nested":
        spans = (trace.get("spanSet") or {}).get("spans") or []
        values = [
            [trace["traceID"] for _unused in spans],
            [span["spanID"] for span in spans],
            [int(span["startTimeUnixNano"]) // 1_000_000 for span in spans],
            [span.get("name", "") for span in spans],
            [int(span.get("durationNanos", 0)) for span in spans],
        ]
        nanos = [int(span["startTimeUnixNano"]) % 1_000_000 for span in spans]
        return [{"schema": nested, "data": {"values": values, "nanos": [None, None, nanos, None, None]}}]
    keys = {"traceID": "traceID", "traceService": "rootServiceName", "traceName": "rootTraceName"}
    return trace.get("durationMs") if name == "traceDuration" else trace.get(keys[name], "")


def _recorded_frame(profile: str, query_type: str, source: DataSource | None = None) -> dict[str, t.Any]:
    """The first successful frame that this version answered in its recording: its schema is the contract."""
    for exchange in recording(f"grafana-{profile}")["exchanges"]:
        asked = (exchange["request"].get("json") or {}).get("queries") or [{}]
        if asked[0].get("queryType") == query_type and exchange["response"]["status"] == 200:
            body = exchange["response"]["body"]
            if source:
                body = body.replace('"datasourceUid":"tempo"', f'"datasourceUid":{json.dumps(source.uid)}')
                body = body.replace('"datasourceName":"Tempo"', f'"datasourceName":{json.dumps(source.name)}')
            frame: dict[str, t.Any] = json.loads(body)["results"]["A"]["frames"][0]
            return frame
    raise KeyError(query_type)


def _trace_result(batches: list[dict[str, t.Any]], profile: str) -> dict[str, t.Any]:
    if profile.startswith("7."):
        # 7.5 answers Arrow frames in base64; nothing in this project reads them, so the lab leaves them out.
        return {"refId": "A", "series": None, "tables": None, "dataframes": []}
    schema = _recorded_frame(profile, "traceId")["schema"]
    rows = [_row(batch, scope, span) for batch in batches for scope in batch["scopeSpans"] for span in scope["spans"]]
    columns = [[row.get(field["name"]) for row in rows] for field in schema["fields"]]
    return {"status": 200, "frames": [{"schema": schema, "data": {"values": columns}}]}


def _row(batch: dict[str, t.Any], scope: dict[str, t.Any], span: dict[str, t.Any]) -> dict[str, t.Any]:
    resource = _tags(batch.get("resource") or {})
    named = {tag["key"]: tag["value"] for tag in resource}
    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    codes = {"STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}
    return {
        "traceID": _hex(span["traceId"]),
        "spanID": _hex(span["spanId"]),
        "parentSpanID": _hex(span.get("parentSpanId", "")),
        "operationName": span.get("name", ""),
        "serviceName": named.get("service.name", ""),
        "serviceNamespace": named.get("service.namespace", ""),
        "kind": span.get("kind", "SPAN_KIND_UNSPECIFIED")[len("SPAN_KIND_") :].lower(),
        "statusCode": codes.get((span.get("status") or {}).get("code"), 0),
        "statusMessage": (span.get("status") or {}).get("message", ""),
        "instrumentationLibraryName": (scope.get("scope") or {}).get("name", ""),
        "instrumentationLibraryVersion": (scope.get("scope") or {}).get("version", ""),
        "traceState": span.get("traceState", ""),
        "serviceTags": resource,
        "startTime": start / 1e6,
        "duration": (end - start) / 1e6,
        "tags": _tags(span),
    }


def _hex(base64_id: str) -> str:
    return base64.b64decode(base64_id).hex()


def _tags(owner: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return [
        {"value": next(iter(item["value"].values()), None), "key": item["key"]} for item in owner.get("attributes", [])
    ]
