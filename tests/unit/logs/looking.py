"""How the tests of the log probe call it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._probe import logs

PROFILES = Path(__file__).resolve().parents[3] / "plugins" / "log_profiles"


def look(paths: t.Any, patterns: t.Any, **options: t.Any) -> t.Dict[str, t.Any]:
    """The probe's result for one path or several, with defaults for all other options."""
    defaults = {name: spec.get("default") for name, spec in logs.ARGUMENT_SPEC.items()}
    names = [str(path) for path in (paths if isinstance(paths, list) else [paths])]
    return logs.run({**defaults, "paths": names, "patterns": patterns, **options})


def profile(name: str) -> t.Dict[str, t.Any]:
    """The patterns of one of the collection's profiles."""
    document = yaml.safe_load((PROFILES / f"{name}.yml").read_text())
    patterns: t.Dict[str, t.Any] = document["patterns"]
    return patterns


def seen(result: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
    """What a result says about the log: all but how it was read."""
    files = [{key: value for key, value in file.items() if key != "engine"} for file in result["files"]]
    return {**{key: value for key, value in result.items() if key not in ("engine", "elapsed")}, "files": files}
