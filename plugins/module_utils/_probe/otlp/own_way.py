# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application's own way: the options of the probe as an application's settings, or its SDK's defaults, have them.

A port that takes what the canary speaks says nothing of an application that speaks something else.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import addresses
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import MASK
from ansible_collections.traceops.tracing.plugins.module_utils._otel import sdk_rules
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp.result import Followed

Params = t.Mapping[str, t.Any]


def followed(params: Params, seen: t.Mapping[str, t.Any]) -> t.Tuple[t.Dict[str, t.Any], t.List[Followed]]:
    """`params` changed to what the application does, and what was taken from where.

    `seen` is a result of the probe `environment`. What the user's options say wins; path, TLS and certificates follow
    only where the endpoint that is tried is the application's. What sends nothing goes to the same place, no more.
    """
    effective = seen.get("effective") or {}
    changed = dict(params)
    taken: t.List[Followed] = []
    if not params["send"]:
        return changed, taken

    def take(option: str, value: t.Any, setting: t.Mapping[str, t.Any]) -> None:
        changed[option] = value
        taken.append(Followed(option=option, value=str(value), source=str(setting.get("from"))))

    protocol = effective.get("protocol") or {}
    if params["protocol"] == "auto" and protocol.get("value") in sdk_rules.PROTOCOLS:
        take("protocol", protocol["value"], protocol)
    if params["compression"] == "none" and _value(effective, "compression") == "gzip":
        take("compression", "gzip", effective["compression"])
    endpoint = effective.get("endpoint") or {}
    if not _same(str(params["endpoint"]), endpoint):
        return changed, taken
    bare = "://" not in str(endpoint.get("value"))
    means_tls = (
        bare and sdk_rules.bare_endpoint(_value(effective, "language") or "", changed["protocol"]) == sdk_rules.TLS
    )
    if means_tls and not _value(effective, "insecure"):
        take("endpoint", f"https://{_authority(endpoint)}", endpoint)
    if changed["protocol"] != sdk_rules.GRPC:
        path = _path(endpoint)
        if path != sdk_rules.TRACES_PATH:
            take("path", path, endpoint)
    proxies = _proxies(effective.get("proxies"))
    if proxies is not None:
        changed["proxies"] = proxies
        taken += [Followed(option="proxies", value=url, source=f"{kind}_proxy") for kind, url in proxies.items()]
    ca_path = _value(effective, "ca_path")
    # In a container the file is another one: it is read there.
    there = bool(inside_of(params, seen)) or (seen.get("own_network") is False and os.path.isfile(str(ca_path)))
    if ca_path and not params.get("ca_path") and there:
        take("ca_path", ca_path, effective["ca_path"])
    return changed, taken


def inside_of(params: Params, seen: t.Mapping[str, t.Any]) -> int:
    """The process from whose network its endpoint is to be tried; 0 where this host's network does as well.

    Another endpoint than the application's is tried from here. What sends nothing may be the other port of the two.
    """
    if not seen.get("own_network"):
        return 0
    tried, endpoint = str(params["endpoint"]), (seen.get("effective") or {}).get("endpoint") or {}
    address = addresses.split(tried)
    beside = not params["send"] and address is not None and {address.port, endpoint.get("port")} == _PORTS
    own = _same(tried, endpoint) or (beside and _same_host(tried, endpoint))
    return int(seen.get("pid") or 0) if own else 0


_PORTS = {4317, 4318}  # of gRPC and HTTP


def _value(effective: t.Mapping[str, t.Any], name: str) -> t.Any:
    return (effective.get(name) or {}).get("value")


def _same(tried: str, endpoint: t.Mapping[str, t.Any]) -> bool:
    """Whether host and port that are tried are those of the application's endpoint."""
    address = addresses.split(tried)
    return address is not None and address.port == endpoint.get("port") and _same_host(tried, endpoint)


def _same_host(tried: str, endpoint: t.Mapping[str, t.Any]) -> bool:
    address = addresses.split(tried)
    if address is None or not endpoint.get("value") or not endpoint.get("host"):
        return False
    host = str(endpoint["host"]).lower()
    return host == address.host or (addresses.leads_here(host) and addresses.leads_here(address.host))


def _proxies(seen: t.Any) -> t.Optional[t.Dict[str, str]]:
    """The application's proxies by kind; none where its exports go through none; null where they cannot be known."""
    if not seen or MASK in "".join(str(value) for value in seen.values()):
        return None
    if not seen["applies"]:
        return {}
    urls = {kind: seen[kind] for kind in ("http", "https", "all", "grpc") if seen[kind]}
    found = [addresses.split(url) for url in urls.values()]
    if not all(address and address.host for address in found):
        return None
    return {**urls, **({"no": seen["no_proxy"]} if seen["no_proxy"] else {})}


def _authority(endpoint: t.Mapping[str, t.Any]) -> str:
    host = endpoint["host"]
    return f"[{host}]:{endpoint['port']}" if ":" in host else f"{host}:{endpoint['port']}"


def _path(endpoint: t.Mapping[str, t.Any]) -> str:
    """Where an exporter posts: a URL for traces alone is used as it is, to any other the path is added."""
    path = str(endpoint.get("path") or "")
    if endpoint.get("from") in sdk_rules.VERBATIM:
        return path or "/"
    return path.rstrip("/") + sdk_rules.TRACES_PATH
