# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does Grafana see Tempo? What Save & Test and Explore do, through Grafana's own proxy, on Grafana 7 to 13.

The result (`run`) has, besides ok, cause and message:

- `version` (None when hidden), `route` (the form of the proxy's path that works, `uid` or `id`);
- `datasource` {id, uid, name, type, access, url, headers} or None; `datasources`, the Tempo ones there are;
- `settings`: see `_grafana_settings.settings_of`; None when no data source was found;
- `search` {query, traces}: what was searched for in the last hour, how many traces came (at most 3; None: no answer);
- `trace` {id, found, found_directly} or None; the latter is the answer of `tempo_url`; None: not known;
- `reason`, `candidates`: why the data source is not reached, or what it can be; `transport`: why Grafana is not;
- `steps`: a list of {name, ok, status, elapsed_ms, cause, message, body_excerpt}, always all of STEPS, in this order;
  `ok` is None for a step that was not run or decides nothing.

Causes: ok; grafana_unreachable, not_grafana, grafana_unhealthy, unauthorized, forbidden; datasource_missing,
datasource_ambiguous, wrong_type; datasource_unreachable (with reason: connection_refused, dns_failure, wrong_protocol,
tls, timeout, no_route, unknown), datasource_unauthorized, tenant_missing, points_at_grafana, wrong_path, not_tempo,
backend_error; backend_check_failed (the proxied search works, but Grafana's own check or Explore's query does not),
streaming_off, trace_missing, direct_access.
"""

from __future__ import annotations

import time
import typing as t
from functools import partial

from ansible_collections.traceops.tracing.plugins.module_utils import _spec
from ansible_collections.traceops.tracing.plugins.module_utils._client._grafana import (
    DataSource,
    GrafanaClient,
    as_dict,
    as_text,
    parse_datasource,
    parse_listing,
    proxy_routes,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client._http import HttpClient, HttpError, Response
from ansible_collections.traceops.tracing.plugins.module_utils._client._tempo import TempoClient, normal_id
from ansible_collections.traceops.tracing.plugins.module_utils._client._traceql import build_query
from ansible_collections.traceops.tracing.plugins.module_utils._errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._probe._grafana_answers import (
    Answer,
    Reading,
    is_grafana_health,
    read_access,
    read_echo,
    read_health,
    read_query,
    read_search,
    read_trace,
    reason_of,
    route_is_missing,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe._grafana_cause import Observed, Verdict, conclude
from ansible_collections.traceops.tracing.plugins.module_utils._probe._grafana_settings import describe, settings_of
from ansible_collections.traceops.tracing.plugins.module_utils._text import excerpt, public_url

ARGUMENT_SPEC: _spec.Spec = {
    **_spec.HTTP,
    **_spec.GRAFANA,
    "datasource_uid": {"type": "str"},
    "datasource_name": {"type": "str"},
    "org_id": {"type": "int"},
    "trace_id": {"type": "str"},
    "service_name": {"type": "str"},
    "tempo_url": {"type": "str"},
}

STEPS = (
    "reach",
    "authenticate",
    "permission",
    "find",
    "type",
    "access",
    "health",
    "echo",
    "search",
    "trace",
    "explore",
    "reason",
    "identify",
    "direct",
    "from_here",
)

_MADE_UP_TRACE = "0" * 31 + "1"  # no trace has it; what matters is how far the query for it gets
_WINDOW_S = 3600  # Explore's default range
_FROM_HERE_TIMEOUT = 5.0  # seconds
_NOT_RUN = Reading(None, "not_run", "not run: not asked for, or of no use after what was seen before")


def run(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Test the data source; the result is described at the top. Raises only BadOption and MissingLibrary."""
    steps = Steps()
    result: t.Dict[str, t.Any] = {
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
        "steps": steps.as_list(),
    }
    try:
        if params.get("trace_id"):
            result["trace"] = {"id": normal_id(params["trace_id"]), "found": None, "found_directly": None}
        client = GrafanaClient(params["grafana_url"], params)
        direct = _direct_client(params) if params.get("tempo_url") else None
        verdict = _test(client, direct, params, steps, result)
    except ProbeFailure as failure:
        failure.result = result
        raise
    found = {**verdict._asdict(), "candidates": list(verdict.candidates)}
    return {**result, **found, "ok": verdict.cause == "ok", "steps": steps.as_list()}


class Steps:
    """What each step saw, in the order of STEPS."""

    def __init__(self) -> None:
        self._seen: t.Dict[str, t.Dict[str, t.Any]] = {}

    def add(self, name: str, reading: Reading, answer: t.Optional[Answer] = None) -> Reading:
        """Keep what step `name` read from `answer` (None: it needed no request of its own)."""
        self._seen[name] = _step(name, reading, answer)
        return reading

    def as_list(self) -> t.List[t.Dict[str, t.Any]]:
        """All steps; those that were not run say so."""
        return [self._seen.get(name) or _step(name, _NOT_RUN, None) for name in STEPS]


def _step(name: str, reading: Reading, answer: t.Optional[Answer]) -> t.Dict[str, t.Any]:
    response = answer.response if answer else None
    return {
        "name": name,
        "ok": reading.ok,
        "status": response.status if response else None,
        "elapsed_ms": answer.elapsed_ms if answer else None,
        "cause": reading.cause,
        "message": reading.message,
        "body_excerpt": excerpt(response.body, 200) if response else None,
    }


def _ask(call: t.Callable[[], Response]) -> Answer:
    started = time.monotonic()
    try:
        response = call()
    except HttpError as error:
        return Answer(error.response, None if error.response else error, _ms_since(started))
    return Answer(response, None, response.elapsed_ms)


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)


