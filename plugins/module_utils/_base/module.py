# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a probe behind an AnsibleModule: what every module of this collection does."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import MissingLibrary, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import url_passwords

if t.TYPE_CHECKING:
    from types import ModuleType


def run_probe_module(probe: ModuleType) -> None:
    """Run `probe` (ARGUMENT_SPEC, run(params), optionally CHECK_MODE and MODULE_KWARGS) and exit.

    CHECK_MODE holds the parameters that check mode forces, MODULE_KWARGS what AnsibleModule takes
    besides the specification (mutually_exclusive, required_if ...). A probe changes nothing on a
    host, so `changed` is always false.
    """
    module = AnsibleModule(
        argument_spec=probe.ARGUMENT_SPEC, supports_check_mode=True, **getattr(probe, "MODULE_KWARGS", {})
    )
    params: t.Dict[str, t.Any] = dict(module.params)
    module.no_log_values.update(url_passwords(params.values()))
    if module.check_mode:
        params.update(getattr(probe, "CHECK_MODE", {}))
    try:
        module.exit_json(changed=False, **probe.run(params))
    except MissingLibrary as error:
        module.fail_json(
            **{**error.result, "changed": False, "cause": error.cause, "msg": missing_required_lib(error.library)}
        )
    except ProbeFailure as error:
        module.fail_json(**{**error.result, "changed": False, "cause": error.cause, "msg": error.message})
