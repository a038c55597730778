# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives a container other environment variables, which means to replace it by one that differs only there.

The old container is stopped and kept until the new one has stayed up; if it does not, the old one comes back.
"""

from __future__ import annotations

import calendar
import contextlib
import copy
import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.waiting import REAL, Clock
from ansible_collections.traceops.tracing.plugins.module_utils._client.docker import Engine, Json, well_formed

ARGUMENT_SPEC: t.Dict[str, t.Dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "environment": {"type": "dict", "required": True},
    "settle": {"type": "float", "default": 2.0},
    "docker_host": {"type": "str"},
    "timeout": {"type": "float", "default": 120.0},
}
KEPT = "-before-sampling"  # what the old container is called meanwhile
STOP_S = 10.0  # what Docker gives a container to stop that does not say itself
_PAUSE_S = 0.2


class Changer(Engine):
    """An engine whose containers are changed; raises ProbeFailure as Engine does."""

    def allow(self, seconds: float) -> None:
        """More time than was given."""
        self._deadline += seconds

    def stop(self, container: str) -> None:
        self._ask(lambda api: api.stop(container))

    def start(self, container: str) -> None:
        self._ask(lambda api: api.start(container))

    def rename(self, container: str, name: str) -> None:
        self._ask(lambda api: api.rename(container, name))

    def remove(self, container: str) -> None:
        """Its volumes stay."""
        self._ask(lambda api: api.remove_container(container, force=True))

    def create(self, name: str, config: Json) -> str:
        """The id of a new container that is not started."""
        created: Json = self._must(lambda api: api.create_container_from_config(config, name))
        return str(created["Id"])

    def connect(self, container: str, network: str, endpoint: Json) -> None:
        body = {"Container": container, "EndpointConfig": endpoint}
        self._ask(lambda api: api._post_json(api._url("/networks/{0}/connect", network), body).raise_for_status())


def run(params: t.Mapping[str, t.Any], check_mode: bool, clock: Clock = REAL) -> Json:
    """{changed, name, variables (the names that change), started (epoch seconds or None), diff}.

    ProbeFailure with cause not_found, not_supported or did_not_stay_up, or those of the engine.
    """
    engine = Changer(params["docker_host"], params["timeout"])
    result: Json = {"changed": False, "name": params["name"], "variables": [], "started": None}
    try:
        with _result_kept(result), well_formed(engine):
            _replace(engine, params, check_mode, clock, result)
    finally:
        engine.close()
    return result


@contextlib.contextmanager
def _result_kept(result: Json) -> t.Iterator[None]:
    try:
        yield
    except ProbeFailure as failure:
        failure.result = {**result, **failure.result}
        raise


def _replace(engine: Changer, params: t.Mapping[str, t.Any], check_mode: bool, clock: Clock, result: Json) -> None:
    name = params["name"]
    old = engine.inspect(name)
    if old is None:
        left = f"; there is '{name}{KEPT}': rename and start it" if engine.inspect(name + KEPT) else ""
        raise ProbeFailure("not_found", f"there is no container '{name}'{left}")
    wanted = {str(key): str(value) for key, value in params["environment"].items()}
    before = dict(line.split("=", 1) for line in old["Config"].get("Env") or [] if "=" in line)
    changes = [key for key, value in wanted.items() if before.get(key) != value]
    result["started"] = _started(old)
    if not changes:
        return
    _refuse_what_others_manage(name, old)
    _refuse_what_others_need(engine, name, old)
    shown = {"before_header": name, "after_header": name}
    result["diff"] = {
        **shown,
        "before": "".join(f"{key}={before[key]}\n" for key in changes if key in before),
        "after": "".join(f"{key}={wanted[key]}\n" for key in changes),
    }
    result["variables"] = changes
    if not check_mode:
        image = engine.image(old["Config"]["Image"])
        config, others = like(old, wanted, same_image=bool(image and image["Id"] == old["Image"]))
        result["started"] = _swap(engine, old, config, others, params["settle"], clock)
    result["changed"] = True


def _refuse_what_others_manage(name: str, old: Json) -> None:
    labels = old["Config"].get("Labels") or {}
    project = labels.get("com.docker.compose.project")
    if project:
        raise ProbeFailure(
            "not_supported",
            f"the container '{name}' belongs to the Compose project '{project}', which would undo the change: "
            "use a target of kind compose",
        )
    if labels.get("com.docker.swarm.service.id"):
        raise ProbeFailure("not_supported", f"the container '{name}' belongs to a Swarm service: update the service")
    if old["HostConfig"].get("AutoRemove"):
        raise ProbeFailure(
            "not_supported", f"the container '{name}' is removed when it stops (--rm), so it cannot be replaced safely"
        )


def _refuse_what_others_need(engine: Changer, name: str, old: Json) -> None:
    own = old["Name"].lstrip("/")
    if engine.inspect(own + KEPT):
        raise ProbeFailure(
            "not_supported",
            f"there is a container '{own}{KEPT}', which a run that was interrupted has left: remove it first",
        )
    lent = {f"container:{old['Id']}", f"container:{own}"}
    for summary in engine.containers():
        other = engine.inspect(summary["Id"])
        if other and lent & {other["HostConfig"].get(mode) for mode in ("NetworkMode", "PidMode", "IpcMode")}:
            raise ProbeFailure(
                "not_supported",
                f"the container '{other['Name'].lstrip('/')}' lives in the network or the processes of '{name}' and "
                "would lose them, so it cannot be replaced safely",
            )


def like(old: Json, environment: t.Mapping[str, str], same_image: bool) -> t.Tuple[Json, t.Dict[str, Json]]:
    """(what creates a container like `old` with these variables too, its further networks with their endpoints)."""
    config, host = copy.deepcopy(old["Config"]), copy.deepcopy(old["HostConfig"])
    lines = [line for line in config.get("Env") or [] if line.split("=", 1)[0] not in environment]
    config["Env"] = lines + [f"{key}={value}" for key, value in environment.items()]
    if not same_image:
        # The tag has moved on: this is to change variables, not to upgrade.
        config["Image"] = old["Image"]
    mode = str(host.get("NetworkMode") or "default")
    if config.get("Hostname") == old["Id"][:12] or mode.startswith("container:"):
        config.pop("Hostname", None)
    if mode.startswith("container:"):
        config.pop("ExposedPorts", None)
    for mount in host.get("Mounts") or []:
        if mount.get("Type") == "volume" and not mount.get("Source"):
            mount["Source"] = _volume_at(old, mount["Target"])
    # A bind without a source is an anonymous volume as well.
    host["Binds"] = [bind for bind in host.get("Binds") or [] if ":" in bind]
    host["Binds"] += _anonymous_volumes(old, host)
    host["Links"] = [_link(link) for link in host.get("Links") or []] or None
    config["HostConfig"] = host
    networks = old["NetworkSettings"].get("Networks") or {}
    own = {name: _endpoint(old, endpoint) for name, endpoint in networks.items()}
    if mode in ("default", "bridge", "host", "none") or mode.startswith("container:"):
        own.pop(mode, None)
        own.pop("bridge" if mode == "default" else mode, None)
    elif mode in own:
        config["NetworkingConfig"] = {"EndpointsConfig": {mode: own.pop(mode)}}
    return config, own


def _anonymous_volumes(old: Json, host: Json) -> t.List[str]:
    """Volumes without a name of their own: a new container would get new, empty ones."""
    named = {bind.split(":")[1] for bind in host["Binds"]}
    named |= {mount.get("Target") for mount in host.get("Mounts") or []}
    return [
        f"{mount['Name']}:{mount['Destination']}" + ("" if mount.get("RW", True) else ":ro")
        for mount in old.get("Mounts") or []
        if mount.get("Type") == "volume" and mount["Destination"] not in named
    ]


def _volume_at(old: Json, place: str) -> t.Optional[str]:
    return next((mount.get("Name") for mount in old.get("Mounts") or [] if mount["Destination"] == place), None)


def _link(link: str) -> str:
    """`/other:/this/alias`, as inspect shows it, is created by `/other:alias`."""
    source, _unused, target = link.partition(":")
    return f"{source}:{target.rsplit('/', 1)[-1]}"


def _endpoint(old: Json, endpoint: Json) -> Json:
    kept = {key: endpoint.get(key) for key in ("IPAMConfig", "Links", "DriverOpts") if endpoint.get(key)}
    aliases = [alias for alias in endpoint.get("Aliases") or [] if alias != old["Id"][:12]]
    return {**kept, "Aliases": aliases} if aliases else kept


def _swap(
    engine: Changer, old: Json, config: Json, others: t.Dict[str, Json], settle: float, clock: Clock
) -> t.Optional[float]:
    name, running = old["Name"].lstrip("/"), bool(old["State"]["Running"])
    new: t.Optional[str] = None
    grace = float(old["Config"].get("StopTimeout") or STOP_S)
    engine.allow(grace)
    try:
        if running:
            engine.stop(old["Id"])
        engine.rename(old["Id"], name + KEPT)
        with well_formed(engine):
            new = engine.create(name, config)
            for network, endpoint in others.items():
                engine.connect(new, network, endpoint)
            started = _up(engine, name, new, settle, clock) if running else None
    except ProbeFailure as failure:
        _back(engine, old, name, new, running, grace)
        state = " and runs again" if running else ""
        raise ProbeFailure(failure.cause, f"{failure.message}; the old container is back{state}") from None
    engine.remove(old["Id"])
    return started


def _up(engine: Changer, name: str, container: str, settle: float, clock: Clock) -> t.Optional[float]:
    """Start it; when it began, once it has stayed up for `settle` seconds and its health check, if any, agrees."""
    engine.start(container)
    begun = clock.monotonic()
    while True:
        found = engine.inspect(container)
        state = found["State"] if found else {}
        health = (state.get("Health") or {}).get("Status", "none")
        if found is None or not state.get("Running") or found.get("RestartCount") or health == "unhealthy":
            why = "its health check fails" if health == "unhealthy" else f"exit code {state.get('ExitCode', '?')}"
            raise ProbeFailure(
                "did_not_stay_up", f"the container '{name}' does not stay up with the new environment ({why})"
            )
        if health != "starting" and clock.monotonic() - begun >= settle:
            return _started(found)
        if engine.left <= _PAUSE_S:
            raise ProbeFailure("timeout", f"the container '{name}' was not healthy within {engine.timeout:g} s")
        clock.sleep(_PAUSE_S)


def _back(engine: Changer, old: Json, name: str, new: t.Optional[str], running: bool, grace: float) -> None:
    # A fresh connection: the deadline may be what went wrong.
    rescue = Changer(engine.url, max(30.0, engine.timeout))
    rescue.allow(grace)
    try:
        if new is not None:
            rescue.remove(new)
        found = rescue.inspect(old["Id"])
        if found is None or found["Name"].lstrip("/") != name:
            rescue.rename(old["Id"], name)
        if running:
            # A stop that is under way would still end a container that is started before.
            rescue.stop(old["Id"])
            rescue.start(old["Id"])
    finally:
        rescue.close()


def _started(found: Json) -> t.Optional[float]:
    if not found["State"].get("Running"):
        return None
    return float(calendar.timegm(time.strptime(found["State"]["StartedAt"][:19], "%Y-%m-%dT%H:%M:%S")))
