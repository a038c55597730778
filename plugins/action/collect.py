# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolves the log profiles of every `logs` probe on the controller, then runs the module on the host."""

from __future__ import annotations

import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import profiles


class ActionModule(ActionBase):
    """The `collect` action."""

    TRANSFERS_FILES = False
    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        try:
            options = {**self._task.args, "probes": self._resolved(self._task.args.get("probes"))}
        except BadOption as error:
            return {**result, "failed": True, "evidence": {}, "msg": error.message}
        found = self._execute_module(
            "traceops.tracing.collect", module_args=options, task_vars=task_vars, wrap_async=self._task.async_val
        )
        return {**result, **found}

    def _resolved(self, probes: t.Any) -> t.Any:
        """`probes` with plain patterns; what is malformed is left to the module's own check."""
        if not isinstance(probes, dict):
            return probes
        resolved = dict(probes)
        for label, given in probes.items():
            if not isinstance(given, dict) or given.get("probe", label) != "logs":
                continue
            try:
                resolved[label] = profiles.resolve(given, self._loader.path_dwim, constants.DEFAULT_LOCAL_TMP)
            except BadOption as error:
                raise BadOption(f"probes: {label}: {error.message}") from None
        return resolved
