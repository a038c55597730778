# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does Grafana see Tempo? What Save & Test and Explore do, through Grafana's own proxy, on Grafana 7 to 13.

Causes: ok; grafana_unreachable, not_grafana, grafana_unhealthy, unauthorized, forbidden; datasource_missing,
datasource_ambiguous, wrong_type; datasource_unreachable (with reason: connection_refused, dns_failure, wrong_protocol,
tls, timeout, no_route, bad_url, unknown), datasource_unauthorized, tenant_missing, points_at_grafana, proxy_between,
wrong_path, not_tempo, backend_error; backend_check_failed (searches work, but Grafana's own check or Explore's query
does not), streaming_off, trace_missing, direct_access.
"""

from __future__ import annotations

import time
import typing as t
from functools import partial

from ansible_collections.traceops.tracing.plugins.module_utils._base import spec
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt, public_url
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import BY_ID_CONFIRM, REAL, Clock, wait_for
from ansible_collections.traceops.tracing.plugins.module_utils._client.grafana import (
    DataSource,
    GrafanaClient,
    proxy_routes,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.headers import check_header
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpClient, HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._client.tempo import TempoClient, normal_id
from ansible_collections.traceops.tracing.plugins.module_utils._otel.traceql import build_query
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.answers import (
    Answer,
    Reading,
    is_grafana_health,
    largest_listed,
    read_echo,
    read_health,
    read_query,
    read_search,
    read_trace,
    reason_of,
    route_is_missing,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.cause import Observed, Verdict, conclude
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.find import (
    data_sources,
    details,
    find,
    hidden_version,
    reach,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.settings import (
    Settings,
    Source,
    describe,
    settings_of,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.steps import (
    EXPLORE,
    Step,
    Steps,
    ask,
    ms_since,
)

T = t.TypeVar("T")

ARGUMENT_SPEC: spec.Spec = {
    **spec.HTTP,
    **spec.GRAFANA,
    "datasource_uid": {"type": "str"},
    "datasource_name": {"type": "str"},
    "org_id": {"type": "int"},
    "trace_id": {"type": "str"},
    "service_name": {"type": "str"},
    "explore": {"type": "bool", "default": True},
    "datasource_timeout": {"type": "float"},
    "tempo_url": {"type": "str"},
    "tempo_username": {"type": "str"},
    "tempo_password": {"type": "str", "no_log": True},
    "tempo_token": {"type": "str", "no_log": True},
}

# What Explore sends is a read, but no GET.
CHECK_MODE = {"explore": False}

_MADE_UP_TRACE = "0" * 31 + "1"  # no trace has it; what matters is how far the query for it gets
_WINDOW_S = 3600  # Explore's default range
_MAX_LISTED = 100  # data sources
_USELESS = ("response_timeout", "unauthorized", "forbidden")  # asking on would only take as long, or be refused again


class Search(t.TypedDict):
    """What was searched for in the last hour, and how many traces came (at most 3; null: no answer)."""

    query: str
    traces: t.Optional[int]


class TraceLookup(t.TypedDict):
    """The trace that was asked for, through Grafana and at tempo_url; null: not known."""

    id: str
    found: t.Optional[bool]  # through Grafana's proxy
    found_directly: t.Optional[bool]
    opens: t.Optional[bool]  # in every way that this Grafana was asked: its proxy, and its back end where that answers


class ListedTrace(t.TypedDict):
    """The largest of the traces that the search showed; null: not known."""

    id: str
    found: t.Optional[bool]  # through Grafana's proxy
    opens: t.Optional[bool]


class Result(t.TypedDict, total=False):
    """What `run` returns; RETURN of the module grafana_datasource_test says more of each key."""

    ok: bool
    cause: t.Optional[str]
    message: t.Optional[str]
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    reason: t.Optional[str]  # why the data source is not reached
    candidates: t.List[str]  # what the reason can be
    transport: t.Optional[str]  # why Grafana is not reached
    version: t.Optional[str]  # null when hidden
    route: t.Optional[str]  # the form of the proxy's path that works, uid or id
    datasource: t.Optional[Source]
    datasources: t.List[Source]  # those of type tempo
    settings: t.Optional[Settings]  # null when no data source was found
    search: Search
    trace: t.Optional[TraceLookup]
    listed: t.Optional[ListedTrace]
    explored: t.Optional[bool]  # whether the queries that Explore sends were sent; null: it never came to that
    credentials: t.Optional[str]  # token, password; null: none were given
    steps: t.List[Step]  # always all of STEPS, in this order


def run(params: t.Mapping[str, t.Any], clock: Clock = REAL) -> Result:
    """Test the data source. Raises only BadOption and MissingLibrary."""
    steps = Steps()
    result: Result = {
        "ok": False,
        "cause": None,
        "message": None,
        "reason": None,
        "candidates": [],
        "transport": None,
        "version": None,
        "route": None,
        "datasource": None,
        "datasources": [],
        "settings": None,
        "search": {"query": build_query(params.get("service_name") or None), "traces": None},
        "trace": None,
        "listed": None,
        "explored": None,
        "credentials": "token" if params.get("token") else "password" if params.get("url_username") else None,
        "steps": steps.as_list(),
    }
    try:
        if params.get("trace_id"):
            trace_id = normal_id(params["trace_id"])
            result["trace"] = {"id": trace_id, "found": None, "found_directly": None, "opens": None}
        client = GrafanaClient(params["grafana_url"], params)
        direct = _direct_client(params) if params.get("tempo_url") else None
        verdict = _test(client, direct, params, steps, result, clock)
    except ProbeFailure as failure:
        failure.result = result
        raise
    return {
        **result,
        "ok": verdict.cause == "ok",
        "cause": verdict.cause,
        "message": verdict.message,
        "reason": verdict.reason,
        "candidates": list(verdict.candidates),
        "transport": verdict.transport,
        "steps": steps.as_list(),
    }


def _direct_client(params: t.Mapping[str, t.Any]) -> TempoClient:
    # Grafana's credentials and headers are not for Tempo, which has its own.
    if params.get("tempo_token"):
        check_header("tempo_token", "Authorization", "Bearer " + params["tempo_token"])
    its_own = {"url_username": "tempo_username", "url_password": "tempo_password", "token": "tempo_token"}
    return TempoClient({**params, "headers": None, **{name: params.get(own) for name, own in its_own.items()}})


def _test(
    client: GrafanaClient,
    direct: t.Optional[TempoClient],
    params: t.Mapping[str, t.Any],
    steps: Steps,
    result: Result,
    clock: Clock,
) -> Verdict:
    """Run the steps until one makes the others useless; fills `steps` and `result`."""
    version, stopped = reach(client, steps)
    result["version"] = version or None
    if stopped:
        return stopped
    listing = data_sources(client, params, steps)
    if isinstance(listing, Verdict):
        return listing
    result["version"] = version or hidden_version(client) or None
    result["datasources"] = [describe(source) for source in listing if source.type == "tempo"][:_MAX_LISTED]
    source = find(listing, params, steps)
    if isinstance(source, Verdict):
        return source
    source = details(client, source)
    result["datasource"] = describe(source)
    result["settings"] = settings_of(source, listing)
    _type_and_access(source, steps)
    seen = Observed(source)
    if source.type == "tempo" and source.uid:
        answer = ask(partial(client.datasource_health, source.uid))
        seen.health = steps.add("health", read_health(answer), answer)
    if params.get("datasource_timeout") and seen.health and seen.health.cause == "response_timeout":
        # What it points at was given little time, since it is known to answer nothing: once is enough.
        seen.echo = seen.health
        return conclude(seen)
    route = _echo(client, seen, steps, result)
    if seen.decisive.cause not in _USELESS:
        _search(client, route, seen, steps, result, clock, params["explore"])
    if direct and result["trace"]:
        seen.found_directly = _directly(direct, result["trace"]["id"], steps, clock)
        result["trace"]["found_directly"] = seen.found_directly
    if source.url and _worth_asking(seen, params):
        seen.from_here = _from_here(source.url, params, steps)
    return conclude(seen)


def _type_and_access(source: DataSource, steps: Steps) -> None:
    kind = excerpt(source.type, 60)
    steps.add("type", Reading(kind == "tempo", "ok" if kind == "tempo" else "wrong_type", f"its type is '{kind}'"))
    if source.access == "direct":
        steps.add("access", Reading(False, "direct_access", "with access 'direct' browsers ask Tempo themselves"))
    else:
        steps.add("access", Reading(True, "ok", "Grafana's server asks Tempo (access 'proxy')"))


def _echo(client: GrafanaClient, seen: Observed, steps: Steps, result: Result) -> str:
    """The form of the proxy's path that works; one that gives a 404 is kept only when no other does better."""
    route = ""
    answer: t.Optional[Answer] = None
    missing: t.Optional[bool] = None
    for candidate in proxy_routes(seen.source):
        tried = ask(partial(client.proxied, candidate, "/api/echo"))
        absent = route_is_missing(tried)
        if answer is None or absent is False or (missing and absent is None):
            route, answer, missing = candidate, tried, absent
        if absent is False:
            break
    result["route"] = "uid" if "/proxy/uid/" in route else "id"
    answer = t.cast(Answer, answer)  # a data source has a uid or a number
    seen.echo = steps.add("echo", read_echo(answer), answer)
    return route


