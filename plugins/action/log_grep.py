# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolves log profiles on the controller, then runs the module on the host."""

from __future__ import annotations

import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import profiles


class ActionModule(ActionBase):
    """The `log_grep` action."""

    TRANSFERS_FILES = False
    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        try:
            options = profiles.resolve(self._task.args, self._loader.path_dwim, constants.DEFAULT_LOCAL_TMP)
        except BadOption as error:
            return {**result, "failed": True, "cause": error.cause, "msg": error.message}
        return {
            **result,
            **self._execute_module(
                "traceops.tracing.log_grep", module_args=options, task_vars=task_vars, wrap_async=self._task.async_val
            ),
        }