def _direct_client(params: t.Mapping[str, t.Any]) -> TempoClient:
    # Grafana's credentials are not for Tempo.
    for_tempo = {**params, "url_username": None, "url_password": None, "token": None, "headers": None}
    return TempoClient(for_tempo)


def _test(
    client: GrafanaClient,
    direct: t.Optional[TempoClient],
    params: t.Mapping[str, t.Any],
    steps: Steps,
    result: t.Dict[str, t.Any],
) -> Verdict:
    """Run the steps until one makes the others useless; fills `steps` and `result`."""
    stopped = _reach(client, steps, result)
    if stopped:
        return stopped
    listing, stopped = _listing(client, params, steps, result)
    if stopped:
        return stopped
    source = _find(listing, params, steps, result)
    if isinstance(source, Verdict):
        return source
    source = _details(client, source)
    result["datasource"] = describe(source)
    result["settings"] = settings_of(source, listing)
    _judge_type_and_access(source, steps)
    seen = Observed(source)
    if source.type == "tempo" and source.uid:
        answer = _ask(partial(client.datasource_health, source.uid))
        seen.health = steps.add("health", read_health(answer), answer)
    route = _echo(client, seen, steps, result)
    if seen.decisive.cause != "response_timeout":
        _search_and_query(client, route, seen, steps, result)
    if direct and result["trace"]:
        seen.found_directly = result["trace"]["found_directly"] = _directly(direct, result["trace"]["id"], steps)
    if seen.decisive.cause == "datasource_unreachable" and not reason_of(seen.said) and source.url:
        seen.from_here = _from_here(source.url, params, steps)
    return conclude(seen)


def _reach(client: GrafanaClient, steps: Steps, result: t.Dict[str, t.Any]) -> t.Optional[Verdict]:
    answer = _ask(client.health)
    response = answer.response
    if response is None:
        error = t.cast(HttpError, answer.error)
        steps.add("reach", Reading(False, error.cause, error.message), answer)
        return Verdict("grafana_unreachable", f"Grafana can't be reached: {error.message}", transport=error.cause)
    if not is_grafana_health(response):
        reading = read_access(answer)
        if reading.cause != "unauthorized":
            what = "something that is not Grafana" if reading.ok else reading.message
            reading = Reading(False, "not_grafana", f"grafana_url leads to no Grafana: GET /api/health {what}")
        steps.add("reach", reading, answer)
        return Verdict(reading.cause, reading.message)
    found = as_dict(response.json())
    result["version"] = excerpt(as_text(found.get("version")), 60) or None
    if response.status != 200:
        reading = Reading(False, "grafana_unhealthy", f"Grafana is not healthy, it says: '{excerpt(response.body)}'")
        steps.add("reach", reading, answer)
        return Verdict(reading.cause, reading.message)
    steps.add("reach", Reading(True, "ok", f"Grafana {result['version'] or 'of a hidden version'} answers"), answer)
    return None


