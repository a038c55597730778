# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check means, from the library that judges. Runs on the controller only and looks at nothing else."""

from __future__ import annotations

import os
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import MissingLibrary
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import clean
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import DOCS_URL, docs_link
from ansible_collections.traceops.tracing.plugins.module_utils._report import explain
from ansible_collections.traceops.tracing.plugins.module_utils._report.lines import Line
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import library
from ansible_collections.traceops.tracing.plugins.plugin_utils import terminal

CHECKS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "checks")

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "id": {"type": "str", "default": ""},
    "check_dirs": {"type": "list", "elements": "path", "default": []},
    "docs_url": {"type": "str", "default": DOCS_URL},
}


class ActionModule(ActionBase):
    """The `explain` action."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        _unused, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        result.update(changed=False, checks=[])
        own = [os.path.abspath(os.path.expanduser(directory)) for directory in options["check_dirs"]]
        try:
            known = library.load([CHECKS, *own])
        except (library.BadCheck, MissingLibrary) as error:
            return self._refused({**result, "failed": True, "msg": str(error)})
        checks = explain.found(known, options["id"].strip())
        if not checks:
            words = explain.nearest(known, clean(options["id"].strip())[:100])
            return self._refused({**result, "failed": True, "msg": words})
        run = {"docs_url": options["docs_url"]}
        text = explain.told(checks, lambda check_id: docs_link(run, check_id))
        terminal.show([Line(line) for line in clean(text).split("\n")])
        return {**result, "checks": [check.id for check in checks]}

    def _refused(self, result: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
        """`result`, without the excerpt of the playbook's source that ansible-core 2.19 prints below a failure."""
        self._task._ds = None
        return result
