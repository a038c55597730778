# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine answers about containers and networks, as plain facts: pure functions."""

from __future__ import annotations

import signal
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean, excerpt

Json = t.Dict[str, t.Any]


class HealthRun(t.TypedDict):
    """One run of a health check."""

    exit_code: t.Optional[int]
    at: str
    output: str


class Health(t.TypedDict):
    """healthy, unhealthy, starting or none, and the last outputs, oldest first."""

    health: str
    health_log: t.List[HealthRun]


class OnNetwork(t.TypedDict):
    """A container on one network; `aliases` are all names that others on it can use."""

    ip: str
    aliases: t.List[str]


class Network(t.TypedDict):
    """A network, with everyone on it."""

    driver: str
    internal: bool
    containers: t.Dict[str, OnNetwork]


class Cpu(t.TypedDict):
    """`percent` is of the limit, of the machine where there is none; null where the engine does not say."""

    cores_used: t.Optional[float]
    cores_limit: t.Optional[float]
    percent: t.Optional[float]
    throttled_periods: int


class Memory(t.TypedDict):
    """The same in bytes."""

    used: int
    limit: t.Optional[int]
    percent: t.Optional[float]


class Described(Health):
    """What the engine's inspection of a container says; `cpu` and `memory` are null until `usage` fills them."""

    state: str
    running: bool
    exit_code: t.Optional[int]
    exit_reason: str
    program: str  # the name of what it starts, behind a shell or an init
    restarts: int
    restart_policy: str
    oom_killed: bool
    started: str
    finished: str
    pid: int
    image: str
    image_id: str
    image_digest: str
    ports: t.Dict[str, t.List[str]]  # "4317/tcp" -> ["0.0.0.0:4317"]
    missing_ports: t.List[str]
    network_mode: str
    networks: t.Dict[str, OnNetwork]
    read_only: bool
    user: str
    cpu: t.Optional[Cpu]
    memory: t.Optional[Memory]


# Names are resolved on networks that someone created, not on these.
WITHOUT_NAMES = ("bridge", "host", "none", "podman")
# Podman's own words (4.3) for states that Docker has too.
_STATES = {"stopped": "exited", "configured": "created", "initialized": "created", "stopping": "running"}
NEVER = "0001-01-01T00:00:00Z"  # how the engine writes "not yet"


def name_of(answer: Json) -> str:
    """The container's name, of a summary ("Names") or an inspection ("Name")."""
    names = answer.get("Names") or [answer.get("Name") or ""]
    # A legacy link adds a name of the form /other/alias.
    own = [name.lstrip("/") for name in names if "/" not in name.lstrip("/")]
    return clean(own[0] if own else names[0].lstrip("/"))


def describe(answer: Json, image: t.Optional[Json], wanted_ports: t.Sequence[str], lent: Json) -> Described:
    """What an inspection says.

    `lent` is the container whose network it uses, itself as a rule: the ports are published there.
    """
    state: Json = answer.get("State") or {}
    config: Json = answer.get("Config") or {}
    host: Json = answer.get("HostConfig") or {}
    # The engine's own Running is also true between two restarts and while it is paused.
    status = str(state.get("Status") or "unknown")
    running = status == "running"
    ports = _ports(lent, running)
    return {
        "state": _STATES.get(status, clean(status)),
        "running": running,
        "exit_code": None if running else state.get("ExitCode"),
        "exit_reason": "" if running else _exit_reason(state),
        "program": _program(answer),
        **_health(state.get("Health") or {}),
        "restarts": int(answer.get("RestartCount") or 0),
        "restart_policy": clean(str((host.get("RestartPolicy") or {}).get("Name") or "no")),
        "oom_killed": bool(state.get("OOMKilled")),
        "started": _time(state.get("StartedAt")),
        "finished": _time(state.get("FinishedAt")),
        "pid": int(state.get("Pid") or 0),
        "image": clean(str(config.get("Image") or "")),
        "image_id": clean(str(answer.get("Image") or "")),
        "image_digest": clean(str(next(iter((image or {}).get("RepoDigests") or []), ""))),
        "ports": ports,
        # A container on the host's network publishes nothing and hides nothing.
        "missing_ports": [] if _mode(lent) == "host" else [port for port in wanted_ports if not ports.get(port)],
        "network_mode": clean(_mode(answer)),
        "networks": _own_networks(answer),
        "read_only": bool(host.get("ReadonlyRootfs")),
        "user": clean(str(config.get("User") or "")),
        "cpu": None,
        "memory": None,
    }


