"""The probe's parameters as a module would pass them."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._probe.grafana import ARGUMENT_SPEC


def params(grafana_url: str, **given: t.Any) -> dict[str, t.Any]:
    """Every option with its default; the recordings' administrator unless `given` names another user or a token."""
    user = {} if {"token", "url_username"} & set(given) else {"url_username": "admin", "url_password": "pass"}
    defaults = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
    return {**defaults, "timeout": 5.0, **user, **given, "grafana_url": grafana_url}
