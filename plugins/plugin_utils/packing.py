# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host needs of our modules to be visited, packed once a run (`_base/packed.py`)."""

from __future__ import annotations

import functools
import os
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import packed
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import labels

_COLLECTION = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_ROOT = os.path.join(_COLLECTION, "plugins", "module_utils")
_FROM = rf"from ({re.escape(packed.PACKAGE)}[\w.]*) import (\([^)]*\)|[^\n]*)"
_IMPORT = re.compile(rf"^[ ]*{_FROM}", re.MULTILINE)
_IMPORT_AT_ONCE = re.compile(rf"^{_FROM}", re.MULTILINE)
_TABLE = labels.__name__  # imports each probe where it is asked for: only those that are wanted are sent


def for_probes(probes: t.Iterable[str], compiled: bool) -> packed.Code:
    """All that `_plan/arrival.py` needs to ask these probes, as source or for the Python that runs this.

    For that it is compiled, but for what is imported only where something is found: that is source, which is smaller.
    """
    roots = [f"{packed.PACKAGE}._plan.arrival", *(f"{packed.PACKAGE}._probe.{probe}" for probe in probes)]
    modules = {
        name: packed.Source(os.path.relpath(path, _COLLECTION), _text(path))
        for name, path in _needed(roots, _IMPORT).items()
    }
    if not compiled:
        return packed.pack(modules)
    at_once = _needed(roots, _IMPORT_AT_ONCE)
    return packed.pack_compiled({**modules, **{name: packed.compiled(modules[name]) for name in at_once}})


def loader() -> str:
    """What a host begins with."""
    return packed.pack_loader(_text(packed.__file__))


def _needed(roots: t.Sequence[str], statement: t.Pattern[str]) -> t.Dict[str, str]:
    """The files of these modules and of all that they import in such statements, by the modules' names."""
    waiting, found = list(roots), t.cast(t.Dict[str, str], {})
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if path is not None and name not in found:
            found[name] = path
            waiting += [name.rpartition(".")[0], *_imported(name, path, statement)]
    return found


def _path(name: str) -> t.Optional[str]:
    if not name.startswith(f"{packed.PACKAGE}."):
        return None
    parts = name[len(packed.PACKAGE) + 1 :].split(".")
    places = os.path.join(_ROOT, *parts, "__init__.py"), os.path.join(_ROOT, *parts) + ".py"
    return next((path for path in places if os.path.isfile(path)), None)


def _imported(name: str, path: str, statement: t.Pattern[str]) -> t.Iterator[str]:
    for module, names in statement.findall(_text(path)):
        wanted = [module, *(f"{module}.{each}" for each in re.findall(r"\w+", names))]
        yield from (each for each in wanted if not (name == _TABLE and each.startswith(f"{packed.PACKAGE}._probe")))


@functools.lru_cache(maxsize=None)
def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