def usage(
    answer: Json, first: t.Optional[Json], second: t.Optional[Json]
) -> t.Tuple[t.Optional[Cpu], t.Optional[Memory]]:
    """What an inspected container uses, by two samples."""
    host: Json = answer.get("HostConfig") or {}
    return _cpu(host, first, second), _memory(host, second or first)


def networks(
    answers: t.Sequence[Json], selected: t.Collection[str], known: t.Mapping[str, Json]
) -> t.Dict[str, Network]:
    """The networks that the selected are on, by name."""
    wanted = {network for name in selected for network in _own_networks(known.get(name, {}))}
    found: t.Dict[str, Network] = {}
    by_name = {str(answer.get("Name")): answer for answer in answers}
    for container, inspected in known.items():
        for network, endpoint in _own_networks(inspected).items():
            if network not in wanted:
                continue
            answer = by_name.get(network, {})
            entry = found.setdefault(
                network,
                {
                    "driver": clean(str(answer.get("Driver") or "")),
                    "internal": bool(answer.get("Internal")),
                    "containers": {},
                },
            )
            entry["containers"][container] = endpoint
    return found


def reaches(name: str, known: t.Mapping[str, Json]) -> t.Dict[str, t.List[str]]:
    """{other container: names that `name` can reach it by}; [] means by address only, absent means no shared network.

    A container that lives in another one's network (mode container:ID) reaches what that one reaches.
    """
    mine = lender(known.get(name, {}), known)
    own = _own_networks(mine)
    others: t.Dict[str, t.List[str]] = {}
    for other, inspected in known.items():
        if other == name:
            continue
        theirs = _own_networks(lender(inspected, known))
        shared = [network for network in own if network in theirs]
        if shared:
            names = {alias for network in shared for alias in theirs[network]["aliases"]}
            others[other] = sorted(names)
    return others


def lender(answer: Json, known: t.Mapping[str, Json]) -> Json:
    """The container whose network `answer`, an inspection or a summary, uses; itself as a rule."""
    mode = _mode(answer)
    if not mode.startswith("container:"):
        return answer
    wanted = mode.split(":", 1)[1]
    return next(
        (other for other in known.values() if wanted in (name_of(other), str(other.get("Id")))),
        answer,
    )


def _mode(answer: Json) -> str:
    return str((answer.get("HostConfig") or {}).get("NetworkMode") or "")


def _ports(answer: Json, running: bool) -> t.Dict[str, t.List[str]]:
    """What is published, "4317/tcp": ["0.0.0.0:4317"]; of a stopped container what would be."""
    settings: Json = answer.get("NetworkSettings") or {}
    bindings: Json = (settings.get("Ports") if running else (answer.get("HostConfig") or {}).get("PortBindings")) or {}
    return {
        clean(port): [clean(_address(binding)) for binding in published or []] for port, published in bindings.items()
    }


def _address(binding: Json) -> str:
    ip = str(binding.get("HostIp") or "0.0.0.0")
    return f"[{ip}]:{binding.get('HostPort')}" if ":" in ip else f"{ip}:{binding.get('HostPort')}"


def _own_networks(answer: Json) -> t.Dict[str, OnNetwork]:
    """The networks that a container is on, by name."""
    found: t.Dict[str, OnNetwork] = {}
    for network, endpoint in ((answer.get("NetworkSettings") or {}).get("Networks") or {}).items():
        names: t.Set[str] = set()
        if network not in WITHOUT_NAMES:
            # Aliases, and from API 1.44 on DNSNames with everything that resolves.
            names = {str(name) for key in ("Aliases", "DNSNames") for name in endpoint.get(key) or []}
            names |= {name_of(answer), str(answer.get("Id") or "")[:12]} - {""}
        found[clean(network)] = {
            "ip": clean(str(endpoint.get("IPAddress") or endpoint.get("GlobalIPv6Address") or "")),
            "aliases": sorted(clean(name) for name in names),
        }
    return found


