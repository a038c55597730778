# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that somebody else may read at any moment, and that are whole after a crash."""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t

Data = t.Union[bytes, t.Iterable[bytes]]  # whole, or in pieces that are made while they are written


def replace(path: str, text: str, mode: int) -> None:
    """Write `text` beside `path` and move it there, so that nobody sees half of it. Raises OSError."""
    replace_all({path: text.encode("utf-8", "replace")}, mode)


def replace_all(files: t.Mapping[str, Data], mode: int) -> None:
    """The same for several: nothing is moved before all are written. Raises OSError, and then leaves nothing behind."""
    partial: t.Dict[str, str] = {}
    try:
        for path, data in files.items():
            name = os.path.basename(path)
            handle, partial[path] = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=f".{name}.")
            with os.fdopen(handle, "wb") as file:
                os.fchmod(file.fileno(), mode)
                for piece in [data] if isinstance(data, bytes) else data:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        for path in files:
            os.replace(partial[path], path)
            del partial[path]
    finally:
        for left in partial.values():
            with contextlib.suppress(OSError):
                os.unlink(left)
    for directory in {os.path.dirname(path) or "." for path in files}:
        _settle(directory)


def _settle(directory: str) -> None:
    """Have the new names on the disk, too; some file systems cannot, and the files are there all the same."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
