# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets values inside a file of a host. The editing is done on the controller; `copy` does the rest."""

from __future__ import annotations

import base64
import collections
import posixpath
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt, redact
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.edit import FORMATS, CannotEdit, edit

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "path": {"type": "str", "required": True},
    "format": {"type": "str", "required": True, "choices": list(FORMATS)},
    "settings": {"type": "dict", "required": True},
    "backup": {"type": "bool", "default": False},
    "validate": {"type": "str"},
}
MAX_SIZE = 256 * 1024  # bytes; PyYAML takes seconds for this much


class _Refused(Exception):
    pass


class ActionModule(ActionBase):
    """The `sampling_file` action."""

    TRANSFERS_FILES = True
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        _unused, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        path = options["path"]
        result.update(changed=False, path=path, dest=path, created=False, mtime=None, backup_file=None)
        try:
            before, result["mtime"] = self._read(path, task_vars)
            try:
                after = edit(options["format"], before or "", options["settings"])
            except CannotEdit as error:
                state = "does not exist" if before is None else "was left as it is"
                raise _Refused(f"{path} {state}: {error}") from None
            if after == before:
                return result
            if not self._task.check_mode:
                result.update(self._write(path, after, options, before is None, task_vars))
                _unused, result["mtime"] = self._read(path, task_vars)
            result.update(changed=True, created=before is None)
        except _Refused as refused:
            return {**result, "failed": True, "msg": redact(str(refused))}
        if self._task.diff:
            result["diff"] = _diff(path, before, after)
        return result

    def _module(self, name: str, args: t.Dict[str, t.Any], task_vars: t.Any) -> t.Dict[str, t.Any]:
        answer: t.Dict[str, t.Any] = self._execute_module(f"ansible.legacy.{name}", args, task_vars=task_vars)
        return answer

    def _read(self, path: str, task_vars: t.Any) -> t.Tuple[t.Optional[str], t.Optional[float]]:
        """(text, time of its last change), or (None, None) when there is no such file."""
        stat = self._module("stat", {"path": path, "follow": True, "get_checksum": False}, task_vars)
        if stat.get("failed"):
            raise _Refused(f"{path} cannot be read: {excerpt(str(stat.get('msg')))}")
        found = stat["stat"]
        if not found["exists"]:
            return None, None
        if not found["isreg"]:
            raise _Refused(f"{path} is not a file")
        if found["size"] > MAX_SIZE:
            raise _Refused(f"{path} has {found['size']} bytes; a configuration of at most {MAX_SIZE} is expected")
        slurped = self._module("slurp", {"src": path}, task_vars)
        if slurped.get("failed"):
            raise _Refused(f"{path} cannot be read: {excerpt(str(slurped.get('msg')))}")
        try:
            return base64.b64decode(slurped["content"]).decode("utf-8"), found["mtime"]
        except UnicodeDecodeError:
            raise _Refused(f"{path} was left as it is: it is not UTF-8 text") from None

    def _write(
        self, path: str, text: str, options: t.Dict[str, t.Any], new: bool, task_vars: t.Any
    ) -> t.Dict[str, t.Any]:
        """{backup_file: the old one, if that was asked for and there was one, dest: the new one, links followed}."""
        if options["validate"]:
            # Apart from the file itself: copy makes its backup before it validates, and would leave it behind.
            # The temporary directory of this task, which goes with it.
            shell = self._connection._shell
            candidate = shell.join_path(shell.tmpdir or self._make_tmp_path(), "candidate")
            self._copy({"content": text, "dest": candidate, "validate": options["validate"]}, path, task_vars)
        args: t.Dict[str, t.Any] = {"content": text, "dest": path, "follow": True, "backup": options["backup"]}
        if new:
            args["mode"] = "0644"
            made = self._module("file", {"path": posixpath.dirname(path), "state": "directory"}, task_vars)
            if made.get("failed"):
                raise _Refused(f"{path} cannot be written: {excerpt(str(made.get('msg')), 300)}")
        copied = self._copy(args, path, task_vars)
        return {"backup_file": copied.get("backup_file"), "dest": copied.get("dest") or path}

    def _copy(self, args: t.Dict[str, t.Any], path: str, task_vars: t.Any) -> t.Dict[str, t.Any]:
        task = self._task.copy()
        task.args = args
        task.diff = False
        copy = self._shared_loader_obj.action_loader.get(
            "ansible.legacy.copy",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        copied: t.Dict[str, t.Any] = copy.run(task_vars=task_vars)
        if not copied.get("failed"):
            return copied
        if "failed to validate" in str(copied.get("msg")):
            words = excerpt(str(copied.get("stderr") or copied.get("stdout") or copied.get("msg")), 300)
            raise _Refused(f"{path} was left as it is: the program that reads it refuses the result: {words}")
        raise _Refused(f"{path} cannot be written: {excerpt(str(copied.get('msg')), 300)}")


def _diff(path: str, before: t.Optional[str], after: str) -> t.Dict[str, str]:
    """Only the lines that change: what else is in the file may be secret."""
    old, new = (before or "").splitlines(), after.splitlines()
    return {
        "before_header": path,
        "after_header": path,
        "before": _lines_not_in(old, new),
        "after": _lines_not_in(new, old),
    }


def _lines_not_in(lines: t.List[str], others: t.List[str]) -> str:
    """Those of `lines` that `others` lack. Edits move no line, and difflib takes minutes where many are alike."""
    left = collections.Counter(lines)
    left.subtract(others)
    shown: t.List[str] = []
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
            shown.append(redact(line) + "\n")
    return "".join(shown)
