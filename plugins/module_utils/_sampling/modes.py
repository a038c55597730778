# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named sampling modes: plugins/sampling_modes/modes.yml, the user's own, and overrides, as one set of settings."""

from __future__ import annotations

import math
import os
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt

# {mode, ratio, flush_interval_ms, export_timeout_ms, max_queue_size, max_export_batch_size}
Mode = t.Dict[str, t.Any]

TABLE = os.path.join(os.path.dirname(__file__), "..", "..", "sampling_modes", "modes.yml")
_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,30}\Z")


class Limits(t.NamedTuple):
    """What a setting may be: its type, the smallest and the largest value."""

    kind: type
    low: float
    high: float


# Upper bounds catch a wrong unit (seconds for milliseconds and the other way round), not a taste.
SETTINGS: t.Dict[str, Limits] = {
    "ratio": Limits(float, 0, 1),
    "flush_interval_ms": Limits(int, 1, 3_600_000),
    "export_timeout_ms": Limits(int, 1, 3_600_000),
    "max_queue_size": Limits(int, 1, 100_000_000),
    "max_export_batch_size": Limits(int, 1, 100_000_000),
}


class Table(t.NamedTuple):
    """Modes by name, other names of modes, and the mode that is meant when none is named."""

    modes: t.Dict[str, t.Dict[str, t.Any]]
    aliases: t.Dict[str, str]
    default: str


def load(extra: t.Optional[t.Mapping[str, t.Any]] = None) -> Table:
    """The table of the collection with the user's modes (name -> settings; `ratio` is required); controller only."""
    import yaml

    with open(TABLE, encoding="utf-8") as handle:
        raw = yaml.safe_load(handle)
    modes = {name: {**raw["common"], **settings} for name, settings in raw["modes"].items()}
    table = Table(modes, raw["aliases"], raw["default"])
    for name, settings in _mapping(extra or {}, "sampling_modes_extra").items():
        modes[name] = _own(str(name), settings, table)
    return table


def _own(name: str, settings: t.Any, table: Table) -> t.Dict[str, t.Any]:
    if name in table.modes or name in table.aliases:
        raise BadOption(f"sampling_modes_extra: '{name}' is a mode of the collection; choose another name")
    if not _NAME.match(name):
        raise BadOption(f"sampling_modes_extra: '{excerpt(name, 40)}' is no name for a mode; use a-z, 0-9, _ and -")
    given = overrides(_mapping(settings, f"sampling_modes_extra: {name}"), f"sampling_modes_extra: {name}")
    if "ratio" not in given:
        raise BadOption(f"sampling_modes_extra: {name}: a ratio is needed")
    mode = {**table.modes[table.default], **given}
    _agree(mode, f"sampling_modes_extra: {name}")
    return mode


def _mapping(value: t.Any, where: str) -> t.Mapping[str, t.Any]:
    if not isinstance(value, t.Mapping):
        raise BadOption(f"{where}: expected names with values, not {type(value).__name__}")
    return value


def resolve(name: t.Any, given: t.Mapping[str, t.Any], table: Table, where: str = "sampling_mode") -> Mode:
    """The settings of mode `name` with the overrides `given`; an override keeps everything else of the mode.

    BadOption, with `where` as its start, for an unknown mode, a value out of range, settings that contradict.
    """
    known = str(name)
    canonical = table.aliases.get(known, known)
    if canonical not in table.modes:
        names = ", ".join([*table.modes, *table.aliases])
        raise BadOption(f"{where}: there is no mode '{excerpt(known, 40)}'; known are {names}")
    mode = {"mode": canonical, **table.modes[canonical], **overrides(given, where)}
    _agree(mode, where)
    return mode


def overrides(given: t.Mapping[str, t.Any], where: str) -> t.Dict[str, t.Any]:
    """`given` with numbers in place of text; settings that are None are left out."""
    unknown = [str(name) for name in given if name not in SETTINGS]
    if unknown:
        raise BadOption(
            f"{where}: '{excerpt(unknown[0], 40)}' is no setting of a mode; known are {', '.join(SETTINGS)}"
        )
    return {
        name: number(value, SETTINGS[name], f"{where}: {name}") for name, value in given.items() if value is not None
    }


def number(value: t.Any, limits: Limits, where: str) -> t.Union[int, float]:
    """`value` (a number, or text from a template) within `limits`; BadOption that begins with `where`."""
    shown = excerpt(str(value), 40)
    try:
        if isinstance(value, bool):
            raise ValueError
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadOption(f"{where} '{shown}' is not a number") from None
    if math.isnan(found) or not limits.low <= found <= limits.high:
        raise BadOption(f"{where} {shown} is not between {limits.low} and {limits.high}")
    if limits.kind is float:
        return found + 0.0  # -0.0 is 0.0
    if found != int(found):
        raise BadOption(f"{where} {shown} is not a whole number")
    return int(found)


def _agree(mode: Mode, where: str) -> None:
    # The batch span processor's specification: the batch must not be larger than the queue.
    if mode["max_export_batch_size"] > mode["max_queue_size"]:
        raise BadOption(
            f"{where}: max_export_batch_size {mode['max_export_batch_size']} is larger than "
            f"max_queue_size {mode['max_queue_size']}, so a full batch could never be sent"
        )
