# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's and Podman's engines by their local sockets, with the standard library alone: GET only, bounded.

`docker` does the same, and more, with the Docker SDK, which a host that is only looked at need not have.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import time
import typing as t
from urllib.parse import quote

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean

Json = t.Dict[str, t.Any]
MAX_BODY = 16 * 1024 * 1024  # bytes; a list of 1000 containers has 2 MB
# Docker's, Podman's, and of each user's rootless ones; {RUN} is a user's runtime directory.
SYSTEM_SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock")
USER_SOCKETS = ("{RUN}/docker.sock", "{RUN}/podman/podman.sock")
RUN_USER = "/run/user"


class EngineError(Exception):
    """An engine that gives no answer; `reason` is a clause, `denied` that this user may not ask."""

    def __init__(self, reason: str, denied: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.denied = reason, denied


class EngineSocket:
    """One engine, asked until `deadline` (time.monotonic)."""

    def __init__(self, path: str, deadline: float) -> None:
        self.path, self._deadline = path, deadline

    def containers(self) -> t.List[Json]:
        """A summary of every container, running or not."""
        found = self._get("/containers/json?all=1")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def inspect(self, container: str) -> t.Optional[Json]:
        """All of one container; None when it is gone."""
        try:
            found = self._get(f"/containers/{quote(container, safe='')}/json")
        except EngineError as error:
            if error.reason.endswith("404"):
                return None
            raise
        return found if isinstance(found, dict) else None

    def _get(self, path: str) -> t.Any:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise EngineError("did not answer in time")
        import http.client  # takes longer than to see that a host has no engine

        connection = http.client.HTTPConnection("localhost", timeout=left)
        try:
            connection.sock = _connected(self.path, left)
            connection.request("GET", path, headers={"Host": "localhost", "Connection": "close"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise EngineError(f"answers with status {answer.status}", answer.status in (401, 403))
            body = answer.read(MAX_BODY + 1)
            if len(body) > MAX_BODY:
                raise EngineError("answers with more than can be read")
            return json.loads(body)
        except PermissionError:
            raise EngineError("does not admit this user", denied=True) from None
        except socket.timeout:
            raise EngineError("did not answer in time") from None
        except (ConnectionRefusedError, FileNotFoundError):
            raise EngineError("does not run") from None
        except (OSError, http.client.HTTPException):
            raise EngineError("does not answer as an engine does") from None
        except (ValueError, RecursionError):
            raise EngineError("gives answers that are not JSON") from None
        finally:
            connection.close()


def _connected(path: str, timeout: float) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(timeout)
    try:
        made.connect(path)
    except OSError:
        made.close()
        raise
    return made


def found_sockets(docker_host: t.Optional[str] = None) -> t.List[str]:
    """The sockets of the engines on this host, each once: the one that is named, the system's, users' own."""
    named = [url[7:] for url in (docker_host, os.environ.get("DOCKER_HOST")) if url and url.startswith("unix://")]
    runs = [os.environ.get("XDG_RUNTIME_DIR") or f"{RUN_USER}/{os.getuid()}"]
    try:
        runs += [f"{RUN_USER}/{user}" for user in sorted(os.listdir(RUN_USER))[:64]]
    except OSError:
        pass
    paths = [*named, *SYSTEM_SOCKETS, *(each.format(RUN=run) for run in runs for each in USER_SOCKETS)]
    found: t.Dict[t.Tuple[int, int], str] = {}
    for path in paths:
        try:
            seen = os.stat(path)
        except OSError:
            continue
        if stat.S_ISSOCK(seen.st_mode):
            found.setdefault((seen.st_dev, seen.st_ino), path)
    return list(found.values())


def name_of(answer: Json) -> str:
    """The container's name, of an inspection or a summary."""
    names = answer.get("Names") or [answer.get("Name") or ""]
    own = [str(name).lstrip("/") for name in names if "/" not in str(name).lstrip("/")]
    return clean(own[0] if own else str(names[0]).lstrip("/"))[:100]
