# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers of all engines on this host, as their engines describe them."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._client import engine_socket
from ansible_collections.traceops.tracing.plugins.module_utils._client.engine_socket import EngineError, EngineSocket
from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import unwrapped
from ansible_collections.traceops.tracing.plugins.module_utils._probe.discover.result import Published

MAX_CONTAINERS = 200  # of one engine
# Names are resolved on networks that someone created, not on these.
_WITHOUT_NAMES = ("bridge", "host", "none", "podman")
Json = t.Dict[str, t.Any]


class Container(t.NamedTuple):
    """A container."""

    id: str
    name: str
    image: str
    words: t.List[str]
    environment: t.Dict[str, str]
    user: str
    running: bool
    pid: int  # 0: it does not run
    started: str  # ISO 8601
    networks: t.Dict[str, str]
    aliases: t.List[str]
    published: t.List[Published]
    log_driver: str
    network_mode: str  # host, container:ID ...
    mounts: t.List[t.Tuple[str, str]]  # path inside, path on this host; the longest first


def containers(docker_host: t.Optional[str], deadline: float) -> t.Tuple[t.List[Container], t.List[str]]:
    """(all containers, one sentence on each engine that could not be asked)."""
    found: t.List[Container] = []
    unseen: t.List[str] = []
    for path in engine_socket.found_sockets(docker_host):
        try:
            _ask(EngineSocket(path, deadline), found, unseen)
        except EngineError as error:
            more = "; become root or join its group" if error.denied else ""
            unseen.append(f"the engine at {clean(path)[:120]} {error.reason}{more}")
    if docker_host and not docker_host.startswith("unix://"):
        unseen.append("the containers of an engine elsewhere are not looked at")
    return with_lent_networks(found), unseen


def _ask(engine: EngineSocket, found: t.List[Container], unseen: t.List[str]) -> None:
    summaries = engine.containers()
    # Those that run matter most.
    summaries.sort(key=lambda each: each.get("State") != "running")
    if len(summaries) > MAX_CONTAINERS:
        unseen.append(f"{len(summaries) - MAX_CONTAINERS} of {len(summaries)} containers are not looked at")
    for summary in summaries[:MAX_CONTAINERS]:
        answer = engine.inspect(str(summary.get("Id") or ""))
        if answer is None:
            continue
        try:
            found.append(described(answer))
        except (AttributeError, KeyError, TypeError, ValueError):
            name = engine_socket.name_of(summary)
            unseen.append(f"what the engine says of container {name} is not of the API's form")


def described(answer: Json) -> Container:
    """What an inspection says."""
    state: Json = answer.get("State") or {}
    config: Json = answer.get("Config") or {}
    host: Json = answer.get("HostConfig") or {}
    network: Json = answer.get("NetworkSettings") or {}
    running = state.get("Status") == "running" or (state.get("Status") is None and bool(state.get("Running")))
    name = engine_socket.name_of(answer)
    networks: t.Dict[str, str] = {}
    aliases: t.Set[str] = set()
    for each, endpoint in (network.get("Networks") or {}).items():
        networks[clean(str(each))[:100]] = clean(
            str(endpoint.get("IPAddress") or endpoint.get("GlobalIPv6Address") or "")
        )
        if each not in _WITHOUT_NAMES:
            aliases |= {str(alias) for key in ("Aliases", "DNSNames") for alias in endpoint.get(key) or []}
            aliases |= {name, str(answer.get("Id") or "")[:12]}
    pairs = (str(entry).partition("=") for entry in config.get("Env") or [])
    mounts = [
        (str(each.get("Destination") or ""), str(each.get("Source") or "")) for each in answer.get("Mounts") or []
    ]
    started = str(state.get("StartedAt") or "")
    return Container(
        id=str(answer.get("Id") or ""),
        name=name,
        image=clean(str(config.get("Image") or answer.get("ImageName") or ""))[:200],
        words=unwrapped([str(answer.get("Path") or ""), *(str(word) for word in answer.get("Args") or [])]),
        environment={key: value for key, _equals, value in pairs},
        user=clean(str(config.get("User") or ""))[:60],
        running=running,
        pid=int(state.get("Pid") or 0) if running else 0,
        started="" if started.startswith("0001-") or not running else clean(started)[:40],
        networks={each: address for each, address in networks.items() if each not in ("none", "host")},
        aliases=sorted(clean(alias)[:100] for alias in aliases if alias)[:50],
        published=_published((network.get("Ports") if running else host.get("PortBindings")) or {}),
        log_driver=clean(str((host.get("LogConfig") or {}).get("Type") or ""))[:40],
        network_mode=str(host.get("NetworkMode") or ""),
        mounts=sorted(((inside.rstrip("/"), here) for inside, here in mounts if inside and here), reverse=True),
    )


def with_lent_networks(found: t.List[Container]) -> t.List[Container]:
    """The same, where those that live in another one's network (mode container:ID) have its addresses and ports."""
    told: t.List[Container] = []
    for each in found:
        mode, _colon, wanted = each.network_mode.partition(":")
        lender = next((other for other in found if wanted and wanted in (other.id, other.name)), None)
        if mode == "container" and lender:
            each = each._replace(networks=lender.networks, aliases=lender.aliases, published=lender.published)
        told.append(each)
    return told


def _published(ports: Json) -> t.List[Published]:
    found: t.List[Published] = []
    for inside, bindings in ports.items():
        port, _slash, protocol = str(inside).partition("/")
        for binding in bindings or []:
            number = str(binding.get("HostPort") or "")
            if protocol in ("tcp", "") and port.isdigit() and number.isdigit() and int(number):
                address = clean(str(binding.get("HostIp") or "0.0.0.0"))
                found.append({"host_address": address, "host_port": int(number), "port": int(port)})
    return sorted(found, key=lambda each: (each["port"], each["host_port"], each["host_address"]))[:100]
