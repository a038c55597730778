# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a report document as files."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import files as disk
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import form
from ansible_collections.traceops.tracing.plugins.module_utils._report import (
    bundle,
    html,
    junit,
    markdown,
    prometheus,
    sarif,
)
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import Library

Report = t.Dict[str, t.Any]

MODE = 0o640  # a report names hosts, users and addresses
MAX_PLAIN = 8 * 1024**2  # bytes of report.json; what is more is packed
NAME, PACKED = "report.json", "report.json.gz"


def write(
    report: Report,
    directory: str,
    library: t.Optional[Library] = None,
    bundled: t.Optional[t.Mapping[str, t.Any]] = None,
) -> t.Dict[str, str]:
    """Write every form of the report into `directory` (made when missing); {form: path}. Raises OSError.

    All are written or none: when the disk is full, the reports of an earlier run are still there, whole and of one run.
    A large report is report.json.gz instead of report.json; the other one, of an earlier run, is removed.
    `library` has the checks that the report was made with, for the forms that explain them. `bundled` (the versions of
    what runs on the controller) asks for the bundle, too.
    """
    made: t.Dict[str, t.Tuple[str, disk.Data]] = {
        name: (file, map(_bytes, pieces)) for name, (file, pieces) in _forms(report, library).items()
    }
    made["json"] = _json(report)
    if bundled is not None:
        made["bundle"] = (bundle.NAME, bundle.pack(report, lambda known: forms(known, library), bundled))
    os.makedirs(directory, exist_ok=True)
    paths = {name: os.path.join(directory, file) for name, (file, _data) in made.items()}
    disk.replace_all({paths[name]: data for name, (_file, data) in made.items()}, MODE)
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(directory, ({NAME, PACKED} - {made["json"][0]}).pop()))
    return paths


def forms(report: Report, library: t.Optional[Library] = None) -> t.Dict[str, str]:
    """{name of a file: text} of a report."""
    return {file: "".join(pieces) for file, pieces in _forms(report, library).values()}


def _forms(report: Report, library: t.Optional[Library]) -> t.Dict[str, t.Tuple[str, t.Iterable[str]]]:
    """{form: (name of its file, the pieces of its text, made when they are looked at)}."""
    return {
        "json": (NAME, _made(lambda: text(report))),
        "html": ("report.html", _made(lambda: html.page(report, library))),
        "markdown": ("report.md", _made(lambda: markdown.page(report))),
        "junit": ("junit.xml", junit.parts(report)),
        "prometheus": ("metrics.prom", _made(lambda: prometheus.page(report))),
        "sarif": ("report.sarif", _made(lambda: sarif.page(report, library))),
    }


def _made(page: t.Callable[[], str]) -> t.Iterator[str]:
    yield page()


def text(report: Report) -> str:
    """report.json."""
    return json.dumps(form.pack(report), ensure_ascii=False, separators=(",", ":")) + "\n"


def _json(report: Report) -> t.Tuple[str, bytes]:
    """The name of the file and what is in it."""
    data = _bytes(text(report))
    # Without a time of its own, equal reports make equal files.
    return (NAME, data) if len(data) <= MAX_PLAIN else (PACKED, gzip.compress(data, 6, mtime=0))


def _bytes(piece: str) -> bytes:
    return piece.encode("utf-8", "replace")
