# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a data source as plain facts; checks judge them."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt, public_url
from ansible_collections.traceops.tracing.plugins.module_utils._client.grafana import (
    TENANT_HEADER,
    DataSource,
    as_dict,
    as_text,
)

# The settings of a Tempo data source (7.4 to 13) that name another data source by uid.
LINKS = ("tracesToLogs", "tracesToLogsV2", "tracesToMetrics", "tracesToProfiles", "serviceMap", "lokiSearch")
# Types that cannot serve a setting: plugins of third parties have types of their own, so most are not known to fit.
_NO_METRICS = r"loki|tempo|jaeger|zipkin|alertmanager|elasticsearch|graphite|grafana-pyroscope-datasource|testdata"
_UNFIT = {
    **dict.fromkeys(
        ("tracesToLogs", "tracesToLogsV2"),
        r"prometheus|tempo|jaeger|zipkin|alertmanager|graphite|grafana-pyroscope-datasource|testdata",
    ),
    **dict.fromkeys(("tracesToMetrics", "serviceMap"), _NO_METRICS),
    "lokiSearch": r"(?!loki$).*",
    "tracesToProfiles": rf"prometheus|{_NO_METRICS.replace('|grafana-pyroscope-datasource', '')}",
}


class Source(t.TypedDict):
    """A data source as the result shows it: names are cleaned, the URL has no credentials, headers no values."""

    id: t.Optional[int]
    uid: str
    name: str
    type: str
    access: t.Optional[str]
    url: t.Optional[str]  # null for users who may not see it
    headers: t.List[str]


class UrlParts(t.TypedDict):
    """The parts of the data source's URL."""

    scheme: str
    host: str
    port: t.Optional[int]
    path: str
    loopback: bool


class Link(t.TypedDict):
    """A setting of LINKS that names a data source: is it `found`, and can its type serve the setting (`fits`)?"""

    setting: str
    uid: str
    found: bool
    name: t.Optional[str]
    type: t.Optional[str]
    fits: t.Optional[bool]


class Settings(t.TypedDict):
    """Facts about the settings of a data source, under keys that stay."""

    url: t.Optional[UrlParts]  # null when Grafana does not tell it, or it is no URL
    access: t.Optional[str]
    streaming: bool  # for searches or metrics
    tenant_header: bool
    basic_auth: t.Optional[bool]
    tls_skip_verify: t.Optional[bool]
    time_shift: bool  # traces are looked for only around the time range of the panel
    time_shifts: t.List[str]  # how far its start and its end are moved, as they are written: ["-1h", "1h"] widens it
    links: t.List[Link]


def describe(source: DataSource) -> Source:
    """The data source as the result shows it."""
    return {
        "id": source.id,
        "uid": excerpt(source.uid, 120),
        "name": excerpt(source.name, 120),
        "type": excerpt(source.type, 120),
        "access": excerpt(source.access, 40) if source.access else None,
        "url": excerpt(public_url(source.url), 300) if source.url else None,
        "headers": header_names(source),
    }


def header_names(source: DataSource) -> t.List[str]:
    """The names of the request headers that are set: a name counts when it has a value, which Grafana never shows."""
    names = []
    for key, name in sorted(source.settings.items()):
        number = key[len("httpHeaderName") :] if key.startswith("httpHeaderName") else ""
        has_value = source.secrets_set is None or source.secrets_set.get(f"httpHeaderValue{number}", False)
        if number.isdigit() and as_text(name) and has_value:
            names.append(excerpt(as_text(name), 120))
    return names


def settings_of(source: DataSource, listing: t.Sequence[DataSource]) -> Settings:
    """Facts about the settings; `listing` has the data sources that they may name."""
    data = source.settings
    streaming = as_dict(data.get("streamingEnabled"))
    skip = data.get("tlsSkipVerify")
    return {
        "url": _parts(source.url),
        "access": describe(source)["access"],
        "streaming": streaming.get("search") is True or streaming.get("metrics") is True,
        "tenant_header": TENANT_HEADER in [name.lower() for name in header_names(source)],
        "basic_auth": source.basic_auth,
        "tls_skip_verify": skip if isinstance(skip, bool) else None,
        "time_shift": as_dict(data.get("traceQuery")).get("timeShiftEnabled") is True,
        "time_shifts": [
            excerpt(as_text(as_dict(data.get("traceQuery")).get(name)), 20)
            for name in ("spanStartTimeShift", "spanEndTimeShift")
        ],
        "links": [_link(name, data, listing) for name in LINKS if as_dict(data.get(name)).get("datasourceUid")],
    }


def _link(setting: str, data: t.Dict[str, t.Any], listing: t.Sequence[DataSource]) -> Link:
    uid = str(as_dict(data[setting])["datasourceUid"])
    target = next((source for source in listing if source.uid == uid), None)
    return {
        "setting": setting,
        "uid": excerpt(uid, 120),
        "found": target is not None,
        "name": excerpt(target.name, 120) if target else None,
        "type": excerpt(target.type, 120) if target else None,
        "fits": re.fullmatch(_UNFIT[setting], target.type) is None if target else None,
    }


def _parts(url: t.Optional[str]) -> t.Optional[UrlParts]:
    if not url:
        return None
    whole = "://" in url
    address = addresses.split(url if whole else f"http://{url}")  # which Grafana's proxy makes of it as well
    if address is None:
        return None
    return {
        "scheme": excerpt(address.scheme, 20) if whole else "",
        "host": excerpt(address.host, 255),
        "port": address.port,
        "path": excerpt(address.path.rstrip("/"), 200),
        "loopback": addresses.leads_here(address.host),
    }
