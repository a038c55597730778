# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that probes and clients raise; a module or `collect` turns them into results."""

from __future__ import annotations

import typing as t


class ProbeFailure(Exception):
    """A probe could not answer its question.

    `cause` is a word from the probe's documented list, `message` one plain sentence, `result` the
    keys that a success would have (with the values known so far), so a playbook can read it.
    """

    def __init__(self, cause: str, message: str, result: t.Optional[t.Mapping[str, t.Any]] = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.result: t.Mapping[str, t.Any] = result or {}


class BadOption(ProbeFailure):
    """An option has a value that cannot be used; `message` names the option."""

    def __init__(self, message: str, result: t.Optional[t.Mapping[str, t.Any]] = None) -> None:
        super().__init__("bad_option", message, result)


class MissingLibrary(ProbeFailure):
    """A Python package that this probe needs is not installed on the host; `library` is its name on PyPI."""

    def __init__(self, library: str, why: str, result: t.Optional[t.Mapping[str, t.Any]] = None) -> None:
        super().__init__(
            "library_missing",
            f"the Python package '{library}' is needed {why}, but it is not installed for this Python",
            result,
        )
        self.library = library
