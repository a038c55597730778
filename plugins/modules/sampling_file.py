#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The work is done by the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: sampling_file
short_description: Set values in a configuration file and leave the rest as it is
version_added: 0.1.0
description:
  - Sets values in environment files, Java properties, Compose files, Collector and Alloy configurations and other
    YAML. All
    other lines, comments and their order stay.
  - The file is changed on the controller and written at once, after O(validate). What cannot be changed safely is
    refused.
  - A file that does not exist is created, with its directory, where its format can be written from nothing.
author: The traceops.tracing authors (@traceops)
options:
  path:
    description: The file on the host. A symbolic link is followed.
    type: str
    required: true
  format:
    description: What the file is, which decides what O(settings) are.
    type: str
    required: true
    choices: [whole, environment, properties, options, yaml, compose, collector, alloy]
  settings:
    description:
      - For V(whole) the C(content) of the file.
      - For V(environment) and V(properties) names with values.
      - For V(options) the C(variable) of an environment file that holds a command line, and C(options) as names
        with values.
      - For V(yaml) a C(section) such as C(a.b) and C(values) in it.
      - For V(compose) the C(service) and its C(environment).
      - For V(collector) the C(sampler) (C(probabilistic) or C(tail)), its C(processor), the C(percentage), the
        C(pipelines) that
        it belongs to, C(hash_seed) and C(keep_errors).
      - For V(alloy) the C(label) of a C(otelcol.processor.probabilistic_sampler) and the C(percentage).
    type: dict
    required: true
  backup:
    description: Whether to keep the old file next to the new one.
    type: bool
    default: false
  validate:
    description: A command that must accept the new file before it replaces the old one. C(%s) is the file.
    type: str
extends_documentation_fragment:
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
attributes:
  diff_mode:
    support: full
    details: The difference has only the lines that change, since others may hold secrets.
"""

EXAMPLES = r"""
- name: Sample a quarter of the traces of an application
  traceops.tracing.sampling_file:
    path: /etc/default/checkout
    format: environment
    settings:
      OTEL_TRACES_SAMPLER: parentbased_traceidratio
      OTEL_TRACES_SAMPLER_ARG: "0.25"
    backup: true
"""

RETURN = r"""
path:
  description: The file.
  returned: always
  type: str
  sample: /etc/default/checkout
dest:
  description: The file that was written, which is the one that a symbolic link leads to.
  returned: always
  type: str
  sample: /etc/default/checkout
created:
  description: Whether the file did not exist before.
  returned: always
  type: bool
  sample: false
mtime:
  description: When the file was changed last, in epoch seconds; null when there is none.
  returned: always
  type: float
  sample: 1767225600.0
backup_file:
  description: The copy of the old file, else null.
  returned: always
  type: str
  sample: /etc/default/checkout.4711.2026-01-01@00:00:00~
"""
