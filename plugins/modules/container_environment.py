#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_environment
short_description: Change environment variables of a Docker container
version_added: 0.1.0
description:
  - Replaces a container by one that differs only in the given variables. Its other variables, mounts, anonymous
    volumes,
    ports, networks with their aliases, limits and labels are the same, and so is its image, also when the tag has
    moved on.
  - The old container is kept, stopped, until the new one has stayed up. If it does not, the old one is started again.
  - Containers of Compose projects and Swarm services are refused, as are those that are removed when they stop, and
    those whose network or processes another container shares.
author: The traceops.tracing authors (@traceops)
options:
  name:
    description: Name or id of the container.
    type: str
    required: true
  environment:
    description:
      - Variables with their values. Others stay as they are.
      - They are shown in differences and logs, so this is not the way to set secrets.
    type: dict
    required: true
  settle:
    description: Seconds that the new container must stay up. A health check, if it has one, must succeed as well.
    type: float
    default: 2.0
  docker_host:
    description: The engine, as in C(unix:///run/docker.sock). E(DOCKER_HOST) or a well-known socket when left out.
    type: str
  timeout:
    description: Seconds that everything together may take, besides those that the container gets to stop.
    type: float
    default: 120.0
extends_documentation_fragment:
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
attributes:
  diff_mode:
    support: full
    details: The difference has the given variables only, since others may hold secrets.
requirements:
  - docker
"""

EXAMPLES = r"""
- name: Sample a quarter of the traces of an application
  traceops.tracing.container_environment:
    name: checkout
    environment:
      OTEL_TRACES_SAMPLER: parentbased_traceidratio
      OTEL_TRACES_SAMPLER_ARG: "0.25"
"""

RETURN = r"""
name:
  description: The container.
  returned: always
  type: str
  sample: checkout
variables:
  description: Names of the variables that change.
  returned: always
  type: list
  elements: str
  sample: [OTEL_TRACES_SAMPLER_ARG]
started:
  description: When the container was started, in epoch seconds; null when it does not run.
  returned: always
  type: float
  sample: 1767225600.0
cause:
  description: Why it failed, V(not_found), V(not_supported), V(did_not_stay_up), V(daemon_unreachable) and so on.
  returned: failure
  type: str
  sample: did_not_stay_up
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import MissingLibrary, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._sampling import container


def main() -> None:
    module = AnsibleModule(argument_spec=container.ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(**container.run(module.params, module.check_mode))
    except MissingLibrary as error:
        module.fail_json(cause=error.cause, msg=missing_required_lib(error.library), **error.result)
    except ProbeFailure as error:
        module.fail_json(cause=error.cause, msg=error.message, **error.result)


if __name__ == "__main__":
    main()
