# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one answer of Grafana means. Pure functions; what they know was seen on Grafana 7.5.5, 9.4.0 and 13.1.0.

They go by what is answered, never by the version: versions in between mix these ways, and the wording changes with
minor versions, so only the smallest stable part of a text is matched.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt, public_url, spoken
from ansible_collections.traceops.tracing.plugins.module_utils._client.grafana import as_dict, as_text
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError, Response


class Answer(t.NamedTuple):
    """Exactly one of `response` (complete) and `error` (why there is none); the time it took, in milliseconds."""

    response: t.Optional[Response]
    error: t.Optional[HttpError]
    elapsed_ms: float


class Reading(t.NamedTuple):
    """What an answer says: `ok` is None when it decides nothing; `said` is the server's own reason in full."""

    ok: t.Optional[bool]
    cause: str
    message: str
    said: str = ""


REASONS: t.Tuple[t.Tuple[str, str], ...] = (  # Go's words for what kept Grafana from its data source; order matters
    ("dns_failure", r"no such host|lookup \S+ on \S+: |name resolution|server misbehaving"),
    ("connection_refused", r"connection refused"),
    ("no_route", r"no route to host|network is unreachable"),
    # A TLS alert record begins with 15 03: TLS answered plain HTTP.
    ("tls", r"x509:|tls:|HTTPS (?:client|server|port)|malformed HTTP response \W*x15\W*x03|transport level security"),
    ("wrong_protocol", r"malformed HTTP|HTTP/1\.x transport connection broken|frame too large|server preface"),
    ("timeout", r"i/o timeout|deadline exceeded|Client\.Timeout|timed out"),
)

_NOT_PERMITTED = re.compile(r"permission denied|access denied|accessErrorId|additional permissions", re.I)
_NO_SCHEME = re.compile(r"first path segment in URL cannot contain colon|(?:unsupported|missing) protocol scheme")
_STREAMING = re.compile(r"streaming|rpc error|gRPC", re.I)
# Grafana 13 has Tempo's plugin no longer inside: where it could not be installed, only the proxy still works.
_NO_PLUGIN = ("plugin.notRegistered", "plugin.unavailable")
_OWN_404 = re.compile(r'^\s*\{.*"message"\s*:\s*"Not found"', re.S)


def reason_of(text: str) -> t.Optional[str]:
    """Which of REASONS a text of Grafana's back end names; None when it names none."""
    for reason, pattern in REASONS:
        if re.search(pattern, text, re.I):
            return reason
    return None


def names_tenant(text: str) -> bool:
    """Whether this is Tempo's refusal of a request without X-Scope-OrgID (`no org id`, 2.3 to 3.0)."""
    return "no org id" in text


def names_scheme(text: str) -> bool:
    """Whether Go's parser complains of a URL without http:// (`HOST:PORT`, `NAME:PORT`)."""
    return bool(_NO_SCHEME.search(text))


def names_streaming(text: str) -> bool:
    """Whether a failed health check speaks of the gRPC stream rather than of plain HTTP."""
    return bool(_STREAMING.search(text))


def looks_like_grafana(text: str) -> bool:
    """Whether the text quotes a Grafana: its JSON for a request without credentials, or for an unknown path."""
    return bool(_OWN_404.match(text) or re.search(r'"message"\s*:\s*"Unauthorized"', text))


def is_grafana_health(answer: Answer) -> bool:
    """Whether this is an answer of Grafana's /api/health (200, or 503 when its database fails)."""
    return as_text(document(answer).get("database")) != ""


def route_is_missing(answer: Answer) -> t.Optional[bool]:
    """Whether Grafana lacks this form of the proxy's path; None for a 404, which may also come from behind it."""
    response = answer.response
    if response is None:
        return False
    if response.status == 404:
        return True if "Unable to find datasource" in response.text else None
    # 7.5 to 8.0 answer 500 and 400 for a path by uid: they read `uid` as a number.
    return response.status in (400, 500) and bool(
        re.search(r"Unable to load datasource meta ?data|id is invalid", response.text, re.I)
    )


def read_access(answer: Answer) -> Reading:
    """The first request that needs credentials: `unauthorized`, `forbidden`, or fine."""
    if answer.response is None:
        return _transport(answer.error)
    response = answer.response
    if response.status == 200 and not _is_html(response):
        return Reading(True, "ok", "Grafana lets this user in")
    said = spoken(response.body) or "without a word"
    if response.status == 401:
        return Reading(False, "unauthorized", f"Grafana answers 401: '{said}'")
    if response.status == 403:
        return Reading(False, "forbidden", f"Grafana answers 403: '{said}'")
    return _unusable(response)


