# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tempo's HTTP API, the same from 2.3 to 3.x: what differs between versions is in one table, DIALECTS."""

from __future__ import annotations

import math
import re
import typing as t
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit, urlunsplit

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean, excerpt, public_url
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import (
    HttpClient,
    HttpError,
    Response,
    status_error,
)
from ansible_collections.traceops.tracing.plugins.module_utils._otel.config_page import flatten
from ansible_collections.traceops.tracing.plugins.module_utils._otel.metrics_text import Metrics, parse_metrics
from ansible_collections.traceops.tracing.plugins.module_utils._otel.times import duration_ns
from ansible_collections.traceops.tracing.plugins.module_utils._otel.trace import MalformedTrace, Trace, parse_trace

# A third of the JSON. 2.3 wants exactly this header; a proxy in between may answer with JSON all the same.
TRACE_FORMAT = "application/protobuf"
MAX_TRACE_BODY = 128 * 1024 * 1024  # bytes; 100,000 spans with attributes are 30 to 60 MB
WINDOW_S = 168 * 3600  # Tempo's default limit of end - start in a search (query_frontend.search.max_duration)
ROUNDING_S = 2.0  # start and end are whole seconds, rounded outwards
MAX_SEARCHES = 500  # one search may take, when a server's limit is a short one
MAX_WINDOWS = 60  # a year and some weeks


class Dialect(t.NamedTuple):
    """What a Tempo of version `since` or later does; seen on 2.3.1, 2.7.2, 2.10.8 and 3.0.3."""

    since: t.Tuple[int, int]
    trace_v2: bool  # GET /api/v2/traces/ID exists; it answers 200 without spans when there is no such trace
    most_recent: bool  # TraceQL accepts `with (most_recent=true)`; before, it is a parse error
    otlp_bind: str  # where an OTLP receiver without an endpoint listens


DIALECTS = (  # newest first
    Dialect((2, 7), trace_v2=True, most_recent=True, otlp_bind="localhost"),
    Dialect((2, 6), trace_v2=True, most_recent=False, otlp_bind="0.0.0.0"),
    Dialect((0, 0), trace_v2=False, most_recent=False, otlp_bind="0.0.0.0"),
)


class Version(t.NamedTuple):
    """`text` as the server says it, '' in builds that were given none; then `numbers` are deduced, the lowest fit."""

    text: str
    numbers: t.Tuple[int, int]

    @property
    def dialect(self) -> Dialect:
        return next(dialect for dialect in DIALECTS if self.numbers >= dialect.since)


class Found(t.NamedTuple):
    """One trace of a search: id of 32 hex digits, '' for a root that has not been received, epoch seconds."""

    trace_id: str
    root_service: str
    root_name: str
    start: float
    duration_ms: int
    services: t.List[str]
    spans: int = 0  # of all services; 0 when it is not told (before 2.4)


