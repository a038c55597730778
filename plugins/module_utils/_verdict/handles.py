# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which commands a server that was seen is looked after: its container's, its unit's, else in general terms."""

from __future__ import annotations

import functools
import shlex
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.topology import Node, Topology

MAX_LINES = 50


class Handle(t.TypedDict):
    """Commands as a fix has them; each is one line for a shell on the server's host."""

    name: str  # of the container, unit or program, as a command has it
    log: str  # shows the last lines of its log
    recent: str  # shows what it logged in the last minutes
    usage: str  # shows the memory and processor time that it uses
    start: str
    restart: str
    stop: str  # leaves it time to write what it holds


def of(kind: str, hosts: t.Sequence[str], found: Topology, containers: t.Sequence[str], wanted: str = "") -> Handle:
    """How the Tempo or Grafana (`kind`) is handled that was found: the node `wanted`, else one on these hosts.

    `containers` are those of this kind that were looked at by name, where discovery found nothing.
    """
    node = _node(kind, hosts, found, wanted)
    if node is None:
        return _container(containers[0]) if containers else _in_general(kind)
    handle = _of_node(kind, node)
    if node["host"] in hosts:
        return handle
    elsewhere = {name: f"{words} (on {node['host']})" for name, words in handle.items() if name != "name"}
    return t.cast(Handle, {**handle, **elsewhere})


def _of_node(kind: str, node: Node) -> Handle:
    if node["container"]:
        return _container(node["container"])
    if node["unit"]:
        return _unit(node["unit"], node["log"])
    return _process(kind, node) if node["pid"] else _in_general(kind)  # whose process could not be seen


def restart_of(program: t.Mapping[str, t.Any]) -> str:
    """How an application is started anew with other settings."""
    name = str(program.get("name") or "")
    if program.get("container"):
        return f"create the container {program['container']} again with the other value (docker compose up -d)"
    if program.get("unit"):
        return f"systemctl restart {shlex.quote(str(program['unit']))}"
    return f"restart {name} (pid {program['pid']})" if program.get("pid") else "restart the application"


def _node(kind: str, hosts: t.Sequence[str], found: Topology, wanted: str) -> t.Optional[Node]:
    if wanted in found["nodes"]:
        return found["nodes"][wanted]
    by_host = found["servers"].get(kind, {})
    ids = next((by_host[host] for host in hosts if by_host.get(host)), [])
    return found["nodes"][ids[0]] if ids else None


@functools.lru_cache(maxsize=1024)  # the hosts of a fleet name theirs alike
def _container(name: str) -> Handle:
    quoted = shlex.quote(name)
    return {
        "name": quoted,
        "log": f"docker logs --tail {MAX_LINES} {quoted}",
        "recent": f"docker logs --since 5m {quoted}",
        "usage": f"docker stats --no-stream {quoted}",
        "start": f"docker start {quoted}",
        "restart": f"docker restart {quoted}",
        "stop": f"docker stop -t 120 {quoted}",
    }


@functools.lru_cache(maxsize=1024)
def _unit(name: str, log: str) -> Handle:
    quoted = shlex.quote(name)
    return {
        "name": quoted,
        "log": f"tail -n {MAX_LINES} {shlex.quote(log)}" if log else f"journalctl -u {quoted} -n {MAX_LINES}",
        "recent": f"tail -n 1000 {shlex.quote(log)}" if log else f"journalctl -u {quoted} --since -5min",
        "usage": f"systemctl status {quoted}",
        "start": f"systemctl start {quoted}",
        "restart": f"systemctl restart {quoted}",
        "stop": f"systemctl stop {quoted}",
    }


def _process(kind: str, node: Node) -> Handle:
    log = shlex.quote(node["log"] or f"{kind.upper()}_LOG")
    return {
        "name": shlex.quote(node["name"]),
        "log": f"tail -n {MAX_LINES} {log}",
        "recent": f"tail -n 1000 {log}",
        "usage": f"top -b -n 1 -p {node['pid']}",
        "start": f"as {node['source']} was started",
        "restart": f"kill {node['pid']}, and start it again",
        "stop": f"kill {node['pid']}",
    }


def _in_general(kind: str) -> Handle:
    """Nothing was seen: the words stand for the container's name, and units are said beside."""
    word = kind.upper()
    return {
        "name": word,
        "log": f"docker logs --tail {MAX_LINES} {word} (or journalctl -u {kind} -n {MAX_LINES})",
        "recent": f"docker logs --since 5m {word}",
        "usage": f"docker stats --no-stream {word} (or systemctl status {kind})",
        "start": f"docker compose up -d {kind} (or systemctl start {kind})",
        "restart": f"docker restart {word} (or systemctl restart {kind})",
        "stop": f"docker stop -t 120 {word} (or systemctl stop {kind})",
    }
