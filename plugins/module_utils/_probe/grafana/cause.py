# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the steps of a data source test saw to the one cause; a real search decides, not Save & Test."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt, public_url
from ansible_collections.traceops.tracing.plugins.module_utils._client.grafana import DataSource
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.answers import (
    Reading,
    looks_like_grafana,
    names_scheme,
    names_streaming,
    names_tenant,
    reason_of,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.settings import describe, settings_of

# What a 502 without text can be (seen on 7.5.5, 9.4 and 13.1: all alike).
CANDIDATES = ("connection_refused", "dns_failure", "wrong_protocol", "tls")

# What this host's own attempt (a cause of HttpError) would be in Grafana's words.
_FROM_HERE = {
    "dns_failure": "dns_failure",
    "connection_refused": "connection_refused",
    "no_route": "no_route",
    "connection_timeout": "timeout",
    "response_timeout": "timeout",
    "not_http": "wrong_protocol",
    "connection_reset": "wrong_protocol",
    "tls_not_spoken": "tls",
    "tls_failure": "tls",
    "certificate_untrusted": "tls",
    "certificate_expired": "tls",
    "certificate_name_mismatch": "tls",
    "client_certificate_required": "tls",
}

_WORDS = {
    "connection_refused": "nothing listens there (connection refused)",
    "dns_failure": "the host name does not resolve where Grafana runs",
    "wrong_protocol": "what listens there does not speak HTTP/1.1 (a gRPC port?)",
    "tls": "TLS fails: one side speaks it and the other does not, or the certificate is not accepted",
    "timeout": "there is no answer in time",
    "no_route": "there is no route to the host",
}


class Verdict(t.NamedTuple):
    """`reason` and `candidates` go with datasource_unreachable, `transport` with grafana_unreachable."""

    cause: str
    message: str
    reason: t.Optional[str] = None
    candidates: t.Tuple[str, ...] = ()
    transport: t.Optional[str] = None


@dataclasses.dataclass
class Observed:
    """What the steps read; None where a step was not run."""

    source: DataSource
    health: t.Optional[Reading] = None
    echo: t.Optional[Reading] = None
    search: t.Optional[Reading] = None
    trace: t.Optional[Reading] = None
    listed: t.Optional[Reading] = None  # a trace that the search showed
    explored: t.List[Reading] = dataclasses.field(default_factory=list)  # what Explore has the back end do
    reason: t.Optional[Reading] = None  # one more query, sent only because the proxy hides why it failed
    behind_is_grafana: bool = False
    from_here: t.Optional[Reading] = None
    found_directly: t.Optional[bool] = None  # the trace, at tempo_url

    @property
    def said(self) -> str:
        """What Grafana's back end says about the data source, all together."""
        return "\n".join(seen.said for seen in (self.health, *self.explored, self.reason) if seen)

    @property
    def decisive(self) -> Reading:
        """The search, or the echo when it showed that a search would be pointless."""
        return t.cast(Reading, self.search or self.echo)


def conclude(seen: Observed) -> Verdict:
    """The first thing on the way that is wrong, or cause `ok`."""
    where = f"data source '{describe(seen.source)['name']}'"
    if seen.source.type != "tempo":
        also = "; what answers behind it is a Tempo" if seen.search and seen.search.ok else ""
        return Verdict("wrong_type", f"{where} is of type '{excerpt(seen.source.type, 60)}', not 'tempo'{also}")
    if not seen.decisive.ok:
        return _not_searchable(seen, where)
    return _searchable(seen, where)


def _not_searchable(seen: Observed, where: str) -> Verdict:
    failed = seen.decisive
    if failed.cause in ("forbidden", "unauthorized"):
        return Verdict(failed.cause, f"{where} may not be queried with these credentials: {failed.message}")
    if failed.cause == "proxy_between":
        return Verdict("proxy_between", f"between Grafana and {where} {failed.message}")
    # 7.5 passes on the 404 of the Grafana behind it; later ones quote its 401 only in answer to a query.
    readings = (seen.echo, seen.search, *seen.explored, seen.reason)
    if seen.behind_is_grafana or any(reading and looks_like_grafana(reading.said) for reading in readings):
        return Verdict("points_at_grafana", f"{where} points at a Grafana, not at Tempo")
    if seen.source.url is not None and not _is_url(seen.source):
        shown = excerpt(public_url(seen.source.url), 120)
        message = f"{where} has the URL '{shown}', which names no server; expected http://HOST:PORT"
        return Verdict("datasource_unreachable", message, "bad_url")
    if failed.cause in ("datasource_unreachable", "response_timeout"):
        if seen.echo is not None and seen.echo.ok:
            return Verdict("backend_error", f"{where} answers, but a search gets no answer: {failed.message}")
        return _unreachable(seen, where)
    if failed.cause == "datasource_unauthorized":
        return _unauthorized(seen, where)
    if failed.cause == "not_found":
        parts = settings_of(seen.source, ())["url"]
        if parts and parts["path"]:
            return Verdict(
                "wrong_path", f"{where} has a URL with the path '{parts['path']}', which the server does not know"
            )
        port = f" on port {parts['port']}" if parts and parts["port"] else ""
        return Verdict("not_tempo", f"{where} points at a server{port} that knows none of Tempo's paths (404)")
    if failed.cause in ("wrong_shape", "redirected"):
        return Verdict("not_tempo", f"what {where} points at does not answer like Tempo: it {failed.message}")
    if failed.cause == "backend_error":
        return Verdict("backend_error", f"a search through {where} fails: the server behind it {failed.message}")
    return Verdict("grafana_unreachable", failed.message, transport=failed.cause)


def _is_url(source: DataSource) -> bool:
    parts = settings_of(source, ())["url"]
    return bool(parts and parts["host"] and parts["scheme"])


def _unreachable(seen: Observed, where: str) -> Verdict:
    failed = seen.decisive
    told = "timeout" if failed.cause == "response_timeout" else reason_of(failed.said)
    named = next((text for text in seen.said.splitlines() if reason_of(text)), "")
    reason = reason_of(named) or told
    if reason:
        quoted = f": '{excerpt(named, 160)}'" if named else ""
        return Verdict("datasource_unreachable", f"Grafana cannot reach {where}; {_WORDS[reason]}{quoted}", reason)
    candidates: t.Tuple[str, ...] = CANDIDATES
    hint = ""
    if seen.from_here is not None:
        if seen.from_here.ok:
            hint = "; the same URL answers from this host, so Grafana sees another network than this host"
        else:
            hint = f"; from this host: {seen.from_here.message}"
            likely = _FROM_HERE.get(seen.from_here.cause)
            candidates = (*([likely] if likely else []), *(word for word in CANDIDATES if word != likely))
    message = f"Grafana cannot reach {where} and does not say why{hint}"
    return Verdict("datasource_unreachable", message, "unknown", candidates)


def _unauthorized(seen: Observed, where: str) -> Verdict:
    echoed = seen.echo is not None and seen.echo.ok
    if names_tenant(seen.said):
        quoted = " ('no org id')"
    elif echoed:
        quoted = ", though its echo answers"
    else:
        return Verdict(
            "datasource_unauthorized",
            f"the server behind {where} refuses Grafana's requests (401): the credentials in the data source are "
            "missing or wrong",
        )
    return Verdict("tenant_missing", f"Tempo refuses searches through {where} without a tenant{quoted}; {_sent(seen)}")


def _sent(seen: Observed) -> str:
    if settings_of(seen.source, ())["tenant_header"]:
        return "the data source has an X-Scope-OrgID header, which does not arrive or is empty"
    return "the data source sends no X-Scope-OrgID header"


def _searchable(seen: Observed, where: str) -> Verdict:
    health = seen.health
    failing = next((each for each in seen.explored if each.ok is False), None)
    for refused in (failing, health):
        # With an address as its host, 13.1.5 answers 500 and has the parser's words in its log only.
        bare = seen.source.url is not None and "://" not in seen.source.url
        if refused is not None and refused.ok is False and (bare or names_scheme(refused.said)):
            shown = excerpt(public_url(seen.source.url or ""), 120)
            return Verdict(
                "url_without_scheme",
                f"{where} has the URL '{shown}' without http://: Grafana's proxy makes up for it, so that searches "
                f"work, and its back end does not: {refused.message}",
                "bad_url",
            )
    if health is not None and health.ok is False:
        if names_tenant(health.said):
            return Verdict("tenant_missing", f"searches through {where} work, but {health.message}; {_sent(seen)}")
        streaming = settings_of(seen.source, ())["streaming"]
        if streaming and names_streaming(health.said):
            return Verdict(
                "streaming_off",
                f"{where} streams its searches, which what it points at does not serve; without streaming they work "
                f"('{excerpt(health.said, 120)}')",
            )
    unopened = _unopened(seen, failing, where)
    if unopened:
        return unopened
    if health is not None and health.ok is False:
        reason = reason_of(health.said)
        return Verdict("backend_check_failed", f"searches through {where} work, but {health.message}", reason)
    if seen.echo is not None and not seen.echo.ok:
        return Verdict("backend_check_failed", f"searches through {where} work, but not its echo: {seen.echo.message}")
    if seen.source.access == "direct":
        return Verdict(
            "direct_access",
            f"{where} works through Grafana, but has access 'direct': browsers ask Tempo from their own network",
        )
    return Verdict("ok", f"{where} works: searches through Grafana are answered")


def _unopened(seen: Observed, failing: t.Optional[Reading], where: str) -> t.Optional[Verdict]:
    """That traces do not open, by the proxy or by Explore's own queries: whichever fails, a person meets it."""
    if seen.trace is not None and seen.trace.cause == "trace_missing":
        return _no_trace(seen, where)
    unread = next((each for each in (seen.trace, seen.listed) if each is not None and each.ok is False), None)
    if unread is not None:
        words = "a trace that the search lists" if unread is seen.listed else "a trace"
        said = f"{words} cannot be opened by its id through Grafana: {unread.message}"
        return Verdict("trace_unreadable", f"searches through {where} work, but {said}", reason_of(unread.said))
    if failing is not None:
        words = "though Grafana's proxy finds it, " if failing.cause == "trace_missing" else ""
        reason = reason_of(failing.said)
        return Verdict("explore_failed", f"searches through {where} work, but {words}{failing.message}", reason)
    return None


def _no_trace(seen: Observed, where: str) -> Verdict:
    if seen.found_directly:
        detail = "but the Tempo that was asked directly has it: another Tempo, or another tenant"
    elif seen.found_directly is False:
        detail = "nor in the Tempo that was asked directly"
    else:
        detail = "though searches work"
    return Verdict("trace_missing", f"the trace is not found through {where}, {detail}")
