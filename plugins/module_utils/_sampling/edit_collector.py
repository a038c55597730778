# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samplers in an OpenTelemetry Collector's configuration: the processor, and its place in the pipelines.

Fields as in the contrib processors of v0.155 (probabilisticsamplerprocessor, tailsamplingprocessor).
"""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._sampling import edit_yaml
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.edit_yaml import (
    CannotEdit,
    Edit,
    Insert,
    Remove,
    Set,
)

RATIO_POLICY = "traceops-ratio"
ERRORS_POLICY = "traceops-errors"


def collector(text: str, settings: t.Mapping[str, t.Any]) -> str:
    """{sampler: probabilistic | tail, processor: ID, percentage, pipelines: [...]}, hash_seed, keep_errors (True)."""
    if settings["sampler"] not in ("probabilistic", "tail"):
        raise CannotEdit(
            f"settings: sampler '{excerpt(str(settings['sampler']), 40)}' is not one of probabilistic, tail"
        )
    data = edit_yaml.load(text)
    edits = (_tail if settings["sampler"] == "tail" else _probabilistic)(data, settings)
    for pipeline in settings["pipelines"]:
        edits += _in_pipeline(data, str(pipeline), str(settings["processor"]))
    return edit_yaml.apply(text, edits)


def _probabilistic(_data: t.Any, settings: t.Mapping[str, t.Any]) -> t.List[Edit]:
    path: edit_yaml.Path = ["processors", settings["processor"]]
    edits: t.List[Edit] = [Set([*path, "sampling_percentage"], settings["percentage"])]
    if settings.get("hash_seed") is not None:
        edits.append(Set([*path, "hash_seed"], settings["hash_seed"]))
    return edits


def _tail(data: t.Any, settings: t.Mapping[str, t.Any]) -> t.List[Edit]:
    path: edit_yaml.Path = ["processors", settings["processor"]]
    policies: t.List[t.Dict[str, t.Any]] = [
        {
            "name": RATIO_POLICY,
            "type": "probabilistic",
            "probabilistic": {"sampling_percentage": settings["percentage"]},
        }
    ]
    keep_errors = settings.get("keep_errors", True)
    if keep_errors:
        errors = {"name": ERRORS_POLICY, "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
        policies.insert(0, errors)
    existing = edit_yaml.lookup(data, [*path, "policies"])
    if not existing:
        found = edit_yaml.lookup(data, path) or {}
        if not isinstance(found, dict):
            raise CannotEdit(f"its processor '{settings['processor']}' is not a mapping")
        return [Set(path, {"decision_wait": "10s", "num_traces": 50000, **found, "policies": policies})]
    named: t.Dict[str, int] = {}
    for i, old in enumerate(existing if isinstance(existing, list) else ()):
        named.setdefault(str(old.get("name")) if isinstance(old, dict) else "", i)
    edits: t.List[Edit] = []
    for policy in policies:
        kind = policy["type"]
        if policy["name"] in named:
            at = named[policy["name"]]
            edits += [Set([*path, "policies", at, kind, key], value) for key, value in policy[kind].items()]
        else:
            edits.append(Insert([*path, "policies"], None, policy))
    if not keep_errors and ERRORS_POLICY in named:
        edits.append(Remove([*path, "policies"], named[ERRORS_POLICY]))
    return edits


def _in_pipeline(data: t.Any, pipeline: str, processor: str) -> t.List[Edit]:
    pipelines = edit_yaml.lookup(data, ["service", "pipelines"])
    if not isinstance(pipelines, dict) or not isinstance(pipelines.get(pipeline), dict):
        known = ", ".join(str(name) for name in pipelines) if isinstance(pipelines, dict) else "none"
        raise CannotEdit(f"it has no pipeline '{pipeline}' (it has: {known})")
    path: edit_yaml.Path = ["service", "pipelines", pipeline, "processors"]
    existing = pipelines[pipeline].get("processors")
    if not existing:
        return [Set(path, [processor])]
    if not isinstance(existing, list):
        raise CannotEdit(f"the processors of its pipeline '{pipeline}' are not a list")
    if processor in existing:
        return []
    # What a sampler drops need not be batched; memory_limiter stays first.
    batch = [i for i, name in enumerate(existing) if str(name).partition("/")[0] == "batch"]
    return [Insert(path, batch[0] if batch else None, processor)]
