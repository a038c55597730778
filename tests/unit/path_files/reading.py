# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that exist only in a test, and what the readers make of them."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._evidence import shapes
from ansible_collections.traceops.tracing.plugins.module_utils._otel import program_files
from ansible_collections.traceops.tracing.plugins.module_utils._otel.path_files import (
    CollectorFiles,
    GrafanaFiles,
    TempoFiles,
)
from ansible_collections.traceops.tracing.tests.shapes import misfits


class Files:
    """A file system: path -> text."""

    def __init__(self, **files: str) -> None:
        self.texts: t.Dict[str, str] = {}
        for name, text in files.items():  # otelcol_yaml is /etc/otelcol.yaml, conf_d__tempo_yaml /etc/conf.d/tempo.yaml
            self["/etc/" + name.replace("__", "/").replace("_", ".")] = text

    def __setitem__(self, path: str, text: str) -> None:
        self.texts[path] = textwrap.dedent(text).lstrip("\n")

    def read(self, path: str) -> t.Optional[str]:
        return self.texts.get(path)

    def list_dir(self, path: str) -> t.List[str]:
        inside = path.rstrip("/") + "/"
        return sorted({name[len(inside) :].split("/")[0] for name in self.texts if name.startswith(inside)})


def collector(
    files: Files, command: str, environment: t.Optional[t.Mapping[str, str]] = None, kind: str = "otelcol"
) -> CollectorFiles:
    """What `command` does, with its files; what is read, too, has the declared shape."""
    _read, found = program_files.collector(kind, command.split(), environment or {}, files.read, files.list_dir)
    assert misfits(found, shapes.of(CollectorFiles)) == []
    return found


def tempo(files: Files, command: str, environment: t.Optional[t.Mapping[str, str]] = None) -> TempoFiles:
    _read, found = program_files.tempo(command.split(), environment or {}, files.read, files.list_dir)
    assert misfits(found, shapes.of(TempoFiles)) == []
    return found


def grafana(files: Files, command: str, environment: t.Optional[t.Mapping[str, str]] = None) -> GrafanaFiles:
    _read, found = program_files.grafana(command.split(), environment or {}, files.read, files.list_dir)
    assert misfits(found, shapes.of(GrafanaFiles)) == []
    return found
