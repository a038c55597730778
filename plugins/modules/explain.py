#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: explain
short_description: Say what a check means, why it matters and how to fix what it finds
version_added: 0.1.0
description:
  - Prints the words of the checks that M(traceops.tracing.diagnosis) judges with. A few checks are told as a whole, of
    many there is a line each.
  - Runs on the controller only and looks at nothing but the check library. The playbook C(traceops.tracing.explain)
    calls it.
author: The traceops.tracing authors (@traceops)
options:
  id:
    description:
      - Id of a check, or a prefix of ids such as V(network) or V(network.otlp.*). All checks when it is left out.
      - One that no check has fails, and the message names the nearest.
    type: str
    default: ""
  check_dirs:
    description: Folders on the controller with checks of your own. A check with a known id replaces the one of that id.
    type: list
    elements: path
    default: []
  docs_url:
    description: Where the page about the checks (C(docs/checks.md)) is published, for the links. Empty for no links.
    type: str
    default: https://github.com/traceops/tracing/blob/main/docs/checks.md
extends_documentation_fragment:
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tracing
seealso:
  - module: traceops.tracing.diagnosis
"""

EXAMPLES = r"""
- name: Say what a finding means
  traceops.tracing.explain:
    id: network.otlp.connection-refused
  delegate_to: localhost
  run_once: true

- name: List the checks of the network and those of our own
  traceops.tracing.explain:
    id: network
    check_dirs: [checks]
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
checks:
  description: The ids of the checks that were told.
  returned: always
  type: list
  elements: str
  sample: [network.otlp.connection-refused]
"""
