#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sampling_ratio
short_description: Measure the sampling ratio that a service's stored traces show
version_added: 0.1.0
description:
  - Reads the ratio out of the ids of the traces that Tempo has. SDKs keep the traces whose id lies below the
    ratio, so what
    they kept shows where the border is. This needs neither a count of the traffic nor access to the application.
  - A sampler that does not look at the id (a dice, a collector with a seed) shows only in a count, RV(by_count).
    For that the
    module needs O(offered) or a counter of the application.
  - Too few traces are not a failure, see RV(cause).
author: The traceops.tracing authors (@traceops)
options:
  service_name:
    description:
      - The value of the resource attribute C(service.name). Only traces whose root belongs to this service are
        looked at.
    type: str
    required: true
  sdk:
    description:
      - The language of the service's SDK, which decides how the ids are read. Without it the reading that explains
        the ids
        best is taken.
    type: str
    choices: [go, rust, python, ruby, cpp, java, dotnet, javascript]
  start:
    description:
      - The begin of the time that is looked at, V(-1h), ISO 8601 or an epoch. It must not be before the ratio was
        changed last.
    type: str
    default: -1h
  limit:
    description: Look at this many traces at most, 1 to 10000.
    type: int
    default: 1000
  min_traces:
    description: Fewer traces than these are not enough. The module waits for them for O(wait_timeout).
    type: int
    default: 30
  confidence:
    description: How often the true ratio lies in the interval, 0.5 to 1.
    type: float
    default: 0.95
  offered:
    description: How many new traces could have been made since O(start), such as the requests that were answered.
    type: int
  counter_url:
    description:
      - URL of metrics in the Prometheus format, which count what was offered. They count if the process that
        serves them began
        at O(start) or later, by its C(process_start_time_seconds).
    type: str
  counter_metric:
    description: The counter at O(counter_url). All its series are added up.
    type: str
extends_documentation_fragment:
  - traceops.tracing.options.tempo
  - traceops.tracing.options.http
  - traceops.tracing.options.wait
  - traceops.tracing.attributes
  - traceops.tracing.attributes.actiongroup_tempo
seealso:
  - module: traceops.tracing.tempo_search
"""

EXAMPLES = r"""
- name: Does the service sample a quarter, as it should?
  traceops.tracing.sampling_ratio:
    tempo_url: http://tempo:3200
    service_name: checkout
    sdk: java
    start: -30m
  register: measured

- name: Fail when it does not
  ansible.builtin.assert:
    that: not measured.ok or (measured.by_id.low <= 0.25 and 0.25 <= measured.by_id.high)
    fail_msg: "{{ measured.message }}"
"""

RETURN = r"""
ok:
  description: Whether there were enough traces to say something.
  returned: success
  type: bool
  sample: true
cause:
  description:
    - V(ok), V(not_enough_traces), or V(search_cut) when the search was limited and this SDK's ratio cannot be read
      from a part.
    - On failure the reason why Tempo could not be asked, such as V(connection_refused) or V(tenant_missing).
  returned: always
  type: str
  sample: ok
message:
  description: The result in one sentence.
  returned: success
  type: str
  sample: the ids of 212 traces of checkout show a ratio of 0.2503 (0.2492 to 0.2527, 95 %)
service:
  description: The service that was measured.
  returned: always
  type: str
  sample: checkout
since:
  description: The begin of the time that was looked at, epoch seconds.
  returned: always
  type: float
  sample: 1767225600.0
traces:
  description: How many traces were found.
  returned: always
  type: int
  sample: 212
complete:
  description: Whether these are all traces, and not only as many as O(limit) allows.
  returned: always
  type: bool
  sample: true
by_id:
  description:
    - The ratio by the ids, C(ratio), its interval from C(low) to C(high), and the C(rule) by which the ids were read.
    - C(ratio) is null when the ids show no sampler. C(rules) are all readings that are significant, each with its
      C(rule), C(sdk), C(ratio), C(low), C(high) and C(p_value).
  returned: always
  type: dict
  sample:
    {traces: 212, rule: java, sdk: Java, ratio: 0.25, low: 0.249, high: 0.253, confidence: 0.95, p_value: 0, rules: []}
by_count:
  description: The ratio by counting, with C(kept) and C(offered); null without a count or when not RV(complete).
  returned: always
  type: dict
  sample: {kept: 212, offered: 3391, ratio: 0.0625, low: 0.0549, high: 0.0711, confidence: 0.95}
hidden_factor:
  description:
    - The ratio of what samples without looking at ids, such as a second sampler; null when there is no sign of one.
  returned: always
  type: float
  sample: 0.25
counter_problem:
  description: Why the counter could not be used, else null.
  returned: always
  type: str
  sample: null
attempts:
  description: How often Tempo was asked.
  returned: always
  type: int
  sample: 1
"""

from ansible_collections.traceops.tracing.plugins.module_utils._base.module import run_probe_module
from ansible_collections.traceops.tracing.plugins.module_utils._probe import sampling_ratio


def main() -> None:
    run_probe_module(sampling_ratio)


if __name__ == "__main__":
    main()
