# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stack's containers are: state, health, ports, networks, mounts, usage, last words.

`cause`: ok, or that of the ProbeFailure: library_missing, daemon_unreachable, permission_denied, timeout, engine_error.
"""

from __future__ import annotations

import re
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import Spec
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean, redact
from ansible_collections.traceops.tracing.plugins.module_utils._client.docker import Engine, Json, well_formed
from ansible_collections.traceops.tracing.plugins.module_utils._probe.containers import container, mounts

ARGUMENT_SPEC: Spec = {
    "names": {"type": "list", "elements": "str", "default": []},
    "name_pattern": {"type": "str"},
    "labels": {"type": "list", "elements": "str", "default": []},
    "compose_project": {"type": "str"},
    "expected_ports": {"type": "dict", "default": {}},
    "paths": {"type": "list", "elements": "str", "default": []},
    "log_lines": {"type": "int", "default": 20},
    "docker_host": {"type": "str"},
    "timeout": {"type": "float", "default": 10.0},
}

MAX_LOG_LINES = 1000
MAX_LINE = 2000  # characters
MAX_PEERS = 200  # containers that are looked at only for the names others can reach them by
CPU_INTERVAL = 0.2  # seconds between the two samples that give a CPU share


class EngineInfo(t.TypedDict, total=False):
    """The engine that answered."""

    version: str
    api_version: str
    name: str  # docker or podman


class PathInside(t.TypedDict):
    """What the archive API says of one path inside a container; `mtime` in RFC 3339."""

    exists: bool
    size: t.Optional[int]  # bytes
    directory: t.Optional[bool]
    mode: t.Optional[str]
    target: str  # of a link
    mtime: str


class LastWords(t.TypedDict):
    """The last lines of a log; an unreadable one (driver `none`, for one) is no failure of the probe."""

    log: t.List[str]
    log_error: str


class Container(container.Described, LastWords):
    """One container."""

    mounts: t.List[mounts.Mount]
    paths: t.Dict[str, PathInside]
    reaches: t.Dict[str, t.List[str]]


class Result(t.TypedDict, total=False):
    """What `run` returns; RETURN of the module container_info says what each key is."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    engine: EngineInfo
    missing: t.List[str]
    containers: t.Dict[str, Container]
    networks: t.Dict[str, container.Network]


def run(params: t.Dict[str, t.Any]) -> Result:
    """The containers that the options select, as the engine describes them; ProbeFailure when it cannot be asked."""
    _check(params)
    wanted_ports = _expected_ports(params["expected_ports"])
    engine = Engine(params["docker_host"], params["timeout"])
    # Whose ports are expected is meant as well: without it, nothing would say that they are not there.
    named = [*params["names"], *(name for name in wanted_ports if name not in params["names"])]
    result: Result = {"engine": {}, "containers": {}, "missing": named, "networks": {}}
    try:
        with well_formed(engine):
            version = engine.version()
            result["engine"] = {
                "version": clean(str(version.get("Version", ""))),
                "api_version": clean(str(version.get("ApiVersion", ""))),
                "name": _engine_name(version),
            }
            summaries = {container.name_of(item): item for item in engine.containers()}
            selected = [name for name in sorted(summaries) if name in named or _selected(name, summaries[name], params)]
            result["missing"] = [name for name in named if name not in summaries]
            _observe(engine, summaries, selected, params, wanted_ports, result)
    except ProbeFailure as failure:
        failure.result = {"ok": False, "message": failure.message, **result}
        raise
    finally:
        engine.close()
    return {**result, "ok": True, "cause": "ok", "message": _summary(result)}


def _observe(
    engine: Engine,
    summaries: t.Dict[str, Json],
    selected: t.List[str],
    params: t.Dict[str, t.Any],
    wanted_ports: t.Dict[str, t.List[str]],
    result: Result,
) -> None:
    """Fill `containers` and `networks` of `result`; a container that vanishes meanwhile is left out."""
    running = [summaries[name]["Id"] for name in selected if summaries[name].get("State") == "running"]
    first = engine.stats(running)
    sampled = time.monotonic()

    inspected = {name: engine.inspect(summaries[name]["Id"]) for name in _with_peers(summaries, selected)}
    known = {name: answer for name, answer in inspected.items() if answer is not None}
    images: t.Dict[str, t.Optional[Json]] = {}
    for name in selected:
        answer = known.get(name)
        if answer is None:
            continue
        image_id = answer.get("Image", "")
        if image_id not in images:
            images[image_id] = engine.image(image_id)
        lent = container.lender(answer, known)
        result["containers"][name] = {
            **container.describe(answer, images[image_id], wanted_ports.get(name, []), lent),
            "mounts": mounts.describe(answer, engine),
            "paths": {path: _path(engine, summaries[name]["Id"], path) for path in params["paths"]},
            **_last_words(engine, summaries[name]["Id"], params["log_lines"]),
            "reaches": {},
        }
    result["networks"] = container.networks(engine.networks(), selected, known)
    for name, described in result["containers"].items():
        described["reaches"] = container.reaches(name, known)

    if first:
        time.sleep(min(engine.left, max(0.0, sampled + CPU_INTERVAL - time.monotonic())))
    second = engine.stats(list(first))
    for name, described in result["containers"].items():
        sampled_id = summaries[name]["Id"]
        described["cpu"], described["memory"] = container.usage(
            known[name], first.get(sampled_id), second.get(sampled_id)
        )


