# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a report document as files."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._report import html, junit, markdown, prometheus, sarif
from ansible_collections.traceops.tracing.plugins.module_utils._verdict.library import Library

Report = t.Dict[str, t.Any]

MODE = 0o640  # a report names hosts, users and addresses


def write(report: Report, directory: str, library: t.Optional[Library] = None) -> t.Dict[str, str]:
    """Write every form of the report into `directory` (made when missing); {form: path}. Raises OSError.

    All are written or none: when the disk is full, the reports of an earlier run are still there, whole and of one run.
    `library` has the checks that the report was made with, for the forms that explain them.
    """
    texts = {
        "json": ("report.json", json.dumps(report, ensure_ascii=False, separators=(",", ":")) + "\n"),
        "html": ("report.html", html.page(report, library)),
        "markdown": ("report.md", markdown.page(report)),
        "junit": ("junit.xml", junit.page(report)),
        "prometheus": ("metrics.prom", prometheus.page(report)),
        "sarif": ("report.sarif", sarif.page(report, library)),
    }
    os.makedirs(directory, exist_ok=True)
    paths = {form: os.path.join(directory, name) for form, (name, _text) in texts.items()}
    _replace({paths[form]: text for form, (_name, text) in texts.items()}, directory)
    return paths


def _replace(texts: t.Mapping[str, str], directory: str) -> None:
    """Write each text beside its path, and then move all there, so that a reader never sees half a report."""
    partial: t.Dict[str, str] = {}
    try:
        for path, text in texts.items():
            handle, partial[path] = tempfile.mkstemp(dir=directory, prefix=f".{os.path.basename(path)}.")
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                os.fchmod(file.fileno(), MODE)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for path in texts:
            os.replace(partial[path], path)
            del partial[path]
    finally:
        for left in partial.values():
            with contextlib.suppress(OSError):
                os.unlink(left)
    _settle(directory)


def _settle(directory: str) -> None:
    """Have the new names on the disk, too; some file systems cannot, and the files are there all the same."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
