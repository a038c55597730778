# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grafana's HTTP API as far as a data source test needs it: requests and parsing, no judgement.

Nothing here changes anything in Grafana. The organisation is named by a header of each request, since
`POST /api/user/using/ID` would change the user's current organisation. The only POST is a query
(`/api/ds/query`), which Explore itself sends for every search.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from ansible_collections.traceops.tracing.plugins.module_utils._client.http import HttpClient, Response

TENANT_HEADER = "x-scope-orgid"

Json = t.Dict[str, t.Any]


class DataSource(t.NamedTuple):
    """A data source as Grafana describes it; None where it does not tell (a Viewer sees less)."""

    id: t.Optional[int]
    uid: str
    name: str
    type: str
    access: t.Optional[str]
    url: t.Optional[str]
    settings: Json  # jsonData
    secrets_set: t.Optional[t.Dict[str, bool]]  # secureJsonFields: which secrets have a value
    basic_auth: t.Optional[bool]


class GrafanaClient:
    """What Grafana 7 to 13 tell about a data source. An answer comes back whatever its status."""

    def __init__(self, grafana_url: str, params: t.Mapping[str, t.Any]) -> None:
        # The proxy hands unknown headers on: a tenant of ours would hide that the data source has none.
        headers = {n: v for n, v in (params.get("headers") or {}).items() if str(n).lower() != TENANT_HEADER}
        if params.get("org_id"):
            headers["X-Grafana-Org-Id"] = str(params["org_id"])
        self._http = HttpClient(grafana_url, {**params, "headers": headers, "tenant": None}, "grafana_url")
        # For what Grafana passes on to the data source.
        self._patience: t.Optional[float] = params.get("datasource_timeout")

    def health(self) -> Response:
        """`{"database": "ok", "version": "9.4.0", "commit": "..."}`, without credentials; the version may be hidden."""
        return self._http.get("/api/health")

    def datasources(self) -> Response:
        """A list of data sources, without `secureJsonFields`."""
        return self._http.get("/api/datasources")

    def datasource(self, uid: str) -> Response:
        """One data source by uid (Grafana 7.3 and later), with `secureJsonFields`."""
        return self._http.get(f"/api/datasources/uid/{_segment(uid)}")

    def frontend_settings(self) -> Response:
        """What every signed-in user may read: `datasources` (name -> id, uid, type, url ...) and `buildInfo`."""
        return self._http.get("/api/frontend/settings")

    def datasource_health(self, uid: str) -> Response:
        """The back end's check; for a Tempo data source it exists since Grafana 12.3 (grafana/grafana#111668)."""
        return self._http.get(f"/api/datasources/uid/{_segment(uid)}/health", retry=False, timeout=self._patience)

    def proxied(self, route: str, path: str, query: t.Optional[t.Mapping[str, t.Any]] = None) -> Response:
        """A GET of `path` that Grafana sends to the data source; `route` is one of `proxy_routes`."""
        return self._http.get(
            route + path, query, accept="application/json, text/plain;q=0.9", retry=False, timeout=self._patience
        )

    def query(self, source: DataSource, query_type: str, text: str, since: str) -> Response:
        """One query as Explore sends it: `query_type` is traceId or traceql; `since` is relative ("now-1h")."""
        query = {
            "refId": "A",
            "datasource": {"type": source.type, "uid": source.uid},
            "datasourceId": source.id,  # Grafana 7.5 knows only this one
            "queryType": query_type,
            "query": text,
            "limit": 3,
            "tableType": "traces",
        }
        return self._http.post("/api/ds/query", {"from": since, "to": "now", "queries": [query]})


def proxy_routes(source: DataSource) -> t.List[str]:
    """The paths under which Grafana's proxy may know a data source, the one that will stay first.

    By uid: not on 7.5 (500), broken for a uid with a hyphen on 9.4 (404). By number: off on 13.1 (404).
    """
    routes = [f"/api/datasources/proxy/uid/{_segment(source.uid)}"] if source.uid else []
    return [*routes, f"/api/datasources/proxy/{source.id}"] if source.id is not None else routes


def parse_datasource(given: t.Any) -> t.Optional[DataSource]:
    """One entry of any of Grafana's listings; None for built-in ones and for what is no data source."""
    entry = as_dict(given)
    number = entry.get("id")
    number = number if isinstance(number, int) and not isinstance(number, bool) else None
    uid, kind = as_text(entry.get("uid")), as_text(entry.get("type"))
    if not kind or (number is None and not uid) or (number is not None and number < 0):
        return None
    url = entry.get("url")
    secrets = entry.get("secureJsonFields")
    basic = entry.get("basicAuth")
    return DataSource(
        id=number,
        uid=uid,
        name=as_text(entry.get("name")),
        type=kind,
        access=as_text(entry.get("access")) or None,
        # /api/frontend/settings gives the proxy's path in place of the URL.
        url=url if isinstance(url, str) and not url.startswith("/") else None,
        settings=as_dict(entry.get("jsonData")),
        secrets_set={str(k): v is True for k, v in secrets.items()} if isinstance(secrets, dict) else None,
        basic_auth=basic if isinstance(basic, bool) else None,
    )


def parse_listing(given: t.Any) -> t.List[DataSource]:
    """The data sources of `/api/datasources` (a list) or of `/api/frontend/settings` (by name)."""
    entries = given if isinstance(given, list) else list(as_dict(as_dict(given).get("datasources")).values())
    return [source for source in map(parse_datasource, entries) if source]


def as_dict(value: t.Any) -> Json:
    """`value` if it is an object, else an empty one: answers of servers have any shape."""
    return value if isinstance(value, dict) else {}


def as_text(value: t.Any) -> str:
    """`value` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def _segment(text: str) -> str:
    return quote(text, safe="")
