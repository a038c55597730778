#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: visit
short_description: Visit a host as the role diagnose does, and keep what it saw for the verdict
version_added: 0.1.0
description:
  - The role P(traceops.tracing.diagnose#role) calls it, with the variables of that role as they are for the host.
  - It refuses values that cannot be used, asks the host with the probes of M(traceops.tracing.collect), and keeps what
    came of it in a directory of the run on the controller. M(traceops.tracing.diagnosis) judges all of it.
  - A host that cannot be reached, does not answer within C(diagnose_host_timeout), or has no Python does not fail the
    task. It is in the report with the reason.
author: The traceops.tracing authors (@traceops)
options:
  step:
    description:
      - V(visit) visits the host of the task. Where it depends on other hosts what it is asked, it is only looked around
        on.
      - V(gather) tells, once for all hosts, what is left to do.
      - V(follow_up) does that on the host of the task, which is visited again or asks Tempo and Grafana for all.
      - V(ask) asks Tempo and Grafana from O(host), to which the task is delegated.
    type: str
    required: true
    choices: [visit, gather, follow_up, ask]
  host:
    description: The host that asks, with O(step=ask).
    type: str
extends_documentation_fragment:
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
attributes:
  check_mode:
    details: In check mode no span is sent.
"""

EXAMPLES = r"""
- name: Visit the host
  traceops.tracing.visit:
    step: visit
  ignore_unreachable: true
"""

RETURN = r"""
msg:
  description: Why there is nothing of the host, when it could not be looked at.
  returned: when that is so
  type: str
  sample: no answer within 120 s (diagnose_host_timeout)
hosts:
  description:
    - The hosts for which something is left to do, V(visit) for those that wait for what others found and V(ask) for
      those that ask Tempo and Grafana for all.
  returned: with O(step=gather)
  type: dict
  sample: {app01: visit, app02: ask}
over:
  description: Whether nothing is left when these have asked, since no host is visited again.
  returned: with O(step=gather)
  type: bool
  sample: true
"""

import base64
import importlib
import json
import sys
import zlib

# The host's side of the action, in place of an AnsibleModule, whose import takes longer than the visit of a host.
ARGUMENTS = r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"""
OLDEST_PYTHON = (3, 8)  # any from 2.7 on can read this file


def visited():
    if sys.version_info[:2] < OLDEST_PYTHON:
        needed, found = (".".join(map(str, version[:2])) for version in (OLDEST_PYTHON, sys.version_info))
        return {"failed": True, "msg": "Python " + needed + " or newer is needed, and this is " + found}
    arguments = json.loads(ARGUMENTS)
    loader = {"__name__": "packed"}
    exec(zlib.decompress(base64.b64decode(arguments["loader"])), loader)
    return loader["run"](arguments)


def main():
    steps = ["visit", "gather", "follow_up", "ask"]
    spec = {"step": {"type": "str", "required": True, "choices": steps}, "host": {"type": "str"}}
    module = importlib.import_module("ansible.module_utils.basic").AnsibleModule(spec, supports_check_mode=True)
    module.fail_json(msg="visit is an action; without it nothing is known of the run")


if ARGUMENTS.startswith("{"):
    sys.stdout.write(json.dumps(visited()) + "\n")
elif __name__ == "__main__":
    main()