def _search(
    client: GrafanaClient,
    route: str,
    seen: Observed,
    steps: Steps,
    result: Result,
    clock: Clock,
    explore: bool,
) -> None:
    """What decides: a search, traces by id, and what Explore runs; then what names the reason of a failure."""
    now = int(time.time()) + 1  # whole seconds, and the present one is to be in the range
    query = {"q": result["search"]["query"], "start": now - _WINDOW_S, "end": now, "limit": 3}
    answer = ask(partial(client.proxied, route, "/api/search", query))
    reading, result["search"]["traces"] = read_search(answer)
    seen.search = steps.add("search", reading, answer)
    if reading.cause in _USELESS:
        return
    sought = result["trace"]
    if reading.ok:
        listed = largest_listed(answer, sought["id"] if sought else None)
        result["listed"] = {"id": listed, "found": None, "opens": None} if listed else None
        _open(client, route, seen, steps, result, clock)
    if seen.source.type != "tempo":
        return
    if not reading.ok and reading.cause != "datasource_unreachable":
        seen.behind_is_grafana = _is_grafana_behind(client, route, steps)
    result["explored"] = explore
    if explore:
        _explore(client, seen, steps, result)
    else:
        for step in EXPLORE:
            steps.add(step, Reading(None, "not_sent", "not sent in check mode: Explore's queries are sent by POST"))


