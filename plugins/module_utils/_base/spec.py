# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Option groups: each is the twin of the doc fragment of the same name (a test compares them)."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption

Spec = t.Dict[str, t.Dict[str, t.Any]]

# How to talk to an HTTP(S) server, and as whom.
HTTP: Spec = {
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "token": {"type": "str", "no_log": True},
    "headers": {"type": "dict", "no_log": True},
    "tenant": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "timeout": {"type": "float", "default": 10.0},
}

TEMPO: Spec = {
    "tempo_url": {"type": "str", "default": "http://localhost:3200"},
}

GRAFANA: Spec = {
    "grafana_url": {"type": "str", "default": "http://localhost:3000"},
}

# Waiting for something to appear.
WAIT: Spec = {
    "wait_timeout": {"type": "float", "default": 0.0},
}


def filled(spec: Spec, given: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The options of `spec`: those that are given, in its types, and defaults. BadOption where it has no such option.

    For options that we have made; what somebody wrote is for Ansible's validator, which says what is wrong with it.
    """
    unknown = sorted(set(given) - set(spec))
    if unknown:
        raise BadOption(f"there is no option {unknown[0]}")
    return {
        name: option.get("default") if given.get(name) is None else _typed(option, given[name])
        for name, option in spec.items()
    }


def _typed(option: t.Mapping[str, t.Any], value: t.Any) -> t.Any:
    kind = option.get("type", "str")
    if kind == "list":
        values = value if isinstance(value, (list, tuple)) else [value]
        return [_typed({"type": option.get("elements", "raw")}, each) for each in values]
    if kind == "dict" and option.get("options"):
        return filled(option["options"], value)
    return _KINDS[kind](value) if kind in _KINDS else value


def switch(value: t.Any) -> bool:
    """A switch that may have come as text from the command line."""
    return str(value).lower() in ("true", "yes", "on", "1", "y", "t", "1.0")


# From text as well, which values on a command line are.
_KINDS: t.Dict[str, t.Callable[[t.Any], t.Any]] = {
    "str": str,
    "int": lambda value: int(float(value)),
    "float": float,
    "bool": switch,
    "path": lambda value: os.path.expanduser(os.path.expandvars(str(value))),
}
