# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a report document as files."""

from __future__ import annotations

import json
import os
import tempfile
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._report import html, junit, markdown, prometheus

Report = t.Dict[str, t.Any]


def write(report: Report, directory: str) -> t.Dict[str, str]:
    """Write every form of the report into `directory` (made when missing); {form: path}. Raises OSError."""
    os.makedirs(directory, exist_ok=True)
    texts = {
        "json": ("report.json", json.dumps(report, ensure_ascii=False, separators=(",", ":")) + "\n"),
        "html": ("report.html", html.page(report)),
        "markdown": ("report.md", markdown.page(report)),
        "junit": ("junit.xml", junit.page(report)),
        "prometheus": ("metrics.prom", prometheus.page(report)),
    }
    paths = {}
    for form, (name, text) in texts.items():
        paths[form] = os.path.join(directory, name)
        _replace(paths[form], text)
    return paths


def _replace(path: str, text: str) -> None:
    """Write `text` beside `path` and move it there, so that a reader never sees half a report."""
    handle, partial = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=f".{os.path.basename(path)}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except OSError:
        os.unlink(partial)
        raise
