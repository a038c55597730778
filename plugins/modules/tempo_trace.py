#!/usr/bin/python
# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tempo_trace
short_description: Read a trace from Grafana Tempo and judge whether it hangs together
version_added: 0.1.0
description:
  - Reads one trace by its id and says whether its spans form one tree. A parent that never arrived, a second root, a
    service that
    is absent and a clock that is wrong each show here.
  - A trace can be read by id as soon as Tempo has accepted it, long before a search finds it.
  - It takes two looks, a second apart, to say that a trace is not there. Tempo was seen to miss one for a moment
    while it
    moves traces to its write-ahead log.
author: The traceops.tracing authors (@traceops)
options:
  trace_id:
    description: Up to 32 hexadecimal digits. Leading zeros may be left out, as Tempo's searches do.
    type: str
    required: true
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
- name: Read the trace that a log line names
  traceops.tracing.tempo_trace:
    tempo_url: http://tempo:3200
    trace_id: 4bf92f3577b34da6a3ce929d0e0e4736
    wait_timeout: 5
  register: trace

- name: All its spans must hang together
  ansible.builtin.assert:
    that: trace.complete
    fail_msg: "{{ trace.message }}"
"""

RETURN = r"""
cause:
  description:
    - V(ok), or why there is no answer, which is V(trace_not_found), V(trace_too_large), V(rejected),
      V(bad_option), V(tenant_missing), V(unauthorized), V(forbidden), V(not_tempo), V(rate_limited), V(http_status),
      V(library_missing), or a failed connection (V(dns_failure), V(connection_refused), V(connection_reset),
      V(connection_timeout), V(no_route), V(response_timeout), V(body_too_large), V(tls_not_spoken), V(tls_failure),
      V(certificate_untrusted), V(certificate_expired), V(certificate_name_mismatch), V(client_certificate_required),
      V(proxy_in_the_way)).
  returned: always
  type: str
  sample: ok
ok:
  description: Whether the question could be answered.
  returned: always
  type: bool
  sample: true
message:
  description: The answer in one sentence.
  returned: success
  type: str
  sample: "trace 4bf92f3577b34da6a3ce929d0e0e4736: 3 spans of 2 services, 1 root"
url:
  description: The Tempo that was asked, without credentials.
  returned: always
  type: str
  sample: http://localhost:3200
trace_id:
  description: The id, as 32 hexadecimal digits.
  returned: always
  type: str
  sample: 4bf92f3577b34da6a3ce929d0e0e4736
span_count:
  description: Spans received, duplicates included.
  returned: always
  type: int
  sample: 3
root_count:
  description: Spans without a parent.
  returned: always
  type: int
  sample: 1
roots:
  description: The first 20 of them, each with C(span_id), C(name), C(service) and C(kind).
  returned: always
  type: list
  elements: dict
  sample:
    - span_id: 00f067aa0ba902b7
      name: process:market_data
      service: velo-sql-app.sql
      kind: server
orphan_count:
  description: Spans whose parent never arrived.
  returned: always
  type: int
  sample: 1
orphans:
  description: The first 20 of them, like RV(roots), with C(missing_parent), the id of the span that is missing.
  returned: always
  type: list
  elements: dict
  sample:
    - span_id: b7ad6b7169203331
      name: charge
      service: billing
      kind: server
      missing_parent: b7ad6b7169203339
missing_parents:
  description: How many different parents never arrived.
  returned: always
  type: int
  sample: 1
cycle_count:
  description: Spans that are, over some steps, their own parents, and all below them.
  returned: always
  type: int
  sample: 0
duplicate_count:
  description: Second and further spans of one id. Zipkin's client and server share one by design.
  returned: always
  type: int
  sample: 0
duplicates:
  description: The first 20 ids that more than one span has.
  returned: always
  type: list
  elements: str
  sample: []
skewed_count:
  description: Children outside their parents' time, which means that two hosts' clocks differ.
  returned: always
  type: int
  sample: 1
skewed:
  description:
    - The worst 20 of them, like RV(roots), with C(parent_service), C(side) (V(before) or V(after)) and C(outside_ms).
  returned: always
  type: list
  elements: dict
  sample:
    - span_id: 00f067aa0ba902b8
      name: charge
      service: billing
      kind: server
      parent_service: velo-sql-app.sql
      side: before
      outside_ms: 2310.5
error_count:
  description: Spans with an error status.
  returned: always
  type: int
  sample: 1
errors:
  description: The first 20 of them, like RV(roots).
  returned: always
  type: list
  elements: dict
  sample:
    - span_id: 00f067aa0ba902b8
      name: sql_query:select
      service: velo-sql-app.sql
      kind: internal
services:
  description: The services of the trace by number of spans, each with C(name), C(spans) and C(errors).
  returned: always
  type: list
  elements: dict
  sample:
    - name: velo-sql-app.sql
      spans: 2
      errors: 1
depth:
  description: Levels of the deepest branch.
  returned: always
  type: int
  sample: 2
start:
  description: When the first span began, in epoch seconds.
  returned: always
  type: float
  sample: 1795398984.992439
duration_ms:
  description: From the begin of the first span to the end of the last one.
  returned: always
  type: float
  sample: 5.0
complete:
  description: Whether there is one root, no orphan, no cycle, and nothing left out by Tempo.
  returned: always
  type: bool
  sample: true
partial:
  description: Whether Tempo left spans out, because the trace is larger than it allows.
  returned: always
  type: bool
  sample: false
tree:
  description: A drawing of the trace in ASCII, at most 60 lines and some.
  returned: always
  type: list
  elements: str
  sample:
    - "velo-sql-app.sql: process:market_data [server] +0.0 ms, 5.0 ms"
    - "  velo-sql-app.sql: sql_query:select [internal] +1.0 ms, 2.0 ms ERROR"
attempts:
  description: How often Tempo was asked.
  returned: always
  type: int
  sample: 1
elapsed:
  description: Seconds spent asking and waiting.
  returned: always
  type: float
  sample: 0.021
"""

from ansible_collections.traceops.tracing.plugins.module_utils._base.module import run_probe_module
from ansible_collections.traceops.tracing.plugins.module_utils._probe import tempo_trace


def main() -> None:
    run_probe_module(tempo_trace)


if __name__ == "__main__":
    main()
