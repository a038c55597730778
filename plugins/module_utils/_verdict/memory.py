# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remembers what was found out in a document, by the values that it follows from: most hosts of a fleet are alike."""

from __future__ import annotations

import marshal
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._verdict.closures import Function, following

Path = t.Tuple[str, ...]

MAX_BYTES = 500  # of the values; more take longer to look at than to judge
MAX_KNOWN = 100
# The whole view, and lists with all that was seen on every host: to look at them takes longer than any check.
_TOO_MUCH = {(), ("applications",), ("hosts",)}
MIN_USES = 4  # of each; a value that every host has for itself is not worth remembering


class Memory:
    """What follows from the values at `paths`; of plain data, which does not change meanwhile.

    Of a dictionary or list at one of the paths `there` it only matters whether it is there, and has anything in it.
    """

    def __init__(
        self, paths: t.Iterable[Path], there: t.Iterable[Path] = (), bytes_: int = MAX_BYTES, known: int = MAX_KNOWN
    ) -> None:
        self._bytes, self._most = bytes_, known
        wanted = set(paths)
        shortest = [path for path in wanted if not any(path[:end] in wanted for end in range(len(path)))]
        besides = [path for path in set(there) if not any(path[:end] in wanted for end in range(len(path) + 1))]
        self._finders = [
            *(following(path) for path in sorted(shortest)),
            *(_whether(following(path)) for path in sorted(besides)),
        ]
        self._known: t.Dict[bytes, t.Any] = {}
        self._asked = 0
        self.useful = not wanted & _TOO_MUCH

    def key(self, document: t.Any) -> t.Optional[bytes]:
        """What the values at the paths are, or null when nothing is remembered.

        Of equal bytes the values are equal, also in kind (true is not 1).
        """
        if not self.useful:
            return None
        try:
            found = marshal.dumps([find(document) for find in self._finders], 2)  # later versions also tell identity
        except ValueError:  # not plain
            return None
        self.useful = len(found) <= self._bytes
        return found

    def recall(self, key: t.Optional[bytes]) -> t.Any:
        """What was remembered for `key`, or null."""
        self._asked += 1
        return self._known.get(key) if key is not None else None

    def remember(self, key: t.Optional[bytes], value: t.Any) -> None:
        if key is None:
            return
        if len(self._known) >= self._most:
            self.useful = self._asked >= self._most * MIN_USES
            self._known.clear()
            self._asked = 0
        self._known[key] = value


def _whether(find: Function) -> Function:
    """The value that is found, and of a dictionary or list a word for it."""

    def presence(document: t.Any) -> t.Any:
        value = find(document)
        return [bool(value)] if isinstance(value, (dict, list)) else value

    return presence