def _listing(
    client: GrafanaClient, params: t.Mapping[str, t.Any], steps: Steps, result: t.Dict[str, t.Any]
) -> t.Tuple[t.List[DataSource], t.Optional[Verdict]]:
    """All data sources; a user who may not list them sees the essentials in the settings of the front end."""
    answer = _ask(client.datasources)
    reading = read_access(answer)
    if reading.ok:
        steps.add("authenticate", reading, answer)
        steps.add("permission", Reading(True, "ok", "data sources may be read"), answer)
        return _parsed(answer), None
    if reading.cause != "forbidden":
        steps.add("authenticate", reading, answer)
        return [], _refused(reading, params)
    steps.add("authenticate", Reading(True, "ok", "Grafana accepts the credentials"), answer)
    fallback = _ask(client.frontend_settings)
    listing = _parsed(fallback)
    if not listing:
        steps.add("permission", reading, answer)
        return [], _refused(reading, params)
    steps.add("permission", Reading(True, "ok", "data sources may be used, though not read"), fallback)
    return listing, None


def _parsed(answer: Answer) -> t.List[DataSource]:
    try:
        return parse_listing(answer.response.json()) if answer.response and answer.response.status == 200 else []
    except HttpError:
        return []


def _refused(reading: Reading, params: t.Mapping[str, t.Any]) -> Verdict:
    if reading.cause == "unauthorized":
        if params.get("token"):
            hint = "the token is not valid"
        elif params.get("url_username"):
            hint = "check url_username and url_password (not tried again: five failures lock the user for 5 minutes)"
        else:
            hint = "give token, or url_username and url_password"
        return Verdict("unauthorized", f"{reading.message}; {hint}")
    if reading.cause == "forbidden":
        member = f", or the user is no member of organisation {params['org_id']}" if params.get("org_id") else ""
        return Verdict("forbidden", f"{reading.message}; the permission datasources:read is missing{member}")
    if reading.cause in ("redirected", "wrong_shape", "backend_error"):
        return Verdict("not_grafana", f"GET /api/datasources {reading.message}")
    return Verdict("grafana_unreachable", reading.message, transport=reading.cause)


def _find(
    listing: t.List[DataSource], params: t.Mapping[str, t.Any], steps: Steps, result: t.Dict[str, t.Any]
) -> t.Union[DataSource, Verdict]:
    """The data source with the given uid and name, else the only one of type tempo."""
    uid, name = params.get("datasource_uid") or None, params.get("datasource_name") or None
    tempos = [source for source in listing if source.type == "tempo"]
    result["datasources"] = [describe(source) for source in tempos]
    wanted = [s for s in listing if uid in (None, s.uid) and name in (None, s.name)] if uid or name else tempos
    asked = " and ".join(f"{word} '{excerpt(value, 60)}'" for word, value in (("uid", uid), ("name", name)) if value)
    if len(wanted) == 1:
        steps.add("find", Reading(True, "ok", f"found {'by ' + asked if asked else 'as the only one of type tempo'}"))
        return wanted[0]
    known = ", ".join(f"{entry['name']} ({entry['uid']})" for entry in result["datasources"][:5])
    if wanted:
        message = f"Grafana has {len(wanted)} Tempo data sources: {known}; name one by datasource_uid"
        reading = Reading(False, "datasource_ambiguous", message)
    elif asked:
        message = f"Grafana has no data source with {asked}; of type tempo it has: {known or 'none'}"
        reading = Reading(False, "datasource_missing", message)
    else:
        message = f"none of Grafana's {len(listing)} data sources is of type tempo"
        reading = Reading(False, "datasource_missing", message)
    steps.add("find", reading)
    return Verdict(reading.cause, reading.message)


def _details(client: GrafanaClient, source: DataSource) -> DataSource:
    """The data source with what only its own entry tells (which headers have a value), where that may be read."""
    answer = _ask(partial(client.datasource, source.uid)) if source.uid and source.url else None
    if answer is None or answer.response is None or answer.response.status != 200:
        return source
    try:
        return parse_datasource(answer.response.json()) or source
    except HttpError:
        return source


def _judge_type_and_access(source: DataSource, steps: Steps) -> None:
    kind = excerpt(source.type, 60)
    steps.add("type", Reading(kind == "tempo", "ok" if kind == "tempo" else "wrong_type", f"its type is '{kind}'"))
    if source.access == "direct":
        steps.add("access", Reading(False, "direct_access", "with access 'direct' browsers ask Tempo themselves"))
    else:
        steps.add("access", Reading(True, "ok", "Grafana's server asks Tempo (access 'proxy')"))


