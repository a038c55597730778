# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe (inside collect): with which tracing settings does an application run?

`cause`: ok; of the ProbeFailure process_not_found, permission_denied, systemd_missing, timeout, or one of
`_docker.Engine`.
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.bounded import TookTooLong, bounded
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import Spec
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._client import proc
from ansible_collections.traceops.tracing.plugins.module_utils._client.docker import Engine, well_formed
from ansible_collections.traceops.tracing.plugins.module_utils._otel import app_settings as settings
from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import program_of
from ansible_collections.traceops.tracing.plugins.module_utils._probe.environment import (
    contradictions as _contradictions,
)
from ansible_collections.traceops.tracing.plugins.module_utils._probe.environment import process as _process

ARGUMENT_SPEC: Spec = {
    "process_name": {"type": "str"},
    "pid": {"type": "int"},
    "pid_file": {"type": "path"},
    "unit": {"type": "str"},
    "container": {"type": "str"},
    "docker_host": {"type": "str"},
    "timeout": {"type": "float", "default": 10.0},
}
OTLP_PORTS = (4317, 4318)
_ONE_OF = ["process_name", "pid", "pid_file", "unit", "container"]
MODULE_KWARGS: t.Dict[str, t.Any] = {"mutually_exclusive": [_ONE_OF], "required_one_of": [_ONE_OF]}


class Result(t.TypedDict, total=False):
    """What `run` returns."""

    ok: bool
    cause: str
    message: str
    took: float
    shared_with: str  # the label (in evidence, the application) that was asked in the same words
    found: bool  # whether it runs
    origin: str  # where the variables were read: process, or the configuration of a unit or container
    pid: int  # the process that is described, the one with most settings
    pids: t.List[int]
    program: str
    own_network: t.Optional[bool]  # whether its localhost is another one than this host's; null: not known
    # Whether somebody listens there on its endpoint's port, or on those of OTLP when it has no endpoint, as a collector
    # beside it in a pod does; null: it has no network of its own, or that cannot be read.
    own_listener: t.Optional[bool]
    details: _process.Details
    variables: t.Dict[str, str]  # those that concern tracing, credentials masked
    options: t.Dict[str, t.Union[str, bool]]
    differing: t.List[str]  # names whose values differ between the processes
    effective: settings.Effective
    contradictions: t.List[_contradictions.Contradiction]


def run(params: t.Dict[str, t.Any]) -> Result:
    """The settings of the application that the options name."""
    result: Result = {
        "found": False,
        "origin": "",
        "pid": 0,
        "pids": [],
        "program": "",
        "own_network": None,
        "own_listener": None,
        "details": {},
        "variables": {},
        "options": {},
        "differing": [],
        "effective": {},
        "contradictions": [],
    }
    name = _name(params)
    if not 0 < params["timeout"] <= 3600:
        raise BadOption(f"timeout: {params['timeout']:g} is not between 0 and 3600 seconds")
    try:
        try:
            # Reading /proc waits where a process holds its memory's lock.
            found = bounded(lambda: _find(params), params["timeout"])
        except TookTooLong:
            raise ProbeFailure("timeout", f"{name}: not found within {params['timeout']:g} s") from None
        _describe(found, result)
        if not result["found"]:
            raise ProbeFailure("process_not_found", f"{name}: nothing runs on this host")
        if all(process.environment is None for process in found.processes):
            raise ProbeFailure("permission_denied", f"{name}: this user may not read its environment; become root")
    except ProbeFailure as failure:
        failure.result = {"ok": False, "message": failure.message, **result}
        raise
    count = len(result["variables"]) + len(result["options"])
    message = f"{name}: pid {result['pid']} runs with {count} settings that concern tracing"
    return {**result, "ok": True, "cause": "ok", "message": message}


def _name(params: t.Dict[str, t.Any]) -> str:
    option = next(option for option in _ONE_OF if params.get(option))
    return f"{option} '{clean(str(params[option]))[:120]}'"


def _find(params: t.Dict[str, t.Any]) -> _process.Found:
    if params.get("process_name"):
        return _process.by_name(params["process_name"])
    if params.get("pid"):
        return _process.by_pid(params["pid"])
    if params.get("pid_file"):
        return _process.by_pid_file(params["pid_file"])
    if params.get("unit"):
        return _process.by_unit(params["unit"])
    engine = Engine(params["docker_host"], params["timeout"])
    try:
        inspected = engine.inspect(params["container"])
        if inspected is None:
            raise ProbeFailure("process_not_found", f"there is no container '{clean(params['container'])[:120]}'")
        with well_formed(engine):
            return _process.of_container(inspected)
    finally:
        engine.close()


def _describe(found: _process.Found, result: Result) -> None:
    """Fill `result` with what is known; settings stay empty where no environment could be read."""
    result["origin"], result["details"] = found.origin, found.details
    result["pids"] = [process.pid for process in found.processes if process.pid]
    result["found"] = bool(result["pids"])
    seen = [
        (process, settings.relevant_variables(process.environment), settings.relevant_options(process.words))
        for process in found.processes
        if process.environment is not None
    ]
    if not seen:
        return
    process, variables, options = max(seen, key=lambda item: len(item[1]) + len(item[2]))
    result["pid"], result["program"] = process.pid, clean(program_of(process.words))[:200]
    if process.pid and found.origin == "process":
        result["own_network"] = proc.own_network(process.pid)
    result["variables"] = settings.masked_variables(variables)
    result["options"] = settings.masked_options(options)
    result["differing"] = sorted(
        {
            clean(name)
            for _process_, others, _options in seen
            for name in {*variables, *others}
            if variables.get(name) != others.get(name)
        }
    )
    result["effective"] = settings.effective(variables, options, process.words)
    if result["own_network"]:
        port = result["effective"]["endpoint"]["port"]
        result["own_listener"] = proc.listens(process.pid, [port] if port else OTLP_PORTS)
    result["contradictions"] = _contradictions.contradictions(variables, options, result["effective"])
