# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sampling role does to each of its targets, worked out before anything is touched.

The role itself only carries this out: which files get which settings, what is restarted, what to warn of, and
which ratio has to be found in Tempo afterwards.
"""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._otel import samplers, velostream
from ansible_collections.traceops.tracing.plugins.module_utils._sampling import modes
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.path import along_path

Target = t.Dict[str, t.Any]

_ANY = {"name", "kind", "mode", "ratio"}
_TIMES = set(modes.SETTINGS) - {"ratio"}
_APPLICATION = _ANY | _TIMES | {"service", "sdk", "through", "counter_url", "counter_metric"}
_RESTART = {"unit", "restart_command"}


class Kind(t.NamedTuple):
    """A kind of target: the options it needs and takes, and their defaults."""

    needs: t.Tuple[str, ...]
    takes: t.Set[str]
    defaults: t.Dict[str, t.Any] = {}


KINDS: t.Dict[str, Kind] = {
    "environment": Kind((), _APPLICATION | _RESTART | {"file"}),
    "java": Kind(("file",), _APPLICATION | _RESTART | {"file"}, {"sdk": "java"}),
    "docker": Kind(("container",), _APPLICATION | {"container"}),
    "compose": Kind(
        ("file", "compose_service"),
        _APPLICATION | {"file", "compose_service", "compose_command"},
        {"compose_command": ["docker", "compose"]},
    ),
    "velostream": Kind(("file",), _APPLICATION | _RESTART | {"file", "variable"}, {"variable": "VELO_SQL_ARGS"}),
    "velostream_yaml": Kind(("file",), _APPLICATION | _RESTART | {"file", "section"}, {"section": "tracing"}),
    "collector": Kind(
        ("file",),
        _ANY | _RESTART | {"file", "sampler", "processor", "pipelines", "hash_seed", "keep_errors", "binary"},
        {"sampler": "probabilistic", "pipelines": ["traces"], "keep_errors": True, "binary": "otelcol"},
    ),
    "alloy": Kind(("file", "label"), _ANY | _RESTART | {"file", "label", "binary"}, {"binary": "alloy"}),
}
_AGENT_FILE = "OTEL_JAVAAGENT_CONFIGURATION_FILE"
COLLECTORS = ("collector", "alloy")
_SAFE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,100}\Z")
# Without what means something to systemd: quotes, backslashes, specifiers, line ends.
_SAFE_FILE = re.compile(r"^/[^\x00-\x1f\"'\\%]*\Z")
_SAFE_UNIT = re.compile(r"^[A-Za-z0-9:_.@\\-]{1,200}\.service\Z")


def plan(
    targets: t.Any,
    mode: str,
    overrides: t.Mapping[str, t.Any],
    extra: t.Mapping[str, t.Any],
    compensate: bool,
    everywhere: t.Any = (),
) -> t.Dict[str, t.Any]:
    """{targets: [...], problems: [sentence]}: nothing is to be done while there is a problem.

    A target of the result: {name, kind, settings (of the mode), wanted, setting, effective (ratios), files:
    [{path, format, settings, validate: bool}], validate (a command), unit, restart_command, chdir, environ: {names,
    required, allowed} (variables of the unit's process, and as NAME=value what it must and may have of them),
    warnings: [sentence], by_id (the ratio that the ids of its traces will show), service, sdk, path: {ratio, exact,
    words}, picture}, and the options that were given.
    `everywhere` are the targets of all hosts of the play, among which `through` finds its collectors.
    """
    try:
        table = modes.load(extra)
        common = modes.resolve(mode, overrides, table)
    except BadOption as error:
        return {"targets": [], "problems": [error.message]}
    problems: t.List[str] = []
    done: t.List[Target] = []
    for number, given in enumerate(targets if isinstance(targets, list) else [], 1):
        try:
            done.append(_one(given, number, mode, overrides, table, compensate))
        except BadOption as error:
            problems.append(error.message)
    own = {target["name"]: target for target in done if target["kind"] in COLLECTORS}
    known = {**_collectors(everywhere, table), **own}
    for target in done:
        try:
            target["path"] = along_path(target, known, list(own))
            unmeasured = "" if target["service"] else " (not measured: the target names no service)"
            target["picture"] = target["path"]["words"] + unmeasured
        except BadOption as error:
            problems.append(error.message)
    problems += _contradictions(done)
    return {"targets": done, "problems": problems, "mode": common}


def _one(
    given: t.Any, number: int, mode: str, overrides: t.Mapping[str, t.Any], table: modes.Table, compensate: bool
) -> Target:
    target, where = _checked(given, number)
    target["settings"] = _settings(target, where, mode, overrides, table)
    target.update(_effect(target, compensate))
    target.update(_ways(target))
    target["files"] = _files(target)
    target["warnings"] = _warnings(target, where, compensate, table)
    return target


def _settings(
    target: Target, where: str, mode: str, overrides: t.Mapping[str, t.Any], table: modes.Table
) -> modes.Mode:
    """The target's own settings over those of its mode, or of everybody's mode and overrides."""
    own = {name: target[name] for name in modes.SETTINGS if target.get(name) is not None}
    has_mode = target.get("mode") is not None
    if target["kind"] in COLLECTORS:
        if not own and not has_mode:
            raise BadOption(
                f"{where}: a {target['kind']} needs a ratio of its own: "
                "the mode's is the application's, and the two multiply"
            )
        return modes.resolve(target.get("mode") or table.default, own, table, where)
    # A target with a mode of its own leaves the overrides of the others behind.
    base = {} if has_mode else overrides
    return modes.resolve(target.get("mode") or mode, {**base, **own}, table, where)


def _effect(target: Target, compensate: bool) -> t.Dict[str, t.Any]:
    """{wanted, setting, effective, by_id}: the ratio that is wanted, the one to set, and what comes of it."""
    its_own = target["kind"].startswith("velostream")
    sampler = samplers.SAMPLERS["velostream" if its_own else "sdk"]
    wanted = target["settings"]["ratio"]
    setting = sampler.setting_for(wanted) if compensate else wanted
    effective = round(sampler.effective(setting), 9)
    by_id = setting
    if its_own and effective == 0:
        by_id = 0.0
    elif its_own and setting >= velostream.ON_FROM:
        # A dice leaves no mark on the ids, and the SDK's sampler keeps all.
        by_id = 1.0
    return {"wanted": wanted, "setting": setting, "effective": effective, "by_id": by_id}


def _ways(target: Target) -> t.Dict[str, t.Any]:
    """What the tasks need of every target, whatever its kind: who it is, and how it is restarted and validated."""
    compose = target["kind"] == "compose"
    restart = target.get("restart_command") or []
    if compose:
        restart = [*target["compose_command"], "up", "-d", "--no-deps", target["compose_service"]]
    return {
        "service": target.get("service") or "",
        "sdk": "rust" if target["kind"].startswith("velostream") else target.get("sdk") or "",
        "unit": target.get("unit") or "",
        "restart_command": restart,
        "chdir": posixpath.dirname(target["file"]) if compose else "/",
        "validate": [],
        "environ": {"names": [], "required": [], "allowed": []},
    }


def _checked(given: t.Any, number: int) -> t.Tuple[Target, str]:
    if not isinstance(given, dict):
        raise BadOption(f"sampling_targets: entry {number} is not a dictionary")
    name, kind = str(given.get("name") or ""), str(given.get("kind") or "")
    where = f"sampling_targets: {excerpt(name, 60) or f'entry {number}'}"
    if not _SAFE_NAME.match(name):
        raise BadOption(f"{where}: a name of letters, digits and _ . @ - is needed")
    if kind not in KINDS:
        raise BadOption(f"{where}: '{excerpt(kind, 40)}' is no kind of target; known are {', '.join(KINDS)}")
    form = KINDS[kind]
    target: Target = {**form.defaults, **{key: value for key, value in given.items() if value not in (None, "")}}
    for option in target:
        if option not in form.takes:
            raise BadOption(f"{where}: a target of kind {kind} has no option '{excerpt(str(option), 40)}'")
    for option in form.needs:
        if option not in target:
            raise BadOption(f"{where}: a target of kind {kind} needs '{option}'")
    if kind == "environment":
        target.setdefault("file", f"/etc/traceops/{name}.env")
    if "file" in target and not _SAFE_FILE.match(str(target["file"])):
        shown = excerpt(str(target["file"]), 80)
        raise BadOption(
            f"{where}: file '{shown}' is not an absolute path without quotes, backslashes and percent signs"
        )
    if "unit" in target and not _SAFE_UNIT.match(str(target["unit"])):
        raise BadOption(
            f"{where}: unit '{excerpt(str(target['unit']), 80)}' is not the name of a service, such as app.service"
        )
    if "unit" in target and "restart_command" in target:
        raise BadOption(f"{where}: unit and restart_command exclude each other")
    _convert(target, where)
    if target.get("sdk") and target["sdk"] not in samplers.SDK_RULES:
        raise BadOption(f"{where}: sdk '{target['sdk']}' is not known; known are {', '.join(samplers.SDK_RULES)}")
    if target.get("sampler", "tail") not in ("probabilistic", "tail"):
        raise BadOption(f"{where}: sampler '{target['sampler']}' is not one of probabilistic, tail")
    return target, where


def _convert(target: Target, where: str) -> None:
    """Templates may have made text of numbers and switches; a list is never made of text."""
    if "hash_seed" in target:
        target["hash_seed"] = modes.number(target["hash_seed"], modes.Limits(int, 0, 2**32 - 1), f"{where}: hash_seed")
    if "keep_errors" in target:
        word = str(target["keep_errors"]).lower()
        if word not in ("true", "false", "yes", "no"):
            raise BadOption(f"{where}: keep_errors '{excerpt(word, 40)}' is neither true nor false")
        target["keep_errors"] = word in ("true", "yes")
    for option in ("through", "pipelines", "restart_command", "compose_command"):
        if option in target and not isinstance(target[option], list):
            raise BadOption(f"{where}: {option} '{excerpt(str(target[option]), 40)}' is not a list")


def _files(target: Target) -> t.List[t.Dict[str, t.Any]]:
    kind, settings, ratio = target["kind"], target["settings"], target["setting"]
    percentage = round(ratio * 100, 6)
    files: t.List[t.Dict[str, t.Any]] = []
    if kind == "environment":
        environment = sdk_environment(settings, ratio)
        lines = [f"{name}={value}" for name, value in environment.items()]
        target["environ"] = {"names": list(environment), "required": lines, "allowed": lines}
        files = [_file(target, "environment", environment)]
        files += _drop_in(target, f"EnvironmentFile={target['file']}")
    elif kind == "java":
        values: t.Dict[str, t.Any] = {
            name.lower().replace("_", "."): value for name, value in sdk_environment(settings, ratio).items()
        }
        files = [_file(target, "properties", values)]
        files += _drop_in(target, f'Environment="{_AGENT_FILE}={target["file"]}"')
        # The agent prefers variables to its file.
        environment = {_AGENT_FILE: target["file"], **sdk_environment(settings, ratio)}
        lines = [f"{name}={value}" for name, value in environment.items()]
        target["environ"] = {"names": list(environment), "required": lines[:1], "allowed": lines}
    elif kind == "compose":
        environment = sdk_environment(settings, ratio)
        files = [_file(target, "compose", {"service": target["compose_service"], "environment": environment})]
    elif kind == "docker":
        target["environment"] = sdk_environment(settings, ratio)
    elif kind == "velostream":
        words = {"--sampling-mode": _velostream_mode(settings), "--sampling-ratio": f"{ratio:.12g}"}
        files = [_file(target, "options", {"variable": target["variable"], "options": words})]
    elif kind == "velostream_yaml":
        values = {
            "sampling_mode": _velostream_mode(settings),
            "sampling_ratio": ratio,
            "export_flush_interval_ms": settings["flush_interval_ms"],
            "export_timeout_seconds": -(-settings["export_timeout_ms"] // 1000),
            "max_queue_size": settings["max_queue_size"],
            "max_export_batch_size": settings["max_export_batch_size"],
        }
        files = [_file(target, "yaml", {"section": target["section"], "values": values})]
    elif kind == "collector":
        target.setdefault("processor", "tail_sampling" if target["sampler"] == "tail" else "probabilistic_sampler")
        target["validate"] = [target["binary"], "validate", "--config=%s"]
        keys = ("sampler", "processor", "pipelines", "keep_errors")
        values = {**{key: target[key] for key in keys}, "percentage": percentage, "hash_seed": target.get("hash_seed")}
        files = [_file(target, "collector", values)]
    else:
        target["validate"] = [target["binary"], "validate", "%s"]
        files = [_file(target, "alloy", {"label": target["label"], "percentage": percentage})]
    return files


def sdk_environment(settings: modes.Mode, ratio: float) -> t.Dict[str, str]:
    """The variables of the OpenTelemetry SDK configuration specification; times in milliseconds."""
    return {
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": f"{ratio:.12g}",
        "OTEL_BSP_SCHEDULE_DELAY": str(settings["flush_interval_ms"]),
        "OTEL_BSP_EXPORT_TIMEOUT": str(settings["export_timeout_ms"]),
        "OTEL_BSP_MAX_QUEUE_SIZE": str(settings["max_queue_size"]),
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": str(settings["max_export_batch_size"]),
    }


def _file(target: Target, form: str, settings: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    return {"path": target["file"], "format": form, "settings": dict(settings), "validate": bool(target["validate"])}


def _drop_in(target: Target, line: str) -> t.List[t.Dict[str, t.Any]]:
    if not target["unit"]:
        return []
    # Late in the order, as the last of two settings holds.
    path = f"/etc/systemd/system/{target['unit']}.d/90-traceops-sampling.conf"
    content = f"# Written by the Ansible role traceops.tracing.sampling.\n[Service]\n{line}\n"
    return [{"path": path, "format": "whole", "settings": {"content": content}, "validate": False}]


def _velostream_mode(settings: modes.Mode) -> str:
    """Its own four modes are known to Velostream; of another one it gets the ratio, and the timings of staging."""
    table = modes.load()
    return settings["mode"] if settings["mode"] in table.modes else table.default


def _warnings(target: Target, where: str, compensate: bool, table: modes.Table) -> t.List[str]:
    wanted, effective, kind, settings = target["wanted"], target["effective"], target["kind"], target["settings"]
    found: t.List[str] = []
    if wanted == 0:
        found.append("a ratio of 0 keeps no new trace; only traces that were sampled upstream go on")
    elif kind.startswith("velostream") and abs(effective - wanted) > 0.01 * wanted:
        better = samplers.velostream_setting_for(wanted)
        gain = velostream.recorded(better)
        if compensate:
            found.append(
                f"Velostream cannot keep {wanted:g} of new traces; {gain:.3g} is nearest, at the ratio {better:g}"
            )
        elif effective == 0:
            found.append(
                f"Velostream keeps no new trace at a ratio of 0.01 or less, so mode {settings['mode']} with {wanted:g} "
                f"shows none; the ratio {better:g} gives {gain:.4g} (sampling_compensate: true sets it)"
            )
        else:
            found.append(
                f"Velostream samples new traces twice, so the ratio {wanted:g} keeps {effective:.4g}; "
                f"the ratio {better:g} gives {gain:.4g} (sampling_compensate: true sets it)"
            )
    if kind == "velostream":
        said = modes.resolve(_velostream_mode(settings), {}, table)
        unsaid = [f"{name} {settings[name]}" for name in sorted(_TIMES) if settings[name] != said[name]]
        if unsaid:
            found.append(f"Velostream's options cannot say {', '.join(unsaid)}; its mode {said['mode']} keeps its own")
    return [f"{where}: {words}" for words in found]


def _collectors(everywhere: t.Any, table: modes.Table) -> t.Dict[str, Target]:
    found: t.Dict[str, Target] = {}
    for given in everywhere or ():
        if isinstance(given, dict) and given.get("kind") in COLLECTORS:
            try:
                target = _one(given, 0, table.default, {}, table, False)
            except BadOption:
                continue  # its own host says so
            found[target["name"]] = target
    return found


def _contradictions(targets: t.List[Target]) -> t.List[str]:
    seen: t.Dict[t.Tuple[str, str], Target] = {}
    names = [target["name"] for target in targets]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems = [f"sampling_targets: two targets have the name '{name}'" for name in twice]
    for target in targets:
        places = [(file["path"], _place(file)) for file in target["files"]]
        places += [(target["container"], "docker")] if target["kind"] == "docker" else []
        for place in places:
            other = seen.setdefault(place, target)
            if other is not target:
                problems.append(
                    f"sampling_targets: {other['name']} and {target['name']} both set the sampling in {place[0]}"
                )
    return problems


def _place(file: t.Mapping[str, t.Any]) -> str:
    """What within a file a target sets: two targets may share a file, not a place."""
    settings = file["settings"]
    inner = [str(settings[key]) for key in ("variable", "section", "service", "processor", "label") if key in settings]
    return " ".join([file["format"], *inner])
