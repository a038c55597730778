"""Grafana's HTTP API by version: who am I, data sources, the proxy, health and queries."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse

from ansible_collections.traceops.tracing.tests.lab import grafana_query, grafana_sources
from ansible_collections.traceops.tracing.tests.lab.grafana_auth import JSON_UTF8, Accounts, Identity
from ansible_collections.traceops.tracing.tests.lab.grafana_client import GoError, fetch
from ansible_collections.traceops.tracing.tests.lab.grafana_sources import DataSource
from ansible_collections.traceops.tracing.tests.lab.otlp import version_of
from ansible_collections.traceops.tracing.tests.lab.tempo_pages import recording
from ansible_collections.traceops.tracing.tests.lab.wire import (
    Listener,
    Request,
    Response,
    as_json,
    not_found,
    text,
)

PROFILES = ("7.5.5", "9.4.0-pre", "13.1.0-pre")
# A data source's own credentials go there, never Grafana's cookies; 7.5 passes the caller's Authorization on.
_NOT_FORWARDED = {"host", "cookie", "authorization", "connection", "content-length", "accept-encoding", "origin"}


class Grafana:
    """Listens from construction to `stop()`. Raises OSError when the port is taken.

    `sources` may be changed while it runs; a source whose URL is "SELF" points at this Grafana.
    """

    def __init__(
        self,
        profile: str = "13.1.0-pre",
        sources: t.Iterable[DataSource] = (),
        *,
        port: int = 0,
        accounts: Accounts | None = None,
        tls: tuple[str, str] | None = None,
    ) -> None:
        if profile not in PROFILES:
            raise ValueError(f"there is no profile of Grafana {profile!r}: one of {', '.join(PROFILES)}")
        self.profile, self.version = profile, version_of(profile)
        self.accounts = accounts or Accounts(self.version)
        self._listener = Listener(self._answer, port, tls=tls)
        self.url = self._listener.url
        self.sources = list(sources)
        for source in self.sources:
            source.url = source.url.replace("SELF", self.url)

    def stop(self) -> None:
        self._listener.stop()

    def _find(self, wanted: object, by: str = "uid") -> DataSource | None:
        if by == "uid" and isinstance(wanted, int):
            by = "id"
        return next((source for source in self.sources if str(getattr(source, by)) == str(wanted)), None)

    def _answer(self, request: Request) -> Response:
        path = urllib.parse.unquote(request.path)
        if path == "/api/health":
            return self._health()
        if path == "/healthz":
            return text(200, "Ok", None if self.version >= (12,) else "text/plain; charset=utf-8")
        if not path.startswith("/api/"):
            return self._page()
        identity = self.accounts.identify(request)
        if isinstance(identity, Response):
            # 7.5 says that a route is missing before it asks who wants to know.
            known = re.match(r"/api/(datasources|org|user|search|frontend/settings|ds/query)", path)
            return self._unknown() if self.version < (9,) and not known else identity
        if path.startswith("/api/datasources"):
            return self._data_sources(path[len("/api/datasources") :].strip("/"), request, identity)
        if path == "/api/ds/query" and request.method == "POST":
            return self._query(request)
        return self._small(path, identity)

    def _small(self, path: str, identity: Identity) -> Response:
        if path == "/api/org":
            address = {"address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": ""}
            return as_json(200, {"id": 1, "name": "Main Org.", "address": address})
        if path == "/api/user":
            return self.accounts.user(identity)
        if path == "/api/search":  # dashboards, of which there are none
            return as_json(200, [])
        if path == "/api/frontend/settings":
            return self._settings()
        return self._unknown()

    def _health(self) -> Response:
        body = recording(f"grafana-{self.profile}")["exchanges"][0]["response"]["body"]
        return text(200, body, JSON_UTF8)

    def _page(self) -> Response:
        """A page for browsers. Each recorded Grafana ran without its built front end and answered in its own way."""
        status = 404 if self.version < (9,) else 200 if self.version < (12,) else 500
        body = "" if status == 200 else '<!DOCTYPE html>\n<html lang="en"></html>\n'
        return text(status, body, "text/html; charset=UTF-8")

    def _unknown(self) -> Response:
        if self.version < (9,):
            return as_json(404, {"message": "Not found"}, JSON_UTF8)
        if self.version < (12,):
            return as_json(404, {"message": "Not found", "traceID": ""}, JSON_UTF8, end="\n")
        return as_json(404, {"message": "Not found"}, JSON_UTF8, end="\n")

    def _settings(self) -> Response:
        built_in = {
            "-- Dashboard --": {"type": "datasource", "name": "-- Dashboard --", "meta": {"id": "dashboard"}},
            "-- Grafana --": {"id": -1, "uid": "grafana", "type": "datasource", "name": "-- Grafana --", "meta": {}},
            "-- Mixed --": {"type": "datasource", "name": "-- Mixed --", "meta": {"id": "mixed"}},
        }
        by_uid = self.version >= (12,)
        shown = {
            source.name: grafana_sources.in_settings(
                source, f"/api/datasources/proxy/{f'uid/{source.uid}' if by_uid else source.id}"
            )
            for source in self.sources
        }
        default = next((source.name for source in self.sources if source.is_default), "-- Grafana --")
        version = re.search(r'"version": "([^"]*)"', self._health().body.decode())
        info = {"version": version.group(1) if version else "", "edition": "Open Source", "env": "production"}
        body = {"buildInfo": info, "datasources": {**built_in, **shown}, "defaultDatasource": default}
        return as_json(200, body, JSON_UTF8)

    def _data_sources(self, rest: str, request: Request, identity: Identity) -> Response:
        if rest.startswith("proxy/"):
            return self._proxy(rest[len("proxy/") :], request)
        parts = rest.split("/") if rest else []
        refused = self.accounts.may_read_sources(identity, request)
        if refused and parts[2:] != ["health"]:
            return refused
        if not parts:
            rows = sorted(self.sources, key=lambda source: source.name.lower())
            return as_json(200, [grafana_sources.in_list(source, self.version) for source in rows])
        by, name = (parts[0], parts[1:]) if parts[0] in ("uid", "name") else ("id", parts)
        if by == "id" and self.version >= (13,):
            return self._unknown()
        source = self._find(name[0] if name else "", by)
        if name[1:] == ["health"]:
            return self._source_health(source, by)
        if name[1:2] == ["resources"]:
            return self._resource(source, "/".join(name[2:]), request)
        if len(name) != 1:
            return self._unknown()
        if source is None:
            return as_json(404, {"message": "Data source not found"})
        return as_json(200, grafana_sources.alone(source, self.version))

    def _source_health(self, source: DataSource | None, by: str) -> Response:
        if self.version < (9,):
            return self._unknown() if by == "uid" else as_json(404, {"message": "Plugin not found"})
        if source is None:
            if self.version < (12,):
                return as_json(500, {"message": "Unable to load datasource metadata", "traceID": ""})
            return as_json(404, {"message": "Data source not found"})
        if self.version < (12,):
            return as_json(404, {"message": "Not found", "traceID": ""})
        return grafana_query.health(source)

    def _resource(self, source: DataSource | None, path: str, request: Request) -> Response:
        """Resources of a plugin: Prometheus' passes them on, Tempo's knows only its tag routes."""
        if source is not None and source.type == "prometheus" and self.version >= (9,):
            return self._forward(source, path, request)
        return not_found() if self.version >= (12,) else self._unknown()

    def _proxy(self, rest: str, request: Request) -> Response:
        first, _unused, tail = rest.partition("/")
        by_uid = first == "uid"
        if self.version < (9,) and by_uid:
            return as_json(500, {"message": "Unable to load datasource meta data"}, JSON_UTF8)
        if self.version >= (13,) and not by_uid:
            return self._unknown()
        named, _unused, path = tail.partition("/") if by_uid else (first, "", tail)
        if by_uid and "-" in named and self.version < (10,):
            return not_found()  # the route's pattern for uids ends at the hyphen
        source = self._find(named, "uid" if by_uid else "id")
        if source is None:
            if self.version < (9,):
                return as_json(500, {"message": "Unable to load datasource meta data"}, JSON_UTF8)
            return as_json(404, {"message": "Unable to find datasource"}, JSON_UTF8, end="\n")
        return self._forward(source, path, request)

    def _forward(self, source: DataSource, path: str, request: Request) -> Response:
        dropped = _NOT_FORWARDED - ({"authorization"} if self.version < (9,) else set())
        headers = {name: value for name, value in request.headers.items() if name.lower() not in dropped}
        headers.update(grafana_query.source_headers(source))
        query = f"?{request.raw_query}" if request.raw_query else ""
        base = source.url if "://" in source.url else f"http://{source.url}"  # the proxy repairs it
        url = f"{base.rstrip('/')}/{urllib.parse.quote(path)}{query}"
        try:
            answer = fetch(request.method, url, headers, request.body or None)
        except GoError as error:
            return Response(504 if error.kind == "timeout" else 502)
        if answer.status == 401:
            return text(400, "Authentication to data source failed")
        headers = {"Location": answer.location} if answer.location else {}
        return Response(answer.status, answer.body, answer.content_type, headers, cut=answer.cut)

    def _query(self, request: Request) -> Response:
        try:
            body = json.loads(request.body)
        except ValueError:
            return as_json(400, {"message": "bad request data"})
        return grafana_query.ds_query(body, self.version, self.profile, self._find)
