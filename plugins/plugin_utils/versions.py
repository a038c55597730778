# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on the controller, for whoever looks into a run that was somebody else's."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import typing as t

import yaml

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PACKAGES = ("ansible-core", "requests", "docker", "jmespath", "jinja2")


def versions() -> t.Dict[str, t.Optional[str]]:
    """{program: version} of the collection, Python, the packages (null: not installed) and the operating system."""
    return {
        "traceops.tracing": _own(),
        "python": platform.python_version(),
        **{name: _package(name) for name in _PACKAGES},
        "system": platform.platform(),
    }


def _package(name: str) -> t.Optional[str]:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _own() -> t.Optional[str]:
    """From MANIFEST.json of an installed collection, or galaxy.yml of a checkout."""
    for name, inside in (("MANIFEST.json", "collection_info"), ("galaxy.yml", None)):
        try:
            with open(os.path.join(_ROOT, name), encoding="utf-8") as file:
                known = json.load(file)[inside] if inside else yaml.safe_load(file)
        except OSError:
            continue
        return str(known["version"])
    return None
