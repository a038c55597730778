# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and ports in URLs, which of them are this machine, and which of them `no_proxy` excepts: one rule each."""

from __future__ import annotations

import functools
import ipaddress
import os
import re
import typing as t
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}


class Address(t.NamedTuple):
    """The parts of a URL, or of HOST:PORT (then `scheme` is empty); `host` is in lower case and without brackets."""

    scheme: str
    host: str
    port: t.Optional[int]  # the scheme's own where the URL has none
    path: str


@functools.lru_cache(maxsize=4096)  # the hosts of a fleet name the same few
def split(url: str) -> t.Optional[Address]:
    """The parts of `url`; None when it is no address."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        port = parts.port
    except ValueError:
        return None
    return Address(parts.scheme, parts.hostname or "", port or PORTS.get(parts.scheme), parts.path)


def is_loopback(host: str) -> bool:
    """Whether only this machine is reached at `host`, or listens at it."""
    number = _number(host)
    if number is None:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")
    return bool(number.is_loopback)


def leads_here(host: str) -> bool:
    """Whether a client that connects to `host` stays on its machine.

    0.0.0.0 and :: are all addresses of a machine for who listens; as a destination Linux takes them for loopback.
    """
    number = _number(host)
    return is_loopback(host) or (number is not None and number.is_unspecified)


def stays_here(url: str) -> bool:
    """Whether `url` is one of this machine, which no proxy is asked for."""
    address = split(url)
    return address is not None and is_loopback(address.host)


def proxies_of(environment: t.Mapping[str, str]) -> t.Dict[str, str]:
    """{kind: URL} of the variables KIND_proxy, as urllib.request reads them, whose import costs a host more than this.

    Those in lower case go first, and take back what another one says where they are empty. A CGI script gets
    HTTP_PROXY from whoever asks it.
    """
    found = {}
    for name, value in environment.items():
        if name.lower().endswith("_proxy") and value:
            found[name.lower()[:-6]] = value
    if "REQUEST_METHOD" in environment:
        found.pop("http", None)
    for name, value in environment.items():
        if name.endswith("_proxy"):
            kind = name[:-6].lower()
            if value:
                found[kind] = value
            else:
                found.pop(kind, None)
    return found


def proxied(url: str) -> bool:
    """Whether the environment names a proxy that may be before `url`; which one, and whether it is, says its client."""
    proxies = proxies_of(os.environ)
    return not stays_here(url) and bool(proxies.get(urlsplit(url).scheme) or proxies.get("all"))


def excepted(host: str, port: t.Optional[int], no_proxy: str) -> bool:
    """Whether `no_proxy` names this destination: itself, with its port, a domain above it, a network, or everything.

    Clients agree on HOST, .DOMAIN and *; Go, Java's agents and curl take DOMAIN for what is below it, too, as Python
    does. HOST:PORT is known to Go and Python, networks (10.0.0.0/8) to Go, gRPC and requests, *.DOMAIN to Go and to
    Node.js; what one of them knows is taken here, since who wrote it meant it.
    """
    host, number = host.lower(), _number(host)
    for entry in re.split(r"[,\s]+", no_proxy.lower()):
        if entry == "*":
            return True
        name, wanted = _entry(entry)
        if not name or wanted not in (None, port):
            continue
        if name == host or (number is None and host.endswith("." + name)):
            return True
        if number is not None and _within(number, name):
            return True
    return False


def _entry(entry: str) -> t.Tuple[str, t.Optional[int]]:
    """(host, domain or network; port or None) of an entry: [::1]:4318, tempo:4318, .example.com, *.example.com."""
    found = re.fullmatch(r"\[([^\]]*)\](?::(\d+))?|([^:]*):(\d+)", entry)
    if found:
        port = found.group(2) or found.group(4)
        entry, wanted = found.group(1) or found.group(3) or "", int(port) if port else None
    else:
        wanted = None
    return re.sub(r"^\*?\.", "", entry), wanted


def _within(number: t.Any, text: str) -> bool:
    """Whether the address `number` is the one, or in the network, that `text` writes."""
    try:
        return number in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False


@functools.lru_cache(maxsize=4096)
def _number(host: str) -> t.Any:
    """`host` as an IP address; None when it is a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