def read_echo(answer: Answer) -> Reading:
    """`GET /api/echo` through the proxy: 200 and `echo` from any Tempo, without tenant and without a search."""
    failed = _not_200(answer)
    if failed:
        return failed
    response = t.cast(Response, answer.response)
    if response.body.strip() == b"echo":
        return Reading(True, "ok", "Tempo's /api/echo answers through Grafana's proxy")
    return _wrong_shape(response, "the word 'echo'")


def read_search(answer: Answer) -> t.Tuple[Reading, t.Optional[int]]:
    """`GET /api/search` through the proxy, and the number of traces in it; only Tempo's shape of answer is accepted."""
    failed = _not_200(answer)
    if failed:
        return failed, None
    response = t.cast(Response, answer.response)
    found = document(answer)
    traces = found.get("traces")
    if not ({"traces", "metrics"} & set(found)) or not (traces is None or isinstance(traces, list)):
        return _wrong_shape(response, "a search result"), None
    count = len(traces or [])
    return Reading(True, "ok", f"a search through Grafana's proxy is answered, with {count} traces"), count


def largest_listed(answer: Answer, but: t.Optional[str]) -> t.Optional[str]:
    """The id of the trace with the most spans (2.4 on; else the first) that a search shows, other than `but`."""
    found = [each for each in document(answer).get("traces") or [] if isinstance(each, dict)]
    ids = [(_spans_of(each), as_text(each.get("traceID")).lower().rjust(32, "0")) for each in found]
    ids = [
        (spans, each) for spans, each in ids if re.match(r"^[0-9a-f]{32}$", each) and each != but and each.strip("0")
    ]
    return max(ids, key=lambda one: one[0])[1] if ids else None


def _spans_of(found: t.Mapping[str, t.Any]) -> int:
    counts = [as_dict(each).get("spanCount") for each in as_dict(found.get("serviceStats")).values()]
    return sum(each for each in counts if isinstance(each, int))


def read_trace(answer: Answer) -> Reading:
    """`GET /api/traces/ID` through the proxy; without the trace 404, empty (2.7 on) or `trace not found` (2.3)."""
    response = answer.response
    if answer.error and answer.error.cause == "body_too_large":
        return Reading(True, "ok", "the trace is found through Grafana's proxy, and is very large")
    if response is not None and response.status == 404 and response.body.strip() in (b"", b"trace not found"):
        return Reading(False, "trace_missing", "the trace is not found through Grafana's proxy")
    failed = _not_200(answer)
    if failed:
        return failed
    response = t.cast(Response, response)
    found = document(answer)
    batches = found.get("batches", found.get("resourceSpans"))
    if not isinstance(batches, list):
        return _wrong_shape(response, "a trace")
    if not batches:
        return Reading(False, "trace_missing", "the trace that Grafana's proxy returns is empty")
    return Reading(True, "ok", "the trace is found through Grafana's proxy")


def read_health(answer: Answer) -> Reading:
    """The back end's check. 400 (503 up to 8.0) with status ERROR is a verdict; anything else but 200 OK is none.

    Absent: 404 `Plugin not found` (7.5 by number), 404 `Not found` (8 to 9), 404 or 501 `plugin.notImplemented` (10+).
    """
    if answer.response is None:
        return _transport(answer.error)
    response, found = answer.response, document(answer)
    said = as_text(found.get("message"))
    if response.status == 200 and as_text(found.get("status")).upper() == "OK":
        return Reading(True, "ok", f"Grafana's own check says '{excerpt(said, 120)}'", said)
    if as_text(found.get("status")).upper() == "ERROR":
        return Reading(False, "backend_check_failed", f"Grafana's own check says '{excerpt(said, 200)}'", said)
    if as_text(found.get("messageId")) in _NO_PLUGIN:
        return Reading(False, "backend_check_failed", f"Grafana's plugin for it does not run: {_status_line(response)}")
    if response.status == 403:
        return Reading(None, "forbidden", "Grafana's own check is not permitted to this user")
    return Reading(None, "not_implemented", f"this Grafana has no check of its own for it ({_status_line(response)})")