def _echo(client: GrafanaClient, seen: Observed, steps: Steps, result: t.Dict[str, t.Any]) -> str:
    """The form of the proxy's path that works; one that gives a 404 is kept only when no other does better."""
    route = ""
    answer: t.Optional[Answer] = None
    missing: t.Optional[bool] = None
    for candidate in proxy_routes(seen.source):
        tried = _ask(partial(client.proxied, candidate, "/api/echo"))
        absent = route_is_missing(tried.response) if tried.response else False
        if answer is None or absent is False or (missing and absent is None):
            route, answer, missing = candidate, tried, absent
        if absent is False:
            break
    result["route"] = "uid" if "/proxy/uid/" in route else "id"
    answer = t.cast(Answer, answer)  # a data source has a uid or a number
    seen.echo = steps.add("echo", read_echo(answer), answer)
    return route


def _search_and_query(
    client: GrafanaClient, route: str, seen: Observed, steps: Steps, result: t.Dict[str, t.Any]
) -> None:
    """What decides: a search, the trace, and what Explore runs; then what names the reason of a failure."""
    now = int(time.time())
    query = {"q": result["search"]["query"], "start": now - _WINDOW_S, "end": now, "limit": 3}
    answer = _ask(partial(client.proxied, route, "/api/search", query))
    reading, result["search"]["traces"] = read_search(answer)
    seen.search = steps.add("search", reading, answer)
    if reading.cause == "response_timeout":
        return
    if reading.ok and result["trace"]:
        answer = _ask(partial(client.proxied, route, f"/api/traces/{result['trace']['id']}"))
        seen.trace = steps.add("trace", read_trace(answer), answer)
        result["trace"]["found"] = {"ok": True, "trace_missing": False}.get(seen.trace.cause)
    if seen.source.type != "tempo":
        return
    if not reading.ok and reading.cause != "datasource_unreachable":
        seen.behind_is_grafana = _is_grafana_behind(client, route, steps)
    if result["trace"]:
        seen.explore = _query(client, seen.source, "traceId", result["trace"]["id"], "explore", steps)
    else:
        seen.explore = _query(client, seen.source, "traceql", result["search"]["query"], "explore", steps)
        if not reading.ok and not seen.behind_is_grafana and not reason_of(seen.said):
            # Unlike a search, a query for a trace quotes what Tempo says (`no org id`; 9.4 and 13.1).
            seen.reason = _query(client, seen.source, "traceId", _MADE_UP_TRACE, "reason", steps)


def _query(client: GrafanaClient, source: DataSource, query_type: str, text: str, step: str, steps: Steps) -> Reading:
    is_trace_id = query_type == "traceId"
    answer = _ask(partial(client.query, source, query_type, text, "now-7d" if is_trace_id else "now-1h"))
    return steps.add(step, read_query(answer, is_trace_id), answer)


def _is_grafana_behind(client: GrafanaClient, route: str, steps: Steps) -> bool:
    answer = _ask(partial(client.proxied, route, "/api/health"))
    found = answer.response is not None and is_grafana_health(answer.response)
    message = "a Grafana answers behind the data source" if found else "no Grafana answers behind the data source"
    steps.add("identify", Reading(None, "points_at_grafana" if found else "ok", message), answer)
    return found


def _directly(tempo: TempoClient, trace_id: str, steps: Steps) -> t.Optional[bool]:
    started = time.monotonic()
    try:
        found = tempo.trace_by_id(trace_id) is not None
    except HttpError as error:
        steps.add("direct", Reading(None, error.cause, error.message), Answer(None, None, _ms_since(started)))
        return None
    words = ("ok", "Tempo has the trace") if found else ("trace_missing", "Tempo does not have the trace")
    steps.add("direct", Reading(found, *words), Answer(None, None, _ms_since(started)))
    return found


def _from_here(url: str, params: t.Mapping[str, t.Any], steps: Steps) -> t.Optional[Reading]:
    """The same URL, asked from this host without credentials: a hint, since Grafana may see another network."""
    plain = {name: params.get(name) for name in ("validate_certs", "ca_path", "client_cert", "client_key")}
    plain["timeout"] = min(float(params.get("timeout") or _FROM_HERE_TIMEOUT), _FROM_HERE_TIMEOUT)
    try:
        client = HttpClient(url, plain, "url")
    except BadOption as error:
        return steps.add("from_here", Reading(None, error.cause, f"the data source's {error.message}"))
    answer = _ask(partial(client.get, "/api/echo", retry=False))
    if answer.response is None:
        problem = t.cast(HttpError, answer.error)
        reading = Reading(False, problem.cause, problem.message)
    else:
        reading = Reading(True, "ok", f"{public_url(url)} answers this host")
    return steps.add("from_here", reading, answer)