class TempoClient:
    """Asks one Tempo. Every method raises HttpError when there is no usable answer.

    Not for use by several threads at a time.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        """`params`: `tempo_url` and the options of the HTTP group."""
        self._params = params
        self._http = HttpClient(params["tempo_url"], params, "tempo_url")
        self._at_root = self._http
        parts = urlsplit(self._http.base_url)
        if parts.path:
            # http_api_prefix moves only /api; a gateway with a prefix moves everything. Both are tried.
            self._at_root = HttpClient(urlunsplit((parts.scheme, parts.netloc, "", "", "")), params, "tempo_url")
        self._version: t.Optional[Version] = None
        self._services: t.Optional[str] = None
        self._window_s = WINDOW_S - ROUNDING_S
        self.date: t.Optional[float] = None  # the server's clock (epoch seconds, whole) in its last operations answer
        self.url = public_url(self._http.base_url)

    def fork(self) -> TempoClient:
        """Another client of the same Tempo, for another thread, which knows what this one has learnt."""
        client = TempoClient(self._params)
        client._version = self._version
        return client

    # What Tempo is.

    def version(self) -> Version:
        """The version, detected once: build information, then metrics, then what the server can do."""
        if self._version is None:
            self._version = self._detect()
        return self._version

    def _detect(self) -> Version:
        text = self._version_of_buildinfo() or self._version_of_metrics()
        return Version(clean(text)[:40], _numbers(text) or self._deduced())

    def _version_of_buildinfo(self) -> str:
        answer = self._http.get("/api/status/buildinfo")
        try:
            found = answer.json() if answer.status == 200 else None
        except HttpError:
            found = None
        version = found.get("version") if isinstance(found, dict) else None
        return version if isinstance(version, str) else ""

    def _version_of_metrics(self) -> str:
        try:
            samples = self.metrics().get("tempo_build_info", [])
        except HttpError:
            return ""
        return samples[0][0].get("version", "") if samples else ""

    def _deduced(self) -> t.Tuple[int, int]:
        # 3.x has live stores and no ingesters, 2.6 brought the second trace API.
        services = self.services()
        if "live-store" in services and "ingester" not in services:
            return (3, 0)
        answer = self._http.get("/api/v2/traces/" + "0" * 31 + "1")
        return (2, 6) if answer.status == 200 else (0, 0)

    def ready(self) -> Response:
        """The answer of /ready, whatever its status: 200 `ready`, or 503 with the reason as its body."""
        return self._operations("/ready", retry=False)

    def is_tempo(self) -> bool:
        """Whether Tempo answers here, and not another product: its echo, its build information or its metrics tell.

        Loki and Mimir have a /ready with the same answer, and a distributor on its own has no /api/echo.
        HttpError when a gateway wants credentials before it lets anybody see, or has no Tempo to pass on to.
        """
        answer = self._http.get("/api/echo", accept="*/*")
        if answer.status == 200 and answer.body.strip() == b"echo":
            return True
        if self._version_of_buildinfo():
            return True
        # Not those at the root, beside a path: that Tempo's API is elsewhere.
        metrics = self._http.get("/metrics", accept="*/*")
        if metrics.status == 200 and "tempo_build_info" in parse_metrics(metrics.text):
            return True
        if self.is_grafana():
            return False
        if answer.status in (401, 403, 407, 429) or answer.status >= 500:
            _ok(answer)
        return False

    def is_grafana(self) -> bool:
        """Whether a Grafana answers here: its health needs no credentials (7 to 13), while the rest asks for them."""
        answer = self._http.get("/api/health")
        try:
            found = answer.json()
        except HttpError:
            return False
        return isinstance(found, dict) and "database" in found

    def config(self) -> t.Dict[str, str]:
        """The effective configuration, `a.b.c` -> scalar; Tempo masks its secrets itself."""
        answer = _ok(self._operations("/status/config"))
        return flatten(answer.text) or _other_page(answer, "Tempo's configuration")

    def services(self) -> str:
        """The page of the parts that run in this process, '' where it cannot be had."""
        if self._services is None:
            try:
                answer = self._operations("/status/services", retry=False)
            except HttpError:
                return ""
            self._services = answer.text if answer.status == 200 else ""
        return self._services

    def metrics(self) -> Metrics:
        """All samples of /metrics."""
        answer = _ok(self._operations("/metrics"))
        return parse_metrics(answer.text) or _other_page(answer, "metrics")

    def ring(self, name: str) -> t.List[t.Tuple[str, str]]:
        """(gRPC address, state) of each member of the ring `name`; [] in a process that does not look at that ring.

        Seen on 2.10.8 and 3.0.3: every target but the query-frontend and the compactor has the page.
        """
        try:
            found = self._operations(f"/{name}/ring", retry=False, accept="application/json").json()
        except HttpError:
            return []
        shards = found.get("shards") if isinstance(found, dict) else None
        members = [each for each in shards if isinstance(each, dict)] if isinstance(shards, list) else []
        return [(clean(str(each.get("address")))[:100], clean(str(each.get("state")))[:20]) for each in members[:100]]

    def _operations(self, path: str, retry: bool = True, accept: str = "*/*") -> Response:
        answer = self._http.get(path, accept=accept, retry=retry)
        if answer.status == 404 and self._at_root is not self._http:
            answer = self._at_root.get(path, accept=accept, retry=retry)
        self.date = _date(answer)
        return answer

    # Traces.

    def trace_by_id(
        self, trace_id: str, timeout: t.Optional[float] = None, max_body: int = MAX_TRACE_BODY
    ) -> t.Optional[Trace]:
        """The trace, or None when Tempo has none of this id. A trace can be read so as soon as it is accepted."""
        trace_id = normal_id(trace_id)
        if self.version().dialect.trace_v2:
            answer = self._get_trace(f"/api/v2/traces/{trace_id}", timeout, max_body)
            if answer.status == 200:
                trace = _trace(answer, wrapped=True)
                return trace if trace.spans or trace.partial else None
            if answer.status != 404:
                raise status_error(answer)
        # On v2 a 404 never means "no such trace": the path is not there (a gateway lets only v1 pass).
        answer = self._get_trace(f"/api/traces/{trace_id}", timeout, max_body)
        if answer.status == 404 and answer.body.strip() in (b"", b"trace not found"):
            return None
        return _trace(_ok(answer), wrapped=False)

    def _get_trace(self, path: str, timeout: t.Optional[float], max_body: int) -> Response:
        return self._http.get(path, accept=TRACE_FORMAT, max_body=max_body, timeout=timeout)

    def search(self, query: str, start: float, end: float, limit: int) -> t.List[Found]:
        """At most `limit` traces that match the TraceQL `query` between two times (epoch seconds), newest window first.

        A range over the server's limit (168 h by default) is asked in parts. start and end are always sent: without
        them Tempo looks only at the recent minutes.
        """
        found: t.Dict[str, Found] = {}
        until = end
        for _request in range(MAX_SEARCHES):
            if until <= start or len(found) >= limit:
                return list(found.values())
            since = max(start, until - self._window_s)
            answer = self._http.get(
                "/api/search",
                query={"q": query, "start": int(since), "end": math.ceil(until), "limit": limit - len(found)},
            )
            if answer.status == 400 and self._narrower(answer):
                continue
            for trace in _search_result(_ok(answer)):
                found.setdefault(trace.trace_id, trace)
            until = since
        raise HttpError(
            "rejected",
            f"GET {self.url}/api/search: this Tempo searches {self._window_s:.0f} s at a time, and the whole range "
            f"would take more than {MAX_SEARCHES} searches; give a later start",
        )

    def search_attributes(self, query: str, start: float, end: float, limit: int) -> t.List[t.Dict[str, str]]:
        """Of each span that a search shows, the attributes that `query` names, without their scope (text ones only).

        A range over the server's limit is cut at its beginning.
        """
        since = max(start, end - self._window_s)
        answer = self._http.get(
            "/api/search", query={"q": query, "start": int(since), "end": math.ceil(end), "limit": limit}
        )
        if answer.status == 400 and self._narrower(answer):
            return self.search_attributes(query, start, end, limit)
        _search_result(_ok(answer))  # refuses what is none
        return [
            _text_attributes(span.get("attributes"))
            for trace in _objects(answer.json().get("traces"))
            for spans in _objects(trace.get("spanSets") or [trace.get("spanSet")])
            for span in _objects(spans.get("spans"))
        ]

    def _narrower(self, answer: Response) -> bool:
        """Take the range limit from a refusal; False when it says something else."""
        match = re.search(r"exceeds (\S+)\. received start", answer.text)
        allowed = duration_ns(match.group(1)) if match else None
        narrower = (allowed or 0) / 1e9 - ROUNDING_S
        if not 0 < narrower < self._window_s:
            return False
        self._window_s = narrower
        return True

    def tag_values(self, tag: str, start: float, end: float) -> t.List[str]:
        """The values of a scoped tag (`resource.service.name`) that Tempo has seen between two times."""
        since = max(start, end - self._window_s)
        answer = self._http.get(
            f"/api/v2/search/tag/{quote(tag, safe='.')}/values",
            query={"start": int(since), "end": math.ceil(end)},
        )
        if answer.status == 400 and self._narrower(answer):
            return self.tag_values(tag, start, end)
        found = _ok(answer).json()
        # Without any value the object may be empty: protobuf's JSON form leaves out what is.
        values = found.get("tagValues", []) if isinstance(found, dict) and not set(found) - _TAG_VALUES else None
        if not isinstance(values, list):
            raise HttpError(
                "not_tempo",
                f"GET {public_url(answer.url)} answered JSON that are no tag values: '{excerpt(answer.body, 80)}'",
                answer,
            )
        return sorted({str(v.get("value", "")) for v in _objects(values)} - {""})


_TAG_VALUES = frozenset({"tagValues", "metrics"})


def normal_id(given: str, option: str = "trace_id") -> str:
    """A trace id as 32 lower-case hex digits: Tempo strips leading zeros in search results; BadOption otherwise."""
    text = str(given).strip().lower()
    if not re.match(r"^[0-9a-f]{1,32}$", text) or not text.strip("0"):
        raise BadOption(
            f"{option}: '{excerpt(text, 40)}' is not a trace id; expected up to 32 hexadecimal digits, not all zero"
        )
    return text.rjust(32, "0")


def _date(answer: Response) -> t.Optional[float]:
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None


def _numbers(text: str) -> t.Optional[t.Tuple[int, int]]:
    match = re.match(r"^v?(\d{1,4})\.(\d{1,4})", text)
    return (int(match.group(1)), int(match.group(2))) if match else None


def _ok(answer: Response) -> Response:
    if answer.status != 200:
        raise status_error(answer)
    return answer


def _other_page(answer: Response, wanted: str) -> t.NoReturn:
    words = f"GET {public_url(answer.url)} should show {wanted}, but answered 200 with something else"
    raise HttpError("not_tempo", f"{words}: '{excerpt(answer.body, 80)}'", answer)


def _trace(answer: Response, wrapped: bool) -> Trace:
    try:
        return parse_trace(answer.body, answer.content_type, wrapped)
    except MalformedTrace as error:
        raise HttpError(
            "not_a_trace",
            f"GET {public_url(answer.url)} answered 200 with {len(answer.body)} bytes of "
            f"{answer.content_type or 'no content type'}, which are {error}: '{excerpt(answer.body, 80)}'",
            answer,
        ) from None


def _search_result(answer: Response) -> t.List[Found]:
    found = answer.json()
    known = isinstance(found, dict) and ("traces" in found or "metrics" in found)
    if not known or not isinstance(found.get("traces") or [], list):
        raise HttpError(
            "not_tempo",
            f"GET {public_url(answer.url)} answered JSON that is no search result: '{excerpt(answer.body, 80)}'",
            answer,
        )
    # A field that is zero or empty is absent; 64-bit numbers are strings (protobuf's JSON form).
    return [_found(item) for item in found.get("traces") or [] if isinstance(item, dict)]


def _found(item: t.Dict[str, t.Any]) -> Found:
    root = clean(str(item.get("rootServiceName", "")))
    stats = item.get("serviceStats")
    services = sorted(clean(str(name)) for name in stats) if isinstance(stats, dict) else []
    received = root != "<root span not yet received>"
    return Found(
        trace_id=clean(str(item.get("traceID", ""))).lower().rjust(32, "0")[:32],
        root_service=root if received else "",
        root_name=clean(str(item.get("rootTraceName", ""))) if received else "",
        start=_integer(item.get("startTimeUnixNano")) / 1e9,
        duration_ms=_integer(item.get("durationMs")),
        services=services or ([root] if received and root else []),
        spans=sum(_integer(each.get("spanCount")) for each in _objects(list(stats.values())))
        if isinstance(stats, dict)
        else 0,
    )


def _objects(found: t.Any) -> t.List[t.Dict[str, t.Any]]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _text_attributes(found: t.Any) -> t.Dict[str, str]:
    values = {
        str(each.get("key")): each["value"].get("stringValue")
        for each in _objects(found)
        if isinstance(each.get("value"), dict)
    }
    return {clean(key)[:200]: clean(value)[:200] for key, value in values.items() if isinstance(value, str)}


def _integer(given: t.Any) -> int:
    try:
        return int(given or 0)
    except (TypeError, ValueError):
        return 0
