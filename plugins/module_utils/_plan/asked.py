# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe behind a label is asked, as far as the table of labels says which variables give its options."""

from __future__ import annotations

import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS, Label
from ansible_collections.traceops.tracing.plugins.module_utils._plan import values

Options = t.Dict[str, t.Any]

OF_HOST, OF_APPLICATION, OF_BACKEND = (
    tuple(label.name for label in LABELS.values() if label.scope == scope)
    for scope in ("host", "application", "backend")
)


def of_labels(
    names: t.Iterable[str], its: values.Values, given: values.Values, counted: t.Optional[t.Mapping[str, t.Any]] = None
) -> t.Dict[str, Options]:
    """The options of these labels, without those that nobody wants.

    `its` are the values of an application, `given` the variables of its host, `counted` what Tempo had before.
    """
    found = {name: options(LABELS[name], its, given, counted) for name in names}
    return {name: asked for name, asked in found.items() if asked is not None}


def options(
    label: Label, its: values.Values, given: values.Values, counted: t.Optional[t.Mapping[str, t.Any]] = None
) -> t.Optional[Options]:
    """The options of one label with its probe's name; null where it is not wanted.

    What nobody gave is left out: the probe has its own default.
    """

    def value(variable: str) -> t.Any:
        return its[variable] if variable in its else given[f"diagnose_{variable}"]

    if label.wants and not any(value(variable) for variable in label.wants):
        return None
    told = {option: value(variable) for option, variable in label.asks.items()}
    if not told.get("container", True):  # of a log, the engine is named where it has it
        told["docker_host"] = None
    kept = {option: one for option, one in told.items() if one not in ("", None, {})}
    waited = silent(counted) if "tempo_url" in told else {}
    return {"probe": label.probe, **kept, **label.always, **waited}


def silent(counted: t.Optional[t.Mapping[str, t.Any]]) -> Options:
    """What tells a visit that this Tempo was waited for in vain already."""
    if not counted or counted.get("cause") not in ("response_timeout", "connection_timeout"):
        return {}
    return {"silent": {"cause": counted["cause"], "message": counted.get("message", "")}}