def _open(client: GrafanaClient, route: str, seen: Observed, steps: Steps, result: Result, clock: Clock) -> None:
    """The wanted trace and one that the search showed, each by its id through the proxy."""
    found = {"ok": True, "trace_missing": False}
    sought, listed = result["trace"], result["listed"]
    if sought:
        seen.trace = _by_id(client, route, sought["id"], "trace", steps, clock)
        sought["found"] = sought["opens"] = found.get(seen.trace.cause)
        if seen.trace.ok is False:
            sought["opens"] = False
    if listed and not (seen.trace and seen.trace.cause in _USELESS):
        seen.listed = _by_id(client, route, listed["id"], "listed_trace", steps, clock)
        listed["found"], listed["opens"] = found.get(seen.listed.cause), seen.listed.ok


def _by_id(client: GrafanaClient, route: str, trace_id: str, step: str, steps: Steps, clock: Clock) -> Reading:
    look = partial(ask, partial(client.proxied, route, f"/api/traces/{trace_id}"))
    answer = _surely(look, lambda it: read_trace(it).cause != "trace_missing", clock)
    return steps.add(step, read_trace(answer), answer)


def _explore(client: GrafanaClient, seen: Observed, steps: Steps, result: Result) -> None:
    """What Explore has the back end do: open the wanted trace, open a listed one, search."""
    sought, listed = result["trace"], result["listed"]
    for step, trace in (("explore", sought), ("explore_listed", listed)):
        if not trace or (seen.explored and seen.explored[-1].cause in _USELESS):
            continue
        reading = _query(client, seen.source, "traceId", trace["id"], step, steps)
        seen.explored.append(reading)
        if reading.ok is False:
            trace["opens"] = False
    if seen.explored and seen.explored[-1].cause in _USELESS:
        return
    search = result["search"]["query"]
    seen.explored.append(_query(client, seen.source, "traceql", search, "explore_search", steps))
    if not (seen.search and seen.search.ok) and not sought and not seen.behind_is_grafana and not reason_of(seen.said):
        # Unlike a search, a query for a trace quotes what Tempo says (`no org id`; 9.4 and 13.1).
        seen.reason = _query(client, seen.source, "traceId", _MADE_UP_TRACE, "reason", steps)