_WRAPPERS = frozenset({"sh", "bash", "ash", "dash", "tini", "dumb-init", "docker-init", "env", "exec"})


def _program(answer: Json) -> str:
    """The name of the program that the container starts, behind a shell or an init; never its arguments."""
    words = " ".join(str(word) for word in [answer.get("Path") or "", *(answer.get("Args") or [])]).split()
    names = (word.rpartition("/")[2] for word in words if not word.startswith("-") and "=" not in word)
    return clean(next((name for name in names if name and name not in _WRAPPERS), ""))[:100]


def _health(health: Json) -> Health:
    outputs: t.List[HealthRun] = [
        {
            "exit_code": entry.get("ExitCode"),
            "at": _time(entry.get("Start")),
            "output": excerpt(str(entry.get("Output") or "")),
        }
        for entry in health.get("Log") or []
    ]
    return {"health": clean(str(health.get("Status") or "none")), "health_log": outputs[-3:]}


def _exit_reason(state: Json) -> str:
    """Why it does not run, in the engine's own terms: the error, the OOM killer, a signal, an exit code's meaning."""
    error = excerpt(str(state.get("Error") or ""), 300)
    code = state.get("ExitCode")
    if error:
        return error
    if state.get("OOMKilled"):
        return "killed by the kernel for using more memory than its limit"
    if state.get("Status") == "created":
        return "never started"
    if not isinstance(code, int):
        return ""
    if 128 < code < 128 + 65:
        return f"ended by signal {_signal_name(code - 128)}"
    known = {0: "ended by itself", 126: "the command cannot be executed (126)", 127: "the command was not found (127)"}
    return known.get(code, f"ended with exit code {code}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _time(given: t.Any) -> str:
    """The engine's RFC 3339 time; '' for "not yet"."""
    return "" if not given or str(given).startswith(NEVER[:10]) else clean(str(given))


def _cpu(host: Json, first: t.Optional[Json], second: t.Optional[Json]) -> t.Optional[Cpu]:
    if not first or not second:
        return None
    before, after = first.get("cpu_stats") or {}, second.get("cpu_stats") or {}
    # system_cpu_usage is the machine's time over all its cores, so the share of it times the cores is cores used.
    system = (after.get("system_cpu_usage") or 0) - (before.get("system_cpu_usage") or 0)
    used = _at(after, "cpu_usage", "total_usage") - _at(before, "cpu_usage", "total_usage")
    cores = after.get("online_cpus") or len((after.get("cpu_usage") or {}).get("percpu_usage") or []) or 1
    limit = _core_limit(host)
    cores_used = round(max(0.0, used / system * cores), 3) if system > 0 else None
    return {
        "cores_used": cores_used,
        "cores_limit": limit,
        "percent": None if cores_used is None else round(100 * cores_used / (limit or cores), 1),
        "throttled_periods": _at(after, "throttling_data", "throttled_periods"),
    }


def _core_limit(host: Json) -> t.Optional[float]:
    if _at(host, "NanoCpus") > 0:
        return round(_at(host, "NanoCpus") / 1e9, 3)
    if _at(host, "CpuQuota") > 0:
        return round(_at(host, "CpuQuota") / (_at(host, "CpuPeriod") or 100000), 3)
    return None


def _memory(host: Json, sample: t.Optional[Json]) -> t.Optional[Memory]:
    memory: Json = (sample or {}).get("memory_stats") or {}
    if "usage" not in memory:
        return None
    stats: Json = memory.get("stats") or {}
    # The page cache that can be dropped at once does not count; cgroup 1 and 2 name it differently.
    cache = stats.get("total_inactive_file", stats.get("inactive_file", 0))
    used = max(0, memory["usage"] - cache)
    limit = host.get("Memory") or None
    whole = limit or memory.get("limit")
    return {"used": used, "limit": limit, "percent": round(100 * used / whole, 1) if whole else None}


def _at(data: Json, *keys: str) -> int:
    value: t.Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return int(value or 0)
