# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the data source: reach Grafana, be let in, find it. A Verdict is returned where the test ends there."""

from __future__ import annotations

import typing as t
from functools import partial

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._client.grafana import (
    DataSource,
    GrafanaClient,
    as_dict,
    as_text,
    parse_datasource,
    parse_listing,
)
from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpError
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.answers import (
    Answer,
    Reading,
    document,
    is_grafana_health,
    read_access,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.cause import Verdict
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.settings import describe
from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana.steps import Steps, ask


def reach(client: GrafanaClient, steps: Steps) -> t.Tuple[str, t.Optional[Verdict]]:
    """Grafana's version ('' when it hides it), and why the test ends here."""
    answer = ask(client.health)
    if answer.error:
        steps.add("reach", Reading(False, answer.error.cause, answer.error.message), answer)
        message = f"Grafana cannot be reached: {answer.error.message}"
        return "", Verdict("grafana_unreachable", message, transport=answer.error.cause)
    found = document(answer)
    version = excerpt(as_text(found.get("version")), 60)
    if not is_grafana_health(answer):
        reading = read_access(answer)
        if reading.cause == "unauthorized":
            return "", _ended(steps, "reach", reading, answer)
        what = "is answered, but not by Grafana" if reading.ok else reading.message
        reading = Reading(False, "not_grafana", f"grafana_url leads to no Grafana: GET /api/health {what}")
        return "", _ended(steps, "reach", reading, answer)
    if found["database"] != "ok":
        said = excerpt(as_text(found["database"]), 60)
        reading = Reading(False, "grafana_unhealthy", f"Grafana says that its database is '{said}'")
        return version, _ended(steps, "reach", reading, answer)
    steps.add("reach", Reading(True, "ok", f"Grafana {version or 'of a hidden version'} answers"), answer)
    return version, None


def data_sources(
    client: GrafanaClient, params: t.Mapping[str, t.Any], steps: Steps
) -> t.Union[t.List[DataSource], Verdict]:
    """All data sources. A user who may not list them gets the essentials from the settings of the front end."""
    answer = ask(client.datasources)
    reading = read_access(answer)
    if reading.ok:
        steps.add("authenticate", reading, answer)
        steps.add("permission", Reading(True, "ok", "data sources may be read"))
        return _listing(answer)
    if reading.cause != "forbidden":
        steps.add("authenticate", reading, answer)
        return _refused(reading, params)
    steps.add("authenticate", Reading(True, "ok", "Grafana lets this user in"))
    fallback = ask(client.frontend_settings)
    listing = _listing(fallback)
    if not listing:
        steps.add("permission", reading, answer)
        return _refused(reading, params)
    steps.add("permission", Reading(True, "ok", "data sources may be used, though their settings not read"), fallback)
    return listing


def find(listing: t.List[DataSource], params: t.Mapping[str, t.Any], steps: Steps) -> t.Union[DataSource, Verdict]:
    """The data source with the given uid and name, else the only one of type tempo."""
    uid, name = params.get("datasource_uid") or None, params.get("datasource_name") or None
    tempos = [source for source in listing if source.type == "tempo"]
    wanted = [s for s in listing if uid in (None, s.uid) and name in (None, s.name)] if uid or name else tempos
    asked = " and ".join(f"{word} '{excerpt(value, 60)}'" for word, value in (("uid", uid), ("name", name)) if value)
    if len(wanted) == 1:
        steps.add("find", Reading(True, "ok", f"found by {asked}" if asked else "found, the only one of type tempo"))
        return wanted[0]
    known = ", ".join(f"{d['name']} ({d['uid']})" for d in map(describe, tempos[:5])) or "none"
    if wanted:
        message = f"Grafana has {len(wanted)} Tempo data sources; name one by datasource_uid: {known}"
        return _ended(steps, "find", Reading(False, "datasource_ambiguous", message))
    message = f"none of Grafana's {len(listing)} data sources is of type tempo"
    if asked:
        message = f"Grafana has no data source with {asked}; of type tempo are: {known}"
    return _ended(steps, "find", Reading(False, "datasource_missing", message))


def details(client: GrafanaClient, source: DataSource) -> DataSource:
    """The data source with what only its own entry tells (which headers have a value), where that may be read."""
    if not source.uid or not source.url:
        return source
    answer = ask(partial(client.datasource, source.uid))
    return (parse_datasource(document(answer)) if answer.response and answer.response.status == 200 else None) or source


def hidden_version(client: GrafanaClient) -> str:
    """The version that the front end is told, for a Grafana whose health hides it."""
    settings = document(ask(client.frontend_settings))
    return excerpt(as_text(as_dict(settings.get("buildInfo")).get("version")), 60)


def _ended(steps: Steps, name: str, reading: Reading, answer: t.Optional[Answer] = None) -> Verdict:
    steps.add(name, reading, answer)
    return Verdict(reading.cause, reading.message)


def _listing(answer: Answer) -> t.List[DataSource]:
    try:
        return parse_listing(answer.response.json()) if answer.response and answer.response.status == 200 else []
    except HttpError:
        return []


def _refused(reading: Reading, params: t.Mapping[str, t.Any]) -> Verdict:
    member = f", or the user is no member of organisation {params['org_id']}" if params.get("org_id") else ""
    if reading.cause == "unauthorized":
        if params.get("token"):
            hint = "the token is not valid"
        elif params.get("url_username"):
            hint = "check url_username and url_password (not tried again: five failures lock the user for 5 minutes)"
        else:
            hint = "give token, or url_username and url_password"
        return Verdict("unauthorized", f"{reading.message}; {hint}{member}")
    if reading.cause == "forbidden":
        return Verdict("forbidden", f"{reading.message}; the permission datasources:read is missing{member}")
    if reading.cause in ("redirected", "wrong_shape", "backend_error"):
        return Verdict("not_grafana", f"grafana_url leads to no Grafana: GET /api/datasources {reading.message}")
    return Verdict("grafana_unreachable", f"Grafana cannot be reached: {reading.message}", transport=reading.cause)
