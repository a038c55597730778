"""Which keys a Tempo knows: those of its recorded /status/config, and how it refuses another one.

The real program reads YAML strictly (yaml.UnmarshalStrict); seen on 2.3.1, 2.7.2, 2.10.8 and 3.0.3.
"""

from __future__ import annotations

import functools
import typing as t

import yaml

from ansible_collections.traceops.tracing.tests.lab.otlp import version_of
from ansible_collections.traceops.tracing.tests.lab.tempo_pages import recorded_body

# Keys that the page leaves out as long as they are unset (`omitempty` in the source), and maps of free form.
_UNSET = (
    "stream_over_http_enabled",
    "multitenancy_enabled",
    "metrics_generator.storage.remote_write",
    "overrides.defaults.compaction",
    "overrides.defaults.metrics_generator",
    "overrides.defaults.metrics_generator.processors",
)
_FREE = ("distributor.receivers", "metrics_generator.storage.remote_write", "overrides.defaults.compaction")
_TYPES = {"": "app.Config", "metrics_generator": "generator.Config", "query_frontend": "frontend.Config"}


def profile_for(version: str) -> str:
    """The recorded version that is nearest to `version`."""
    number = version_of(version)
    return "3.0.3" if number >= (3,) else "2.10.8" if number >= (2, 7) else "2.3.1"


@functools.lru_cache(maxsize=None)
def _known(profile: str) -> dict[str, t.Any]:
    body = recorded_body(profile, "/status/config")
    loaded: dict[str, t.Any] = yaml.safe_load(body.split("---\n", 1)[1])
    return loaded


def refusals(text: str, version: str) -> list[str]:
    """`line 3: field foo not found in type app.Config` for each key that this version does not know."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        return []
    return list(_refusals(node, _known(profile_for(version)), ""))


def _refusals(node: yaml.Node, known: t.Any, path: str) -> t.Iterator[str]:
    if path in _FREE or not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        inner = f"{path}.{key.value}".strip(".")
        if isinstance(known, dict) and key.value in known:
            yield from _refusals(value, known[key.value], inner)
        elif inner in _UNSET:
            yield from _refusals(value, {}, inner)
        else:
            kind = _TYPES.get(path, f"{path.rpartition('.')[2]}.Config")
            yield f"line {key.start_mark.line + 1}: field {key.value} not found in type {kind}"
