# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe from inside a process's own network: its interfaces and routes, its names, its CA file.

What a host reaches says nothing of a container: Docker's DNS answers there alone, and localhost is another place. A
child of ours joins that network (Linux, root), keeps this host's files, and has the process's resolver laid over its
own in a mount namespace that ends with it. The process itself is not touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import stat
import subprocess
import sys
import tempfile
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp.result import Followed, Result

PROC = "/proc"
_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000  # <linux/sched.h>
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000  # <linux/mount.h>
_MAX_FILE = 1024 * 1024  # bytes; a bundle of all public authorities has 250,000
_MAX_RESULT = 4 * 1024 * 1024  # bytes
_SPARE = 5.0  # seconds for starting Python and joining
_RESOLVER = ("/etc/resolv.conf", "/etc/hosts")
# The host's own resolvers would answer for it through these: nss-resolve, nss-myhostname, nscd.
_SWITCH, _DAEMON = "/etc/nsswitch.conf", "/var/run/nscd/socket"

# It imports what this process does: from the files that Ansible sent, or from what came packed (`_base/packed.py`).
_CHILD = """
import base64, json, sys, zlib
given = json.loads(sys.stdin.read())
sys.path[:] = given["path"]
if given["sent"]:
    packed = {"__name__": "packed"}
    exec(zlib.decompress(base64.b64decode(given["sent"]["loader"])), packed)
    packed["use"](given["sent"])
from ansible_collections.traceops.tracing.plugins.module_utils._probe import otlp
from ansible_collections.traceops.tracing.plugins.module_utils._probe.otlp import inside
inside.answer(given, otlp.run)
"""


class CannotJoin(Exception):
    """The network of the process cannot be joined; `reason` is a clause."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def attempt(params: t.Mapping[str, t.Any], pid: int, seconds: float) -> Result:
    """The probe's result for `params`, as the process `pid` would have it; CannotJoin when it cannot be done here.

    A `ca_path` that `follows` names is a file of the process. `seconds` is what the probe itself takes at most.
    """
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise CannotJoin("only root can join another process's network; become root")
    with tempfile.TemporaryDirectory(prefix="traceops-") as directory:
        given = {"path": sys.path, "sent": _sent(), "pid": pid, "params": dict(params), "directory": directory}
        try:
            done = subprocess.run(
                [sys.executable, "-c", _CHILD],
                input=json.dumps(given).encode(),
                capture_output=True,
                timeout=seconds + _SPARE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            raise CannotJoin("the attempt from inside did not end in time") from None
    if done.returncode != 0 or len(done.stdout) > _MAX_RESULT:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise CannotJoin(f"the attempt from inside failed: {excerpt(said, 120) or f'exit code {done.returncode}'}")
    answer = json.loads(done.stdout)
    if answer.get("cannot"):
        raise CannotJoin(str(answer["cannot"]))
    return t.cast(Result, answer["result"])


def _sent() -> t.Optional[t.Dict[str, t.Any]]:
    """What this module itself came packed in; null where it is a file."""
    return getattr(globals().get("__loader__"), "sent", None)


def answer(given: t.Mapping[str, t.Any], probe: t.Callable[[t.Mapping[str, t.Any]], Result]) -> None:
    """The child's part: join, probe, print {result} or {cannot: reason}."""
    params = dict(given["params"])
    own_ca = [each for each in params.get("follows", []) if each["option"] == "ca_path"]
    try:
        ca_path = _join(given["pid"], given["directory"], params["ca_path"] if own_ca else None)
        if own_ca:
            params["ca_path"] = ca_path
            params["follows"] = params["follows"] if ca_path else without_ca(params["follows"])
        said: t.Dict[str, t.Any] = {"result": probe(params)}
    except CannotJoin as why:
        said = {"cannot": why.reason}
    text = json.dumps(said)
    if params["ca_path"] and own_ca and said.get("result"):
        text = text.replace(json.dumps(str(params["ca_path"]))[1:-1], json.dumps(own_ca[0]["value"])[1:-1])
    sys.stdout.write(text)


def without_ca(follows: t.Sequence[Followed]) -> t.List[Followed]:
    """What was taken from the application but for its CA file, which could not be read."""
    return [each for each in follows if each["option"] != "ca_path"]


def _join(pid: int, directory: str, ca_path: t.Optional[str]) -> t.Optional[str]:
    """Become a neighbour of the process; a copy of its CA file, where there is one (null: it has none)."""
    try:
        network = os.open(f"{PROC}/{pid}/ns/net", os.O_RDONLY)
        theirs = _read_inside(pid, [*_RESOLVER, *([ca_path] if ca_path else [])])
        _call("setns", network, _CLONE_NEWNET)
        _call("unshare", _CLONE_NEWNS)
        _call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
        for path in _RESOLVER:
            _lay_over(path, theirs[path] or b"", directory)
        _lay_over(_SWITCH, b"hosts: files dns\n", directory)
        _lay_over(_DAEMON, b"", directory)
    except OSError as error:
        raise CannotJoin(f"its network cannot be joined: {error.strerror}") from None
    content = theirs.get(ca_path or "")
    return _copy(content, directory) if content is not None else None


def _read_inside(pid: int, paths: t.Sequence[str]) -> t.Dict[str, t.Optional[bytes]]:
    """Files as the process sees them (null: none): links lead where they lead there, never to this host's files."""
    home = os.open("/", os.O_RDONLY)
    here = os.open(".", os.O_RDONLY)
    root = os.open(f"{PROC}/{pid}/root", os.O_RDONLY)
    try:
        os.fchdir(root)
        os.chroot(".")
        return {path: _regular(path) for path in paths}
    finally:
        os.fchdir(home)
        os.chroot(".")
        os.fchdir(here)
        for descriptor in (home, here, root):
            os.close(descriptor)


def _regular(path: str) -> t.Optional[bytes]:
    """The content of a regular file; anything else could be waited for without an end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as handle:
            return handle.read(_MAX_FILE)
    finally:
        os.close(descriptor)


def _copy(content: bytes, directory: str) -> str:
    descriptor, path = tempfile.mkstemp(dir=directory)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
    return path


def _lay_over(path: str, content: bytes, directory: str) -> None:
    """What this process, and only this one, finds at `path` from now on; nothing where this host has no such file."""
    with contextlib.suppress(FileNotFoundError):
        real = os.path.realpath(path)
        os.stat(real)
        _call("mount", _copy(content, directory).encode(), real.encode(), None, _MS_BIND, None)


def _call(name: str, *arguments: t.Any) -> None:
    """A call of the C library that Python has no name for before 3.12, or at all; OSError when it fails."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