def _check(params: t.Dict[str, t.Any]) -> None:
    if not 0 <= params["log_lines"] <= MAX_LOG_LINES:
        raise BadOption(f"log_lines: {params['log_lines']} is not between 0 and {MAX_LOG_LINES}")
    if params["name_pattern"]:
        try:
            re.compile(params["name_pattern"])
        except re.error as error:
            raise BadOption(f"name_pattern: '{params['name_pattern']}' is not a regular expression ({error})") from None
    for path in params["paths"]:
        if not path.startswith("/"):
            raise BadOption(f"paths: '{path}' is not an absolute path inside the container")


def _expected_ports(given: t.Dict[str, t.Any]) -> t.Dict[str, t.List[str]]:
    """{container: ["4317/tcp"]} of what the option holds: numbers, "4317" or "4317/tcp"."""
    wanted: t.Dict[str, t.List[str]] = {}
    for name, ports in given.items():
        if not isinstance(ports, list):
            raise BadOption(f"expected_ports: the ports of '{name}' are not a list")
        for port in ports:
            match = re.match(r"^(\d{1,5})(?:/(tcp|udp|sctp))?$", str(port))
            if not match or not 0 < int(match.group(1)) < 65536:
                raise BadOption(f"expected_ports: '{port}' of '{name}' is not a port such as 4317 or 4317/tcp")
            wanted.setdefault(name, []).append(f"{match.group(1)}/{match.group(2) or 'tcp'}")
    return wanted


def _selected(name: str, summary: Json, params: t.Dict[str, t.Any]) -> bool:
    """Whether any of the selecting options names this container; all are meant when none is given."""
    has: t.Dict[str, str] = summary.get("Labels") or {}
    selectors: t.List[t.Tuple[t.Any, t.Callable[[], bool]]] = [
        (params["names"], lambda: name in params["names"]),
        (params["name_pattern"], lambda: re.search(params["name_pattern"], name) is not None),
        (params["labels"], lambda: all(_has_label(has, wanted) for wanted in params["labels"])),
        (params["compose_project"], lambda: has.get("com.docker.compose.project") == params["compose_project"]),
    ]
    given = [matches for option, matches in selectors if option]
    return not given or any(matches() for matches in given)


def _has_label(labels: t.Dict[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


def _with_peers(summaries: t.Dict[str, Json], selected: t.List[str]) -> t.List[str]:
    """The selected containers, then those that share a network with them: they too can be reached by name."""
    lent = [container.lender(summaries[name], summaries) for name in selected]
    shared = {network for summary in lent for network in _networks_of(summary)}
    peers = [name for name in sorted(summaries) if name not in selected and shared & _networks_of(summaries[name])]
    return selected + peers[:MAX_PEERS]


def _networks_of(summary: Json) -> t.Set[str]:
    return set((summary.get("NetworkSettings") or {}).get("Networks") or {})


def _path(engine: Engine, container_id: str, path: str) -> PathInside:
    stat = engine.path(container_id, path)
    if stat is None:
        return {"exists": False, "size": None, "directory": None, "mode": None, "target": "", "mtime": ""}
    mode = int(stat.get("mode") or 0)
    # Podman answers every path with itself as target.
    target = str(stat.get("linkTarget") or "")
    return {
        "exists": True,
        "size": stat.get("size"),
        # The mode is Go's os.FileMode: its highest bit marks a directory.
        "directory": bool(mode & (1 << 31)),
        "mode": f"{mode & 0o777:04o}",
        "target": "" if target == path else clean(target),
        "mtime": clean(str(stat.get("mtime") or "")),
    }


def _last_words(engine: Engine, container_id: str, lines: int) -> LastWords:
    if not lines:
        return {"log": [], "log_error": ""}
    try:
        text = (engine.log(container_id, lines) or b"").decode("utf-8", "replace")
    except ProbeFailure as failure:
        if failure.cause != "engine_error":
            raise
        return {"log": [], "log_error": failure.message}
    return {"log": [redact(clean(line))[:MAX_LINE] for line in text.splitlines()[-lines:]], "log_error": ""}


def _engine_name(version: Json) -> str:
    names = [str(component.get("Name", "")) for component in version.get("Components") or []]
    return "podman" if any("Podman" in name for name in names) else "docker"


def _summary(result: Result) -> str:
    states = [item["state"] for item in result["containers"].values()]
    counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))) or "none found"
    missing = f"; missing: {', '.join(result['missing'])}" if result["missing"] else ""
    return clean(f"containers: {counted}{missing}")
