# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a report document as files."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.files import replace_all
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


def write(
    report: Report,
    directory: str,
    library: t.Optional[Library] = None,
    bundled: t.Optional[t.Mapping[str, t.Any]] = None,
) -> t.Dict[str, str]:
    """Write every form of the report into `directory` (made when missing); {form: path}. Raises OSError.

    All are written or none: when the disk is full, the reports of an earlier run are still there, whole and of one run.
    `library` has the checks that the report was made with, for the forms that explain them. `bundled` (the versions of
    what runs on the controller) asks for the bundle, too.
    """
    files = {form: (name, text.encode("utf-8", "replace")) for form, (name, text) in forms(report, library).items()}
    if bundled is not None:
        files["bundle"] = (
            bundle.NAME,
            bundle.pack(report, lambda known: dict(forms(known, library).values()), bundled),
        )
    os.makedirs(directory, exist_ok=True)
    paths = {form: os.path.join(directory, name) for form, (name, _data) in files.items()}
    replace_all({paths[form]: data for form, (_name, data) in files.items()}, MODE)
    return paths


def forms(report: Report, library: t.Optional[Library] = None) -> t.Dict[str, t.Tuple[str, str]]:
    """{form: (name of its file, text)} of a report."""
    return {
        "json": ("report.json", json.dumps(report, ensure_ascii=False, separators=(",", ":")) + "\n"),
        "html": ("report.html", html.page(report, library)),
        "markdown": ("report.md", markdown.page(report)),
        "junit": ("junit.xml", junit.page(report)),
        "prometheus": ("metrics.prom", prometheus.page(report)),
        "sarif": ("report.sarif", sarif.page(report, library)),
    }
