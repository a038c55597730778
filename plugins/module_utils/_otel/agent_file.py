# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file with settings of OpenTelemetry's Java agent: which one it is, and what it says. Pure functions.

The agent's documentation ("Configuring with a file", 2.x): Java properties, with less weight than system properties and
variables.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._otel.command_lines import split

MAX_LINES = 2000
_PROPERTY = "-Dotel.javaagent.configuration-file="


def path_of(words: t.Sequence[str], variables: t.Mapping[str, str]) -> str:
    """The path of the file; "" when none is named."""
    before, after = (variables.get(name, "") for name in ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"))
    given = [*(split(before) if _PROPERTY in before else []), *words, *(split(after) if _PROPERTY in after else [])]
    named = [word[len(_PROPERTY) :] for word in given if word.startswith(_PROPERTY)]
    return named[-1] if named else variables.get("OTEL_JAVAAGENT_CONFIGURATION_FILE", "").strip()


def settings(text: str) -> t.Dict[str, t.Tuple[str, int]]:
    """{variable: (value, line)} of the properties otel.*, under the names that the variables have."""
    found: t.Dict[str, t.Tuple[str, int]] = {}
    held, start = "", 0
    for number, line in enumerate(text.splitlines()[:MAX_LINES], 1):
        start = start or number
        part = line.lstrip()
        if not held and (not part or part[0] in "#!"):
            start = 0
            continue
        if part.endswith("\\") and not part.endswith("\\\\"):
            held += part[:-1]
            continue
        match = re.match(r"(otel\.[\w.-]+)\s*[=:\s]\s*(.*)$", held + part)
        if match:
            found[match.group(1).upper().replace(".", "_").replace("-", "_")] = (match.group(2).strip(), start)
        held, start = "", 0
    return found