def read_query(answer: Answer, is_trace_id: bool) -> Reading:
    """`POST /api/ds/query`, what Explore runs. With a trace id 404 means that the query got through to Tempo.

    Up to 9.4 a TraceQL query is taken for a trace id, later 9 and 10 say `unsupported query type`: not a failure.
    """
    if answer.error and answer.error.cause == "body_too_large":
        return Reading(True, "ok", "the query that Explore runs is answered, with very much")
    if answer.response is None:
        return _transport(answer.error)
    response, found = answer.response, document(answer)
    result = as_dict(as_dict(found.get("results")).get("A"))
    said = as_text(result.get("error"))
    if not said and response.status == 200 and result:
        return Reading(True, "ok", "the query that Explore runs is answered")
    if not said:
        known = as_text(found.get("messageId")) in ("plugin.downstreamError", *_NO_PLUGIN)
        broken = known or (is_trace_id and response.status >= 500)
        quoted = f"the query that Explore runs is answered with {_status_line(response)}"
        return Reading(False, "backend_check_failed", quoted) if broken else Reading(None, "not_implemented", quoted)
    if is_trace_id and re.search(r"Status: (?:404 )?Not Found(?! Body: 404 page)|not found in the selected", said):
        return Reading(False, "trace_missing", f"Explore's query does not find the trace: '{_shown(said)}'", said)
    if not is_trace_id and re.search(r"unsupported query type|trace with id: \W*\{.* 400 Bad Request", said):
        return Reading(None, "not_implemented", "this Grafana runs searches in the browser, not by /api/ds/query", said)
    return Reading(False, "backend_check_failed", f"the query that Explore runs fails: '{_shown(said)}'", said)


def _shown(said: str) -> str:
    """What the back end says, with the page that it quotes from Tempo's side in its own words."""
    head, mark, body = said.partition("Body: ")
    return excerpt(head + mark + spoken(body), 240)


def _not_200(answer: Answer) -> t.Optional[Reading]:
    """What a proxied answer says when it is not a success. The proxy passes on what the server behind it says,
    except that it makes its own 502 and 504 of no answer at all, and 400 of a 401."""
    if answer.response is None:
        return _transport(answer.error)
    response = answer.response
    said = response.text[:4096]
    if response.status >= 400 and _of_a_proxy(response):
        return Reading(False, "proxy_between", f"an HTTP proxy answered {_status_line(response)}", said)
    if response.status in (502, 504) and said.strip().lower() in ("", "bad gateway", "gateway timeout"):
        if response.status == 504:
            said = "timed out"
        return Reading(
            False, "datasource_unreachable", f"Grafana gets no answer from the data source ({response.status})", said
        )
    if response.status == 400 and "Authentication to data source failed" in said:
        return Reading(
            False, "datasource_unauthorized", "the server behind the data source refuses Grafana's request (401)", said
        )
    if response.status == 400 and reason_of(said) == "tls":
        return Reading(False, "datasource_unreachable", "the server behind the data source speaks TLS", said)
    if response.status == 401:
        return Reading(False, "unauthorized", f"Grafana's proxy answers {_status_line(response)}", said)
    if response.status == 403 and _NOT_PERMITTED.search(said):
        return Reading(False, "forbidden", f"Grafana's proxy answers {_status_line(response)}", said)
    if response.status == 404:
        return Reading(False, "not_found", f"the path is not known there: {_status_line(response)}", said)
    if response.status != 200 or _is_html(response):
        return _unusable(response)
    return None


_PROXY = re.compile(r"squid|zscaler|blue ?coat|mcafee web gateway|privoxy", re.I)


def _of_a_proxy(response: Response) -> bool:
    """Whether a proxy for outgoing requests answers in the place of Tempo (squid 5.7 by its headers and its page)."""
    head = response.headers
    if response.status == 407 or any(name in head for name in ("x-squid-error", "proxy-authenticate")):
        return True
    return _is_html(response) and bool(
        _PROXY.search(f"{head.get('server', '')} {head.get('via', '')}") or _PROXY.search(response.text[:4096])
    )


def _transport(error: t.Optional[HttpError]) -> Reading:
    problem = t.cast(HttpError, error)
    return Reading(False, problem.cause, problem.message)


def _unusable(response: Response) -> Reading:
    if 300 <= response.status < 400:
        target = excerpt(public_url(response.headers.get("location", "")), 120)
        return Reading(False, "redirected", f"answered with a redirect ({response.status}) to '{target}'")
    if response.status == 200:
        return Reading(False, "wrong_shape", f"answered {response.status} with a web page, not data", response.text)
    return Reading(False, "backend_error", f"answered {_status_line(response)}", response.text[:4096])


def _wrong_shape(response: Response, expected: str) -> Reading:
    return Reading(
        False, "wrong_shape", f"answered 200 with '{spoken(response.body, 80)}', not {expected}", response.text[:4096]
    )


def _status_line(response: Response) -> str:
    body = spoken(response.body, 120)
    return f"{response.status} '{body}'" if body else f"{response.status} without text"


def _is_html(response: Response) -> bool:
    return response.content_type == "text/html" or response.body.lstrip()[:9].lower().startswith(b"<!doctype")


def document(answer: Answer) -> t.Dict[str, t.Any]:
    """The JSON object of an answer; empty when it is something else."""
    try:
        return as_dict(answer.response.json()) if answer.response else {}
    except HttpError:
        return {}
