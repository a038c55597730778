# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that somebody else may read at any moment."""

from __future__ import annotations

import os
import tempfile


def replace(path: str, text: str, mode: int) -> None:
    """Write `text` beside `path` and move it there, so that nobody sees half of it. Raises OSError."""
    handle, partial = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=f".{os.path.basename(path)}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.chmod(partial, mode)
        os.replace(partial, path)
    except OSError:
        os.unlink(partial)
        raise
