# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the names of endpoints mean to those that use them: their own hosts file, their networks, the resolver."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.engines import Container

MAX_NAMES = 40
MAX_ADDRESSES = 8


def literal(host: str) -> str:
    """The address that `host` is; "" for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        return ""


def in_hosts(host: str, text: t.Optional[str]) -> t.List[str]:
    """The addresses that a hosts file has for a name."""
    found = []
    for line in (text or "").splitlines()[:2000]:
        address, *names = line.partition("#")[0].split() or [""]
        if host.lower() in (name.lower() for name in names) and literal(address):
            found.append(literal(address))
    return list(dict.fromkeys(found))[:MAX_ADDRESSES]


def in_networks(host: str, container: Container, others: t.Sequence[Container]) -> t.List[str]:
    """The addresses of the running containers that are called so on a network of this one."""
    found = []
    for other in others:
        if other.running and host.lower() in (alias.lower() for alias in other.aliases):
            shared = [network for network in container.networks if network in other.networks]
            found += [other.networks[network] for network in shared if other.networks[network]]
    return list(dict.fromkeys(found))[:MAX_ADDRESSES]


def resolved(hosts: t.Iterable[str], deadline: float) -> t.Dict[str, t.List[str]]:
    """The addresses that this host's resolver has for each, all asked at once; without those that come too late."""
    found: t.Dict[str, t.List[str]] = {}

    def ask(host: str) -> None:
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found[host] = list(dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in answers))[:MAX_ADDRESSES]

    threads = [
        threading.Thread(target=ask, args=(host,), daemon=True) for host in list(dict.fromkeys(hosts))[:MAX_NAMES]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(found)
