"""Grafana's data sources: a small table, and how each version writes a row of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field


@dataclass
class DataSource:
    id: int
    uid: str
    name: str
    type: str
    url: str
    access: str = "proxy"
    is_default: bool = False
    json_data: dict[str, t.Any] = field(default_factory=dict)
    secure: dict[str, str] = field(default_factory=dict)  # values that Grafana never shows
    read_only: bool = True
    basic_auth_user: str = ""  # its password is secure["basicAuthPassword"]

    def own_headers(self) -> dict[str, str]:
        """The headers that Grafana adds to what it sends there: httpHeaderName1 with httpHeaderValue1 and so on."""
        numbers = range(1, len(self.json_data) + 1)
        names = {self.json_data.get(f"httpHeaderName{n}"): self.secure.get(f"httpHeaderValue{n}", "") for n in numbers}
        return {str(name): value for name, value in names.items() if name}

    @property
    def streaming(self) -> bool:
        return bool((self.json_data.get("streamingEnabled") or {}).get("search"))


def in_list(source: DataSource, version: tuple[int, ...]) -> dict[str, t.Any]:
    """A row of GET /api/datasources."""
    folder = "public/plugins" if version >= (12,) else "public/app/plugins/datasource"
    logo = f"{folder}/{source.type}/img/{source.type}_logo.svg"
    return {
        "id": source.id,
        "uid": source.uid,
        "orgId": 1,
        "name": source.name,
        "type": source.type,
        "typeName": source.type.capitalize(),
        "typeLogoUrl": logo,
        "access": source.access,
        "url": source.url,
        **({"password": ""} if version < (9,) else {}),
        "user": "",
        "database": "",
        "basicAuth": bool(source.basic_auth_user),
        "isDefault": source.is_default,
        "jsonData": source.json_data,
        "readOnly": source.read_only,
    }


def alone(source: DataSource, version: tuple[int, ...]) -> dict[str, t.Any]:
    """One data source by uid, name or id."""
    row = in_list(source, version)
    old = version < (9,)
    return {
        **{key: row[key] for key in ("id", "uid", "orgId", "name", "type")},
        "typeLogoUrl": row["typeLogoUrl"] if version >= (12,) else "",
        **{key: row[key] for key in ("access", "url", "password", "user", "database", "basicAuth") if key in row},
        "basicAuthUser": source.basic_auth_user,
        **({"basicAuthPassword": ""} if old else {}),
        "withCredentials": False,
        "isDefault": source.is_default,
        "jsonData": source.json_data,
        "secureJsonFields": dict.fromkeys(source.secure, True),
        "version": 1,
        "readOnly": source.read_only,
        **({"apiVersion": ""} if version >= (12,) else {}),
    }


def in_settings(source: DataSource, url: str) -> dict[str, t.Any]:
    """An entry of frontend/settings, which every signed-in user may read; `url` as a browser would use it."""
    meta = {"id": source.type, "type": "datasource", "name": source.type.capitalize(), "backend": True}
    return {
        "id": source.id,
        "uid": source.uid,
        "type": source.type,
        "name": source.name,
        "meta": meta,
        "url": url,
        "access": source.access,
        "isDefault": source.is_default,
        "preload": False,
        "jsonData": source.json_data,
        "readOnly": source.read_only,
    }


def recorded_states(
    *, tempo: str, tenants: str, no_streaming: str, otlp_grpc: str, otlp_http: str, internal_grpc: str, nowhere: str
) -> list[DataSource]:
    """The data sources of the recordings, under their uids; "SELF" stands for Grafana's own URL.

    `tenants` is a multi-tenant Tempo, `no_streaming` one without stream_over_http_enabled.
    """
    header = {"httpHeaderName1": "X-Scope-OrgID"}
    streaming = {"streamingEnabled": {"search": True}}
    rows: list[tuple[int, str, str, str, str, dict[str, t.Any]]] = [
        (1, "tempo", "Tempo", "tempo", tempo, {}),
        (2, "tempobad", "TempoBad", "tempo", nowhere, {}),
        (3, "tempodns", "TempoDns", "tempo", "http://nope.invalid:3200", {}),
        (4, "tempotype", "TempoType", "prometheus", tempo, {}),
        (5, "tempowrong", "TempoWrong", "tempo", "SELF", {}),
        (6, "tnotenant", "TempoNoTenant", "tempo", tenants, {}),
        (7, "t-tenant", "TempoTenant", "tempo", tenants, header),
        (8, "tstreamon", "TStreamOn", "tempo", tempo, streaming),
        (9, "tstreamoff", "TStreamOff", "tempo", no_streaming, streaming),
        (10, "tstreamten", "TStreamTen", "tempo", tenants, streaming),
        (11, "tgrpcport", "TGrpcPort", "tempo", otlp_grpc, {}),
        (12, "totlphttp", "TOtlpHttp", "tempo", otlp_http, {}),
        (13, "tpath", "TPath", "tempo", f"{tempo}/tempo", {}),
        (15, "tintgrpc", "TInternalGrpc", "tempo", internal_grpc, {}),
    ]
    sources = [DataSource(*row[:5], json_data=row[5], is_default=row[0] == 1) for row in rows]
    sources[6].secure = {"httpHeaderValue1": "team-a"}
    return sources