def _query(client: GrafanaClient, source: DataSource, query_type: str, text: str, step: str, steps: Steps) -> Reading:
    is_trace_id = query_type == "traceId"
    answer = ask(partial(client.query, source, query_type, text, "now-30d" if is_trace_id else "now-1h"))
    return steps.add(step, read_query(answer, is_trace_id), answer)


def _is_grafana_behind(client: GrafanaClient, route: str, steps: Steps) -> bool:
    answer = ask(partial(client.proxied, route, "/api/health"))
    found = is_grafana_health(answer)
    message = "a Grafana answers behind the data source" if found else "no Grafana answers behind the data source"
    steps.add("identify", Reading(None, "points_at_grafana" if found else "ok", message), answer)
    return found


def _surely(look: t.Callable[[], T], there: t.Callable[[T], bool], clock: Clock) -> T:
    """What looking for a trace gives; it takes two looks to say that it is not there (see BY_ID_CONFIRM)."""
    return wait_for(look, there, 0.0, clock, confirm=BY_ID_CONFIRM).last


def _directly(tempo: TempoClient, trace_id: str, steps: Steps, clock: Clock) -> t.Optional[bool]:
    started = time.monotonic()
    try:
        found = _surely(lambda: tempo.trace_by_id(trace_id), lambda trace: trace is not None, clock) is not None
    except HttpError as error:
        steps.add("direct", Reading(None, error.cause, error.message), Answer(None, None, ms_since(started)))
        return None
    words = ("ok", "Tempo has the trace") if found else ("trace_missing", "Tempo does not have the trace")
    steps.add("direct", Reading(found, *words), Answer(None, None, ms_since(started)))
    return found


def _worth_asking(seen: Observed, params: t.Mapping[str, t.Any]) -> bool:
    """Where Grafana does not say why, or the Tempo that this host asks as well may be gone since."""
    unreachable = seen.decisive.cause == "datasource_unreachable"
    same = str(params.get("tempo_url") or "").rstrip("/") == str(seen.source.url).rstrip("/")
    if same and (unreachable or any(each.ok is False for each in seen.explored)):
        return True
    return unreachable and not reason_of(seen.said)


def _from_here(url: str, params: t.Mapping[str, t.Any], steps: Steps) -> t.Optional[Reading]:
    """The same URL, asked from this host without credentials: a hint, since Grafana may see another network."""
    plain = {name: params.get(name) for name in ("validate_certs", "ca_path", "timeout")}
    try:
        client = HttpClient(url, plain, "url")
    except BadOption:
        return None
    answer = ask(partial(client.get, "/api/echo", retry=False))
    if answer.error:
        return steps.add("from_here", Reading(False, answer.error.cause, answer.error.message), answer)
    return steps.add("from_here", Reading(True, "ok", f"{public_url(url)} answers this host"), answer)
